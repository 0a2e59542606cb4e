//! Short tokens, and the origins beside them: what a database makes a visit again from that was restored from a backup of
//! before its launch.

use rusqlite::Connection;
use seattime_server::backup::{Existing, back_up, restore};
use seattime_server::secret::ServerKey;
use seattime_server::token::{Form, Origin, Tokens, VisitClaims};
use seattime_testbed::test_server::{Answer, START_MS, TestServer, commit};
use seattime_wire::Mode;
use serde_json::{Value, json};
use tempfile::TempDir;

const COMMITS: &str = "/run/v1/commits";
const PARTS: &str = "/run/v1/parts";
const DAY_MS: i64 = 24 * 3_600_000;

/// A server, its topic, and a backup that knows the topic and nobody who learns.
struct Backed {
    server: TestServer,
    topic: String,
    place: TempDir,
}

impl Backed {
    async fn new() -> Option<Backed> {
        let server = TestServer::start().await?;
        let topic = server.course().await?;
        let place = tempfile::tempdir().ok()?;
        back_up(server.data.path(), &place.path().join("b.zip"), START_MS, &mut |_| {}).ok()?;
        Some(Backed { server, topic, place })
    }

    /// The server that the backup was restored for, `after_ms` later.
    async fn restored(&self, after_ms: i64) -> Option<TestServer> {
        let data = tempfile::tempdir().ok()?;
        restore(&self.place.path().join("b.zip"), data.path(), Existing::Refused, START_MS + 1, &mut |_| {})
            .ok()?;
        let server = TestServer::start_on(data, None).await?;
        server.advance(after_ms);
        Some(server)
    }
}

fn with(message: &Value, fields: Value) -> Value {
    let mut changed = message.clone();
    if let (Some(changed), Value::Object(fields)) = (changed.as_object_mut(), fields) {
        changed.extend(fields);
    }
    changed
}

/// What was acknowledged, and whether everything is asked for.
fn told(answer: &Answer) -> (u16, Option<u64>, bool) {
    let is_asked = answer.body.get("need_full") == Some(&json!(true));
    (answer.status.as_u16(), answer.body.get("acked").and_then(Value::as_u64), is_asked)
}

/// The key that the server signs with, as whoever has its disk knows it.
fn tokens_of(server: &TestServer) -> Option<Tokens> {
    let database = Connection::open(server.data.path().join("seattime.db")).ok()?;
    let hex: String = database
        .query_row("SELECT value FROM secret WHERE name = 'server_key'", [], |row| row.get(0))
        .ok()?;
    Some(Tokens::new(&ServerKey::from_hex(&hex)?))
}

fn claims(visit: &Value) -> VisitClaims {
    let text = |name: &str| visit.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    VisitClaims {
        tenant: "default".to_owned(),
        learner: "nobody".to_owned(),
        attempt: "none".to_owned(),
        visit: text("visit"),
        lease: u32::try_from(visit["lease"].as_u64().unwrap_or_default()).unwrap_or_default(),
        opened_ms: START_MS,
        mode: Mode::Continue,
        origin: None,
    }
}

#[tokio::test]
async fn a_page_that_keeps_the_origin_gets_a_short_token_and_every_other_page_a_whole_one() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let short = server.visit(&topic, "anna").await.unwrap();
    let whole = server.visit_of_an_earlier_page(&topic, "berta").await.unwrap();
    let length = |visit: &Value| visit["token"].as_str().unwrap().len();
    assert!(length(&short) <= 130, "{}", length(&short));
    assert!(short["origin"].is_string() && whole["origin"].is_null());
    assert!(length(&whole) > 400, "{}", length(&whole));
    // A reload asks anew.
    let again = json!({ "launch_token": short["launch_token"], "keeps_origin": true });
    let again = server.post("/run/v1/visits", &again).await.unwrap().body;
    assert!(length(&again) <= 130 && again["origin"].is_string() && again["origin"] != short["origin"]);

    for (visit, is_short) in [(&again, true), (&whole, false)] {
        assert_eq!(
            told(&server.post(COMMITS, &commit(visit, 3, 60, "x")).await.unwrap()),
            (200, Some(3), false)
        );
        server.advance(16 * 60_000);
        let renewed = server.post(COMMITS, &commit(visit, 4, 60, "x")).await.unwrap().body;
        let token = renewed["token"].as_str().unwrap();
        assert_eq!(token.len() <= 130, is_short, "a token is renewed as what it is: {token}");
        assert!(renewed["origin"].is_null(), "the origin goes on being good");
        let next = with(&commit(visit, 5, 60, "x"), json!({ "token": token }));
        let next = server.post(COMMITS, &next).await.unwrap();
        assert_eq!((told(&next), &next.body["token"]), ((200, Some(5), false), &Value::Null));
    }
}

