//! Random sequences of visits, ends and devices: the report against a model of the record. Page and server together.
#![cfg(test)]

mod course;

use seattime_testing::cluster;
use std::collections::{BTreeMap, BTreeSet};

use course::record_model::{Elements, Expected, Heard, HeardVisit, Item, Model, finished_12};
use course::run_time::{at, message, opened_page, set};
use course::{End, Page, open_visit, package};
use seattime_core::Version::{self, V12, V2004};
use seattime_core::Visit;
use seattime_core::end::Ending;
use seattime_core::time::{EvidenceKind, MediaKind, MediaSample};
use seattime_core::visit::Document;
use seattime_server::recompute::recompute;
use seattime_server::store::{JudgedOf, Judging};
use seattime_testbed::test_server::{self, TestServer};
use seattime_testing::rng::Rng;
use serde_json::{Value, json};

/// How many learners; a longer run names their number when this is compiled.
fn learners() -> u64 {
    option_env!("SEATTIME_STORE_CASES").and_then(|it| it.parse().ok()).unwrap_or(200)
}

#[rustfmt::skip]
const SETS_12: &[(&str, &[&str])] = &[
    ("cmi.core.lesson_status", &["passed", "failed", "completed", "incomplete", "browsed", "incomplete", "completed"]),
    ("cmi.core.score.raw",     &["0", "20", "79.5", "80", "90", "100", "12"]),
    ("cmi.core.score.max",     &["100", "15"]),
    ("cmi.core.score.min",     &["0"]),
    ("cmi.core.exit",          &["suspend", "logout", "time-out", "", "suspend"]),
    ("cmi.core.lesson_location", &["1", "2"]),
    ("cmi.suspend_data",       &["a", "b"]),
];
#[rustfmt::skip]
const SETS_2004: &[(&str, &[&str])] = &[
    ("cmi.completion_status",  &["completed", "incomplete", "not attempted", "unknown", "completed"]),
    ("cmi.success_status",     &["passed", "failed", "unknown", "passed"]),
    ("cmi.score.scaled",       &["0", "0.2", "0.6", "0.9", "1", "-0.5"]),
    ("cmi.score.raw",          &["0", "20", "90"]),
    ("cmi.score.max",          &["100", "15"]),
    ("cmi.exit",               &["suspend", "normal", "logout", "time-out", "", "suspend"]),
    ("adl.nav.request",        &["suspendAll", "abandon", "abandonAll", "exitAll", "continue", "_none_"]),
    ("cmi.location",           &["1", "2"]),
    ("cmi.suspend_data",       &["a", "b"]),
];

/// Elements that each session begins without.
const OF_ONE_SESSION: [&str; 3] = ["cmi.core.exit", "cmi.exit", "adl.nav.request"];

/// An imported course.
#[derive(Debug, Clone)]
struct Topic {
    id: String,
    version: Version,
    items: Vec<Item>,
    policy: &'static str,
    auto_complete: bool,
}

fn items(rng: &mut Rng, version: Version) -> Vec<Item> {
    let count = rng.choose(&[1, 1, 1, 2, 3]).unwrap();
    let mut item = || Item {
        kind: rng.choose(&["sco", "sco", "sco", "asset"]).unwrap(),
        passing: rng.choose(if version == V12 { &[None, Some(80.0)] } else { &[None, Some(0.6)] }).unwrap(),
        completion_set_by_content: version == V2004 && rng.below(4) == 0,
    };
    (0..count).map(|_| item()).collect()
}

fn inside(version: Version, item: Item, n: u64) -> String {
    // The same bytes would be the same topic.
    let mut inside = format!("<!--{n}-->");
    match (version, item.passing) {
        (_, None) => {}
        (V12, Some(mastery)) => inside += &format!("<adlcp:masteryscore>{mastery}</adlcp:masteryscore>"),
        (V2004, Some(passing)) => {
            inside += &format!(
                "<imsss:objectives><imsss:primaryObjective objectiveID='p' satisfiedByMeasure='true'>\
                 <imsss:minNormalizedMeasure>{passing}</imsss:minNormalizedMeasure></imsss:primaryObjective></imsss:objectives>"
            );
        }
    }
    if version == V2004 {
        let controls =
            format!("<imsss:deliveryControls completionSetByContent='{}'/>", item.completion_set_by_content);
        inside = format!("<imsss:sequencing>{inside}{controls}</imsss:sequencing>");
    }
    inside
}

