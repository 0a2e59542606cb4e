//! What an operator sees of a server: figures that are counted as it works, told when Prometheus asks.

use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::app::App;
use crate::error::Problem;
use crate::store::Throughput;
use crate::store::postgres::failure::TRIED_AGAIN;
use crate::store::throughput::SECONDS;

/// The kind of text that Prometheus is told the figures in.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A route as it is written in the code, and the status that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

/// The stable code of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct News {
    news: &'static str,
}

/// What is counted. No figure names a learner, a course or an address of a client.
pub(crate) struct Metrics {
    registry: Registry,
    throughput: Throughput,
    oldest: Gauge<f64, AtomicU64>,
    answered: Family<Answered, Counter>,
    took: Family<Route, Histogram>,
    refused: Family<Code, Counter>,
    with_news: Counter,
    without_news: Counter,
    pub(crate) visits: Counter,
    pub(crate) launches: Counter,
}

impl Metrics {
    /// Nothing was counted yet; the server started at `start_ms`.
    pub(crate) fn new(throughput: Throughput, database: &'static str, start_ms: i64) -> Metrics {
        let commits = Family::<News, Counter>::default();
        let mut it = Metrics {
            registry: Registry::default(),
            throughput,
            oldest: Gauge::default(),
            answered: Family::default(),
            took: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            refused: Family::default(),
            with_news: commits.get_or_create_owned(&News { news: "yes" }),
            without_news: commits.get_or_create_owned(&News { news: "no" }),
            visits: Counter::default(),
            launches: Counter::default(),
        };
        let started = Gauge::<f64, AtomicU64>::default();
        started.set(start_ms as f64 / 1_000.0);
        let help = "When the process started, in s since 1970";
        it.registry.register_with_unit("process_start_time", help, Unit::Seconds, started);
        let ours = it.registry.sub_registry_with_prefix("seattime");
        let build =
            [("version", env!("CARGO_PKG_VERSION")), ("sqlite", rusqlite::version()), ("database", database)];
        ours.register("build", "What runs, and which database it keeps everything in", Info::new(build));
        ours.register("commits", "Commits that are on disk, by whether they said anything new", commits);
        ours.register(
            "refused",
            "Requests that were refused, by the code of the problem",
            it.refused.clone(),
        );
        ours.register("visits_opened", "Visits that were opened", it.visits.clone());
        ours.register("launches", "Launches that were asked for and answered", it.launches.clone());
        ours.register("http_requests", "Requests, by route and status", it.answered.clone());
        let help = "From the head of a request to the head of its answer, by route";
        ours.register_with_unit("http_request", help, Unit::Seconds, it.took.clone());
        it.throughput.register(ours);
        let help = "How old the oldest change is that waits to be on disk";
        ours.register_with_unit("queue_oldest", help, Unit::Seconds, it.oldest.clone());
        let help = "Transactions with PostgreSQL that were tried again, by why";
        ours.register("database_retries", help, LazyLock::force(&TRIED_AGAIN).clone());
        it
    }

    /// A request was answered; a problem has a code.
    pub(crate) fn answered(&self, route: &'static str, status: u16, code: Option<&str>, took: Duration) {
        self.took.get_or_create(&Route { route }).observe(took.as_secs_f64());
        self.answered.get_or_create(&Answered { route, status }).inc();
        if let Some(code) = code {
            self.refused.get_or_create(&Code { code: code.to_owned() }).inc();
        }
    }

    /// A commit is on disk.
    pub(crate) fn kept(&self, has_news: bool) {
        if has_news { &self.with_news } else { &self.without_news }.inc();
    }

    /// Everything, as text.
    fn text(&self) -> Result<String, std::fmt::Error> {
        self.oldest.set(self.throughput.oldest_s());
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// What the listener for Prometheus answers.
pub(crate) fn router(app: App) -> Router {
    let missing = async || Problem::not_found("page");
    Router::new().route("/metrics", get(get_metrics)).fallback(missing).with_state(app)
}

async fn get_metrics(State(app): State<App>) -> Result<Response, Problem> {
    let text = app.metrics.text().map_err(|_| Problem::internal())?;
    let kind = HeaderValue::from_static(OPEN_METRICS);
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
