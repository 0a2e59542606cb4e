//! `verify` as whoever runs a server meets it: beside the running server, with and without something to find.

mod running;

use std::path::Path;
use std::process::Command;

use running::{Running, commit};
use serde_json::Value;

/// What `seattime verify` says, and how it ends.
fn verify(data: &Path, more: &[&str]) -> Option<(Option<i32>, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seattime"));
    command.args(["verify", "--data"]).arg(data).args(more).env_remove("SEATTIME_DATABASE");
    let output = command.output().ok()?;
    Some((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[test]
fn what_the_report_shows_is_compared_with_what_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Running::start(&data, &[]).unwrap();
    for learner in ["anna", "berta"] {
        let visit = server.visit(learner).unwrap();
        assert_eq!(server.post("/run/v1/commits", &commit(&visit, 1, "x")).unwrap().status, 200);
    }
    // Nobody asked for the report: what it would show is not said to be true.
    let told = verify(&data, &[]).unwrap();
    assert_eq!(told, (Some(0), "0 rows compared: 0 differ; 2 more wait to be derived\n".to_owned()));
    assert_eq!(server.get("/api/v1/report").unwrap().body["rows"].as_array().unwrap().len(), 2);
    let fine = (Some(0), "2 rows compared: 0 differ; 0 more wait to be derived\n".to_owned());
    assert_eq!(verify(&data, &[]).unwrap(), fine);
    assert_eq!(verify(&data, &["--tenant", "nobody"]).unwrap().1.split(' ').next(), Some("0"));

    let db = rusqlite::Connection::open(data.join("seattime.db")).unwrap();
    #[rustfmt::skip]
    let cases = [
        // what somebody did                                                                   and what is said of it
        ("UPDATE standing SET row = json_set(row, '$.time_spent_ms', 930000) WHERE {anna}",    "time_spent_ms: kept 930000, derived "),
        ("UPDATE standing SET row = json_set(row, '$.status', 'passed') WHERE {anna}",         "status: kept \"passed\", derived \"incomplete\""),
        ("UPDATE standing SET status = 'passed' WHERE {anna}",                                 "column status: kept \"passed\", derived \"incomplete\""),
        ("UPDATE standing SET time_ms = 7 WHERE {anna}",                                       "column time_ms: kept 7, derived "),
        ("DELETE FROM standing WHERE {anna}",                                                  "the row: kept none, derived one"),
        ("UPDATE attempt SET number = 2 WHERE {anna}",                                         "numbers of attempts: kept [2], expected 1 to 1"),
        ("DELETE FROM attempt WHERE {anna}",                                                   "the row: kept one, derived none"),
    ];
    for (done, said) in cases {
        let done = done.replace("{anna}", "learner = (SELECT id FROM learner WHERE lms_id = 'anna')");
        let tables = ["standing", "attempt"];
        for it in tables {
            db.execute_batch(&format!("CREATE TABLE kept_{it} AS SELECT * FROM {it}")).unwrap();
        }
        assert_eq!(db.execute(&done, []).unwrap(), 1, "{done}");
        let (code, text) = verify(&data, &[]).unwrap();
        assert_eq!(code, Some(1), "{done}: {text}");
        assert!(text.contains("anna, Course, Topic: ") && text.contains(said), "{done}: {text}");
        assert!(text.contains("2 rows compared: 1 differs") && !text.contains("berta"), "{done}: {text}");
        let (_, text) = verify(&data, &["--json"]).unwrap();
        let told: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told[0]["learner"]["id"], "anna", "{text}");
        for it in tables {
            db.execute_batch(&format!(
                "DELETE FROM {it}; INSERT INTO {it} SELECT * FROM kept_{it}; DROP TABLE kept_{it}"
            ))
            .unwrap();
        }
    }
    assert_eq!(verify(&data, &[]).unwrap(), fine, "put back");
}
