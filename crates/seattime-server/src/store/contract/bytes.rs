//! How many bytes a learner's year takes in each store: what `docs/scaling.md` reckons with.

use seattime_testing::cluster;
use std::sync::Arc;

use seattime_wire::{Api, CommitReason, Completion, EndKind, EvidenceKind, Outcome, SessionState, Success};

use super::{MINUTE_MS, NOW_MS, PostgresStore, Run, SqliteStore, commit};
use crate::store::listing::MOST_ROWS;
use crate::store::{ReportOf, Sight, Store};

/// So many learners; the tables grow by whole pages.
const LEARNERS: u64 = 24;
/// In a year.
const TOPICS: u64 = 10;
/// Of each topic: suspended, and taken up again.
const VISITS: u64 = 4;
const VISIT_MINUTES: i64 = 15;
/// A visit's messages, as far as they leave rows behind: a heartbeat without news writes nothing.
const MESSAGES: u64 = 5;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// A learner's year of the above may take no more than this, in bytes.
const MOST: u64 = 480_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_a_learner_takes_no_more_than_it_is_reckoned_with_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seattime.db");
    let store = Arc::new(SqliteStore::open(&path, None).unwrap());
    let tables = "SELECT coalesce(tbl_name, dbstat.name), sum(pgsize) FROM dbstat LEFT JOIN sqlite_master USING (name) GROUP BY 1";
    let sizes = || {
        let beside = rusqlite::Connection::open(&path).unwrap();
        let mut question = beside.prepare(tables).unwrap();
        let rows =
            question.query_map([], |it| Ok((it.get(0)?, it.get::<_, i64>(1)?.unsigned_abs()))).unwrap();
        rows.map(Result::unwrap).collect::<Vec<(String, u64)>>()
    };
    let bytes = measured("SQLite", store, sizes).await;
    assert!(bytes < MOST, "{bytes} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_a_learner_takes_no_more_than_it_is_reckoned_with_in_postgres() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = cluster::Cluster::start(&programs, &[]).unwrap();
    let store = Arc::new(PostgresStore::open(&cluster.url()).await.unwrap());
    let sizes = || {
        cluster.ask("VACUUM").unwrap();
        let told = cluster.ask("SELECT tablename, pg_total_relation_size(tablename::regclass) FROM pg_tables WHERE schemaname = 'public'");
        let pairs = told.unwrap();
        let pair =
            |it: &str| it.split_once('|').map(|(name, bytes)| (name.to_owned(), bytes.parse().unwrap()));
        pairs.lines().filter_map(pair).collect::<Vec<(String, u64)>>()
    };
    let bytes = measured("PostgreSQL", store, sizes).await;
    assert!(bytes < MOST, "{bytes} bytes");
}

/// Fills a store; answers what a learner takes of it, and prints which tables that is.
async fn measured(name: &str, store: Arc<dyn Store>, sizes: impl Fn() -> Vec<(String, u64)>) -> u64 {
    {
        let stores = [Arc::clone(&store)];
        let run = Run::new(&stores, "year");
        for topic in 0..TOPICS {
            run.topic(&format!("topic {topic}"), Api::Scorm12).await;
        }
    }
    let before = sizes();
    let all: Vec<_> = (0..LEARNERS).map(|it| tokio::spawn(year(Arc::clone(&store), it))).collect();
    for learner in all {
        learner.await.unwrap();
    }
    while store.close_silent(NOW_MS + 400 * DAY_MS, MINUTE_MS).await.unwrap() > 0 {}
    let of = ReportOf { limit: MOST_ROWS, ..ReportOf::default() };
    let rows = store.report("tenant year", Sight::Tenant, of, NOW_MS).await.unwrap().rows;
    assert_eq!(rows.len() as u64, LEARNERS * TOPICS);
    assert!(rows.iter().all(|it| it.measured_ms > (VISITS as i64) * (VISIT_MINUTES - 1) * MINUTE_MS));

    let mut total = 0;
    println!("{name}: bytes a learner and year");
    for (table, bytes) in sizes() {
        let had = before.iter().find(|it| it.0 == table).map_or(0, |it| it.1);
        let grown = bytes.saturating_sub(had) / LEARNERS;
        total += grown;
        if grown > 100 {
            println!("{grown:>10}  {table}");
        }
    }
    println!("{total:>10}  in all");
    total
}

/// One learner's year: a topic in 36 days, in four visits of it.
async fn year(store: Arc<dyn Store>, learner: u64) {
    let stores = [store];
    let run = Run::new(&stores, "year");
    let name = format!("learner {learner}");
    for n in 0..TOPICS * VISITS {
        let now_ms =
            NOW_MS + i64::try_from(n).unwrap() * 9 * DAY_MS + i64::try_from(learner).unwrap() * 1_000;
        let visit = run.open(&format!("topic {} year", n / VISITS), &name, now_ms).await;
        for message in 1..=MESSAGES {
            let seconds =
                VISIT_MINUTES * 60 * i64::try_from(message).unwrap() / i64::try_from(MESSAGES).unwrap();
            let values = values(n % VISITS * MESSAGES + message);
            let values: Vec<(&str, &str)> = values.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
            let mut told = commit(&visit, message, seconds, &values);
            // A sign every half a minute, none as long as another.
            told.time.evidence = (0..seconds / 30)
                .map(|it| {
                    (
                        0,
                        it * 30_000 + it * 137 % 9_000,
                        it * 30_000 + it * 137 % 9_000 + it * 911 % 7_000,
                        EvidenceKind::Human,
                    )
                })
                .collect();
            if message == MESSAGES {
                told.reason = CommitReason::Hidden;
                told.sessions[0].state = SessionState::Terminated;
            }
            // As a page sends it: state, once per session.
            told.sessions[0].outcome = Some(Outcome {
                seq: message,
                completion: Completion::Incomplete,
                success: Success::Unknown,
                score: Some([None, Some(5.0), None, None]),
                ended: if message == MESSAGES { EndKind::Paused } else { EndKind::None },
                assumed: false,
            });
            run.merge(&visit, &told, now_ms + seconds * 1_000).await;
        }
    }
}

/// What content sets with its `nth` message of a topic: thirty values by the end, one of them two thousand characters.
fn values(nth: u64) -> Vec<(String, String)> {
    let answer = |part: &str, text: String| (format!("cmi.interactions.{}.{part}", nth - 1), text);
    let mut values = vec![
        ("cmi.core.lesson_location".to_owned(), format!("page-{nth}")),
        (
            "cmi.core.lesson_status".to_owned(),
            if nth < VISITS * MESSAGES { "incomplete" } else { "completed" }.to_owned(),
        ),
        ("cmi.core.score.raw".to_owned(), (nth * 5).to_string()),
        ("cmi.core.exit".to_owned(), "suspend".to_owned()),
        ("cmi.suspend_data".to_owned(), format!("{nth:02}-visited;").repeat(200)),
    ];
    if nth <= 5 {
        values.extend([
            answer("id", format!("question-{nth}")),
            answer("type", "choice".to_owned()),
            answer("student_response", "b".to_owned()),
            answer("result", "correct".to_owned()),
            answer("latency", "00:00:12".to_owned()),
        ]);
    }
    values
}
