//! Launches in SQLite: which attempt a learner goes on with.

use rusqlite::{Connection, OptionalExtension};
use seattime_wire::Mode;

use super::packages::{self, word};
use super::sql_here as sql;
use crate::store::{MadeLaunch, NewLaunch, StoreError};

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
    let course = &package.course;
    let learner = learner(db, tenant, launch, now_ms)?;
    let latest: Option<(String, u32, Option<String>)> = db
        .prepare_cached(sql!("latest_attempt"))?
        .query_row((&learner, course, &launch.topic), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let next = latest.as_ref().map_or(1, |it| it.1.saturating_add(1));
    // Values that are named in the other API's words are none that content could go on with.
    let going_on = match latest {
        Some((id, number, own)) => {
            let api = packages::api_of(own, &package)?;
            (launch.api.unwrap_or(api) == api).then_some((id, number))
        }
        None => None,
    };
    let (attempt, number) = match (launch.mode, going_on) {
        (Mode::Continue, Some(going_on)) => going_on,
        (Mode::Continue | Mode::New, _) => {
            (new_attempt(db, tenant, &learner, course, launch, next, now_ms)?, next)
        }
        // What is only looked at counts for no attempt, and writes into none that does.
        (Mode::Review | Mode::Browse, _) => {
            (new_attempt(db, tenant, &learner, course, launch, 0, now_ms)?, 0)
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

fn learner(db: &Connection, tenant: &str, launch: &NewLaunch, now_ms: i64) -> Result<String, StoreError> {
    let known: Option<String> = db
        .prepare_cached(sql!("learner_of"))?
        .query_row((tenant, &launch.learner), |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        db.prepare_cached(sql!("name_learner"))?.execute((&id, &launch.learner_name))?;
        return Ok(id);
    }
    let id = uuid::Uuid::new_v4().to_string();
    let row = (&id, tenant, &launch.learner, &launch.learner_name, now_ms);
    db.prepare_cached(sql!("put_learner"))?.execute(row)?;
    Ok(id)
}

fn new_attempt(
    db: &Connection,
    tenant: &str,
    learner: &str,
    course: &str,
    launch: &NewLaunch,
    number: u32,
    now_ms: i64,
) -> Result<String, StoreError> {
    let id = uuid::Uuid::new_v4().to_string();
    let mode = if number > 0 { word(&Mode::Continue)? } else { word(&launch.mode)? };
    let api = launch.api.as_ref().map(word).transpose()?;
    let row = (learner, &id, tenant, course, &launch.topic, number, mode, now_ms, api);
    db.prepare_cached(sql!("put_attempt"))?.execute(row)?;
    Ok(id)
}
