//! Commits: what is kept, what is refused, and that neither order nor repetition matters.

use seattime_testbed::test_server::{self, TestServer, commit};
use serde_json::{Value, json};

#[tokio::test]
async fn a_commit_is_kept_and_told_back_with_the_next_visit() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    assert_eq!(visit["values"]["item"]["cmi.core.entry"], "ab-initio");
    assert_eq!(visit["values"]["item"]["cmi.student_data.mastery_score"], "80");
    server.advance(600_000);
    let answer = server.post("/run/v1/commits", &commit(&visit, 4, 600, "page 3")).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body["acked"].as_u64()), (200, Some(4)));

    let rows = server.rows().await.unwrap();
    assert_eq!(rows[0]["time_spent"], "0h 10m 0s");
    assert_eq!((&rows[0]["attempts"], &rows[0]["provenance"]), (&json!(1), &json!("measured")));
    let next = server.visit(&topic, "anna").await.unwrap();
    let values = &next["values"]["item"];
    assert_eq!(values["cmi.core.lesson_location"], "page 3");
    assert_eq!(values["cmi.core.entry"], "", "1.2: resume is for suspend alone");
    assert_eq!(values["cmi.core.total_time"], "00:10:00.00", "nothing was reported, so what was measured");
    assert_eq!(next["lease"], 601, "no less than the attempt's age in seconds");
}

#[tokio::test]
async fn bad_commits_are_refused_whole_and_nothing_of_them_is_kept() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let (mine, other) =
        (server.visit(&topic, "anna").await.unwrap(), server.visit(&topic, "berta").await.unwrap());
    let good = commit(&mine, 1, 60, "x");
    let with = |field: &str, value: Value| {
        let mut bad = good.clone();
        bad[field] = value;
        bad.to_string().into_bytes()
    };
    let token = mine["token"].as_str().unwrap();
    let forged = format!("{}x", &token[..token.len() - 1]);
    let whole = server.visit_of_an_earlier_page(&topic, "clara").await.unwrap();
    let unsigned = format!(
        "eyJhbGciOiJub25lIiwidHlwIjoic2VhdHRpbWUtdmlzaXQrand0In0.{}.",
        whole["token"].as_str().unwrap().split('.').nth(1).unwrap()
    );
    let huge = vec![b' '; 256 * 1024 + 1];
    let good_bytes = good.to_string().into_bytes();
    #[rustfmt::skip]
    let cases: &[(&str, Vec<u8>, &str, (u16, &str))] = &[
        // what                    body                                     type                  answer
        ("no JSON",                b"location=3".to_vec(),                  "application/json",   (400, "bad_json")),
        ("broken UTF-8",           vec![b'"', 0xff, b'"'],                  "application/json",   (400, "bad_json")),
        ("another shape",          b"[]".to_vec(),                          "application/json",   (400, "bad_json")),
        ("a negative number",      with("seq", json!(-1)),                  "application/json",   (400, "bad_json")),
        ("another version",        with("v", json!(2)),                     "application/json",   (400, "bad_version")),
        ("too long",               huge,                                    "application/json",   (413, "too_large")),
        ("a form",                 good_bytes,                              "multipart/form-data", (415, "unsupported_type")),
        ("no token",               with("token", json!("")),                "application/json",   (401, "token_missing")),
        ("a forged token",         with("token", json!(forged)),            "application/json",   (401, "token_invalid")),
        ("an unsigned token",      with("token", json!(unsigned)),          "application/json",   (401, "token_invalid")),
        ("a launch's token",       with("token", mine["launch_token"].clone()), "application/json", (401, "token_invalid")),
        ("somebody else's token",  with("token", other["token"].clone()),   "application/json",   (404, "not_found")),
        ("another visit",          with("visit", other["visit"].clone()),   "application/json",   (404, "not_found")),
        ("another lease",          with("lease", json!(7)),                 "application/json",   (404, "not_found")),
    ];
    for (what, body, kind, expected) in cases {
        let answer = server.post_bytes("/run/v1/commits", kind, body.clone()).await.unwrap();
        assert_eq!(answer.problem(), *expected, "{what}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}");
    }
    assert_eq!(server.told_rows().await.unwrap(), Vec::<Value>::new(), "nothing was kept");
    let text =
        server.post_bytes("/run/v1/commits", "text/plain;charset=UTF-8", good.to_string().into_bytes());
    assert_eq!(text.await.unwrap().status, 200, "a beacon sends text");
}

