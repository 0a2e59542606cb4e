//! What an LMS kept before its courses ran here, in PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};

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
    // By learner, so that no two of these wait for each other, and each learner is found once.
    let mut order: Vec<(usize, &History)> = rows.iter().enumerate().collect();
    order.sort_by_key(|it| &it.1.learner.lms_id);
    let mut keeping = Keeping { db, tenant, now_ms, courses: BTreeMap::new(), stale: BTreeSet::new() };
    let mut learner: Option<(&NewLearner, String)> = None;
    let mut kept = Vec::with_capacity(rows.len());
    for (n, history) in order {
        let id = match learner.take() {
            Some((called, id)) if *called == history.learner => id,
            _ => keeping.learner(&history.learner).await?,
        };
        kept.push((n, keeping.keep(&id, history).await?));
        learner = Some((&history.learner, id));
    }
    let stale =
        keeping.stale.iter().map(|(learner, course, topic)| (&**learner, &**course, &**topic, tenant));
    put_stale(db, stale.collect()).await?;
    transaction.commit().await?;
    kept.sort_unstable_by_key(|it| it.0);
    Ok(kept.into_iter().map(|it| it.1).collect())
}

/// Rows that are kept in one transaction.
struct Keeping<'a> {
    db: &'a Client,
    tenant: &'a str,
    now_ms: i64,
    /// Of each topic that was met, the course of its package, if that is there.
    courses: BTreeMap<String, Option<String>>,
    /// Rows of the report that are to be derived anew: learner, course and topic.
    stale: BTreeSet<(String, String, String)>,
}

impl Keeping<'_> {
    /// Our id of a learner.
    async fn learner(&self, told: &NewLearner) -> Result<String, Failure> {
        let called = named(told, kept_name(self.db, self.tenant, told).await?);
        let id = uuid::Uuid::new_v4().to_string();
        launches::learner(self.db, self.tenant, &called, id, self.now_ms).await
    }

    async fn course(&mut self, topic: &str) -> Result<Option<String>, Failure> {
        if let Some(known) = self.courses.get(topic) {
            return Ok(known.clone());
        }
        let found = find_package(self.db, self.tenant, topic).await?.map(|it| it.course);
        self.courses.insert(topic.to_owned(), found.clone());
        Ok(found)
    }

    async fn keep(&mut self, learner: &str, history: &History) -> Result<HistoryKept, Failure> {
        let db = self.db;
        let given = HistoryRow::of(history, self.course(&history.topic).await?);
        let mut earlier = Vec::new();
        for topic in history.kept_as.iter().filter(|it| **it != history.topic) {
            earlier.extend(find(db, learner, topic).await?);
        }
        let before = HistoryRow::known(find(db, learner, &given.topic).await?, &earlier);
        if before.as_ref() == Some(&given) && earlier.is_empty() {
            return Ok(HistoryKept::Same);
        }
        let has_begun = has_begun(db, learner, &given.topic).await?;
        let (kept, answer) = given.after(before.clone(), has_begun, history.even_begun);
        for it in &earlier {
            run(db, sql!("drop_history"), &[learner.into(), (&it.topic).into()]).await?;
            self.stale(learner, it);
        }
        if let Some(kept) = kept.filter(|it| before.as_ref() != Some(it)) {
            let fields = [
                learner.into(),
                (&kept.topic).into(),
                self.tenant.into(),
                (&kept.course).into(),
                (&kept.title).into(),
                (&kept.kind).into(),
                kept.time_ms.into(),
                kept.attempts.into(),
                self.now_ms.into(),
            ];
            run(db, sql!("put_history"), &fields).await?;
            before.iter().chain([&kept]).for_each(|it| self.stale(learner, it));
        }
        Ok(answer)
    }

    fn stale(&mut self, learner: &str, row: &HistoryRow) {
        self.stale.insert((learner.to_owned(), row.course.clone(), row.topic.clone()));
    }
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
