//! A server without a socket, under a clock that the test sets.

use std::borrow::Cow;
use std::io::{Cursor, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use seattime_server::access::Face;
use seattime_server::assets::Assets;
use seattime_server::clock::ServerClock;
use seattime_server::faults::{Faults, NoFaults};
use seattime_server::{App, Config, Front, World};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The API key of the server.
pub const KEY: &str = "test-key";
/// The time at which its clock starts, in ms since 1970.
pub const START_MS: i64 = 1_700_000_000_000;

/// A clock that stands still until it is moved.
pub struct SetClock(AtomicI64);

impl SetClock {
    /// Returns a clock at [`START_MS`].
    pub fn new() -> Arc<SetClock> {
        Arc::new(SetClock(AtomicI64::new(START_MS)))
    }
}

impl ServerClock for SetClock {
    fn now_ms(&self) -> Pin<Box<dyn Future<Output = i64> + Send + '_>> {
        Box::pin(std::future::ready(self.0.load(Ordering::SeqCst)))
    }

    fn overrides_database(&self) -> bool {
        true
    }
}

/// No pages at all.
pub struct NoAssets;

impl Assets for NoAssets {
    fn get(&self, _path: &str) -> Option<Cow<'static, [u8]>> {
        None
    }
}

/// A server without a socket, under a clock that the test sets. Its functions return [`None`] where something that no
/// test is about goes wrong.
pub struct TestServer {
    /// What the server consists of.
    pub app: App,
    /// Its clock.
    pub clock: Arc<SetClock>,
    app_face: Front,
    run_face: Front,
    /// Its data folder, removed with it.
    pub data: TempDir,
}

/// An answer.
pub struct Answer {
    /// The status of HTTP.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; null where it is none.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Status and stable code of a problem.
    pub fn problem(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body.get("code").and_then(Value::as_str).unwrap_or_default())
    }
}

impl TestServer {
    /// Starts one on SQLite, in a new data folder.
    pub async fn start() -> Option<TestServer> {
        TestServer::start_on(tempfile::tempdir().ok()?, None).await
    }

    /// On a folder that there is, and with a database of its own if one is named.
    pub async fn start_on(data: TempDir, database: Option<String>) -> Option<TestServer> {
        let clock = Arc::new(SetClock(AtomicI64::new(START_MS)));
        let world =
            World { clock: clock.clone(), faults: Arc::new(NoFaults), vfs: None, assets: Arc::new(NoAssets) };
        let config = Config { database, ..Config::local(data.path().to_owned(), KEY.to_owned()) };
        let app = App::start(config, world).await.ok()?;
        Some(TestServer::of(app, clock, data))
    }

    /// Ends, and leaves the folder.
    pub fn stop(self) -> TempDir {
        self.data
    }

    /// In a world where something fails, or set up in another way.
    pub async fn start_as(
        faults: impl Faults + 'static,
        change: impl FnOnce(&mut Config),
    ) -> Option<TestServer> {
        TestServer::start_with(faults, NoAssets, change).await
    }

    /// The same, with pages.
    pub async fn start_with(
        faults: impl Faults + 'static,
        assets: impl Assets + 'static,
        change: impl FnOnce(&mut Config),
    ) -> Option<TestServer> {
        let data = tempfile::tempdir().ok()?;
        let clock = Arc::new(SetClock(AtomicI64::new(START_MS)));
        let world =
            World { clock: clock.clone(), faults: Arc::new(faults), vfs: None, assets: Arc::new(assets) };
        let mut config = Config::local(data.path().to_owned(), KEY.to_owned());
        change(&mut config);
        let app = App::start(config, world).await.ok()?;
        Some(TestServer::of(app, clock, data))
    }

    fn of(app: App, clock: Arc<SetClock>, data: TempDir) -> TestServer {
        let [app_face, run_face] = [Face::App, Face::Run].map(|it| Front::new(app.clone(), it));
        TestServer { app, clock, app_face, run_face, data }
    }

