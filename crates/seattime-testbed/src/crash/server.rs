//! The testbed in a process of its own, and what is asked of its API.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const START_MS: i64 = 1_700_000_000_000;
/// While the load runs, the server's clock goes a second on in this time, in ms.
const SECOND_IN_MS: u64 = 20;

const MANIFEST: &str = r#"<?xml version="1.0"?><manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3"><metadata><schema>ADL SCORM</schema><schemaversion>2004 4th Edition</schemaversion></metadata>
    <organizations default="o"><organization identifier="o"><title>Crash</title><item identifier="item" identifierref="r"><title>Item</title></item></organization></organizations>
    <resources><resource identifier="r" type="webcontent" adlcp:scormType="sco" href="index.html"><file href="index.html"/></resource></resources></manifest>"#;

/// A server that runs, and dies when it is told to.
pub(crate) struct Server {
    testbed: PathBuf,
    data: PathBuf,
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    pub(crate) api: Api,
}

/// Its API; requests fail while it is dead.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    key: String,
    /// The server's time, in ms since 1970.
    clock: Arc<AtomicI64>,
}

impl Server {
    pub(crate) async fn start(testbed: &Path, data: &Path) -> Result<Server> {
        start(testbed, data, Arc::new(AtomicI64::new(START_MS))).await
    }

    /// Starts it again on the same data; the dead one's port is not needed.
    pub(crate) async fn start_again(self) -> Result<Server> {
        start(&self.testbed, &self.data, self.api.clock).await
    }

    pub(crate) async fn order(&mut self, order: &str) -> Result<()> {
        self.orders.write_all(format!("{order}\n").as_bytes()).await?;
        let answer = self.answers.next_line().await?.context("the testbed has ended")?;
        ensure!(answer == "ok", "{order}: the testbed says {answer}");
        Ok(())
    }

    /// Lets time go by.
    pub(crate) async fn live(&mut self, life: Duration) -> Result<()> {
        let end = tokio::time::Instant::now() + life;
        while tokio::time::Instant::now() < end {
            self.second().await?;
        }
        Ok(())
    }

    /// Lets time go by until it dies, or for as long as that is waited for.
    pub(crate) async fn live_until_death(&mut self, patience: Duration) -> Result<()> {
        let end = tokio::time::Instant::now() + patience;
        while tokio::time::Instant::now() < end && self.child.try_wait()?.is_none() {
            if self.second().await.is_err() {
                break; // It died meanwhile.
            }
        }
        Ok(())
    }

    async fn second(&mut self) -> Result<()> {
        self.order("advance 1000").await?;
        self.api.clock.fetch_add(1_000, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(SECOND_IN_MS)).await;
        Ok(())
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        let _ = self.child.start_kill(); // It may be dead.
        self.child.wait().await?;
        Ok(())
    }
}

async fn start(testbed: &Path, data: &Path, clock: Arc<AtomicI64>) -> Result<Server> {
    let mut child = Command::new(testbed)
        .args(["--start-ms", &clock.load(Ordering::SeqCst).to_string(), "--web", ".", "--pkg", ".", "--data"])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", testbed.display()))?;
    let orders = child.stdin.take().context("the testbed has no input")?;
    let mut answers = BufReader::new(child.stdout.take().context("the testbed has no output")?).lines();
    let mut word = async |expected: &str| {
        let line = answers.next_line().await?.context("the testbed did not start")?;
        let rest = line.strip_prefix(expected).with_context(|| format!("the testbed says {line}"))?;
        anyhow::Ok(rest.trim().to_owned())
    };
    let (url, key) = (word("listening").await?, word("api-key").await?);
    let client = Client::builder(TokioExecutor::new()).build_http();
    let api = Api { client, url, key, clock };
    Ok(Server { testbed: testbed.to_owned(), data: data.to_owned(), child, orders, answers, api })
}

impl Api {
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    async fn send(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Result<Value> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        let request =
            request.header("authorization", format!("Bearer {}", self.key)).header("content-type", kind);
        let response = self.client.request(request.body(Full::new(Bytes::from(body)))?).await?;
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!("{path}: {status} {}", String::from_utf8_lossy(&bytes));
        }
        Ok(serde_json::from_slice(&bytes)?)
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::POST, path, "application/json", body.to_string().into_bytes()).await
    }

    /// Imports a course of one SCO; answers the topic.
    pub(crate) async fn import(&self) -> Result<String> {
        use std::io::Write;
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in
            [("imsmanifest.xml", MANIFEST), ("index.html", "<!doctype html><title>Crash</title>")]
        {
            zip.start_file(name, zip::write::SimpleFileOptions::default())?;
            zip.write_all(text.as_bytes())?;
        }
        let bytes = zip.finish()?.into_inner();
        let answer =
            self.send(Method::POST, "/api/v1/packages?course=Crash", "application/zip", bytes).await?;
        text(&answer, "/topic")
    }

    /// Launches the course and opens a visit.
    pub(crate) async fn open(&self, topic: &str, learner: &str) -> Result<Value> {
        let body = json!({ "learner": { "id": learner, "name": "" }, "topic": topic });
        let url = text(&self.post("/api/v1/launches", &body).await?, "/url")?;
        let code = url.split_once("#code=").context("a launch without a code")?.1;
        self.post("/run/v1/visits", &json!({ "code": code })).await
    }

    /// What the report says of a learner: the score, and what was measured, in ms.
    pub(crate) async fn standing(&self, learner: &str) -> Result<(u64, i64)> {
        let report = self
            .send(Method::GET, &format!("/api/v1/report?learner={learner}"), "text/plain", Vec::new())
            .await?;
        let Some(row) = report.pointer("/rows/0") else { return Ok((0, 0)) };
        let score = row.get("score").and_then(Value::as_str).map_or(Ok(0), str::parse)?;
        Ok((score, row.get("measured_ms").and_then(Value::as_i64).unwrap_or(0)))
    }
}

/// A text in an answer.
pub(crate) fn text(answer: &Value, pointer: &str) -> Result<String> {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    Ok(found.with_context(|| format!("an answer without {pointer}: {answer}"))?.to_owned())
}
