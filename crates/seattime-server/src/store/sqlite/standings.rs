//! The report's rows in SQLite: derived when they are asked for, or when there is time.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::merge::visits_of;
use super::packages;
use super::sql_here as sql;
use crate::store::standing::{Gathered, Values};
use crate::store::timeline::timeline;
use crate::store::{Learner, ReportLearner, ReportOf, ReportVisit, StoreError, VisitsOf};

/// Derives up to `most` rows anew that commits have made stale; answers how many there were.
pub(super) fn renew(
    db: &Connection,
    tenant: Option<&str>,
    of: &ReportOf,
    most: usize,
) -> Result<usize, StoreError> {
    let mut query = db.prepare_cached(sql!("stale"))?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let stale = query
        .query_map((tenant, &of.learner, &of.lms_id, &of.course, &of.topic, most), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<Result<Vec<(String, String, String, String)>, _>>()?;
    for (learner, course, topic, tenant) in &stale {
        let (row, reporting) = gathered(db, learner, course, topic, tenant)?.derived()?;
        let kept = serde_json::to_string(&row)?;
        let row = (learner, course, topic, tenant, row.last_visit_ms, kept);
        db.prepare_cached(sql!("put_standing"))?.execute(row)?;
        for (activity, it) in reporting {
            let key = [learner, course, topic, &activity, tenant].map(|it| Value::Text(it.clone()));
            let row = key.into_iter().chain(it.figures().map(Value::Integer));
            db.prepare_cached(sql!("put_reporting"))?.execute(params_from_iter(row))?;
        }
        db.prepare_cached(sql!("drop_stale"))?.execute((learner, course, topic))?;
    }
    Ok(stale.len())
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
    let ids = attempts_of(db, learner, course, topic)?;
    let mut attempts = Vec::new();
    for (id, number, _) in &ids {
        attempts.push((*number, visits_of(db, learner, id)?));
    }
    let values = match ids.last() {
        Some((latest, number, _)) if *number > 0 => latest_values(db, learner, latest)?,
        _ => BTreeMap::new(),
    };
    Ok(Gathered {
        learner: who,
        course: course.to_owned(),
        package: packages::find(db, tenant, topic)?.ok_or(StoreError::NotFound("topic"))?,
        activities: packages::activities(db, topic)?,
        attempts,
        api: ids.into_iter().next_back().and_then(|it| it.2),
        values,
    })
}

/// A learner's attempts at a topic, by number: id, number, and the API that its values are named in.
fn attempts_of(
    db: &Connection,
    learner: &str,
    course: &str,
    topic: &str,
) -> Result<Vec<(String, u32, Option<String>)>, StoreError> {
    let mut query = db.prepare_cached(sql!("attempts_of_topic"))?;
    let rows =
        query.query_map((learner, course, topic), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The visits of one row.
pub(super) fn visits(db: &Connection, tenant: &str, of: &VisitsOf) -> Result<Vec<ReportVisit>, StoreError> {
    let learner = match &of.learner {
        Learner::Id(id) => id.clone(),
        Learner::Lms(id) => db
            .prepare_cached(sql!("learner_of"))?
            .query_row((tenant, id), |row| row.get(0))
            .optional()?
            .ok_or(StoreError::NotFound("row"))?,
    };
    packages::find(db, tenant, &of.topic)?.ok_or(StoreError::NotFound("row"))?;
    let activities = packages::activities(db, &of.topic)?;
    let mut visits = Vec::new();
    for (attempt, number, _) in attempts_of(db, &learner, &of.course, &of.topic)? {
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
) -> Result<BTreeMap<String, (u32, Values)>, StoreError> {
    let mut query = db.prepare_cached(sql!("latest_values"))?;
    let rows = query
        .query_map((learner, attempt), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let mut values: BTreeMap<String, (u32, Values)> = BTreeMap::new();
    for found in rows {
        let (activity, try_, element, value): (String, u32, String, String) = found?;
        values.entry(activity).or_insert_with(|| (try_, Values::new())).1.insert(element, value);
    }
    Ok(values)
}