#[tokio::test]
async fn a_bad_value_is_refused_alone() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    let mut body = commit(&visit, 9, 60, "page 1");
    body["sessions"][0]["set"]["cmi.core.score.raw"] = json!(["101", 7]);
    body["sessions"][0]["set"]["cmi.core.student_id"] = json!(["eve", 8]);
    body["sessions"][0]["set"]["__proto__"] = json!(["x", 9]);
    let answer = server.post("/run/v1/commits", &body).await.unwrap();
    assert_eq!(answer.status, 200);
    let refused: Vec<_> = answer.body["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["element"].as_str(), it["code"].as_u64()))
        .collect();
    assert_eq!(
        refused,
        [
            (Some("__proto__"), Some(401)),
            (Some("cmi.core.score.raw"), Some(405)),
            (Some("cmi.core.student_id"), Some(403))
        ]
    );
    let next = server.visit(&topic, "anna").await.unwrap();
    assert_eq!(next["values"]["item"]["cmi.core.lesson_location"], "page 1");
    assert_eq!(next["values"]["item"]["cmi.core.student_id"], "anna");
}

#[tokio::test]
async fn any_order_and_any_repetition_of_commits_comes_to_the_same() {
    let mut seen = Vec::new();
    for order in [vec![0, 1, 2, 3], vec![3, 2, 1, 0], vec![1, 1, 3, 0, 0, 2, 3, 1], vec![3]] {
        let server = TestServer::start().await.unwrap();
        let topic = server.course().await.unwrap();
        let visit = server.visit(&topic, "anna").await.unwrap();
        server.advance(800_000);
        for n in order {
            // Each holds everything up to its own time, as a page that was never acknowledged sends it.
            let mut body = commit(&visit, n + 1, (n as i64 + 1) * 200, &format!("page {n}"));
            body["reason"] = json!("replay");
            body["sent_date_ms"] = json!(test_server::START_MS + 800_000);
            let answer = server.post("/run/v1/commits", &body).await.unwrap();
            assert_eq!(answer.status, 200);
        }
        let row = server.rows().await.unwrap().remove(0);
        let next = server.visit(&topic, "anna").await.unwrap();
        seen.push((row["time_spent_ms"].clone(), next["values"]["item"]["cmi.core.lesson_location"].clone()));
    }
    assert!(seen.iter().all(|it| *it == (json!(800_000), json!("page 3"))), "{seen:?}");
}

#[tokio::test]
async fn time_cannot_exceed_what_the_server_saw() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(300_000);
    // Ten hours claimed after five minutes, all of them with signs of the learner.
    server.post("/run/v1/commits", &commit(&visit, 1, 36_000, "x")).await.unwrap();
    assert_eq!(server.rows().await.unwrap()[0]["time_spent_ms"], 300_000);
}

#[tokio::test]
async fn a_newer_visit_takes_the_lease_and_the_older_one_is_told() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let old = server.visit(&topic, "anna").await.unwrap();
    let new = server.visit(&topic, "anna").await.unwrap();
    server.advance(60_000);
    server.post("/run/v1/commits", &commit(&new, 1, 60, "new")).await.unwrap();
    let answer = server.post("/run/v1/commits", &commit(&old, 5, 60, "old")).await.unwrap();
    assert_eq!(answer.problem(), (409, "superseded"));
    assert_eq!(answer.body["acked"], 5, "what was sent is kept");
    let next = server.visit(&topic, "anna").await.unwrap();
    assert_eq!(next["values"]["item"]["cmi.core.lesson_location"], "new");
    assert_eq!(server.rows().await.unwrap()[0]["time_spent_ms"], 60_000, "two tabs at once count once");
}

