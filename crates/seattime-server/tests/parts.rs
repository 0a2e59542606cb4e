//! Texts that are too long for a commit travel ahead of it in parts.

use seattime_testbed::test_server::{TestServer, commit};
use serde_json::{Value, json};

fn part(visit: &Value, seq: u64, n: u32, of: u32, text: &str) -> Value {
    let of_visit = |name: &str| visit.get(name).cloned();
    json!({ "v": 1, "token": of_visit("token"), "visit": of_visit("visit"), "lease": of_visit("lease"), "seq": seq, "n": n, "of": of, "text": text })
}

/// A commit that names the text of change `seq`.
fn naming(visit: &Value, seq: u64) -> Value {
    let mut told = commit(visit, seq, 60, "p1");
    if let Some(session) = told.pointer_mut("/sessions/0").and_then(Value::as_object_mut) {
        session.insert("set".to_owned(), json!({ "cmi.core.exit": ["suspend", 1] }));
        session.insert("parted".to_owned(), json!({ "cmi.suspend_data": seq }));
    }
    told
}

async fn suspended(server: &TestServer, topic: &str) -> Option<String> {
    let visit = server.visit(topic, "anna").await?;
    let text = visit.pointer("/values/item/cmi.suspend_data").and_then(Value::as_str);
    Some(text.unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_text_in_parts_is_kept_whole_whatever_order_they_come_in() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    let (first, second) = ("ä".repeat(30_000), "b".repeat(20_000));

    // Named before it is there: nothing is acknowledged, and everything asked for.
    assert_eq!(server.post("/run/v1/parts", &part(&visit, 5, 1, 2, &second)).await.unwrap().status, 200);
    let early = server.post("/run/v1/commits", &naming(&visit, 5)).await.unwrap();
    assert_eq!((&early.body["acked"], &early.body["need_full"]), (&json!(0), &json!(true)));
    // Parts of another text, and one that comes twice, change nothing.
    for it in [part(&visit, 4, 0, 2, "old"), part(&visit, 5, 0, 2, &first), part(&visit, 5, 0, 2, &first)] {
        assert_eq!(server.post("/run/v1/parts", &it).await.unwrap().status, 200);
    }
    let told = server.post("/run/v1/commits", &naming(&visit, 5)).await.unwrap();
    assert_eq!((&told.body["acked"], &told.body["refused"]), (&json!(5), &Value::Null));
    assert!(told.body.get("need_full").is_none_or(|it| it == false));
    // Its answer was lost, so it comes again; its parts are not needed any more.
    for _ in 0..2 {
        let again = server.post("/run/v1/commits", &naming(&visit, 5)).await.unwrap();
        assert_eq!(again.body["acked"], 5);
        assert!(again.body.get("need_full").is_none_or(|it| it == false));
    }
    assert_eq!(suspended(&server, &topic).await.unwrap(), first + &second);
}

#[tokio::test]
async fn a_text_up_to_a_mebibyte_is_kept_and_a_longer_one_is_refused_alone() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    for (units, is_kept) in [(1_048_576, true), (1_048_577, false)] {
        let visit = server.visit(&topic, "anna").await.unwrap();
        let text = "x".repeat(units);
        let pieces: Vec<&str> =
            text.as_bytes().chunks(40_000).map(|it| std::str::from_utf8(it).unwrap()).collect();
        for (n, piece) in (0..).zip(&pieces) {
            let part = part(&visit, 7, n, pieces.len() as u32, piece);
            assert_eq!(server.post("/run/v1/parts", &part).await.unwrap().status, 200);
        }
        let told = server.post("/run/v1/commits", &naming(&visit, 7)).await.unwrap();
        assert_eq!((told.status.as_u16(), &told.body["acked"]), (200, &json!(7)));
        assert_eq!(told.body["refused"].is_null(), is_kept, "{units}");
    }
    assert_eq!(
        suspended(&server, &topic).await.unwrap().len(),
        1_048_576,
        "the longer one took nothing away"
    );
}

#[tokio::test]
async fn bad_parts_are_told_what_is_wrong() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let (visit, other) =
        (server.visit(&topic, "anna").await.unwrap(), server.visit(&topic, "berta").await.unwrap());
    let good = part(&visit, 5, 0, 1, "x");
    let with = |name: &str, value: Value| {
        let mut it = good.clone();
        it[name] = value;
        it
    };
    #[rustfmt::skip]
    let cases = [
        (with("v", json!(2)),                    (400, "bad_version")),
        (with("n", json!(1)),                    (400, "bad_part")),
        (with("of", json!(0)),                   (400, "bad_part")),
        (with("of", json!(129)),                 (400, "bad_part")),
        (with("text", json!(7)),                 (400, "bad_json")),
        (with("token", json!("x")),              (401, "token_invalid")),
        (with("visit", other["visit"].clone()),  (404, "not_found")),
        (with("text", json!("x".repeat(300_000))), (413, "too_large")),
    ];
    for (body, expected) in cases {
        assert_eq!(server.post("/run/v1/parts", &body).await.unwrap().problem(), expected);
    }
    for n in 0..1_024 {
        let waiting = part(&visit, 10 + n, 0, 2, "x");
        assert_eq!(server.post("/run/v1/parts", &waiting).await.unwrap().status, 200, "part {n}");
    }
    assert_eq!(server.post("/run/v1/parts", &good).await.unwrap().problem(), (413, "too_many_parts"));
}
