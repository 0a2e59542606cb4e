//! What every handler is given, and all routes in one list.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::assets::Assets;
use crate::clock::{ServerClock, SteadyClock};
use crate::config::{Config, SILENCE_MS, TENANT};
use crate::error::{Problem, StartError};
use crate::faults::{Dropped, Faults};
use crate::limits::Meter;
use crate::metrics::Metrics;
use crate::request::identify;
use crate::routes::{
    commits, content, courses, demo, enrolments, exports, health, launches, media, packages, pages, progress,
    reports, tenants, visits, weeks,
};
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
                let (place, clock) = (store.place().to_owned(), store.clock());
                (Arc::new(store), place, Some(clock))
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
        if let Err(error) = self.store.renew_standings(STANDINGS_A_SWEEP, now_ms).await {
            tracing::error!(%error, "The report's rows could not be derived");
        }
    }

    /// The tenant whose API key the request carries.
    pub(crate) async fn tenant_of(&self, headers: &HeaderMap) -> Result<String, Problem> {
        let key = bearer(headers).ok_or_else(Problem::key_invalid)?;
        let tenant = self.store.tenant_of_key(&sha256(key.as_bytes())).await?;
        tenant.ok_or_else(Problem::key_invalid)
    }
}

/// What the header Authorization bears.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// All routes.
pub fn router(app: App) -> Router {
    let mut routes = Router::new()
        .route("/livez", get(health::get_life))
        .route("/readyz", get(health::get_readiness))
        .route("/api/v1/launches", post(launches::post_launch))
        .route("/api/v1/enrolments", post(enrolments::post_enrolment).delete(enrolments::delete_enrolment))
        .route("/api/v1/report", get(reports::get_report))
        .route("/api/v1/report/visits", get(reports::get_visits))
        .route("/api/v1/report/weeks", get(weeks::get_weeks))
        .route("/api/v1/report/export", get(exports::get_export))
        .route("/run/v1/visits", post(visits::post_visit))
        .route("/content/{grant}/{package}/{*path}", get(content::get_file))
        .route("/reports/my-learning", get(pages::get_my_learning))
        .route("/player", get(pages::get_player))
        .route("/{folder}/", get(pages::get_index))
        .route("/{folder}/{file}", get(pages::get_file))
        .route("/run/v1/commits", post(commits::post_commit))
        .route("/run/v1/parts", post(commits::post_part))
        .route("/api/v1/progress/{kind}", post(progress::post_progress))
        .route("/api/v1/media", post(media::post_media))
        .route("/api/v1/packages", post(packages::post_package).get(packages::get_packages))
        .route("/api/v1/packages/{topic}", get(packages::get_package))
        .route(
            "/api/v1/courses/{course}",
            get(courses::get_course).put(courses::put_course).delete(courses::delete_course),
        )
        .route("/api/v1/tenant", get(tenants::get_tenant).put(tenants::put_tenant))
        .route("/packages", get(pages::get_packages));
    routes = if app.config.demo {
        routes.route("/", get(demo::get_start)).route("/demo/launches", post(demo::post_launch))
    } else {
        routes.route("/", get(pages::get_start))
    };
    let nosniff = HeaderValue::from_static("nosniff");
    routes
        .fallback(async || Problem::not_found("page"))
        // One after the other, from the outermost; as layers of the router each would be a box of its own.
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(app.clone(), identify))
                .layer(CatchPanicLayer::custom(|panic: Box<dyn Any + Send>| after_panic(panic)))
                .layer(SetResponseHeaderLayer::overriding(header::X_CONTENT_TYPE_OPTIONS, nosniff)),
        )
        .with_state(app)
}

/// A panic ends one request, not the process; a dropped connection is a test's wish.
fn after_panic(panic: Box<dyn Any + Send>) -> Response {
    if panic.is::<Dropped>() {
        std::panic::resume_unwind(panic);
    }
    let reason = panic.downcast_ref::<&str>().copied().unwrap_or("no reason given");
    tracing::error!(reason, "A handler panicked");
    Problem::internal().into_response()
}
