//! The report: what learners did, and how long it took them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::asking::{Asking, Days, Narrowed, reader};
use super::launches;
use super::sent::{Asked, Sent};
use crate::access::{Caller, Tenant};
use crate::app::{App, MAX_BODY_BYTES};
use crate::error::Problem;
use crate::store::totals::totals;
use crate::store::{Learner, LearnerTotals, ReportRow, ReportVisit, Sight, VisitsOf};
use crate::token::REPORT_LIFE_MS;

/// A page of the report.
#[derive(Debug, Serialize)]
struct Report {
    /// The moment that it was made as of, in ms since 1970.
    as_of_ms: i64,
    /// In whose days a period is asked for.
    zone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<Days>,
    rows: Vec<ReportRow>,
    /// What the next page is asked for with, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// How many rows are not derived yet from what is kept; left out where all are.
    #[serde(skip_serializing_if = "is_zero")]
    stale: usize,
    /// What all rows of a learner come to, also those of other pages, and in it per course; left out where rows are not
    /// of one learner alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Vec<LearnerTotals>>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
pub(crate) fn is_zero(number: &usize) -> bool {
    *number == 0
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

/// A page of the report: `GET /api/v1/report`; all rows with an API key, a learner's own with a report's token.
///
/// # Errors
///
/// 400 `bad_query`, `bad_cursor`; 401 `key_invalid`, `token_expired`.
pub(crate) async fn get_report(
    State(app): State<App>,
    caller: Caller,
    Asked(narrowed): Asked<Narrowed>,
) -> Result<Response, Problem> {
    if narrowed.format.is_some() || narrowed.separator.is_some() {
        let detail =
            "format and separator belong to an export; ask for /api/v1/report/export, or leave them out";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", detail));
    }
    let asking = Asking::of(&app, narrowed, caller).await?;
    let mut page = asking.page(&app).await?;
    let period = asking.days.as_ref().map(|it| it.period);
    let totals = match (&asking.sight, &asking.of.lms_id) {
        (Sight::Tenant | Sight::Groups(_), None) => None,
        // All of it is on this page.
        _ if period.is_none() && asking.of.after.is_none() && page.next.is_none() => {
            Some(totals(&page.rows, None))
        }
        _ => Some(totals(&asking.at_any_time().rows(&app, usize::MAX).await?.0, period)),
    };
    page.rows.iter_mut().for_each(ReportRow::show);
    Ok(unkept(Report {
        as_of_ms: asking.now_ms,
        zone: asking.zone.name().to_owned(),
        period: asking.days,
        rows: page.rows,
        next: page.next.map(|it| it.text()),
        stale: page.stale,
        totals,
    }))
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
    let (tenant, sight) = reader(caller);
    let learner = match &sight {
        Sight::Learner(own) => Learner::Id(own.clone()),
        Sight::Tenant | Sight::Groups(_) => Learner::Lms(of.learner),
    };
    let of = VisitsOf { learner, course: of.course, topic: of.topic };
    let visits = app.store.visits(&tenant, sight, of).await?;
    if visits.is_empty() {
        return Err(Problem::not_found("row"));
    }
    Ok(unkept(Visits { as_of_ms: now_ms, visits }))
}

/// An answer that nobody keeps.
pub(crate) fn unkept(answer: impl Serialize) -> Response {
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
