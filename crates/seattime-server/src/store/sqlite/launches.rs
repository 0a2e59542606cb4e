//! Launches in SQLite.

use rusqlite::{Connection, OptionalExtension};

use super::packages;
use super::sql_here as sql;
use crate::store::opening::{LaunchedAttempt, attempt_for};
use crate::store::rows::word;
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
    let learner = learner(db, tenant, launch, now_ms)?;
    let latest = db
        .prepare_cached(sql!("latest_attempt"))?
        .query_row((&learner, &package.course, &launch.topic), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let (attempt, number) = match attempt_for(launch, latest, &package)? {
        LaunchedAttempt::GoingOn { id, number } => (id, number),
        LaunchedAttempt::New { number, mode, api } => {
            let id = uuid::Uuid::new_v4().to_string();
            let row = (&learner, &id, tenant, &package.course, &launch.topic, number, mode, now_ms, api);
            db.prepare_cached(sql!("put_attempt"))?.execute(row)?;
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