    /// Moves its clock on.
    pub fn advance(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sends a request to the face that answers its path.
    pub async fn send(&self, request: Request<Body>) -> Option<Answer> {
        self.send_to(face_of(request.uri().path()), request).await
    }

    /// What a face answers, its body not read yet.
    pub async fn respond(&self, face: Face, request: Request<Body>) -> Option<Response> {
        let front = if face == Face::Run { &self.run_face } else { &self.app_face };
        Some(front.clone().answer(None, request).await)
    }

    /// Sends a request to one of the faces.
    pub async fn send_to(&self, face: Face, request: Request<Body>) -> Option<Answer> {
        let (parts, body) = self.respond(face, request).await?.into_parts();
        let bytes = body.collect().await.ok()?.to_bytes().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Some(Answer { status: parts.status, headers: parts.headers, body, bytes })
    }

    /// Gets a page with a token.
    pub async fn get(&self, path: &str, token: &str) -> Option<Answer> {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).ok()?).await
    }

    /// Posts JSON with the API key.
    pub async fn post(&self, path: &str, body: &Value) -> Option<Answer> {
        self.post_bytes(path, "application/json", body.to_string().into_bytes()).await
    }

    /// Posts a body of some media type with the API key.
    pub async fn post_bytes(&self, path: &str, kind: &str, body: Vec<u8>) -> Option<Answer> {
        let request =
            Request::post(path).header("authorization", format!("Bearer {KEY}")).header("content-type", kind);
        self.send(request.body(Body::from(body)).ok()?).await
    }

    /// Puts JSON with the API key, whatever the version.
    pub async fn put(&self, path: &str, body: &Value) -> Option<Answer> {
        self.put_if("*", path, body).await
    }

    /// Puts JSON with the API key, if the version is the known one.
    pub async fn put_if(&self, known: &str, path: &str, body: &Value) -> Option<Answer> {
        let request = Request::put(path).header("authorization", format!("Bearer {KEY}"));
        let request = request.header("content-type", "application/json").header("if-match", known);
        self.send(request.body(Body::from(body.to_string())).ok()?).await
    }

    /// Deletes with the API key, whatever the version.
    pub async fn delete(&self, path: &str) -> Option<Answer> {
        let request = Request::delete(path).header("authorization", format!("Bearer {KEY}"));
        let request = request.header("if-match", "*");
        self.send(request.body(Body::empty()).ok()?).await
    }

    /// Imports a course of one SCO; answers the topic.
    pub async fn course(&self) -> Option<String> {
        let answer =
            self.post_bytes("/api/v1/packages?course=Course", "application/zip", scorm_12()?).await?;
        Some(answer.body.get("topic")?.as_str()?.to_owned())
    }

    /// Sends a video or audio to be imported, as a form.
    pub async fn import_media(&self, fields: &[(&str, &[u8])]) -> Option<Answer> {
        let mut body = Vec::new();
        for (name, value) in fields {
            let head = format!("--b0undary\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--b0undary--\r\n");
        self.post_bytes("/api/v1/media", "multipart/form-data; boundary=b0undary", body).await
    }

    /// Imports a video or audio; answers the topic.
    pub async fn media(&self, fields: &[(&str, &[u8])]) -> Option<String> {
        Some(self.import_media(fields).await?.body.get("topic")?.as_str()?.to_owned())
    }

    /// Launches a topic for a learner; returns the code.
    pub async fn launch(&self, topic: &str, learner: &str) -> Option<String> {
        let body = json!({ "learner": { "id": learner, "name": "Muster" }, "topic": topic });
        let answer = self.post("/api/v1/launches", &body).await?;
        Some(answer.body.get("url")?.as_str()?.split_once("#code=")?.1.to_owned())
    }

    /// Launches a course and opens a visit of it, as the page does.
    pub async fn visit(&self, topic: &str, learner: &str) -> Option<Value> {
        let code = self.launch(topic, learner).await?;
        Some(self.post("/run/v1/visits", &json!({ "code": code, "keeps_origin": true })).await?.body)
    }

    /// As a page does that keeps no origin: of an earlier version, or somebody's own.
    pub async fn visit_of_an_earlier_page(&self, topic: &str, learner: &str) -> Option<Value> {
        let code = self.launch(topic, learner).await?;
        Some(self.post("/run/v1/visits", &json!({ "code": code })).await?.body)
    }

    /// What opens a learner's own report.
    pub async fn report_token(&self, learner: &str) -> Option<String> {
        let link = self.post("/api/v1/reports/links", &json!({ "learner": learner })).await?.body;
        Some(link.get("url")?.as_str()?.split_once("/reports/my-learning#token=")?.1.to_owned())
    }

    /// Returns the rows of the whole report.
    pub async fn rows(&self) -> Option<Vec<Value>> {
        Some(self.get("/api/v1/report", KEY).await?.body.get("rows")?.as_array()?.clone())
    }

    /// The rows of which any session was ever told; a visit that was only opened has one as well.
    pub async fn told_rows(&self) -> Option<Vec<Value>> {
        let is_told =
            |it: &Value| it.get("details").and_then(Value::as_array).is_some_and(|it| !it.is_empty());
        Some(self.rows().await?.into_iter().filter(is_told).collect())
    }
}

