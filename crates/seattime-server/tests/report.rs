//! The report over the routes: pages and what they are narrowed to, enrolments, groups, and the four ways in which
//! something is missing.
#![cfg(test)]

use seattime_testbed::test_server::{self, KEY, TestServer, commit};
use serde_json::{Value, json};

async fn report(server: &TestServer, query: &str) -> Value {
    let answer = server.get(&format!("/api/v1/report{query}"), KEY).await.unwrap();
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    answer.body
}

fn learners(report: &Value) -> Vec<&str> {
    report["rows"].as_array().unwrap().iter().map(|it| it["learner"]["id"].as_str().unwrap()).collect()
}

async fn missing_of(server: &TestServer, learner: &str) -> Value {
    let report = report(server, &format!("?learner={learner}")).await;
    assert_eq!(report["rows"].as_array().unwrap().len(), 1, "{report}");
    report["rows"][0]["missing"].clone()
}

async fn sends(server: &TestServer, message: &Value) {
    let answer = server.post("/run/v1/commits", message).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn what_was_never_launched_is_in_the_report_of_who_is_enrolled() {
    let server = TestServer::start().await.unwrap();
    let enrolment = json!({ "learner": { "id": "anna", "name": "Muster, Anna" }, "course": "Course" });
    for _ in 0..2 {
        let answer = server.post("/api/v1/enrolments", &enrolment).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body["course"]), (200, &json!("Course")));
    }
    assert_eq!(learners(&report(&server, "").await), Vec::<&str>::new(), "there is no topic yet");
    let topic = server.course().await.unwrap();
    let rows = report(&server, "").await;
    let row = &rows["rows"][0];
    assert_eq!(learners(&rows), ["anna"]);
    assert_eq!((&row["missing"], &row["status"]), (&json!("never_launched"), &json!("not attempted")));
    assert_eq!((&row["time_spent"], &row["attempts"]), (&json!("0h 0m 0s"), &json!(0)));
    // Launched, and nobody went there.
    server.launch(&topic, "anna").await.unwrap();
    server.launch(&topic, "berta").await.unwrap();
    for learner in ["anna", "berta"] {
        assert_eq!(missing_of(&server, learner).await, "never_launched");
    }
    let gone = server.delete("/api/v1/enrolments?learner=anna&course=Course").await.unwrap();
    assert_eq!(gone.status, 204);
    assert_eq!(missing_of(&server, "anna").await, "never_launched", "it was launched all the same");
    let again = server.delete("/api/v1/enrolments?learner=anna&course=Course").await.unwrap();
    assert_eq!(again.problem(), (404, "not_found"));
}

#[tokio::test]
async fn saving_failed_where_nothing_arrived_after_the_opening() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    assert_eq!(missing_of(&server, "anna").await, Value::Null, "it may still come");
    server.advance(9 * 60_000);
    server.app.sweep().await;
    assert_eq!(missing_of(&server, "anna").await, Value::Null);
    server.advance(2 * 60_000);
    server.app.sweep().await;
    assert_eq!(missing_of(&server, "anna").await, "saving_failed");
    assert_eq!(learners(&report(&server, "?missing=saving_failed").await), ["anna"]);
    // Another visit may do better: as long as it is open, nobody knows.
    server.visit(&topic, "anna").await.unwrap();
    assert_eq!(missing_of(&server, "anna").await, Value::Null);
    server.advance(11 * 60_000);
    server.app.sweep().await;
    assert_eq!(missing_of(&server, "anna").await, "saving_failed", "neither did");
    // What arrives after all is here, and kept, although the other visit took the attempt over.
    let late = server.post("/run/v1/commits", &commit(&visit, 1, 60, "x")).await.unwrap();
    assert_eq!(late.problem(), (409, "superseded"));
    assert_eq!(missing_of(&server, "anna").await, Value::Null);
    let row = &report(&server, "?learner=anna").await["rows"][0];
    assert_eq!(row["time_spent_ms"], 60_000);
}

