//! The report's rows in PostgreSQL: derived when they are asked for, or when there is time.

use deadpool_postgres::Pool;
use tokio_postgres::{Client, Row};

use super::courses;
use super::failure::{Failure, retried};
use super::fields::{Columns, Field, row, rows, run};
use super::history;
use super::reading::{activities, find_package, record_values, visits_of};
use super::sql_here as sql;
use crate::store::listing::{Dialect, Given, SortKey, Statement, Whose, columns, listed};
use crate::store::record::{EarlierOutcomes, ValuesByTry, outcomes};
use crate::store::standing::{Derived, Gathered, GatheredAttempt, Held, STANDINGS_AT_ONCE};
use crate::store::timeline::timeline;
use crate::store::{
    Learner, ReportLearner, ReportOf, ReportPage, ReportRow, ReportVisit, Sight, StoreError, VisitsOf,
};

/// So many rows are derived in one transaction; commits to the same rows wait for it.
const AT_ONCE: usize = 20;

/// Whose row it is: learner, course, topic and tenant.
type Stale = (String, String, String, String);

async fn all(db: &Client, statement: &Statement<'_>) -> Result<Vec<Row>, Failure> {
    let fields = statement.given.iter().map(|it| match it {
        Given::Text(text) => Field::from(&**text),
        Given::Number(number) => Field::from(*number),
    });
    rows(db, &statement.text, &fields.collect::<Vec<_>>()).await
}

/// Our id of the learner whom a report is narrowed to; outside, none where there is no such learner, or none that is seen.
pub(super) async fn learner_of(
    pool: &Pool,
    (tenant, sight): (&str, &Sight),
    of: &ReportOf,
) -> Result<Option<Option<String>>, Failure> {
    let Some(lms_id) = &of.lms_id else { return Ok(sight.narrowed(None)) };
    let db = pool.get().await?;
    let found = row(&db, sql!("learner_of"), &[tenant.into(), lms_id.into()]).await?;
    let Some(found) = found else { return Ok(None) };
    Ok(sight.narrowed(Some(Columns::of(&found).text()?)))
}

/// Derives some rows anew that commits have made stale of what a report is narrowed to; answers how many there were.
pub(super) async fn renew_some(
    pool: &Pool,
    whose: Whose<'_>,
    of: &ReportOf,
    now_ms: i64,
) -> Result<usize, StoreError> {
    let stale = Statement::stale(Dialect::Postgres, Some((whose, of)), STANDINGS_AT_ONCE);
    renew(pool, &stale, now_ms).await
}

/// Derives up to `most` rows anew, whosever they are; answers how many there were.
pub(super) async fn renew_any(pool: &Pool, most: usize, now_ms: i64) -> Result<usize, StoreError> {
    renew(pool, &Statement::stale(Dialect::Postgres, None, most), now_ms).await
}

async fn renew(pool: &Pool, stale: &Statement<'_>, now_ms: i64) -> Result<usize, StoreError> {
    let found: Result<Vec<Stale>, StoreError> = retried!(tries => find_stale(pool, stale));
    let found = found?;
    for some in found.chunks(AT_ONCE) {
        let done: Result<(), StoreError> = retried!(tries => derive(pool, some, now_ms));
        done?;
    }
    Ok(found.len())
}

async fn find_stale(pool: &Pool, stale: &Statement<'_>) -> Result<Vec<Stale>, Failure> {
    let db = pool.get().await?;
    let mut found = Vec::new();
    for row in &all(&db, stale).await? {
        let mut it = Columns::of(row);
        found.push((it.text()?, it.text()?, it.text()?, it.text()?));
    }
    Ok(found)
}

async fn derive(pool: &Pool, stale: &[Stale], now_ms: i64) -> Result<(), Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    for (learner, course, topic, tenant) in stale {
        let key = [learner.into(), course.into(), topic.into()];
        // Taken away first: a commit that comes later waits for this, and marks the row again.
        if run(db, sql!("drop_stale"), &key).await? == 0 {
            continue; // Another server has just derived it.
        }
        let gathered = gathered(db, learner, course, topic, tenant).await?;
        let Derived { row, reporting } = gathered.derived(now_ms)?;
        match row {
            Some(row) => put(db, [learner, course, topic, tenant], &row).await?,
            None => drop(run(db, sql!("drop_standing"), &key).await?),
        }
        for (activity, it) in &reporting {
            let key = [learner, course, topic, activity, tenant].map(Field::from);
            let fields: Vec<_> = key.into_iter().chain(it.figures().map(Field::from)).collect();
            run(db, sql!("put_reporting"), &fields).await?;
        }
    }
    transaction.commit().await?;
    Ok(())
}

async fn put(db: &Client, key: [&String; 4], row: &ReportRow) -> Result<(), Failure> {
    let (columns, kept) = (columns(row), serde_json::to_string(row)?);
    let columns = columns.iter().map(|it| match it {
        SortKey::Number(number) => Field::from(*number),
        SortKey::Text(text) => Field::from(text),
    });
    let fields: Vec<_> = key.map(Field::from).into_iter().chain(columns).chain([(&kept).into()]).collect();
    run(db, sql!("put_standing"), &fields).await?;
    Ok(())
}

