//! What courses have of their own, in PostgreSQL.

use deadpool_postgres::Pool;
use tokio_postgres::Client;

use super::failure::Failure;
use super::fields::{Columns, row, run};
use super::sql_here as sql;
use crate::store::{CourseSettings, KeptSettings, Known};

pub(super) async fn find(db: &Client, tenant: &str, course: &str) -> Result<KeptSettings, Failure> {
    let found = row(db, sql!("course_settings"), &[tenant.into(), course.into()]).await?;
    let Some(found) = found else { return Ok(KeptSettings::default()) };
    let mut it = Columns::of(&found);
    let settings = serde_json::from_str(&it.text()?)?;
    Ok(KeptSettings { settings, version: it.count()?, set_ms: it.long()? })
}

pub(super) async fn course(pool: &Pool, tenant: &str, course: &str) -> Result<KeptSettings, Failure> {
    find(&*pool.get().await?, tenant, course).await
}

/// Keeps a course's settings; with `is_repeated` they may be kept, and only the answer was lost.
pub(super) async fn put(
    pool: &Pool,
    (tenant, course): (&str, &str),
    (settings, now_ms): (&CourseSettings, i64),
    known: &Known,
    is_repeated: bool,
) -> Result<KeptSettings, Failure> {
    let db = pool.get().await?;
    let before = find(&db, tenant, course).await?;
    let is_so_already = before.settings == *settings && before.set_ms == now_ms;
    if is_repeated && is_so_already && known.check(before.version.saturating_sub(1)).is_ok() {
        return Ok(before);
    }
    known.check(before.version)?;
    let version = before.version + 1;
    let kept = serde_json::to_string(settings)?;
    let fields = [tenant.into(), course.into(), version.into(), (&kept).into(), now_ms.into()];
    if run(&db, sql!("put_course_settings"), &fields).await? == 0 {
        return Err(Failure::Raced);
    }
    Ok(KeptSettings { settings: settings.clone(), version, set_ms: now_ms })
}
