//! Opening visits in PostgreSQL, and closing those that nothing is heard of.

use std::collections::BTreeMap;

use deadpool_postgres::Pool;
use seattime_wire::{Mode, Policy};
use tokio_postgres::Client;

use super::courses;
use super::failure::{Failure, retried};
use super::fields::{Columns, row, rows, run};
use super::reading::{activities, attempt, latest_values, launch, pairs, visits, visits_of};
use super::sql_here as sql;
use super::writing::{Kept, Versions, drop_parts, outdate_visits, put_stale, put_visits};
use crate::store::merging::{SETTLED_ELEMENT, scope, settled};
use crate::store::opening::{Facts, check_code, origin, told};
use crate::store::rows::{LaunchRow, VisitRow, column};
use crate::store::standing::Values;
use crate::store::{Opened, Opening, StoreError};
use crate::token::VisitClaims;

/// Opens a visit with the id `visit`; with `is_repeated` that may be done, and only the answer was lost.
pub(super) async fn open(
    pool: &Pool,
    opening: &Opening,
    policy: &Policy,
    (visit, now_ms): (&str, i64),
    is_repeated: bool,
) -> Result<Opened, Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    let launch = find_launch(db, opening).await?;
    let before = VisitClaims {
        tenant: launch.tenant.clone(),
        learner: launch.learner.clone(),
        attempt: launch.attempt.clone(),
        visit: visit.to_owned(),
        lease: 0,
        opened_ms: now_ms,
        mode: Mode::Continue,
        origin: None,
    };
    // Before anything else is locked, as commits do, so that neither waits for the other.
    run(db, sql!("stale_attempt"), &[(&launch.learner).into(), (&launch.attempt).into()]).await?;
    let kept = if is_repeated { visits(db, &[&before]).await?.into_values().next() } else { None };
    if kept.is_none() && matches!(opening, Opening::Code(_)) {
        check_code(&launch, now_ms)?;
        let fields = [(&launch.learner).into(), (&launch.id).into(), now_ms.into()];
        // Of two that come with the same code at once, the second one waits here, and finds it used.
        if run(db, sql!("use_launch"), &fields).await? == 0 {
            return Err(StoreError::LaunchUsed.into());
        }
    }
    let lease = match &kept {
        Some((kept, _)) => kept.lease,
        None => {
            let fields = [(&launch.learner).into(), (&launch.attempt).into(), now_ms.into()];
            let taken = row(db, sql!("take_lease"), &fields).await?;
            let attempt = (launch.learner.as_str(), launch.attempt.as_str());
            outdate_visits(db, std::iter::once(attempt)).await?;
            Columns::of(&taken.ok_or(StoreError::NotFound("attempt"))?).count()?
        }
    };
    // From here on the attempt is locked: what earlier visits were acknowledged is there to be read.
    let (attempt, package) = attempt(db, &launch.learner, &launch.attempt, &launch.tenant).await?;
    let fields = [(&launch.learner).into(), (&launch.tenant).into()];
    // Both at once: the second costs no journey of its own.
    let (learner, course) = tokio::try_join!(
        row(db, sql!("learner"), &fields),
        courses::find(db, &launch.tenant, &attempt.course)
    )?;
    let course = course.settings;
    let learner = learner.ok_or(StoreError::NotFound("learner"))?;
    let mut it = Columns::of(&learner);
    let (lms_id, name) = (it.text()?, it.text()?);
    let earlier = visits_of(db, &launch.learner, &launch.attempt).await?;
    let earlier: Vec<VisitRow> = earlier.into_iter().filter(|it| it.lease != lease).collect();
    let facts = Facts {
        launch: &launch,
        attempt: &attempt,
        package: &package,
        learner: (&lms_id, &name),
        visits: &earlier,
        values: &latest_values(db, &launch.learner, &launch.attempt).await?,
    };
    let told = told(&facts, activities(db, &attempt.topic).await?)?;
    let origin = origin(&attempt, (&lms_id, &name));
    let claims = VisitClaims { lease, mode: told.mode, origin, ..before };
    let policy = kept.as_ref().map_or_else(|| course.over(*policy), |it| it.0.policy);
    if kept.is_none() {
        let made = VisitRow::new(policy, lease, now_ms);
        put_visits(db, &[Kept { claims: &claims, visit: &made, read: None }], Versions::random()).await?;
    }
    let scope = scope(&package, &claims.attempt);
    let shared = rows(db, sql!("shared"), &[(&claims.learner).into(), scope.into()]).await?;
    let shared = pairs(&shared)?;
    transaction.commit().await?;
    Ok(told.opened(claims, (policy, course), shared, (launch, attempt, package)))
}

