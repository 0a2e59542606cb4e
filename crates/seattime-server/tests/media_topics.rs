//! Videos and audios as topics: what is taken, how it is served, what counts, and when it is completed.

use axum::body::Body;
use axum::http::Request;
use seattime_testbed::test_server::{self, START_MS, TestServer};
use serde_json::{Value, json};

const FILM: &[u8] = include_bytes!("../../../tests/media/film.webm");
const TONE: &[u8] = include_bytes!("../../../tests/media/tone.ogg");
const CAPTIONS: &[u8] = b"WEBVTT\n\n00:00.000 --> 00:02.000\nA test picture\n";

/// What a page says that was open for `seconds`, all of them used by hand, in which media played as told.
fn message(
    visit: &Value,
    seconds: i64,
    played: &[(i64, i64)],
    covered: &[(i64, i64)],
    position_s: i64,
) -> Option<Value> {
    let opened_ms = visit.get("server_ms")?.as_i64()?;
    let activity = visit.get("activities")?.get(0)?;
    let key = format!("{}#600", activity.get("media")?.get("source")?.as_str()?);
    let med: Vec<_> = played.iter().map(|it| json!([0, it.0 * 1_000, it.1 * 1_000, key])).collect();
    let covered: Vec<_> = covered.iter().map(|it| [it.0 * 1_000, it.1 * 1_000]).collect();
    Some(json!({
        "v": 1, "token": visit.get("token")?, "visit": visit.get("visit")?, "lease": visit.get("lease")?, "seq": 5,
        "partial": false, "reason": "hidden", "sent_date_ms": opened_ms + seconds * 1_000,
        "stretches": [{ "n": 0, "start_date_ms": opened_ms, "sent_at_ms": seconds * 1_000 }],
        "sessions": [{ "n": 1, "seq": 2, "kind": "media", "activity": activity.get("id")?, "try": 1,
            "state": "left", "span": [[0, 0, seconds * 1_000]], "reported": { "state": "unset" }, "set": {} }],
        "time": { "evidence": [[0, 0, seconds * 1_000, "human"]], "visible": [[0, 0, seconds * 1_000]], "med": med },
        "media": [{ "key": key, "seq": 4, "kind": "video", "duration_ms": 600_000, "covered": covered,
            "position_ms": position_s * 1_000 }],
        "totals": { "measured_ms": 0, "media_ms": 0, "credited_ms": 0 }
    }))
}

