//! Two servers before one PostgreSQL, the second one's clock wrong, the first one killed in a visit.
#![cfg(test)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use seattime_testing::cluster::{self, Cluster, MOVABLE_CLOCK};

const MANIFEST: &str = r#"<?xml version="1.0"?><manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><metadata><schemaversion>1.2</schemaversion></metadata>
    <organizations default="o"><organization identifier="o"><title>Topic</title><item identifier="item" identifierref="r">
    <title>Item</title></item></organization></organizations>
    <resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="index.html"/></resources></manifest>"#;

const TELL: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// A testbed in a process of its own.
struct Server {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    url: String,
    run_url: String,
    key: String,
}

impl Server {
    fn start(cluster: &Cluster, data: &Path, ahead_ms: i64) -> Server {
        let start_ms = cluster.ask(TELL).unwrap().parse::<i64>().unwrap() + ahead_ms;
        let mut child = Command::new(env!("CARGO_BIN_EXE_seattime-testbed"))
            .args(["--web", ".", "--pkg", ".", "--start-ms", &start_ms.to_string()])
            .args(["--database", &cluster.url(), "--data"])
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let url = line(&mut answers).strip_prefix("listening ").unwrap().to_owned();
        let run_url = line(&mut answers).strip_prefix("running ").unwrap().to_owned();
        let key = line(&mut answers).strip_prefix("api-key ").unwrap().to_owned();
        Server { child, orders, answers, url, run_url, key }
    }

    fn order(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").unwrap();
        line(&mut self.answers)
    }

    /// Status and body; none where the connection was lost.
    async fn send(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Option<(u16, Value)> {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", if path.starts_with("/run/") { &self.run_url } else { &self.url }))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", kind);
        let response = client.request(request.body(Full::new(Bytes::from(body))).unwrap()).await.ok()?;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.ok()?.to_bytes();
        Some((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    async fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        self.send(Method::POST, path, "application/json", body.to_string().into_bytes()).await
    }

    async fn get(&self, path: &str) -> Option<(u16, Value)> {
        self.send(Method::GET, path, "text/plain", Vec::new()).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill(); // SIGKILL
        let _ = self.child.wait();
    }
}

fn line(from: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

fn course() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [("imsmanifest.xml", MANIFEST), ("index.html", "<!doctype html><title>Topic</title>")]
    {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Everything up to `minutes` of presence, as a page that was never acknowledged sends it.
fn commit(visit: &Value, seq: u64, minutes: i64) -> Value {
    let ms = minutes * 60_000;
    let signs: Vec<Value> = (0..=minutes).map(|it| json!([0, it * 60_000, it * 60_000, "human"])).collect();
    json!({
        "v": 1, "token": visit["token"], "visit": visit["visit"], "lease": visit["lease"], "seq": seq,
        "reason": "commit", "sent_date_ms": visit["server_ms"].as_i64().unwrap() + ms,
        "stretches": [{ "n": 0, "start_date_ms": visit["server_ms"], "sent_at_ms": ms }],
        "sessions": [{ "n": 1, "seq": seq, "kind": "sco", "activity": "item", "try": 1, "entry": "ab-initio",
            "state": "running", "span": [[0, 0, ms]],
            "set": { "cmi.core.lesson_location": [format!("page {seq}"), seq], "cmi.core.exit": ["suspend", 1] } }],
        "time": { "evidence": signs, "visible": [[0, 0, ms]] },
    })
}

/// Twenty minutes in a course, told every two minutes; with `is_killed`, the server that the visit was opened at dies
/// in the middle, after a commit was kept and before that was said, and everything goes on at the other one, whose
/// clock is `ahead_ms` ahead. Answers the report's row, what the next visit begins with, and how often a commit
/// had to be sent again.
async fn learn(is_killed: bool, ahead_ms: i64) -> Option<(Value, Value, u32)> {
    let cluster = Cluster::start(&cluster::programs_or_skip()?, &[]).unwrap();
    cluster.ask(MOVABLE_CLOCK).unwrap();
    let data = tempfile::tempdir().unwrap();
    let first = Server::start(&cluster, data.path(), 0);
    let mut second = Server::start(&cluster, data.path(), ahead_ms);
    let mut first = Some(first);
    let at = |first: &Option<Server>| first.is_some();

    let it = first.as_ref().unwrap();
    assert_eq!(it.get("/readyz").await.unwrap().0, 200);
    let ready = second.get("/readyz").await.unwrap();
    let expected = if ahead_ms.abs() > 2_000 { (503, json!("clock_off")) } else { (200, Value::Null) };
    assert_eq!((ready.0, ready.1["code"].clone()), expected, "a server whose clock is off says so");

    let zip =
        it.send(Method::POST, "/api/v1/packages?course=Course", "application/zip", course()).await.unwrap();
    let topic = zip.1["topic"].clone();
    let launch = json!({ "learner": { "id": "anna", "name": "Muster, Anna" }, "topic": topic });
    let code = |answer: &Value| answer["url"].as_str().unwrap().split_once("#code=").unwrap().1.to_owned();
    // Launched at the one, opened at the other.
    let launched = second.post("/api/v1/launches", &launch).await.unwrap();
    let opened = it.post("/run/v1/visits", &json!({ "code": code(&launched.1) })).await.unwrap();
    assert_eq!(opened.0, 200, "{opened:?}");
    let visit = opened.1;
    assert_eq!(second.post("/run/v1/visits", &json!({ "code": code(&launched.1) })).await.unwrap().0, 410);

    let mut again = 0;
    for seq in 1..=10 {
        cluster.move_clock(120_000).unwrap();
        for server in first.iter_mut().chain([&mut second]) {
            assert_eq!(server.order("advance 120000"), "ok");
        }
        let told = commit(&visit, seq, seq as i64 * 2);
        if let Some(server) = first.as_mut().filter(|_| is_killed && seq == 5) {
            assert_eq!(server.order("die after_commit"), "ok");
        }
        if at(&first) {
            match first.as_ref().unwrap().post("/run/v1/commits", &told).await {
                Some((200, receipt)) => {
                    assert_eq!(receipt["acked"], seq);
                    continue;
                }
                other => {
                    assert_eq!((other, seq), (None, 5), "only the one that died");
                    first = None;
                    again += 1;
                }
            }
        }
        let (status, receipt) = second.post("/run/v1/commits", &told).await.unwrap();
        assert_eq!((status, receipt["acked"].as_u64()), (200, Some(seq)), "{receipt}");
        assert!(receipt.get("need_full").is_none(), "the other server knows the visit");
    }
    let rows = second.get("/api/v1/report").await.unwrap().1["rows"].clone();
    let launched = second.post("/api/v1/launches", &launch).await.unwrap();
    let next = second.post("/run/v1/visits", &json!({ "code": code(&launched.1) })).await.unwrap().1;
    Some((rows[0].clone(), next["values"]["item"].clone(), again))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_goes_on_at_another_server_as_if_nothing_had_happened() {
    let Some((alone, values, again)) = learn(false, 0).await else { return };
    assert_eq!((&alone["time_spent"], again), (&json!("0h 20m 0s"), 0));
    let (row, next, again) = learn(true, 90_000).await.unwrap();
    assert_eq!(again, 1, "one commit was sent again, and that was all");
    for field in ["time_spent", "measured_ms", "attempts", "status", "provenance", "flags"] {
        assert_eq!(row[field], alone[field], "{field}");
    }
    assert_eq!(next, values);
    assert_eq!(next["cmi.core.lesson_location"], "page 10");
    assert_eq!(next["cmi.core.total_time"], "00:20:00.00");
}
