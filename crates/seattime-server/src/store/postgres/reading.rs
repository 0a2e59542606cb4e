//! Rows of PostgreSQL, as what is decided about them wants them.

use std::collections::BTreeMap;
use std::sync::Arc;

use seattime_wire::SessionKind;
use tokio_postgres::{Client, Row};

use super::failure::Failure;
use super::fields::{Columns, Field, row, rows, texts};
use super::memory::Attempted;
use super::sql_here as sql;
use crate::store::opening::{LatestValues, lacks_outcomes};
use crate::store::record::{EarlierOutcomes, ValuesByTry, outcomes};
use crate::store::rows::{AttemptRow, LaunchRow, PackageRow, VisitRow, meaning};
use crate::store::standing::Values;
use crate::store::{ActivityRules, StoreError, StoredActivity};
use crate::token::VisitClaims;

/// A visit's row, and its version: whoever writes it says which one it read.
pub(super) type Versioned = (VisitRow, i64);

/// Learner and visit.
pub(super) type VisitKey = (String, String);

/// Learner, attempt and tenant.
pub(super) type AttemptKey = (String, String, String);

fn visit_of(row: &Row) -> Result<(VisitKey, Versioned), StoreError> {
    let mut it = Columns::of(row);
    let key = (it.text()?, it.text()?);
    let visit = VisitRow {
        policy: serde_json::from_str(&it.text()?)?,
        lease: it.count()?,
        opened_ms: it.long()?,
        contact_ms: it.long()?,
        live_ms: it.long()?,
        acked: it.long()?.unsigned_abs(),
        is_open: it.flag()?,
        raw: serde_json::from_str(&it.text()?)?,
    };
    Ok((key, (visit, it.long()?)))
}

/// Visits, by learner and id.
pub(super) async fn visits(
    db: &Client,
    wanted: &[&VisitClaims],
) -> Result<BTreeMap<VisitKey, Versioned>, Failure> {
    let found = rows(db, sql!("visit"), &named(wanted)).await?;
    Ok(found.iter().map(visit_of).collect::<Result<_, _>>()?)
}

/// The columns that name visits.
fn named<'a>(wanted: &[&'a VisitClaims]) -> [Field<'a>; 4] {
    [
        texts(wanted.iter().map(|it| it.learner.as_str())),
        texts(wanted.iter().map(|it| it.visit.as_str())),
        texts(wanted.iter().map(|it| it.attempt.as_str())),
        texts(wanted.iter().map(|it| it.tenant.as_str())),
    ]
}

/// Which version visits have now, by learner and id.
pub(super) async fn versions(
    db: &Client,
    wanted: &[&VisitClaims],
) -> Result<BTreeMap<VisitKey, i64>, Failure> {
    let fields = [
        texts(wanted.iter().map(|it| it.learner.as_str())),
        texts(wanted.iter().map(|it| it.visit.as_str())),
    ];
    let found = rows(db, sql!("version_of_visit"), &fields).await?;
    let versions = found.iter().map(|row| {
        let mut it = Columns::of(row);
        Ok(((it.text()?, it.text()?), it.long()?))
    });
    Ok(versions.collect::<Result<_, StoreError>>()?)
}

/// An attempt's visits, in the order of their leases.
pub(super) async fn visits_of(db: &Client, learner: &str, attempt: &str) -> Result<Vec<VisitRow>, Failure> {
    let found = rows(db, sql!("visits_of_attempt"), &[learner.into(), attempt.into()]).await?;
    let visits = found.iter().map(|it| visit_of(it).map(|it| it.1.0));
    Ok(visits.collect::<Result<_, _>>()?)
}

fn package_of(it: &mut Columns<'_>) -> Result<Option<PackageRow>, StoreError> {
    let (title, course, api) = (it.some_text()?, it.some_text()?, it.some_text()?);
    let Some(((title, course), api)) = title.zip(course).zip(api) else { return Ok(None) };
    Ok(Some(PackageRow {
        title,
        course,
        api: meaning(api)?,
        edition: it.count()?,
        shares_with_all: it.flag()?,
    }))
}

/// Attempts by learner, id and tenant, each with its package, if that is there.
pub(super) async fn attempts(
    db: &Client,
    wanted: &[(&str, &str, &str)],
) -> Result<BTreeMap<AttemptKey, Arc<Attempted>>, Failure> {
    let fields = [
        texts(wanted.iter().map(|it| it.0)),
        texts(wanted.iter().map(|it| it.1)),
        texts(wanted.iter().map(|it| it.2)),
    ];
    let mut attempts = BTreeMap::new();
    for row in &rows(db, sql!("attempt"), &fields).await? {
        let mut it = Columns::of(row);
        let key = (it.text()?, it.text()?, it.text()?);
        let row = AttemptRow {
            course: it.text()?,
            topic: it.text()?,
            number: it.count()?,
            lease: it.count()?,
            api: it.some_text()?,
        };
        attempts.insert(key, Arc::new(Attempted { row, package: package_of(&mut it)? }));
    }
    Ok(attempts)
}