#[tokio::test]
async fn a_visit_that_the_database_does_not_know_is_asked_for_and_made_again_from_its_origin() {
    let backed = Backed::new().await.unwrap();
    let visit = backed.server.visit(&backed.topic, "clara").await.unwrap();
    backed.server.advance(60_000);
    assert_eq!(
        told(&backed.server.post(COMMITS, &commit(&visit, 5, 60, "page 1")).await.unwrap()).1,
        Some(5)
    );

    let server = backed.restored(120_000).await.unwrap();
    let origin = json!({ "origin": visit["origin"] });
    let sign = with(&commit(&visit, 6, 60, "page 1"), json!({ "after": 5 }));
    for _ in 0..2 {
        assert_eq!(told(&server.post(COMMITS, &sign).await.unwrap()), (200, Some(0), true));
    }
    assert_eq!(server.rows().await.unwrap(), Vec::<Value>::new(), "nobody can tell whose it is");
    // All of it, with the origin: there is nothing left to be asked for.
    let all = with(&commit(&visit, 6, 60, "page 1"), origin);
    assert_eq!(told(&server.post(COMMITS, &all).await.unwrap()), (200, Some(6), false));
    let next = with(&commit(&visit, 7, 90, "page 2"), json!({ "after": 6 }));
    assert_eq!(
        told(&server.post(COMMITS, &next).await.unwrap()),
        (200, Some(7), false),
        "without the origin"
    );
    let rows = server.rows().await.unwrap();
    assert_eq!((&rows[0]["learner"]["id"], &rows[0]["learner"]["name"]), (&json!("clara"), &json!("Muster")));
    assert_eq!((&rows[0]["time_spent_ms"], &rows[0]["attempts"]), (&json!(90_000), &json!(1)));
}

#[tokio::test]
async fn a_page_that_leaves_before_it_can_be_asked_is_kept_all_the_same() {
    let backed = Backed::new().await.unwrap();
    let visit = backed.server.visit(&backed.topic, "clara").await.unwrap();
    let server = backed.restored(120_000).await.unwrap();
    // What fits into the exit, with the origin; it claims that the server has the rest, and nobody is left to be asked.
    let last = json!({ "origin": visit["origin"], "after": 5, "partial": true, "reason": "hidden" });
    let last = with(&commit(&visit, 6, 60, "page 1"), last);
    assert_eq!(told(&server.post(COMMITS, &last).await.unwrap()), (200, Some(0), false));
    assert_eq!(server.rows().await.unwrap()[0]["time_spent_ms"], 60_000);
    // The next page sends what waits in the browser: the same, and no part of it counts twice.
    let left = json!({ "origin": visit["origin"], "after": 5, "reason": "replay" });
    let left = with(&commit(&visit, 6, 60, "page 1"), left);
    assert_eq!(told(&server.post(COMMITS, &left).await.unwrap()), (200, Some(0), true));
    assert_eq!(server.rows().await.unwrap()[0]["time_spent_ms"], 60_000);
    let next = server.visit(&backed.topic, "clara").await.unwrap();
    assert_eq!(next["values"]["item"]["cmi.core.lesson_location"], "page 1");
}

#[tokio::test]
async fn parts_of_a_visit_that_is_not_known_ask_for_its_origin_too() {
    let backed = Backed::new().await.unwrap();
    let visit = backed.server.visit(&backed.topic, "clara").await.unwrap();
    let server = backed.restored(120_000).await.unwrap();
    let origin = json!({ "origin": visit["origin"] });
    let part = json!({ "v": 1, "token": visit["token"], "visit": visit["visit"], "lease": visit["lease"],
                       "seq": 5, "n": 0, "of": 1, "text": "a long text" });
    assert_eq!(told(&server.post(PARTS, &part).await.unwrap()), (200, Some(0), true));
    let bad = with(&part, json!({ "origin": "x" }));
    assert_eq!(server.post(PARTS, &bad).await.unwrap().problem(), (401, "origin_invalid"));
    assert_eq!(told(&server.post(PARTS, &with(&part, origin.clone())).await.unwrap()), (200, None, false));
    // The commit that names it comes from a page that was asked, and is whole.
    let mut naming = with(&commit(&visit, 5, 60, "page 1"), origin);
    naming["sessions"][0]["parted"] = json!({ "cmi.suspend_data": 5 });
    assert_eq!(told(&server.post(COMMITS, &naming).await.unwrap()), (200, Some(5), false));
    naming["sessions"][0]["set"] = json!({ "cmi.core.exit": ["suspend", 6] });
    naming["seq"] = json!(6);
    assert_eq!(told(&server.post(COMMITS, &naming).await.unwrap()), (200, Some(6), false));
    let next = server.visit(&backed.topic, "clara").await.unwrap();
    assert_eq!(next["values"]["item"]["cmi.suspend_data"], "a long text");
}

