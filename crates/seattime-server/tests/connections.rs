//! What only a socket shows: clients that are slow, that go away, that frame their requests in two ways.

use std::time::Duration;

use seattime_server::faults::NoFaults;
use seattime_server::{Config, Server, World, serve};
use seattime_testbed::test_server::{KEY, NoAssets, SetClock, commit, scorm_12};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Long enough for anything on this machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Listening {
    server: Server,
    _data: tempfile::TempDir,
    topic: String,
}

/// A server with a course; its limits are those that ship, or shorter ones, so that a test need not wait.
async fn start(change: impl FnOnce(&mut Config)) -> Option<Listening> {
    let data = tempfile::tempdir().ok()?;
    let mut config = Config::local(data.path().to_owned(), KEY.to_owned());
    change(&mut config);
    let world = World {
        clock: SetClock::new(),
        faults: std::sync::Arc::new(NoFaults),
        vfs: None,
        assets: std::sync::Arc::new(NoAssets),
    };
    let server = serve(config, world).await.ok()?;
    let topic = server.app().import("default", scorm_12()?, None).await.ok()?.id;
    Some(Listening { server, _data: data, topic })
}

impl Listening {
    /// Connects to where commits go.
    async fn connect(&self) -> Option<TcpStream> {
        TcpStream::connect(self.server.run_address).await.ok()
    }

    /// Sends bytes and reads until the server closes.
    async fn exchange(&self, bytes: &[u8]) -> Option<String> {
        let mut stream = self.connect().await?;
        stream.write_all(bytes).await.ok()?;
        rest(&mut stream).await
    }

    async fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        let is_run = path.starts_with("/run/");
        let face = if is_run { self.server.run_address } else { self.server.address };
        let mut stream = TcpStream::connect(face).await.ok()?;
        stream.write_all(&request(path, &body.to_string())).await.ok()?;
        let answer = rest(&mut stream).await?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, serde_json::from_str(body).ok()?))
    }

    async fn visit(&self, learner: &str) -> Option<Value> {
        let launch = json!({ "learner": { "id": learner, "name": "" }, "topic": self.topic });
        let (_, made) = self.post("/api/v1/launches", &launch).await?;
        let code = made.get("url")?.as_str()?.split_once("#code=")?.1.to_owned();
        Some(self.post("/run/v1/visits", &json!({ "code": code })).await?.1)
    }
}

fn head(path: &str, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n{more}\r\n"
    )
}

fn request(path: &str, body: &str) -> Vec<u8> {
    let more = format!("connection: close\r\ncontent-length: {}\r\n", body.len());
    format!("{}{body}", head(path, &more)).into_bytes()
}

/// What comes until the server closes.
async fn rest(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    // A connection that is reset has ended too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.ok()?;
    String::from_utf8(bytes).ok()
}

/// Sends a byte, again and again, until the server has answered or closed; answers what it said, and how long it took.
async fn drip(mut stream: TcpStream, byte: &[u8]) -> Option<(String, Duration)> {
    let begin = Instant::now();
    let mut answer = Vec::new();
    while begin.elapsed() < PATIENCE {
        let _ = stream.write_all(byte).await; // It may be closed by now, which reading tells.
        let mut chunk = [0; 4_096];
        match timeout(Duration::from_millis(20), stream.read(&mut chunk)).await {
            Err(_) => {}
            Ok(Ok(n)) if n > 0 => answer.extend_from_slice(chunk.get(..n)?),
            Ok(_) => return Some((String::from_utf8(answer).ok()?, begin.elapsed())),
        }
    }
    None
}

fn short(config: &mut Config) {
    config.limits.head = Duration::from_millis(500);
    config.limits.body = Duration::from_millis(700);
}

#[test]
fn what_ships_gives_a_head_ten_seconds_and_a_body_thirty() {
    let limits = Config::local(std::path::PathBuf::new(), String::new()).limits;
    assert!(limits.head <= Duration::from_secs(10) && limits.body <= Duration::from_secs(30), "{limits:?}");
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_closed_in_time() {
    let it = start(short).await.unwrap();
    // From the first byte of a connection, and of a later request on it.
    for requests in [0, 1] {
        let mut stream = it.connect().await.unwrap();
        for _ in 0..requests {
            stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            let mut answer = [0; 64];
            assert!(stream.read(&mut answer).await.unwrap() > 0);
        }
        stream.write_all(b"GET /livez HTTP/1.1\r\nx-slow: ").await.unwrap();
        let (answer, after) = drip(stream, b"a").await.unwrap();
        assert!(!answer.contains("HTTP/1.1 200 OK\r\nx-slow"), "{answer}");
        assert!(after >= Duration::from_millis(400) && after < Duration::from_secs(5), "{after:?}");
    }
    // And so is a connection over which nothing comes.
    let mut silent = it.connect().await.unwrap();
    assert_eq!(rest(&mut silent).await.unwrap(), "");
}

#[tokio::test]
async fn a_connection_may_rest_between_requests_for_longer_than_a_head_may_take() {
    let it = start(|config| config.limits.head = Duration::from_millis(200)).await.unwrap();
    let mut stream = it.connect().await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 4_096];
        let n = timeout(PATIENCE, stream.read(&mut answer)).await.unwrap().unwrap();
        assert!(answer[..n].starts_with(b"HTTP/1.1 200"));
        tokio::time::sleep(Duration::from_millis(400)).await; // Of the network, which has no clock to set.
    }
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_408_and_closed() {
    let it = start(short).await.unwrap();
    let mut stream = it.connect().await.unwrap();
    stream.write_all(head("/run/v1/commits", "content-length: 100000\r\n").as_bytes()).await.unwrap();
    let (answer, after) = drip(stream, b" ").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("\"code\":\"too_slow\"") && answer.contains("request_id"), "{answer}");
    assert!(after >= Duration::from_millis(600) && after < Duration::from_secs(5), "{after:?}");
}

