//! Periods of a tenant's zone, as the report tells them: midnight, days of 23 and 25 hours, weeks, and what is credited
//! where content says how long it took, but not when.
#![cfg(test)]

use seattime_testbed::test_server::{self, KEY, START_MS, TestServer, commit};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;
/// Midnights, in ms since 1970, as offsets from UTC have them: of Berlin 1 h in winter and 2 h in summer.
const MARCH_29: i64 = 1_774_738_800_000; // 2026-03-28T23:00:00Z
const MARCH_30: i64 = 1_774_821_600_000; // 2026-03-29T22:00:00Z
const OCTOBER_25: i64 = 1_792_879_200_000; // 2026-10-24T22:00:00Z
const OCTOBER_26: i64 = 1_792_969_200_000; // 2026-10-25T23:00:00Z

/// A server of that zone whose learner anna is there from ten minutes before each of these moments for twenty minutes.
async fn server_with_visits(
    zone: &str,
    moments_ms: &[i64],
    reported: &Value,
) -> Option<(TestServer, String)> {
    let server = TestServer::start().await?;
    let told = server.put("/api/v1/tenant", &json!({ "zone": zone })).await?;
    assert_eq!((told.status.as_u16(), told.body["zone"].as_str()), (200, Some(zone)));
    let topic = server.course().await?;
    for at_ms in moments_ms {
        visit(&server, (&topic, "anna"), at_ms - 10 * MINUTE_MS, reported).await?;
    }
    Some((server, topic))
}

/// Twenty minutes of presence from a moment on, of which content says this at the end.
async fn visit(
    server: &TestServer,
    (topic, learner): (&str, &str),
    at_ms: i64,
    reported: &Value,
) -> Option<Value> {
    let now_ms = server.app.now_ms().await;
    server.advance(at_ms - now_ms);
    let visit = server.visit(topic, learner).await?;
    server.advance(20 * MINUTE_MS);
    let mut told = commit(&visit, 1, 1_200, "page");
    told["sessions"][0]["reported"] = reported.clone();
    assert_eq!(server.post("/run/v1/commits", &told).await?.status, 200);
    Some(visit)
}

fn unset() -> Value {
    json!({ "state": "unset" })
}

async fn report(server: &TestServer, query: &str) -> Option<Value> {
    let answer = server.get(&format!("/api/v1/report?{query}"), KEY).await?;
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    Some(answer.body)
}

/// What the only row has in a period: minutes, visits and attempts; nothing where there is no row.
async fn in_days(server: &TestServer, from: &str, to: &str) -> Option<(f64, i64, i64)> {
    let report = report(server, &format!("from={from}&to={to}")).await?;
    let row = report["rows"].as_array()?.first()?.clone();
    let it = &row["in_period"];
    let minutes = it["time_spent_ms"].as_f64()? / MINUTE_MS as f64;
    Some((minutes, it["visits"].as_i64()?, it["attempts"].as_i64()?))
}

#[tokio::test]
async fn a_visit_across_midnight_is_in_both_days_also_when_the_clocks_are_set() {
    let (server, _) = server_with_visits("Europe/Berlin", &[MARCH_29, MARCH_30], &unset()).await.unwrap();
    #[rustfmt::skip]
    let cases = [
        // from         to            minutes, visits, attempts
        ("2026-03-27", "2026-03-27", None),
        ("2026-03-28", "2026-03-28", Some((10.0, 1, 1))),
        ("2026-03-29", "2026-03-29", Some((20.0, 2, 1))), // 23 h
        ("2026-03-30", "2026-03-30", Some((10.0, 1, 1))),
        ("2026-03-28", "2026-03-30", Some((40.0, 2, 1))),
        ("2026-03-31", "2026-12-31", None),
    ];
    for (from, to, truth) in cases {
        assert_eq!(in_days(&server, from, to).await, truth, "{from} to {to}");
    }
    let told = report(&server, "from=2026-03-29&to=2026-03-29").await.unwrap();
    let period =
        json!({ "from": "2026-03-29", "to": "2026-03-29", "start_ms": MARCH_29, "end_ms": MARCH_30 });
    assert_eq!((&told["zone"], &told["period"]), (&json!("Europe/Berlin"), &period));
    let of_day = json!({
        "time_spent": "0h 20m 0s", "time_spent_ms": 1_200_000, "measured_ms": 1_200_000, "media_ms": 0,
        "visits": 2, "attempts": 1,
    });
    let row = &told["rows"][0];
    assert_eq!((&row["in_period"], &row["time_spent"]), (&of_day, &json!("0h 40m 0s")));
    assert_eq!((row.get("visited"), row.get("whole")), (None, None));
    // A side that is left out has no end.
    for (query, minutes) in [("from=2026-03-29", 30), ("to=2026-03-29", 30), ("from=2026-03-30", 10)] {
        let told = report(&server, query).await.unwrap();
        assert_eq!(told["rows"][0]["in_period"]["time_spent_ms"], json!(minutes * MINUTE_MS), "{query}");
    }
    assert_eq!(report(&server, "").await.unwrap()["rows"][0].get("in_period"), None);
    // By UTC's days they are others: 22:50 to 23:10, and 21:50 to 22:10.
    server.put("/api/v1/tenant", &json!({ "zone": "UTC" })).await.unwrap();
    for (day, minutes) in [("2026-03-28", 20.0), ("2026-03-29", 20.0)] {
        assert_eq!(in_days(&server, day, day).await, Some((minutes, 1, 1)));
    }
    assert_eq!(in_days(&server, "2026-03-30", "2026-03-30").await, None);
}

