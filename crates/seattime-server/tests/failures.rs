//! When the server itself is in trouble: what it answers, what it keeps, and that it recovers by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use seattime_server::faults::{Fault, Faults};
use seattime_testbed::test_server::{KEY, TestServer, commit};
use serde_json::json;

const COMMITS: &str = "/run/v1/commits";

/// The database's file, as another program sees it.
fn database(server: &TestServer) -> rusqlite::Result<Connection> {
    Connection::open(server.data.path().join("seattime.db"))
}

#[tokio::test]
async fn a_locked_database_is_503_and_reads_go_on_until_it_is_free() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(60_000);
    let other = database(&server).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap(); // A backup program's, say.
    let body = commit(&visit, 1, 60, "x");
    let (answer, packages) = tokio::join!(server.post(COMMITS, &body), server.get("/api/v1/packages", KEY));
    assert_eq!(packages.unwrap().status, 200, "reads go on");
    let answer = answer.unwrap();
    assert_eq!(answer.problem(), (503, "unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(server.post(COMMITS, &body).await.unwrap().body["acked"], 1);
}

#[tokio::test]
async fn a_database_that_lost_a_table_is_503_and_nothing_is_acknowledged() {
    let server = TestServer::start().await.unwrap();
    let topic = server.course().await.unwrap();
    let visit = server.visit(&topic, "anna").await.unwrap();
    server.advance(60_000);
    let other = database(&server).unwrap();
    other.execute_batch("ALTER TABLE value RENAME TO gone").unwrap();
    let body = commit(&visit, 1, 60, "x");
    let answer = server.post(COMMITS, &body).await.unwrap();
    assert_eq!(answer.problem(), (503, "unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    let text = String::from_utf8(answer.bytes).unwrap();
    assert!(!text.contains("table") && !text.contains("SQL"), "nothing of the inside is told: {text}");
    other.execute_batch("ALTER TABLE gone RENAME TO value").unwrap();
    assert_eq!(server.post(COMMITS, &body).await.unwrap().body["acked"], 1);
}

/// A handler that panics when it is asked to.
#[derive(Clone, Default)]
struct Panics(Arc<AtomicBool>);

impl Faults for Panics {
    fn reached(&self, point: &str) -> Fault {
        if point == "before_commit" && self.0.swap(false, Ordering::SeqCst) {
            std::panic::resume_unwind(Box::new("a secret of the inside"));
        }
        Fault::None
    }
}

#[tokio::test]
async fn a_panic_ends_one_request_with_its_id_and_the_others_are_kept() {
    let panics = Panics::default();
    let server = TestServer::start_as(panics.clone(), |_| {}).await.unwrap();
    let topic = server.course().await.unwrap();
    let mut visits = Vec::new();
    for n in 0..8 {
        visits.push(server.visit(&topic, &format!("learner-{n}")).await.unwrap());
    }
    server.advance(60_000);
    panics.0.store(true, Ordering::SeqCst);
    let bodies: Vec<_> = visits.iter().map(|it| commit(it, 1, 60, "x")).collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|it| server.post(COMMITS, it))).await;
    let (failed, kept): (Vec<_>, Vec<_>) =
        answers.into_iter().map(Option::unwrap).partition(|it| it.status != 200);
    assert_eq!((failed.len(), kept.len()), (1, 7));
    assert_eq!(failed[0].problem(), (500, "internal"));
    assert_eq!(failed[0].body["request_id"], failed[0].headers["x-request-id"].to_str().unwrap());
    assert!(!String::from_utf8_lossy(&failed[0].bytes).contains("secret"), "nothing of the inside is told");
    for body in &bodies {
        assert_eq!(server.post(COMMITS, body).await.unwrap().status, 200, "and it lives on");
    }
    assert_eq!(server.rows().await.unwrap().len(), 8);
}

#[tokio::test]
async fn a_request_has_the_id_that_it_came_with_if_that_is_short_and_plain() {
    use axum::body::Body;
    use axum::http::Request;
    let server = TestServer::start().await.unwrap();
    let long = "x".repeat(65);
    #[rustfmt::skip]
    let cases = [
        // given                   is taken
        ("abc-123_4.5",            true),
        (&long[..64],              true),
        (&long[..],                false),
        ("",                       false),
        ("a b",                    false),
        ("a\"b",                   false),
        ("a;DROP TABLE visit",     false),
    ];
    let mut made = Vec::new();
    for (given, is_taken) in cases {
        for path in ["/livez", "/nowhere/at/all"] {
            let request = Request::get(path).header("x-request-id", given).body(Body::empty()).unwrap();
            let answer = server.send(request).await.unwrap();
            let id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
            assert_eq!(id == given, is_taken, "{given:?} {path}");
            if answer.status == 404 {
                assert_eq!(answer.body["request_id"], json!(id), "{given:?}");
            }
            if !is_taken {
                made.push(id);
            }
        }
    }
    let count = made.len();
    made.sort_unstable();
    made.dedup();
    assert_eq!(made.len(), count, "no two are the same");
}
