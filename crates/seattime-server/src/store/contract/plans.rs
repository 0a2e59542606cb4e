//! How both databases find a page of the report among many rows: by an index, in its order, and no row but those that
//! are shown; and how much a request derives before it answers.

use seattime_testing::cluster;
use std::sync::Arc;

use futures_util::future::join_all;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use seattime_wire::Api;

use super::{NOW_MS, PostgresStore, Run, SqliteStore, Store};
use crate::store::listing::{Dialect, Given, SortKey, Statement, Whose, listed};
use crate::store::postgres::connected;
use crate::store::postgres::fields::{Columns, Field, rows};
use crate::store::{Order, Place, ReportOf, ReportPage, Sight, Sort};

const TENANT: &str = "tenant 1";
const LEARNER: &str = "learner 77";

/// 20,000 rows of two tenants: each learner has 40, each course 1,000, each topic 500.
const FILL: &str = "INSERT INTO standing (learner, course, topic, tenant, last_ms, first_ms, name, found_by, title, kind, status, score,
    time_ms, attempts, missing, flags, conflicts, changed_ms, row)
    SELECT 'learner ' || (n / 40), 'course ' || (n % 20), 'topic ' || (n % 40), 'tenant ' || (n / 40 % 2), n * 7919 % 20000,
    n * 7907 % 20000, 'name ' || (n / 80), '', 'title ' || (n % 40), 'scorm_1.2', CASE WHEN n % 3 = 0 THEN 'passed' ELSE 'failed' END,
    n * 7901 % 101, n * 7883 % 20000, n % 101, '', '', 0, 0, '{}' FROM ";
/// So many rows has a page: fewer than any of what reports are narrowed to.
const LIMIT: usize = 10;

/// What a report is asked for that has to find its page at once.
fn asked() -> Vec<(String, ReportOf, Option<&'static str>)> {
    let mut asked = Vec::new();
    for order in [Order::Ascending, Order::Descending] {
        for sort in Sort::ALL {
            let key = match sort {
                Sort::Learner => SortKey::Text("name 15".to_owned()),
                Sort::Course => SortKey::Text("course 5".to_owned()),
                Sort::Topic => SortKey::Text("title 25".to_owned()),
                Sort::Status => SortKey::Text("passed".to_owned()),
                _ => SortKey::Number(50),
            };
            let whose = ("course 5".to_owned(), "topic 5".to_owned(), "learner 5".to_owned());
            let of = ReportOf { sort, order, limit: LIMIT, ..ReportOf::default() };
            let (_, place): (_, Place) = listed(ROW, whose, key, &of).unwrap();
            asked.push((format!("{sort:?} {order:?}"), of.clone(), None));
            asked.push((format!("deep {sort:?} {order:?}"), ReportOf { after: Some(place), ..of }, None));
        }
        let of = ReportOf { order, limit: LIMIT, ..ReportOf::default() };
        let course = ReportOf { course: Some("course 7".to_owned()), ..of.clone() };
        let topic = ReportOf { topic: Some("topic 7".to_owned()), ..of.clone() };
        asked.push((format!("a course {order:?}"), course, None));
        asked.push((format!("a topic {order:?}"), topic, None));
        asked.push((format!("a learner {order:?}"), of, Some(LEARNER)));
    }
    asked
}

/// The least that a row says.
const ROW: &str = r#"{"learner":{"id":"","name":""},"course":"","topic":"","status":"","score":null,"time_spent":"","time_spent_ms":0,
    "provenance":"","measured_ms":0,"reported_ms":null,"flags":[],"attempts":0,"first_visit_ms":0,"last_visit_ms":0,"details":[]}"#;

