//! Launches in SQLite.

use rusqlite::{Connection, OptionalExtension};
use seattime_wire::Mode;

use super::merge::attempt_of;
use super::packages;
use super::sql_here as sql;
use super::standings::groups_of;
use super::visits::launch_of;
use crate::store::opening::{LaunchedAttempt, attempt_for, mode_of_attempt, told_groups};
use crate::store::rows::{LaunchRow, meaning, word};
use crate::store::{Launched, MadeLaunch, NewLaunch, NewLearner, StoreError};
use crate::token::VisitClaims;

pub(super) fn make(
    db: &Connection,
    tenant: &str,
    launch: &NewLaunch,
    now_ms: i64,
) -> Result<MadeLaunch, StoreError> {
    if let Some((key, body_hash)) = &launch.idempotency {
        let earlier: Option<(String, String, u32)> = db
            .prepare_cached(sql!("idempotency"))?
            .query_row((tenant, key), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        if let Some((hash, launch, attempt)) = earlier {
            return if hash == *body_hash {
                Ok(MadeLaunch { launch, attempt })
            } else {
                Err(StoreError::KeyReused)
            };
        }
    }
    let package = packages::find(db, tenant, &launch.topic)?.ok_or(StoreError::NotFound("topic"))?;
    let learner = learner(db, tenant, &launch.learner, new_id(), now_ms)?;
    let latest = if launch.mode == Mode::Browse { sql!("browse_attempt") } else { sql!("latest_attempt") };
    let latest = db
        .prepare_cached(latest)?
        .query_row((&learner, &package.course, &launch.topic), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let (attempt, number) = match attempt_for(launch, latest, &package)? {
        LaunchedAttempt::GoingOn { id, number } => (id, number),
        LaunchedAttempt::New { number, mode, api } => {
            let id = new_id();
            let row = (&learner, &id, tenant, &package.course, &launch.topic, number, mode, now_ms, api);
            db.prepare_cached(sql!("put_attempt"))?.execute(row)?;
            db.prepare_cached(sql!("stale_attempt"))?.execute((&learner, &id))?;
            (id, number)
        }
    };
    db.prepare_cached(sql!("put_launch"))?.execute((
        &learner,
        &launch.launch,
        tenant,
        &attempt,
        word(&launch.mode)?,
        &launch.return_url,
        &launch.code_hash,
        now_ms,
        launch.is_strict,
    ))?;
    if let Some((key, body_hash)) = &launch.idempotency {
        let row = (tenant, key, body_hash, &launch.launch, number, now_ms);
        db.prepare_cached(sql!("put_idempotency"))?.execute(row)?;
    }
    Ok(MadeLaunch { launch: launch.launch.clone(), attempt: number })
}

/// A launch, by tenant, the LMS's own id of the learner, and its id.
pub(super) fn launched(
    db: &Connection,
    (tenant, lms_id, launch): (&str, &str, &str),
) -> Result<Launched, StoreError> {
    let none = || StoreError::NotFound("launch");
    let learner: Option<String> =
        db.prepare_cached(sql!("learner_of"))?.query_row((tenant, lms_id), |row| row.get(0)).optional()?;
    let learner = learner.ok_or_else(none)?;
    let found =
        db.prepare_cached(sql!("launch"))?.query_row((&learner, launch, tenant), launch_of).optional()?;
    let LaunchRow { attempt, mode, made_ms, .. } = found.ok_or_else(none)?;
    let topic = attempt_of(db, &learner, &attempt, tenant)?.topic;
    Ok(Launched { learner, attempt, topic, mode: meaning(mode)?, made_ms })
}

/// Makes an attempt again that a backup did not know.
pub(super) fn make_again(
    db: &Connection,
    claims: VisitClaims,
    now_ms: i64,
) -> Result<VisitClaims, StoreError> {
    let origin = claims.origin.as_ref().ok_or(StoreError::NotFound("attempt"))?;
    let package = packages::find(db, &claims.tenant, &origin.topic)?.ok_or(StoreError::NotFound("topic"))?;
    let called = NewLearner { lms_id: origin.lms_id.clone(), name: origin.name.clone(), groups: None };
    let learner = learner(db, &claims.tenant, &called, claims.learner.clone(), now_ms)?;
    match attempt_of(db, &learner, &claims.attempt, &claims.tenant) {
        Err(StoreError::NotFound(_)) => {
            let mode = word(&mode_of_attempt(claims.mode))?;
            let key = (&learner, &claims.attempt, &claims.tenant, &package.course, &origin.topic);
            let row = (key.0, key.1, key.2, key.3, key.4, origin.number, mode, claims.opened_ms, &origin.api);
            db.prepare_cached(sql!("put_attempt"))?.execute(row)?;
        }
        known => drop(known?),
    }
    Ok(VisitClaims { learner, ..claims })
}

/// A new id of a learner or an attempt.
pub(super) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Our id of the learner whom an LMS calls so, with name and groups as it says them; `id`, if there is none yet.
pub(super) fn learner(
    db: &Connection,
    tenant: &str,
    called: &NewLearner,
    id: String,
    now_ms: i64,
) -> Result<String, StoreError> {
    let NewLearner { lms_id, name, groups } = called;
    let known: Option<String> =
        db.prepare_cached(sql!("learner_of"))?.query_row((tenant, lms_id), |row| row.get(0)).optional()?;
    let (id, mut is_changed) = match known {
        Some(id) => {
            let is_renamed = db.prepare_cached(sql!("name_learner"))?.execute((&id, name))? > 0;
            (id, is_renamed)
        }
        None => {
            db.prepare_cached(sql!("put_learner"))?.execute((&id, tenant, lms_id, name, now_ms))?;
            (id, false)
        }
    };
    if let Some(groups) = told_groups(groups.as_deref(), || groups_of(db, &id))? {
        db.prepare_cached(sql!("drop_groups"))?.execute([&id])?;
        for group in groups {
            db.prepare_cached(sql!("put_group"))?.execute((&id, group, tenant))?;
        }
        is_changed = true;
    }
    if is_changed {
        db.prepare_cached(sql!("stale_learner"))?.execute([&id])?;
    }
    Ok(id)
}

/// Enrols a learner in a course.
pub(super) fn enrol(
    db: &Connection,
    tenant: &str,
    called: &NewLearner,
    course: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    let learner = learner(db, tenant, called, new_id(), now_ms)?;
    if db.prepare_cached(sql!("put_enrolment"))?.execute((&learner, course, tenant, now_ms))? > 0 {
        db.prepare_cached(sql!("stale_course"))?.execute((&learner, tenant, course))?;
    }
    Ok(())
}

/// Takes a learner out of a course.
pub(super) fn unenrol(
    db: &Connection,
    (tenant, lms_id, course): (&str, &str, &str),
) -> Result<(), StoreError> {
    let none = StoreError::NotFound("enrolment");
    let learner: Option<String> =
        db.prepare_cached(sql!("learner_of"))?.query_row((tenant, lms_id), |row| row.get(0)).optional()?;
    let Some(learner) = learner else { return Err(none) };
    if db.prepare_cached(sql!("drop_enrolment"))?.execute((&learner, course))? == 0 {
        return Err(none);
    }
    db.prepare_cached(sql!("stale_course"))?.execute((&learner, tenant, course))?;
    Ok(())
}