#[tokio::test]
async fn what_is_no_medium_is_refused_by_a_code_and_nothing_is_kept() {
    let server = TestServer::start().await.unwrap();
    let long = vec![b'a'; 256];
    #[rustfmt::skip]
    let cases: &[(&str, &[(&str, &[u8])])] = &[
        ("media_source_missing", &[("title", b"A")]),
        ("media_source_missing", &[("title", b"A"), ("file", FILM), ("url", b"https://a.example/a.mp4")]),
        ("media_kind_unknown",   &[("title", b"A"), ("file", b"PK\x03\x04 a package")]),
        ("media_kind_unknown",   &[("title", b"A"), ("file", b"<!doctype html>")]),
        ("media_kind_unknown",   &[("title", b"A"), ("url", b"https://a.example/watch")]),
        ("media_hls",            &[("title", b"A"), ("file", b"#EXTM3U\n")]),
        ("media_url_bad",        &[("title", b"A"), ("url", b"file:///etc/passwd.mp4")]),
        ("media_url_bad",        &[("title", b"A"), ("file", FILM), ("captions_url", b"javascript:1")]),
        ("media_captions_bad",   &[("title", b"A"), ("file", FILM), ("captions", b"1\n00:00 --> 00:01\nSubRip")]),
        ("media_title_bad",      &[("file", FILM)]),
        ("media_title_bad",      &[("file", FILM), ("title", &long)]),
        ("media_threshold_bad",  &[("title", b"A"), ("file", FILM), ("threshold", b"0")]),
        ("media_threshold_bad",  &[("title", b"A"), ("file", FILM), ("threshold", b"101")]),
        ("media_threshold_bad",  &[("title", b"A"), ("file", FILM), ("threshold", b"most")]),
    ];
    for (code, fields) in cases {
        assert_eq!(
            server.import_media(fields).await.unwrap().problem(),
            (422, *code),
            "{:?}",
            fields.last().unwrap().0
        );
    }
    let form =
        |kind: &'static str, body: &'static [u8]| server.post_bytes("/api/v1/media", kind, body.to_vec());
    let cut = form("multipart/form-data; boundary=b", b"--b\r\nContent-").await.unwrap();
    assert_eq!(cut.problem(), (400, "bad_form"));
    assert_eq!(form("application/json", b"{}").await.unwrap().problem(), (415, "unsupported_type"));
    let nobody = Request::post("/api/v1/media").header("content-type", "multipart/form-data; boundary=b");
    let nobody = server.send(nobody.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(nobody.problem(), (401, "key_invalid"));
    let kept = server.get("/api/v1/packages", test_server::KEY).await.unwrap();
    assert_eq!(kept.body, json!([]));
    assert_eq!(std::fs::read_dir(server.data.path().join("content")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_film_is_kept_once_and_served_in_ranges_with_its_captions() {
    let server = TestServer::start().await.unwrap();
    let fields: &[(&str, &[u8])] =
        &[("title", b"A film"), ("course", b"Films"), ("file", FILM), ("captions", CAPTIONS)];
    let film = server.media(fields).await.unwrap();
    assert_eq!(server.media(fields).await.unwrap(), film, "the same is found");
    let other = server.media(&[("title", b"Another"), ("file", FILM)]).await.unwrap();
    assert_ne!(other, film, "another title is another topic");

    let visit = server.visit(&film, "anna").await.unwrap();
    let activity = &visit["activities"][0];
    assert_eq!((&activity["kind"], &activity["status"]), (&json!("media"), &json!("not attempted")));
    let address = activity["url"].as_str().unwrap();
    assert!(address.starts_with("/player/media.html#%7B"), "{address}");
    let told = &activity["media"];
    let (source, captions) = (told["source"].as_str().unwrap(), told["captions"].as_str().unwrap());
    assert_eq!((&told["kind"], &told["threshold"]), (&json!("video"), &json!(90)));
    assert!(source.ends_with(&format!("/{film}/media.webm")), "{source}");

    let part = Request::get(source).header("range", "bytes=100-199").body(Body::empty()).unwrap();
    let part = server.send(part).await.unwrap();
    assert_eq!(part.status, 206);
    assert_eq!(part.headers["content-range"], format!("bytes 100-199/{}", FILM.len()).as_str());
    assert_eq!(part.headers["content-type"], "video/webm");
    assert_eq!(part.bytes, FILM.get(100..200).unwrap());
    let text = server.get(captions, "").await.unwrap();
    assert_eq!(
        (text.bytes.as_slice(), &text.headers["content-type"].to_str().unwrap()),
        (CAPTIONS, &"text/vtt; charset=utf-8")
    );

    let tone = server.media(&[("title", b"A tone"), ("file", TONE)]).await.unwrap();
    let told = &server.visit(&tone, "anna").await.unwrap()["activities"][0]["media"];
    assert_eq!((&told["kind"], told.get("captions")), (&json!("audio"), None));
    let heard = server.get(told["source"].as_str().unwrap(), "").await.unwrap();
    assert_eq!(
        (heard.headers["content-type"].to_str().unwrap(), heard.bytes.as_slice()),
        ("audio/ogg", TONE)
    );
}

#[tokio::test]
async fn a_film_elsewhere_is_told_by_its_address_and_never_asked_for() {
    let server = TestServer::start().await.unwrap();
    // Nobody listens there.
    let fields: &[(&str, &[u8])] = &[
        ("title", b"Elsewhere"),
        ("url", b"http://127.0.0.1:9/film.mp4?token=1"),
        ("captions_url", b"https://films.example/film.vtt"),
        ("threshold", b"75"),
    ];
    let film = server.media(fields).await.unwrap();
    let told = server.visit(&film, "anna").await.unwrap()["activities"][0]["media"].clone();
    assert_eq!(
        told,
        json!({ "kind": "video", "source": "http://127.0.0.1:9/film.mp4?token=1",
            "captions": "https://films.example/film.vtt", "threshold": 75, "duration_ms": 0, "covered": [],
            "position_ms": 0 })
    );
}

#[tokio::test]
async fn a_film_is_completed_by_what_was_seen_of_it_and_takes_the_time_that_it_played() {
    let server = TestServer::start().await.unwrap();
    let film = server.media(&[("title", b"A film"), ("file", FILM)]).await.unwrap();
    // The film has 600 s. Every visit lasts 700 s, and the learner's hand moves all the time.
    #[rustfmt::skip]
    #[expect(clippy::type_complexity, reason = "a table")]
    let visits: &[(&str, &[(i64, i64)], &[(i64, i64)], i64, [i64; 2], &str, i64)] = &[
        // what                    played                    covered                   stands at  time, percent  status        attempts
        ("opened and not played",  &[],                      &[],                      0,         [0, 0],        "incomplete", 1),
        ("the first half",         &[(10, 310)],             &[(0, 300)],              300,       [300, 50],     "incomplete", 1),
        ("the same half again",    &[(10, 310)],             &[(0, 300)],              300,       [600, 50],     "incomplete", 1),
        ("up to just before 90 %", &[(0, 239)],              &[(300, 539)],            539,       [839, 89],     "incomplete", 1),
        ("one second more",        &[(0, 1)],                &[(539, 540)],            540,       [840, 90],     "completed",  1),
        ("an early part again",    &[(100, 160)],            &[(0, 60)],               60,        [900, 90],     "completed",  1),
    ];
    for (what, played, covered, position_s, [time_s, percent], status, attempts) in visits {
        let visit = server.visit(&film, "anna").await.unwrap();
        server.advance(700_000);
        let message = message(&visit, 700, played, covered, *position_s).unwrap();
        let answer = server.post("/run/v1/commits", &message).await.unwrap();
        assert_eq!(answer.status, 200, "{what}: {}", answer.body);
        let row = server.rows().await.unwrap().remove(0);
        assert_eq!(row["time_spent_ms"], time_s * 1_000, "{what}");
        assert_eq!(
            (&row["measured_ms"], &row["media_ms"]),
            (&row["time_spent_ms"], &row["time_spent_ms"]),
            "{what}"
        );
        assert_eq!(row["progress_percent"], *percent, "{what}");
        assert_eq!((&row["status"], &row["attempts"]), (&json!(status), &json!(attempts)), "{what}");
    }
    // What the next visit is told: all that was seen, and where the last one left it.
    let visit = server.visit(&film, "anna").await.unwrap();
    let told = &visit["activities"][0];
    assert_eq!(told["status"], "completed");
    assert_eq!(told["media"]["covered"], json!([[0, 540_000]]));
    assert_eq!(
        (&told["media"]["position_ms"], &told["media"]["duration_ms"]),
        (&json!(60_000), &json!(600_000))
    );
}

#[tokio::test]
async fn the_position_is_that_of_the_device_that_was_used_last() {
    let server = TestServer::start().await.unwrap();
    let film = server.media(&[("title", b"A film"), ("file", FILM)]).await.unwrap();
    let desktop = server.visit(&film, "anna").await.unwrap();
    let phone = server.visit(&film, "anna").await.unwrap();
    server.advance(100_000);
    server
        .post("/run/v1/commits", &message(&phone, 100, &[(0, 50)], &[(100, 150)], 150).unwrap())
        .await
        .unwrap();
    server.advance(100_000);
    // What the desktop has to say comes last, though its visit is the older one.
    let late = server
        .post("/run/v1/commits", &message(&desktop, 200, &[(0, 20)], &[(0, 20)], 20).unwrap())
        .await
        .unwrap();
    assert_eq!(late.problem(), (409, "superseded"), "and is kept all the same");
    let next = server.visit(&film, "anna").await.unwrap();
    let told = &next["activities"][0]["media"];
    assert_eq!(told["covered"], json!([[0, 20_000], [100_000, 150_000]]));
    assert_eq!(told["position_ms"], 20_000);
    assert!(next["server_ms"].as_i64().unwrap() > START_MS);
}

#[tokio::test]
async fn review_shows_a_film_and_credits_nothing() {
    let server = TestServer::start().await.unwrap();
    let film = server.media(&[("title", b"A film"), ("file", FILM)]).await.unwrap();
    let body = json!({ "learner": { "id": "anna", "name": "Muster" }, "topic": film, "mode": "review" });
    let launched = server.post("/api/v1/launches", &body).await.unwrap();
    let code = launched.body["url"].as_str().unwrap().split_once("#code=").unwrap().1.to_owned();
    let visit = server.post("/run/v1/visits", &json!({ "code": code })).await.unwrap().body;
    server.advance(700_000);
    server
        .post("/run/v1/commits", &message(&visit, 700, &[(0, 600)], &[(0, 600)], 600).unwrap())
        .await
        .unwrap();
    let row = server.rows().await.unwrap().remove(0);
    assert_eq!((&row["time_spent_ms"], &row["attempts"]), (&json!(0), &json!(0)));
    assert_eq!(row["details"][0]["media_ms"], 600_000, "it is shown");
}
