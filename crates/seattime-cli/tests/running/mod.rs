//! The binary as it runs: started, asked over sockets, and sent signals.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

const KEY: &str = "a key of ten or more";
/// Long enough for anything on this machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

const MANIFEST: &str = r#"<?xml version="1.0"?><manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><metadata><schemaversion>1.2</schemaversion></metadata>
    <organizations default="o"><organization identifier="o"><title>Topic</title><item identifier="item" identifierref="r">
    <title>Item</title></item></organization></organizations>
    <resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="index.html"/></resources></manifest>"#;

/// `seattime serve`, until it is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) address: String,
    /// Where courses are shown.
    pub(crate) run_address: String,
    log: PathBuf,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Answer {
    fn of(text: &str) -> Option<Answer> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let body = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
        Some(Answer { status, head: head.to_owned(), body })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Running {
    /// Starts the binary by itself.
    pub(crate) fn start(data: &Path, more: &[&str]) -> Option<Running> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seattime"));
        command.args(arguments(data)).args(more);
        Running::spawn(command, data)
    }

    /// Starts it by a command that ends in becoming it.
    pub(crate) fn spawn(mut command: Command, data: &Path) -> Option<Running> {
        let log = data.with_extension("log");
        command.env("SEATTIME_API_KEY", KEY).stdout(Stdio::piped()).stderr(File::create(&log).ok()?);
        let mut child = command.spawn().ok()?;
        let mut lines = BufReader::new(child.stdout.as_mut()?).lines();
        let mut address = || {
            let line = lines.next()?.ok()?;
            line.split("http://").nth(1).and_then(|it| it.split('/').next()).map(str::to_owned)
        };
        let (Some(address), Some(run_address)) = (address(), address()) else {
            let _ = child.kill();
            return None;
        };
        Some(Running { child, address, run_address, log })
    }

    /// What it logged so far.
    pub(crate) fn logged(&self) -> Option<String> {
        std::fs::read_to_string(&self.log).ok()
    }

    /// Connects to where commits go.
    pub(crate) fn connect(&self) -> std::io::Result<TcpStream> {
        Running::connect_to(&self.run_address)
    }

    fn connect_to(address: &str) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    pub(crate) fn head(method: &str, path: &str, length: usize, more: &str) -> String {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n{more}\r\n"
        )
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &[u8]) -> Option<Answer> {
        let face = if path.starts_with("/run/") { &self.run_address } else { &self.address };
        let mut stream = Running::connect_to(face).ok()?;
        // A change of settings has to say what it changes: whatever it is.
        let more = if method == "PUT" { "if-match: *\r\n" } else { "" };
        stream.write_all(Running::head(method, path, body.len(), more).as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        rest(&mut stream)
    }

    pub(crate) fn get(&self, path: &str) -> Option<Answer> {
        self.send("GET", path, b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Option<Answer> {
        self.send("POST", path, body.to_string().as_bytes())
    }

    /// Imports a course and opens a visit of it.
    pub(crate) fn visit(&self, learner: &str) -> Option<Value> {
        let imported = self.send("POST", "/api/v1/packages?course=Course", &course()?)?;
        let topic = imported.body.get("topic")?.clone();
        let launch = json!({ "learner": { "id": learner, "name": "" }, "topic": topic });
        let made = self.post("/api/v1/launches", &launch)?.body;
        let code = made.get("url")?.as_str()?.split_once("#code=")?.1;
        Some(self.post("/run/v1/visits", &json!({ "code": code }))?.body)
    }

    /// Sends it a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) -> bool {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-s", name, &id]).status().is_ok_and(|it| it.success())
    }

    /// Waits until nobody new is taken.
    pub(crate) fn until_closed(&self) -> bool {
        until(|| self.connect().is_err())
    }

    /// How it ended, if it did in time.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        until(|| self.child.try_wait().is_ok_and(|it| it.is_some()));
        self.child.try_wait().ok()??.code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The options of every server here.
pub(crate) fn arguments(data: &Path) -> Vec<std::ffi::OsString> {
    let mut all: Vec<_> = ["serve", "--port", "0", "--data"].map(Into::into).into();
    all.push(data.into());
    all
}

/// Whether it comes true in time.
pub(crate) fn until(mut is_true: impl FnMut() -> bool) -> bool {
    let begun = seattime_server::clock::Stopwatch::start();
    while begun.elapsed() < PATIENCE {
        if is_true() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

/// What comes until the server closes.
pub(crate) fn rest(stream: &mut TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes); // A connection that is reset has ended too.
    Answer::of(&String::from_utf8(bytes).ok()?)
}

/// A commit of a visit, with a number and a place.
pub(crate) fn commit(visit: &Value, seq: u64, location: &str) -> Value {
    let opened_ms = &visit["server_ms"];
    json!({
        "v": 1, "token": visit["token"], "visit": visit["visit"], "lease": visit["lease"], "seq": seq,
        "reason": "commit", "sent_date_ms": opened_ms,
        "stretches": [{ "n": 0, "start_date_ms": opened_ms, "sent_at_ms": 0 }],
        "sessions": [{ "n": 1, "seq": seq, "kind": "sco", "activity": "item", "try": 1, "entry": "ab-initio",
                       "state": "running", "span": [[0, 0, 0]], "reported": { "state": "unset" },
                       "set": { "cmi.core.lesson_location": [location, seq] } }],
        "time": { "evidence": [[0, 0, 0, "page"]], "visible": [[0, 0, 0]] }
    })
}

/// A course of one SCO.
fn course() -> Option<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [("imsmanifest.xml", MANIFEST), ("index.html", "<!doctype html><title>Topic</title>")]
    {
        zip.start_file(name, SimpleFileOptions::default()).ok()?;
        zip.write_all(text.as_bytes()).ok()?;
    }
    Some(zip.finish().ok()?.into_inner())
}
