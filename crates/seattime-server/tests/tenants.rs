//! What a tenant has of its own, and that nobody changes what somebody else has changed meanwhile.
#![cfg(test)]

use axum::body::Body;
use axum::http::Request;
use seattime_testbed::test_server::{KEY, TestServer};
use serde_json::{Value, json};

/// A change without the header If-Match.
async fn unconditional(server: &TestServer, method: &str, path: &str, body: &Value) -> Option<(u16, String)> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.header("authorization", format!("Bearer {KEY}"));
    let answer = server.send(request.body(Body::from(body.to_string())).ok()?).await?;
    let (status, code) = answer.problem();
    Some((status, code.to_owned()))
}

#[tokio::test]
async fn a_tenant_has_the_zone_of_utc_until_somebody_says_otherwise() {
    let server = TestServer::start().await.unwrap();
    let told = server.get("/api/v1/tenant", KEY).await.unwrap();
    assert_eq!((told.body["zone"].as_str(), told.body["version"].as_u64()), (Some("UTC"), Some(1)));
    assert_eq!(
        (&told.headers["etag"], &told.headers["cache-control"]),
        (&"\"1\"".parse().unwrap(), &"no-store".parse().unwrap())
    );
    let name = told.body["name"].clone();

    let berlin = json!({ "zone": "europe/berlin" });
    let kept = server.put_if("\"1\"", "/api/v1/tenant", &berlin).await.unwrap();
    let truth = json!({ "name": name, "zone": "Europe/Berlin", "version": 2 });
    assert_eq!((kept.status.as_u16(), &kept.body), (200, &truth));
    assert_eq!(kept.headers["etag"], "\"2\"");
    assert_eq!(server.get("/api/v1/tenant", KEY).await.unwrap().body, truth);
    #[rustfmt::skip]
    let refused = [
        // known          body                                                problem
        ("\"1\"",         berlin.clone(),                                     (412, "precondition_failed")),
        ("\"1\", \"3\"",  berlin.clone(),                                     (412, "precondition_failed")),
        ("W/\"2\"",       berlin.clone(),                                     (412, "precondition_failed")),
        ("2",             berlin.clone(),                                     (412, "precondition_failed")),
        ("\"02\"",        berlin.clone(),                                     (412, "precondition_failed")),
        ("",              berlin.clone(),                                     (412, "precondition_failed")),
        ("\"2\"",         json!({ "zone": "Europe/Nowhere" }),                (422, "bad_zone")),
        ("\"2\"",         json!({ "zone": "" }),                              (422, "bad_zone")),
        ("\"2\"",         json!({ "zone": "UTC", "name": " " }),              (422, "bad_name")),
        ("\"2\"",         json!({ "name": "Works" }),                         (400, "bad_json")),
        ("\"2\"",         json!({ "zone": "UTC", "colour": "red" }),          (400, "bad_json")),
        ("\"2\"",         json!(["UTC", "Works"]),                            (400, "bad_json")),
    ];
    for (known, body, problem) in refused {
        assert_eq!(
            server.put_if(known, "/api/v1/tenant", &body).await.unwrap().problem(),
            problem,
            "{known} {body}"
        );
    }
    let missing = unconditional(&server, "PUT", "/api/v1/tenant", &berlin).await.unwrap();
    assert_eq!(missing, (428, "precondition_required".to_owned()));
    assert_eq!(server.get("/api/v1/tenant", KEY).await.unwrap().body, truth, "nothing of it was kept");

    let named = json!({ "zone": "Asia/Kolkata", "name": "Works" });
    let kept = server.put_if("\"7\", \"2\"", "/api/v1/tenant", &named).await.unwrap();
    assert_eq!(kept.body, json!({ "name": "Works", "zone": "Asia/Kolkata", "version": 3 }));
    let kept = server.put_if("*", "/api/v1/tenant", &json!({ "zone": "UTC" })).await.unwrap();
    assert_eq!(kept.body, json!({ "name": "Works", "zone": "UTC", "version": 4 }));
}

#[tokio::test]
async fn a_course_is_changed_by_whoever_knows_what_it_is() {
    let server = TestServer::start().await.unwrap();
    let place = "/api/v1/courses/Course";
    let short = json!({ "tail_ms": 20_000 });
    for method in ["PUT", "DELETE"] {
        let missing = unconditional(&server, method, place, &short).await.unwrap();
        assert_eq!(missing, (428, "precondition_required".to_owned()));
    }
    assert_eq!(server.get(place, KEY).await.unwrap().headers["etag"], "\"0\"");
    let kept = server.put_if("\"0\"", place, &short).await.unwrap();
    assert_eq!((kept.status.as_u16(), &kept.headers["etag"]), (200, &"\"1\"".parse().unwrap()));
    assert_eq!(server.put_if("\"0\"", place, &short).await.unwrap().problem(), (412, "precondition_failed"));
    let request = |known: &str| {
        let request = Request::delete(place).header("authorization", format!("Bearer {KEY}"));
        request.header("if-match", known).body(Body::empty()).unwrap()
    };
    assert_eq!(server.send(request("\"0\"")).await.unwrap().problem(), (412, "precondition_failed"));
    assert_eq!(server.get(place, KEY).await.unwrap().body["settings"], short);
    let back = server.send(request("\"1\"")).await.unwrap();
    assert_eq!((&back.body["version"], &back.body["settings"]), (&json!(2), &json!({})));
    // There is nothing to take back any more, but whoever thinks so has to know.
    assert_eq!(server.send(request("\"1\"")).await.unwrap().problem(), (412, "precondition_failed"));
    assert_eq!(server.send(request("\"2\"")).await.unwrap().body["version"], json!(2));
}
