//! What courses have of their own, in SQLite.

use rusqlite::{Connection, OptionalExtension};

use super::sql_here as sql;
use crate::store::{CourseSettings, KeptSettings, Known, StoreError};

pub(super) fn find(db: &Connection, tenant: &str, course: &str) -> Result<KeptSettings, StoreError> {
    let found: Option<(String, u32, i64)> = db
        .prepare_cached(sql!("course_settings"))?
        .query_row((tenant, course), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((settings, version, set_ms)) = found else { return Ok(KeptSettings::default()) };
    Ok(KeptSettings { settings: serde_json::from_str(&settings)?, version, set_ms })
}

pub(super) fn put(
    db: &Connection,
    (tenant, course): (&str, &str),
    settings: CourseSettings,
    known: &Known,
    now_ms: i64,
) -> Result<KeptSettings, StoreError> {
    let before = find(db, tenant, course)?;
    known.check(before.version)?;
    let version = before.version + 1;
    let row = (tenant, course, version, serde_json::to_string(&settings)?, now_ms);
    db.prepare_cached(sql!("put_course_settings"))?.execute(row)?;
    Ok(KeptSettings { settings, version, set_ms: now_ms })
}
