//! How the binary stops: what is under way is answered and on disk, nothing waits for ever.
#![cfg(unix)]

mod running;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use running::{PATIENCE, Running, commit, rest, until};
use seattime_server::clock::Stopwatch;
use serde_json::json;

const COMMITS: &str = "/run/v1/commits";

/// Begins a commit; once this answers, its handler waits for the body.
fn begin(server: &Running, length: usize) -> Option<TcpStream> {
    let mut stream = server.connect().ok()?;
    let head = Running::head("POST", COMMITS, length, "expect: 100-continue\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    let expected = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut told = vec![0; expected.len()];
    stream.read_exact(&mut told).ok()?;
    (told == expected).then_some(stream)
}

/// What the file holds of a value, and how long its write-ahead log is.
fn on_disk(data: &Path) -> Option<(String, u64)> {
    let file = data.join("seattime.db");
    let log_bytes = std::fs::metadata(data.join("seattime.db-wal")).map_or(0, |it| it.len());
    let database = rusqlite::Connection::open(file).ok()?;
    let value = "SELECT value FROM value WHERE element = 'cmi.core.lesson_location'";
    Some((database.query_row(value, [], |row| row.get(0)).ok()?, log_bytes))
}

#[test]
fn a_commit_that_is_under_way_is_answered_and_on_disk_before_the_end() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("data");
    let mut server = Running::start(&folder, &[]).unwrap();
    let visit = server.visit("anna").unwrap();
    let body = commit(&visit, 1, "page-7").to_string();
    let mut under_way = begin(&server, body.len()).unwrap();
    assert!(server.signal("TERM"));
    assert!(server.until_closed(), "nobody new is taken");
    assert_eq!(server.child.try_wait().unwrap(), None, "it waits for the commit");
    under_way.write_all(body.as_bytes()).unwrap();
    let answer = rest(&mut under_way).unwrap();
    assert_eq!((answer.status, &answer.body["acked"]), (200, &json!(1)), "{}", answer.head);
    assert_eq!(server.ended(), Some(0));
    assert_eq!(on_disk(&folder).unwrap(), ("page-7".to_owned(), 0));
    assert_eq!(server.logged().unwrap(), "", "nothing is wrong with that");
}

#[test]
fn with_a_delay_it_says_that_it_is_about_to_end_and_answers_meanwhile() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("data");
    let mut server = Running::start(&folder, &["--stop-delay", "3"]).unwrap();
    let visit = server.visit("anna").unwrap();
    assert_eq!(server.get("/readyz").unwrap().status, 200);
    let begun = Stopwatch::start();
    assert!(server.signal("INT"));
    assert!(until(|| server.get("/readyz").is_some_and(|it| it.status != 200)));
    let answer = server.get("/readyz").unwrap();
    assert_eq!((answer.status, answer.code()), (503, "draining"));
    assert_eq!(server.get("/livez").unwrap().status, 200);
    assert_eq!(server.post(COMMITS, &commit(&visit, 1, "page-8")).unwrap().status, 200);
    assert_eq!(server.ended(), Some(0));
    assert!(begun.elapsed() >= Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(on_disk(&folder).unwrap(), ("page-8".to_owned(), 0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Running::start(&data.path().join("data"), &[]).unwrap();
    let _never_whole = begin(&server, 100).unwrap();
    let begun = Stopwatch::start();
    assert!(server.signal("TERM"));
    assert!(server.until_closed());
    assert!(server.signal("TERM"));
    assert_eq!(server.ended(), Some(1));
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    let logged = server.logged().unwrap();
    assert!(logged.starts_with("seattime: ended at once") && logged.lines().count() == 1, "{logged}");
}