/// Returns the face that answers a path.
pub fn face_of(path: &str) -> Face {
    let is_run = ["/run/", "/content/", "/player", "/pkg/", "/pdf/"].iter().any(|it| path.starts_with(it));
    if is_run { Face::Run } else { Face::App }
}

/// Returns a commit of a visit: `seconds` of presence, and one value.
pub fn commit(visit: &Value, seq: u64, seconds: i64, location: &str) -> Value {
    let ms = seconds * 1_000;
    let mut signs: Vec<Value> =
        (0..=seconds / 200).map(|it| json!([0, it * 200_000, it * 200_000, "human"])).collect();
    signs.push(json!([0, ms, ms, "page"]));
    json!({
        "v": 1, "token": visit["token"], "visit": visit["visit"], "lease": visit["lease"], "seq": seq,
        "reason": "commit", "sent_date_ms": START_MS + ms,
        "stretches": [{ "n": 0, "start_date_ms": START_MS, "sent_at_ms": ms }],
        "sessions": [{ "n": 1, "seq": seq, "kind": "sco", "activity": "item", "try": 1, "entry": "ab-initio",
                       "state": "running", "span": [[0, 0, ms]], "reported": { "state": "unset" },
                       "set": { "cmi.core.lesson_location": [location, seq] } }],
        "time": { "evidence": signs, "visible": [[0, 0, ms]] }
    })
}

/// Returns a zip archive with these files, each with its name and text.
pub fn zip(files: &[(&str, &str)]) -> Option<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).ok()?;
        zip.write_all(text.as_bytes()).ok()?;
    }
    Some(zip.finish().ok()?.into_inner())
}

/// The manifest of a SCORM 1.2 package of one SCO, `item`, with a mastery score of 80.
pub const MANIFEST: &str = r#"<?xml version="1.0"?><manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><metadata><schemaversion>1.2</schemaversion></metadata>
    <organizations default="o"><organization identifier="o"><title>Topic</title><item identifier="item" identifierref="r">
    <title>Item</title><adlcp:masteryscore>80</adlcp:masteryscore></item></organization></organizations>
    <resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="index.html"/></resources></manifest>"#;

/// Returns a SCORM 1.2 package of one SCO.
pub fn scorm_12() -> Option<Vec<u8>> {
    zip(&[
        ("imsmanifest.xml", MANIFEST),
        ("index.html", "<!doctype html><title>Topic</title>0123456789"),
        ("tool.php", "x"),
    ])
}
