//! `Store` over SQLite: one thread writes, whatever waits goes into one transaction, then all are answered.

mod accounts;
mod blocked;
mod courses;
mod desk;
mod heard;
mod history;
mod judging;
mod launches;
mod merge;
mod packages;
mod standings;
mod tenants;
mod verifying;
mod visits;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use seattime_wire::{Policy, ValuePart};

use self::desk::Desk;
use self::writer::Writer;
use super::listing::Whose;
use super::standing::{STANDINGS_A_REQUEST, STANDINGS_AT_ONCE, in_steps};
use super::{
    Accounts, Answer, ApiKey, Arrival, BlockedRequests, CourseSettings, History, HistoryKept, JudgedOf,
    JudgedRows, Judging, KeptSettings, Known, Launched, MadeLaunch, Merged, NewLaunch, NewLearner, Opened,
    Opening, PackageLine, PackageReporting, ReportOf, ReportPage, ReportVisit, Reporting, RowKey, Sight,
    Store, StoreError, StoredPackage, TenantSettings, Throughput, VerifiedRows, VisitsOf,
};
use crate::error::StartError;
use crate::secret::ServerKey;
use crate::token::VisitClaims;

/// A query, from its file.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!("sqlite/", $name, ".sql"))
    };
}
macro_rules! sql_here {
    ($name:literal) => {
        include_str!(concat!($name, ".sql"))
    };
}
pub(crate) use sql_here;

/// The schema, a step a version: never changed once released, only added to.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_spine.sql"),
    include_str!("../../migrations/sqlite/0002_data_model.sql"),
    include_str!("../../migrations/sqlite/0003_api_of_attempt.sql"),
    include_str!("../../migrations/sqlite/0004_value_parts.sql"),
    include_str!("../../migrations/sqlite/0005_standings_later.sql"),
    include_str!("../../migrations/sqlite/0006_totals.sql"),
    include_str!("../../migrations/sqlite/0007_reporting.sql"),
    include_str!("../../migrations/sqlite/0008_report.sql"),
    include_str!("../../migrations/sqlite/0009_zone.sql"),
    include_str!("../../migrations/sqlite/0010_accounts.sql"),
    include_str!("../../migrations/sqlite/0011_history.sql"),
    include_str!("../../migrations/sqlite/0012_record.sql"),
    include_str!("../../migrations/sqlite/0013_imports.sql"),
    include_str!("../../migrations/sqlite/0014_blocked.sql"),
    include_str!("../../migrations/sqlite/0015_completion.sql"),
];

/// The version of the schema.
pub(crate) const SCHEMA: usize = MIGRATIONS.len();

/// So many connections read beside the one that writes.
const READERS: usize = 4;

/// Before this version, two connections could corrupt the database.
pub(crate) const OLDEST_SQLITE: i32 = 3_051_003;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            _ => StoreError::Failed(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> StoreError {
        StoreError::Failed(format!("a row cannot be read: {error}"))
    }
}

/// Connections that only read, taken in turns: a long report must not hold content up.
struct Readers {
    all: Vec<Mutex<Connection>>,
    next: AtomicUsize,
}

impl Readers {
    fn next(&self) -> Result<&Mutex<Connection>, StoreError> {
        let n = self.next.fetch_add(1, Ordering::Relaxed) % READERS;
        self.all.get(n).ok_or_else(|| StoreError::Failed("there is no connection to read with".to_owned()))
    }
}

/// A store in one file.
pub struct SqliteStore {
    writer: Writer,
    readers: Arc<Readers>,
}

