//! What of the report is asked for: by whom, narrowed to what, in which order, within which days.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::cells::Separator;
use super::tenants::zone_of;
use crate::access::{Caller, Who};
use crate::app::App;
use crate::error::Problem;
use crate::store::listing::{MOST_ROWS, USUAL_ROWS};
use crate::store::{
    Account, CONFLICTS, FAILED_WHILE_PAUSED, MissingOf, Order, Period, Place, ReportOf, ReportPage,
    ReportRow, SCORE_REFUSED, STATUS_REFUSED, Sight, Sort,
};
use crate::zone::{Day, Zone};

/// Where a row may stand.
const STATUSES: [&str; 6] = ["passed", "completed", "failed", "incomplete", "not attempted", "unknown"];
/// What a topic may be.
const KINDS: [&str; 5] = ["scorm_1.2", "scorm_2004", "video", "audio", "document"];
/// What may be remarkable of a row.
const FLAGS: [&str; 7] = [
    "report_exceeds_presence",
    "part_unmeasured",
    "completion_assumed",
    FAILED_WHILE_PAUSED,
    SCORE_REFUSED,
    STATUS_REFUSED,
    CONFLICTS,
];

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
    /// The first day of a period, in the tenant's zone.
    from: Option<String>,
    /// Its last day.
    to: Option<String>,
    /// Of an export: how it is written.
    pub(crate) format: Option<Format>,
    /// Of an export as CSV.
    pub(crate) separator: Option<Separator>,
}

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// As spreadsheets read it.
    Csv,
    /// As programs do.
    Json,
}

/// The days that a report is narrowed to, both of them included, and from when to when they are.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Days {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_ms: Option<i64>,
    #[serde(skip)]
    pub(crate) period: Period,
}

/// A report as it is asked for: by whom, and what of it.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    pub(crate) tenant: String,
    pub(crate) sight: Sight,
    pub(crate) of: ReportOf,
    pub(crate) zone: Zone,
    pub(crate) days: Option<Days>,
    /// As of when, in ms since 1970.
    pub(crate) now_ms: i64,
}

/// A page that is narrowed to a period is looked for in so many steps at most: rows may have visits before it and after
/// it, and none in it.
const MOST_STEPS: usize = 10;

impl Asking {
    /// What a request asks for, and may.
    pub(crate) async fn of(app: &App, narrowed: Narrowed, caller: Caller) -> Result<Asking, Problem> {
        let now_ms = app.now_ms().await;
        let (tenant, sight) = reader(caller);
        let zone = zone_of(app, &tenant).await?;
        let days = narrowed.days(&zone)?;
        let mut of = narrowed.checked()?;
        of.within_ms = days.as_ref().map(|it| (it.period.start_ms, it.period.end_ms));
        Ok(Asking { tenant, sight, of, zone, days, now_ms })
    }

    /// The same, whenever it was, and from the first row on.
    pub(crate) fn at_any_time(&self) -> Asking {
        let of = ReportOf { within_ms: None, after: None, limit: MOST_ROWS, ..self.of.clone() };
        Asking { of, days: None, ..self.clone() }
    }

    /// A page of the rows, each with what of it lies in the period. It may have fewer than it could, also none, where
    /// there are more.
    pub(crate) async fn page(&self, app: &App) -> Result<ReportPage, Problem> {
        let mut whole = ReportPage::default();
        let mut of = self.of.clone();
        for _ in 0..MOST_STEPS {
            let page = app.store.report(&self.tenant, self.sight.clone(), of.clone(), self.now_ms).await?;
            (whole.next, whole.stale) = (page.next, page.stale);
            match &self.days {
                None => whole.rows = page.rows,
                Some(days) => {
                    whole.rows.extend(page.rows.into_iter().filter_map(|it| it.within(days.period)))
                }
            }
            of.limit = self.of.limit.saturating_sub(whole.rows.len());
            of.after = whole.next.clone();
            if of.limit == 0 || of.after.is_none() {
                break;
            }
        }
        Ok(whole)
    }

    /// All rows, up to one more than `most`, and how many are stale.
    pub(crate) async fn rows(&self, app: &App, most: usize) -> Result<(Vec<ReportRow>, usize), Problem> {
        let mut asking = self.clone();
        let mut rows = Vec::new();
        loop {
            let page = asking.page(app).await?;
            rows.extend(page.rows);
            if page.next.is_none() || rows.len() > most {
                return Ok((rows, page.stale));
            }
            asking.of.after = page.next;
        }
    }
}

impl Narrowed {
    /// The days, by a zone's calendar.
    fn days(&self, zone: &Zone) -> Result<Option<Days>, Problem> {
        let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "bad_query", detail);
        let day = |name: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => Day::parse(text).map(Some).ok_or_else(|| {
                bad(format!("{name} is {text:?}; expected a day from 1970 on, such as 2026-03-29"))
            }),
        };
        let (from, to) = (day("from", &self.from)?, day("to", &self.to)?);
        if let (Some(first), Some(last)) = (from, to)
            && last < first
        {
            return Err(bad(format!("to is {last}, which is before {first}; expected from <= to")));
        }
        if from.is_none() && to.is_none() {
            return Ok(None);
        }
        let period = zone.period(from, to);
        Ok(Some(Days {
            start_ms: from.map(|_| period.start_ms),
            end_ms: to.map(|_| period.end_ms),
            from: from.map(|it| it.to_string()),
            to: to.map(|it| it.to_string()),
            period,
        }))
    }

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

/// Who reads the report: a tenant, and what is seen of it.
pub(super) fn reader(caller: Caller) -> (String, Sight) {
    let sight = match caller.who {
        Who::Learner(own) => Sight::Learner(own),
        Who::Account(Account { groups: Some(groups), .. }) => Sight::Groups(groups.into_iter().collect()),
        Who::Key(_) | Who::Account(_) => Sight::Tenant,
    };
    (caller.tenant, sight)
}