#[tokio::test]
async fn a_day_of_25_hours_and_one_of_a_half_hour_zone_end_at_their_own_midnight() {
    let (server, _) = server_with_visits("Europe/Berlin", &[OCTOBER_25, OCTOBER_26], &unset()).await.unwrap();
    for (day, truth) in
        [("2026-10-24", (10.0, 1, 1)), ("2026-10-25", (20.0, 2, 1)), ("2026-10-26", (10.0, 1, 1))]
    {
        assert_eq!(in_days(&server, day, day).await, Some(truth), "{day}");
    }
    // Kolkata's midnight is 18:30 of UTC, whatever the day.
    let midnight = 1_774_722_600_000; // 2026-03-28T18:30:00Z
    let (server, _) = server_with_visits("Asia/Kolkata", &[midnight], &unset()).await.unwrap();
    for day in ["2026-03-28", "2026-03-29"] {
        assert_eq!(in_days(&server, day, day).await, Some((10.0, 1, 1)), "{day}");
    }
    // Lord Howe's clocks go back by half an hour that night: the day has 24.5 h, from 13:00 of UTC to 13:30.
    let (begins, ends) = (1_775_307_600_000, 1_775_395_800_000); // 2026-04-04T13:00:00Z, 2026-04-05T13:30:00Z
    let (server, _) = server_with_visits("Australia/Lord_Howe", &[begins, ends], &unset()).await.unwrap();
    for (day, truth) in
        [("2026-04-04", (10.0, 1, 1)), ("2026-04-05", (20.0, 2, 1)), ("2026-04-06", (10.0, 1, 1))]
    {
        assert_eq!(in_days(&server, day, day).await, Some(truth), "{day}");
    }
}

#[tokio::test]
async fn what_content_says_is_spread_over_what_was_measured() {
    // Of twenty minutes it says fifteen, and that at their end.
    let reported = json!({ "state": "set", "ms": 900_000, "at": [0, 1_200_000] });
    let (server, _) = server_with_visits("Europe/Berlin", &[MARCH_29], &reported).await.unwrap();
    let row = report(&server, "from=2026-03-28").await.unwrap()["rows"][0].clone();
    assert_eq!((&row["time_spent_ms"], &row["provenance"]), (&json!(900_000), &json!("reported")));
    for day in ["2026-03-28", "2026-03-29"] {
        assert_eq!(in_days(&server, day, day).await, Some((7.5, 1, 1)), "{day}");
    }
}

#[tokio::test]
async fn totals_of_a_learner_are_told_of_the_period_too_and_shared_time_once() {
    let server = TestServer::start().await.unwrap();
    server.put("/api/v1/tenant", &json!({ "zone": "Europe/Berlin" })).await.unwrap();
    let topic = server.course().await.unwrap();
    let zip =
        test_server::zip(&[("imsmanifest.xml", test_server::MANIFEST), ("index.html", "another")]).unwrap();
    let other = server.post_bytes("/api/v1/packages?course=Other", "application/zip", zip).await.unwrap();
    let other = other.body["topic"].as_str().unwrap().to_owned();
    server.advance(MARCH_29 - 10 * MINUTE_MS - START_MS);
    let visits = [server.visit(&topic, "anna").await.unwrap(), server.visit(&other, "anna").await.unwrap()];
    server.advance(20 * MINUTE_MS);
    for it in &visits {
        assert_eq!(server.post("/run/v1/commits", &commit(it, 1, 1_200, "page")).await.unwrap().status, 200);
    }
    let told = report(&server, "learner=anna&from=2026-03-29&to=2026-03-29").await.unwrap();
    let whole = &told["totals"][0];
    let of_day = json!({
        "time_spent": "0h 10m 0s", "time_spent_ms": 600_000, "measured_ms": 600_000, "media_ms": 0,
        "visits": 2, "attempts": 2,
    });
    assert_eq!((&whole["in_period"], &whole["credited_ms"]), (&of_day, &json!(1_200_000)));
    assert_eq!(whole["courses"][0]["in_period"]["visits"], 1);
    assert_eq!(told["rows"].as_array().unwrap().len(), 2);
    let weeks = server.get("/api/v1/report/weeks?learner=anna", KEY).await.unwrap().body;
    let credited: Vec<i64> =
        weeks["weeks"].as_array().unwrap().iter().map(|it| it["credited_ms"].as_i64().unwrap()).collect();
    assert_eq!(credited, [1_200_000], "ten minutes on Saturday and ten on Sunday, of one week");
    // A learner's own, with a token of their own.
    let token = server.report_token("anna").await.unwrap();
    let own = server.get("/api/v1/report?from=2026-03-29&to=2026-03-29", &token).await.unwrap();
    assert_eq!(own.body["totals"][0]["in_period"], of_day);
}

