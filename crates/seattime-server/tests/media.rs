//! Media inside packages: what counts, what is bounded, and how much was seen.

use seattime_testbed::test_server::{self, START_MS, TestServer, commit};
use serde_json::{Value, json};

const FILM: &str = "/content/grant/abc/film.webm#600";
const MUSIC: &str = "/content/grant/abc/music.ogg#600";

/// A message after `seconds`, from a page in which nobody gave a sign since it was opened; `visible_s` long it was
/// visible.
fn quiet(visit: &Value, seq: u64, seconds: i64, visible_s: i64) -> Value {
    let mut message = commit(visit, seq, seconds, "x");
    if let Some(time) = message.get_mut("time") {
        *time = json!({ "evidence": [[0, 0, 0, "page"]], "visible": [[0, 0, visible_s * 1_000]] });
    }
    message
}

fn item(key: &str, seq: u64, kind: &str, covered: &[(i64, i64)]) -> Value {
    let covered: Vec<_> = covered.iter().map(|it| [it.0 * 1_000, it.1 * 1_000]).collect();
    json!({ "key": key, "seq": seq, "kind": kind, "duration_ms": 600_000, "covered": covered, "position_ms": 0 })
}

#[tokio::test]
async fn what_played_counts_as_far_as_the_rules_say() {
    // Seconds of: what played shown, and hidden; what of it was seen; and the figures of the report.
    type Case<'a> = (
        &'a str,
        &'a [(i64, i64, &'a str)],
        &'a [(i64, i64, &'a str)],
        &'a [(&'a str, &'a str, &'a [(i64, i64)])],
        [i64; 2],
        &'a [i64],
    );
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        // what                     shown                     hidden                    seen                                      measured, media   seen
        ("nothing",                 &[],                      &[],                      &[],                                      [30, 0],          &[]),
        ("a film, shown",           &[(0, 200, FILM)],        &[],                      &[(FILM, "video", &[(0, 200)])],          [200, 200],       &[200]),
        ("later than the tail",     &[(50, 90, FILM)],        &[],                      &[(FILM, "video", &[(0, 40)])],           [70, 40],         &[40]),
        ("music, hidden",           &[],                      &[(100, 300, MUSIC)],     &[(MUSIC, "audio", &[(0, 200)])],         [230, 200],       &[200]),
        ("a film, hidden",          &[],                      &[(100, 300, FILM)],      &[(FILM, "video", &[(0, 200)])],          [30, 0],          &[]),
        ("both at once",            &[(0, 100, FILM), (50, 150, MUSIC)], &[],           &[(FILM, "video", &[(0, 100)]), (MUSIC, "audio", &[(0, 100)])], [150, 150], &[100, 100]),
        ("skimmed",                 &[(0, 20, FILM)],         &[],                      &[(FILM, "video", &[(0, 30), (100, 500)])], [30, 20],       &[45]), // 2 · 20 + 5
        ("so, a short while",       &[(0, 20, FILM)],         &[],                      &[(FILM, "video", &[(0, 30), (100, 110)])], [30, 20],       &[40]),
        ("beyond its end",          &[(0, 590, FILM)],        &[],                      &[(FILM, "video", &[(500, 900)])],        [590, 590],       &[100]),
        ("more than time went by",  &[(0, 36_000, FILM)],     &[],                      &[(FILM, "video", &[(0, 600)])],          [600, 600],       &[600]),
        ("seen, and never played",  &[],                      &[],                      &[(FILM, "video", &[(0, 600)])],          [30, 0],          &[]),
        ("played backwards",        &[(90, 10, FILM)],        &[],                      &[(FILM, "video", &[(50, 10)])],          [30, 0],          &[]),
    ];
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    for (what, shown, hidden, seen, [measured_s, media_s], seen_s) in cases {
        let visit = server.visit(&topic, what).await.unwrap();
        server.advance(600_000);
        let mut message = quiet(&visit, 9, 600, 600);
        let times = |of: &[(i64, i64, &str)]| -> Value {
            of.iter().map(|it| json!([0, it.0 * 1_000, it.1 * 1_000, it.2])).collect()
        };
        (message["time"]["med"], message["time"]["med_bg"]) = (times(shown), times(hidden));
        message["media"] = seen.iter().map(|it| item(it.0, 5, it.1, it.2)).collect();
        assert_eq!(server.post("/run/v1/commits", &message).await.unwrap().status, 200, "{what}");
        let rows = server.rows().await.unwrap();
        let row = rows.iter().find(|it| it["learner"]["id"] == *what).unwrap();
        assert_eq!(row["measured_ms"], measured_s * 1_000, "{what}");
        assert_eq!(
            (&row["time_spent_ms"], &row["media_ms"]),
            (&row["measured_ms"], &json!(media_s * 1_000)),
            "{what}"
        );
        assert_eq!(row["details"][0]["media_ms"], media_s * 1_000, "{what}");
        let is_media = *media_s * 2 > *measured_s;
        assert_eq!(row["provenance"], if is_media { "media" } else { "measured" }, "{what}");
        let found: Vec<i64> = row["media"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["covered_ms"].as_i64().unwrap() / 1_000)
            .collect();
        assert_eq!(found, *seen_s, "{what}");
    }
}

