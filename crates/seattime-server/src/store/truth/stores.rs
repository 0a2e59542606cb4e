//! The same through each store: visits are opened, messages merged, and the report asked.

use seattime_testing::cluster;
use std::sync::Arc;

use seattime_wire::{Api, Mode, SessionKind};
use tokio::task::JoinSet;

use super::running::Progress;
use super::story::EPOCH_MS;
use super::{COURSES, Case, cases};
use crate::store::contract::arrival;
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{
    ActivityRules, History, HistoryKept, ImportFindings, NewLaunch, NewLearner, Opened, Opening, ReportOf,
    Sight, Store, StoredActivity, StoredPackage,
};
use seattime_testing::rng::Rng;

/// So many cases at once; their visits are fewer than what one sweep closes.
const AT_ONCE: usize = 64;
/// Silent visits are closed whenever so many more cases are told.
const SWEEP_AFTER: usize = 16;
const TENANT: &str = "tenant";

#[tokio::test(flavor = "multi_thread")]
async fn the_truth_comes_through_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    tell(Arc::new(SqliteStore::open(&folder.path().join("seattime.db"), None).unwrap()), "SQLite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_truth_comes_through_postgres() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    // What is on disk when the machine dies is asked elsewhere; here, 2,000 cases would do little but wait for it.
    let cluster = cluster::Cluster::start(&programs, &["fsync=off"]).unwrap();
    tell(Arc::new(PostgresStore::open(&cluster.url()).await.unwrap()), "PostgreSQL").await;
}

async fn tell(store: Arc<dyn Store>, name: &'static str) {
    let activity = StoredActivity {
        id: "item".to_owned(),
        title: String::new(),
        kind: SessionKind::Sco,
        depth: 0,
        href: "index.html".to_owned(),
        defaults: Vec::new(),
        objectives: Vec::new(),
        data: Vec::new(),
        rules: ActivityRules::default(),
        is_visible: true,
        missing_file: None,
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
            aliases: Vec::new(),
            findings: ImportFindings::default(),
        };
        store.put_package(TENANT, package, EPOCH_MS).await.unwrap();
    }
    let most = cases(option_env!("SEATTIME_STORE_CASES"), 100);
    let progress = Progress::new(name, most);
    let mut seeds = (0..most).peekable();
    while seeds.peek().is_some() {
        let mut telling: JoinSet<Told> =
            seeds.by_ref().take(AT_ONCE).map(|seed| through(Arc::clone(&store), seed)).collect();
        let mut told = Vec::new();
        while let Some(it) = telling.join_next().await {
            told.push(it.unwrap());
            // A server sweeps once at a time. Visits of cases that are still told are closed as well, and reopened by
            // their next message.
            if told.len() % SWEEP_AFTER == 0 {
                close(&store).await;
            }
        }
        // A contact without news is written down when the visit is closed: then the live window is what it was.
        while close(&store).await > 0 {}
        for Told { seed, case, learner } in told {
            let of = ReportOf { lms_id: Some(learner), ..ReportOf::default() };
            let rows = store.report(TENANT, Sight::Tenant, of, EPOCH_MS).await.unwrap().rows;
            case.compare(seed, &rows, false);
            progress.add(1);
        }
    }
}

/// Closes visits that are told no more, as many as a sweep does; answers how many.
async fn close(store: &Arc<dyn Store>) -> usize {
    store.close_silent(EPOCH_MS + 100_000_000, 0).await.unwrap()
}

/// A case of which everything was sent and answered.
struct Told {
    seed: u64,
    case: Case,
    learner: String,
}

/// Opens the visits of a case and sends their messages.
async fn through(store: Arc<dyn Store>, seed: u64) -> Told {
    let case = Case::of(seed);
    let learner = format!("learner {seed}");
    // What was before comes before everything, or while visits are told; and again at the end.
    let is_early = seed.is_multiple_of(2);
    if is_early {
        keep(&store, &case, &learner).await;
    }
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
    let mut rng = Rng::from_seed(seed);
    let mut sent = Vec::new();
    while !waiting.is_empty() {
        let next = waiting.swap_remove(rng.below(waiting.len() as u64) as usize);
        sent.push(tokio::spawn({
            let store = Arc::clone(&store);
            async move { store.merge(next).await }
        }));
        if rng.below(3) == 0 {
            for answer in sent.drain(..) {
                answer.await.unwrap().unwrap();
            }
        }
    }
    keep(&store, &case, &learner).await;
    for answer in sent {
        answer.await.unwrap().unwrap();
    }
    assert!(keep(&store, &case, &learner).await.iter().all(|it| *it == HistoryKept::Same), "seed {seed}");
    Told { seed, case, learner }
}

/// Keeps what an LMS had kept before.
async fn keep(store: &Arc<dyn Store>, case: &Case, learner: &str) -> Vec<HistoryKept> {
    let kept = case.before.iter().enumerate().filter_map(|(topic, it)| Some((topic, (*it)?)));
    let rows = kept.map(|(topic, (seconds, attempts))| History {
        learner: NewLearner { lms_id: learner.to_owned(), name: String::new(), groups: None },
        course: "before".to_owned(),
        topic: topic.to_string(),
        kept_as: Vec::new(),
        even_begun: true,
        title: String::new(),
        kind: "scorm_2004".to_owned(),
        time_ms: seconds * 1_000,
        attempts,
    });
    store.keep_history(TENANT, rows.collect(), EPOCH_MS).await.unwrap()
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
        learner: NewLearner { lms_id: learner.to_owned(), name: String::new(), groups: None },
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
