//! What an LMS kept before its courses ran here, in PostgreSQL.

use deadpool_postgres::Pool;
use tokio_postgres::Client;

use super::failure::Failure;
use super::fields::{Columns, row, rows, run};
use super::launches;
use super::reading::{find_package, visits_of};
use super::sql_here as sql;
use super::writing::put_stale;
use crate::store::history::{HistoryRow, named};
use crate::store::{History, HistoryKept, NewLearner};

/// Keeps rows; answers what became of each.
pub(super) async fn keep(
    pool: &Pool,
    tenant: &str,
    rows: &[History],
    now_ms: i64,
) -> Result<Vec<HistoryKept>, Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    // By learner, so that no two of these wait for each other.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|n| rows.get(*n).map(|it| &it.learner.lms_id));
    let mut kept = Vec::with_capacity(rows.len());
    for n in order {
        if let Some(it) = rows.get(n) {
            kept.push((n, keep_one(db, tenant, it, now_ms).await?));
        }
    }
    transaction.commit().await?;
    kept.sort_unstable_by_key(|it| it.0);
    Ok(kept.into_iter().map(|it| it.1).collect())
}

async fn keep_one(db: &Client, tenant: &str, history: &History, now_ms: i64) -> Result<HistoryKept, Failure> {
    let called = named(&history.learner, kept_name(db, tenant, &history.learner).await?);
    let learner = launches::learner(db, tenant, &called, uuid::Uuid::new_v4().to_string(), now_ms).await?;
    let package = find_package(db, tenant, &history.topic).await?;
    let given = HistoryRow::of(history, package.map(|it| it.course));
    let mut earlier = Vec::new();
    for topic in history.kept_as.iter().filter(|it| **it != history.topic) {
        earlier.extend(find(db, &learner, topic).await?);
    }
    let before = HistoryRow::known(find(db, &learner, &given.topic).await?, &earlier);
    if before.as_ref() == Some(&given) && earlier.is_empty() {
        return Ok(HistoryKept::Same);
    }
    let has_begun = before.is_some() && has_begun(db, &learner, &given.topic).await?;
    let (kept, answer) = given.after(before.clone(), has_begun);
    for it in &earlier {
        run(db, sql!("drop_history"), &[(&learner).into(), (&it.topic).into()]).await?;
    }
    let is_changed = before.as_ref() != Some(&kept);
    if is_changed {
        let fields = [
            (&learner).into(),
            (&kept.topic).into(),
            tenant.into(),
            (&kept.course).into(),
            (&kept.title).into(),
            (&kept.kind).into(),
            kept.time_ms.into(),
            kept.attempts.into(),
            now_ms.into(),
        ];
        run(db, sql!("put_history"), &fields).await?;
    }
    let changed = before.iter().chain([&kept]).filter(|_| is_changed);
    let mut stale: Vec<_> = changed
        .chain(&earlier)
        .map(|it| (learner.as_str(), it.course.as_str(), it.topic.as_str(), tenant))
        .collect();
    stale.sort_unstable();
    stale.dedup();
    put_stale(db, stale).await?;
    Ok(answer)
}

/// The name that is kept of a learner, if there is one.
async fn kept_name(db: &Client, tenant: &str, called: &NewLearner) -> Result<Option<String>, Failure> {
    let Some(known) = row(db, sql!("learner_of"), &[tenant.into(), (&called.lms_id).into()]).await? else {
        return Ok(None);
    };
    let id = Columns::of(&known).text()?;
    let Some(found) = row(db, sql!("learner"), &[(&id).into(), tenant.into()]).await? else {
        return Ok(None);
    };
    let mut it = Columns::of(&found);
    it.text()?;
    Ok(Some(it.text()?))
}

/// What is kept of a learner and topic.
pub(super) async fn find(db: &Client, learner: &str, topic: &str) -> Result<Option<HistoryRow>, Failure> {
    let Some(found) = row(db, sql!("history"), &[learner.into(), topic.into()]).await? else {
        return Ok(None);
    };
    let mut it = Columns::of(&found);
    Ok(Some(HistoryRow {
        topic: it.text()?,
        course: it.text()?,
        title: it.text()?,
        kind: it.text()?,
        time_ms: it.long()?,
        attempts: it.count()?,
    }))
}

/// Whether a learner has a visit to a topic that counts, in any course.
async fn has_begun(db: &Client, learner: &str, topic: &str) -> Result<bool, Failure> {
    for attempt in &rows(db, sql!("attempts_that_count"), &[learner.into(), topic.into()]).await? {
        let attempt = Columns::of(attempt).text()?;
        if visits_of(db, learner, &attempt).await?.iter().any(|it| it.figures().counts) {
            return Ok(true);
        }
    }
    Ok(false)
}