#[tokio::test]
async fn media_merge_to_the_same_in_any_order_and_any_number_of_times() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let part = |visit: &Value, seq: u64, from: i64, to: i64, hidden: bool| {
        let mut message = quiet(visit, seq, 300, 100);
        let field = if hidden { "med_bg" } else { "med" };
        message["time"][field] = json!([[0, from * 1_000, to * 1_000, MUSIC]]);
        message["media"] = json!([item(MUSIC, seq, "audio", &[(from, to)])]);
        message["media"][0]["position_ms"] = json!(to * 1_000);
        message
    };
    let mut told = Vec::new();
    for (learner, order) in [("anna", [0, 1, 2, 3]), ("berta", [3, 2, 1, 0]), ("carla", [2, 0, 3, 1])] {
        let visit = server.visit(&topic, learner).await.unwrap();
        let messages = [
            part(&visit, 2, 0, 60, false),
            part(&visit, 4, 0, 90, false),
            part(&visit, 6, 100, 160, true),
            part(&visit, 8, 100, 200, true),
        ];
        server.advance(300_000);
        for at in order.iter().chain(&order) {
            assert_eq!(server.post("/run/v1/commits", &messages[*at]).await.unwrap().status, 200);
        }
        let rows = server.rows().await.unwrap();
        let row = rows.iter().find(|it| it["learner"]["id"] == learner).unwrap();
        told.push((row["measured_ms"].clone(), row["media_ms"].clone(), row["media"].clone()));
    }
    // 90 s shown and 100 s hidden; no sign but the page's opening, which the music outlasts.
    assert_eq!((&told[0].0, &told[0].1), (&json!(190_000), &json!(190_000)));
    let seen = json!([{
        "key": "abc/music.ogg#600", "kind": "audio", "duration_ms": 600_000, "covered_ms": 190_000,
        "covered": [[0, 90_000], [100_000, 200_000]],
    }]);
    assert_eq!(told[0].2, seen);
    assert_eq!((&told[1], &told[2]), (&told[0], &told[0]));
}

#[tokio::test]
async fn what_was_seen_in_several_visits_is_one_set_whatever_the_grant() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    for (n, grant, from, to) in [(1, "one", 0, 60), (2, "two", 30, 90), (3, "two", 0, 30)] {
        let visit = server.visit(&topic, "anna").await.unwrap();
        server.advance(100_000);
        let key = format!("/content/{grant}/abc/film.webm#600");
        let mut message = quiet(&visit, 9, 100, 100);
        let start_ms = START_MS + (n - 1) * 100_000;
        message["stretches"] = json!([{ "n": 0, "start_date_ms": start_ms, "sent_at_ms": 100_000 }]);
        message["sent_date_ms"] = json!(start_ms + 100_000);
        message["time"]["med"] = json!([[0, 0, (to - from) * 1_000, key]]);
        message["media"] = json!([item(&key, 5, "video", &[(from, to)])]);
        assert_eq!(server.post("/run/v1/commits", &message).await.unwrap().status, 200);
    }
    let rows = server.rows().await.unwrap();
    assert_eq!(rows[0]["media_ms"], 150_000, "60 s, 60 s and 30 s of time");
    let seen = json!([{
        "key": "abc/film.webm#600", "kind": "video", "duration_ms": 600_000, "covered_ms": 90_000,
        "covered": [[0, 90_000]],
    }]);
    assert_eq!(rows[0]["media"], seen);
}

#[tokio::test]
async fn items_beyond_reason_are_left_out_and_hurt_no_other() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(100_000);
    for n in 0..4 {
        let mut message = quiet(&visit, 9 + n, 100, 100);
        let keys: Vec<String> = (0..100).map(|it| format!("/sound-{n}-{it:03}.ogg#1")).collect();
        message["time"]["med"] = keys.iter().map(|it| json!([0, 0, 10_000, it])).collect();
        message["media"] = keys.iter().map(|it| item(it, 5, "audio", &[(0, 10)])).collect();
        let long = "k".repeat(3_000);
        message["time"]["med_bg"] = json!([[0, 0, 90_000, long], [0, 0, 90_000, ""]]);
        assert_eq!(server.post("/run/v1/commits", &message).await.unwrap().status, 200);
    }
    let rows = server.rows().await.unwrap();
    assert_eq!(rows[0]["media"].as_array().unwrap().len(), 128);
    assert_eq!(rows[0]["media_ms"], 10_000);
}

/// A page may say of a player that nobody can tell when it plays; whatever else is said of it then, it earns nothing.
#[tokio::test]
async fn a_player_that_does_not_say_when_it_plays_is_told_of_and_earns_nothing() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(600_000);
    let key = "https://www.youtube.com/embed/x";
    let mut message = quiet(&visit, 9, 600, 600);
    message["time"]["med"] = json!([[0, 0, 600_000, key]]);
    message["media"] = json!([item(key, 5, "unmeasured", &[(0, 600)])]);
    assert_eq!(server.post("/run/v1/commits", &message).await.unwrap().status, 200);
    let row = server.rows().await.unwrap().remove(0);
    assert_eq!(
        (&row["measured_ms"], &row["media_ms"]),
        (&json!(30_000), &json!(0)),
        "what a silent page earns"
    );
    assert_eq!(row["flags"], json!(["part_unmeasured"]));
    let told = json!([{ "key": key, "kind": "unmeasured", "duration_ms": 600_000, "covered_ms": 0 }]);
    assert_eq!(row["media"], told);
    let asked = format!("/api/v1/report/visits?learner=anna&course=Course&topic={topic}");
    let visits = server.get(&asked, test_server::KEY).await.unwrap();
    assert_eq!(
        visits.body["visits"][0]["media"],
        json!([{ "key": key, "kind": "unmeasured", "played": [] }])
    );
}