async fn import(server: &TestServer, n: u64) -> Topic {
    let mut rng = Rng::from_seed(1_000 + n);
    let version = if n.is_multiple_of(2) { V12 } else { V2004 };
    let items = items(&mut rng, version);
    let policy = rng.choose(&["best", "best", "latest", "highest_then_latest_status"]).unwrap();
    let auto_complete = rng.below(4) > 0;
    let written: Vec<(&str, String)> = items.iter().map(|it| (it.kind, inside(version, *it, n))).collect();
    let written: Vec<(&str, &str)> = written.iter().map(|(kind, inside)| (*kind, inside.as_str())).collect();
    let bytes = package(version, &written);
    let path = format!("/api/v1/packages?course=course-{n}");
    let imported = server.post_bytes(&path, "application/zip", bytes).await.unwrap().body;
    let id = imported["topic"].as_str().unwrap_or_else(|| panic!("{imported}")).to_owned();
    let settings = json!({ "attempts": policy, "auto_complete": auto_complete });
    let put = server.put(&format!("/api/v1/courses/course-{n}"), &settings).await.unwrap();
    assert_eq!(put.status, 200, "{}", put.body);
    Topic { id, version, items, policy, auto_complete }
}

/// What happens in a session.
#[derive(Debug, Clone)]
struct Play {
    activity: usize,
    /// What its content sets, second by second; none where it does not call the API.
    sets: Option<Vec<(&'static str, &'static str)>>,
    is_loaded: bool,
    has_looked: bool,
    seconds: u32,
    end: End,
}

/// What happens in a visit, and what of it arrives.
#[derive(Debug, Clone)]
struct Plan {
    mode: &'static str,
    page: Page,
    plays: Vec<Play>,
    is_touched: bool,
    /// The page is hidden after so many seconds.
    hidden_at: u32,
    /// Media plays for so many seconds.
    played: u32,
}

impl Plan {
    fn of(rng: &mut Rng, topic: &Topic, is_alone: bool) -> Plan {
        let pool = if topic.version == V12 { SETS_12 } else { SETS_2004 };
        let page = if is_alone && rng.below(4) == 0 { Page::Earlier } else { Page::Current };
        let count = if page == Page::Current { rng.below(3) + 1 } else { 1 };
        let mut plays = Vec::new();
        for n in 0..count {
            let activity = rng.below(topic.items.len() as u64) as usize;
            let is_sco = topic.items[activity].kind == "sco";
            let calls = rng.below(5) > u64::from(!is_sco) * 2;
            let count_of_sets = rng.below(6);
            let sets = calls.then(|| {
                let set = |_| {
                    let (element, texts) = rng.choose(pool).unwrap();
                    (element, rng.choose(texts).unwrap())
                };
                (0..count_of_sets).map(set).collect()
            });
            let is_last = n + 1 == count;
            let end = match (rng.below(5), is_last) {
                (0 | 1, _) => End::Terminate,
                (2, true) => End::Crash,
                (3, true) => End::Leave,
                _ => End::Navigate,
            };
            let end = if end == End::Terminate && sets.is_none() { End::Navigate } else { end };
            plays.push(Play {
                activity,
                sets,
                is_loaded: rng.below(3) > 0,
                has_looked: rng.below(2) > 0,
                seconds: rng.below(8) as u32 + 1,
                end,
            });
        }
        let mode =
            rng.choose(&["continue", "continue", "continue", "continue", "new", "review", "browse"]).unwrap();
        let hidden_at = rng.choose(&[100, 100, 1, 5, 9, 10, 11]).unwrap();
        Plan {
            mode: if is_alone { mode } else { "continue" },
            page,
            plays,
            is_touched: rng.below(3) == 0,
            hidden_at,
            played: rng.choose(&[0, 0, 0, 1, 3]).unwrap().min(hidden_at),
        }
    }
}

/// A message, and the visit at that moment.
struct Snapshot {
    bytes: Vec<u8>,
    seconds: u32,
    visit: HeardVisit,
}

/// A page that plays.
struct Player<'a> {
    topic: &'a Topic,
    plan: &'a Plan,
    visit: Visit,
    second: u32,
    heard: HeardVisit,
    /// The values that each activity's next session would go on with, where this visit has played it.
    left: BTreeMap<usize, Elements>,
    snapshots: Vec<Snapshot>,
}

