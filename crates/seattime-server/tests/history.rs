//! What an LMS kept before its courses ran here, as the report, its weeks and its files tell it.
#![cfg(test)]

use seattime_server::config::TENANT;
use seattime_server::store::{History, HistoryKept, NewLearner};
use seattime_testbed::test_server::{KEY, START_MS, TestServer, commit};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;

/// A server whose learner anna was there for ten minutes, of whom an LMS had kept 50 minutes and two attempts at the same
/// topic, and half an hour and one attempt at a film that was never imported.
async fn server_with_history() -> Option<(TestServer, String)> {
    let server = TestServer::start().await?;
    let topic = server.course().await?;
    let rows = [(topic.as_str(), 50, 2), ("lms:17", 30, 1)].map(|(topic, minutes, attempts)| History {
        learner: NewLearner { lms_id: "anna".to_owned(), name: String::new(), groups: None },
        course: "Old course".to_owned(),
        topic: topic.to_owned(),
        kept_as: Vec::new(),
        even_begun: false,
        title: "Old film".to_owned(),
        kind: "video".to_owned(),
        time_ms: minutes * MINUTE_MS + 999,
        attempts,
    });
    let kept = server.app.store.keep_history(TENANT, rows.to_vec(), START_MS).await.ok()?;
    assert_eq!(kept, [HistoryKept::New; 2]);
    let visit = server.visit(&topic, "anna").await?;
    server.advance(10 * MINUTE_MS);
    assert_eq!(server.post("/run/v1/commits", &commit(&visit, 1, 600, "page")).await?.status, 200);
    Some((server, topic))
}

async fn told(server: &TestServer, path: &str) -> Value {
    let answer = server.get(&format!("/api/v1/report{path}"), KEY).await.unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

#[tokio::test]
async fn the_report_tells_what_is_from_before_and_adds_it_once() {
    let (server, topic) = server_with_history().await.unwrap();
    let report = told(&server, "?learner=anna&sort=course&order=asc").await;
    let rows = report["rows"].as_array().unwrap();
    #[rustfmt::skip]
    let truth = [
        // topic_id      course        title       kind          time     before   attempts before provenance    status
        (topic.as_str(), "Course",     "Topic",    "scorm_1.2",  3_600_999, 3_000_999, 3,   2,     "mixed",      "incomplete"),
        ("lms:17",       "Old course", "Old film", "video",      1_800_999, 1_800_999, 1,   1,     "backfilled", "unknown"),
    ];
    assert_eq!(rows.len(), truth.len());
    for (row, it) in rows.iter().zip(truth) {
        assert_eq!(
            (&row["topic_id"], &row["course"], &row["topic"]),
            (&json!(it.0), &json!(it.1), &json!(it.2))
        );
        assert_eq!((&row["kind"], &row["time_spent_ms"]), (&json!(it.3), &json!(it.4)));
        assert_eq!((&row["backfilled_ms"], &row["attempts"]), (&json!(it.5), &json!(it.6)));
        assert_eq!((&row["backfilled_attempts"], &row["provenance"]), (&json!(it.7), &json!(it.8)));
        assert_eq!(row["status"], json!(it.9));
        let part = &row["details"][0];
        assert_eq!((&part["state"], &part["credited_ms"]), (&json!("backfilled"), &json!(it.5)));
        assert_eq!(part["started_ms"], json!(0));
    }
    let whole = &report["totals"][0];
    assert_eq!((&whole["credited_ms"], &whole["backfilled_ms"]), (&json!(5_401_998), &json!(4_801_998)));
    let courses: Vec<&Value> =
        whole["courses"].as_array().unwrap().iter().map(|it| &it["credited_ms"]).collect();
    assert_eq!(courses, [&json!(3_600_999), &json!(1_800_999)]);

    let unknown = told(&server, "?status=unknown").await;
    assert_eq!(
        (unknown["rows"].as_array().unwrap().len(), &unknown["rows"][0]["topic_id"]),
        (1, &json!("lms:17"))
    );
    assert_eq!(told(&server, "?missing=any").await["rows"].as_array().unwrap().len(), 0);
    // It has a report of its own, and nothing that could be launched.
    assert!(server.report_token("anna").await.is_some());
    let body = json!({ "learner": { "id": "anna", "name": "Anna" }, "topic": "lms:17" });
    assert_eq!(server.post("/api/v1/launches", &body).await.unwrap().problem(), (404, "not_found"));
    let visits = server.get("/api/v1/report/visits?learner=anna&course=Old%20course&topic=lms:17", KEY).await;
    assert_eq!(visits.unwrap().problem(), (404, "not_found"));
}

#[tokio::test]
async fn what_is_from_before_lies_in_no_period_and_no_week() {
    let (server, topic) = server_with_history().await.unwrap();
    // 2023-11-14T22:13:20Z, and the year before.
    let report = told(&server, "?from=2023-11-14&to=2023-11-14&learner=anna").await;
    let rows = report["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["topic_id"]), (1, &json!(topic)), "of the film, no visit is known");
    let in_period =
        |of: &Value| (of["in_period"]["time_spent_ms"].clone(), of["in_period"]["attempts"].clone());
    assert_eq!(in_period(&rows[0]), (json!(600_000), json!(1)));
    assert_eq!(in_period(&report["totals"][0]), (json!(600_000), json!(1)));
    assert_eq!(report["totals"][0]["backfilled_ms"], json!(4_801_998), "whenever it was");
    assert_eq!(told(&server, "?to=2023-11-13").await["rows"], json!([]));

    let weeks = told(&server, "/weeks?learner=anna").await;
    let credited: Vec<&Value> =
        weeks["weeks"].as_array().unwrap().iter().map(|it| &it["credited_ms"]).collect();
    assert_eq!((credited, &weeks["backfilled_ms"]), (vec![&json!(600_000)], &json!(4_801_998)));
    assert_eq!(told(&server, "/weeks?learner=nobody").await.get("backfilled_ms"), None);
}

#[tokio::test]
async fn files_tell_what_is_from_before_in_columns_of_its_own() {
    let (server, _) = server_with_history().await.unwrap();
    let file = server.get("/api/v1/report/export?format=csv&sort=course&order=asc", KEY).await.unwrap();
    let text = std::str::from_utf8(&file.bytes).unwrap().strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().unwrap().clone();
    let truth = [["3600", "3000", "3", "2", "mixed"], ["1800", "1800", "1", "1", "backfilled"]];
    for (row, truth) in reader.records().zip(truth) {
        let row = row.unwrap();
        let cell = |name| names.iter().position(|it| it == name).and_then(|n| row.get(n)).unwrap();
        let found =
            ["time_spent_s", "backfilled_s", "attempts", "backfilled_attempts", "provenance"].map(cell);
        assert_eq!(found, truth);
    }
    let file = told(&server, "/export?format=json&sort=course&order=asc").await;
    let before: Vec<&Value> =
        file["rows"].as_array().unwrap().iter().map(|it| &it["backfilled_ms"]).collect();
    assert_eq!(before, [&json!(3_000_999), &json!(1_800_999)]);
}
