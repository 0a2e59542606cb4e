//! Judging what is kept by another policy, in PostgreSQL. Servers may run beside: whoever read a visit before its
//! policy changed reads it again.

use std::collections::BTreeMap;

use deadpool_postgres::Pool;
use seattime_wire::Policy;
use tokio_postgres::Client;

use super::courses;
use super::failure::Failure;
use super::fields::{Columns, row, rows, run};
use super::sql_here as sql;
use super::standings::gathered;
use super::writing::put_stale;
use crate::store::judging::{Judged, JudgedOf, JudgedRows, Judging, RowKey};
use crate::store::rows::column;

/// Judges up to `most` rows that come after a key.
pub(super) async fn judge(
    pool: &Pool,
    tenant: &str,
    of: &JudgedOf,
    judging: &Judging,
    (after, most): (&RowKey, usize),
) -> Result<JudgedRows, Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    let fields = [
        tenant.into(),
        (&of.lms_id).into(),
        (&of.course).into(),
        (&after.learner).into(),
        (&after.course).into(),
        (&after.topic).into(),
        column(most as u64).into(),
    ];
    let mut found = Vec::new();
    for key in &rows(db, sql!("rows_to_judge"), &fields).await? {
        let mut it = Columns::of(key);
        found.push(RowKey { learner: it.text()?, course: it.text()?, topic: it.text()? });
    }
    let (mut judged, mut policies) = (Vec::new(), BTreeMap::new());
    for key in &found {
        let policy = match policies.get(&key.course) {
            Some(policy) => *policy,
            None => {
                let course = courses::find(db, tenant, &key.course).await?.settings;
                *policies.entry(&key.course).or_insert(course.over(judging.policy))
            }
        };
        let gathered = gathered(db, &key.learner, &key.course, &key.topic, tenant).await?;
        let in_row = [(&key.learner).into(), (&key.course).into(), (&key.topic).into()];
        let is_stale = row(db, sql!("is_stale"), &in_row).await?.is_some();
        let Some(found) = Judged::of(&gathered, policy, is_stale)? else { continue };
        if !judging.is_dry {
            keep(db, tenant, key, &found, (policy, judging)).await?;
        }
        judged.push(found);
    }
    transaction.commit().await?;
    Ok(JudgedRows { judged, seen: found.len(), last: found.into_iter().next_back() })
}

async fn keep(
    db: &Client,
    tenant: &str,
    key: &RowKey,
    row: &Judged,
    (policy, judging): (Policy, &Judging),
) -> Result<(), Failure> {
    let RowKey { learner, course, topic } = key;
    let policy = serde_json::to_string(&policy)?;
    let fields = [learner.into(), course.into(), topic.into(), (&policy).into()];
    run(db, sql!("judge_visits"), &fields).await?;
    put_stale(db, vec![(learner, course, topic, tenant)]).await?;
    let id = uuid::Uuid::new_v4().to_string();
    let (was, became) = (serde_json::to_string(&row.before)?, serde_json::to_string(&row.after)?);
    let fields = [
        learner.into(),
        (&id).into(),
        tenant.into(),
        judging.now_ms.into(),
        (&judging.who).into(),
        "recompute".into(),
        course.into(),
        topic.into(),
        (&was).into(),
        (&became).into(),
    ];
    run(db, sql!("put_audit"), &fields).await?;
    Ok(())
}
