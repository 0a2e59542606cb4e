//! Packages, launches, content and who may see the report.

use axum::body::Body;
use axum::http::Request;
use seattime_server::config::StillHere;
use seattime_server::faults::NoFaults;
use seattime_server::peer::Peer;
use seattime_testbed::test_server::{Answer, KEY, MANIFEST, TestServer, commit, scorm_12, zip};
use serde_json::{Value, json};

#[tokio::test]
async fn bad_packages_are_refused_and_leave_nothing_behind() {
    let server = TestServer::start().await.unwrap();
    let broken = MANIFEST.replace("</metadata>", "");
    #[rustfmt::skip]
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("no zip",                b"GIF89a, and not a course".to_vec(),                               "package_not_zip"),
        ("cut off",               scorm_12().unwrap()[..200].to_vec(),                                "package_truncated"),
        ("no manifest",           zip(&[("index.html", "")]).unwrap(),                                "manifest_missing"),
        ("manifests in folders",  zip(&[("one/imsmanifest.xml", MANIFEST), ("two/imsmanifest.xml", MANIFEST)]).unwrap(), "manifest_missing"),
        ("a way out",             zip(&[("imsmanifest.xml", MANIFEST), ("../../evil", "")]).unwrap(), "package_unsafe_path"),
        ("manifest is no XML",    zip(&[("imsmanifest.xml", &broken), ("index.html", "")]).unwrap(),  "manifest_not_xml"),
        ("nothing to launch",     zip(&[("imsmanifest.xml", MANIFEST)]).unwrap(),                     "resource_missing"),
    ];
    for (what, body, code) in cases {
        let answer = server.post_bytes("/api/v1/packages", "application/zip", body.clone()).await.unwrap();
        assert_eq!(answer.problem(), (422, *code), "{what}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.len() > 20 && !detail.ends_with('.'), "{what}: {detail}");
        if *what == "manifests in folders" {
            assert!(detail.contains("\"one\", \"two\""), "says where they were found: {detail}");
        }
    }
    assert_eq!(server.get("/api/v1/packages", KEY).await.unwrap().body, json!([]));
    for folder in ["content", "incoming"] {
        assert_eq!(std::fs::read_dir(server.data.path().join(folder)).unwrap().count(), 0, "{folder}");
    }
}

#[tokio::test]
async fn a_package_is_named_by_its_bytes_so_importing_it_twice_keeps_one() {
    let server = TestServer::start().await.unwrap();
    let (first, again) = (server.course().await.unwrap(), server.course().await.unwrap());
    assert_eq!(first, again);
    assert_eq!(server.get("/api/v1/packages", KEY).await.unwrap().body.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_code_works_once_and_for_two_minutes() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let open = async |code: &str| Some(server.post("/run/v1/visits", &json!({ "code": code })).await?);
    let code = server.launch(&topic, "anna").await.unwrap();
    let opened = open(&code).await.unwrap();
    assert_eq!(opened.status, 200);
    assert_eq!(open(&code).await.unwrap().problem(), (410, "launch_used"));
    let late = server.launch(&topic, "anna").await.unwrap();
    server.advance(120_001);
    assert_eq!(open(&late).await.unwrap().problem(), (410, "launch_expired"));
    assert_eq!(open("0123456789abcdef").await.unwrap().problem(), (404, "not_found"));

    // A reload goes on with the token, for twelve hours.
    let token = json!({ "launch_token": opened.body["launch_token"] });
    assert_eq!(
        server.post("/run/v1/visits", &token).await.unwrap().body["lease"],
        121,
        "of an attempt of 120 s"
    );
    server.advance(12 * 3_600_000);
    assert_eq!(server.post("/run/v1/visits", &token).await.unwrap().problem(), (401, "token_expired"));
}

#[tokio::test]
async fn a_launch_may_be_asked_for_twice() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let ask = async |key: &str, learner: &str| {
        let body = json!({ "learner": { "id": learner, "name": "" }, "topic": topic }).to_string();
        let request = Request::post("/api/v1/launches").header("authorization", format!("Bearer {KEY}"));
        let request = request.header("content-type", "application/json").header("idempotency-key", key);
        server.send(request.body(Body::from(body)).ok()?).await
    };
    let (first, again) = (ask("a", "anna").await.unwrap(), ask("a", "anna").await.unwrap());
    assert_eq!((first.status.as_u16(), &first.body), (201, &again.body));
    assert_ne!(ask("b", "anna").await.unwrap().body["url"], first.body["url"]);
    assert_eq!(ask("a", "berta").await.unwrap().problem(), (422, "idempotency_key_reused"));
}