impl SqliteStore {
    /// Opens the database, makes it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// [`StartError::OldSqlite`], [`StartError::Newer`] and [`StartError::Database`].
    pub fn open(path: &Path, vfs: Option<&str>) -> Result<SqliteStore, StartError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(StartError::OldSqlite { found: rusqlite::version().to_owned() });
        }
        let failed = failed_at(path);
        let connect = || {
            let connection = match vfs {
                Some(vfs) => Connection::open_with_flags_and_vfs(path, OpenFlags::default(), vfs),
                None => Connection::open(path),
            };
            let connection = connection.map_err(failed)?;
            schema(&connection, path)?; // Before the first pragma that writes.
            prepare(&connection).map_err(failed)?;
            Ok(connection)
        };
        let mut writing = connect()?;
        check(&writing, path)?;
        migrate(&mut writing, path)?;
        let readers = (0..READERS).map(|_| Ok(Mutex::new(connect()?))).collect::<Result<_, StartError>>()?;
        Ok(SqliteStore {
            writer: Writer::start(writing),
            readers: Arc::new(Readers { all: readers, next: AtomicUsize::new(0) }),
        })
    }

    /// Runs a query beside the writer.
    fn read<'a, T: Send + 'static>(
        &'a self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<'a, T> {
        let readers = Arc::clone(&self.readers);
        Box::pin(async move {
            let run = move || query(&readers.next()?.lock().unwrap_or_else(PoisonError::into_inner));
            tokio::task::spawn_blocking(run).await.map_err(|error| StoreError::Failed(error.to_string()))?
        })
    }

    /// Derives what commits have made stale, as far as a request may; answers how many rows are left.
    async fn renew(
        &self,
        (tenant, sight, learner): (&str, &Sight, Option<&str>),
        of: &ReportOf,
        now_ms: i64,
    ) -> Result<usize, StoreError> {
        let asked = (tenant.to_owned(), sight.clone(), learner.map(str::to_owned), of.clone());
        let asked = Arc::new(asked);
        let (_, is_done) = in_steps(STANDINGS_A_REQUEST, || {
            let asked = Arc::clone(&asked);
            self.write(move |desk| {
                let (tenant, sight, learner, of) = &*asked;
                let whose = Whose { tenant, sight, learner: learner.as_deref() };
                standings::renew_some(desk.db, whose, of, now_ms)
            })
        })
        .await?;
        if is_done {
            return Ok(0);
        }
        self.read(move |db| {
            let (tenant, sight, learner, of) = &*asked;
            standings::count_stale(db, Whose { tenant, sight, learner: learner.as_deref() }, of)
        })
        .await
    }

    /// Runs a change that holds little while it waits.
    fn write<'a, T: Send + 'static>(
        &'a self,
        change: impl FnOnce(&mut Desk<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<'a, T> {
        self.writer.run(0, change)
    }
}

fn failed_at(path: &Path) -> impl Fn(rusqlite::Error) -> StartError + Copy {
    move |reason| StartError::Database { path: path.display().to_string(), reason: reason.to_string() }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    // FULL: a transaction is on disk before it is answered. A large checkpoint costs less.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;
         PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 16384; PRAGMA cache_size = -65536;
         PRAGMA temp_store = MEMORY;",
    )?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Refuses a file that is damaged, before anything is built on it.
fn check(connection: &Connection, path: &Path) -> Result<(), StartError> {
    let check = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    let damaged = |found: &str| {
        let found = found.lines().last().unwrap_or_default().to_owned(); // Above it stands a heading.
        StartError::Damaged { path: path.display().to_string(), found }
    };
    match check {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(damaged(&found)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            Err(damaged(&error.to_string()))
        }
        Err(error) => Err(failed_at(path)(error)),
    }
}

/// The version of the schema, if this program knows it.
fn schema(connection: &Connection, path: &Path) -> Result<i64, StartError> {
    let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed_at(path))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StartError::Newer { path: path.display().to_string(), found, known });
    }
    Ok(found)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StartError> {
    let failed = failed_at(path);
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    let found = schema(&transaction, path)?;
    for (step, version) in MIGRATIONS.iter().zip(1..).skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step).map_err(failed)?;
        transaction.pragma_update(None, "user_version", version).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