#[tokio::test]
async fn weeks_begin_on_mondays_of_the_zone_and_add_up_to_the_total() {
    // Sunday, the 29th of March, to Monday; and a fortnight later.
    let (server, topic) =
        server_with_visits("Europe/Berlin", &[MARCH_30, MARCH_30 + 14 * 86_400_000], &unset()).await.unwrap();
    visit(&server, (&topic, "berta"), MARCH_30 + 15 * 86_400_000, &unset()).await.unwrap();
    let told = server.get("/api/v1/report/weeks", KEY).await.unwrap();
    assert_eq!(told.status, 200, "{}", told.body);
    assert_eq!((&told.body["zone"], told.body.get("period")), (&json!("Europe/Berlin"), None));
    let weeks: Vec<_> = told.body["weeks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["start"].as_str().unwrap(), it["credited_ms"].as_i64().unwrap() / MINUTE_MS))
        .collect();
    let truth = [("2026-03-23", 10), ("2026-03-30", 10), ("2026-04-06", 10), ("2026-04-13", 30)];
    assert_eq!(weeks, truth);
    // Cut to what is asked for, with the weeks that have nothing.
    let told =
        server.get("/api/v1/report/weeks?learner=anna&from=2026-03-31&to=2026-04-13", KEY).await.unwrap();
    let cut = json!({ "start": "2026-03-30", "start_ms": 1_774_908_000_000_i64, "end_ms": 1_775_426_400_000_i64,
                      "credited_ms": 0, "measured_ms": 0 });
    assert_eq!((&told.body["weeks"][0], told.body["weeks"].as_array().unwrap().len()), (&cut, 3));
    assert_eq!(told.body["weeks"][2]["credited_ms"], 10 * MINUTE_MS);
    let nobody = server.get("/api/v1/report/weeks?learner=nobody", KEY).await.unwrap();
    assert_eq!(nobody.body["weeks"], json!([]));
    let long = server.get("/api/v1/report/weeks?from=1970-01-01&to=2026-01-01", KEY).await.unwrap();
    assert_eq!(long.problem(), (422, "too_many_weeks"));
}

#[tokio::test]
async fn a_page_of_a_period_has_no_rows_without_a_visit_in_it() {
    let (server, topic) = server_with_visits("Europe/Berlin", &[MARCH_29], &unset()).await.unwrap();
    // Before and after the days that are asked for, and not in them.
    for learner in ["berta", "carla", "dora"] {
        visit(&server, (&topic, learner), MARCH_30, &unset()).await.unwrap();
    }
    for learner in ["anna", "berta", "carla", "emil"] {
        visit(&server, (&topic, learner), MARCH_30 + 10 * 86_400_000, &unset()).await.unwrap();
    }
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page =
            report(&server, &format!("from=2026-04-01&to=2026-04-30&sort=learner&order=asc&limit=1{after}"))
                .await;
        let page = page.unwrap();
        found.extend(
            page["rows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["learner"]["id"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    found.sort_unstable(); // All have the same name.
    assert_eq!(found, ["anna", "berta", "carla", "emil"]);
    let told = report(&server, "from=2026-03-31&to=2026-04-01").await.unwrap();
    assert_eq!((&told["rows"], told.get("next")), (&json!([]), None), "they were there before and after");
}

#[tokio::test]
async fn what_is_no_period_is_said_by_name() {
    let server = TestServer::start().await.unwrap();
    for query in [
        "from=2026-02-30",
        "to=tomorrow",
        "from=2026-03-29T00:00:00Z",
        "from=2026-03-30&to=2026-03-29",
        "from=",
        "format=csv",
    ] {
        let told = server.get(&format!("/api/v1/report?{query}"), KEY).await.unwrap();
        assert_eq!(told.problem(), (400, "bad_query"), "{query}");
        let name = query.split(['=', '&']).next().unwrap();
        assert!(told.body["detail"].as_str().unwrap().contains(name), "{query}: {}", told.body["detail"]);
    }
    for path in ["/api/v1/report/weeks", "/api/v1/report/export?format=csv", "/api/v1/tenant"] {
        assert_eq!(server.get(path, "wrong").await.unwrap().problem(), (401, "key_invalid"), "{path}");
    }
}
