//! Old players that say "seconds since last time": what is credited, written down by hand.

use seattime_testbed::test_server::{self, START_MS, TestServer};
use serde_json::{Value, json};

const FILM: &[u8] = include_bytes!("../../../tests/media/film.webm");

async fn film(server: &TestServer) -> Option<String> {
    server.media(&[("title", b"A film"), ("file", FILM)]).await
}

/// Makes a launch; answers its id.
async fn launch(server: &TestServer, topic: &str, learner: &str) -> Option<String> {
    let body = json!({ "learner": { "id": learner, "name": "Muster" }, "topic": topic });
    Some(server.post("/api/v1/launches", &body).await?.body.get("launch")?.as_str()?.to_owned())
}

/// One call: seconds since the start at which it arrives, number, and what it says.
type Call = (i64, u64, &'static str, i64);

/// Has the server hear calls; answers the learner's row, nothing where a call was not taken.
async fn heard(
    server: &TestServer,
    topic: &str,
    learner: &str,
    launch: Option<&str>,
    calls: &[Call],
) -> Option<Value> {
    let mut now_s = 0;
    for &(at_s, seq, kind, said_s) in calls {
        server.advance((at_s - now_s) * 1_000);
        now_s = at_s;
        let body = json!({ "learner": { "id": learner, "name": "Muster" }, "topic": topic, "seq": seq,
            "position_s": said_s, "watched_s": said_s, "launch": launch });
        let answer = server.post(&format!("/api/v1/progress/{kind}"), &body).await?;
        if answer.status != 200 || answer.body != json!({ "seq": seq }) {
            return None;
        }
    }
    server
        .rows()
        .await?
        .into_iter()
        .find(|it| it.get("learner").is_some_and(|it| it.get("id") == Some(&json!(learner))))
}

#[tokio::test]
async fn what_an_old_player_says_is_credited_as_far_as_it_can_be() {
    let server = TestServer::start().await.unwrap();
    let topic = film(&server).await.unwrap();
    #[rustfmt::skip]
    let cases: &[(&str, &[Call], i64)] = &[
        // what                               arrives at, number, kind, says                                  credited in s
        ("each minute, all of it",            &[(60, 1, "video", 60), (120, 2, "video", 60)],                  120),
        ("each minute, with breaks",          &[(60, 1, "video", 20), (120, 2, "video", 40)],                  60),
        ("the same call three times",         &[(60, 1, "video", 60), (70, 1, "video", 60), (90, 1, "video", 60)], 60),
        ("out of order, close together",      &[(60, 1, "video", 60), (121, 3, "video", 1), (122, 2, "video", 60)], 121),
        ("more than went by",                 &[(60, 1, "video", 60), (70, 2, "video", 600)],                  70),
        ("ten hours at once, an hour later",  &[(60, 1, "video", 60), (3_660, 2, "video", 36_000)],            120), // a period of 60 s
        ("nothing, and less than nothing",    &[(60, 1, "video", 0), (120, 2, "video", -60)],                  0),
        ("an audio straight on",              &[(60, 1, "audio", 60), (120, 2, "audio", 120)],                 120),
        ("an audio that was moved on",        &[(60, 1, "audio", 60), (120, 2, "audio", 1_000)],               60),
        ("an audio that was moved back",      &[(60, 1, "audio", 60), (120, 2, "audio", 10), (180, 3, "audio", 70)], 120),
    ];
    for (what, calls, expected_s) in cases {
        let launch = launch(&server, &topic, what).await.unwrap();
        let row = heard(&server, &topic, what, Some(&launch), calls).await.unwrap();
        assert_eq!(row["time_spent_ms"], expected_s * 1_000, "{what}");
        assert_eq!(row["attempts"], i64::from(*expected_s > 0), "{what}");
        if *expected_s > 0 {
            assert_eq!(
                (&row["provenance"], &row["status"]),
                (&json!("legacy"), &json!("incomplete")),
                "{what}"
            );
            let detail = &row["details"][0];
            assert_eq!(
                (&detail["provenance"], &detail["credited_ms"]),
                (&json!("legacy"), &row["time_spent_ms"])
            );
        }
    }
}

#[tokio::test]
async fn a_period_that_is_said_is_what_a_late_call_is_cut_to() {
    let server = TestServer::start().await.unwrap();
    let topic = film(&server).await.unwrap();
    let launch = launch(&server, &topic, "anna").await.unwrap();
    server.advance(7_200_000);
    let body = |seq: u64| {
        json!({ "learner": { "id": "anna" }, "topic": topic, "launch": launch, "seq": seq, "position_s": 0,
            "watched_s": 36_000, "period_s": 3_600 })
    };
    server.post("/api/v1/progress/video", &body(1)).await.unwrap();
    // Two hours are just two periods: then the most that any call may say, an hour.
    assert_eq!(server.rows().await.unwrap()[0]["time_spent_ms"], 3_600_000);
}

#[tokio::test]
async fn without_a_launch_the_first_call_only_starts_the_clock() {
    let server = TestServer::start().await.unwrap();
    let topic = film(&server).await.unwrap();
    let calls = [(0, 1, "video", 600), (60, 2, "video", 60), (120, 3, "video", 60)];
    let row = heard(&server, &topic, "anna", None, &calls).await.unwrap();
    assert_eq!((&row["time_spent_ms"], &row["attempts"]), (&json!(120_000), &json!(1)));
}

#[tokio::test]
async fn two_old_players_at_once_and_a_page_count_once() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let (one, other) =
        (launch(&server, &topic, "anna").await.unwrap(), launch(&server, &topic, "anna").await.unwrap());
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(60_000);
    for launch in [&one, &other] {
        let body = json!({ "learner": { "id": "anna" }, "topic": topic, "launch": launch, "seq": 1, "position_s": 60,
            "watched_s": 60 });
        assert_eq!(server.post("/api/v1/progress/video", &body).await.unwrap().status, 200);
    }
    let answer = server.post("/run/v1/commits", &test_server::commit(&visit, 3, 60, "x")).await.unwrap();
    assert_eq!(answer.status, 200, "an old player takes no lease: {}", answer.body);
    let row = server.rows().await.unwrap().remove(0);
    // Three parts of 60 s within the same 60 s: rule 14 leaves 2 % and 5 s of the rest at most.
    assert_eq!(row["measured_ms"], 60_000);
    assert!(row["time_spent_ms"].as_i64().unwrap() <= 61_200 + 5_000, "{row}");
    assert_eq!(row["attempts"], 1);
    assert!(visit["server_ms"].as_i64().unwrap() >= START_MS);
}

