//! Trainers and administrators: how they log in, what they may do then, and what pages of others cannot make them do.

use axum::body::Body;
use axum::http::Request;
use seattime_server::faults::NoFaults;
use seattime_server::peer::Peer;
use seattime_testbed::test_server::{Answer, KEY, TestServer, commit};
use serde_json::{Value, json};

const PASSWORD: &str = "a horse, correct";

/// A request with headers, without a key.
async fn ask(
    server: &TestServer,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Option<Answer> {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    server.send(request.body(body).ok()?).await
}

async fn add(server: &TestServer, account: Value) -> Option<Answer> {
    server.post("/api/v1/accounts", &account).await
}

/// Logs in; answers what the browser keeps.
async fn log_in(server: &TestServer, name: &str) -> Option<String> {
    let login = json!({ "name": name, "password": PASSWORD });
    let answer = ask(server, "POST", "/login", &[("sec-fetch-site", "same-origin")], &login).await?;
    let cookie = answer.headers.get("set-cookie")?.to_str().ok()?;
    Some(cookie.split(';').next()?.to_owned())
}

#[tokio::test]
async fn who_logs_in_may_do_what_their_role_says_until_it_is_over() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.post("/run/v1/commits", &commit(&visit, 1, 60, "x")).await.unwrap();
    for (name, role) in [("Trainer@example.org", "trainer"), ("Admin@example.org", "admin")] {
        let made = add(&server, json!({ "name": name, "role": role, "password": PASSWORD })).await.unwrap();
        assert_eq!((made.status.as_u16(), &made.body["version"]), (201, &json!(1)), "{}", made.body);
        assert!(!made.body.to_string().contains("argon2"), "{}", made.body);
    }
    let answer =
        ask(&server, "POST", "/login", &[], &json!({ "name": " trainer@EXAMPLE.org", "password": PASSWORD }))
            .await
            .unwrap();
    assert_eq!(answer.body, json!({ "role": "trainer", "name": "trainer@example.org", "tenant": "default" }));
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    let (kept, attributes) = cookie.split_once("; ").unwrap();
    assert!(kept.starts_with("__Host-seattime=") && kept.len() == 16 + 64, "{cookie}");
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=28800");

    let trainer = kept.to_owned();
    let admin = log_in(&server, "admin@example.org").await.unwrap();
    let get = async |path: &str, cookie: &str| {
        ask(&server, "GET", path, &[("cookie", cookie)], &Value::Null).await.unwrap()
    };
    #[rustfmt::skip]
    let cases = [
        // address                      trainer  administrator
        ("/api/v1/me",                  200,     200),
        ("/api/v1/report",              200,     200),
        ("/api/v1/packages",            200,     200),
        ("/api/v1/courses/Course",      200,     200),
        ("/api/v1/keys",                403,     200),
        ("/api/v1/accounts",            403,     200),
    ];
    for (path, as_trainer, as_admin) in cases {
        let found = (get(path, &trainer).await.status.as_u16(), get(path, &admin).await.status.as_u16());
        assert_eq!(found, (as_trainer, as_admin), "{path}");
    }
    let launch = json!({ "learner": { "id": "anna", "name": "" }, "topic": topic });
    let launched = ask(&server, "POST", "/api/v1/launches", &[("cookie", &trainer)], &launch).await.unwrap();
    assert_eq!(launched.problem(), (403, "scope_missing"));
    // A key that is sent counts alone.
    let both = [("cookie", &*admin), ("authorization", "Bearer wrong")];
    assert_eq!(
        ask(&server, "GET", "/api/v1/report", &both, &Value::Null).await.unwrap().problem(),
        (401, "key_invalid")
    );

    let out = ask(&server, "POST", "/logout", &[("cookie", &trainer)], &Value::Null).await.unwrap();
    assert!(out.status == 204 && out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(get("/api/v1/me", &trainer).await.problem(), (401, "login_expired"));
    server.advance(8 * 3_600_000);
    assert_eq!(get("/api/v1/me", &admin).await.problem(), (401, "login_expired"));
}

#[tokio::test]
async fn a_form_logs_in_without_a_script() {
    let server = TestServer::start().await.unwrap();
    add(&server, json!({ "name": "anna", "role": "trainer", "password": PASSWORD })).await.unwrap();
    let post = async |form: &str| {
        let request = Request::post("/login").header("content-type", "application/x-www-form-urlencoded");
        server.send(request.body(Body::from(form.to_owned())).unwrap()).await.unwrap()
    };
    let form = "name=anna&password=a+horse%2C+correct&next=%2Fpackages%2F";
    let answer = post(form).await;
    assert_eq!((answer.status.as_u16(), &answer.headers["location"]), (303, &"/packages/".parse().unwrap()));
    assert!(answer.headers.contains_key("set-cookie"));
    let wrong = post("name=anna&password=wrong").await;
    assert_eq!(
        (wrong.status.as_u16(), &wrong.headers["location"]),
        (303, &"/login/?login_failed".parse().unwrap())
    );
    assert!(!wrong.headers.contains_key("set-cookie"));
    assert_eq!(post("name=anna").await.problem(), (400, "bad_form"));
}

#[tokio::test]
async fn wrong_passwords_are_told_apart_by_nobody_and_are_slowed_down() {
    let server = TestServer::start().await.unwrap();
    add(&server, json!({ "name": "anna", "role": "admin", "password": PASSWORD })).await.unwrap();
    add(&server, json!({ "name": "by proxy", "role": "admin" })).await.unwrap();
    let guess = async |name: &str, password: &str| {
        ask(&server, "POST", "/login", &[], &json!({ "name": name, "password": password })).await.unwrap()
    };
    let (wrong, unknown) = (guess("anna", "wrong").await, guess("nobody", "wrong").await);
    assert_eq!((wrong.problem(), unknown.problem()), ((401, "login_failed"), (401, "login_failed")));
    assert_eq!(wrong.body["detail"], unknown.body["detail"]);
    assert_eq!(guess("by proxy", "").await.problem(), (401, "login_failed"), "there is none to log in with");
    for _ in 0..7 {
        assert_eq!(guess("anna", "wrong").await.problem(), (401, "login_failed"));
    }
    let held = guess("anna", PASSWORD).await;
    assert_eq!(held.problem(), (429, "too_many_tries"), "also with the right one");
    assert_eq!(held.headers["retry-after"], "12");
    server.advance(12_000);
    assert!(log_in(&server, "anna").await.is_some());
}

#[tokio::test]
async fn an_account_is_changed_by_whoever_has_read_what_it_is() {
    let server = TestServer::start().await.unwrap();
    let made =
        add(&server, json!({ "name": "anna", "role": "trainer", "password": PASSWORD })).await.unwrap();
    assert_eq!(made.headers["etag"], "\"1\"");
    assert_eq!(
        add(&server, json!({ "name": " ANNA ", "role": "admin" })).await.unwrap().problem(),
        (409, "name_taken")
    );
    let key = format!("Bearer {KEY}");
    let send = async |method: &str, version: Option<&str>, body: Value| {
        let mut headers = vec![("authorization", &*key)];
        headers.extend(version.map(|it| ("if-match", it)));
        ask(&server, method, "/api/v1/accounts/anna", &headers, &body).await.unwrap()
    };
    let narrowed = json!({ "role": "trainer", "groups": ["Deck", "Engine"] });
    // Bad input 40.
    assert_eq!(send("PUT", None, narrowed.clone()).await.problem(), (428, "precondition_required"));
    for wrong in ["\"2\"", "1", "W/\"1\"", "x"] {
        assert_eq!(
            send("PUT", Some(wrong), narrowed.clone()).await.problem(),
            (412, "precondition_failed"),
            "{wrong}"
        );
    }
    let changed = send("PUT", Some("\"1\""), narrowed.clone()).await;
    assert_eq!((changed.status.as_u16(), &changed.body["groups"]), (200, &json!(["Deck", "Engine"])));
    assert_eq!(
        (&changed.headers["etag"], &changed.body["has_password"]),
        (&"\"2\"".parse().unwrap(), &json!(true))
    );
    assert_eq!(send("DELETE", None, Value::Null).await.problem(), (428, "precondition_required"));
    assert_eq!(send("DELETE", Some("\"1\""), Value::Null).await.problem(), (412, "precondition_failed"));
    for (bad, problem) in [
        (json!({ "role": "trainer", "password": "short" }), (422, "bad_account")),
        (json!({ "role": "admin", "groups": ["Deck"] }), (422, "bad_account")),
        (json!({ "role": "trainer", "groups": [""] }), (422, "bad_account")),
        (json!({ "role": "trainer", "name": "berta" }), (422, "bad_account")),
        (json!({ "role": "owner" }), (400, "bad_json")),
    ] {
        assert_eq!(send("PUT", Some("*"), bad.clone()).await.problem(), problem, "{bad}");
    }
    assert_eq!(send("DELETE", Some("*"), Value::Null).await.status, 204);
    assert_eq!(send("GET", None, Value::Null).await.problem(), (404, "not_found"));
}

#[tokio::test]
async fn nobody_takes_their_own_powers() {
    let server = TestServer::start().await.unwrap();
    add(&server, json!({ "name": "anna", "role": "admin", "password": PASSWORD })).await.unwrap();
    let cookie = log_in(&server, "anna").await.unwrap();
    let own = [("cookie", &*cookie), ("if-match", "*")];
    let less =
        ask(&server, "PUT", "/api/v1/accounts/anna", &own, &json!({ "role": "trainer" })).await.unwrap();
    assert_eq!(less.problem(), (409, "own_account"));
    let gone = ask(&server, "DELETE", "/api/v1/accounts/anna", &own, &Value::Null).await.unwrap();
    assert_eq!(gone.problem(), (409, "own_account"));
    // Another password, and everybody who had logged in with the old one is out.
    let other = json!({ "role": "admin", "password": "another, better horse" });
    assert_eq!(ask(&server, "PUT", "/api/v1/accounts/anna", &own, &other).await.unwrap().status, 200);
    let me = ask(&server, "GET", "/api/v1/me", &[("cookie", &cookie)], &Value::Null).await.unwrap();
    assert_eq!(me.problem(), (401, "login_expired"));
}

/// Bad input 37.
#[tokio::test]
async fn a_page_of_another_origin_changes_nothing_with_the_login_of_its_reader() {
    let server = TestServer::start().await.unwrap();
    add(&server, json!({ "name": "anna", "role": "admin", "password": PASSWORD })).await.unwrap();
    let cookie = log_in(&server, "anna").await.unwrap();
    let wanted = json!({ "name": "of evil", "scopes": ["admin"] });
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let headers = [("cookie", &*cookie), ("host", "learn.example"), (name, value)];
        for (method, path) in
            [("POST", "/api/v1/keys"), ("POST", "/logout"), ("DELETE", "/api/v1/accounts/anna")]
        {
            let answer = ask(&server, method, path, &headers, &wanted).await.unwrap();
            assert_eq!(answer.problem(), (403, "cross_origin"), "{method} {path} {name}: {value}");
        }
    }
    let keys = server.get("/api/v1/keys", KEY).await.unwrap().body;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    let own = [("cookie", &*cookie), ("host", "learn.example"), ("origin", "https://learn.example")];
    assert_eq!(ask(&server, "POST", "/api/v1/keys", &own, &wanted).await.unwrap().status, 201);
}

