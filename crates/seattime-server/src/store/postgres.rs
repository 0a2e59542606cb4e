//! `Store` over PostgreSQL, for several servers before one database: what they share lies there, and its clock is
//! everybody's.

mod accounts;
mod blocked;
pub(crate) mod clock;
pub(crate) mod connection;
mod contacts;
mod courses;
mod driver;
pub(crate) mod failure;
pub(crate) mod fields;
mod guest;
mod history;
mod judging;
mod launches;
mod memory;
mod merge;
mod packages;
mod reading;
pub(crate) mod schema;
mod standings;
mod tenants;
mod tls;
mod verifying;
mod visits;
mod writers;
mod writing;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use deadpool_postgres::Pool;
use seattime_wire::{Policy, ValuePart};
use tokio::task::JoinHandle;

use self::clock::PostgresClock;
use self::connection::Way;
use self::contacts::Contacts;
use self::failure::{Failure, retried};
use self::fields::{Columns, row, run};
pub use self::guest::{Guest, Word};
pub use self::writers::WRITERS;
use self::writers::Writers;
use super::listing::Whose;
use super::rows::column;
use super::standing::{STANDINGS_A_REQUEST, STANDINGS_AT_ONCE, in_steps};
use super::{
    Accounts, Answer, ApiKey, Arrival, BlockedRequests, CourseSettings, History, HistoryKept, JudgedOf,
    JudgedRows, Judging, KeptSettings, Known, Launched, MadeLaunch, Merged, NewLaunch, NewLearner, Opened,
    Opening, PackageLine, PackageReporting, ReportOf, ReportPage, ReportVisit, Reporting, RowKey, Sight,
    Store, StoreError, StoredPackage, TenantSettings, Throughput, VerifiedRows, VisitsOf,
};
use crate::clock::ServerClock;
use crate::error::StartError;
use crate::secret::ServerKey;
use crate::token::VisitClaims;

/// A query, from its file.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!("postgres/", $name, ".sql"))
    };
}
macro_rules! sql_here {
    ($name:literal) => {
        include_str!(concat!($name, ".sql"))
    };
}
pub(crate) use sql_here;

/// So many parts of texts may wait in one visit for the commit that names them.
const MOST_WAITING: i64 = 1_024;

/// A store in a PostgreSQL database.
pub struct PostgresStore {
    pool: Pool,
    writers: Writers,
    contacts: Arc<Contacts>,
    clock: Arc<PostgresClock>,
    place: String,
    /// What goes on beside the requests; it ends with the store.
    beside: Vec<JoinHandle<()>>,
}

impl PostgresStore {
    /// Connects to the database at `url`, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// [`StartError::Newer`] and [`StartError::Database`].
    pub async fn open(url: &str) -> Result<PostgresStore, StartError> {
        let way = Way::to(url)?;
        let (pool, clock) = ready(&way, url).await?;
        let clock = Arc::new(clock);
        let contacts = Arc::new(Contacts::default());
        let writers = Writers::start(&way, &contacts)?;
        let beside = vec![
            tokio::spawn(keep_asking(Arc::clone(&clock))),
            tokio::spawn(keep_telling(Arc::clone(&contacts), pool.clone())),
        ];
        Ok(PostgresStore { pool, writers, contacts, clock, place: connection::shown(url), beside })
    }

    /// Its address as it may be shown: without user, password and settings.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Derives what commits have made stale, as far as a request may; answers how many rows are left.
    async fn renew(&self, whose: Whose<'_>, of: &ReportOf, now_ms: i64) -> Result<usize, StoreError> {
        let (_, is_done) =
            in_steps(STANDINGS_A_REQUEST, || standings::renew_some(&self.pool, whose, of, now_ms)).await?;
        if is_done {
            return Ok(0);
        }
        retried!(tries => standings::count_stale(&self.pool, whose, of))
    }

    /// The database's clock.
    pub fn clock(&self) -> Arc<dyn ServerClock> {
        Arc::clone(&self.clock) as Arc<dyn ServerClock>
    }
}

