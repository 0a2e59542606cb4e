//! What is logged: each line of a request names it, as its answer does.

mod running;

use running::{Running, commit};
use serde_json::{Value, json};

#[test]
fn a_failure_is_logged_with_the_id_that_the_client_was_told() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("data");
    // With nothing said of what is logged: warnings and errors are.
    let server = Running::start(&folder, &["--log-format", "json"]).unwrap();
    let visit = server.visit("anna").unwrap();
    let database = rusqlite::Connection::open(folder.join("seattime.db")).unwrap();
    database.execute_batch("ALTER TABLE value RENAME TO gone").unwrap();
    let answer = server.post("/run/v1/commits", &commit(&visit, 1, "page-7")).unwrap();
    assert_eq!((answer.status, answer.code()), (503, "unavailable"));
    let id = answer.body["request_id"].as_str().unwrap();
    assert_eq!(answer.header("x-request-id"), Some(id));
    let logged = server.logged().unwrap();
    let lines: Vec<Value> = logged.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert!(!lines.is_empty());
    for line in lines {
        assert_eq!(line["level"], "ERROR", "{logged}");
        assert_eq!(line["span"]["request_id"], json!(id), "{logged}");
        assert_eq!(line["span"]["route"], "/run/v1/commits", "{logged}");
        assert!(line["message"].is_string() && line["timestamp"].is_string(), "{logged}");
    }
    assert!(!logged.contains("page-7") && !logged.contains("anna"), "{logged}");
}