#[tokio::test]
async fn who_has_logged_in_at_a_proxy_is_believed_of_a_proxy_of_ours_alone() {
    let server = TestServer::start_as(NoFaults, |it| {
        it.proxies = vec!["10.0.0.1".parse().unwrap()];
        it.login_header = Some("x-remote-user".to_owned());
    });
    let server = server.await.unwrap();
    add(&server, json!({ "name": "anna", "role": "trainer" })).await.unwrap();
    let me = async |peer: Option<&str>, name: Option<&str>| {
        let mut request = Request::get("/api/v1/me");
        if let Some(peer) = peer {
            request = request.extension(Peer(peer.parse().unwrap()));
        }
        if let Some(name) = name {
            request = request.header("x-remote-user", name);
        }
        let answer = server.send(request.body(Body::empty()).unwrap()).await.unwrap();
        (answer.status.as_u16(), answer.body["name"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(me(Some("10.0.0.1"), Some("Anna")).await, (200, "anna".to_owned()));
    assert_eq!(me(Some("::ffff:10.0.0.1"), Some("anna")).await, (200, "anna".to_owned()));
    assert_eq!(me(Some("10.0.0.1"), Some("nobody")).await.0, 401, "who has no account here is nobody");
    for (peer, name) in [
        (Some("10.0.0.2"), Some("anna")),
        (None, Some("anna")),
        (Some("10.0.0.1"), None),
        (Some("10.0.0.1"), Some("")),
    ] {
        assert_eq!(me(peer, name).await.0, 401, "{peer:?} {name:?}");
    }
}

#[tokio::test]
async fn a_trainer_of_some_groups_sees_their_learners_alone() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    for (learner, groups) in [("anna", json!(["Deck"])), ("berta", json!(["Engine"])), ("carla", json!([]))] {
        let launch =
            json!({ "learner": { "id": learner, "name": learner, "groups": groups }, "topic": topic });
        assert_eq!(server.post("/api/v1/launches", &launch).await.unwrap().status, 201);
        let visit = server.visit(&topic, learner).await.unwrap();
        server.post("/run/v1/commits", &commit(&visit, 1, 60, "x")).await.unwrap();
    }
    for (name, groups) in
        [("of deck", json!(["Deck", "Bridge"])), ("of none", json!([])), ("of all", Value::Null)]
    {
        let account = json!({ "name": name, "role": "trainer", "groups": groups, "password": PASSWORD });
        assert_eq!(add(&server, account).await.unwrap().status, 201);
    }
    #[rustfmt::skip]
    let cases: [(&str, &[&str], u16, u16); 3] = [
        // who      whom they see                  what of berta  what of all together
        ("of deck", &["anna"],                     404,           403),
        ("of none", &[],                           404,           403),
        ("of all",  &["anna", "berta", "carla"],   200,           200),
    ];
    for (name, expected, of_berta, of_all) in cases {
        let cookie = log_in(&server, name).await.unwrap();
        let get = async |path: &str| {
            ask(&server, "GET", path, &[("cookie", &*cookie)], &Value::Null).await.unwrap()
        };
        for path in ["/api/v1/report", "/api/v1/report/export?format=json"] {
            let answer = get(path).await;
            assert_eq!(answer.status, 200, "{path}");
            let text = String::from_utf8_lossy(&answer.bytes);
            let seen: Vec<_> =
                ["anna", "berta", "carla"].into_iter().filter(|it| text.contains(it)).collect();
            assert_eq!(seen, expected, "{path} as {name}");
        }
        assert_eq!(
            get("/api/v1/report?learner=berta").await.body["rows"].as_array().unwrap().len(),
            usize::from(of_berta == 200)
        );
        let visits = format!("/api/v1/report/visits?learner=berta&course=Course&topic={topic}");
        assert_eq!(get(&visits).await.status, of_berta, "{name}");
        assert_eq!(get(&format!("/api/v1/packages/{topic}")).await.status, of_all, "{name}");
        assert_eq!(get("/api/v1/packages?reporting=true").await.status, of_all, "{name}");
        assert_eq!(get("/api/v1/packages").await.status, 200, "{name}");
    }
}