/// Connections to a database whose schema is up to date, and its clock.
async fn ready(way: &Way, url: &str) -> Result<(Pool, PostgresClock), StartError> {
    let pool = way.pool()?;
    let failed =
        |error: StoreError| StartError::Database { path: connection::shown(url), reason: error.to_string() };
    let clock = PostgresClock::ask_first(pool.clone()).await.map_err(failed)?;
    schema::migrate(&pool, url, clock.now_ms().await).await?;
    Ok((pool, clock))
}

/// Connections to a database whose schema is up to date.
pub(crate) async fn connected(url: &str) -> Result<Pool, StartError> {
    Ok(ready(&Way::to(url)?, url).await?.0)
}

/// How many bytes a text takes in the database.
pub(crate) fn held_bytes(text: &str) -> usize {
    fields::holdable(text).len()
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        for task in &self.beside {
            task.abort();
        }
    }
}

async fn keep_asking(clock: Arc<PostgresClock>) {
    let mut every = tokio::time::interval(clock::ASKED_EVERY);
    loop {
        every.tick().await;
        if let Err(error) = clock.ask().await {
            tracing::warn!(%error, "The database's clock cannot be asked; it is told by the machine's");
        }
    }
}

async fn keep_telling(contacts: Arc<Contacts>, pool: Pool) {
    let mut every = tokio::time::interval(contacts::TOLD_EVERY);
    loop {
        every.tick().await;
        if let Err(error) = contacts.tell(&pool).await {
            tracing::warn!(%error, "Signs of life wait to be told to the database");
        }
    }
}

async fn server_key(pool: &Pool) -> Result<ServerKey, Failure> {
    let db = pool.get().await?;
    let made = ServerKey::random().map_err(|error| StoreError::Failed(error.to_string()))?.to_hex();
    run(&db, sql!("put_server_key"), &[(&made).into()]).await?;
    let kept = row(&db, sql!("server_key"), &[]).await?;
    let kept = kept.map(|it| Columns::of(&it).text()).transpose()?;
    let key = kept.as_deref().and_then(ServerKey::from_hex);
    Ok(key.ok_or_else(|| StoreError::Failed("the server's key is damaged".to_owned()))?)
}

async fn latest_ms(pool: &Pool) -> Result<i64, Failure> {
    let db = pool.get().await?;
    let found = row(&db, sql!("latest"), &[]).await?;
    Ok(found.map_or(Ok(0), |it| Columns::of(&it).long())?)
}

async fn put_key(pool: &Pool, tenant: &str, key_hash: &str, now_ms: i64) -> Result<(), Failure> {
    let db = pool.get().await?;
    accounts::put_tenant(&db, tenant, now_ms).await?;
    accounts::put_key(&db, tenant, key_hash, &ApiKey::of_server(key_hash, now_ms)).await
}

async fn put_part(pool: &Pool, claims: &VisitClaims, part: &ValuePart) -> Result<(), Failure> {
    let db = pool.get().await?;
    reading::attempt(&db, &claims.learner, &claims.attempt, &claims.tenant).await?;
    let fields = [
        (&claims.learner).into(),
        (&claims.visit).into(),
        column(part.seq).into(),
        part.n.into(),
        part.of.into(),
        (&part.text).into(),
        MOST_WAITING.into(),
    ];
    if run(&db, sql!("put_part"), &fields).await? > 0 { Ok(()) } else { Err(StoreError::TooManyParts.into()) }
}

