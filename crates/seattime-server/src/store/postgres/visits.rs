//! Opening visits in PostgreSQL, and closing those that nothing is heard of.

use std::collections::BTreeMap;

use deadpool_postgres::Pool;
use seattime_wire::{Mode, Policy};
use tokio_postgres::Client;

use super::courses;
use super::failure::{Failure, retried};
use super::fields::{Columns, row, rows, run};
use super::reading::{
    activities, attempt, earlier_of, latest_values, launch, pairs, record_values, values_by_try, visits,
    visits_of,
};
use super::sql_here as sql;
use super::writing::{Kept, Versions, drop_parts, outdate_visits, put_stale, put_visits};
use crate::store::merging::scope;
use crate::store::opening::{Begun, Facts, check_code, has_overtaken, left_by_last_sessions, origin, told};
use crate::store::rows::{AttemptRow, LaunchRow, VisitRow, api_of, column};
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
    let activities = activities(db, &attempt.topic).await?;
    let from = begun(db, &launch, &attempt, lease).await?;
    if attempt.number > 0
        && let Some(earlier) = from.earlier_now(api_of(from.api.clone(), &package)?, &activities)
    {
        let earlier = serde_json::to_string(&earlier).map_err(StoreError::from)?;
        let fields = [(&launch.learner).into(), (&launch.attempt).into(), (&earlier).into()];
        run(db, sql!("keep_earlier"), &fields).await?;
    }
    let (learner, from) = ((&*lms_id, &*name), &from);
    let facts = Facts { launch: &launch, attempt: &attempt, package: &package, learner, from };
    let told = told(&facts, activities, &course)?;
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

/// The attempt that a visit with this lease begins from: the launch's own; in review, the learner's latest one that
/// counts.
async fn begun(db: &Client, launch: &LaunchRow, attempt: &AttemptRow, lease: u32) -> Result<Begun, Failure> {
    let learner = &launch.learner;
    if launch.mode != "review" {
        let id = &launch.attempt;
        let mut visits = visits_of(db, learner, id).await?;
        visits.retain(|it| it.lease != lease);
        let mut values = latest_values(db, learner, id).await?;
        if has_overtaken(&values, &visits) {
            let all = values_by_try(db, sql!("values_of_attempt"), learner, id).await?;
            values = left_by_last_sessions(all, &visits);
        }
        return Ok(Begun {
            api: attempt.api.clone(),
            values,
            record_values: record_values(db, learner, id, &visits).await?,
            earlier: earlier_of(db, learner, id).await?,
            visits,
        });
    }
    let fields = [learner.into(), (&attempt.course).into(), (&attempt.topic).into()];
    let Some(latest) = row(db, sql!("latest_attempt"), &fields).await? else { return Ok(Begun::default()) };
    let mut it = Columns::of(&latest);
    let (id, _, api) = (it.text()?, it.count()?, it.some_text()?);
    let values = values_by_try(db, sql!("values_of_attempt"), learner, &id).await?;
    let (visits, earlier) = (visits_of(db, learner, &id).await?, earlier_of(db, learner, &id).await?);
    Ok(Begun { api, visits, earlier, ..Begun::default() }.review(values))
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

/// Closes visits that nothing was heard of since `before_ms`: their sessions end with their last interval. Each is
/// closed by one server only.
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
