//! Databases of every earlier version of the schema, with rows in them: opened by this one, they tell what they told.
#![cfg(test)]

use seattime_testing::cluster;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use seattime_testbed::test_server::{self, TestServer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// The key whose hash the first version kept.
const OLD_KEY: &str = "old-key";
const MINUTE_MS: i64 = 60_000;

/// From which version on there is what: the zone, what a course has of its own, who is enrolled, who logs in.
struct Since {
    course: usize,
    enrolled: usize,
    zone: usize,
    account: usize,
}

const SQLITE: Since = Since { course: 7, enrolled: 8, zone: 9, account: 10 };
const POSTGRES: Since = Since { course: 3, enrolled: 4, zone: 5, account: 6 };

/// The steps of a schema, in order.
fn steps(database: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let mut steps: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    steps.sort();
    steps
}

/// What makes a database of that version: each step, and behind it the rows that were kept from it on.
fn statements(database: &str, version: usize) -> String {
    let rows = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/older").join(database);
    let mut all = String::new();
    for (step, n) in steps(database).iter().zip(1..=version) {
        all += &fs::read_to_string(step).unwrap();
        let kept = rows.join(format!("{n:04}.sql"));
        if kept.exists() {
            all += &fs::read_to_string(kept).unwrap();
        }
    }
    all
}

/// Everything is told as it was, by the key that was known, and goes on from where it was.
async fn tells_what_it_told(server: &TestServer, version: usize, since: &Since) {
    let get = async |path: &str| {
        let told = server.get(path, OLD_KEY).await.unwrap();
        assert_eq!(told.status, 200, "version {version}: {path}: {}", told.body);
        told.body
    };
    let told = get("/api/v1/report?sort=learner&order=asc").await;
    let rows: Vec<Value> = told["rows"].as_array().unwrap().iter().map(figures).collect();
    let name = "Muster, \u{c4}nna \u{1f600}";
    #[rustfmt::skip]
    let mut truth = vec![
        json!(["berta", "Berta",  "Topic", "incomplete",    "0h 5m 0s", "measured", 300_000, null,    1, 1, null, "incomplete", "unknown"]),
        json!(["carla", "Carla",  "Topic", "not attempted", "0h 0m 0s", "measured", 0,       null,    0, 0, "never_launched", "unknown", "unknown"]),
        json!(["emma",  "Emma",   "Topic", "not attempted", "0h 0m 0s", "measured", 0,       null,    0, 0, "never_launched", "unknown", "unknown"]),
        json!(["anna",  name,     "Topic", "passed",        "0h 4m 0s", "reported", 300_000, 240_000, 1, 0, null, "completed", "passed"]),
    ];
    truth.retain(|it| it[0] != "emma" || version >= since.enrolled);
    // Content called Initialize, and never said a time.
    truth[0][10] = json!("no_time");
    assert_eq!(rows, truth, "version {version}");
    assert_eq!(
        told["zone"],
        if version >= since.zone { "Europe/Berlin" } else { "UTC" },
        "version {version}"
    );

    let course = server.get("/api/v1/courses/Course", OLD_KEY).await.unwrap().body;
    let own = if version >= since.course { json!(20_000) } else { Value::Null };
    assert_eq!(course["settings"]["tail_ms"], own, "version {version}: {course}");
    let of_group = get("/api/v1/report?group=north").await["rows"].as_array().unwrap().len();
    assert_eq!(of_group, usize::from(version >= since.enrolled), "version {version}");
    let accounts = get("/api/v1/accounts").await["accounts"].as_array().unwrap().len();
    assert_eq!(accounts, usize::from(version >= since.account), "version {version}");

    // What the import of an earlier version did not look for is not known; every part is visible.
    let package = get("/api/v1/packages/topic").await;
    assert_eq!((&package["warnings"], &package["hosts"]), (&json!([]), &json!([])), "version {version}");
    assert_eq!(package["activities"][0]["is_visible"], true, "version {version}");

    // It goes on: the learner is known, and Berta is where she was.
    let code = server.launch("topic", "berta").await.unwrap();
    let visit = server.post("/run/v1/visits", &json!({ "code": code })).await.unwrap().body;
    assert_eq!(visit["values"]["item"]["cmi.core.lesson_location"], "page 7", "version {version}: {visit}");
    server.advance(MINUTE_MS);
    let told = server.post("/run/v1/commits", &test_server::commit(&visit, 1, 60, "page 8")).await.unwrap();
    assert_eq!(told.status, 200, "version {version}: {}", told.body);
    let row = get("/api/v1/report?learner=berta").await["rows"][0].clone();
    assert_eq!((&row["time_spent"], &row["attempts"]), (&json!("0h 6m 0s"), &json!(1)), "version {version}");
}

/// Rows that were derived with one word for completion and success have both apart.
async fn tells_completion_and_success(server: &TestServer) {
    let told = server.get("/api/v1/report?sort=learner&order=asc", OLD_KEY).await.unwrap().body;
    let rows: Vec<_> = told["rows"].as_array().unwrap().iter().collect();
    let found: Vec<_> =
        rows.iter().map(|it| json!([it["status"], it["completion"], it["success"]])).collect();
    let incomplete = json!(["incomplete", "incomplete", "unknown"]);
    let unknown = json!(["not attempted", "unknown", "unknown"]);
    assert_eq!(found, [incomplete, unknown.clone(), unknown, json!(["passed", "completed", "passed"])]);
}

/// What a row tells.
fn figures(row: &Value) -> Value {
    json!([
        row["learner"]["id"],
        row["learner"]["name"],
        row["topic"],
        row["status"],
        row["time_spent"],
        row["provenance"],
        row["measured_ms"],
        row["reported_ms"],
        row["attempts"],
        row["conflicts"],
        row["missing"],
        row["completion"],
        row["success"],
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_earlier_file_tells_what_it_told() {
    for version in 1..=steps("sqlite").len() {
        let data = TempDir::new().unwrap();
        let db = Connection::open(data.path().join("seattime.db")).unwrap();
        db.execute_batch(&statements("sqlite", version)).unwrap();
        db.pragma_update(None, "user_version", i64::try_from(version).unwrap()).unwrap();
        drop(db);
        let server = TestServer::start_on(data, None).await.unwrap();
        server.advance(60 * MINUTE_MS);
        tells_what_it_told(&server, version, &SQLITE).await;
    }
}

/// Makes a database one that this version derived every row in.
async fn derive(server: &TestServer) {
    server.advance(60 * MINUTE_MS);
    server.get("/api/v1/report", OLD_KEY).await.unwrap();
}

/// The step that took completion and success apart.
const COMPLETION: [usize; 2] = [15, 11];

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_file_with_one_word_have_completion_and_success() {
    let [version, _] = COMPLETION;
    let data = TempDir::new().unwrap();
    let db = Connection::open(data.path().join("seattime.db")).unwrap();
    db.execute_batch(&statements("sqlite", version)).unwrap();
    db.pragma_update(None, "user_version", i64::try_from(version).unwrap()).unwrap();
    let server = TestServer::start_on(data, None).await.unwrap();
    derive(&server).await;
    let data = server.stop();
    db.execute("UPDATE standing SET row = json_remove(row, '$.completion', '$.success')", []).unwrap();
    db.pragma_update(None, "user_version", i64::try_from(version - 1).unwrap()).unwrap();
    drop(db);
    tells_completion_and_success(&TestServer::start_on(data, None).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_postgres_with_one_word_have_completion_and_success() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = cluster::Cluster::start(&programs, &["fsync=off"]).unwrap();
    let [_, version] = COMPLETION;
    make(&cluster.url(), version).await;
    let server = TestServer::start_on(TempDir::new().unwrap(), Some(cluster.url())).await.unwrap();
    derive(&server).await;
    drop(server);
    cluster.ask("UPDATE standing SET row = (row::jsonb - 'completion' - 'success')::text").unwrap();
    cluster.ask(&format!("UPDATE schema_version SET version = {}", version - 1)).unwrap();
    let server = TestServer::start_on(TempDir::new().unwrap(), Some(cluster.url())).await.unwrap();
    tells_completion_and_success(&server).await;
}

/// Makes a PostgreSQL database of that version.
async fn make(url: &str, version: usize) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let talking = tokio::spawn(connection);
    client.batch_execute(&statements("postgres", version)).await.unwrap();
    let kept = format!(
        "CREATE TABLE schema_version (id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1), version BIGINT NOT NULL, \
         holder TEXT NOT NULL, until_ms BIGINT NOT NULL); INSERT INTO schema_version VALUES (1, {version}, '', 0)"
    );
    client.batch_execute(&kept).await.unwrap();
    drop(client);
    talking.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_earlier_postgres_tells_what_it_told() {
    let Some(programs) = cluster::programs_or_skip() else { return };
    let cluster = cluster::Cluster::start(&programs, &["fsync=off"]).unwrap();
    for version in 1..=steps("postgres").len() {
        cluster.ask(&format!("CREATE DATABASE older_{version}")).unwrap();
        let url = cluster.url().replace("///postgres?", &format!("///older_{version}?"));
        make(&url, version).await;
        let server = TestServer::start_on(TempDir::new().unwrap(), Some(url)).await.unwrap();
        server.advance(60 * MINUTE_MS);
        tells_what_it_told(&server, version, &POSTGRES).await;
    }
}
