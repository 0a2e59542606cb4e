//! What an LMS kept before its courses ran here, in SQLite.

use rusqlite::{Connection, OptionalExtension};

use super::launches::{self, new_id};
use super::merge::visits_of;
use super::packages;
use super::sql_here as sql;
use crate::store::history::{HistoryRow, named};
use crate::store::{History, HistoryKept, NewLearner, StoreError};

/// Keeps rows; answers what became of each.
pub(super) fn keep(
    db: &Connection,
    tenant: &str,
    rows: &[History],
    now_ms: i64,
) -> Result<Vec<HistoryKept>, StoreError> {
    rows.iter().map(|it| keep_one(db, tenant, it, now_ms)).collect()
}

fn keep_one(
    db: &Connection,
    tenant: &str,
    history: &History,
    now_ms: i64,
) -> Result<HistoryKept, StoreError> {
    let called = named(&history.learner, kept_name(db, tenant, &history.learner)?);
    let learner = launches::learner(db, tenant, &called, new_id(), now_ms)?;
    let given =
        HistoryRow::of(history, packages::find(db, tenant, &history.topic)?.map(|package| package.course));
    let mut earlier = Vec::new();
    for topic in history.kept_as.iter().filter(|it| **it != history.topic) {
        earlier.extend(find(db, &learner, topic)?);
    }
    let before = HistoryRow::known(find(db, &learner, &given.topic)?, &earlier);
    if before.as_ref() == Some(&given) && earlier.is_empty() {
        return Ok(HistoryKept::Same);
    }
    let has_begun = has_begun(db, &learner, &given.topic)?;
    let (kept, answer) = given.after(before.clone(), has_begun, history.even_begun);
    let stale = |it: &HistoryRow| {
        db.prepare_cached(sql!("put_stale"))?.execute((&learner, &it.course, &it.topic, tenant))
    };
    for it in &earlier {
        db.prepare_cached(sql!("drop_history"))?.execute((&learner, &it.topic))?;
        stale(it)?;
    }
    if let Some(kept) = kept.filter(|it| before.as_ref() != Some(it)) {
        let key = (&learner, &kept.topic, tenant, &kept.course, &kept.title, &kept.kind);
        let row = (key.0, key.1, key.2, key.3, key.4, key.5, kept.time_ms, kept.attempts, now_ms);
        db.prepare_cached(sql!("put_history"))?.execute(row)?;
        before.iter().chain([&kept]).try_for_each(|it| stale(it).map(drop))?;
    }
    Ok(answer)
}

/// The name that is kept of a learner, if there is one.
fn kept_name(db: &Connection, tenant: &str, called: &NewLearner) -> Result<Option<String>, StoreError> {
    let mut query = db.prepare_cached(sql!("learner_of"))?;
    let id: Option<String> = query.query_row((tenant, &called.lms_id), |row| row.get(0)).optional()?;
    let Some(id) = id else { return Ok(None) };
    let mut query = db.prepare_cached(sql!("learner"))?;
    Ok(query.query_row((id, tenant), |row| row.get(1)).optional()?)
}

/// What is kept of a learner and topic.
pub(super) fn find(db: &Connection, learner: &str, topic: &str) -> Result<Option<HistoryRow>, StoreError> {
    let mut query = db.prepare_cached(sql!("history"))?;
    let row = |row: &rusqlite::Row<'_>| {
        Ok(HistoryRow {
            topic: row.get(0)?,
            course: row.get(1)?,
            title: row.get(2)?,
            kind: row.get(3)?,
            time_ms: row.get(4)?,
            attempts: row.get(5)?,
        })
    };
    Ok(query.query_row((learner, topic), row).optional()?)
}

/// Whether a learner has a visit to a topic that counts, in any course.
fn has_begun(db: &Connection, learner: &str, topic: &str) -> Result<bool, StoreError> {
    let mut query = db.prepare_cached(sql!("attempts_that_count"))?;
    let attempts =
        query.query_map((learner, topic), |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    for attempt in attempts {
        if visits_of(db, learner, &attempt)?.iter().any(|it| it.figures().counts) {
            return Ok(true);
        }
    }
    Ok(false)
}
