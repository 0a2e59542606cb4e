//! The visits of a row, each as a timeline: every moment of it, whether it counted, and why.

use seattime_testbed::test_server::{KEY, START_MS, TestServer, commit};
use serde_json::{Value, json};

const FILM: &str = "/content/grant/abc/film.webm#600";
const MUSIC: &str = "/content/grant/abc/music.ogg#600";

/// Where the visits of a learner are.
fn place(topic: &str, learner: &str) -> String {
    format!("/api/v1/report/visits?learner={learner}&course=Course&topic={topic}")
}

/// Kind, start and end in seconds since the visit was opened, and whether it counted.
fn segments(visit: &Value) -> Option<Vec<(String, i64, i64, bool)>> {
    let second = |it: &Value| Some((it.as_i64()? - START_MS) / 1_000);
    let of = |it: &Value| {
        let kind = it.get("kind")?.as_str()?.to_owned();
        Some((kind, second(it.get("start_ms")?)?, second(it.get("end_ms")?)?, it.get("counts")?.as_bool()?))
    };
    visit.get("segments")?.as_array()?.iter().map(of).collect()
}

#[tokio::test]
async fn every_moment_of_a_visit_says_whether_it_counted_and_why() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(5_060_000);
    // All in seconds. Worked for 400, hidden for 600 with music for 100 of them, back, a film of 140, nobody there
    // for 500, one touch, and the machine slept; woken for a minute, at whose 40th second content ended.
    let at = |it: i64| it * 1_000;
    let sign = |stretch: i64, it: i64, kind: &str| json!([stretch, at(it), at(it), kind]);
    let mut message = commit(&visit, 9, 5_060, "x");
    message["stretches"] = json!([
        { "n": 0, "start_date_ms": START_MS },
        { "n": 1, "start_date_ms": START_MS + at(5_000), "sent_at_ms": at(60) },
    ]);
    message["sessions"][0]["state"] = json!("terminated");
    message["sessions"][0]["span"] = json!([[0, 0, at(1_710)], [1, 0, at(40)]]);
    message["sessions"][0]["reported"] = json!({ "state": "set", "ms": at(36_000), "at": [1, at(30)] });
    message["time"] = json!({
        "evidence": [
            sign(0, 0, "page"), sign(0, 100, "human"), sign(0, 200, "human"), sign(0, 290, "human"),
            sign(0, 400, "page"), [0, at(500), at(600), "media"], sign(0, 1_000, "page"), sign(0, 1_010, "human"),
            [0, at(1_060), at(1_200), "media"], sign(0, 1_700, "human"),
            sign(1, 10, "human"), sign(1, 50, "human"), sign(1, 60, "page"),
        ],
        "visible": [[0, 0, at(400)], [0, at(1_000), at(1_710)], [1, 0, at(60)]],
        "med": [[0, at(1_060), at(1_200), FILM]],
        "med_bg": [[0, at(500), at(600), MUSIC]],
    });
    let item = |key: &str, kind: &str, end: i64| json!({ "key": key, "seq": 5, "kind": kind, "duration_ms": 600_000, "covered": [[0, at(end)]], "position_ms": 0 });
    message["media"] = json!([item(FILM, "video", 140), item(MUSIC, "audio", 100)]);
    assert_eq!(server.post("/run/v1/commits", &message).await.unwrap().status, 200);

    let answer = server.get(&place(&topic, "anna"), KEY).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let told = &answer.body["visits"][0];
    #[rustfmt::skip]
    let truth = [
        ("active", 0,     400,   true),
        ("hidden", 400,   500,   false),
        ("media",  500,   600,   true),
        ("hidden", 600,   1_000, false),
        ("active", 1_000, 1_060, true),
        ("media",  1_060, 1_200, true),
        ("tail",   1_200, 1_230, true),
        ("idle",   1_230, 1_700, false),
        ("tail",   1_700, 1_710, true),
        ("away",   1_710, 5_000, false),
        ("idle",   5_000, 5_010, false),
        ("active", 5_010, 5_060, true),
    ];
    let truth = truth.map(|it| (it.0.to_owned(), it.1, it.2, it.3));
    assert_eq!(segments(told), Some(Vec::from(truth)));
    assert_eq!(told["measured_ms"], at(400 + 100 + 60 + 140 + 30 + 10 + 50));
    assert_eq!(server.rows().await.unwrap()[0]["measured_ms"], told["measured_ms"], "the row says the same");
    let moment = |it: i64| START_MS + at(it);
    assert_eq!(told["opened_ms"], START_MS);
    assert_eq!((&told["attempt"], &told["is_open"]), (&json!(1), &json!(true)));
    assert_eq!(told["policy"]["idle_limit_ms"], 300_000);
    let signs: Vec<Value> = [100, 200, 290, 1_010, 1_700, 5_010, 5_050]
        .iter()
        .map(|it| json!([moment(*it), moment(*it)]))
        .collect();
    assert_eq!(told["signs"], json!(signs));
    let visible =
        json!([[moment(0), moment(400)], [moment(1_000), moment(1_710)], [moment(5_000), moment(5_060)],]);
    assert_eq!(told["visible"], visible);
    let media = json!([
        { "key": "abc/film.webm#600", "kind": "video", "played": [[moment(1_060), moment(1_200)]] },
        { "key": "abc/music.ogg#600", "kind": "audio", "played": [[moment(500), moment(600)]] },
    ]);
    assert_eq!(told["media"], media);
    let session = &told["sessions"][0];
    assert_eq!(session["span"], json!([[moment(0), moment(1_710)], [moment(5_000), moment(5_040)]]));
    assert_eq!((&session["n"], &session["activity"]), (&json!(1), &json!("Item")));
    assert_eq!(
        (&session["reported_ms"], &session["reported_at_ms"]),
        (&json!(at(36_000)), &json!(moment(5_030)))
    );
    assert_eq!((&session["measured_ms"], &session["credited_ms"]), (&json!(at(770)), &json!(at(770))));
    assert_eq!(session["flags"], json!(["report_exceeds_presence"]));
    let outside = &told["sessions"][1];
    assert_eq!((&outside["activity"], &outside["credited_ms"]), (&json!("outside"), &json!(at(20))));
    assert!(
        outside["span"].is_null() && outside["reported_at_ms"].is_null(),
        "what is not known is left out"
    );
}