impl Store for SqliteStore {
    fn server_key(&self) -> Answer<'_, ServerKey> {
        self.write(|desk| {
            let db = desk.db;
            let made = ServerKey::random().map_err(|error| StoreError::Failed(error.to_string()))?;
            db.prepare_cached(sql!("put_server_key"))?.execute([made.to_hex()])?;
            let kept: String = db.prepare_cached(sql!("server_key"))?.query_row([], |row| row.get(0))?;
            ServerKey::from_hex(&kept)
                .ok_or_else(|| StoreError::Failed("the server's key is damaged".to_owned()))
        })
    }

    fn latest_ms(&self) -> Answer<'_, i64> {
        self.read(|db| Ok(db.prepare_cached(sql!("latest"))?.query_row([], |row| row.get(0))?))
    }

    fn throughput(&self) -> Throughput {
        self.writer.throughput.clone()
    }

    fn settle(&self) -> Answer<'_, ()> {
        Box::pin(async {
            self.writer.throughput.idle().await;
            // So that the file alone is everything, for whoever copies it while nothing runs.
            self.read(|db| Ok(db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)).await
        })
    }

    fn accounts(&self) -> &dyn Accounts {
        self
    }

    fn blocked(&self) -> &dyn BlockedRequests {
        self
    }

    fn put_key(&self, tenant: &str, key_hash: &str, now_ms: i64) -> Answer<'_, ()> {
        let (tenant, key_hash) = (tenant.to_owned(), key_hash.to_owned());
        self.write(move |desk| {
            accounts::put_tenant(desk.db, &tenant, now_ms)?;
            accounts::put_key(desk.db, &tenant, &key_hash, &ApiKey::of_server(&key_hash, now_ms))
        })
    }

    fn tenant(&self, tenant: &str) -> Answer<'_, TenantSettings> {
        let tenant = tenant.to_owned();
        self.read(move |db| tenants::find(db, &tenant))
    }

    fn put_tenant(
        &self,
        tenant: &str,
        name: Option<String>,
        zone: String,
        known: Known,
    ) -> Answer<'_, TenantSettings> {
        let tenant = tenant.to_owned();
        self.write(move |desk| tenants::put(desk.db, &tenant, (name, zone), &known))
    }

    fn put_package(&self, tenant: &str, package: StoredPackage, now_ms: i64) -> Answer<'_, ()> {
        let tenant = tenant.to_owned();
        self.write(move |desk| packages::put(desk, &tenant, &package, now_ms))
    }

    fn packages(&self, tenant: &str) -> Answer<'_, Vec<PackageLine>> {
        let tenant = tenant.to_owned();
        self.read(move |db| packages::list(db, &tenant))
    }

    fn reporting(&self, tenant: &str) -> Answer<'_, BTreeMap<String, Reporting>> {
        let tenant = tenant.to_owned();
        self.read(move |db| packages::reporting(db, &tenant))
    }

    fn package_reporting(&self, tenant: &str, topic: &str, now_ms: i64) -> Answer<'_, PackageReporting> {
        let (tenant, topic) = (tenant.to_owned(), topic.to_owned());
        Box::pin(async move {
            let of = ReportOf { topic: Some(topic.clone()), ..ReportOf::default() };
            self.renew((&tenant, &Sight::Tenant, None), &of, now_ms).await?;
            self.read(move |db| packages::package_reporting(db, &tenant, &topic)).await
        })
    }

    fn course(&self, tenant: &str, course: &str) -> Answer<'_, KeptSettings> {
        let (tenant, course) = (tenant.to_owned(), course.to_owned());
        self.read(move |db| courses::find(db, &tenant, &course))
    }

    fn put_course(
        &self,
        tenant: &str,
        course: &str,
        settings: CourseSettings,
        known: Known,
        now_ms: i64,
    ) -> Answer<'_, KeptSettings> {
        let (tenant, course) = (tenant.to_owned(), course.to_owned());
        self.write(move |desk| courses::put(desk.db, (&tenant, &course), settings, &known, now_ms))
    }

    fn file(&self, package: &str, path: &str) -> Answer<'_, Option<(u64, u64)>> {
        let (package, path) = (package.to_owned(), path.to_owned());
        self.read(move |db| packages::file(db, &package, &path))
    }

    fn launch(&self, tenant: &str, launch: NewLaunch, now_ms: i64) -> Answer<'_, MadeLaunch> {
        let tenant = tenant.to_owned();
        self.write(move |desk| launches::make(desk.db, &tenant, &launch, now_ms))
    }

    fn enrol(&self, tenant: &str, learner: NewLearner, course: &str, now_ms: i64) -> Answer<'_, ()> {
        let (tenant, course) = (tenant.to_owned(), course.to_owned());
        self.write(move |desk| launches::enrol(desk.db, &tenant, &learner, &course, now_ms))
    }

    fn unenrol(&self, tenant: &str, lms_id: &str, course: &str) -> Answer<'_, ()> {
        let (tenant, lms_id, course) = (tenant.to_owned(), lms_id.to_owned(), course.to_owned());
        self.write(move |desk| launches::unenrol(desk.db, (&tenant, &lms_id, &course)))
    }

    fn keep_history(&self, tenant: &str, rows: Vec<History>, now_ms: i64) -> Answer<'_, Vec<HistoryKept>> {
        let tenant = tenant.to_owned();
        self.write(move |desk| history::keep(desk.db, &tenant, &rows, now_ms))
    }

    fn launched(&self, tenant: &str, lms_id: &str, launch: &str) -> Answer<'_, Launched> {
        let key = (tenant.to_owned(), lms_id.to_owned(), launch.to_owned());
        self.read(move |db| launches::launched(db, (&key.0, &key.1, &key.2)))
    }

    fn open_visit(&self, opening: Opening, policy: Policy, now_ms: i64) -> Answer<'_, Opened> {
        self.write(move |desk| visits::open(desk, &opening, &policy, now_ms))
    }

    fn make_again(&self, claims: VisitClaims, now_ms: i64) -> Answer<'_, VisitClaims> {
        self.write(move |desk| launches::make_again(desk.db, claims, now_ms))
    }

    fn merge(&self, arrival: Arrival) -> Answer<'_, Merged> {
        if let Some(merged) = self.writer.heard.repeated(&arrival) {
            return Box::pin(std::future::ready(Ok(merged)));
        }
        let size_bytes = arrival.body.size_bytes();
        // The message comes back to be dropped where it was made: threads that free what others allocated wait
        // for each other.
        let merge = move |desk: &mut Desk<'_>| Ok((merge::merge(desk, &arrival)?, arrival));
        let merged = self.writer.run(size_bytes, merge);
        Box::pin(async move { Ok(merged.await?.0) })
    }

    fn put_part(&self, claims: VisitClaims, part: ValuePart) -> Answer<'_, ()> {
        self.writer.run(part.text.len(), move |desk| merge::put_part(desk.db, &claims, &part))
    }

    fn close_silent(&self, now_ms: i64, silence_ms: i64) -> Answer<'_, usize> {
        self.write(move |desk| merge::close_silent(desk, now_ms.saturating_sub(silence_ms)))
    }

    fn renew_standings(&self, most: usize, now_ms: i64) -> Answer<'_, usize> {
        Box::pin(async move {
            let (done, _) = in_steps(most, || {
                self.write(move |desk| standings::renew_any(desk.db, STANDINGS_AT_ONCE, now_ms))
            })
            .await?;
            Ok(done)
        })
    }

    fn judge(
        &self,
        tenant: &str,
        of: JudgedOf,
        judging: Judging,
        after: RowKey,
        most: usize,
    ) -> Answer<'_, JudgedRows> {
        let tenant = tenant.to_owned();
        self.write(move |desk| judging::judge(desk.db, &tenant, &of, &judging, (&after, most)))
    }

    fn verify(&self, tenant: Option<&str>, after: RowKey, most: usize) -> Answer<'_, VerifiedRows> {
        let tenant = tenant.map(str::to_owned);
        self.read(move |db| verifying::verify(db, tenant.as_deref(), (&after, most)))
    }

    fn report(&self, tenant: &str, sight: Sight, of: ReportOf, now_ms: i64) -> Answer<'_, ReportPage> {
        let tenant = tenant.to_owned();
        Box::pin(async move {
            let (tenant, sight, of) = (Arc::new(tenant), Arc::new(sight), Arc::new(of));
            let asked = (Arc::clone(&tenant), Arc::clone(&sight), Arc::clone(&of));
            let learner =
                self.read(move |db| standings::learner_of(db, (&asked.0, &asked.1), &asked.2)).await?;
            let Some(learner) = learner else { return Ok(ReportPage::default()) };
            let stale = self.renew((&tenant, &sight, learner.as_deref()), &of, now_ms).await?;
            self.read(move |db| {
                let whose = Whose { tenant: &tenant, sight: &sight, learner: learner.as_deref() };
                standings::page(db, whose, &of, stale)
            })
            .await
        })
    }

    fn visits(&self, tenant: &str, sight: Sight, of: VisitsOf) -> Answer<'_, Vec<ReportVisit>> {
        let tenant = tenant.to_owned();
        self.read(move |db| standings::visits(db, (&tenant, &sight), &of))
    }
}