#[tokio::test]
async fn five_hundred_slow_clients_hold_nobody_up() {
    let it = start(|_| {}).await.unwrap(); // With the limits that ship: they are there all the while.
    let mut slow = Vec::new();
    for n in 0..500 {
        let mut stream = it.connect().await.unwrap();
        let begun = if n % 2 == 0 {
            "GET /livez HTTP/1.1\r\nx-slow: ".to_owned()
        } else {
            head("/run/v1/commits", "content-length: 100000\r\n") + "{"
        };
        stream.write_all(begun.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let begin = Instant::now();
    for n in 0..20 {
        let visit = it.visit(&format!("learner-{n}")).await.unwrap();
        let (status, receipt) = it.post("/run/v1/commits", &commit(&visit, 1, 0, "x")).await.unwrap();
        assert_eq!((status, &receipt["acked"]), (200, &json!(1)));
    }
    assert!(begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
    assert_eq!(slow.len(), 500);
}

/// RFC 9112, *Message Body Length*: what could be read in two ways is refused.
#[tokio::test]
async fn a_request_with_two_lengths_is_refused_and_what_hides_in_it_is_no_request() {
    let it = start(|_| {}).await.unwrap();
    let hidden = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    let cases = [
        ("both", format!("content-length: 4\r\ntransfer-encoding: chunked\r\n@0\r\n\r\n{hidden}")),
        (
            "both, the other way",
            format!("transfer-encoding: chunked\r\ncontent-length: 5\r\n@0\r\n\r\n{hidden}"),
        ),
        ("two lengths", format!("content-length: 4\r\ncontent-length: 40\r\n@{{}}  {hidden}")),
        ("a list of lengths", format!("content-length: 4, 40\r\n@{{}}  {hidden}")),
        ("a length with a sign", format!("content-length: +4\r\n@{{}}  {hidden}")),
        ("a length below 0", format!("content-length: -4\r\n@{{}}  {hidden}")),
        ("chunked, and then not", format!("transfer-encoding: chunked, identity\r\n@0\r\n\r\n{hidden}")),
        ("an unknown encoding", format!("transfer-encoding: xchunked\r\n@0\r\n\r\n{hidden}")),
        (
            "a blank before the colon",
            format!("transfer-encoding : chunked\r\ncontent-length: 4\r\n@0\r\n\r\n{hidden}"),
        ),
        ("a chunk of no size", format!("transfer-encoding: chunked\r\n@zz\r\n{{}}\r\n{hidden}")),
        ("a chunk of 2^64", format!("transfer-encoding: chunked\r\n@10000000000000000\r\n{{}}\r\n{hidden}")),
    ];
    for (what, text) in cases {
        let (more, body) = text.split_once('@').unwrap();
        let answer =
            it.exchange(format!("{}{body}", head("/run/v1/commits", more)).as_bytes()).await.unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{what}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), usize::from(!answer.is_empty()), "{what}: {answer}");
        assert!(!answer.contains("alive"), "{what}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_all_of_its_commit_or_nothing() {
    let it = start(|_| {}).await.unwrap();
    let mut seen = [0, 0];
    for n in 0..40 {
        let learner = format!("learner-{n}");
        let visit = it.visit(&learner).await.unwrap();
        let mut body = commit(&visit, 2, 0, "both");
        body["sessions"][0]["set"]["cmi.suspend_data"] = json!(["or none".repeat(1_000), 1]);
        let bytes = request("/run/v1/commits", &body.to_string());
        let mut stream = it.connect().await.unwrap();
        // In its midst, one byte before its end, and behind it, without waiting for the answer.
        let end = match n % 4 {
            0 => bytes.len() / 2,
            1 => bytes.len() - 1,
            _ => bytes.len(),
        };
        stream.write_all(&bytes[..end]).await.unwrap();
        if n % 4 == 3 {
            let _ = stream.shutdown().await;
        }
        drop(stream);
        let next = it.visit(&learner).await.unwrap();
        let values = &next["values"]["item"];
        let has = |element: &str, text: &str| values.get(element).and_then(Value::as_str) == Some(text);
        let (location, data) =
            (has("cmi.core.lesson_location", "both"), has("cmi.suspend_data", &"or none".repeat(1_000)));
        assert_eq!(location, data, "{n}: {values}");
        if n % 4 < 2 {
            assert!(!location, "{n}: half a message is none");
        }
        seen[usize::from(location)] += 1;
        // Whatever became of it, the page sends it again.
        assert_eq!(it.post("/run/v1/commits", &body).await.unwrap().1["acked"], 2);
    }
    assert!(seen[0] >= 20, "{seen:?}");
}

#[tokio::test]
async fn a_server_that_ends_waits_for_what_is_under_way_and_no_longer_than_its_bound() {
    let it = start(|config| config.limits.drain = Duration::from_millis(300)).await.unwrap();
    let mut never_whole = it.connect().await.unwrap();
    let begun = head("/run/v1/commits", "content-length: 100\r\nexpect: 100-continue\r\n");
    never_whole.write_all(begun.as_bytes()).await.unwrap();
    let mut told = [0; 64];
    assert!(never_whole.read(&mut told).await.unwrap() > 0, "its handler waits for the body");
    let begin = Instant::now();
    timeout(PATIENCE, it.server.shut_down()).await.unwrap();
    let after = begin.elapsed();
    assert!(after >= Duration::from_millis(300) && after < Duration::from_secs(5), "{after:?}");
}
