//! Scores and statuses that content could not set: the report flags them, and says what they were.
#![cfg(test)]

use seattime_testbed::test_server::{KEY, TestServer, commit};
use serde_json::{Value, json};

async fn row(server: &TestServer, query: &str) -> Value {
    let answer = server.get(&format!("/api/v1/report?{query}"), KEY).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["rows"][0].clone()
}

/// Sends the state of a session.
async fn tells(server: &TestServer, visit: &Value, seq: u64, refused: Value) {
    let mut message = commit(visit, seq, 60, "x");
    message["sessions"][0]["refused"] = refused;
    let answer = server.post("/run/v1/commits", &message).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn a_refused_score_is_flagged_and_named_until_one_is_taken() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(60_000);
    let score = json!({ "cmi.core.score.raw": ["120", 405], "cmi.core.score.max": ["150", 405] });
    tells(&server, &visit, 10, score).await;
    let found = row(&server, "learner=anna").await;
    assert_eq!(found["flags"], json!(["score_refused"]));
    let refused = json!([
        { "element": "cmi.core.score.max", "text": "150", "code": 405 },
        { "element": "cmi.core.score.raw", "text": "120", "code": 405 },
    ]);
    assert_eq!(found["details"][0]["refused"], refused);
    assert_eq!(found["details"][0]["flags"], json!(["score_refused"]));
    assert_eq!(row(&server, "flag=score_refused").await["learner"]["id"], "anna");
    assert_eq!(row(&server, "flag=status_refused").await, Value::Null);

    // An older message, and one that came before, change nothing.
    tells(&server, &visit, 5, json!({ "cmi.core.lesson_status": ["done", 405] })).await;
    assert_eq!(row(&server, "learner=anna").await["flags"], json!(["score_refused"]));

    tells(&server, &visit, 20, json!({ "cmi.core.lesson_status": ["a\u{10f03d}", 405] })).await;
    let found = row(&server, "flag=status_refused").await;
    assert_eq!((&found["flags"], &found["score"]), (&json!(["status_refused"]), &Value::Null));
    assert_eq!(found["details"][0]["refused"][0]["text"], "a\\ud83d", "half a character is shown as it is");

    tells(&server, &visit, 30, json!({})).await;
    let found = row(&server, "learner=anna").await;
    assert_eq!((&found["flags"], &found["details"][0]["refused"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn what_no_report_names_and_what_is_too_long_is_not_kept() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(60_000);
    let refused = json!({
        "cmi.core.score.raw": ["9".repeat(100_000), 405],
        "cmi.suspend_data": ["x", 405],
        "<b>": ["x", 405],
        "cmi.core.score.min": ["x", 0],
    });
    tells(&server, &visit, 10, refused).await;
    let found = row(&server, "learner=anna").await;
    let expected = json!([{ "element": "cmi.core.score.raw", "text": "9".repeat(64), "code": 405 }]);
    assert_eq!(found["details"][0]["refused"], expected);
}
