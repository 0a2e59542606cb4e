//! Exports of many rows: page by page, while rows change, and when something breaks on the way.
#![cfg(test)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures_util::future::join_all;
use http_body_util::BodyExt;
use seattime_server::access::Face;
use seattime_server::faults::{Fault, Faults};
use seattime_server::store::NewLearner;
use seattime_server::{Config, World, serve};
use seattime_testbed::test_server::{KEY, NoAssets, START_MS, SetClock, TestServer, commit, scorm_12};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const MINUTE_MS: i64 = 60_000;
/// So many rows come at once.
const PAGE: usize = 500;

fn name_of(n: usize) -> String {
    format!("l{n:04}")
}

/// Enrols learners of these numbers: each has a row, and was never there.
async fn enrol(server: &TestServer, numbers: std::ops::Range<usize>) {
    let bodies: Vec<Value> = numbers
        .map(|it| json!({ "learner": { "id": name_of(it), "name": name_of(it) }, "course": "Course" }))
        .collect();
    let told = join_all(bodies.iter().map(|it| server.post("/api/v1/enrolments", it))).await;
    assert!(told.iter().all(|it| it.as_ref().is_some_and(|it| it.status == 200)));
}

/// The ids of an export's rows, in its order.
fn ids(format: &str, bytes: &[u8]) -> Vec<String> {
    if format == "json" {
        let told: Value = serde_json::from_slice(bytes).unwrap();
        let rows = told["rows"].as_array().unwrap();
        return rows.iter().map(|it| it["learner"]["id"].as_str().unwrap().to_owned()).collect();
    }
    let mut reader = csv::Reader::from_reader(bytes);
    reader.records().map(|it| it.unwrap()[1].to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_one_of_many_rows_comes_once_and_in_order_but_weeks_are_of_two_thousand_at_most() {
    let server = TestServer::start().await.unwrap();
    server.course().await.unwrap();
    enrol(&server, 0..2_000).await;
    for format in ["csv", "json"] {
        let path = format!("/api/v1/report/export?format={format}&sort=learner&order=asc");
        let told = server.get(&path, KEY).await.unwrap();
        let found = ids(format, &told.bytes);
        assert_eq!(found, (0..2_000).map(name_of).collect::<Vec<_>>(), "{format}: whole pages, and no more");
    }
    let weeks = server.get("/api/v1/report/weeks", KEY).await.unwrap();
    assert_eq!(weeks.status, 200, "{}", weeks.body);

    enrol(&server, 2_000..2_001).await;
    let told = server.get("/api/v1/report/export?format=csv&sort=learner&order=desc", KEY).await.unwrap();
    assert_eq!(ids("csv", &told.bytes), (0..2_001).rev().map(name_of).collect::<Vec<_>>());
    let weeks = server.get("/api/v1/report/weeks", KEY).await.unwrap();
    assert_eq!(weeks.problem(), (422, "too_many_rows"));
    let detail = weeks.body["detail"].as_str().unwrap();
    assert!(detail.contains("2000") && detail.contains("narrow"), "{detail}");
    let narrowed = server.get("/api/v1/report/weeks?learner=l0007", KEY).await.unwrap();
    assert_eq!(narrowed.status, 200);
}

/// An export that is read bit by bit.
async fn begin(server: &TestServer, query: &str) -> Body {
    let request = Request::get(format!("/api/v1/report/export?{query}"));
    let request = request.header("authorization", format!("Bearer {KEY}")).body(Body::empty()).unwrap();
    let response = server.respond(Face::App, request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body()
}

/// The next bytes; nothing at the end.
async fn next(body: &mut Body) -> Option<Result<Vec<u8>, axum::Error>> {
    Some(body.frame().await?.map(|it| it.into_data().unwrap().to_vec()))
}

/// What comes until there are rows.
async fn first_page(body: &mut Body) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains("Course") {
        bytes.extend(next(body).await.unwrap().unwrap());
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_moves_while_an_export_is_made_comes_once() {
    for format in ["csv", "json"] {
        let server = TestServer::start().await.unwrap();
        let topic = server.course().await.unwrap();
        enrol(&server, 0..PAGE + 100).await;
        // Nobody was there yet. Whoever is from now on stands before the others.
        let query = format!("format={format}&sort=last_visit&order=desc");
        let mut export = begin(&server, &query).await;
        let mut bytes = first_page(&mut export).await;
        let sent = match format {
            "json" => ids(format, &[bytes.as_slice(), b"]}"].concat()),
            _ => ids(format, &bytes),
        };
        assert_eq!(sent.len(), PAGE);
        let (listed, unlisted) =
            (&sent[0], &(0..PAGE + 100).map(name_of).find(|it| !sent.contains(it)).unwrap());
        for learner in [listed, unlisted] {
            let visit = server.visit(&topic, learner).await.unwrap();
            server.advance(MINUTE_MS);
            let told = server.post("/run/v1/commits", &commit(&visit, 1, 60, "page")).await.unwrap();
            assert_eq!(told.status, 200);
        }
        while let Some(more) = next(&mut export).await {
            bytes.extend(more.unwrap());
        }
        let found = ids(format, &bytes);
        assert_eq!(found.len(), PAGE + 100, "{format}");
        let all: BTreeSet<String> = found.iter().cloned().collect();
        assert_eq!(all, (0..PAGE + 100).map(name_of).collect(), "{format}");
        assert_eq!(found.last().unwrap(), unlisted, "{format}: what moved is behind the others");
        // What comes last is as it is by then, and what was sent as it was.
        let again =
            ids(format, &server.get(&format!("/api/v1/report/export?{query}"), KEY).await.unwrap().bytes);
        assert_eq!(
            again[..2],
            [unlisted.clone(), listed.clone()],
            "{format}: the next one has them in their places"
        );
    }
}

/// Lets so many pages of exports through, and none afterwards.
struct Pages(AtomicUsize);

impl Faults for Pages {
    fn reached(&self, point: &str) -> Fault {
        let is_page = point == "before_export_page";
        let left = |it: usize| it.checked_sub(1);
        match is_page && self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_err() {
            true => Fault::Fail,
            false => Fault::None,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_breaks_off_is_never_taken_for_whole() {
    for format in ["csv", "json"] {
        let server = TestServer::start_as(Pages(AtomicUsize::new(1)), |_| {}).await.unwrap();
        server.course().await.unwrap();
        enrol(&server, 0..PAGE + 100).await;
        let mut export = begin(&server, &format!("format={format}&sort=learner&order=asc")).await;
        let first = first_page(&mut export).await;
        let broken = next(&mut export).await.unwrap();
        assert!(broken.is_err(), "{format}: {broken:?}");
        assert!(next(&mut export).await.is_none(), "{format}: nothing follows");
        match format {
            "json" => assert!(serde_json::from_slice::<Value>(&first).is_err(), "half of it is no JSON"),
            _ => assert_eq!(ids(format, &first[3..]).len(), PAGE, "what came whole, is whole"),
        }
        // What fails before anything is sent is a problem, and no file.
        let told = server.get(&format!("/api/v1/report/export?format={format}"), KEY).await.unwrap();
        assert_eq!(told.problem(), (503, "unavailable"));
        assert!(!told.headers.contains_key("content-disposition"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_sees_a_file_without_its_end_where_an_export_breaks_off() {
    for (pages, is_whole) in [(1, false), (9, true)] {
        let data = tempfile::tempdir().unwrap();
        let faults = Arc::new(Pages(AtomicUsize::new(pages)));
        let world = World { clock: SetClock::new(), faults, vfs: None, assets: Arc::new(NoAssets) };
        let config = Config::local(data.path().to_owned(), KEY.to_owned());
        let server = serve(config, world).await.unwrap();
        server.app().import("default", scorm_12().unwrap(), Some("Course".to_owned())).await.unwrap();
        for n in 0..PAGE + 1 {
            let learner = NewLearner { lms_id: name_of(n), name: name_of(n), groups: None };
            server.app().store.enrol("default", learner, "Course", START_MS).await.unwrap();
        }
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!(
            "GET /api/v1/report/export?format=csv HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut told = Vec::new();
        let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut told)).await.unwrap();
        let told = String::from_utf8_lossy(&told);
        // How much of it was sent by then is the network's. The chunk of length 0 is how whoever reads it knows that this
        // was all: no length was told before.
        assert_eq!(told.ends_with("\r\n0\r\n\r\n"), is_whole);
        assert_eq!(told.contains(&name_of(PAGE)), is_whole);
        assert!(!told.contains("content-length"), "{told}");
        server.shut_down().await;
    }
}
