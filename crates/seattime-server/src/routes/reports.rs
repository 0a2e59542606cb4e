//! The report: what learners did, and how long it took them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::sent::Asked;
use crate::app::{App, bearer};
use crate::error::Problem;
use crate::store::totals::totals;
use crate::store::{Learner, LearnerTotals, ReportOf, ReportRow, ReportVisit, VisitsOf};

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

/// The report: `GET /api/v1/report`; all rows with an API key, a learner's own with a launch's token.
///
/// # Errors
///
/// 401 `key_invalid`, `token_expired`.
pub(crate) async fn get_report(
    State(app): State<App>,
    Asked(narrowed): Asked<Narrowed>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now_ms = app.now_ms().await;
    let (tenant, learner) = reader(&app, &headers, now_ms).await?;
    let of = ReportOf { learner, lms_id: narrowed.learner, course: narrowed.course, topic: None };
    let mut rows = app.store.report(&tenant, of).await?;
    let totals = totals(&rows);
    for row in &mut rows {
        (row.whole, row.visited) = (None, Vec::new());
    }
    Ok(unkept(Report { as_of_ms: now_ms, rows, totals }))
}

/// The visits of one row, each as a timeline: `GET /api/v1/report/visits`. With a launch's token they are the
/// learner's own, whatever learner is named.
///
/// # Errors
///
/// 400 `bad_query`; 401 `key_invalid`, `token_expired`; 404 `not_found`.
pub(crate) async fn get_visits(
    State(app): State<App>,
    Asked(of): Asked<OfRow>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now_ms = app.now_ms().await;
    let (tenant, own) = reader(&app, &headers, now_ms).await?;
    let learner = own.map_or(Learner::Lms(of.learner), Learner::Id);
    let of = VisitsOf { learner, course: of.course, topic: of.topic };
    let visits = app.store.visits(&tenant, of).await?;
    if visits.is_empty() {
        return Err(Problem::not_found("row"));
    }
    Ok(unkept(Visits { as_of_ms: now_ms, visits }))
}

/// Who reads the report: a tenant, and the one learner that a launch's token shows.
async fn reader(app: &App, headers: &HeaderMap, now_ms: i64) -> Result<(String, Option<String>), Problem> {
    let token = bearer(headers).unwrap_or_default();
    // A token of ours has two points, an API key has none.
    if !token.contains('.') {
        return Ok((app.tenant_of(headers).await?, None));
    }
    let claims = app.tokens.launch_of(token, now_ms)?;
    Ok((claims.tenant, Some(claims.learner)))
}

/// An answer that nobody keeps.
pub(crate) fn unkept(answer: impl Serialize) -> Response {
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
