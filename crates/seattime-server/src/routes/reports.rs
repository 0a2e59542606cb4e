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
use crate::store::{LearnerTotals, ReportOf, ReportRow};

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
    let token = bearer(&headers).unwrap_or_default();
    // A token of ours has two points, an API key has none.
    let (tenant, learner) = if token.contains('.') {
        let claims = app.tokens.launch_of(token, now_ms)?;
        (claims.tenant, Some(claims.learner))
    } else {
        (app.tenant_of(&headers).await?, None)
    };
    let of = ReportOf { learner, lms_id: narrowed.learner, course: narrowed.course };
    let mut rows = app.store.report(&tenant, of).await?;
    let totals = totals(&rows);
    rows.iter_mut().for_each(|it| it.whole = None);
    let report = Report { as_of_ms: now_ms, rows, totals };
    let mut response = Json(report).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
