//! Time per week: what learners were credited in each, shared time counted once.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::asking::{Asking, Days, Narrowed};
use super::reports::{is_zero, unkept};
use super::sent::Asked;
use crate::access::Caller;
use crate::app::App;
use crate::error::Problem;
use crate::store::{Level, Period, ReportRow};
use crate::zone::Zone;

/// So many rows are joined at most.
const MOST_JOINED: usize = 2_000;
/// So many weeks are told of at most: thirty years.
const MOST_WEEKS: usize = 1_600;

/// Time per week.
#[derive(Debug, Serialize)]
struct Weeks {
    /// The moment that it was made as of, in ms since 1970.
    as_of_ms: i64,
    /// In whose days weeks begin.
    zone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<Days>,
    /// From Monday to Sunday, those without any time among them.
    weeks: Vec<OfWeek>,
    /// What was taken over from an LMS, in ms: it is in no week. Left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    backfilled_ms: Option<i64>,
    /// How many rows are not derived yet from what is kept; left out where all are.
    #[serde(skip_serializing_if = "is_zero")]
    stale: usize,
}

/// What lies in one week.
#[derive(Debug, Serialize)]
struct OfWeek {
    /// Its Monday.
    start: String,
    /// When it begins, in ms since 1970; the first one with the period.
    start_ms: i64,
    /// When it ends, in ms since 1970; the last one with the period.
    end_ms: i64,
    /// What was credited in it, in ms.
    credited_ms: i64,
    /// What was measured in it, in ms.
    measured_ms: i64,
}

/// Time per week, from Monday on in the tenant's zone: `GET /api/v1/report/weeks`, narrowed as the report. Of each
/// learner, time that several topics share is one; learners are added up. Without `from` and `to` it is from the first
/// week with any time to the last. What was taken over from an LMS lies in none, and is told beside them.
///
/// # Errors
///
/// 400 `bad_query`; 401 `key_invalid`, `token_expired`; 422 `too_many_rows`, `too_many_weeks`.
pub(crate) async fn get_weeks(
    State(app): State<App>,
    caller: Caller,
    Asked(narrowed): Asked<Narrowed>,
) -> Result<Response, Problem> {
    let asking = Asking::of(&app, narrowed, caller).await?;
    let (rows, stale) = asking.at_any_time().rows(&app, MOST_JOINED).await?;
    let too_much = |code: &str, detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
    if rows.len() > MOST_JOINED {
        let detail = format!(
            "more than {MOST_JOINED} rows would have to be joined; narrow to a course, a group or a learner"
        );
        return Err(too_much("too_many_rows", detail));
    }
    let learners = learners(&rows);
    let period = bounds(&learners, asking.days.as_ref().map_or(Period::ALL, |it| it.period));
    let weeks = told(&learners, &asking.zone, period);
    let backfilled_ms = learners.iter().map(Level::backfilled_ms).fold(0, i64::saturating_add);
    let backfilled_ms = Some(backfilled_ms).filter(|it| *it > 0);
    if weeks.len() > MOST_WEEKS {
        let detail = format!("there are more than {MOST_WEEKS} weeks; narrow with from and to");
        return Err(too_much("too_many_weeks", detail));
    }
    let zone = asking.zone.name().to_owned();
    Ok(unkept(Weeks { as_of_ms: asking.now_ms, zone, period: asking.days, weeks, backfilled_ms, stale }))
}

/// What each learner comes to: of courses, and these of topics, as in the totals of the report.
fn learners(rows: &[ReportRow]) -> Vec<Level> {
    let mut of_learners: BTreeMap<&str, BTreeMap<&str, Vec<&Level>>> = BTreeMap::new();
    for row in rows {
        let courses = of_learners.entry(&row.learner.id).or_default();
        courses.entry(&row.course).or_default().extend(&row.whole);
    }
    let joined = |courses: &BTreeMap<&str, Vec<&Level>>| {
        let courses: Vec<Level> = courses.values().map(|it| Level::of(it.iter().copied())).collect();
        Level::of(courses.iter())
    };
    of_learners.values().map(joined).collect()
}

/// A period with an end on both sides: where it has none, the first moment or the last that anything is known of.
fn bounds(learners: &[Level], period: Period) -> Period {
    let known = || learners.iter().filter_map(Level::bounds);
    let first_ms = known().map(|it| it.0).min().unwrap_or(0);
    let last_ms = known().map(|it| it.1).max().unwrap_or(0);
    Period {
        start_ms: if period.start_ms == i64::MIN { first_ms } else { period.start_ms },
        end_ms: if period.end_ms == i64::MAX { last_ms } else { period.end_ms },
    }
}

fn told(learners: &[Level], zone: &Zone, period: Period) -> Vec<OfWeek> {
    let weeks = zone.weeks(period, MOST_WEEKS + 1);
    let moments: Vec<i64> = weeks.iter().flat_map(|it| [it.period.start_ms, it.period.end_ms]).collect();
    let before: Vec<Vec<i64>> = learners.iter().filter_map(|it| it.credited_before(&moments)).collect();
    let of_week = |(n, week): (usize, &crate::zone::Week)| {
        let at = |before: &Vec<i64>, n: usize| before.get(n).copied().unwrap_or(0);
        let credited = before.iter().map(|it| at(it, 2 * n + 1).saturating_sub(at(it, 2 * n)));
        OfWeek {
            start: week.monday.to_string(),
            start_ms: week.period.start_ms,
            end_ms: week.period.end_ms,
            credited_ms: credited.fold(0, i64::saturating_add),
            measured_ms: learners.iter().map(|it| it.measured_in(week.period)).fold(0, i64::saturating_add),
        }
    };
    weeks.iter().enumerate().map(of_week).collect()
}
