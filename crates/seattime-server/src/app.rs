//! What every handler is given.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::http::{HeaderMap, header};
use tokio::sync::Semaphore;

use crate::assets::Assets;
use crate::clock::{ServerClock, SteadyClock};
use crate::config::{Config, SILENCE_MS, TENANT};
use crate::error::StartError;
use crate::faults::Faults;
use crate::limits::Meter;
use crate::metrics::Metrics;
use crate::routes::blocked::Counted;
use crate::secret::{ServerKey, sha256};
use crate::store::Store;
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::SqliteStore;
use crate::token::Tokens;
use crate::world::World;

/// The longest commit, in bytes.
pub const MAX_COMMIT_BYTES: usize = 256 * 1024;
/// So many of the report's rows are derived with each sweep, whoever asks for them: some at once, so that commits need
/// not wait for all.
const STANDINGS_A_SWEEP: usize = 5_000;
/// So many passwords are looked at once.
const PASSWORDS_AT_ONCE: usize = 2;
/// The longest package, in bytes.
pub const MAX_PACKAGE_BYTES: usize = 512 * 1024 * 1024;
/// The longest body of any other request, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// What every handler is given: shared by all of them.
#[derive(Clone)]
pub struct App(Arc<Parts>);

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What the server is made of.
#[derive(Clone)]
pub struct Parts {
    /// How the server is set up.
    pub config: Arc<Config>,
    /// What is kept.
    pub store: Arc<dyn Store>,
    pub(crate) key: Arc<ServerKey>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) faults: Arc<dyn Faults>,
    pub(crate) assets: Arc<dyn Assets>,
    clock: Arc<dyn ServerClock>,
    /// The machine's own clock and the database's, where that is the one that counts.
    compared: Option<(Arc<dyn ServerClock>, Arc<dyn ServerClock>)>,
    /// How often each visit commits.
    pub(crate) commits: Arc<Meter>,
    /// How often each visit sends parts of texts.
    pub(crate) parts: Arc<Meter>,
    /// How often each address brings codes that there never were.
    pub(crate) guesses: Arc<Meter>,
    /// How often each address, and each name, brings passwords that are wrong.
    pub(crate) logins: Arc<Meter>,
    /// So many passwords are looked at once, since each takes memory and a processor.
    pub(crate) hashing: Arc<Semaphore>,
    /// Reports of blocked requests that are not kept yet.
    pub(crate) blocked: Arc<Counted>,
    pub(crate) metrics: Arc<Metrics>,
    /// Whether the server is about to end.
    pub(crate) is_draining: Arc<AtomicBool>,
}

impl App {
    /// Opens what is kept, and makes what a first start needs.
    ///
    /// # Errors
    ///
    /// [`StartError`], one line that says what to do.
    pub async fn start(config: Config, world: World) -> Result<App, StartError> {
        let data = config.data.clone();
        for folder in [data.join("content"), data.join("incoming")] {
            std::fs::create_dir_all(&folder)
                .map_err(|reason| StartError::Folder { folder: data.display().to_string(), reason })?;
        }
        let (store, place, told): (Arc<dyn Store>, String, Option<Arc<dyn ServerClock>>) = match &config
            .database
        {
            None => {
                let path = data.join("seattime.db");
                (Arc::new(SqliteStore::open(&path, world.vfs.as_deref())?), path.display().to_string(), None)
            }
            Some(url) => {
                let store = PostgresStore::open(url).await?;
                let clock = (!world.clock.overrides_database()).then(|| store.clock());
                let place = store.place().to_owned();
                (Arc::new(store), place, clock)
            }
        };
        let failed = |error: crate::store::StoreError| StartError::Database {
            path: place.clone(),
            reason: error.to_string(),
        };
        let key = store.server_key().await.map_err(failed)?;
        let latest_ms = store.latest_ms().await.map_err(failed)?;
        let counting = told.clone().unwrap_or_else(|| Arc::clone(&world.clock));
        let clock: Arc<dyn ServerClock> = Arc::new(SteadyClock::new(counting, latest_ms));
        let now_ms = clock.now_ms().await;
        store.put_key(TENANT, &sha256(config.api_key.as_bytes()), now_ms).await.map_err(failed)?;
        let database = if config.database.is_some() { "postgresql" } else { "sqlite" };
        Ok(App(Arc::new(Parts {
            metrics: Arc::new(Metrics::new(store.throughput(), database, now_ms)),
            tokens: Arc::new(Tokens::new(&key)),
            key: Arc::new(key),
            store,
            faults: world.faults,
            assets: world.assets,
            clock,
            compared: told.map(|told| (world.clock, told)),
            commits: Arc::new(Meter::new(config.limits.commits)),
            guesses: Arc::new(Meter::new(config.limits.guesses)),
            parts: Arc::new(Meter::new(config.limits.parts)),
            logins: Arc::new(Meter::new(config.limits.logins)),
            hashing: Arc::new(Semaphore::new(PASSWORDS_AT_ONCE)),
            blocked: Arc::default(),
            is_draining: Arc::default(),
            config: Arc::new(config),
        })))
    }

    /// The same with another store, made from its own.
    pub fn with_store(&self, other: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> App {
        App(Arc::new(Parts { store: other(Arc::clone(&self.store)), ..Parts::clone(self) }))
    }

    /// The server's time, in ms since 1970.
    pub async fn now_ms(&self) -> i64 {
        self.clock.now_ms().await
    }

    /// What the machine's own clock is ahead of the database's, in ms; none where the machine's is the one that counts.
    pub async fn clock_off_ms(&self) -> Option<i64> {
        let (machine, database) = self.compared.as_ref()?;
        Some(machine.now_ms().await.saturating_sub(database.now_ms().await))
    }

    /// Closes what nothing was heard of.
    pub async fn sweep(&self) {
        if let Err(error) = self.store.ask_clock().await {
            tracing::error!(%error, "The database's clock could not be asked");
        }
        let now_ms = self.now_ms().await;
        match self.store.close_silent(now_ms, SILENCE_MS).await {
            Ok(0) => {}
            Ok(closed) => tracing::info!(closed, "Closed visits that nothing was heard of"),
            Err(error) => tracing::error!(%error, "Visits could not be closed"),
        }
        self.keep_blocked().await;
        if let Err(error) = self.store.renew_standings(STANDINGS_A_SWEEP, now_ms).await {
            tracing::error!(%error, "The report's rows could not be derived");
        }
    }
}

/// What the header Authorization bears.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