#[tokio::test]
async fn the_api_was_never_called_or_no_time_was_ever_said() {
    let unset = json!({ "state": "unset" });
    let zero = json!({ "state": "zero", "at": [0, 50_000] });
    let said = json!({ "state": "set", "ms": 55_000, "at": [0, 50_000] });
    let malformed = json!({ "state": "malformed" });
    #[rustfmt::skip]
    let cases: &[(&str, bool, &str, &Value, Value)] = &[
        // what                    Initialize  state         reported     missing
        ("is shown",               false,      "running",    &unset,      Value::Null),
        ("was left",               false,      "left",       &unset,      json!("api_never_called")),
        ("was taken away",         false,      "implicit",   &unset,      json!("api_never_called")),
        ("goes on",                true,       "running",    &unset,      Value::Null),
        ("said nothing",           true,       "terminated", &unset,      json!("no_time")),
        ("was left, saying nothing", true,     "left",       &unset,      json!("no_time")),
        ("said zero",              true,       "terminated", &zero,       json!("no_time")),
        ("said what nobody reads", true,       "terminated", &malformed,  json!("no_time")),
        ("said a time",            true,       "terminated", &said,       Value::Null),
    ];
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    for (n, (what, is_initialized, state, reported, expected)) in cases.iter().enumerate() {
        let learner = format!("learner-{n}");
        let visit = server.visit(&topic, &learner).await.unwrap();
        let mut message = commit(&visit, 1, 60, "x");
        let session = &mut message["sessions"][0];
        (session["state"], session["reported"]) = (json!(state), (*reported).clone());
        if !is_initialized {
            session["entry"] = Value::Null;
            session["set"] = json!({});
        }
        server.advance(60_000);
        sends(&server, &message).await;
        assert_eq!(missing_of(&server, &learner).await, *expected, "content that {what}");
    }
    let shown = report(&server, "?missing=no_time&sort=learner").await;
    assert_eq!(shown["rows"].as_array().unwrap().len(), 4);
    let any = report(&server, "?missing=any").await;
    assert_eq!(any["rows"].as_array().unwrap().len(), 6);

    // A session that says its time makes good for one that did not.
    let visit = server.visit(&topic, "learner-4").await.unwrap();
    let mut message = commit(&visit, 1, 60, "x");
    (message["sessions"][0]["state"], message["sessions"][0]["reported"]) = (json!("terminated"), said);
    sends(&server, &message).await;
    assert_eq!(missing_of(&server, "learner-4").await, Value::Null);
}

#[tokio::test]
async fn nothing_is_missing_of_a_video_that_calls_no_api() {
    let server = TestServer::start().await.unwrap();
    let fields: &[(&str, &[u8])] =
        &[("url", b"https://media.example/film.mp4"), ("title", b"Film"), ("course", b"Course")];
    let topic = server.media(fields).await.unwrap();
    let enrolment = json!({ "learner": { "id": "anna" }, "course": "Course" });
    server.post("/api/v1/enrolments", &enrolment).await.unwrap();
    let before = report(&server, "?kind=video").await;
    assert_eq!(before["rows"][0]["missing"], "never_launched");
    assert_eq!(before["rows"][0]["position_ms"], Value::Null);
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(60_000);
    let mut message = commit(&visit, 2, 60, "x");
    let session = &mut message["sessions"][0];
    (session["kind"], session["entry"], session["state"], session["set"]) =
        (json!("media"), Value::Null, json!("left"), json!({}));
    session["activity"] = visit["activities"][0]["id"].clone();
    let key = "https://media.example/film.mp4#100";
    message["time"]["med"] = json!([[0, 0, 40_000, key]]);
    message["media"] = json!([{ "key": key, "seq": 2, "kind": "video", "duration_ms": 100_000,
                                "covered": [[0, 40_000]], "position_ms": 40_000 }]);
    sends(&server, &message).await;
    let row = &report(&server, "?kind=video").await["rows"][0];
    assert_eq!((&row["missing"], &row["position_ms"]), (&Value::Null, &json!(40_000)), "{row}");
    assert_eq!((&row["time_spent_ms"], &row["progress_percent"]), (&json!(40_000), &json!(40)));
}