#[tokio::test]
async fn a_silent_session_is_closed_after_ten_minutes_and_reopened_by_a_late_commit() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(60_000);
    let mut body = commit(&visit, 1, 60, "x");
    body["sessions"][0]["set"]["cmi.core.score.raw"] = json!(["85", 1]);
    server.post("/run/v1/commits", &body).await.unwrap();
    let state = async || {
        let row = server.rows().await?.remove(0);
        let state = row["details"][0]["state"].as_str()?.to_owned();
        Some((state, row["status"].as_str()?.to_owned(), row["time_spent_ms"].as_i64()?))
    };
    assert_eq!(state().await.unwrap(), ("running".to_owned(), "incomplete".to_owned(), 60_000));
    server.advance(599_000);
    server.app.sweep().await;
    assert_eq!(state().await.unwrap().0, "running");
    server.advance(2_000);
    server.app.sweep().await;
    // Closed, and not a second more. Silence is a pause: a score of 85 has not passed yet, though 80 is asked for.
    assert_eq!(state().await.unwrap(), ("abandoned".to_owned(), "incomplete".to_owned(), 60_000));
    server.post("/run/v1/commits", &commit(&visit, 3, 100, "y")).await.unwrap();
    assert_eq!(state().await.unwrap().0, "running");
}

#[tokio::test]
async fn an_expired_token_is_still_good_for_its_own_visit_for_thirty_days() {
    const DAY_MS: i64 = 86_400_000;
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(20 * 60_000);
    let fresh = server.post("/run/v1/commits", &commit(&visit, 1, 60, "x")).await.unwrap();
    assert!(fresh.body["token"].is_string(), "past half its life, a new one is sent");
    server.advance(29 * DAY_MS);
    assert_eq!(server.post("/run/v1/commits", &commit(&visit, 2, 60, "y")).await.unwrap().status, 200);
    server.advance(2 * DAY_MS);
    let late = server.post("/run/v1/commits", &commit(&visit, 3, 60, "z")).await.unwrap();
    assert_eq!(late.problem(), (401, "token_expired"));
}

/// Whoever restored the server from a backup put it back before what the page saw acknowledged.
#[tokio::test]
async fn a_gap_below_what_the_page_takes_as_acknowledged_is_asked_for() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(600_000);
    let send = async |seq: u64, after: Option<u64>, seconds: i64, location: &str| {
        let mut body = commit(&visit, seq, seconds, location);
        if let Some(after) = after {
            body["after"] = json!(after);
        }
        let answer = server.post("/run/v1/commits", &body).await.unwrap();
        (answer.body["acked"].as_u64().unwrap(), answer.body.get("need_full") == Some(&json!(true)))
    };
    assert_eq!(send(4, Some(0), 100, "page 1").await, (4, false));
    // The page saw 9 acknowledged by what is lost now: 5 to 9 are in no message that it sends of itself.
    for _ in 0..2 {
        assert_eq!(send(12, Some(9), 600, "page 3").await, (4, true), "twice: it is no guess");
    }
    assert_eq!(server.rows().await.unwrap()[0]["time_spent_ms"], 600_000, "what came is kept");
    let whole = send(12, Some(0), 600, "page 3").await;
    assert_eq!(whole, (12, false));
    assert_eq!(send(12, Some(12), 600, "page 3").await, (12, false), "a sign of life");
    assert_eq!(send(13, None, 600, "page 4").await, (13, false), "an old page says nothing of it");
    assert_eq!(server.rows().await.unwrap()[0]["time_spent_ms"], 600_000);
    let next = server.visit(&topic, "anna").await.unwrap();
    assert_eq!(next["values"]["item"]["cmi.core.lesson_location"], "page 4");

    // A page that was fenced meanwhile is asked as well: what it holds still counts.
    let mut fenced = commit(&visit, 20, 600, "page 5");
    fenced["after"] = json!(15);
    let answer = server.post("/run/v1/commits", &fenced).await.unwrap();
    assert_eq!(answer.problem(), (409, "superseded"));
    assert_eq!((&answer.body["acked"], &answer.body["need_full"]), (&json!(13), &json!(true)));
    fenced["after"] = json!(0);
    let answer = server.post("/run/v1/commits", &fenced).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body["acked"]), (409, &json!(20)));
    assert_eq!(answer.body.get("need_full"), None);
}
