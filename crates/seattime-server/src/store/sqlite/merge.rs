//! Merging commits in SQLite: whatever arrives, in any order and any number of times, the same state.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};
use seattime_core::attempt::{Ending, check, settled_status};
use seattime_wire::{Api, Commit, CommitReason, Mode, Policy, Receipt, Refused, Session, ValuePart};

use super::packages;
use super::sql_here as sql;
use super::visits::{insert, scope, values_of};
use crate::config::DEFAULT_POLICY;
use crate::store::figures::{Figures, Seen, derive};
use crate::store::raw::RawVisit;
use crate::store::standing::{AttemptFacts, Values, row, version};
use crate::store::{Arrival, Merged, ReportLearner, StoreError};
use crate::token::VisitClaims;

/// When visits were last heard of, live or not, where a message had no other news: such a message costs
/// no write. By visit, in ms since 1970.
pub(super) type Contacts = Mutex<HashMap<String, (i64, i64)>>;

/// So many parts of texts may wait in one visit for the commit that names them.
const MOST_WAITING: u32 = 1_024;

/// A visit's row.
struct Visit {
    policy: Policy,
    opened_ms: i64,
    contact_ms: i64,
    live_ms: i64,
    acked: u64,
    is_open: bool,
    raw: RawVisit,
}

fn find(db: &Connection, claims: &VisitClaims) -> Result<Option<Visit>, StoreError> {
    let found = db
        .prepare_cached(sql!("visit"))?
        .query_row((&claims.learner, &claims.visit, &claims.attempt, &claims.tenant), |row| {
            let times: (i64, i64, i64, i64) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok((row.get::<_, String>(0)?, times, row.get(5)?, row.get::<_, String>(6)?))
        })
        .optional()?;
    let Some((policy, (opened_ms, contact_ms, live_ms, acked), is_open, raw)) = found else {
        return Ok(None);
    };
    Ok(Some(Visit {
        policy: serde_json::from_str(&policy)?,
        opened_ms,
        contact_ms,
        live_ms,
        acked: acked.unsigned_abs(),
        is_open,
        raw: serde_json::from_str(&raw)?,
    }))
}

/// Keeps a visit's state, and what it comes to.
fn keep(db: &Connection, claims: &VisitClaims, visit: &Visit) -> Result<(), StoreError> {
    let seen = Seen {
        opened_ms: visit.opened_ms,
        contact_ms: visit.contact_ms,
        live_ms: visit.live_ms,
        is_closed: !visit.is_open,
    };
    let figures = derive(&visit.raw, &visit.policy, seen);
    db.prepare_cached(sql!("update_visit"))?.execute((
        &claims.learner,
        &claims.visit,
        visit.contact_ms,
        visit.live_ms,
        i64::try_from(visit.acked).unwrap_or(i64::MAX),
        visit.is_open,
        serde_json::to_string(&visit.raw)?,
        serde_json::to_string(&figures)?,
    ))?;
    Ok(())
}

/// An attempt's row.
struct Attempt {
    course: String,
    topic: String,
    lease: u32,
    api: Option<String>,
}

fn attempt_of(db: &Connection, claims: &VisitClaims) -> Result<Attempt, StoreError> {
    let found = db
        .prepare_cached(sql!("attempt"))?
        .query_row((&claims.learner, &claims.attempt, &claims.tenant), |row| {
            Ok(Attempt { course: row.get(0)?, topic: row.get(1)?, lease: row.get(3)?, api: row.get(4)? })
        })
        .optional()?;
    found.ok_or(StoreError::NotFound("attempt"))
}

