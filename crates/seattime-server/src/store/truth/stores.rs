//! The same through each store: visits are opened, messages merged, and the report asked.

use std::sync::Arc;

use seattime_wire::{Api, Mode, SessionKind};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::dice::Dice;
use super::story::EPOCH_MS;
use super::{COURSES, Case, cases};
use crate::store::contract::{arrival, cluster};
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{NewLaunch, Opened, Opening, ReportOf, Store, StoredActivity, StoredPackage};

/// So many cases at once.
const AT_ONCE: usize = 32;
static SWEEP: Mutex<()> = Mutex::const_new(());
const TENANT: &str = "tenant";

#[tokio::test(flavor = "multi_thread")]
async fn the_truth_comes_through_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    tell(Arc::new(SqliteStore::open(&folder.path().join("seattime.db"), None).unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_truth_comes_through_postgres() {
    let Some(programs) = cluster::programs() else {
        eprintln!("left out: there is no PostgreSQL; `cargo xtask setup` installs it");
        return;
    };
    let cluster = cluster::Cluster::start(&programs, &[]).unwrap();
    tell(Arc::new(PostgresStore::open(&cluster.url()).await.unwrap())).await;
}

async fn tell(store: Arc<dyn Store>) {
    let activity = StoredActivity {
        id: "item".to_owned(),
        title: String::new(),
        kind: SessionKind::Sco,
        depth: 0,
        href: "index.html".to_owned(),
        defaults: Vec::new(),
        objectives: Vec::new(),
        data: Vec::new(),
    };
    for (course, topic) in
        COURSES.iter().flat_map(|(course, topics)| topics.iter().map(move |it| (course, it)))
    {
        let package = StoredPackage {
            id: topic.to_string(),
            title: topic.to_string(),
            course: (*course).to_owned(),
            api: Api::Scorm2004,
            edition: 4,
            shares_with_all: false,
            activities: vec![activity.clone()],
            files: Vec::new(),
        };
        store.put_package(TENANT, package, EPOCH_MS).await.unwrap();
    }
    let mut running = JoinSet::new();
    for seed in 0..cases(option_env!("SEATTIME_STORE_CASES"), 100) {
        if running.len() == AT_ONCE {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(through(Arc::clone(&store), seed));
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}

async fn through(store: Arc<dyn Store>, seed: u64) {
    let case = Case::of(seed);
    let learner = format!("learner {seed}");
    let mut waiting = Vec::new();
    let mut before = (0, 1);
    for (topic, (number, story, deliveries)) in case.visits() {
        let is_same = (topic, *number) == before || (topic != before.0 && *number == 1);
        let mode = if is_same { Mode::Continue } else { Mode::New };
        before = (topic, *number);
        let opened = open(&store, (&learner, &topic.to_string()), mode, story).await;
        assert_eq!(opened.attempt, *number, "seed {seed}");
        for it in deliveries {
            let mut commit = it.commit.clone();
            (commit.visit, commit.lease) = (opened.claims.visit.clone(), opened.claims.lease);
            waiting.push(arrival(&opened.claims, &commit, it.received_ms()));
        }
    }
    // Messages of all visits come in any order; of some of them everybody waits for the answer together.
    let mut dice = Dice::of(seed);
    let mut sent = Vec::new();
    while !waiting.is_empty() {
        let next = waiting.swap_remove(dice.below(waiting.len() as u64) as usize);
        sent.push(tokio::spawn({
            let store = Arc::clone(&store);
            async move { store.merge(next).await }
        }));
        if dice.below(3) == 0 {
            for answer in sent.drain(..) {
                answer.await.unwrap().unwrap();
            }
        }
    }
    for answer in sent {
        answer.await.unwrap().unwrap();
    }
    // A contact without news is written down when the visit is closed: then the live window is what it was. Visits of
    // other cases are closed as well, and reopened by their next message. A server sweeps once at a time.
    let sweeping = SWEEP.lock().await;
    store.close_silent(EPOCH_MS + 100_000_000, 0).await.unwrap();
    drop(sweeping);
    let of = ReportOf { lms_id: Some(learner), ..ReportOf::default() };
    let rows = store.report(TENANT, of).await.unwrap();
    case.compare(seed, &rows, false);
}

async fn open(
    store: &Arc<dyn Store>,
    (learner, topic): (&str, &str),
    mode: Mode,
    story: &super::story::Story,
) -> Opened {
    let launch = uuid::Uuid::new_v4().to_string();
    let launch = NewLaunch {
        code_hash: format!("hash of {launch}"),
        launch,
        learner: learner.to_owned(),
        learner_name: String::new(),
        topic: topic.to_owned(),
        mode,
        return_url: None,
        api: None,
        is_strict: false,
        idempotency: None,
    };
    let code = Opening::Code(launch.code_hash.clone());
    store.launch(TENANT, launch, story.opened_ms()).await.unwrap();
    store.open_visit(code, story.policy, story.opened_ms()).await.unwrap()
}
