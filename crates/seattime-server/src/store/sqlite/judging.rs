//! Judging what is kept by another policy, in SQLite. A server may run beside: what it remembers of a visit, it never
//! writes the policy of.

use std::collections::BTreeMap;

use rusqlite::Connection;
use seattime_wire::Policy;

use super::courses;
use super::sql_here as sql;
use super::standings::gathered;
use crate::store::StoreError;
use crate::store::judging::{Judged, JudgedOf, JudgedRows, Judging, RowKey};
use crate::store::rows::column;

/// Judges up to `most` rows that come after a key.
pub(super) fn judge(
    db: &Connection,
    tenant: &str,
    of: &JudgedOf,
    judging: &Judging,
    (after, most): (&RowKey, usize),
) -> Result<JudgedRows, StoreError> {
    let found = db
        .prepare_cached(sql!("rows_to_judge"))?
        .query_map(
            (
                tenant,
                &of.lms_id,
                &of.course,
                &after.learner,
                &after.course,
                &after.topic,
                column(most as u64),
            ),
            |row| Ok(RowKey { learner: row.get(0)?, course: row.get(1)?, topic: row.get(2)? }),
        )?
        .collect::<Result<Vec<_>, _>>()?;
    let (mut judged, mut policies) = (Vec::new(), BTreeMap::new());
    for key in &found {
        let policy = match policies.get(&key.course) {
            Some(policy) => *policy,
            None => {
                let course = courses::find(db, tenant, &key.course)?.settings;
                *policies.entry(&key.course).or_insert(course.over(judging.policy))
            }
        };
        let gathered = gathered(db, &key.learner, &key.course, &key.topic, tenant)?;
        let is_stale =
            db.prepare_cached(sql!("is_stale"))?.exists((&key.learner, &key.course, &key.topic))?;
        let Some(row) = Judged::of(&gathered, policy, is_stale)? else { continue };
        if !judging.is_dry {
            keep(db, tenant, key, &row, (policy, judging))?;
        }
        judged.push(row);
    }
    Ok(JudgedRows { judged, seen: found.len(), last: found.into_iter().next_back() })
}

fn keep(
    db: &Connection,
    tenant: &str,
    key: &RowKey,
    row: &Judged,
    (policy, judging): (Policy, &Judging),
) -> Result<(), StoreError> {
    let RowKey { learner, course, topic } = key;
    let policy = serde_json::to_string(&policy)?;
    db.prepare_cached(sql!("judge_visits"))?.execute((learner, course, topic, policy))?;
    db.prepare_cached(sql!("put_stale"))?.execute((learner, course, topic, tenant))?;
    db.prepare_cached(sql!("put_audit"))?.execute((
        learner,
        uuid::Uuid::new_v4().to_string(),
        tenant,
        judging.now_ms,
        &judging.who,
        "recompute",
        course,
        topic,
        serde_json::to_string(&row.before)?,
        serde_json::to_string(&row.after)?,
    ))?;
    Ok(())
}
