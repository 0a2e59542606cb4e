//! Packages in SQLite.

use rusqlite::{Connection, OptionalExtension};
use seattime_wire::{Api, SessionKind};

use super::sql_here as sql;
use crate::store::{PackageLine, StoreError, StoredActivity, StoredPackage};

/// A word of the wire, as a column holds it.
pub(super) fn word<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(text) => Ok(text),
        other => Err(StoreError::Failed(format!("{other} is no word"))),
    }
}

/// What a column's word stands for.
pub(super) fn meaning<T: serde::de::DeserializeOwned>(word: String) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(word))?)
}

pub(super) fn put(
    db: &Connection,
    tenant: &str,
    package: &StoredPackage,
    now_ms: i64,
) -> Result<(), StoreError> {
    let row = (tenant, &package.id, &package.title, &package.course, word(&package.api)?, now_ms);
    db.prepare_cached(sql!("put_package"))?.execute(row)?;
    for (position, it) in (0_i64..).zip(&package.activities) {
        let defaults = serde_json::to_string(&it.defaults)?;
        let row = (&package.id, position, &it.id, &it.title, word(&it.kind)?, it.depth, &it.href, defaults);
        db.prepare_cached(sql!("put_activity"))?.execute(row)?;
    }
    for (n, (path, size_bytes)) in (0_i64..).zip(&package.files) {
        let size_bytes = i64::try_from(*size_bytes).unwrap_or(i64::MAX);
        db.prepare_cached(sql!("put_file"))?.execute((&package.id, path, n, size_bytes))?;
    }
    Ok(())
}

pub(super) fn list(db: &Connection, tenant: &str) -> Result<Vec<PackageLine>, StoreError> {
    let mut query = db.prepare_cached(sql!("packages"))?;
    let rows = query
        .query_map([tenant], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|(topic, title, course, api)| Ok(PackageLine { topic, title, course, api: meaning(api)? }))
        .collect()
}

/// Title, course and API of a package.
pub(super) fn find(
    db: &Connection,
    tenant: &str,
    id: &str,
) -> Result<Option<(String, String, Api)>, StoreError> {
    let found = db
        .prepare_cached(sql!("package"))?
        .query_row((tenant, id), |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))
        .optional()?;
    found.map(|(title, course, api)| Ok((title, course, meaning(api)?))).transpose()
}

pub(super) fn activities(db: &Connection, package: &str) -> Result<Vec<StoredActivity>, StoreError> {
    let mut query = db.prepare_cached(sql!("activities"))?;
    let rows = query
        .query_map([package], |row| {
            let texts: (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((texts, row.get(3)?, row.get(4)?, row.get::<_, String>(5)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|((id, title, kind), depth, href, defaults)| {
            let kind: SessionKind = meaning(kind)?;
            Ok(StoredActivity { id, title, kind, depth, href, defaults: serde_json::from_str(&defaults)? })
        })
        .collect()
}
