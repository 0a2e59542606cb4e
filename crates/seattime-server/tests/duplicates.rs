//! The same commit again, to the byte: it is judged as ever, and costs the writer nothing.

use seattime_testbed::test_server::{self, TestServer, commit};
use serde_json::{Value, json};

/// A server with a visit of one learner.
async fn started() -> Option<(TestServer, String, Value)> {
    let server = TestServer::start().await?;
    let topic = server.course().await?;
    let visit = server.visit(&topic, "anna").await?;
    Some((server, topic, visit))
}

#[tokio::test]
async fn it_is_acknowledged_as_often_as_it_comes_and_counts_once() {
    let (server, topic, visit) = started().await.unwrap();
    server.advance(600_000);
    let body = commit(&visit, 4, 600, "page 3");
    for n in 0..3 {
        server.advance(1_000);
        let answer = server.post("/run/v1/commits", &body).await.unwrap();
        let receipt = json!({ "acked": 4, "server_ms": test_server::START_MS + 601_000 + n * 1_000, "heartbeat_ms": 30_000 });
        assert_eq!((answer.status.as_u16(), answer.body), (200, receipt));
    }
    assert_eq!(server.rows().await.unwrap()[0]["time_spent_ms"], 600_000);
    let next = server.visit(&topic, "anna").await.unwrap();
    assert_eq!(next["values"]["item"]["cmi.core.lesson_location"], "page 3");
}

#[tokio::test]
async fn it_is_superseded_once_a_newer_visit_has_the_lease() {
    let (server, topic, visit) = started().await.unwrap();
    let body = commit(&visit, 4, 0, "page 3");
    for _ in 0..2 {
        assert_eq!(server.post("/run/v1/commits", &body).await.unwrap().status, 200);
    }
    server.visit(&topic, "anna").await.unwrap();
    for _ in 0..2 {
        let answer = server.post("/run/v1/commits", &body).await.unwrap();
        assert_eq!(answer.problem(), (409, "superseded"));
        assert_eq!(answer.body["acked"], 4);
    }
}

#[tokio::test]
async fn its_token_is_renewed_and_expires_as_any_other() {
    const DAY_MS: i64 = 86_400_000;
    let (server, _, visit) = started().await.unwrap();
    let body = commit(&visit, 1, 0, "x");
    let send = async || server.post("/run/v1/commits", &body).await;
    assert!(send().await.unwrap().body["token"].is_null(), "it is fresh");
    server.advance(16 * 60_000);
    for _ in 0..2 {
        assert!(send().await.unwrap().body["token"].is_string(), "past half its life, a new one is sent");
    }
    server.advance(31 * DAY_MS);
    assert_eq!(send().await.unwrap().problem(), (401, "token_expired"));
    let token = visit["token"].as_str().unwrap();
    for (token, code) in [("", "token_missing"), (&token[..token.len() - 1], "token_invalid")] {
        let mut other = body.clone();
        other["token"] = json!(token);
        assert_eq!(server.post("/run/v1/commits", &other).await.unwrap().problem(), (401, code));
    }
}

#[tokio::test]
async fn it_keeps_its_visit_open_and_opens_one_that_was_closed() {
    let (server, _, visit) = started().await.unwrap();
    server.advance(60_000);
    let body = commit(&visit, 1, 60, "x");
    let send = async || server.post("/run/v1/commits", &body).await.filter(|it| it.status == 200);
    let state = async || Some(server.rows().await?.remove(0)["details"][0]["state"].as_str()?.to_owned());
    send().await.unwrap();
    server.advance(9 * 60_000);
    send().await.unwrap();
    server.advance(9 * 60_000);
    server.app.sweep().await;
    assert_eq!(state().await.as_deref(), Some("running"), "it was heard of nine minutes ago");
    server.advance(2 * 60_000);
    server.app.sweep().await;
    assert_eq!(state().await.as_deref(), Some("abandoned"));
    for _ in 0..2 {
        send().await.unwrap();
        assert_eq!(state().await.as_deref(), Some("running"));
    }
}

#[tokio::test]
async fn it_asks_for_a_text_until_that_is_there() {
    let (server, topic, visit) = started().await.unwrap();
    let mut body = commit(&visit, 9, 0, "x");
    body["sessions"][0]["parted"] = json!({ "cmi.suspend_data": 7 });
    let answer = async || {
        let answer = server.post("/run/v1/commits", &body).await?;
        Some((answer.body["acked"].as_u64()?, answer.body["need_full"].as_bool().unwrap_or(false)))
    };
    for _ in 0..2 {
        assert_eq!(answer().await, Some((0, true)), "its text has not come");
    }
    let part = json!({ "v": 1, "token": visit["token"], "visit": visit["visit"], "lease": visit["lease"], "seq": 7,
                       "n": 0, "of": 1, "text": "long" });
    assert_eq!(server.post("/run/v1/parts", &part).await.unwrap().status, 200);
    for _ in 0..2 {
        assert_eq!(answer().await, Some((9, false)));
    }
    let next = server.visit(&topic, "anna").await.unwrap();
    assert_eq!(next["values"]["item"]["cmi.suspend_data"], "long");
}

#[tokio::test]
async fn it_is_refused_when_it_comes_too_often() {
    use seattime_server::faults::NoFaults;
    use seattime_server::limits::Rate;

    let server = TestServer::start_as(NoFaults, |config| {
        config.limits.commits = Rate { at_once: 3, a_minute: 60 };
    });
    let server = server.await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    let body = commit(&visit, 1, 0, "x");
    for _ in 0..3 {
        assert_eq!(server.post("/run/v1/commits", &body).await.unwrap().status, 200);
    }
    assert_eq!(server.post("/run/v1/commits", &body).await.unwrap().problem(), (429, "too_often"));
}
