//! The report: what learners did, and how long it took them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::launches;
use super::sent::{Asked, Sent};
use crate::access::{Caller, Tenant, Who};
use crate::app::{App, MAX_BODY_BYTES};
use crate::error::Problem;
use crate::store::totals::totals;
use crate::store::{Learner, LearnerTotals, ReportOf, ReportRow, ReportVisit, VisitsOf};
use crate::token::REPORT_LIFE_MS;

/// What the report is narrowed to.
#[derive(Debug, Deserialize)]
pub(crate) struct Narrowed {
    /// The LMS's own id of a learner.
    learner: Option<String>,
    /// Name of a course.
    course: Option<String>,
}

/// The report.
#[derive(Debug, Serialize)]
struct Report {
    /// The moment that it was made as of, in ms since 1970.
    as_of_ms: i64,
    rows: Vec<ReportRow>,
    /// What the rows come to, per learner and in it per course.
    totals: Vec<LearnerTotals>,
}

/// Which row's visits are asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct OfRow {
    /// The LMS's own id of the learner.
    #[serde(default)]
    learner: String,
    /// Name of the course.
    course: String,
    /// The topic's id.
    topic: String,
}

/// The visits of one row.
#[derive(Debug, Serialize)]
struct Visits {
    /// The moment that they are told as of, in ms since 1970.
    as_of_ms: i64,
    visits: Vec<ReportVisit>,
}

/// The report: `GET /api/v1/report`; all rows with an API key, a learner's own with a report's token.
///
/// # Errors
///
/// 401 `key_invalid`, `token_expired`.
pub(crate) async fn get_report(
    State(app): State<App>,
    caller: Caller,
    Asked(narrowed): Asked<Narrowed>,
) -> Result<Response, Problem> {
    let now_ms = app.now_ms().await;
    let (tenant, learner) = reader(caller);
    let of = ReportOf { learner, lms_id: narrowed.learner, course: narrowed.course, topic: None };
    let mut rows = app.store.report(&tenant, of).await?;
    let totals = totals(&rows);
    rows.iter_mut().for_each(|it| it.whole = None);
    Ok(unkept(Report { as_of_ms: now_ms, rows, totals }))
}

/// Whose report is to be opened.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkRequest {
    /// The LMS's own id of the learner.
    learner: String,
}

/// Where a learner reads what they did.
#[derive(Debug, Serialize)]
struct Link {
    url: String,
    /// Until when, in ms since 1970.
    until_ms: i64,
}

/// Opens a learner's own report without a launch: `POST /api/v1/reports/links`, with an API key. The LMS sends the
/// learner to the address, which is good for twelve hours.
///
/// # Errors
///
/// 400 `bad_json`; 401 `key_invalid`; 403 `scope_missing`; 404 `not_found` where the learner never launched anything.
pub(crate) async fn post_link(
    State(app): State<App>,
    Tenant(tenant): Tenant,
    body: Sent<MAX_BODY_BYTES>,
) -> Result<Response, Problem> {
    let LinkRequest { learner } = body.json()?;
    let until_ms = app.now_ms().await.saturating_add(REPORT_LIFE_MS);
    let url = launches::report_url(&app, &tenant, learner.trim()).await?;
    Ok(unkept(Link { url: url.ok_or_else(|| Problem::not_found("learner"))?, until_ms }))
}

/// The visits of one row, each as a timeline: `GET /api/v1/report/visits`. With a report's token they are the
/// learner's own, whatever learner is named.
///
/// # Errors
///
/// 400 `bad_query`; 401 `key_invalid`, `token_expired`; 404 `not_found`.
pub(crate) async fn get_visits(
    State(app): State<App>,
    caller: Caller,
    Asked(of): Asked<OfRow>,
) -> Result<Response, Problem> {
    let now_ms = app.now_ms().await;
    let (tenant, own) = reader(caller);
    let learner = own.map_or(Learner::Lms(of.learner), Learner::Id);
    let of = VisitsOf { learner, course: of.course, topic: of.topic };
    let visits = app.store.visits(&tenant, of).await?;
    if visits.is_empty() {
        return Err(Problem::not_found("row"));
    }
    Ok(unkept(Visits { as_of_ms: now_ms, visits }))
}

/// Who reads the report: a tenant, and the one learner that a report's token shows.
fn reader(caller: Caller) -> (String, Option<String>) {
    match caller.who {
        Who::Learner(learner) => (caller.tenant, Some(learner)),
        Who::Key(_) | Who::Account(_) => (caller.tenant, None),
    }
}

/// An answer that nobody keeps.
pub(crate) fn unkept(answer: impl Serialize) -> Response {
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
