//! PDFs as topics: what is taken, how it is shown, what counts, and when it is completed.
#![cfg(test)]

use seattime_testbed::test_server::{self, TestServer};
use serde_json::{Value, json};

const PDF: &[u8] = b"%PDF-1.4 ten pages, which nothing here reads";

/// A message after `seconds` of reading, in which pages were seen as told, counted from 0.
fn message(visit: &Value, seq: u64, seconds: i64, pages: u32, seen: &[(i64, i64)]) -> Option<Value> {
    let opened_ms = visit.get("server_ms")?.as_i64()?;
    let activity = visit.get("activities")?.get(0)?;
    let ms = seconds * 1_000;
    Some(json!({
        "v": 1, "token": visit.get("token")?, "visit": visit.get("visit")?, "lease": visit.get("lease")?, "seq": seq,
        "reason": "hidden", "sent_date_ms": opened_ms + ms,
        "stretches": [{ "n": 0, "start_date_ms": opened_ms, "sent_at_ms": ms }],
        "sessions": [{ "n": 1, "seq": 1, "kind": "asset", "activity": activity.get("id")?, "try": 1, "state": "left",
            "span": [[0, 0, ms]], "reported": { "state": "unset" } }],
        "time": { "evidence": [[0, 0, ms, "human"]], "visible": [[0, 0, ms]] },
        "documents": [{ "key": activity.get("url")?, "seq": seq, "pages": pages, "seen": seen }],
    }))
}

#[tokio::test]
async fn a_pdf_is_completed_by_its_pages_and_its_time_is_presence() {
    let server = TestServer::start().await.unwrap();
    let fields: &[(&str, &[u8])] =
        &[("title", b"Fire drill"), ("course", b"Safety"), ("file", PDF), ("threshold", b"80")];
    let topic = server.media(fields).await.unwrap();
    assert_eq!(server.media(fields).await.as_ref(), Some(&topic), "the same once more is found");

    let first = server.visit(&topic, "anna").await.unwrap();
    let activity = &first["activities"][0];
    assert_eq!((&activity["kind"], &activity["title"]), (&json!("asset"), &json!("Fire drill")));
    assert!(activity["url"].as_str().unwrap().ends_with("/document.pdf"), "{activity}");
    server.advance(300_000);
    let answer =
        server.post("/run/v1/commits", &message(&first, 4, 300, 10, &[(0, 4), (6, 7)]).unwrap()).await;
    assert_eq!(answer.unwrap().status.as_u16(), 200);
    let row = server.rows().await.unwrap().remove(0);
    assert_eq!((&row["kind"], &row["status"]), (&json!("document"), &json!("incomplete")));
    assert_eq!((&row["progress_percent"], &row["time_spent"]), (&json!(50), &json!("0h 5m 0s")));
    let seen = json!([{ "key": format!("{topic}/document.pdf"), "pages": 10, "seen_pages": 5, "seen": [[1, 4], [7, 7]] }]);
    assert_eq!(row["documents"], seen);

    // What both visits saw counts once: pages 1 to 8, which is 80 %.
    let second = server.visit(&topic, "anna").await.unwrap();
    assert_eq!(second["activities"][0]["status"], "incomplete");
    server.advance(60_000);
    server.post("/run/v1/commits", &message(&second, 4, 60, 10, &[(3, 8)]).unwrap()).await.unwrap();
    let row = server.rows().await.unwrap().remove(0);
    assert_eq!((&row["status"], &row["progress_percent"]), (&json!("completed"), &json!(80)));
    assert_eq!((&row["time_spent"], &row["attempts"]), (&json!("0h 6m 0s"), &json!(1)));
    let listed = server.get("/api/v1/report?kind=document", test_server::KEY).await.unwrap();
    assert_eq!(listed.body["rows"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn pages_seen_inside_a_package_are_told_and_decide_nothing() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(60_000);
    let mut sent = test_server::commit(&visit, 5, 60, "x");
    let key = format!("/content/grant/{topic}/handout.pdf");
    sent["documents"] = json!([{ "key": key, "seq": 3, "pages": 30, "seen": [[0, 12]] }]);
    assert_eq!(server.post("/run/v1/commits", &sent).await.unwrap().status.as_u16(), 200);
    let row = server.rows().await.unwrap().remove(0);
    let seen =
        json!([{ "key": format!("{topic}/handout.pdf"), "pages": 30, "seen_pages": 12, "seen": [[1, 12]] }]);
    assert_eq!((&row["documents"], &row["status"]), (&seen, &json!("incomplete")));
    assert_eq!((&row["progress_percent"], &row["time_spent"]), (&Value::Null, &json!("0h 1m 0s")));
}

#[tokio::test]
async fn a_pdf_has_no_captions() {
    let server = TestServer::start().await.unwrap();
    let fields: &[(&str, &[u8])] = &[("title", b"A"), ("file", PDF), ("captions", b"WEBVTT\n")];
    assert_eq!(server.import_media(fields).await.unwrap().problem(), (422, "media_captions_bad"));
}