#[tokio::test]
async fn a_launch_may_give_content_another_api_than_its_manifest_declares() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap(); // of SCORM 1.2
    let open = async |api: Value| {
        let mut body = json!({ "learner": { "id": "anna", "name": "" }, "topic": topic });
        if !api.is_null() {
            body["api"] = api;
        }
        let launch = server.post("/api/v1/launches", &body).await?.body;
        let code = launch["url"].as_str()?.split_once("#code=")?.1.to_owned();
        let opened = server.post("/run/v1/visits", &json!({ "code": code })).await?.body;
        Some((launch["attempt"].clone(), opened))
    };
    let (attempt, visit) = open(json!("2004")).await.unwrap();
    assert_eq!((&attempt, &visit["api"]), (&json!(1), &json!("2004")));
    let mut told = commit(&visit, 1, 60, "");
    told["sessions"][0]["set"] = json!({ "cmi.location": ["p2", 1], "cmi.completion_status": ["completed", 2],
        "cmi.exit": ["suspend", 3], "cmi.core.lesson_location": ["of the other API", 4] });
    let answer = server.post("/run/v1/commits", &told).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["refused"].as_array().unwrap().len(), 1, "{}", answer.body);
    assert_eq!(server.rows().await.unwrap()[0]["status"], "completed");

    // The attempt keeps its API, and with it what was said in its words.
    let (attempt, visit) = open(Value::Null).await.unwrap();
    assert_eq!((&attempt, &visit["api"]), (&json!(1), &json!("2004")));
    assert_eq!(visit["values"]["item"]["cmi.location"], "p2");
    // Another API knows other words: a new attempt.
    let (attempt, visit) = open(json!("1.2")).await.unwrap();
    assert_eq!((&attempt, &visit["api"]), (&json!(2), &json!("1.2")));
    let (attempt, visit) = open(Value::Null).await.unwrap();
    assert_eq!((&attempt, &visit["api"]), (&json!(2), &json!("1.2")));
}

#[tokio::test]
async fn bad_launches_are_told_what_is_wrong() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let learner = json!({ "id": "anna", "name": "" });
    #[rustfmt::skip]
    let cases = [
        (json!({ "learner": learner, "topic": "none" }),                                       (404, "not_found")),
        (json!({ "learner": { "id": " " }, "topic": topic }),                                  (400, "bad_launch")),
        (json!({ "learner": learner, "topic": topic, "return_url": "javascript:alert(1)" }),   (400, "bad_launch")),
        (json!({ "learner": learner, "topic": topic, "mode": "fast" }),                        (400, "bad_json")),
        (json!({ "learner": learner, "topic": topic, "api": "1.3" }),                          (400, "bad_json")),
        (json!({ "topic": topic }),                                                            (400, "bad_json")),
    ];
    for (body, expected) in cases {
        assert_eq!(server.post("/api/v1/launches", &body).await.unwrap().problem(), expected, "{body}");
    }
    for path in ["/api/v1/report", "/api/v1/packages"] {
        assert_eq!(server.get(path, "wrong").await.unwrap().problem(), (401, "key_invalid"), "{path}");
    }
}

