//! Merging commits in SQLite.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};
use seattime_wire::{Commit, Refused, ValuePart};

use super::desk::{Attempted, Desk};
use super::sql_here as sql;
use super::{courses, packages};
use crate::store::merging::{Absorbed, Change, begun, changes, completed, has_parted, scope};
use crate::store::rows::{AttemptRow, VisitRow, api_of, column};
use crate::store::{Arrival, CourseSettings, Merged, StoreError};
use crate::token::VisitClaims;

/// So many parts of texts may wait in one visit for the commit that names them.
const MOST_WAITING: u32 = 1_024;

/// What columns hold of a visit: policy, lease, times and number acknowledged, openness, raw state.
type VisitColumns = (String, u32, (i64, i64, i64, i64), bool, String);

fn visit_columns(row: &Row<'_>) -> rusqlite::Result<VisitColumns> {
    let times = (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
    Ok((row.get(0)?, row.get(1)?, times, row.get(6)?, row.get(7)?))
}

fn visit_row(columns: VisitColumns) -> Result<VisitRow, StoreError> {
    let (policy, lease, (opened_ms, contact_ms, live_ms, acked), is_open, raw) = columns;
    let (policy, raw) = (serde_json::from_str(&policy)?, serde_json::from_str(&raw)?);
    let acked = acked.unsigned_abs();
    Ok(VisitRow { policy, lease, opened_ms, contact_ms, live_ms, acked, is_open, raw })
}

fn find(db: &Connection, claims: &VisitClaims) -> Result<Option<VisitRow>, StoreError> {
    let key = (&claims.learner, &claims.visit, &claims.attempt, &claims.tenant);
    let found = db.prepare_cached(sql!("visit"))?.query_row(key, visit_columns).optional()?;
    found.map(visit_row).transpose()
}

/// An attempt's visits, in the order of their leases.
pub(super) fn visits_of(db: &Connection, learner: &str, attempt: &str) -> Result<Vec<VisitRow>, StoreError> {
    let mut query = db.prepare_cached(sql!("visits_of_attempt"))?;
    let found = query.query_map((learner, attempt), visit_columns)?.collect::<Result<Vec<_>, _>>()?;
    found.into_iter().map(visit_row).collect()
}

/// Keeps a visit.
pub(super) fn keep(db: &Connection, claims: &VisitClaims, visit: &VisitRow) -> Result<(), StoreError> {
    db.prepare_cached(sql!("put_visit"))?.execute((
        &claims.learner,
        &claims.visit,
        &claims.tenant,
        &claims.attempt,
        visit.lease,
        serde_json::to_string(&visit.policy)?,
        visit.opened_ms,
        visit.contact_ms,
        visit.live_ms,
        column(visit.acked),
        visit.is_open,
        serde_json::to_string(&visit.raw)?,
    ))?;
    Ok(())
}

pub(super) fn attempt_of(
    db: &Connection,
    learner: &str,
    attempt: &str,
    tenant: &str,
) -> Result<AttemptRow, StoreError> {
    let row = |row: &Row<'_>| {
        Ok(AttemptRow {
            course: row.get(0)?,
            topic: row.get(1)?,
            number: row.get(2)?,
            lease: row.get(3)?,
            api: row.get(4)?,
        })
    };
    let found = db.prepare_cached(sql!("attempt"))?.query_row((learner, attempt, tenant), row).optional()?;
    found.ok_or(StoreError::NotFound("attempt"))
}

/// An attempt with its package, as the writer remembers it.
fn attempted(desk: &mut Desk<'_>, claims: &VisitClaims) -> Result<Arc<Attempted>, StoreError> {
    if let Some(known) = desk.memory.attempts.get(&claims.attempt) {
        return Ok(Arc::clone(known));
    }
    let row = attempt_of(desk.db, &claims.learner, &claims.attempt, &claims.tenant)?;
    let package =
        packages::find(desk.db, &claims.tenant, &row.topic)?.ok_or(StoreError::NotFound("topic"))?;
    let api = api_of(row.api.clone(), &package)?;
    let found = Arc::new(Attempted { row, package, api });
    desk.memory.attempts.put(claims.attempt.clone(), Arc::clone(&found));
    Ok(found)
}