/// How many rows of what a report is narrowed to are stale.
pub(super) async fn count_stale(pool: &Pool, whose: Whose<'_>, of: &ReportOf) -> Result<usize, Failure> {
    let db = pool.get().await?;
    let found = all(&db, &Statement::stale_count(Dialect::Postgres, whose, of)).await?;
    let count = found.first().map(|it| Columns::of(it).long()).transpose()?;
    Ok(count.and_then(|it| usize::try_from(it).ok()).unwrap_or(0))
}

/// A page of the report's rows, as they were derived last.
pub(super) async fn page(
    pool: &Pool,
    whose: Whose<'_>,
    of: &ReportOf,
    stale: usize,
) -> Result<ReportPage, Failure> {
    let db = pool.get().await?;
    let mut found = Vec::new();
    for row in &all(&db, &Statement::page(Dialect::Postgres, whose, of)).await? {
        let mut it = Columns::of(row);
        let (kept, whose) = (it.text()?, (it.text()?, it.text()?, it.text()?));
        let key = if of.sort.is_text() { SortKey::Text(it.text()?) } else { SortKey::Number(it.long()?) };
        found.push(listed(&kept, whose, key, of)?);
    }
    Ok(ReportPage::of(found, of.limit, stale))
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
    let mut attempts = Vec::new();
    for (id, number, api, earlier) in attempts_of(db, learner, course, topic).await? {
        let key = [learner.into(), (&id).into()];
        // Both at once: the second needs no round trip of its own.
        let (visits, conflicts) =
            tokio::try_join!(visits_of(db, learner, &id), row(db, sql!("conflicts"), &key))?;
        let values = match number {
            0 => ValuesByTry::new(),
            _ => record_values(db, learner, &id, &visits).await?,
        };
        let conflicts = conflicts.map(|it| Columns::of(&it).count()).transpose()?.unwrap_or(0);
        attempts.push(GatheredAttempt { number, visits, held: Held { api, values, earlier }, conflicts });
    }
    let (in_course, in_row) =
        ([learner.into(), course.into()], [learner.into(), course.into(), topic.into()]);
    let (enrolled, before, groups, package, activities, history, settings) = tokio::try_join!(
        row(db, sql!("enrolment"), &in_course),
        row(db, sql!("standing"), &in_row),
        groups_of(db, learner),
        find_package(db, tenant, topic),
        activities(db, topic),
        history::find(db, learner, topic),
        courses::find(db, tenant, course)
    )?;
    Ok(Gathered {
        learner: who,
        course: course.to_owned(),
        package,
        activities,
        history: history.filter(|it| it.course == course),
        attempts,
        groups,
        is_enrolled: enrolled.is_some(),
        before: before.map(|it| Columns::of(&it).text()).transpose()?,
        policy: settings.settings.records(),
    })
}

/// The groups that a learner is in.
pub(super) async fn groups_of(db: &Client, learner: &str) -> Result<Vec<String>, Failure> {
    let found = rows(db, sql!("groups"), &[learner.into()]).await?;
    Ok(found.iter().map(|it| Columns::of(it).text()).collect::<Result<_, _>>()?)
}

/// An attempt: id, number, the API that its values are named in, and the outcomes that earlier pages left.
type AttemptColumns = (String, u32, Option<String>, EarlierOutcomes);

/// A learner's attempts at a topic, by number.
async fn attempts_of(
    db: &Client,
    learner: &str,
    course: &str,
    topic: &str,
) -> Result<Vec<AttemptColumns>, Failure> {
    let mut ids = Vec::new();
    let key = [learner.into(), course.into(), topic.into()];
    for row in &rows(db, sql!("attempts_of_topic"), &key).await? {
        let mut it = Columns::of(row);
        let (id, number, api) = (it.text()?, it.count()?, it.some_text()?);
        ids.push((id, number, api, outcomes(it.some_text()?)?));
    }
    Ok(ids)
}

/// The visits of one row.
pub(super) async fn visits(
    pool: &Pool,
    (tenant, sight): (&str, &Sight),
    of: &VisitsOf,
) -> Result<Vec<ReportVisit>, Failure> {
    let db = pool.get().await?;
    let learner = match &of.learner {
        Learner::Id(id) => id.clone(),
        Learner::Lms(id) => {
            let found = row(&db, sql!("learner_of"), &[tenant.into(), id.into()]).await?;
            Columns::of(&found.ok_or(StoreError::NotFound("row"))?).text()?
        }
    };
    if !sight.sees(&learner, &groups_of(&db, &learner).await?) {
        return Err(StoreError::NotFound("row").into());
    }
    row(&db, sql!("package"), &[tenant.into(), (&of.topic).into()])
        .await?
        .ok_or(StoreError::NotFound("row"))?;
    let activities = activities(&db, &of.topic).await?;
    let mut visits = Vec::new();
    for (attempt, number, ..) in attempts_of(&db, &learner, &of.course, &of.topic).await? {
        let of_attempt = visits_of(&db, &learner, &attempt).await?;
        visits.extend(of_attempt.iter().map(|it| timeline(it, number, &activities)));
    }
    Ok(visits)
}