#[tokio::test]
async fn whoever_was_launched_again_meanwhile_is_told_the_new_name_of_the_learner() {
    let backed = Backed::new().await.unwrap();
    let visit = backed.server.visit(&backed.topic, "clara").await.unwrap();
    let server = backed.restored(120_000).await.unwrap();
    let newer = server.visit(&backed.topic, "clara").await.unwrap();
    let all = with(&commit(&visit, 6, 60, "page 1"), json!({ "origin": visit["origin"] }));
    let answer = server.post(COMMITS, &all).await.unwrap();
    assert_eq!(told(&answer), (200, Some(6), false));
    let token = answer.body["token"].clone();
    assert!(token.is_string(), "the old one names a learner who is not there");
    let next = with(&commit(&visit, 7, 90, "page 1"), json!({ "token": token, "after": 6 }));
    let answer = server.post(COMMITS, &next).await.unwrap();
    assert_eq!((told(&answer), &answer.body["token"]), ((200, Some(7), false), &Value::Null));
    assert_eq!(told(&server.post(COMMITS, &commit(&newer, 1, 1, "x")).await.unwrap()), (200, Some(1), false));
    let rows = server.rows().await.unwrap();
    assert_eq!((rows.len(), &rows[0]["attempts"]), (1, &json!(2)), "one learner, two attempts");
}

