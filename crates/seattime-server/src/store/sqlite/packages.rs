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
    let (api, edition, shares) = (word(&package.api)?, package.edition, package.shares_with_all);
    let row = (tenant, &package.id, &package.title, &package.course, api, edition, shares, now_ms);
    db.prepare_cached(sql!("put_package"))?.execute(row)?;
    for (position, it) in (0_i64..).zip(&package.activities) {
        let defaults = serde_json::to_string(&it.defaults)?;
        let (objectives, data) = (serde_json::to_string(&it.objectives)?, serde_json::to_string(&it.data)?);
        let (kind, id) = (word(&it.kind)?, &package.id);
        let row = (id, position, &it.id, &it.title, kind, it.depth, &it.href, defaults, objectives, data);
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

/// What the package of a topic says of all its activities.
pub(super) struct Package {
    pub(super) title: String,
    pub(super) course: String,
    pub(super) api: Api,
    pub(super) edition: u32,
    pub(super) shares_with_all: bool,
}

pub(super) fn find(db: &Connection, tenant: &str, id: &str) -> Result<Option<Package>, StoreError> {
    let found = db
        .prepare_cached(sql!("package"))?
        .query_row((tenant, id), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get(3)?, row.get(4)?))
        })
        .optional()?;
    let package = |(title, course, api, edition, shares_with_all)| {
        Ok(Package { title, course, api: meaning(api)?, edition, shares_with_all })
    };
    found.map(package).transpose()
}

/// Which API an attempt's values are named in: its own, or the manifest's.
pub(super) fn api_of(own: Option<String>, package: &Package) -> Result<Api, StoreError> {
    own.map_or(Ok(package.api), meaning)
}

pub(super) fn activities(db: &Connection, package: &str) -> Result<Vec<StoredActivity>, StoreError> {
    let mut query = db.prepare_cached(sql!("activities"))?;
    let rows = query
        .query_map([package], |row| {
            let texts: (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let lists: (String, String, String) = (row.get(5)?, row.get(6)?, row.get(7)?);
            Ok((texts, row.get(3)?, row.get(4)?, lists))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|((id, title, kind), depth, href, (defaults, objectives, data))| {
            let kind: SessionKind = meaning(kind)?;
            Ok(StoredActivity {
                id,
                title,
                kind,
                depth,
                href,
                defaults: serde_json::from_str(&defaults)?,
                objectives: serde_json::from_str(&objectives)?,
                data: serde_json::from_str(&data)?,
            })
        })
        .collect()
}
