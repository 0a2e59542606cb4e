//! Content that claims ten hours for minutes of presence: it is never credited more than presence bears out, 2 % and
//! 5 s once, or under the policy `reported` more than the live window, and the report says that it claimed more.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what the tests share is part of them")]

use seattime_server::Config;
use seattime_server::faults::NoFaults;
use seattime_testbed::test_server::{self, START_MS, TestServer, commit};
use seattime_wire::CreditPolicy::{self, Corroborated, Measured, Reported};
use serde_json::{Value, json};

const TEN_HOURS_MS: i64 = 36_000_000;
const DAY_MS: i64 = 86_400_000;

async fn under(credit: CreditPolicy) -> TestServer {
    TestServer::start_as(NoFaults, |it: &mut Config| it.policy.credit = credit).await.unwrap()
}

/// A commit of `seconds` of presence at whose end content claims a time.
fn claim(visit: &Value, seconds: i64, claimed_ms: i64) -> Value {
    let mut told = commit(visit, 1, seconds, "x");
    told["sessions"][0]["reported"] = json!({ "state": "set", "ms": claimed_ms, "at": [0, seconds * 1_000] });
    told
}

async fn keeps(server: &TestServer, told: &Value) {
    assert_eq!(server.post("/run/v1/commits", told).await.unwrap().status, 200);
}

/// Time Spent in ms, flags, and what the learner comes to.
async fn credited(server: &TestServer) -> (i64, Value, i64) {
    let report = server.get("/api/v1/report?learner=anna", test_server::KEY).await.unwrap().body;
    let row = &report["rows"][0];
    let total = report["totals"][0]["credited_ms"].as_i64().unwrap();
    (row["time_spent_ms"].as_i64().unwrap(), row["flags"].clone(), total)
}

fn flagged() -> Value {
    json!(["report_exceeds_presence"])
}

#[tokio::test]
async fn ten_hours_claimed_after_five_minutes_at_once() {
    // Presence is 300 s, and so is the live window.
    for credit in [Corroborated, Reported, Measured] {
        let server = under(credit).await;
        let topic = server.course().await.unwrap();
        let visit = server.visit(&topic, "anna").await.unwrap();
        server.advance(300_000);
        keeps(&server, &claim(&visit, 300, TEN_HOURS_MS)).await;
        assert_eq!(credited(&server).await, (300_000, flagged(), 300_000), "{credit:?}");
    }
}

#[tokio::test]
async fn ten_hours_claimed_after_five_minutes_and_drained_the_next_day() {
    #[rustfmt::skip]
    let cases = [
        // policy       credited, ms
        (Corroborated,  300_000),
        (Measured,      300_000),
        (Reported,      300_000), // live was the first minute alone, but five were seen
    ];
    for (credit, expected_ms) in cases {
        let server = under(credit).await;
        let topic = server.course().await.unwrap();
        let visit = server.visit(&topic, "anna").await.unwrap();
        server.advance(60_000);
        keeps(&server, &commit(&visit, 1, 60, "x")).await;
        // Then the network was gone; a page of the next day hands in what the first one kept.
        server.advance(DAY_MS);
        let mut told = claim(&visit, 300, TEN_HOURS_MS);
        told["seq"] = json!(2);
        told["sessions"][0]["seq"] = json!(2);
        told["reason"] = json!("replay");
        told["sent_date_ms"] = json!(START_MS + 60_000 + DAY_MS);
        told["stretches"] = json!([{ "n": 0, "start_date_ms": START_MS }]);
        keeps(&server, &told).await;
        assert_eq!(credited(&server).await, (expected_ms, flagged(), expected_ms), "{credit:?}");
    }
}

#[tokio::test]
async fn ten_hours_spread_over_two_hundred_visits_of_a_minute() {
    #[rustfmt::skip]
    let cases = [
        // policy       claimed each, ms     credited, ms  flagged
        (Corroborated,  TEN_HOURS_MS / 200,  12_000_000, true),  // three minutes each: none is borne out
        (Reported,      TEN_HOURS_MS / 200,  12_000_000, true),  // each bounded by its own minute
        (Measured,      TEN_HOURS_MS / 200,  12_000_000, true),
        (Corroborated,  66_000,              12_245_000, false), // each is borne out; 2 % and 5 s are given once
    ];
    for (credit, claimed_ms, expected_ms, is_flagged) in cases {
        let server = under(credit).await;
        let topic = server.course().await.unwrap();
        for _ in 0..200 {
            let visit = server.visit(&topic, "anna").await.unwrap();
            server.advance(60_000);
            keeps(&server, &claim(&visit, 60, claimed_ms)).await;
        }
        let flags = if is_flagged { flagged() } else { json!([]) };
        assert_eq!(credited(&server).await, (expected_ms, flags, expected_ms), "{credit:?}");
    }
}