#[tokio::test]
async fn content_is_served_under_its_grant_alone_and_in_parts() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    let url = visit["activities"][0]["url"].as_str().unwrap().to_owned();
    let base = url.strip_suffix("index.html").unwrap();
    let get = async |path: &str, range: &str| {
        let mut request = Request::get(path);
        if !range.is_empty() {
            request = request.header("range", range);
        }
        server.send(request.body(Body::empty()).ok()?).await
    };
    let page = get(&url, "").await.unwrap();
    assert_eq!((page.status.as_u16(), page.headers["content-type"].as_bytes()), (200, &b"text/html"[..]));
    assert_eq!(page.headers["permissions-policy"], "unload=(self)");
    let part = get(&url, "bytes=36-39").await.unwrap();
    assert_eq!((part.status.as_u16(), part.bytes.as_slice()), (206, &page.bytes[36..40]));
    assert_eq!(part.headers["content-range"].to_str().unwrap(), format!("bytes 36-39/{}", page.bytes.len()));
    assert_eq!(get(&url, "bytes=9999-").await.unwrap().problem(), (416, "range_beyond_end"));

    let foreign = base.replacen(&base[9..13], "0000", 1);
    for path in [
        format!("{foreign}index.html"),
        format!("{base}none.html"),
        format!("{base}..%2f..%2fseattime.db"),
        format!("{base}%2e%2e/index.html"),
        format!("{base}index.html%00"),
        base.to_owned(),
    ] {
        assert_eq!(get(&path, "").await.unwrap().status, 404, "{path}");
    }
    let worker = Request::get(&url).header("service-worker", "script").body(Body::empty()).unwrap();
    assert_eq!(server.send(worker).await.unwrap().status, 404, "no package may answer for others");
}

#[tokio::test]
async fn a_learner_sees_their_own_rows_and_no_others() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let mut tokens = Vec::new();
    for learner in ["anna", "berta"] {
        let visit = server.visit(&topic, learner).await.unwrap();
        server.post("/run/v1/commits", &commit(&visit, 1, 60, "x")).await.unwrap();
        tokens.push(server.report_token(learner).await.unwrap());
    }
    let learners = async |path: &str, token: &str| {
        let body = server.get(path, token).await?.body;
        let ids = body["rows"].as_array()?.iter().map(|it| it["learner"]["id"].clone());
        Some(ids.collect::<Vec<Value>>())
    };
    assert_eq!(learners("/api/v1/report", &tokens[0]).await.unwrap(), ["anna"]);
    assert_eq!(learners("/api/v1/report?learner=berta", &tokens[0]).await.unwrap(), Vec::<Value>::new());
    assert_eq!(learners("/api/v1/report", KEY).await.unwrap().len(), 2);
    assert_eq!(learners("/api/v1/report?learner=berta", KEY).await.unwrap(), ["berta"]);
    assert_eq!(learners("/api/v1/report?course=None", KEY).await.unwrap(), Vec::<Value>::new());
}

#[tokio::test]
async fn the_report_has_a_token_of_its_own_which_opens_nothing_else() {
    let server = TestServer::start_as(NoFaults, |it| {
        it.public_url = Some("https://learn.example".to_owned());
        it.run_url = Some("https://run.example".to_owned());
    });
    let server = server.await.unwrap();
    let topic = server.course().await.unwrap();
    let launch = json!({ "learner": { "id": "anna", "name": "Muster, Anna" }, "topic": topic });
    let made = server.post("/api/v1/launches", &launch).await.unwrap().body;
    assert!(made["url"].as_str().unwrap().starts_with("https://run.example/player/#code="), "{made}");
    let (page, token) = made["report_url"].as_str().unwrap().split_once("#token=").unwrap();
    assert_eq!(page, "https://learn.example/reports/my-learning");
    let me = server.get("/api/v1/me", token).await.unwrap().body;
    assert_eq!(me, json!({ "role": "learner", "name": "Muster, Anna", "tenant": "default" }));
    let opened = server.post("/run/v1/visits", &json!({ "launch_token": token })).await.unwrap();
    assert_eq!(opened.problem(), (401, "token_invalid"));

    let unknown = server.post("/api/v1/reports/links", &json!({ "learner": "nobody" })).await.unwrap();
    assert_eq!(unknown.problem(), (404, "not_found"));
    server.advance(12 * 3_600_000 + 1_000);
    assert_eq!(server.get("/api/v1/report", token).await.unwrap().problem(), (401, "token_expired"));
}

