//! A course and its visits: page and server together.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod record_model;
pub(crate) mod run_time;

use axum::body::Body;
use axum::http::Request;
use seattime_core::Version::{self, V12, V2004};
use seattime_core::end::Ending;
use seattime_core::session::ApiState;
use seattime_core::visit::Document;
use serde_json::{Value, json};

use self::run_time::{at, message, opened_page, set};
use seattime_testbed::test_server::{KEY, TestServer, zip};

/// A visit lasts a minute.
pub(crate) const VISIT_MS: u32 = 60_000;

/// A package of items, each with its kind and what stands inside it.
pub(crate) fn package(version: Version, items: &[(&str, &str)]) -> Vec<u8> {
    let (version_text, schema, scorm_type) = match version {
        V12 => ("1.2", "http://www.adlnet.org/xsd/adlcp_rootv1p2", "scormtype"),
        V2004 => ("2004 4th Edition", "http://www.adlnet.org/xsd/adlcp_v1p3", "scormType"),
    };
    let (mut organization, mut resources) = (String::new(), String::new());
    for (n, (kind, inside)) in items.iter().enumerate() {
        organization +=
            &format!("<item identifier='i{n}' identifierref='r{n}'><title>Item {n}</title>{inside}</item>");
        resources += &format!(
            "<resource identifier='r{n}' type='webcontent' adlcp:{scorm_type}='{kind}' href='{n}.html'/>"
        );
    }
    let manifest = format!(
        "<manifest identifier='m' xmlns='http://www.imsglobal.org/xsd/imscp_v1p1' xmlns:adlcp='{schema}' \
         xmlns:imsss='http://www.imsglobal.org/xsd/imsss'><metadata><schemaversion>{version_text}</schemaversion></metadata>\
         <organizations default='o'><organization identifier='o'><title>Topic {items:?}</title>{organization}</organization>\
         </organizations><resources>{resources}</resources></manifest>",
        items = items.len()
    );
    let files: Vec<(String, String)> =
        (0..items.len()).map(|n| (format!("{n}.html"), n.to_string())).collect();
    let mut all = vec![("imsmanifest.xml", manifest.as_str())];
    all.extend(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    zip(&all).unwrap()
}

/// Launches, as `launch` says, and opens the visit.
pub(crate) async fn open_visit(server: &TestServer, launch: &Value) -> Value {
    let launched = Request::post("/api/v1/launches").header("authorization", format!("Bearer {KEY}"));
    let launched = launched.header("content-type", "application/json");
    let launched = launched.header("idempotency-key", uuid::Uuid::new_v4().to_string());
    let launched = server.send(launched.body(Body::from(launch.to_string())).unwrap()).await.unwrap();
    let code = launched.body["url"].as_str().unwrap_or_else(|| panic!("{}", launched.body));
    let code = code.split_once("#code=").unwrap().1.to_owned();
    server.post("/run/v1/visits", &json!({ "code": code, "keeps_origin": true })).await.unwrap().body
}

/// How a session ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    Terminate,
    /// The player's Leave.
    Leave,
    /// The next activity is launched.
    Navigate,
    /// Nothing more is heard of the page.
    Crash,
}

/// Which page plays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Page {
    /// Today's.
    Current,
    /// One that sends no outcomes.
    Earlier,
}

pub(crate) struct Course {
    pub(crate) server: TestServer,
    pub(crate) version: Version,
    pub(crate) topic: String,
    pub(crate) page: Page,
}

impl Course {
    pub(crate) async fn of(version: Version, items: &[(&str, &str)]) -> Course {
        Course::on(TestServer::start().await.unwrap(), version, items).await
    }

    pub(crate) async fn on(server: TestServer, version: Version, items: &[(&str, &str)]) -> Course {
        let bytes = package(version, items);
        let imported = server.post_bytes("/api/v1/packages", "application/zip", bytes).await.unwrap();
        let topic = imported.body["topic"].as_str().unwrap_or_else(|| panic!("{}", imported.body)).to_owned();
        Course { server, version, topic, page: Page::Current }
    }

    /// One SCO.
    pub(crate) async fn sco(version: Version) -> Course {
        Course::of(version, &[("sco", "")]).await
    }

    /// Opens a visit; `more` goes into the launch.
    pub(crate) async fn open(&self, more: &Value) -> Value {
        let mut body = json!({ "learner": { "id": "anna" }, "topic": self.topic });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        open_visit(&self.server, &body).await
    }

    /// Plays a visit of one session on one activity: what is set, in order, and how it ends.
    pub(crate) async fn visit(
        &self,
        more: &Value,
        activity: usize,
        sets: &[(&str, &str)],
        end: End,
    ) -> Value {
        let opened = self.open(more).await;
        self.play(&opened, activity, sets, end).await;
        opened
    }

    pub(crate) async fn play(&self, opened: &Value, activity: usize, sets: &[(&str, &str)], end: End) {
        let mut visit = opened_page(self.version, opened).unwrap();
        visit.launch(at(0), activity).unwrap();
        visit.initialize(at(0), Document::New).unwrap();
        for (name, text) in sets {
            set(&mut visit, name, text).unwrap_or_else(|| panic!("{name} {text}"));
        }
        for second in 1..=VISIT_MS / 1_000 {
            visit.tick(at(second * 1_000));
        }
        self.server.advance(i64::from(VISIT_MS));
        match end {
            End::Terminate => visit.terminate(at(VISIT_MS)).unwrap(),
            End::Leave => visit.take_away(at(VISIT_MS), Ending::CutOff),
            End::Navigate => visit.take_away(at(VISIT_MS), Ending::Navigated),
            End::Crash => {}
        }
        assert_ne!(visit.sessions()[0].api(), ApiState::Before);
        self.send(&mut visit).await;
        if end == End::Crash {
            self.server.advance(11 * 60_000);
            self.server.app.sweep().await;
        }
    }

    pub(crate) async fn send(&self, visit: &mut seattime_core::Visit) {
        let bytes = message(visit, VISIT_MS);
        let mut body: Value = serde_json::from_slice(&bytes).unwrap();
        if self.page == Page::Earlier {
            for session in body["sessions"].as_array_mut().unwrap() {
                session.as_object_mut().unwrap().remove("outcome");
            }
        }
        let answer = self.server.post("/run/v1/commits", &body).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body["refused"]), (200, &Value::Null), "{}", answer.body);
    }

    pub(crate) async fn row(&self) -> Value {
        self.server.rows().await.unwrap().remove(0)
    }

    /// Status, completion, success, score, best score and attempts of the row.
    pub(crate) async fn standing(&self) -> (String, String, String, Value, Value, u64) {
        let row = self.row().await;
        let text = |name: &str| row[name].as_str().unwrap_or_else(|| panic!("{name}: {row}")).to_owned();
        let attempts = row["attempts"].as_u64().unwrap();
        let (score, best) = (row["score"].clone(), row["best_score"].clone());
        (text("status"), text("completion"), text("success"), score, best, attempts)
    }
}
