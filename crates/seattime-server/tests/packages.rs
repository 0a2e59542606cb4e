//! How a package reports its time, as whoever looks after packages is told.
#![cfg(test)]

use seattime_testbed::test_server::{self, KEY, START_MS, TestServer, commit};
use seattime_wire::{OpenedVisit, Policy};
use serde_json::{Value, json};

/// A session of ten minutes that ends with this report.
async fn ends(server: &TestServer, visit: &Value, reported: Value) -> Option<u16> {
    let mut message = commit(visit, 1, 600, "end");
    let session = message.get_mut("sessions")?.get_mut(0)?.as_object_mut()?;
    session.insert("state".to_owned(), json!("terminated"));
    session.insert("reported".to_owned(), reported);
    Some(server.post("/run/v1/commits", &message).await?.status.as_u16())
}

#[tokio::test]
async fn a_package_says_how_it_reports_and_what_was_credited_instead() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let place = format!("/api/v1/packages/{topic}");
    let told = server.get(&place, KEY).await.unwrap();
    assert_eq!(
        told.body["reporting"]["verdict"],
        json!({ "habit": "unknown", "text": "No session has ended yet." })
    );
    let visits = [server.visit(&topic, "anna").await.unwrap(), server.visit(&topic, "berta").await.unwrap()];
    server.advance(600_000);
    for visit in &visits {
        assert_eq!(ends(&server, visit, json!({ "state": "malformed" })).await, Some(200));
    }

    let told = server.get(&place, KEY).await.unwrap();
    assert_eq!((told.status.as_u16(), &told.headers["cache-control"]), (200, &"no-store".parse().unwrap()));
    let text = "What it reports as a time cannot be read. What was measured was credited.";
    let verdict = json!({ "habit": "malformed", "text": text });
    assert_eq!(told.body["title"], "Topic");
    assert_eq!(told.body["reporting"]["verdict"], verdict);
    let told_of = |name: &str| told.body["reporting"][name].as_i64();
    assert_eq!((told_of("sessions"), told_of("malformed"), told_of("at_exit")), (Some(2), Some(2), Some(0)));
    assert_eq!((told_of("reported_ms"), told_of("credited_ms")), (Some(0), Some(1_200_000)));
    assert_eq!(told.body["activities"][0]["title"], "Item");
    assert_eq!(told.body["activities"][0]["reporting"], told.body["reporting"]);

    let listed = server.get("/api/v1/packages?reporting=true", KEY).await.unwrap();
    assert_eq!(listed.body[0]["topic"], json!(topic));
    assert_eq!(listed.body[0]["reporting"], json!({ "verdict": verdict, "sessions": 2 }));
    let plain = server.get("/api/v1/packages", KEY).await.unwrap();
    assert_eq!(plain.body[0].get("reporting"), None, "it is counted where it is asked for");
}

#[tokio::test]
async fn packages_are_told_of_to_whoever_has_the_key_alone() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    server.visit(&topic, "anna").await.unwrap();
    let learners = &*server.report_token("anna").await.unwrap();
    for path in [format!("/api/v1/packages/{topic}"), "/api/v1/courses/Course".to_owned()] {
        for token in ["", "wrong", learners] {
            assert_eq!(
                server.get(&path, token).await.unwrap().problem(),
                (401, "key_invalid"),
                "{path} {token}"
            );
        }
    }
    assert_eq!(server.get("/api/v1/packages/none", KEY).await.unwrap().problem(), (404, "not_found"));
    let asked = server.get("/api/v1/packages?reporting=perhaps", KEY).await.unwrap();
    assert_eq!(asked.problem(), (400, "bad_query"));
}

/// What holds for a visit that is opened now.
async fn policy(server: &TestServer, topic: &str) -> Option<(Policy, bool)> {
    let visit: OpenedVisit = serde_json::from_value(server.visit(topic, "anna").await?).ok()?;
    Some((visit.policy, visit.asks_still_here))
}

#[tokio::test]
async fn a_course_is_judged_by_what_it_has_of_its_own() {
    let server = TestServer::start().await.unwrap();
    let zip = test_server::scorm_12().unwrap();
    let filed = "/api/v1/packages?course=Safety%2Fon%20board";
    let topic = server.post_bytes(filed, "application/zip", zip).await.unwrap().body["topic"].clone();
    let topic = topic.as_str().unwrap();
    let place = "/api/v1/courses/Safety%2Fon%20board";
    let own = server.app.config.policy;
    let nothing = json!({
        "course": "Safety/on board", "topics": 1, "version": 0, "settings": {},
        "holds": { "credit": "corroborated", "idle_limit_ms": 300_000, "tail_ms": 30_000, "still_here": false,
                   "external_hosts": "https" },
    });
    assert_eq!(server.get(place, KEY).await.unwrap().body, nothing);
    assert_eq!(policy(&server, topic).await, Some((own, false)));

    let settings = json!({ "credit": "measured", "idle_limit_ms": 120_000, "still_here": true });
    let told = server.put(place, &settings).await.unwrap();
    let truth = json!({
        "course": "Safety/on board", "topics": 1, "version": 1, "set_ms": START_MS, "settings": settings,
        "holds": { "credit": "measured", "idle_limit_ms": 120_000, "tail_ms": 30_000, "still_here": true,
                   "external_hosts": "https" },
    });
    assert_eq!((told.status.as_u16(), &told.body), (200, &truth));
    assert_eq!(server.get(place, KEY).await.unwrap().body, truth);
    let holds: Policy = serde_json::from_value(
        json!({ "credit": "measured", "idle_limit_ms": 120_000, "tail_ms": 30_000, "heartbeat_ms": own.heartbeat_ms }),
    )
    .unwrap();
    assert_eq!(policy(&server, topic).await, Some((holds, true)));

    #[rustfmt::skip]
    let refused = [
        (json!({ "idle_limit_ms": 9_999 }),          (422, "bad_settings")),
        (json!({ "idle_limit_ms": 3_600_001 }),      (422, "bad_settings")),
        (json!({ "tail_ms": -1 }),                   (422, "bad_settings")),
        (json!({ "credit": "generous" }),            (400, "bad_json")),
        (json!({ "idle_limit": 120 }),               (400, "bad_json")),
        (json!([]),                                  (400, "bad_json")),
    ];
    for (body, problem) in refused {
        assert_eq!(server.put(place, &body).await.unwrap().problem(), problem, "{body}");
    }
    let detail = server.put(place, &json!({ "tail_ms": -1 })).await.unwrap().body["detail"].clone();
    assert_eq!(detail, "tail_ms is -1; it may be 0 to 3600000, in milliseconds");
    assert_eq!(server.get(place, KEY).await.unwrap().body, truth, "nothing of it was kept");

    for _ in 0..2 {
        let back = server.delete(place).await.unwrap().body;
        assert_eq!((&back["version"], &back["settings"]), (&json!(2), &json!({})));
        assert_eq!(back["holds"], nothing["holds"]);
    }
    assert_eq!(policy(&server, topic).await, Some((own, false)));
}
