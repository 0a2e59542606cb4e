//! What tenants have of their own, in SQLite.

use rusqlite::{Connection, OptionalExtension};

use super::sql_here as sql;
use crate::store::{Known, StoreError, TenantSettings};

pub(super) fn find(db: &Connection, tenant: &str) -> Result<TenantSettings, StoreError> {
    db.prepare_cached(sql!("tenant"))?
        .query_row([tenant], |row| {
            Ok(TenantSettings { name: row.get(0)?, zone: row.get(1)?, version: row.get(2)? })
        })
        .optional()?
        .ok_or(StoreError::NotFound("tenant"))
}

pub(super) fn put(
    db: &Connection,
    tenant: &str,
    (name, zone): (Option<String>, String),
    known: &Known,
) -> Result<TenantSettings, StoreError> {
    let before = find(db, tenant)?;
    known.check(before.version)?;
    let now = TenantSettings { name: name.unwrap_or(before.name), zone, version: before.version + 1 };
    db.prepare_cached(sql!("change_tenant"))?.execute((tenant, before.version, &now.name, &now.zone))?;
    Ok(now)
}
