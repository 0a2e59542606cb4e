//! The report: what learners did, and how long it took them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::sent::Asked;
use crate::app::{App, bearer};
use crate::error::Problem;
use crate::store::listing::{MOST_ROWS, USUAL_ROWS};
use crate::store::totals::totals;
use crate::store::{
    CONFLICTS, Learner, LearnerTotals, MissingOf, Order, Place, ReportOf, ReportRow, ReportVisit, Sight,
    Sort, VisitsOf,
};

/// Where a row may stand.
const STATUSES: [&str; 5] = ["passed", "completed", "failed", "incomplete", "not attempted"];
/// What a topic may be.
const KINDS: [&str; 4] = ["scorm_1.2", "scorm_2004", "video", "audio"];
/// What may be remarkable of a row.
const FLAGS: [&str; 3] = ["report_exceeds_presence", "part_unmeasured", CONFLICTS];

/// What the report is narrowed to, and which page of it is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Narrowed {
    /// The LMS's own id of a learner.
    learner: Option<String>,
    /// Name of a course.
    course: Option<String>,
    /// A topic's id.
    topic: Option<String>,
    /// Name of a group.
    group: Option<String>,
    status: Option<String>,
    kind: Option<String>,
    missing: Option<MissingOf>,
    flag: Option<String>,
    /// What a learner's name or id has in it.
    q: Option<String>,
    /// A moment, in ms since 1970.
    changed_since: Option<i64>,
    #[serde(default)]
    sort: Sort,
    #[serde(default)]
    order: Order,
    limit: Option<usize>,
    after: Option<String>,
}

impl Narrowed {
    /// As the store is asked.
    fn checked(self) -> Result<ReportOf, Problem> {
        let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "bad_query", detail);
        let one_of = |name: &str, value: &Option<String>, known: &[&str]| match value {
            Some(it) if !known.contains(&it.as_str()) => {
                Err(bad(format!("{name} is {it:?}; expected one of {}", known.join(", "))))
            }
            _ => Ok(()),
        };
        one_of("status", &self.status, &STATUSES)?;
        one_of("kind", &self.kind, &KINDS)?;
        one_of("flag", &self.flag, &FLAGS)?;
        let limit = self.limit.unwrap_or(USUAL_ROWS);
        if !(1..=MOST_ROWS).contains(&limit) {
            return Err(bad(format!("limit is {limit}; expected 1 to {MOST_ROWS}")));
        }
        let place = |text: String| {
            Place::parse(&text, self.sort, self.order).ok_or_else(|| {
                let detail =
                    "after is no place in this order; send next of the page before, and the same sort and order";
                Problem::new(StatusCode::BAD_REQUEST, "bad_cursor", detail)
            })
        };
        let after = self.after.map(place).transpose()?;
        Ok(ReportOf {
            lms_id: self.learner,
            course: self.course,
            topic: self.topic,
            group: self.group,
            status: self.status,
            kind: self.kind,
            missing: self.missing,
            flag: self.flag,
            search: self.q.filter(|it| !it.is_empty()),
            changed_since_ms: self.changed_since,
            within_ms: None,
            sort: self.sort,
            order: self.order,
            after,
            limit,
        })
    }
}

/// A page of the report.
#[derive(Debug, Serialize)]
struct Report {
    /// The moment that it was made as of, in ms since 1970.
    as_of_ms: i64,
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
fn is_zero(number: &usize) -> bool {
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

/// A page of the report: `GET /api/v1/report`; all rows with an API key, a learner's own with a launch's token.
///
/// # Errors
///
/// 400 `bad_query`, `bad_cursor`; 401 `key_invalid`, `token_expired`.
pub(crate) async fn get_report(
    State(app): State<App>,
    Asked(narrowed): Asked<Narrowed>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now_ms = app.now_ms().await;
    let (tenant, sight) = reader(&app, &headers, now_ms).await?;
    let of = narrowed.checked()?;
    let mut page = app.store.report(&tenant, sight.clone(), of.clone(), now_ms).await?;
    let totals = match (&sight, &of.lms_id) {
        (Sight::Tenant | Sight::Groups(_), None) => None,
        // All of it is on this page.
        _ if of.after.is_none() && page.next.is_none() => Some(totals(&page.rows)),
        _ => Some(totals(&every_row(&app, &tenant, &sight, &of, now_ms).await?)),
    };
    for row in &mut page.rows {
        (row.whole, row.visited) = (None, Vec::new());
    }
    let next = page.next.map(|it| it.text());
    Ok(unkept(Report { as_of_ms: now_ms, rows: page.rows, next, stale: page.stale, totals }))
}

/// Every row of what a report of one learner is narrowed to.
async fn every_row(
    app: &App,
    tenant: &str,
    sight: &Sight,
    of: &ReportOf,
    now_ms: i64,
) -> Result<Vec<ReportRow>, Problem> {
    let mut of = ReportOf { after: None, limit: MOST_ROWS, ..of.clone() };
    let mut rows = Vec::new();
    loop {
        let page = app.store.report(tenant, sight.clone(), of.clone(), now_ms).await?;
        rows.extend(page.rows);
        match page.next {
            Some(next) => of.after = Some(next),
            None => return Ok(rows),
        }
    }
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
    let (tenant, sight) = reader(&app, &headers, now_ms).await?;
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

/// Who reads the report: a tenant, and what is seen of it; with a launch's token, the one learner that it is of.
async fn reader(app: &App, headers: &HeaderMap, now_ms: i64) -> Result<(String, Sight), Problem> {
    let token = bearer(headers).unwrap_or_default();
    // A token of ours has two points, an API key has none.
    if !token.contains('.') {
        return Ok((app.tenant_of(headers).await?, Sight::Tenant));
    }
    let claims = app.tokens.launch_of(token, now_ms)?;
    Ok((claims.tenant, Sight::Learner(claims.learner)))
}

/// An answer that nobody keeps.
pub(crate) fn unkept(answer: impl Serialize) -> Response {
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