impl<'a> Player<'a> {
    fn new(topic: &'a Topic, plan: &'a Plan, opened: &Value, attempt: usize) -> Player<'a> {
        let left = topic.items.iter().enumerate().map(|(n, _)| {
            let values = opened["values"][format!("i{n}")].as_object().into_iter().flatten();
            let values = values.map(|(name, text)| (name.clone(), text.as_str().unwrap().to_owned()));
            (n, values.filter(|it| !OF_ONE_SESSION.contains(&it.0.as_str())).collect())
        });
        Player {
            topic,
            plan,
            visit: opened_page(topic.version, opened).unwrap(),
            second: 0,
            heard: HeardVisit::new(attempt, plan.page),
            left: left.collect(),
            snapshots: Vec::new(),
        }
    }

    /// Takes a message, as it would be sent now.
    fn snapshot(&mut self) {
        let bytes = message(&mut self.visit, self.second * 1_000);
        self.snapshots.push(Snapshot { bytes, seconds: self.second, visit: self.heard.clone() });
    }

    /// A second goes by.
    fn wait(&mut self) {
        self.second += 1;
        let now = at(self.second * 1_000);
        if self.second <= self.plan.played {
            let item = self.visit.media_item("film", MediaKind::Video, 60_000.0);
            let sample = |position_ms| MediaSample {
                player: 0,
                item,
                position_ms,
                rate: 1.0,
                is_playing: true,
                is_moved: false,
                is_audible: true,
                is_floating: false,
            };
            if self.second == 1 {
                self.visit.play(at(0), &sample(0.0));
            }
            self.visit.play(now, &sample(f64::from(self.second) * 1_000.0));
            self.heard.played = self.second;
        }
        self.visit.tick(now);
        if self.second == self.plan.hidden_at {
            self.visit.hide(now);
        }
        self.heard.visible = self.second.min(self.plan.hidden_at);
    }

    fn play(&mut self, rng: &mut Rng) {
        for play in &self.plan.plays {
            self.session(play);
            let is_crash = play.end == End::Crash;
            if !is_crash || rng.below(2) == 0 {
                self.snapshot();
            }
        }
    }

    fn session(&mut self, play: &Play) {
        let now = at(self.second * 1_000);
        self.visit.launch(now, play.activity).unwrap();
        if self.plan.is_touched && self.second < self.plan.hidden_at {
            self.visit.note_evidence(now, EvidenceKind::Human);
            self.heard.is_touched = true;
        }
        let mut heard = Heard {
            activity: play.activity,
            values: None,
            set: BTreeSet::new(),
            is_loaded: false,
            has_looked: play.has_looked || play.sets.is_some(),
            end: None,
        };
        if heard.has_looked {
            self.visit.note_api_lookup();
        }
        if play.sets.is_some() {
            heard.values = Some(self.left.get(&play.activity).cloned().unwrap_or_default());
            self.visit.initialize(now, Document::New).unwrap();
        }
        self.heard.sessions.push(heard);
        let n = self.heard.sessions.len() - 1;
        if play.is_loaded {
            self.visit.note_loaded();
            self.heard.sessions[n].is_loaded = true;
        }
        let mut sets = play.sets.iter().flatten();
        for _ in 0..play.seconds {
            for (element, text) in sets.by_ref().take(2) {
                set(&mut self.visit, element, text).unwrap_or_else(|| panic!("{element} {text}"));
                let heard = &mut self.heard.sessions[n];
                heard.set.insert(element);
                let text = if *text == "_none_" { "" } else { text };
                heard.values.as_mut().unwrap().insert((*element).to_owned(), text.to_owned());
            }
            self.snapshot();
            self.wait();
        }
        self.end(n, play);
    }

    fn end(&mut self, n: usize, play: &Play) {
        let now = at(self.second * 1_000);
        let heard = &mut self.heard.sessions[n];
        match play.end {
            End::Terminate => self.visit.terminate(now).unwrap(),
            End::Navigate => self.visit.take_away(now, Ending::Navigated),
            End::Leave => self.visit.take_away(now, Ending::CutOff),
            End::Crash => return,
        }
        heard.end = Some(play.end);
        let Some(values) = &heard.values else { return };
        self.left.insert(play.activity, after(self.topic, play, values));
    }
}

/// The values that the next session of the same visit begins with.
fn after(topic: &Topic, play: &Play, values: &Elements) -> Elements {
    let mut values = values.clone();
    let text = |element: &str| values.get(element).cloned().unwrap_or_default();
    if topic.version == V12 {
        if play.end == End::Terminate && text("cmi.core.exit") != "suspend" {
            let (status, _) = finished_12(topic.items[play.activity], &values);
            values.insert("cmi.core.lesson_status".to_owned(), status);
        }
        values.retain(|element, _| !OF_ONE_SESSION.contains(&element.as_str()));
        return values;
    }
    let leaves_course = matches!(text("cmi.exit").as_str(), "time-out" | "logout");
    let is_abandoned = text("adl.nav.request").starts_with("abandon");
    let is_suspended = text("cmi.exit") == "suspend" || text("adl.nav.request") == "suspendAll";
    let continues = play.end != End::Terminate || (!leaves_course && !is_abandoned && is_suspended);
    if !continues {
        return Elements::new();
    }
    values.retain(|element, _| !OF_ONE_SESSION.contains(&element.as_str()));
    values
}

