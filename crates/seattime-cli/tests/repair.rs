//! The repair commands as an operator meets them: asked before they write, killed in the middle, taken back.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use seattime_testing::legacy_lms_fixture;
use serde_json::Value;

/// Each of them brings a row of every kind: some thousand topics.
const LEARNERS: i64 = 150;

type Figures = BTreeMap<(&'static str, i64), (Option<i64>, Option<i64>)>;

fn seattime(folder: &Path, command: &[&str]) -> Command {
    let mut seattime = Command::new(env!("CARGO_BIN_EXE_seattime"));
    seattime.args(command).args(["--lms", "lms.sqlite3"]).current_dir(folder);
    seattime.env("USER", "operator").env_remove("SEATTIME_LMS").stdin(Stdio::null());
    seattime
}

/// How it ended, and what it said on its two ways out.
fn run(folder: &Path, command: &[&str]) -> Option<(Option<i32>, String, String)> {
    let output = seattime(folder, command).output().ok()?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Some((output.status.code(), text(&output.stdout), text(&output.stderr)))
}

fn fill(folder: &Path, learners: i64) -> rusqlite::Result<()> {
    let db = Connection::open(folder.join("lms.sqlite3"))?;
    let rows: String =
        (0..learners).map(|it| legacy_lms_fixture::inserts(&legacy_lms_fixture::rows_of(it))).collect();
    db.execute_batch(&format!(
        "BEGIN; {} {rows} COMMIT; {}",
        legacy_lms_fixture::SQLITE,
        legacy_lms_fixture::INDEXES
    ))
}

fn figures(folder: &Path) -> rusqlite::Result<Figures> {
    let db = Connection::open(folder.join("lms.sqlite3"))?;
    let mut figures = Figures::new();
    for (table, query) in [
        ("topic", "SELECT id, total_time_spent, attempts FROM courses_topicprogress"),
        ("attempt", "SELECT id, total_time_seconds, session_time_seconds FROM scorm_scormattempt"),
    ] {
        let mut statement = db.prepare(query)?;
        let rows = statement.query_map([], |row| Ok(((table, row.get(0)?), (row.get(1)?, row.get(2)?))))?;
        for row in rows {
            let (key, value) = row?;
            figures.insert(key, value);
        }
    }
    Ok(figures)
}

/// What fix-scorm-time should come to, as it is written down by hand.
fn truth(learners: i64) -> Figures {
    let mut figures = Figures::new();
    for rows in (0..learners).map(legacy_lms_fixture::rows_of) {
        for (id, _, _, kind) in rows.topics {
            let topic = &kind.topic;
            figures.insert(("topic", id), (topic.after_scorm, topic.attempts));
        }
        for (id, _, (.., after)) in rows.attempts {
            figures.insert(("attempt", id), after);
        }
    }
    figures
}

#[test]
fn nothing_is_written_unasked() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1).unwrap();
    let before = figures(folder.path()).unwrap();
    let (code, _, said) = run(folder.path(), &["fix-scorm-time"]).unwrap();
    assert_eq!(code, Some(1));
    assert!(
        said.contains("fix-scorm-time changes scorm_scormattempt.total_time_seconds, ")
            && said.contains("say --yes to go on, or --dry-run"),
        "{said}"
    );
    let (code, told, _) = run(folder.path(), &["fix-scorm-time", "--dry-run"]).unwrap();
    assert_eq!(code, Some(0));
    assert!(told.contains("would be changed: courses_topicprogress "), "{told}");
    assert!(told.ends_with("nothing was written: a dry run\n"), "{told}");
    assert_eq!(figures(folder.path()).unwrap(), before);
    assert!(!folder.path().join("seattime-records").exists());
}

#[test]
fn killed_at_any_moment_and_started_again_it_ends_as_if_it_had_run_once() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), LEARNERS).unwrap();
    let before = figures(folder.path()).unwrap();
    let mut killed = 0;
    // Each run is killed as soon as it has told of so many rows, while it is at the next ones.
    for lines in (1_500..).step_by(1_500) {
        let mut command = seattime(folder.path(), &["fix-scorm-time", "--yes", "--json"]);
        let mut running = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(running.stdout.take().unwrap());
        let told = out.lines().take(lines).filter(Result::is_ok).count();
        if told < lines {
            assert!(running.wait().unwrap().success());
            break;
        }
        running.kill().unwrap();
        running.wait().unwrap();
        killed += 1;
    }
    assert!(killed >= 3, "{killed} times");
    assert_eq!(figures(folder.path()).unwrap(), truth(LEARNERS));

    // One undo file, whole, of all that was changed by all runs.
    let records = folder.path().join("seattime-records");
    let mut names: Vec<String> = std::fs::read_dir(&records)
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["audit.jsonl", "fix-scorm-time-1.undo.jsonl"]);
    let (code, told, _) =
        run(folder.path(), &["undo", "seattime-records/fix-scorm-time-1.undo.jsonl", "--yes", "--json"])
            .unwrap();
    assert_eq!(code, Some(0));
    assert_eq!(figures(folder.path()).unwrap(), before);
    let summary: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let expected = truth(LEARNERS).iter().filter(|(key, value)| before[key] != **value).count();
    assert_eq!(summary["summary"]["outcomes"]["changed"], expected);

    let audit = std::fs::read_to_string(records.join("audit.jsonl")).unwrap();
    let audit: Vec<Value> = audit.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(audit.len(), killed + 4, "each that began, and the two that came to an end");
    assert!(audit.iter().all(|it| it["by"] == "operator"));
    assert_eq!(audit.last().unwrap()["command"], "undo");
}

#[test]
fn each_row_is_a_line_for_people_or_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1).unwrap();
    let (_, told, _) = run(folder.path(), &["sync-time-spent", "--dry-run"]).unwrap();
    assert!(
        told.contains(
            "would be changed: courses_topicprogress 1 (learner 1, topic 1): total_time_spent 0 -> 754, \
             progress_data says total_viewing_time 754, 0h 12m 34s\n"
        ),
        "{told}"
    );
    let (_, told, _) =
        run(folder.path(), &["sync-time-spent", "--dry-run", "--json", "--user-id", "1"]).unwrap();
    let first: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    let expected: Value = serde_json::from_str(
        r#"{"table": "courses_topicprogress", "id": 1, "learner": 1, "topic": 1, "outcome": "changed",
            "changes": [{"column": "total_time_spent", "from": 0, "to": 754}], "basis": "video_time",
            "why": "progress_data says total_viewing_time 754, 0h 12m 34s"}"#,
    )
    .unwrap();
    assert_eq!(first, expected);
    // What was below zero counts from 0.
    let last: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(last["summary"]["seconds_more"], 754 + 61 + 12 + 95 + 280 + 301);
    let (_, told, _) = run(folder.path(), &["sync-time-spent", "--dry-run", "--changes-only"]).unwrap();
    assert_eq!(told.lines().filter(|it| it.contains("(learner ")).count(), 6);
}