#[tokio::test]
async fn what_a_browser_kept_is_taken_for_thirty_days_whoever_sends_it_then() {
    let backed = Backed::new().await.unwrap();
    let short = backed.server.visit(&backed.topic, "clara").await.unwrap();
    let whole = backed.server.visit_of_an_earlier_page(&backed.topic, "dora").await.unwrap();
    let left = |visit: &Value, origin: &Value| {
        with(&commit(visit, 6, 60, "page 1"), json!({ "origin": origin, "reason": "replay" }))
    };
    let server = backed.restored(30 * DAY_MS).await.unwrap();
    // An earlier version of the page wrote its messages down with a token that holds everything; it sent no origin.
    assert_eq!(told(&server.post(COMMITS, &left(&whole, &Value::Null)).await.unwrap()), (200, Some(0), true));
    assert_eq!(
        told(&server.post(COMMITS, &left(&whole, &Value::Null)).await.unwrap()),
        (200, Some(6), false)
    );
    server.advance(29 * 60_000);
    let answer = server.post(COMMITS, &left(&short, &short["origin"])).await.unwrap();
    assert_eq!(told(&answer), (200, Some(6), false));
    assert!(answer.body["token"].is_string());
    server.advance(60_001);
    for visit in [&short, &whole] {
        let late = server.post(COMMITS, &left(visit, &visit["origin"])).await.unwrap();
        assert_eq!(late.problem(), (401, "token_expired"));
    }
    assert_eq!(server.rows().await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_origin_is_good_for_its_own_visit_alone() {
    let backed = Backed::new().await.unwrap();
    let visit = backed.server.visit(&backed.topic, "clara").await.unwrap();
    let other = backed.server.visit(&backed.topic, "dora").await.unwrap();
    let again = json!({ "launch_token": visit["launch_token"], "keeps_origin": true });
    let again = backed.server.post("/run/v1/visits", &again).await.unwrap().body;
    let origin = visit["origin"].as_str().unwrap();
    let server = backed.restored(120_000).await.unwrap();
    let foreign = Tokens::new(&ServerKey::from_hex(&"5a".repeat(32)).unwrap());
    let eve = Origin {
        lms_id: "eve".to_owned(),
        name: "Eve".to_owned(),
        topic: backed.topic.clone(),
        number: 1,
        api: None,
    };
    let id = visit["visit"].as_str().unwrap();
    // One character of what it says, and one of what holds it together.
    let changed = |at: usize| {
        let mut text = origin.to_owned().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).unwrap()
    };
    #[rustfmt::skip]
    let forged: &[(&str, String)] = &[
        ("nothing",                    String::new()),
        ("no origin at all",           "seattime".to_owned()),
        ("a cut one",                  origin[..origin.len() - 1].to_owned()),
        ("only its seal",              origin[origin.len() - 22..].to_owned()),
        ("a changed one",              changed(30)),
        ("a changed seal",             changed(origin.len() - 10)),
        ("something behind it",        format!("{origin}A")),
        ("padding",                    format!("{origin}=")),
        ("another learner's",          other["origin"].as_str().unwrap().to_owned()),
        ("another visit's",            again["origin"].as_str().unwrap().to_owned()),
        ("another server's",           foreign.for_origin(id, &eve).unwrap()),
        ("the visit's token",          visit["token"].as_str().unwrap().to_owned()),
        ("the launch's token",         visit["launch_token"].as_str().unwrap().to_owned()),
    ];
    let mut details = Vec::new();
    for (what, bad) in forged {
        let sent = with(&commit(&visit, 6, 60, "x"), json!({ "origin": bad }));
        let answer = server.post(COMMITS, &sent).await.unwrap();
        assert_eq!(answer.problem(), (401, "origin_invalid"), "{what}");
        details.push(answer.body["detail"].clone());
        let sent = with(&commit(&visit, 6, 60, "x"), json!({ "token": bad }));
        let answer = server.post(COMMITS, &sent).await.unwrap();
        let expected = match *what {
            "nothing" => (401, "token_missing"),
            "the visit's token" => (200, ""),
            _ => (401, "token_invalid"),
        };
        assert_eq!(answer.problem(), expected, "{what}, as a token");
    }
    assert!(details.iter().all(|it| *it == details[0]), "whoever tries learns nothing: {details:?}");
    assert_eq!(server.rows().await.unwrap(), Vec::<Value>::new(), "nothing was kept");
    let good = with(&commit(&visit, 6, 60, "x"), json!({ "origin": origin }));
    assert_eq!(told(&server.post(COMMITS, &good).await.unwrap()), (200, Some(6), false));
    // Where the visit is known, nobody asks for its origin, and what came as one is not looked at.
    let needless = with(&commit(&visit, 7, 60, "x"), json!({ "origin": "seattime", "after": 6 }));
    assert_eq!(told(&server.post(COMMITS, &needless).await.unwrap()), (200, Some(7), false));
}

#[tokio::test]
async fn a_short_token_is_good_for_what_it_names_and_as_it_was_signed() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    let other = server.visit(&topic, "berta").await.unwrap();
    let token = visit["token"].as_str().unwrap();
    let sent = async |token: &str| {
        server.post(COMMITS, &with(&commit(&visit, 1, 60, "x"), json!({ "token": token }))).await.unwrap()
    };
    for length in 1..token.len() {
        assert_eq!(
            sent(&token[..length]).await.problem(),
            (401, "token_invalid"),
            "{length} characters of it"
        );
    }
    for at in 0..token.len() {
        let mut changed = token.to_owned().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(sent(&changed).await.problem(), (401, "token_invalid"), "{changed}, at {at}");
    }
    let ours = tokens_of(&server).unwrap();
    let foreign = Tokens::new(&ServerKey::from_hex(&"5a".repeat(32)).unwrap());
    let named = claims(&visit);
    let signed =
        |by: &Tokens, claims: &VisitClaims, at_ms: i64| by.for_visit(claims, Form::Short, at_ms).unwrap();
    let elsewhere = VisitClaims { tenant: "other".to_owned(), ..named.clone() };
    let newer = VisitClaims { lease: named.lease + 1, ..named.clone() };
    #[rustfmt::skip]
    let cases = [
        ("another server's",       signed(&foreign, &named, START_MS),                      (401, "token_invalid")),
        ("another visit's",        other["token"].as_str().unwrap().to_owned(),             (404, "not_found")),
        ("another lease's",        signed(&ours, &newer, START_MS),                         (404, "not_found")),
        ("one of too long ago",    signed(&ours, &named, START_MS - 30 * DAY_MS - 1_800_001), (401, "token_expired")),
    ];
    for (what, bad, expected) in cases {
        assert_eq!(sent(&bad).await.problem(), expected, "{what}");
    }
    // Signed here, but for an attempt that is not there, or for another tenant: it is asked whose it is, and cannot say.
    for stranger in [&named, &elsewhere] {
        let token = signed(&ours, stranger, START_MS);
        assert_eq!(told(&sent(&token).await), (200, Some(0), true));
        let sent = with(&commit(&visit, 1, 60, "x"), json!({ "token": token, "origin": other["origin"] }));
        assert_eq!(server.post(COMMITS, &sent).await.unwrap().problem(), (401, "origin_invalid"));
    }
    // Its own origin makes nothing in another tenant either, whose topics are others.
    let strange = signed(&ours, &elsewhere, START_MS);
    let moved = with(&commit(&visit, 1, 60, "x"), json!({ "token": strange, "origin": visit["origin"] }));
    assert_eq!(server.post(COMMITS, &moved).await.unwrap().problem(), (404, "not_found"));
    assert_eq!(server.told_rows().await.unwrap().len(), 0, "nothing was kept");
    assert_eq!(told(&sent(token).await), (200, Some(1), false));
}
