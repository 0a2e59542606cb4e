//! The testbed in a process of its own, and what is asked of its API.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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

use seattime_testing::rng::Rng;

use seattime_testing::cluster::Cluster;

const START_MS: i64 = 1_700_000_000_000;
/// While the load runs, the server's clock goes a second on in this time, in ms.
const SECOND_IN_MS: u64 = 20;
/// How long a server may take until it listens, in s.
const START_TAKES_S: u64 = 60;

/// A folder with a server's data, and how the server is started on it.
pub(crate) struct Machine {
    testbed: PathBuf,
    data: PathBuf,
    /// What decides what survives a loss of power; none where the power stays on.
    power: Option<Rng>,
    /// How much longer each sync takes, in ms.
    pub(crate) sync_takes_ms: u64,
    /// The database where it is a PostgreSQL; its clock goes with ours.
    pub(crate) cluster: Option<Arc<Cluster>>,
    /// The server's time, in ms since 1970.
    clock: Arc<AtomicI64>,
    /// Where the server is that was started last: whoever goes on sending finds the next one there.
    urls: Arc<Mutex<Urls>>,
}

/// Where the two faces of a server are.
#[derive(Default, Clone)]
struct Urls {
    app: String,
    run: String,
}

/// A server that runs, and dies when it is told to.
pub(crate) struct Server {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    cluster: Option<Arc<Cluster>>,
    pub(crate) api: Api,
}

/// The API of whichever server runs; requests fail while none does.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    urls: Arc<Mutex<Urls>>,
    key: String,
    clock: Arc<AtomicI64>,
}

impl Machine {
    pub(crate) fn new(testbed: &Path, data: &Path, power: Option<Rng>) -> Machine {
        let clock = Arc::new(AtomicI64::new(START_MS));
        Machine {
            testbed: testbed.to_owned(),
            data: data.to_owned(),
            power,
            sync_takes_ms: 0,
            cluster: None,
            clock,
            urls: Arc::default(),
        }
    }

    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.data.join("seattime.db")
    }

    /// Starts a server; it listens once this answers.
    pub(crate) async fn start(&mut self) -> Result<Server> {
        let mut child = self.spawn(None)?;
        let orders = child.stdin.take().context("the testbed has no input")?;
        let mut answers = BufReader::new(child.stdout.take().context("the testbed has no output")?).lines();
        let mut word = async |expected: &str| {
            let line = tokio::time::timeout(Duration::from_secs(START_TAKES_S), answers.next_line());
            let line = line.await.context("the testbed hangs")??.context("the testbed did not start")?;
            let rest = line.strip_prefix(expected).with_context(|| format!("the testbed says {line}"))?;
            anyhow::Ok(rest.trim().to_owned())
        };
        let urls = Urls { app: word("listening").await?, run: word("running").await? };
        let key = word("api-key").await?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        *self.urls.lock().unwrap_or_else(PoisonError::into_inner) = urls;
        let api = Api { client, urls: Arc::clone(&self.urls), key, clock: Arc::clone(&self.clock) };
        Ok(Server { child, orders, answers, cluster: self.cluster.clone(), api })
    }

    /// Starts a server that dies at a point; says whether it did so before it listened. If not, it is killed.
    pub(crate) async fn start_and_die(&mut self, point: &str) -> Result<bool> {
        let mut child = self.spawn(Some(point))?;
        let mut answers = BufReader::new(child.stdout.take().context("the testbed has no output")?).lines();
        let line = tokio::time::timeout(Duration::from_secs(START_TAKES_S), answers.next_line());
        let has_died = line.await.context("the testbed hangs")??.is_none();
        let _ = child.start_kill(); // It may be dead.
        let status = child.wait().await?;
        // It may also have refused to start, which is no death.
        ensure!(status.code().is_none(), "the testbed ended with {status}");
        Ok(has_died)
    }

    fn spawn(&mut self, dies_at: Option<&str>) -> Result<Child> {
        let mut command = Command::new(&self.testbed);
        command.args(["--start-ms", &self.clock.load(Ordering::SeqCst).to_string()]);
        command.args(["--web", ".", "--pkg", ".", "--data"]).arg(&self.data);
        if let Some(rng) = &mut self.power {
            let seed = rng.next_u64();
            let loses_all = rng.below(2) == 0;
            command.arg("--disk");
            command.arg(if loses_all { "power-loss".to_owned() } else { format!("power-loss:{seed}") });
        }
        command.args(["--fsync-ms", &self.sync_takes_ms.to_string()]);
        if let Some(cluster) = &self.cluster {
            command.args(["--database", &cluster.url()]);
        }
        if let Some(point) = dies_at {
            command.args(["--die", point]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        command.spawn().with_context(|| format!("cannot start {}", self.testbed.display()))
    }
}

impl Server {
    /// Gives an order; an error where it was not obeyed, or the server died over it.
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
        if let Some(cluster) = self.cluster.clone() {
            tokio::task::spawn_blocking(move || cluster.move_clock(1_000)).await??;
        }
        let obeyed = self.order("advance 1000").await;
        // Also where it died over it: it may have kept something at that time, and must not start before it.
        self.api.clock.fetch_add(1_000, Ordering::SeqCst);
        obeyed?;
        tokio::time::sleep(Duration::from_millis(SECOND_IN_MS)).await;
        Ok(())
    }

    /// SIGKILL; says whether it was dead already.
    pub(crate) async fn kill(&mut self) -> Result<bool> {
        let was_dead = self.child.try_wait()?.is_some();
        let _ = self.child.start_kill();
        let status = self.child.wait().await?;
        ensure!(status.code().is_none(), "the testbed ended by itself with {status}");
        Ok(was_dead)
    }
}

impl Api {
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    async fn send(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Result<Bytes> {
        let urls = self.urls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let url = if path.starts_with("/api/") { urls.app } else { urls.run };
        let request = Request::builder().method(method).uri(format!("{url}{path}"));
        let request =
            request.header("authorization", format!("Bearer {}", self.key)).header("content-type", kind);
        let response = self.client.request(request.body(Full::new(Bytes::from(body)))?).await?;
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!("{path}: {status} {}", String::from_utf8_lossy(&bytes));
        }
        Ok(bytes)
    }

    /// What lies at a path.
    pub(crate) async fn get(&self, path: &str) -> Result<Bytes> {
        self.send(Method::GET, path, "text/plain", Vec::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.send(Method::POST, path, "application/json", body.to_string().into_bytes()).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Imports a package; answers the topic.
    pub(crate) async fn import(&self, zip: Vec<u8>) -> Result<String> {
        let answer = self.send(Method::POST, "/api/v1/packages", "application/zip", zip).await?;
        text(&serde_json::from_slice(&answer)?, "/topic")
    }

    /// The topic of a package with that title, if there is one.
    pub(crate) async fn topic(&self, title: &str) -> Result<Option<String>> {
        let lines: Vec<Value> = serde_json::from_slice(&self.get("/api/v1/packages").await?)?;
        let line = lines.iter().find(|it| it.get("title").and_then(Value::as_str) == Some(title));
        line.map(|it| text(it, "/topic")).transpose()
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
        let report = self.get(&format!("/api/v1/report?learner={learner}")).await?;
        let report: Value = serde_json::from_slice(&report)?;
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