/// An attempt with its package.
pub(super) async fn attempt(
    db: &Client,
    learner: &str,
    id: &str,
    tenant: &str,
) -> Result<(AttemptRow, PackageRow), Failure> {
    let found = attempts(db, &[(learner, id, tenant)]).await?.into_values().next();
    let found = Arc::into_inner(found.ok_or(StoreError::NotFound("attempt"))?);
    let Attempted { row, package } = found.ok_or(StoreError::NotFound("attempt"))?;
    Ok((row, package.ok_or(StoreError::NotFound("topic"))?))
}

/// A package.
pub(super) async fn package(db: &Client, tenant: &str, id: &str) -> Result<PackageRow, Failure> {
    Ok(find_package(db, tenant, id).await?.ok_or(StoreError::NotFound("topic"))?)
}

/// A package, if it is there.
pub(super) async fn find_package(db: &Client, tenant: &str, id: &str) -> Result<Option<PackageRow>, Failure> {
    let found = row(db, sql!("package"), &[tenant.into(), id.into()]).await?;
    let Some(found) = found else { return Ok(None) };
    Ok(package_of(&mut Columns::of(&found))?)
}

/// What can be launched in a package.
pub(super) async fn activities(db: &Client, package: &str) -> Result<Vec<StoredActivity>, Failure> {
    let mut activities = Vec::new();
    for row in &rows(db, sql!("activities"), &[package.into()]).await? {
        let mut it = Columns::of(row);
        let (id, title) = (it.text()?, it.text()?);
        let kind: SessionKind = meaning(it.text()?)?;
        activities.push(StoredActivity {
            id,
            title,
            kind,
            depth: it.count()?,
            href: it.text()?,
            defaults: serde_json::from_str(&it.text()?)?,
            objectives: serde_json::from_str(&it.text()?)?,
            data: serde_json::from_str(&it.text()?)?,
            is_visible: it.flag()?,
            missing_file: it.some_text()?,
            rules: ActivityRules::of(it.some_text()?)?,
        });
    }
    Ok(activities)
}

/// A launch.
pub(super) async fn launch(db: &Client, learner: &str, id: &str) -> Result<LaunchRow, Failure> {
    let found = row(db, sql!("launch"), &[learner.into(), id.into()]).await?;
    let found = found.ok_or(StoreError::NotFound("launch"))?;
    let mut it = Columns::of(&found);
    Ok(LaunchRow {
        learner: it.text()?,
        id: it.text()?,
        tenant: it.text()?,
        attempt: it.text()?,
        mode: it.text()?,
        return_url: it.some_text()?,
        made_ms: it.long()?,
        used_ms: it.some_long()?,
        is_strict: it.flag()?,
    })
}

/// What an attempt holds: per activity, number of the latest try that holds anything, and its values.
pub(super) async fn latest_values(
    db: &Client,
    learner: &str,
    attempt: &str,
) -> Result<LatestValues, Failure> {
    let mut values = LatestValues::new();
    for row in &rows(db, sql!("latest_values"), &[learner.into(), attempt.into()]).await? {
        let mut it = Columns::of(row);
        let (activity, try_) = (it.text()?, it.count()?);
        let of_activity = &mut values.entry(activity).or_insert_with(|| (try_, Values::new())).1;
        of_activity.insert(it.text()?, it.text()?);
    }
    Ok(values)
}

/// The values that an attempt's record is derived from; none where its pages sent outcomes.
pub(super) async fn record_values(
    db: &Client,
    learner: &str,
    attempt: &str,
    visits: &[VisitRow],
) -> Result<ValuesByTry, Failure> {
    if !lacks_outcomes(visits) {
        return Ok(ValuesByTry::new());
    }
    values_by_try(db, sql!("record_values"), learner, attempt).await
}

/// Values of an attempt, by activity and attempt on it, as a query finds them.
pub(super) async fn values_by_try(
    db: &Client,
    query: &str,
    learner: &str,
    attempt: &str,
) -> Result<ValuesByTry, Failure> {
    let mut values = ValuesByTry::new();
    for row in &rows(db, query, &[learner.into(), attempt.into()]).await? {
        let mut it = Columns::of(row);
        let (activity, try_) = (it.text()?, it.count()?);
        let of_try = values.entry(activity).or_default().entry(try_).or_default();
        of_try.insert(it.text()?, it.text()?);
    }
    Ok(values)
}

/// The outcomes that sessions of earlier pages left in an attempt.
pub(super) async fn earlier_of(
    db: &Client,
    learner: &str,
    attempt: &str,
) -> Result<EarlierOutcomes, Failure> {
    let found = row(db, sql!("earlier"), &[learner.into(), attempt.into()]).await?;
    let earlier = found.map(|it| Columns::of(&it).some_text()).transpose()?.flatten();
    Ok(outcomes(earlier)?)
}

/// Pairs of texts: element and value, or target and value.
pub(super) fn pairs(found: &[Row]) -> Result<Values, StoreError> {
    let pair = |row| {
        let mut it = Columns::of(row);
        Ok((it.text()?, it.text()?))
    };
    found.iter().map(pair).collect()
}