/// A learner, with everything that is done for one.
struct Learner<'a> {
    server: &'a TestServer,
    topic: &'a Topic,
    name: String,
    rng: Rng,
    model: Model,
    /// The attempt that the next launch goes on with.
    attempt: usize,
    /// The expected time in s; none once two devices overlapped.
    spent: BTreeMap<usize, u32>,
    has_overlapped: bool,
}

impl<'a> Learner<'a> {
    fn of(server: &'a TestServer, topics: &'a [Topic], seed: u64) -> Learner<'a> {
        let mut rng = Rng::from_seed(seed);
        let topic = &topics[rng.below(topics.len() as u64) as usize];
        let model = Model {
            version: topic.version,
            items: topic.items.clone(),
            policy: topic.policy,
            auto_complete: topic.auto_complete,
            visits: Vec::new(),
        };
        Learner {
            server,
            topic,
            name: format!("learner {seed}"),
            rng,
            model,
            attempt: 1,
            spent: BTreeMap::new(),
            has_overlapped: false,
        }
    }

    async fn open(&mut self, plan: &Plan) -> Value {
        let body = json!({ "learner": { "id": self.name }, "topic": self.topic.id, "mode": plan.mode });
        if plan.mode == "new" && !self.model.visits.is_empty() {
            self.attempt += 1;
        }
        open_visit(self.server, &body).await
    }

    /// Sends some of a visit's messages, some twice, in any order; the last one arrives, but after a crash perhaps.
    async fn deliver(&mut self, plan: &Plan, mut snapshots: Vec<Snapshot>) -> Option<Snapshot> {
        let last = snapshots.pop()?;
        let is_crash = plan.plays.last().is_some_and(|it| it.end == End::Crash);
        let mut sent: Vec<Snapshot> = snapshots.into_iter().filter(|_| self.rng.below(3) == 0).collect();
        if !is_crash || self.rng.below(4) > 0 {
            sent.push(last);
        }
        for n in (1..sent.len()).rev() {
            sent.swap(n, self.rng.below(n as u64 + 1) as usize);
        }
        for it in &sent {
            for _ in 0..=self.rng.below(2) {
                self.send(plan.page, &it.bytes).await;
            }
        }
        sent.into_iter().max_by_key(|it| (it.seconds, it.visit.sessions.len(), ends(&it.visit)))
    }

    async fn send(&self, page: Page, bytes: &[u8]) {
        let mut body: Value = serde_json::from_slice(bytes).unwrap();
        if page == Page::Earlier {
            for session in body["sessions"].as_array_mut().unwrap() {
                session.as_object_mut().unwrap().remove("outcome");
            }
        }
        let answer = self.server.post("/run/v1/commits", &body).await.unwrap();
        let (status, refused) = (answer.status.as_u16(), &answer.body["refused"]);
        assert!(matches!(status, 200 | 409) && refused.is_null(), "{}: {}", answer.status, answer.body);
    }

    /// One or two visits, on as many devices.
    async fn visits(&mut self) {
        let is_alone = self.rng.below(4) > 0;
        let mut running = Vec::new();
        for _ in 0..if is_alone { 1 } else { 2 } {
            let plan = Plan::of(&mut self.rng, self.topic, is_alone);
            let opened = self.open(&plan).await;
            running.push((plan, opened));
        }
        let mut seconds = 0;
        let mut played = Vec::new();
        for (plan, opened) in &running {
            let mut player = Player::new(self.topic, plan, opened, self.attempt);
            player.play(&mut self.rng);
            seconds = seconds.max(player.second);
            played.push(player.snapshots);
        }
        self.server.advance(i64::from(seconds) * 1_000);
        self.has_overlapped |= !is_alone;
        let first = self.model.visits.len();
        for ((plan, _), snapshots) in running.iter().zip(played) {
            let heard = self.deliver(plan, snapshots).await;
            if plan.mode == "review" || plan.mode == "browse" {
                continue;
            }
            let visit = heard.map_or_else(|| HeardVisit::new(self.attempt, plan.page), |it| it.visit);
            *self.spent.entry(self.attempt).or_default() += visit.visible;
            self.model.visits.push(visit);
        }
        self.compare(&running).await;
        // What is not ended is closed after ten minutes of silence.
        self.server.advance(11 * 60_000);
        self.server.app.sweep().await;
        self.model.visits.iter_mut().skip(first).for_each(|it| it.is_over = true);
        self.compare(&running).await;
    }

    async fn row(&self) -> Option<Value> {
        let name = self.name.replace(' ', "%20");
        let path = format!("/api/v1/report?learner={name}");
        self.server.get(&path, test_server::KEY).await.unwrap().body["rows"]
            .as_array()
            .unwrap()
            .first()
            .cloned()
    }

    async fn compare(&self, running: &[(Plan, Value)]) {
        let Some(row) = self.row().await else {
            assert!(self.model.counted().is_empty(), "{}: no row", self.name);
            return;
        };
        let counted = self.model.counted();
        let (expected, best_score) = self.model.row();
        let context =
            || format!("{}, {:?}\n{:#?}\n{running:#?}\n{row:#}", self.name, self.topic, self.model.visits);
        let status = if counted.is_empty() { "not attempted" } else { expected.status() };
        assert_eq!(row["status"], status, "status: {}", context());
        assert_eq!(row["attempts"], counted.len(), "attempts: {}", context());
        let word = |rank: u8, words: [&'static str; 3]| words[usize::from(rank)];
        let completion = word(expected.completion, ["unknown", "incomplete", "completed"]);
        let success = word(expected.success, ["unknown", "failed", "passed"]);
        assert_eq!(
            (&row["completion"], &row["success"]),
            (&json!(completion), &json!(success)),
            "{}",
            context()
        );
        let score = expected.score.as_ref().map(|it| it.1.clone());
        assert_eq!((&row["score"], &row["best_score"]), (&json!(score), &json!(best_score)), "{}", context());
        let flags = row["flags"].as_array().unwrap();
        let has = |flag: &str| flags.contains(&json!(flag));
        assert_eq!(has("completion_assumed"), expected.is_assumed, "assumed: {}", context());
        let spent: u32 = counted.iter().filter_map(|it| self.spent.get(it)).sum();
        let found = row["time_spent_ms"].as_u64().unwrap();
        if self.has_overlapped {
            assert!(found <= u64::from(spent) * 1_000, "time: {}", context());
            assert!((found > 0) == (spent > 0), "time: {}", context());
        } else {
            assert_eq!(found, u64::from(spent) * 1_000, "time: {}", context());
        }
    }
}

