//! The report's rows in PostgreSQL: derived when they are asked for, or when there is time.

use std::collections::BTreeMap;

use deadpool_postgres::Pool;
use tokio_postgres::Client;

use super::failure::{Failure, retried};
use super::fields::{Columns, Field, row, rows, run};
use super::reading::{activities, latest_values, package, visits_of};
use super::sql_here as sql;
use crate::store::rows::column;
use crate::store::standing::Gathered;
use crate::store::timeline::timeline;
use crate::store::{Learner, ReportLearner, ReportOf, ReportRow, ReportVisit, StoreError, VisitsOf};

/// So many rows are derived in one transaction; commits to the same rows wait for it.
const AT_ONCE: usize = 20;

/// Whose row it is: learner, course, topic and tenant.
type Stale = (String, String, String, String);

/// Derives up to `most` rows anew that commits have made stale; answers how many there were.
pub(super) async fn renew(
    pool: &Pool,
    tenant: Option<&str>,
    of: &ReportOf,
    most: usize,
) -> Result<usize, StoreError> {
    let found: Result<Vec<Stale>, StoreError> = retried!(tries => stale(pool, tenant, of, most));
    let found = found?;
    for some in found.chunks(AT_ONCE) {
        let done: Result<(), StoreError> = retried!(tries => derive(pool, some));
        done?;
    }
    Ok(found.len())
}

fn narrowed<'a>(tenant: Option<&'a str>, of: &'a ReportOf) -> [Field<'a>; 5] {
    [Field::Text(tenant), (&of.learner).into(), (&of.lms_id).into(), (&of.course).into(), (&of.topic).into()]
}

async fn stale(pool: &Pool, tenant: Option<&str>, of: &ReportOf, most: usize) -> Result<Vec<Stale>, Failure> {
    let db = pool.get().await?;
    let mut fields = Vec::from(narrowed(tenant, of));
    fields.push(column(most as u64).into());
    let mut found = Vec::new();
    for row in &rows(&db, sql!("stale"), &fields).await? {
        let mut it = Columns::of(row);
        found.push((it.text()?, it.text()?, it.text()?, it.text()?));
    }
    Ok(found)
}

async fn derive(pool: &Pool, stale: &[Stale]) -> Result<(), Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    for (learner, course, topic, tenant) in stale {
        let key = [learner.into(), course.into(), topic.into()];
        // Taken away first: a commit that comes later waits for this, and marks the row again.
        if run(db, sql!("drop_stale"), &key).await? == 0 {
            continue; // Another server has just derived it.
        }
        let (row, reporting) = gathered(db, learner, course, topic, tenant).await?.derived()?;
        let kept = serde_json::to_string(&row)?;
        let fields = [
            learner.into(),
            course.into(),
            topic.into(),
            tenant.into(),
            row.last_visit_ms.into(),
            (&kept).into(),
        ];
        run(db, sql!("put_standing"), &fields).await?;
        for (activity, it) in &reporting {
            let key = [learner, course, topic, activity, tenant].map(Field::from);
            let fields: Vec<_> = key.into_iter().chain(it.figures().map(Field::from)).collect();
            run(db, sql!("put_reporting"), &fields).await?;
        }
    }
    transaction.commit().await?;
    Ok(())
}

/// Everything that a row is derived from.
pub(super) async fn gathered(
    db: &Client,
    learner: &str,
    course: &str,
    topic: &str,
    tenant: &str,
) -> Result<Gathered, Failure> {
    let who = row(db, sql!("learner"), &[learner.into(), tenant.into()]).await?;
    let who = who.ok_or(StoreError::NotFound("learner"))?;
    let mut it = Columns::of(&who);
    let who = ReportLearner { id: it.text()?, name: it.text()? };
    let ids = attempts_of(db, learner, course, topic).await?;
    let mut attempts = Vec::new();
    for (id, number, _) in &ids {
        attempts.push((*number, visits_of(db, learner, id).await?));
    }
    let values = match ids.last() {
        Some((latest, number, _)) if *number > 0 => latest_values(db, learner, latest).await?,
        _ => BTreeMap::new(),
    };
    Ok(Gathered {
        learner: who,
        course: course.to_owned(),
        package: package(db, tenant, topic).await?,
        activities: activities(db, topic).await?,
        attempts,
        api: ids.into_iter().next_back().and_then(|it| it.2),
        values,
    })
}

/// A learner's attempts at a topic, by number: id, number, and the API that its values are named in.
async fn attempts_of(
    db: &Client,
    learner: &str,
    course: &str,
    topic: &str,
) -> Result<Vec<(String, u32, Option<String>)>, Failure> {
    let mut ids = Vec::new();
    let key = [learner.into(), course.into(), topic.into()];
    for row in &rows(db, sql!("attempts_of_topic"), &key).await? {
        let mut it = Columns::of(row);
        ids.push((it.text()?, it.count()?, it.some_text()?));
    }
    Ok(ids)
}

/// The visits of one row.
pub(super) async fn visits(pool: &Pool, tenant: &str, of: &VisitsOf) -> Result<Vec<ReportVisit>, Failure> {
    let db = pool.get().await?;
    let learner = match &of.learner {
        Learner::Id(id) => id.clone(),
        Learner::Lms(id) => {
            let found = row(&db, sql!("learner_of"), &[tenant.into(), id.into()]).await?;
            Columns::of(&found.ok_or(StoreError::NotFound("row"))?).text()?
        }
    };
    row(&db, sql!("package"), &[tenant.into(), (&of.topic).into()])
        .await?
        .ok_or(StoreError::NotFound("row"))?;
    let activities = activities(&db, &of.topic).await?;
    let mut visits = Vec::new();
    for (attempt, number, _) in attempts_of(&db, &learner, &of.course, &of.topic).await? {
        let of_attempt = visits_of(&db, &learner, &attempt).await?;
        visits.extend(of_attempt.iter().map(|it| timeline(it, number, &activities)));
    }
    Ok(visits)
}

/// The rows as they were derived last, the latest visit first.
pub(super) async fn list(pool: &Pool, tenant: &str, of: &ReportOf) -> Result<Vec<ReportRow>, Failure> {
    let db = pool.get().await?;
    let mut found = Vec::new();
    for row in &rows(&db, sql!("standings"), &narrowed(Some(tenant), of)).await? {
        let mut it = Columns::of(row);
        let row: ReportRow = serde_json::from_str(&it.text()?)?;
        found.push(ReportRow { topic_id: it.text()?, ..row });
    }
    Ok(found)
}