/// An attempt with its package, and with a lease of at least the message's: a backup may not know the visit that took
/// it, and fences those before it all the same.
fn raised(desk: &mut Desk<'_>, claims: &VisitClaims) -> Result<Arc<Attempted>, StoreError> {
    let attempt = attempted(desk, claims)?;
    if claims.lease <= attempt.row.lease {
        return Ok(attempt);
    }
    // What is remembered is what is in the database, also if this change is taken back.
    desk.memory.attempts.take(&claims.attempt);
    let row = (&claims.learner, &claims.attempt, claims.lease);
    desk.db.prepare_cached(sql!("raise_lease"))?.execute(row)?;
    let row = AttemptRow { lease: claims.lease, ..attempt.row.clone() };
    Ok(Arc::new(Attempted { row, package: attempt.package.clone(), api: attempt.api }))
}

pub(super) fn merge(desk: &mut Desk<'_>, arrival: &Arrival) -> Result<Merged, StoreError> {
    let Arrival { claims, commit, .. } = arrival;
    desk.memory.begin(&claims.attempt);
    let attempt = raised(desk, claims)?;
    let (id, known) = match desk.memory.visits.take(&claims.visit) {
        Some((id, visit)) => (id, Some(visit)),
        None => (claims.visit.clone(), find(desk.db, claims)?),
    };
    let acked = known.as_ref().map_or(0, |it| it.acked);
    if has_parted(commit) {
        let row = (&claims.learner, &claims.visit, column(acked));
        desk.db.prepare_cached(sql!("drop_parts"))?.execute(row)?;
    }
    let (commit, is_whole) = completed(commit, acked, |seq| parts_of(desk.db, claims, seq))?;
    let course = match known {
        Some(_) => CourseSettings::default(),
        None => courses::find(desk.db, &claims.tenant, &attempt.row.course)?.settings,
    };
    let mut absorbed = Absorbed::new(known, arrival, &course, &commit, is_whole);
    let (refused, has_values) = put_changes(desk.db, claims, &attempt, &commit)?;

    absorbed.visit.heard(desk.memory.heard.contact(&claims.visit));
    let has_news = absorbed.has_news(has_values);
    if has_news {
        desk.memory.heard.drop_contact(&claims.visit);
        keep(desk.db, claims, &absorbed.visit)?;
        let stale = (&claims.learner, &attempt.row.course, &attempt.row.topic, &claims.tenant);
        desk.db.prepare_cached(sql!("put_stale"))?.execute(stale)?;
    } else {
        desk.memory.heard.note(&claims.visit, (absorbed.visit.contact_ms, absorbed.visit.live_ms));
    }
    let merged = Merged { has_news, ..absorbed.merged(arrival, refused, attempt.row.lease) };
    desk.memory.visits.put(id, absorbed.visit);
    desk.memory.merged(arrival, &merged);
    Ok(merged)
}