async fn find_launch(db: &Client, opening: &Opening) -> Result<LaunchRow, Failure> {
    match opening {
        Opening::Code(hash) => {
            let code = row(db, sql!("launch_by_code"), &[hash.into()]).await?;
            let code = code.ok_or(StoreError::NotFound("launch"))?;
            let mut it = Columns::of(&code);
            launch(db, &it.text()?, &it.text()?).await
        }
        Opening::Launch { tenant, learner, launch: id } => {
            let found = launch(db, learner, id).await?;
            if found.tenant == *tenant { Ok(found) } else { Err(StoreError::NotFound("launch").into()) }
        }
    }
}

/// So many visits are closed in one transaction.
const CLOSED_AT_ONCE: usize = 50;

/// Closes visits that nothing was heard of since `before_ms`: their sessions end with their last interval, and what
/// the standard settles at an end is settled. Each is closed by one server only.
pub(super) async fn close_silent(pool: &Pool, before_ms: i64) -> Result<usize, StoreError> {
    let silent: Result<Vec<VisitClaims>, StoreError> = retried!(tries => silent(pool, before_ms));
    let mut closed = 0;
    for some in silent?.chunks(CLOSED_AT_ONCE) {
        let now: Result<usize, StoreError> = retried!(tries => close(pool, some, before_ms));
        closed += now?;
    }
    Ok(closed)
}

async fn silent(pool: &Pool, before_ms: i64) -> Result<Vec<VisitClaims>, Failure> {
    let db = pool.get().await?;
    let mut silent = Vec::new();
    for row in &rows(&db, sql!("silent_visits"), &[before_ms.into()]).await? {
        let mut it = Columns::of(row);
        silent.push(VisitClaims {
            learner: it.text()?,
            visit: it.text()?,
            attempt: it.text()?,
            tenant: it.text()?,
            lease: it.count()?,
            opened_ms: 0,
            mode: Mode::Continue,
            origin: None,
        });
    }
    Ok(silent)
}

async fn close(pool: &Pool, silent: &[VisitClaims], before_ms: i64) -> Result<usize, Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    let (mut closed, mut latest_ms) = (0, 0);
    for claims in silent {
        let key = [(&claims.learner).into(), (&claims.visit).into(), before_ms.into()];
        if row(db, sql!("hold_visit"), &key).await?.is_none() {
            continue;
        }
        let Some((mut visit, read)) = visits(db, &[claims]).await?.into_values().next() else { continue };
        let (attempt, _) = attempt(db, &claims.learner, &claims.attempt, &claims.tenant).await?;
        visit.is_open = false;
        latest_ms = latest_ms.max(visit.contact_ms);
        let done = ((claims.learner.as_str(), claims.visit.as_str()), column(visit.acked));
        drop_parts(db, &BTreeMap::from([done])).await?;
        settle(db, claims, &attempt.topic, &visit).await?;
        let kept = [Kept { claims, visit: &visit, read: Some(read) }];
        put_visits(db, &kept, Versions::random()).await?;
        put_stale(db, vec![(&*claims.learner, &*attempt.course, &*attempt.topic, &*claims.tenant)]).await?;
        closed += 1;
    }
    if closed > 0 {
        run(db, sql!("note_closed"), &[latest_ms.into()]).await?;
    }
    transaction.commit().await?;
    Ok(closed)
}

/// 1.2: a session that nothing was heard of any more still has its mastery score applied.
async fn settle(db: &Client, claims: &VisitClaims, topic: &str, visit: &VisitRow) -> Result<(), Failure> {
    let mut held: BTreeMap<(String, u32), Values> = BTreeMap::new();
    for session in visit.raw.sessions.values() {
        let key = (session.activity.clone(), session.try_);
        let fields = [(&claims.learner).into(), (&claims.attempt).into(), (&key.0).into(), key.1.into()];
        let values = pairs(&rows(db, sql!("values"), &fields).await?)?;
        held.insert(key, values);
    }
    let activities = activities(db, topic).await?;
    let values_of =
        |activity: &str, try_: u32| Ok(held.get(&(activity.to_owned(), try_)).cloned().unwrap_or_default());
    for (activity, try_, status) in settled(&visit.raw, &activities, values_of)? {
        let fields = [
            (&claims.learner).into(),
            (&claims.attempt).into(),
            (&activity).into(),
            try_.into(),
            SETTLED_ELEMENT.into(),
            status.into(),
            claims.lease.into(),
        ];
        run(db, sql!("settle_value"), &fields).await?;
    }
    Ok(())
}