#[tokio::test]
async fn sqlite_finds_a_page_by_an_index_and_sorts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seattime.db");
    drop(SqliteStore::open(&path, None).unwrap());
    let db = Connection::open(&path).unwrap();
    let numbers = "(WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 20000) SELECT n FROM many)";
    db.execute(&format!("{FILL} {numbers}"), []).unwrap();
    for (what, of, learner) in asked() {
        let whose = Whose { tenant: TENANT, sight: &Sight::Tenant, learner };
        let Statement { text, given, .. } = Statement::page(Dialect::Sqlite, whose, &of);
        let given: Vec<Value> = given
            .into_iter()
            .map(|it| match it {
                Given::Text(text) => Value::Text(text.into_owned()),
                Given::Number(number) => Value::Integer(number),
            })
            .collect();
        let mut query = db.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
        let plan = query.query_map(params_from_iter(&given), |row| row.get::<_, String>(3)).unwrap();
        let plan = plan.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
        assert!(plan.starts_with("SEARCH standing USING ") && !plan.contains(';'), "{what}: {plan}");
        // And what it did: nothing was scanned or sorted, and no more rows were looked at than were shown.
        let mut query = db.prepare(&text).unwrap();
        let mut found = query.query(params_from_iter(&given)).unwrap();
        let mut count = 0;
        while found.next().unwrap().is_some() {
            count += 1;
        }
        drop(found);
        let did = |status| query.get_status(status);
        assert_eq!(did(rusqlite::StatementStatus::FullscanStep), 0, "{what}");
        assert_eq!(did(rusqlite::StatementStatus::Sort), 0, "{what}");
        let steps = did(rusqlite::StatementStatus::VmStep);
        assert!(count > 0 && steps < 100 + 25 * count, "{what}: {steps} steps for {count} rows");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_finds_a_page_by_an_index_and_sorts_nothing() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = cluster::Cluster::start(&programs, &["fsync=off"]).unwrap();
    let pool = connected(&cluster.url()).await.unwrap();
    cluster.ask(&format!("{FILL} generate_series(1, 20000) AS many (n); ANALYZE standing")).unwrap();
    let db = pool.get().await.unwrap();
    for (what, of, learner) in asked() {
        let whose = Whose { tenant: TENANT, sight: &Sight::Tenant, learner };
        let Statement { text, given, .. } = Statement::page(Dialect::Postgres, whose, &of);
        let fields: Vec<Field<'_>> = given
            .iter()
            .map(|it| match it {
                Given::Text(text) => Field::from(&**text),
                Given::Number(number) => Field::from(*number),
            })
            .collect();
        let explain = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {text}");
        let plan = rows(&db, &explain, &fields).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|it| Columns::of(it).text().unwrap()).collect();
        let plan = plan.join("\n");
        let is_by_index = plan.contains("Index Scan") && !plan.contains("Bitmap");
        assert!(is_by_index && !plan.contains("Sort") && !plan.contains("Seq Scan"), "{what}:\n{plan}");
        let is_exact = !plan.contains("Removed by Filter");
        assert!(is_exact, "{what} looks at rows that it does not show:\n{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_derives_only_so_many_rows_and_says_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(&folder.path().join("seattime.db"), None).unwrap();
    some_are_left(Arc::new(sqlite)).await;
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = cluster::Cluster::start(&programs, &["fsync=off"]).unwrap();
    some_are_left(Arc::new(PostgresStore::open(&cluster.url()).await.unwrap())).await;
}

async fn some_are_left(store: Arc<dyn Store>) {
    let stores = [store];
    let run = Run::new(&stores, "left");
    let topic = run.topic("left", Api::Scorm12).await;
    let launches: Vec<_> = (0..620).map(|n| run.new_launch(&topic, &format!("learner {n}"))).collect();
    for some in launches.chunks(62) {
        for made in join_all(some.iter().map(|it| run.launch(it, NOW_MS))).await {
            made.unwrap();
        }
    }
    let ask = async |of: ReportOf| -> ReportPage {
        stores[0].report(&run.tenant, Sight::Tenant, of, NOW_MS).await.unwrap()
    };
    // One learner's is derived alone, however many others wait.
    let of_one = ReportOf { lms_id: Some(format!("learner 600 {}", run.mark)), ..ReportOf::default() };
    let one = ask(of_one).await;
    assert_eq!((one.rows.len(), one.stale), (1, 0));
    let first = ask(ReportOf::default()).await;
    assert_eq!((first.rows.len(), first.stale), (50, 119), "of 619 another 500 are derived");
    let elsewhere = ask(ReportOf { course: Some("another".to_owned()), ..ReportOf::default() }).await;
    assert_eq!(elsewhere, ReportPage::default(), "what is stale elsewhere is nothing that is missing here");
    assert_eq!(stores[0].renew_standings(100, NOW_MS).await, Ok(100));
    let second = ask(ReportOf::default()).await;
    assert_eq!((second.rows.len(), second.stale), (50, 0));
}
