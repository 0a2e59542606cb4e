//! `recompute` as whoever runs a server meets it: beside the running server, told before it is done, and done once.

mod running;

use std::path::Path;
use std::process::Command;

use running::{Running, commit};
use serde_json::{Value, json};

/// What `seattime recompute` says, and how it ends.
fn recompute(data: &Path, more: &[&str]) -> Option<(Option<i32>, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seattime"));
    command.args(["recompute", "--data"]).arg(data).args(more);
    for variable in ["SEATTIME_DATABASE", "SEATTIME_CREDIT", "SEATTIME_IDLE_LIMIT", "SEATTIME_TAIL"] {
        command.env_remove(variable);
    }
    let output = command.output().ok()?;
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    Some((output.status.code(), String::from_utf8_lossy(&text).into_owned()))
}

#[test]
fn what_is_kept_is_judged_anew_beside_the_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Running::start(&data, &[]).unwrap();
    for learner in ["anna", "berta"] {
        let visit = server.visit(learner).unwrap();
        // Five seconds are within the tolerance of what was seen, which is nothing.
        let mut told = commit(&visit, 1, "x");
        told["sessions"][0]["reported"] = json!({ "state": "set", "ms": 5_000, "at": [0, 0] });
        assert_eq!(server.post("/run/v1/commits", &told).unwrap().status, 200);
    }
    let spent = || {
        let rows = server.get("/api/v1/report").unwrap().body["rows"].as_array().unwrap().clone();
        let mut spent: Vec<_> =
            rows.iter().map(|it| (it["learner"]["id"].clone(), it["time_spent_ms"].clone())).collect();
        spent.sort_by_key(|it| it.0.to_string());
        spent
    };
    let (anna, berta, both) = (json!("anna"), json!("berta"), json!(5_000));
    let before = vec![(anna.clone(), both.clone()), (berta.clone(), both.clone())];
    assert_eq!(spent(), before);

    let line =
        "anna, Course, Topic: 0h 0m 5s → 0h 0m 0s (credit corroborated → measured); reported → measured";
    let anna_alone = ["--credit", "measured", "--learner", "anna", "--course", "Course"];
    let (code, text) = recompute(&data, &[&anna_alone[..], &["--dry-run"]].concat()).unwrap();
    assert!(code == Some(0) && text.contains(line) && text.contains("nothing was written"), "{text}");
    assert_eq!(spent(), before);
    let (code, text) =
        recompute(&data, &[&anna_alone[..], &["--by", "an auditor", "--json"]].concat()).unwrap();
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, told.as_array().unwrap().len()), (Some(0), 1), "{text}");
    assert_eq!(
        (&told[0]["before"]["time_spent_ms"], &told[0]["after"]["time_spent_ms"]),
        (&json!(5_000), &json!(0))
    );
    assert_eq!(spent(), vec![(anna, json!(0)), (berta, both)]);
    let (code, text) = recompute(&data, &anna_alone).unwrap();
    assert!(code == Some(0) && text.contains("1 rows looked at: 0 change"), "{text}");

    let db = rusqlite::Connection::open(data.join("seattime.db")).unwrap();
    let found: Vec<(String, String, i64)> = db
        .prepare("SELECT who, what, json_extract(was, '$.time_spent_ms') - json_extract(became, '$.time_spent_ms') FROM audit")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(found, [("an auditor".to_owned(), "recompute".to_owned(), 5_000)]);

    // What a course has of its own wins over what the command says.
    let own = server.send("PUT", "/api/v1/courses/Course", br#"{"credit": "measured"}"#).unwrap();
    assert_eq!(own.status, 200, "{}", own.body);
    let (code, text) = recompute(&data, &["--dry-run", "--course", "Course"]).unwrap();
    let line = "berta, Course, Topic: 0h 0m 5s → 0h 0m 0s (credit corroborated → measured)";
    assert!(code == Some(0) && text.contains(line) && text.contains("2 rows looked at: 1 change"), "{text}");

    let (code, text) = recompute(folder.path(), &[]).unwrap();
    assert!(code == Some(1) && text.contains("--data"), "{text}");
    let (code, text) = recompute(&data, &["--idle-limit", "5"]).unwrap();
    assert!(code == Some(2) && text.contains("10..=3600"), "{text}");
}