#[tokio::test]
async fn what_only_the_learners_own_clock_places_is_marked() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    // Nothing came through while it ran; the next day another page sends it.
    server.advance(86_400_000);
    let mut message = commit(&visit, 9, 100, "x");
    message["reason"] = json!("replay");
    message["sent_date_ms"] = json!(START_MS + 86_400_000);
    message["stretches"] = json!([{ "n": 0, "start_date_ms": START_MS }]);
    assert_eq!(server.post("/run/v1/commits", &message).await.unwrap().status, 200);
    let answer = server.get(&place(&topic, "anna"), KEY).await.unwrap();
    let visit = &answer.body["visits"][0];
    assert_eq!(segments(visit), Some(vec![("active".to_owned(), 0, 100, true)]));
    assert_eq!(visit["segments"][0]["is_uncorroborated"], true);
}

#[tokio::test]
async fn a_visit_that_nothing_was_heard_of_has_no_moments() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    server.visit(&topic, "anna").await.unwrap();
    let answer = server.get(&place(&topic, "anna"), KEY).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["visits"][0]["segments"], json!([]));
    assert_eq!(answer.body["visits"][0]["measured_ms"], 0);
}

#[tokio::test]
async fn visits_are_shown_to_whom_the_row_is_shown() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let (anna, berta) =
        (server.visit(&topic, "anna").await.unwrap(), server.visit(&topic, "berta").await.unwrap());
    server.advance(50_000);
    for (visit, seconds) in [(&anna, 20), (&berta, 50)] {
        let mut message = commit(visit, 9, seconds, "x");
        message["stretches"][0]["sent_at_ms"] = json!(50_000);
        assert_eq!(server.post("/run/v1/commits", &message).await.unwrap().status, 200);
    }
    let row = server.rows().await.unwrap().into_iter().find(|it| it["learner"]["id"] == "anna").unwrap();
    assert_eq!(row["topic_id"], topic.as_str(), "the row says what to ask for");
    let own = &*server.report_token("anna").await.unwrap();
    #[rustfmt::skip]
    let cases = [
        // address                                     authority        status  measured, s
        (place(&topic, "anna"),                        KEY,             200,    Some(20)),
        (place(&topic, "berta"),                       KEY,             200,    Some(50)),
        (place(&topic, "anna"),                        own,             200,    Some(20)),
        (place(&topic, "berta"),                       own,             200,    Some(20)), // its own, whoever is named
        (place(&topic, "nobody"),                      KEY,             404,    None),
        (place("none", "anna"),                        KEY,             404,    None),
        (place(&topic, "anna"),                        "wrong",         401,    None),
        (place(&topic, "anna"),                        "a.b.c",         401,    None),
        ("/api/v1/report/visits?learner=anna".into(),  KEY,             400,    None),
    ];
    for (address, authority, status, measured_s) in cases {
        let answer = server.get(&address, authority).await.unwrap();
        assert_eq!(answer.status, status, "{address} {authority}");
        let measured = answer.body["visits"][0]["measured_ms"].as_i64().map(|it| it / 1_000);
        assert_eq!(measured, measured_s, "{address} {authority}");
    }
}
