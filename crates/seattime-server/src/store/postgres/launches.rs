//! Launches in PostgreSQL.

use deadpool_postgres::Pool;
use seattime_wire::Mode;
use tokio_postgres::Client;

use super::failure::Failure;
use super::fields::{Columns, row, run};
use super::reading::{attempts, package};
use super::sql_here as sql;
use super::standings::groups_of;
use crate::store::opening::{LaunchedAttempt, attempt_for, mode_of_attempt, told_groups};
use crate::store::rows::{AttemptRow, LaunchRow, meaning, word};
use crate::store::{Launched, MadeLaunch, NewLaunch, NewLearner, StoreError};
use crate::token::VisitClaims;

/// Makes a launch; with `is_repeated` it may have been made, and only the answer was lost.
pub(super) async fn make(
    pool: &Pool,
    tenant: &str,
    launch: &NewLaunch,
    now_ms: i64,
    is_repeated: bool,
) -> Result<MadeLaunch, Failure> {
    let mut connection = pool.get().await?;
    if is_repeated && let Some(made) = made_before(&connection, tenant, launch).await? {
        return Ok(made);
    }
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    if let Some((key, body_hash)) = &launch.idempotency {
        // Of two requests at once, the second waits here for the first.
        let fields = [tenant.into(), key.into(), body_hash.into(), (&launch.launch).into(), now_ms.into()];
        if run(db, sql!("put_idempotency"), &fields).await? == 0 {
            let kept = row(db, sql!("idempotency"), &[tenant.into(), key.into()]).await?;
            let Some(kept) = kept else { return Err(Failure::Raced) };
            let mut it = Columns::of(&kept);
            let is_same = it.text()? == *body_hash;
            let made = MadeLaunch { launch: it.text()?, attempt: it.count()? };
            return if is_same { Ok(made) } else { Err(StoreError::KeyReused.into()) };
        }
    }
    let package = package(db, tenant, &launch.topic).await?;
    let learner = learner(db, tenant, &launch.learner, uuid::Uuid::new_v4().to_string(), now_ms).await?;
    let fields = [(&learner).into(), (&package.course).into(), (&launch.topic).into()];
    let latest = if launch.mode == Mode::Browse { sql!("browse_attempt") } else { sql!("latest_attempt") };
    let latest = match row(db, latest, &fields).await? {
        None => None,
        Some(row) => {
            let mut it = Columns::of(&row);
            Some((it.text()?, it.count()?, it.some_text()?))
        }
    };
    let (attempt, number) = match attempt_for(launch, latest, &package)? {
        LaunchedAttempt::GoingOn { id, number } => (id, number),
        LaunchedAttempt::New { number, mode, api } => {
            let id = uuid::Uuid::new_v4().to_string();
            let fields = [
                (&learner).into(),
                (&id).into(),
                tenant.into(),
                (&package.course).into(),
                (&launch.topic).into(),
                number.into(),
                (&mode).into(),
                now_ms.into(),
                (&api).into(),
            ];
            run(db, sql!("put_attempt"), &fields).await?;
            run(db, sql!("stale_attempt"), &[(&learner).into(), (&id).into()]).await?;
            (id, number)
        }
    };
    let mode = word(&launch.mode)?;
    let fields = [
        (&learner).into(),
        (&launch.launch).into(),
        tenant.into(),
        (&attempt).into(),
        (&mode).into(),
        (&launch.return_url).into(),
        now_ms.into(),
        launch.is_strict.into(),
    ];
    run(db, sql!("put_launch"), &fields).await?;
    let code = [(&launch.code_hash).into(), (&learner).into(), (&launch.launch).into()];
    run(db, sql!("put_code"), &code).await?;
    if let Some((key, _)) = &launch.idempotency {
        run(db, sql!("number_idempotency"), &[tenant.into(), key.into(), number.into()]).await?;
    }
    transaction.commit().await?;
    Ok(MadeLaunch { launch: launch.launch.clone(), attempt: number })
}

/// A launch of the same id.
async fn made_before(db: &Client, tenant: &str, launch: &NewLaunch) -> Result<Option<MadeLaunch>, Failure> {
    let Some(code) = row(db, sql!("launch_by_code"), &[(&launch.code_hash).into()]).await? else {
        return Ok(None);
    };
    let mut it = Columns::of(&code);
    let (learner, id) = (it.text()?, it.text()?);
    let kept = super::reading::launch(db, &learner, &id).await?;
    let (attempt, _) = super::reading::attempt(db, &learner, &kept.attempt, tenant).await?;
    Ok(Some(MadeLaunch { launch: id, attempt: attempt.number }))
}

