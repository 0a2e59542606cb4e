//! Opening a visit in SQLite: takes the lease, and reads everything that content may ask for.

use rusqlite::{Connection, OptionalExtension, Row};
use seattime_wire::Policy;

use super::desk::Desk;
use super::merge::{attempt_of, keep, visits_of};
use super::sql_here as sql;
use super::standings::{earlier_of, latest_values, record_values, values_by_try};
use super::{courses, packages};
use crate::store::merging::scope;
use crate::store::opening::{Begun, Facts, check_code, has_overtaken, left_by_last_sessions, origin, told};
use crate::store::rows::{AttemptRow, LaunchRow, VisitRow, api_of};
use crate::store::{Opened, Opening, StoreError};
use crate::token::VisitClaims;

pub(super) fn launch_of(row: &Row<'_>) -> rusqlite::Result<LaunchRow> {
    Ok(LaunchRow {
        learner: row.get(0)?,
        id: row.get(1)?,
        tenant: row.get(2)?,
        attempt: row.get(3)?,
        mode: row.get(4)?,
        return_url: row.get(5)?,
        made_ms: row.get(6)?,
        used_ms: row.get(7)?,
        is_strict: row.get(8)?,
    })
}

pub(super) fn open(
    desk: &mut Desk<'_>,
    opening: &Opening,
    policy: &Policy,
    now_ms: i64,
) -> Result<Opened, StoreError> {
    let db = desk.db;
    let launch = match opening {
        Opening::Code(hash) => {
            let found = db.prepare_cached(sql!("launch_by_code"))?.query_row([hash], launch_of).optional()?;
            let launch = found.ok_or(StoreError::NotFound("launch"))?;
            check_code(&launch, now_ms)?;
            db.prepare_cached(sql!("use_launch"))?.execute((&launch.learner, &launch.id, now_ms))?;
            launch
        }
        Opening::Launch { tenant, learner, launch } => {
            let key = (learner, launch, tenant);
            let found = db.prepare_cached(sql!("launch"))?.query_row(key, launch_of).optional()?;
            found.ok_or(StoreError::NotFound("launch"))?
        }
    };
    let attempt = attempt_of(db, &launch.learner, &launch.attempt, &launch.tenant)?;
    let package = packages::find(db, &launch.tenant, &attempt.topic)?.ok_or(StoreError::NotFound("topic"))?;
    let (lms_id, name): (String, String) = db
        .prepare_cached(sql!("learner"))?
        .query_row((&launch.learner, &launch.tenant), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let course = courses::find(db, &launch.tenant, &attempt.course)?.settings;
    let activities = packages::activities(db, &attempt.topic)?;
    let from = begun(db, &launch, &attempt)?;
    if attempt.number > 0
        && let Some(earlier) = from.earlier_now(api_of(from.api.clone(), &package)?, &activities)
    {
        let row = (&launch.learner, &launch.attempt, serde_json::to_string(&earlier)?);
        db.prepare_cached(sql!("keep_earlier"))?.execute(row)?;
    }
    let (learner, from) = ((&*lms_id, &*name), &from);
    let facts = Facts { launch: &launch, attempt: &attempt, package: &package, learner, from };
    let told = told(&facts, activities, &course)?;

    desk.memory.attempts.take(&launch.attempt);
    desk.memory.begin(&launch.attempt); // What was told under the older lease is told no more.
    let lease: u32 = db
        .prepare_cached(sql!("take_lease"))?
        .query_row((&launch.learner, &launch.attempt, now_ms), |row| row.get(0))?;
    let claims = VisitClaims {
        tenant: launch.tenant.clone(),
        learner: launch.learner.clone(),
        attempt: launch.attempt.clone(),
        visit: uuid::Uuid::new_v4().to_string(),
        lease,
        opened_ms: now_ms,
        mode: told.mode,
        origin: origin(&attempt, (&lms_id, &name)),
    };
    let policy = course.over(*policy);
    keep(db, &claims, &VisitRow::new(policy, lease, now_ms))?;
    db.prepare_cached(sql!("stale_attempt"))?.execute((&claims.learner, &claims.attempt))?;
    let mut query = db.prepare_cached(sql!("shared"))?;
    let key = (&claims.learner, scope(&package, &claims.attempt));
    let shared = query.query_map(key, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let shared = shared.collect::<Result<_, _>>()?;
    Ok(told.opened(claims, (policy, course), shared, (launch, attempt, package)))
}

/// The attempt that a visit begins from: the launch's own; in review, the learner's latest one that counts.
fn begun(db: &Connection, launch: &LaunchRow, attempt: &AttemptRow) -> Result<Begun, StoreError> {
    let learner = &launch.learner;
    if launch.mode != "review" {
        let (id, visits) = (&launch.attempt, visits_of(db, learner, &launch.attempt)?);
        let mut values = latest_values(db, learner, id)?;
        if has_overtaken(&values, &visits) {
            values =
                left_by_last_sessions(values_by_try(db, sql!("values_of_attempt"), learner, id)?, &visits);
        }
        return Ok(Begun {
            api: attempt.api.clone(),
            values,
            record_values: record_values(db, learner, id, &visits)?,
            earlier: earlier_of(db, learner, id)?,
            visits,
        });
    }
    let key = (learner, &attempt.course, &attempt.topic);
    let latest: Option<(String, Option<String>)> = db
        .prepare_cached(sql!("latest_attempt"))?
        .query_row(key, |row| Ok((row.get(0)?, row.get(2)?)))
        .optional()?;
    let Some((id, api)) = latest else { return Ok(Begun::default()) };
    let values = values_by_try(db, sql!("values_of_attempt"), learner, &id)?;
    let (visits, earlier) = (visits_of(db, learner, &id)?, earlier_of(db, learner, &id)?);
    Ok(Begun { api, visits, earlier, ..Begun::default() }.review(values))
}