/// Bad input 41: reused with another body, at once, or missing where it matters.
#[tokio::test]
async fn a_new_attempt_takes_an_idempotency_key_and_is_made_once() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let ask = async |key: Option<&str>, learner: &str| {
        let body =
            json!({ "learner": { "id": learner, "name": "" }, "topic": topic, "mode": "new" }).to_string();
        let mut request = Request::post("/api/v1/launches").header("authorization", format!("Bearer {KEY}"));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.header("content-type", "application/json");
        server.send(request.body(Body::from(body)).unwrap()).await.unwrap()
    };
    assert_eq!(ask(None, "anna").await.problem(), (400, "idempotency_key_missing"));
    let all = tokio::join!(ask(Some("k"), "anna"), ask(Some("k"), "anna"), ask(Some("k"), "anna"));
    for it in [&all.0, &all.1, &all.2] {
        assert_eq!(
            (it.status.as_u16(), &it.body["launch"], &it.body["url"], &it.body["attempt"]),
            (201, &all.0.body["launch"], &all.0.body["url"], &json!(1))
        );
    }
    assert_eq!(ask(Some("k"), "berta").await.problem(), (422, "idempotency_key_reused"));
    assert_eq!(ask(Some("another"), "anna").await.body["attempt"], 2);
}

/// Opens a visit with a code, from an address.
async fn open_from(server: &TestServer, address: &str, code: &str) -> Option<Answer> {
    let peer = Peer(address.parse().ok()?);
    let body = json!({ "code": code }).to_string();
    let request = Request::post("/run/v1/visits").header("content-type", "application/json").extension(peer);
    server.send(request.body(Body::from(body)).ok()?).await
}

#[tokio::test]
async fn who_guesses_codes_is_told_to_wait_and_nobody_else_is() {
    const GUESSER: &str = "198.51.100.7";
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    for n in 0..100 {
        let answer = open_from(&server, GUESSER, &format!("guess-{n}")).await.unwrap();
        assert_eq!(answer.problem(), (404, "not_found"), "{n}");
    }
    let code = server.launch(&topic, "anna").await.unwrap();
    for guess in ["guess-100", &code] {
        let answer = open_from(&server, GUESSER, guess).await.unwrap();
        assert_eq!(answer.problem(), (429, "too_many_guesses"), "a guess that is right is one too");
        assert_eq!(answer.headers["retry-after"], "1");
    }
    // Another address, and the same one a second later: the code was not used up.
    let other = server.launch(&topic, "bert").await.unwrap();
    assert_eq!(open_from(&server, "198.51.100.8", &other).await.unwrap().status, 200);
    server.advance(1_000);
    assert_eq!(open_from(&server, GUESSER, &code).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_company_behind_one_address_opens_its_launches_all_at_once() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    for n in 0..300 {
        let code = server.launch(&topic, &format!("learner-{n}")).await.unwrap();
        assert_eq!(open_from(&server, "203.0.113.1", &code).await.unwrap().status, 200, "{n}");
        // A bookmark of a launch that was: somebody's own, and no guess.
        let again = open_from(&server, "203.0.113.1", &code).await.unwrap();
        assert_eq!(again.problem(), (410, "launch_used"), "{n}");
    }
}

#[tokio::test]
async fn learners_are_asked_whether_they_are_still_there_where_the_server_was_told_so() {
    let named = |course: &str| StillHere::In([course.to_owned()].into());
    #[rustfmt::skip]
    let cases = [
        // told                   asked, in the course named Course
        (StillHere::default(),    None),
        (named("Another"),        None),
        (named("Course"),         Some(true)),
        (StillHere::Everywhere,   Some(true)),
    ];
    for (told, expected) in cases {
        let server = TestServer::start_as(NoFaults, |it| it.still_here = told.clone()).await.unwrap();
        let topic = server.course().await.unwrap();
        let visit = server.visit(&topic, "anna").await.unwrap();
        let asked = visit.get("asks_still_here").map(|it| it.as_bool().unwrap());
        assert_eq!(asked, expected, "{told:?}");
    }
}