/// How many sessions of a visit have ended: what tells two messages of the same second apart.
fn ends(visit: &HeardVisit) -> (usize, usize) {
    let ended = visit.sessions.iter().filter(|it| it.end.is_some()).count();
    (ended, visit.sessions.iter().map(|it| it.set.len()).sum())
}

async fn each_learner(server: TestServer) {
    let mut topics = Vec::new();
    for n in 0..24 {
        topics.push(import(&server, n).await);
    }
    let mut statuses = BTreeSet::new();
    for seed in 0..learners() {
        let mut learner = Learner::of(&server, &topics, seed);
        let mut before: Option<(usize, Expected)> = None;
        for _ in 0..learner.rng.below(5) + 1 {
            learner.visits().await;
            let attempt = learner.attempt;
            let now = learner.model.row().0;
            statuses.insert((now.completion, now.success));
            if let Some((at, it)) = before.filter(|it| it.0 == attempt && learner.topic.policy == "best") {
                assert!(at == attempt && it.completion <= now.completion, "{}: it fell", learner.name);
            }
            before = Some((attempt, now));
        }
    }
    // Nothing, incomplete and completed, each with what there is of success: sequences reach them all.
    assert_eq!(statuses.len(), 7, "{statuses:?}");
    let judging = Judging {
        policy: server.app.config.policy,
        who: "an auditor".to_owned(),
        now_ms: test_server::START_MS,
        is_dry: true,
    };
    let mut changed = Vec::new();
    let (store, of) = (&*server.app.store, JudgedOf::default());
    recompute(store, "default", &of, &judging, &mut |it| changed.push(it), &mut |_| {}).await.unwrap();
    assert!(changed.is_empty(), "each row is as its raw state says: {changed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_visits_follow_each_other_the_record_is_the_best_of_them_in_sqlite() {
    each_learner(TestServer::start().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_visits_follow_each_other_the_record_is_the_best_of_them_in_postgres() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = cluster::Cluster::start(&programs, &["fsync=off"]).unwrap();
    let server = TestServer::start_on(tempfile::TempDir::new().unwrap(), Some(cluster.url())).await.unwrap();
    each_learner(server).await;
}