/// A launch, by tenant, the LMS's own id of the learner, and its id.
pub(super) async fn launched(
    pool: &Pool,
    (tenant, lms_id, id): (&str, &str, &str),
) -> Result<Launched, Failure> {
    let db = pool.get().await?;
    let known = row(&db, sql!("learner_of"), &[tenant.into(), lms_id.into()]).await?;
    let learner = Columns::of(&known.ok_or(StoreError::NotFound("launch"))?).text()?;
    let LaunchRow { attempt, mode, made_ms, .. } = super::reading::launch(&db, &learner, id).await?;
    let (AttemptRow { topic, .. }, _) = super::reading::attempt(&db, &learner, &attempt, tenant).await?;
    Ok(Launched { learner, attempt, topic, mode: meaning(mode)?, made_ms })
}

/// Makes an attempt again that a backup did not know.
pub(super) async fn make_again(
    pool: &Pool,
    claims: &VisitClaims,
    now_ms: i64,
) -> Result<VisitClaims, Failure> {
    let origin = claims.origin.as_ref().ok_or(StoreError::NotFound("attempt"))?;
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    let package = package(db, &claims.tenant, &origin.topic).await?;
    let called = NewLearner { lms_id: origin.lms_id.clone(), name: origin.name.clone(), groups: None };
    let learner = learner(db, &claims.tenant, &called, claims.learner.clone(), now_ms).await?;
    let mode = word(&mode_of_attempt(claims.mode))?;
    if attempts(db, &[(&learner, &claims.attempt, &claims.tenant)]).await?.is_empty() {
        let fields = [
            (&learner).into(),
            (&claims.attempt).into(),
            (&claims.tenant).into(),
            (&package.course).into(),
            (&origin.topic).into(),
            origin.number.into(),
            (&mode).into(),
            claims.opened_ms.into(),
            (&origin.api).into(),
        ];
        run(db, sql!("put_attempt"), &fields).await?;
    }
    transaction.commit().await?;
    Ok(VisitClaims { learner, ..claims.clone() })
}

/// Our id of the learner whom an LMS calls so, with name and groups as it says them, whose row is locked from here on;
/// `id`, if there is none yet.
pub(super) async fn learner(
    db: &Client,
    tenant: &str,
    called: &NewLearner,
    mut id: String,
    now_ms: i64,
) -> Result<String, Failure> {
    let NewLearner { lms_id, name, groups } = called;
    if run(db, sql!("claim_lms_id"), &[tenant.into(), lms_id.into(), (&id).into()]).await? == 0 {
        let known = row(db, sql!("learner_of"), &[tenant.into(), lms_id.into()]).await?;
        let Some(known) = known else { return Err(Failure::Raced) };
        id = Columns::of(&known).text()?;
    }
    let fields = [(&id).into(), tenant.into(), lms_id.into(), name.into(), now_ms.into()];
    // Another name, or a learner who has no row yet.
    let mut is_changed = run(db, sql!("put_learner"), &fields).await? > 0;
    let kept = if groups.is_some() { groups_of(db, &id).await? } else { Vec::new() };
    if let Some(groups) = told_groups(groups.as_deref(), || Ok::<_, Failure>(kept))? {
        run(db, sql!("drop_groups"), &[(&id).into()]).await?;
        for group in &groups {
            run(db, sql!("put_group"), &[(&id).into(), group.into(), tenant.into()]).await?;
        }
        is_changed = true;
    }
    if is_changed {
        run(db, sql!("stale_learner"), &[(&id).into()]).await?;
    }
    Ok(id)
}

/// Enrols a learner in a course.
pub(super) async fn enrol(
    pool: &Pool,
    tenant: &str,
    called: &NewLearner,
    course: &str,
    now_ms: i64,
) -> Result<(), Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    let learner = learner(db, tenant, called, uuid::Uuid::new_v4().to_string(), now_ms).await?;
    let fields = [(&learner).into(), course.into(), tenant.into(), now_ms.into()];
    if run(db, sql!("put_enrolment"), &fields).await? > 0 {
        run(db, sql!("stale_course"), &[(&learner).into(), tenant.into(), course.into()]).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Takes a learner out of a course.
pub(super) async fn unenrol(
    pool: &Pool,
    (tenant, lms_id, course): (&str, &str, &str),
) -> Result<(), Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    let none = StoreError::NotFound("enrolment");
    let known = row(db, sql!("learner_of"), &[tenant.into(), lms_id.into()]).await?;
    let Some(known) = known else { return Err(none.into()) };
    let learner = Columns::of(&known).text()?;
    if run(db, sql!("drop_enrolment"), &[(&learner).into(), course.into()]).await? == 0 {
        return Err(none.into());
    }
    run(db, sql!("stale_course"), &[(&learner).into(), tenant.into(), course.into()]).await?;
    transaction.commit().await?;
    Ok(())
}