#[tokio::test]
async fn what_is_no_progress_is_refused() {
    let server = TestServer::start().await.unwrap();
    let topic = film(&server).await.unwrap();
    let berta = launch(&server, &topic, "berta").await.unwrap();
    let good =
        json!({ "learner": { "id": "anna" }, "topic": topic, "seq": 1, "position_s": 1, "watched_s": 1 });
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    #[rustfmt::skip]
    let cases = [
        ("/api/v1/progress/video", with("watched_s", Value::Null),        (400, "bad_progress")),
        ("/api/v1/progress/video", with("watched_s", json!(1e12)),        (400, "bad_progress")),
        ("/api/v1/progress/video", with("seq", json!(1_u64 << 53)),       (400, "bad_progress")),
        ("/api/v1/progress/video", with("learner", json!({ "id": " " })), (400, "bad_progress")),
        ("/api/v1/progress/video", with("seq", json!(-1)),                (400, "bad_json")),
        ("/api/v1/progress/video", with("watched_ms", json!(1)),          (400, "bad_json")),
        ("/api/v1/progress/video", with("topic", json!("none")),          (404, "not_found")),
        ("/api/v1/progress/video", with("launch", json!("none")),         (404, "not_found")),
        ("/api/v1/progress/video", with("launch", json!(berta)),          (404, "not_found")),
        ("/api/v1/progress/film",  good.clone(),                          (404, "not_found")),
    ];
    for (path, body, expected) in cases {
        assert_eq!(server.post(path, &body).await.unwrap().problem(), expected, "{body}");
    }
}
