//! The report's rows in SQLite: derived when they are asked for, or when there is time.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::courses;
use super::history;
use super::merge::visits_of;
use super::packages;
use super::sql_here as sql;
use crate::store::listing::{Dialect, Given, SortKey, Statement, Whose, columns, listed};
use crate::store::opening::{LatestValues, lacks_outcomes};
use crate::store::record::{EarlierOutcomes, ValuesByTry, outcomes};
use crate::store::rows::VisitRow;
use crate::store::standing::{Derived, Gathered, GatheredAttempt, Held, STANDINGS_AT_ONCE, Values};
use crate::store::timeline::timeline;
use crate::store::{
    Learner, ReportLearner, ReportOf, ReportPage, ReportRow, ReportVisit, Sight, StoreError, VisitsOf,
};

/// Whose row it is: learner, course, topic and tenant.
type Stale = (String, String, String, String);

fn all<T>(
    db: &Connection,
    statement: Statement<'_>,
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let given = statement.given.into_iter().map(|it| match it {
        Given::Text(text) => Value::Text(text.into_owned()),
        Given::Number(number) => Value::Integer(number),
    });
    let mut query = db.prepare_cached(&statement.text)?;
    let found = query.query_map(params_from_iter(given), row)?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Our id of the learner whom a report is narrowed to; outside, none where there is no such learner, or none that is seen.
pub(super) fn learner_of(
    db: &Connection,
    (tenant, sight): (&str, &Sight),
    of: &ReportOf,
) -> Result<Option<Option<String>>, StoreError> {
    let named = match &of.lms_id {
        None => None,
        Some(lms_id) => {
            let mut query = db.prepare_cached(sql!("learner_of"))?;
            let Some(id) = query.query_row((tenant, lms_id), |row| row.get(0)).optional()? else {
                return Ok(None);
            };
            Some(id)
        }
    };
    Ok(sight.narrowed(named))
}

/// Derives some rows anew that commits have made stale of what a report is narrowed to; answers how many there were.
pub(super) fn renew_some(
    db: &Connection,
    whose: Whose<'_>,
    of: &ReportOf,
    now_ms: i64,
) -> Result<usize, StoreError> {
    renew(db, Statement::stale(Dialect::Sqlite, Some((whose, of)), STANDINGS_AT_ONCE), now_ms)
}

/// Derives up to `most` rows anew, whosever they are; answers how many there were.
pub(super) fn renew_any(db: &Connection, most: usize, now_ms: i64) -> Result<usize, StoreError> {
    renew(db, Statement::stale(Dialect::Sqlite, None, most), now_ms)
}

fn renew(db: &Connection, stale: Statement<'_>, now_ms: i64) -> Result<usize, StoreError> {
    let stale: Vec<Stale> = all(db, stale, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    for (learner, course, topic, tenant) in &stale {
        let Derived { row, reporting } = gathered(db, learner, course, topic, tenant)?.derived(now_ms)?;
        match row {
            Some(row) => put(db, [learner, course, topic, tenant], &row)?,
            None => drop(db.prepare_cached(sql!("drop_standing"))?.execute((learner, course, topic))?),
        }
        for (activity, it) in reporting {
            let key = [learner, course, topic, &activity, tenant].map(|it| Value::Text(it.clone()));
            let row = key.into_iter().chain(it.figures().map(Value::Integer));
            db.prepare_cached(sql!("put_reporting"))?.execute(params_from_iter(row))?;
        }
        db.prepare_cached(sql!("drop_stale"))?.execute((learner, course, topic))?;
    }
    Ok(stale.len())
}

fn put(db: &Connection, key: [&String; 4], row: &ReportRow) -> Result<(), StoreError> {
    let key = key.map(|it| Value::Text(it.clone()));
    let columns = columns(row).map(|it| match it {
        SortKey::Number(number) => Value::Integer(number),
        SortKey::Text(text) => Value::Text(text),
    });
    let row = key.into_iter().chain(columns).chain([Value::Text(serde_json::to_string(row)?)]);
    db.prepare_cached(sql!("put_standing"))?.execute(params_from_iter(row))?;
    Ok(())
}

/// How many rows of what a report is narrowed to are stale.
pub(super) fn count_stale(db: &Connection, whose: Whose<'_>, of: &ReportOf) -> Result<usize, StoreError> {
    let found = all(db, Statement::stale_count(Dialect::Sqlite, whose, of), |row| row.get::<_, i64>(0))?;
    Ok(found.first().and_then(|it| usize::try_from(*it).ok()).unwrap_or(0))
}

/// A page of the report's rows, as they were derived last.
pub(super) fn page(
    db: &Connection,
    whose: Whose<'_>,
    of: &ReportOf,
    stale: usize,
) -> Result<ReportPage, StoreError> {
    let found = all(db, Statement::page(Dialect::Sqlite, whose, of), |row| {
        let key = if of.sort.is_text() { SortKey::Text(row.get(4)?) } else { SortKey::Number(row.get(4)?) };
        Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?, row.get(3)?), key))
    })?;
    let rows = found.into_iter().map(|(row, whose, key)| Ok(listed(&row, whose, key, of)?));
    Ok(ReportPage::of(rows.collect::<Result<_, StoreError>>()?, of.limit, stale))
}