pub(super) fn merge(db: &Connection, contacts: &Contacts, arrival: &Arrival) -> Result<Merged, StoreError> {
    let Arrival { claims, commit, received_ms, heartbeat_ms } = arrival;
    let mut attempt = attempt_of(db, claims)?;
    let known = find(db, claims)?;
    let is_unknown = known.is_none();
    let mut visit = match known {
        Some(visit) => visit,
        // Its row was lost, in a restored database perhaps; the token says enough to make it again.
        None => {
            insert(db, claims, &DEFAULT_POLICY)?;
            find(db, claims)?.ok_or(StoreError::NotFound("visit"))?
        }
    };
    let (commit, is_whole) = completed(db, claims, visit.acked, commit)?;
    let before = visit.raw.clone();
    visit.raw.merge(&commit, *received_ms);
    let package = packages::find(db, &claims.tenant, &attempt.topic)?.ok_or(StoreError::NotFound("topic"))?;
    let api = packages::api_of(attempt.api.take(), &package)?;
    let (refused, mut has_values) = values(db, claims, &attempt, api, &commit.sessions)?;
    // What is only looked at changes nothing that other attempts see.
    let is_only_looked_at = package.shares_with_all && matches!(claims.mode, Mode::Review | Mode::Browse);
    for (target, (text, seq)) in commit.shared.iter().filter(|_| !is_only_looked_at) {
        let scope = scope(&package, &claims.attempt);
        let seq = i64::try_from(*seq).unwrap_or(i64::MAX);
        let row = (&claims.learner, scope, target, text, claims.opened_ms, claims.lease, seq);
        has_values |= db.prepare_cached(sql!("put_shared"))?.execute(row)? > 0;
    }

    let mut noted = contacts.lock().unwrap_or_else(PoisonError::into_inner);
    let (contact_ms, live_ms) = noted.get(&claims.visit).copied().unwrap_or_default();
    visit.contact_ms = visit.contact_ms.max(contact_ms).max(*received_ms);
    visit.live_ms = visit.live_ms.max(live_ms);
    if commit.reason != CommitReason::Replay {
        visit.live_ms = visit.live_ms.max(*received_ms);
    }
    if !commit.partial && !is_unknown && is_whole {
        visit.acked = visit.acked.max(commit.seq);
    }
    if visit.raw == before && !has_values && visit.is_open && !is_unknown {
        noted.insert(claims.visit.clone(), (visit.contact_ms, visit.live_ms));
    } else {
        noted.remove(&claims.visit);
        visit.is_open = true;
        keep(db, claims, &visit)?;
        stand(db, claims, &attempt)?;
    }
    Ok(Merged {
        receipt: Receipt {
            acked: visit.acked,
            server_ms: *received_ms,
            token: None,
            refused,
            heartbeat_ms: *heartbeat_ms,
            need_full: (is_unknown || !is_whole) && !commit.partial,
        },
        is_superseded: claims.lease < attempt.lease,
    })
}

/// A message with the texts that travelled ahead of it, and whether all of them were there. Those that are
/// acknowledged are kept as values already, and their parts are dropped.
fn completed<'a>(
    db: &Connection,
    claims: &VisitClaims,
    acked: u64,
    commit: &'a Commit,
) -> Result<(Cow<'a, Commit>, bool), StoreError> {
    if commit.shared_parted.is_empty() && commit.sessions.iter().all(|it| it.parted.is_empty()) {
        return Ok((Cow::Borrowed(commit), true));
    }
    let acknowledged = i64::try_from(acked).unwrap_or(i64::MAX);
    db.prepare_cached(sql!("drop_parts"))?.execute((&claims.learner, &claims.visit, acknowledged))?;
    let mut whole = commit.clone();
    let mut is_whole = true;
    let mut text_of = |seq: u64| -> Result<Option<String>, StoreError> {
        let found = if seq > acked { joined(db, claims, seq)? } else { None };
        is_whole &= seq <= acked || found.is_some();
        Ok(found)
    };
    for session in &mut whole.sessions {
        for (element, seq) in std::mem::take(&mut session.parted) {
            if let Some(text) = text_of(seq)? {
                session.set.insert(element, (text, seq));
            }
        }
    }
    for (target, seq) in std::mem::take(&mut whole.shared_parted) {
        if let Some(text) = text_of(seq)? {
            whole.shared.insert(target, (text, seq));
        }
    }
    Ok((Cow::Owned(whole), is_whole))
}