#[tokio::test]
async fn pages_lead_to_the_next_and_totals_are_of_one_learner_alone() {
    let server = TestServer::start().await.unwrap();
    let mut topics = vec![server.course().await.unwrap()];
    for n in 0..4 {
        let page = format!("<!doctype html><title>{n}</title>");
        let zip =
            test_server::zip(&[("imsmanifest.xml", test_server::MANIFEST), ("index.html", &page)]).unwrap();
        let path = format!("/api/v1/packages?course=Course%20{n}");
        let answer = server.post_bytes(&path, "application/zip", zip).await.unwrap();
        topics.push(answer.body["topic"].as_str().unwrap().to_owned());
    }
    for (topic, learner) in topics.iter().flat_map(|topic| ["anna", "berta"].map(|it| (topic, it))) {
        let visit = server.visit(topic, learner).await.unwrap();
        server.advance(100_000);
        let mut message = commit(&visit, 1, 100, "x");
        message["stretches"][0]["sent_at_ms"] = json!(100_000);
        sends(&server, &message).await;
    }
    let whole = report(&server, "").await;
    assert_eq!(learners(&whole).len(), 10);
    assert_eq!(
        (&whole["totals"], &whole["next"], &whole["stale"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let mut seen = Vec::new();
    let mut query = "?limit=3&sort=first_visit&order=asc".to_owned();
    loop {
        let page = report(&server, &query).await;
        seen.extend(page["rows"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=3&sort=first_visit&order=asc&after={next}");
    }
    let mut expected = whole["rows"].as_array().unwrap().clone();
    expected.reverse(); // Whoever came last is shown first, and nobody came twice.
    assert_eq!(seen, expected);

    // One learner's totals are over all of their rows, whatever page is shown: five times 100 s, one after the other.
    for query in ["?learner=anna", "?learner=anna&limit=2"] {
        let page = report(&server, query).await;
        assert_eq!(page["totals"][0]["credited_ms"], 500_000, "{query}");
        assert_eq!(page["totals"][0]["courses"].as_array().unwrap().len(), 5, "{query}");
    }
    let narrowed = report(&server, "?learner=anna&course=Course%201").await;
    assert_eq!(narrowed["totals"][0]["credited_ms"], 100_000);
}

#[tokio::test]
async fn what_a_report_is_asked_for_is_read_to_the_letter() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    for learner in ["anna", "berta", "carla"] {
        server.visit(&topic, learner).await.unwrap();
    }
    let next = report(&server, "?limit=1").await["next"].as_str().unwrap().to_owned();
    let by_name = report(&server, "?limit=1&sort=learner").await["next"].as_str().unwrap().to_owned();
    #[rustfmt::skip]
    let cases: &[(String, u16, &str, &str)] = &[
        // query                                    status  code           what is named
        (format!("?after={next}"),                  200,    "",            ""),
        (format!("?after={next}&sort=last_visit"),  200,    "",            ""),
        (format!("?after={next}&order=asc"),        400,    "bad_cursor",  "after"),
        (format!("?after={next}&sort=first_visit"), 400,    "bad_cursor",  "after"),
        (format!("?after={by_name}"),               400,    "bad_cursor",  "after"),
        ("?after=".into(),                          400,    "bad_cursor",  "after"),
        ("?after=AAAA".into(),                      400,    "bad_cursor",  "after"),
        (format!("?after={}", &next[..20]),         400,    "bad_cursor",  "after"),
        ("?limit=0".into(),                         400,    "bad_query",   "limit"),
        ("?limit=501".into(),                       400,    "bad_query",   "limit"),
        ("?limit=500".into(),                       200,    "",            ""),
        ("?limit=-1".into(),                        400,    "bad_query",   "limit"),
        ("?limit=many".into(),                      400,    "bad_query",   "limit"),
        ("?sort=name".into(),                       400,    "bad_query",   "sort"),
        ("?order=up".into(),                        400,    "bad_query",   "order"),
        ("?status=done".into(),                     400,    "bad_query",   "status"),
        ("?status=not%20attempted".into(),          200,    "",            ""),
        ("?kind=scorm".into(),                      400,    "bad_query",   "kind"),
        ("?kind=scorm_1.2".into(),                  200,    "",            ""),
        ("?missing=everything".into(),              400,    "bad_query",   "missing"),
        ("?flag=red".into(),                        400,    "bad_query",   "flag"),
        ("?flag=conflicts".into(),                  200,    "",            ""),
        ("?changed_since=yesterday".into(),         400,    "bad_query",   "changed_since"),
        ("?changed_since=-1".into(),                200,    "",            ""),
        ("?colour=red".into(),                      400,    "bad_query",   "colour"),
        ("?q=%25%27%22%00".into(),                  200,    "",            ""),
    ];
    for (query, status, code, named) in cases {
        let answer = server.get(&format!("/api/v1/report{query}"), KEY).await.unwrap();
        assert_eq!(answer.problem(), (*status, *code), "{query}: {}", answer.body);
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(named), "{query}: {detail}");
    }
    assert_eq!(learners(&report(&server, "?q=ERT").await), ["berta"]);
    assert_eq!(learners(&report(&server, "?q=muster").await).len(), 3);
}

#[tokio::test]
async fn enrolments_and_groups_are_checked_before_anything_is_kept() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let long = "x".repeat(256);
    let many: Vec<String> = (0..65).map(|it| it.to_string()).collect();
    let anna = |groups: Value| json!({ "id": "anna", "groups": groups });
    #[rustfmt::skip]
    let cases: &[(Value, &str)] = &[
        (json!({ "learner": { "id": "anna" } }),                                 "bad_json"),
        (json!({ "course": "Course" }),                                          "bad_json"),
        (json!({ "learner": { "id": "anna" }, "course": "Course", "x": 1 }),     "bad_json"),
        (json!({ "learner": { "id": " " }, "course": "Course" }),                "bad_enrolment"),
        (json!({ "learner": { "id": long }, "course": "Course" }),               "bad_enrolment"),
        (json!({ "learner": { "id": "anna" }, "course": "" }),                   "bad_enrolment"),
        (json!({ "learner": { "id": "anna" }, "course": "x".repeat(1_025) }),    "bad_enrolment"),
        (json!({ "learner": anna(json!(["day", ""])), "course": "Course" }),     "bad_enrolment"),
        (json!({ "learner": anna(json!(long)), "course": "Course" }),            "bad_json"),
        (json!({ "learner": anna(json!([long])), "course": "Course" }),          "bad_enrolment"),
        (json!({ "learner": anna(json!(many)), "course": "Course" }),            "bad_enrolment"),
    ];
    for (body, code) in cases {
        let answer = server.post("/api/v1/enrolments", body).await.unwrap();
        assert_eq!(answer.problem(), (400, *code), "{body}");
    }
    assert_eq!(learners(&report(&server, "").await), Vec::<&str>::new());
    let bad = json!({ "learner": anna(json!([""])), "topic": topic });
    assert_eq!(server.post("/api/v1/launches", &bad).await.unwrap().problem(), (400, "bad_launch"));
    for query in ["?learner=anna", "?course=Course", "", "?learner=a&course=b&x=c"] {
        let answer = server.delete(&format!("/api/v1/enrolments{query}")).await.unwrap();
        assert_eq!(answer.problem(), (400, "bad_query"), "{query}");
    }

    let launch = json!({ "learner": anna(json!(["north", "day"])), "topic": topic });
    assert_eq!(server.post("/api/v1/launches", &launch).await.unwrap().status, 201);
    let row = &report(&server, "?group=day").await["rows"][0];
    assert_eq!(row["groups"], json!(["day", "north"]));
    assert_eq!(learners(&report(&server, "?group=night").await), Vec::<&str>::new());
    let moved = json!({ "learner": anna(json!(["night"])), "course": "Course" });
    assert_eq!(server.post("/api/v1/enrolments", &moved).await.unwrap().status, 200);
    assert_eq!(learners(&report(&server, "?group=night").await), ["anna"]);
    assert_eq!(learners(&report(&server, "?group=day").await), Vec::<&str>::new());
}