impl Store for PostgresStore {
    fn server_key(&self) -> Answer<'_, ServerKey> {
        Box::pin(async { retried!(tries => server_key(&self.pool)) })
    }

    fn latest_ms(&self) -> Answer<'_, i64> {
        Box::pin(async { retried!(tries => latest_ms(&self.pool)) })
    }

    fn throughput(&self) -> Throughput {
        self.writers.throughput.clone()
    }

    fn settle(&self) -> Answer<'_, ()> {
        Box::pin(async {
            self.writers.throughput.idle().await;
            self.contacts.tell(&self.pool).await
        })
    }

    fn ask_clock(&self) -> Answer<'_, ()> {
        Box::pin(async { self.clock.ask().await })
    }

    fn accounts(&self) -> &dyn Accounts {
        self
    }

    fn blocked(&self) -> &dyn BlockedRequests {
        self
    }

    fn put_key(&self, tenant: &str, key_hash: &str, now_ms: i64) -> Answer<'_, ()> {
        let (tenant, key_hash) = (tenant.to_owned(), key_hash.to_owned());
        Box::pin(async move { retried!(tries => put_key(&self.pool, &tenant, &key_hash, now_ms)) })
    }

    fn tenant(&self, tenant: &str) -> Answer<'_, TenantSettings> {
        let tenant = tenant.to_owned();
        Box::pin(async move { retried!(tries => tenants::tenant(&self.pool, &tenant)) })
    }

    fn put_tenant(
        &self,
        tenant: &str,
        name: Option<String>,
        zone: String,
        known: Known,
    ) -> Answer<'_, TenantSettings> {
        let tenant = tenant.to_owned();
        Box::pin(async move {
            let change = (name.as_deref(), zone.as_str());
            retried!(tries => tenants::put(&self.pool, &tenant, change, &known, tries.is_repeated()))
        })
    }

    fn put_package(&self, tenant: &str, package: StoredPackage, now_ms: i64) -> Answer<'_, ()> {
        let tenant = tenant.to_owned();
        Box::pin(async move { retried!(tries => packages::put(&self.pool, &tenant, &package, now_ms)) })
    }

    fn packages(&self, tenant: &str) -> Answer<'_, Vec<PackageLine>> {
        let tenant = tenant.to_owned();
        Box::pin(async move { retried!(tries => packages::list(&self.pool, &tenant)) })
    }

    fn reporting(&self, tenant: &str) -> Answer<'_, BTreeMap<String, Reporting>> {
        let tenant = tenant.to_owned();
        Box::pin(async move { retried!(tries => packages::reporting(&self.pool, &tenant)) })
    }

    fn package_reporting(&self, tenant: &str, topic: &str, now_ms: i64) -> Answer<'_, PackageReporting> {
        let (tenant, topic) = (tenant.to_owned(), topic.to_owned());
        Box::pin(async move {
            let of = ReportOf { topic: Some(topic.clone()), ..ReportOf::default() };
            let whose = Whose { tenant: &tenant, sight: &Sight::Tenant, learner: None };
            self.renew(whose, &of, now_ms).await?;
            retried!(tries => packages::package_reporting(&self.pool, &tenant, &topic))
        })
    }

    fn course(&self, tenant: &str, course: &str) -> Answer<'_, KeptSettings> {
        let (tenant, course) = (tenant.to_owned(), course.to_owned());
        Box::pin(async move { retried!(tries => courses::course(&self.pool, &tenant, &course)) })
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
        Box::pin(async move {
            let whose = (tenant.as_str(), course.as_str());
            let change = (&settings, now_ms);
            retried!(tries => courses::put(&self.pool, whose, change, &known, tries.is_repeated()))
        })
    }

    fn file(&self, package: &str, path: &str) -> Answer<'_, Option<(u64, u64)>> {
        let (package, path) = (package.to_owned(), path.to_owned());
        Box::pin(async move { retried!(tries => packages::file(&self.pool, &package, &path)) })
    }

    fn launch(&self, tenant: &str, launch: NewLaunch, now_ms: i64) -> Answer<'_, MadeLaunch> {
        let tenant = tenant.to_owned();
        Box::pin(async move {
            retried!(tries => launches::make(&self.pool, &tenant, &launch, now_ms, tries.is_repeated()))
        })
    }

    fn enrol(&self, tenant: &str, learner: NewLearner, course: &str, now_ms: i64) -> Answer<'_, ()> {
        let (tenant, course) = (tenant.to_owned(), course.to_owned());
        Box::pin(
            async move { retried!(tries => launches::enrol(&self.pool, &tenant, &learner, &course, now_ms)) },
        )
    }

    fn unenrol(&self, tenant: &str, lms_id: &str, course: &str) -> Answer<'_, ()> {
        let key = (tenant.to_owned(), lms_id.to_owned(), course.to_owned());
        Box::pin(async move { retried!(tries => launches::unenrol(&self.pool, (&key.0, &key.1, &key.2))) })
    }

    fn keep_history(&self, tenant: &str, rows: Vec<History>, now_ms: i64) -> Answer<'_, Vec<HistoryKept>> {
        let tenant = tenant.to_owned();
        Box::pin(async move { retried!(tries => history::keep(&self.pool, &tenant, &rows, now_ms)) })
    }

    fn launched(&self, tenant: &str, lms_id: &str, launch: &str) -> Answer<'_, Launched> {
        let key = (tenant.to_owned(), lms_id.to_owned(), launch.to_owned());
        Box::pin(async move { retried!(tries => launches::launched(&self.pool, (&key.0, &key.1, &key.2))) })
    }

    fn open_visit(&self, opening: Opening, policy: Policy, now_ms: i64) -> Answer<'_, Opened> {
        // Made once, so that a try whose answer was lost is known again.
        let visit = uuid::Uuid::new_v4().to_string();
        Box::pin(async move {
            let how = (visit.as_str(), now_ms);
            retried!(tries => visits::open(&self.pool, &opening, &policy, how, tries.is_repeated()))
        })
    }

    fn make_again(&self, claims: VisitClaims, now_ms: i64) -> Answer<'_, VisitClaims> {
        Box::pin(async move { retried!(tries => launches::make_again(&self.pool, &claims, now_ms)) })
    }

    fn merge(&self, arrival: Arrival) -> Answer<'_, Merged> {
        self.writers.merge(arrival)
    }

    fn put_part(&self, claims: VisitClaims, part: ValuePart) -> Answer<'_, ()> {
        Box::pin(async move { retried!(tries => put_part(&self.pool, &claims, &part)) })
    }

    fn close_silent(&self, now_ms: i64, silence_ms: i64) -> Answer<'_, usize> {
        Box::pin(async move {
            self.contacts.tell(&self.pool).await?;
            visits::close_silent(&self.pool, now_ms.saturating_sub(silence_ms)).await
        })
    }

    fn renew_standings(&self, most: usize, now_ms: i64) -> Answer<'_, usize> {
        Box::pin(async move {
            Ok(in_steps(most, || standings::renew_any(&self.pool, STANDINGS_AT_ONCE, now_ms)).await?.0)
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
        Box::pin(async move {
            retried!(tries => judging::judge(&self.pool, &tenant, &of, &judging, (&after, most)))
        })
    }

    fn verify(&self, tenant: Option<&str>, after: RowKey, most: usize) -> Answer<'_, VerifiedRows> {
        let tenant = tenant.map(str::to_owned);
        Box::pin(async move {
            retried!(tries => verifying::verify(&self.pool, tenant.as_deref(), (&after, most)))
        })
    }

    fn report(&self, tenant: &str, sight: Sight, of: ReportOf, now_ms: i64) -> Answer<'_, ReportPage> {
        let tenant = tenant.to_owned();
        Box::pin(async move {
            let learner: Result<Option<Option<String>>, StoreError> =
                retried!(tries => standings::learner_of(&self.pool, (&tenant, &sight), &of));
            let Some(learner) = learner? else { return Ok(ReportPage::default()) };
            let whose = Whose { tenant: &tenant, sight: &sight, learner: learner.as_deref() };
            let stale = self.renew(whose, &of, now_ms).await?;
            retried!(tries => standings::page(&self.pool, whose, &of, stale))
        })
    }

    fn visits(&self, tenant: &str, sight: Sight, of: VisitsOf) -> Answer<'_, Vec<ReportVisit>> {
        let tenant = tenant.to_owned();
        Box::pin(async move { retried!(tries => standings::visits(&self.pool, (&tenant, &sight), &of)) })
    }
}