/// A text from its parts, if all of them are there.
fn joined(db: &Connection, claims: &VisitClaims, seq: u64) -> Result<Option<String>, StoreError> {
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let parts = db
        .prepare_cached(sql!("parts"))?
        .query_map((&claims.learner, &claims.visit, seq), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(u32, String)>, _>>()?;
    let is_whole = parts.last().is_some_and(|it| it.0 as usize == parts.len());
    Ok(is_whole.then(|| parts.into_iter().map(|it| it.1).collect()))
}

/// Keeps a part of a text.
pub(super) fn put_part(db: &Connection, claims: &VisitClaims, part: &ValuePart) -> Result<(), StoreError> {
    attempt_of(db, claims)?;
    let seq = i64::try_from(part.seq).unwrap_or(i64::MAX);
    let row = (&claims.learner, &claims.visit, seq, part.n, part.of, &part.text, MOST_WAITING);
    let is_kept = db.prepare_cached(sql!("put_part"))?.execute(row)? > 0;
    if is_kept { Ok(()) } else { Err(StoreError::TooManyParts) }
}

/// Keeps the values of a message, each if it is newer than what is there; a bad one is refused alone.
/// From a stale lease, an activity's values are kept aside once a newer visit has begun it.
fn values(
    db: &Connection,
    claims: &VisitClaims,
    attempt: &Attempt,
    api: Api,
    sessions: &[Session],
) -> Result<(Vec<Refused>, bool), StoreError> {
    let mut refused = Vec::new();
    let mut has_news = false;
    for session in sessions {
        let is_conflict = claims.lease < attempt.lease && session.changes().next().is_some() && {
            let newer = begun_since(db, claims)?;
            newer.contains(&session.activity)
        };
        for (element, text, seq) in session.changes() {
            let element = element.as_ref();
            if let Err(code) = check(version(api), element, text) {
                refused.push(Refused { session: session.n, element: element.to_owned(), code });
                continue;
            }
            let seq = i64::try_from(seq).unwrap_or(i64::MAX);
            let key = (&claims.learner, &claims.attempt, &session.activity, session.try_, element);
            let changed = if is_conflict {
                let row = (key.0, key.1, key.2, key.3, key.4, &claims.visit, text, claims.lease, seq);
                db.prepare_cached(sql!("put_conflict"))?.execute(row)?
            } else {
                let row = (key.0, key.1, key.2, key.3, key.4, text, claims.lease, seq);
                db.prepare_cached(sql!("put_value"))?.execute(row)?
            };
            has_news |= changed > 0;
        }
    }
    Ok((refused, has_news))
}

/// The activities that visits with a newer lease have initialized.
fn begun_since(db: &Connection, claims: &VisitClaims) -> Result<Vec<String>, StoreError> {
    let mut begun = Vec::new();
    for (lease, _, _, figures) in visits_of(db, &claims.learner, &claims.attempt)? {
        if lease > claims.lease {
            begun.extend(figures.parts.into_iter().filter(|it| it.is_initialized).map(|it| it.activity));
        }
    }
    Ok(begun)
}

/// An attempt's visits: lease, opened, last heard of, and what each comes to.
fn visits_of(
    db: &Connection,
    learner: &str,
    attempt: &str,
) -> Result<Vec<(u32, i64, i64, Figures)>, StoreError> {
    let mut query = db.prepare_cached(sql!("visits_of_attempt"))?;
    let rows = query
        .query_map((learner, attempt), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter().map(|(a, b, c, figures)| Ok((a, b, c, serde_json::from_str(&figures)?))).collect()
}

/// Derives the report's row of the learner and topic anew.
fn stand(db: &Connection, claims: &VisitClaims, attempt: &Attempt) -> Result<(), StoreError> {
    let learner =
        db.prepare_cached(sql!("learner"))?.query_row((&claims.learner, &claims.tenant), |row| {
            Ok(ReportLearner { id: row.get(0)?, name: row.get(1)? })
        })?;
    let ids = db
        .prepare_cached(sql!("attempts_of_topic"))?
        .query_map((&claims.learner, &attempt.course, &attempt.topic), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<Vec<(String, u32, Option<String>)>, _>>()?;
    let mut attempts = Vec::new();
    for (id, number, _) in &ids {
        let visits = visits_of(db, &claims.learner, id)?;
        let visits = visits.into_iter().map(|(_, opened, heard, figures)| (opened, heard, figures)).collect();
        attempts.push(AttemptFacts { number: *number, visits });
    }
    let mut values: BTreeMap<String, Values> = BTreeMap::new();
    if let Some((latest, ..)) = ids.last().filter(|it| it.1 > 0) {
        let mut query = db.prepare_cached(sql!("latest_values"))?;
        let rows =
            query.query_map((&claims.learner, latest), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        for found in rows {
            let (activity, element, value): (String, String, String) = found?;
            values.entry(activity).or_default().insert(element, value);
        }
    }
    let activities = packages::activities(db, &attempt.topic)?;
    for activity in &activities {
        // Thresholds of the manifest decide with what content said.
        if let Some(values) = values.get_mut(&activity.id) {
            for (element, value) in &activity.defaults {
                values.entry(element.clone()).or_insert_with(|| value.clone());
            }
        }
    }
    let package = packages::find(db, &claims.tenant, &attempt.topic)?.ok_or(StoreError::NotFound("topic"))?;
    let api = packages::api_of(ids.into_iter().last().and_then(|it| it.2), &package)?;
    let row = row(learner, &attempt.course, &package.title, api, &activities, &attempts, &values);
    let kept = serde_json::to_string(&row)?;
    db.prepare_cached(sql!("put_standing"))?.execute((
        &claims.learner,
        &attempt.course,
        &attempt.topic,
        &claims.tenant,
        row.last_visit_ms,
        kept,
    ))?;
    Ok(())
}

/// Closes visits that nothing was heard of since `before_ms`: their sessions end with their last interval,
/// and what the standard settles at an end is settled.
pub(super) fn close_silent(
    db: &Connection,
    contacts: &Contacts,
    before_ms: i64,
) -> Result<usize, StoreError> {
    let silent = db
        .prepare_cached(sql!("silent_visits"))?
        .query_map([before_ms], |row| {
            let claims = VisitClaims {
                learner: row.get(0)?,
                visit: row.get(1)?,
                attempt: row.get(2)?,
                tenant: row.get(3)?,
                lease: row.get(4)?,
                opened_ms: 0,
                mode: seattime_wire::Mode::Continue,
            };
            Ok(claims)
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut closed = 0;
    for claims in silent {
        let noted = contacts.lock().unwrap_or_else(PoisonError::into_inner).remove(&claims.visit);
        let attempt = attempt_of(db, &claims)?;
        let Some(mut visit) = find(db, &claims)? else { continue };
        let (contact_ms, live_ms) = noted.unwrap_or_default();
        visit.contact_ms = visit.contact_ms.max(contact_ms);
        visit.live_ms = visit.live_ms.max(live_ms);
        visit.is_open = visit.contact_ms >= before_ms;
        if !visit.is_open {
            let acked = i64::try_from(visit.acked).unwrap_or(i64::MAX);
            db.prepare_cached(sql!("drop_parts"))?.execute((&claims.learner, &claims.visit, acked))?;
            settle(db, &claims, &attempt, &visit.raw)?;
            closed += 1;
        }
        keep(db, &claims, &visit)?;
        stand(db, &claims, &attempt)?;
    }
    Ok(closed)
}

/// 1.2: a session that nothing was heard of any more still has its mastery score applied.
fn settle(
    db: &Connection,
    claims: &VisitClaims,
    attempt: &Attempt,
    raw: &RawVisit,
) -> Result<(), StoreError> {
    const STATUS: &str = "cmi.core.lesson_status";
    let activities = packages::activities(db, &attempt.topic)?;
    let unended = raw.sessions.values().filter(|it| it.entry.is_some() && is_unended(it.state));
    for session in unended {
        let mut values = values_of(db, &claims.learner, &claims.attempt, &session.activity, session.try_)?;
        let defaults = activities.iter().filter(|it| it.id == session.activity).flat_map(|it| &it.defaults);
        for (element, value) in defaults {
            values.entry(element.clone()).or_insert_with(|| value.clone());
        }
        let Some(status) = settled_status(|name| values.get(name).map(String::as_str), Ending::Taken) else {
            continue;
        };
        let row =
            (&claims.learner, &claims.attempt, &session.activity, session.try_, STATUS, status, claims.lease);
        db.prepare_cached(sql!("settle_value"))?.execute(row)?;
    }
    Ok(())
}

fn is_unended(state: seattime_wire::SessionState) -> bool {
    matches!(state, seattime_wire::SessionState::Running | seattime_wire::SessionState::Left)
}