fn parts_of(db: &Connection, claims: &VisitClaims, seq: u64) -> Result<Vec<(u32, String)>, StoreError> {
    let mut query = db.prepare_cached(sql!("parts"))?;
    let key = (&claims.learner, &claims.visit, column(seq));
    let parts = query.query_map(key, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(parts.collect::<Result<_, _>>()?)
}

/// Keeps a part of a text.
pub(super) fn put_part(db: &Connection, claims: &VisitClaims, part: &ValuePart) -> Result<(), StoreError> {
    attempt_of(db, &claims.learner, &claims.attempt, &claims.tenant)?;
    let row = (&claims.learner, &claims.visit, column(part.seq), part.n, part.of, &part.text, MOST_WAITING);
    let is_kept = db.prepare_cached(sql!("put_part"))?.execute(row)? > 0;
    if is_kept { Ok(()) } else { Err(StoreError::TooManyParts) }
}

/// Keeps what a message changes beside its visit, each value if it is newer than what is there; answers what was
/// refused, and whether anything was newer.
fn put_changes(
    db: &Connection,
    claims: &VisitClaims,
    attempt: &Attempted,
    commit: &Commit,
) -> Result<(Vec<Refused>, bool), StoreError> {
    if commit.sessions.is_empty() && commit.shared.is_empty() {
        return Ok((Vec::new(), false));
    }
    let begun_since = if claims.lease < attempt.row.lease {
        let visits = visits_of(db, &claims.learner, &claims.attempt)?;
        begun(visits.iter().filter(|it| it.lease > claims.lease).map(|it| &it.raw))
    } else {
        Vec::new()
    };
    let changes = changes(commit, attempt.api, claims.mode, &begun_since);
    let mut has_values = false;
    for change in &changes.values {
        has_values |= put_value(db, claims, change)? > 0;
    }
    for (target, text, seq) in changes.shared {
        let scope = scope(&attempt.package, &claims.attempt);
        let row = (&claims.learner, scope, target, text, claims.opened_ms, claims.lease, column(seq));
        has_values |= db.prepare_cached(sql!("put_shared"))?.execute(row)? > 0;
    }
    Ok((changes.refused, has_values))
}

fn put_value(db: &Connection, claims: &VisitClaims, change: &Change<'_>) -> Result<usize, StoreError> {
    let key = (&claims.learner, &claims.attempt, change.activity, change.try_, change.element.as_ref());
    let (text, seq) = (change.text, column(change.seq));
    Ok(if change.is_conflict {
        let row = (key.0, key.1, key.2, key.3, key.4, &claims.visit, text, claims.lease, seq);
        db.prepare_cached(sql!("put_conflict"))?.execute(row)?
    } else {
        let row = (key.0, key.1, key.2, key.3, key.4, text, claims.lease, seq);
        db.prepare_cached(sql!("put_value"))?.execute(row)?
    })
}

/// Closes visits that nothing was heard of since `before_ms`: their sessions end with their last interval.
pub(super) fn close_silent(desk: &mut Desk<'_>, before_ms: i64) -> Result<usize, StoreError> {
    let db = desk.db;
    let silent = db
        .prepare_cached(sql!("silent_visits"))?
        .query_map([before_ms], |row| {
            Ok(VisitClaims {
                learner: row.get(0)?,
                visit: row.get(1)?,
                attempt: row.get(2)?,
                tenant: row.get(3)?,
                lease: row.get(4)?,
                opened_ms: 0,
                mode: seattime_wire::Mode::Continue,
                origin: None,
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut closed = 0;
    for claims in silent {
        desk.memory.begin(&claims.attempt);
        let noted = desk.memory.heard.contact(&claims.visit);
        desk.memory.heard.drop_contact(&claims.visit);
        desk.memory.visits.take(&claims.visit);
        let attempt = attempt_of(db, &claims.learner, &claims.attempt, &claims.tenant)?;
        let Some(mut visit) = find(db, &claims)? else { continue };
        visit.heard(noted);
        visit.is_open = visit.contact_ms >= before_ms;
        if !visit.is_open {
            let key = (&claims.learner, &claims.visit, column(visit.acked));
            db.prepare_cached(sql!("drop_parts"))?.execute(key)?;
            db.prepare_cached(sql!("note_closed"))?.execute([visit.contact_ms])?;
            closed += 1;
        }
        keep(db, &claims, &visit)?;
        let stale = (&claims.learner, &attempt.course, &attempt.topic, &claims.tenant);
        db.prepare_cached(sql!("put_stale"))?.execute(stale)?;
    }
    Ok(closed)
}