/// Everything that a row is derived from.
pub(super) fn gathered(
    db: &Connection,
    learner: &str,
    course: &str,
    topic: &str,
    tenant: &str,
) -> Result<Gathered, StoreError> {
    let who = db
        .prepare_cached(sql!("learner"))?
        .query_row((learner, tenant), |row| Ok(ReportLearner { id: row.get(0)?, name: row.get(1)? }))?;
    let mut attempts = Vec::new();
    for (id, number, api, earlier) in attempts_of(db, learner, course, topic)? {
        let visits = visits_of(db, learner, &id)?;
        let values = if number > 0 { record_values(db, learner, &id, &visits)? } else { ValuesByTry::new() };
        attempts.push(GatheredAttempt {
            number,
            visits,
            held: Held { api, values, earlier: outcomes(earlier)? },
            conflicts: db.prepare_cached(sql!("conflicts"))?.query_row((learner, &id), |row| row.get(0))?,
        });
    }
    let enrolled = db
        .prepare_cached(sql!("enrolment"))?
        .query_row((learner, course), |row| row.get::<_, i64>(0))
        .optional()?;
    let before = db
        .prepare_cached(sql!("standing"))?
        .query_row((learner, course, topic), |row| row.get(0))
        .optional()?;
    Ok(Gathered {
        learner: who,
        course: course.to_owned(),
        package: packages::find(db, tenant, topic)?,
        activities: packages::activities(db, topic)?,
        history: history::find(db, learner, topic)?.filter(|it| it.course == course),
        attempts,
        groups: groups_of(db, learner)?,
        is_enrolled: enrolled.is_some(),
        before,
        policy: courses::find(db, tenant, course)?.settings.records(),
    })
}

/// The groups that a learner is in.
pub(super) fn groups_of(db: &Connection, learner: &str) -> Result<Vec<String>, StoreError> {
    let mut query = db.prepare_cached(sql!("groups"))?;
    let found = query.query_map([learner], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// An attempt: id, number, the API that its values are named in, and the outcomes that earlier pages left.
type AttemptColumns = (String, u32, Option<String>, Option<String>);

/// A learner's attempts at a topic, by number.
fn attempts_of(
    db: &Connection,
    learner: &str,
    course: &str,
    topic: &str,
) -> Result<Vec<AttemptColumns>, StoreError> {
    let mut query = db.prepare_cached(sql!("attempts_of_topic"))?;
    let rows = query.query_map((learner, course, topic), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The visits of one row.
pub(super) fn visits(
    db: &Connection,
    (tenant, sight): (&str, &Sight),
    of: &VisitsOf,
) -> Result<Vec<ReportVisit>, StoreError> {
    let learner = match &of.learner {
        Learner::Id(id) => id.clone(),
        Learner::Lms(id) => db
            .prepare_cached(sql!("learner_of"))?
            .query_row((tenant, id), |row| row.get(0))
            .optional()?
            .ok_or(StoreError::NotFound("row"))?,
    };
    if !sight.sees(&learner, &groups_of(db, &learner)?) {
        return Err(StoreError::NotFound("row"));
    }
    packages::find(db, tenant, &of.topic)?.ok_or(StoreError::NotFound("row"))?;
    let activities = packages::activities(db, &of.topic)?;
    let mut visits = Vec::new();
    for (attempt, number, ..) in attempts_of(db, &learner, &of.course, &of.topic)? {
        let of_attempt = visits_of(db, &learner, &attempt)?;
        visits.extend(of_attempt.iter().map(|it| timeline(it, number, &activities)));
    }
    Ok(visits)
}

/// What an attempt holds: per activity, number of the latest try that holds anything, and its values.
pub(super) fn latest_values(
    db: &Connection,
    learner: &str,
    attempt: &str,
) -> Result<LatestValues, StoreError> {
    let mut query = db.prepare_cached(sql!("latest_values"))?;
    let rows = query
        .query_map((learner, attempt), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let mut values = LatestValues::new();
    for found in rows {
        let (activity, try_, element, value): (String, u32, String, String) = found?;
        values.entry(activity).or_insert_with(|| (try_, Values::new())).1.insert(element, value);
    }
    Ok(values)
}

/// The values that an attempt's record is derived from; none where its pages sent outcomes.
pub(super) fn record_values(
    db: &Connection,
    learner: &str,
    attempt: &str,
    visits: &[VisitRow],
) -> Result<ValuesByTry, StoreError> {
    if !lacks_outcomes(visits) {
        return Ok(ValuesByTry::new());
    }
    values_by_try(db, sql!("record_values"), learner, attempt)
}

/// Values of an attempt, by activity and attempt on it, as a query finds them.
pub(super) fn values_by_try(
    db: &Connection,
    query: &str,
    learner: &str,
    attempt: &str,
) -> Result<ValuesByTry, StoreError> {
    let mut query = db.prepare_cached(query)?;
    let rows = query
        .query_map((learner, attempt), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let mut values = ValuesByTry::new();
    for found in rows {
        let (activity, try_, element, value): (String, u32, String, String) = found?;
        values.entry(activity).or_default().entry(try_).or_default().insert(element, value);
    }
    Ok(values)
}

/// The outcomes that sessions of earlier pages left in an attempt.
pub(super) fn earlier_of(
    db: &Connection,
    learner: &str,
    attempt: &str,
) -> Result<EarlierOutcomes, StoreError> {
    let mut query = db.prepare_cached(sql!("earlier"))?;
    let earlier: Option<Option<String>> = query.query_row((learner, attempt), |row| row.get(0)).optional()?;
    outcomes(earlier.flatten())
}
