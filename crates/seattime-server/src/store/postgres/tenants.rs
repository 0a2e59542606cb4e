//! What tenants have of their own, in PostgreSQL.

use deadpool_postgres::Pool;
use tokio_postgres::Client;

use super::failure::Failure;
use super::fields::{Columns, row, run};
use super::sql_here as sql;
use crate::store::{Known, StoreError, TenantSettings};

async fn find(db: &Client, tenant: &str) -> Result<TenantSettings, Failure> {
    let found = row(db, sql!("tenant"), &[tenant.into()]).await?.ok_or(StoreError::NotFound("tenant"))?;
    let mut it = Columns::of(&found);
    Ok(TenantSettings { name: it.text()?, zone: it.text()?, version: it.count()? })
}

pub(super) async fn tenant(pool: &Pool, tenant: &str) -> Result<TenantSettings, Failure> {
    find(&*pool.get().await?, tenant).await
}

/// Changes a tenant; with `is_repeated` it may be changed, and only the answer was lost.
pub(super) async fn put(
    pool: &Pool,
    tenant: &str,
    (name, zone): (Option<&str>, &str),
    known: &Known,
    is_repeated: bool,
) -> Result<TenantSettings, Failure> {
    let db = pool.get().await?;
    let before = find(&db, tenant).await?;
    let name = name.unwrap_or(&before.name);
    let is_so_already = before.zone == zone && before.name == name;
    let is_ours = is_repeated && is_so_already && known.check(before.version.saturating_sub(1)).is_ok();
    if is_ours {
        return Ok(before);
    }
    known.check(before.version)?;
    let fields = [tenant.into(), before.version.into(), name.into(), zone.into()];
    if run(&db, sql!("change_tenant"), &fields).await? == 0 {
        return Err(Failure::Raced);
    }
    Ok(TenantSettings { name: name.to_owned(), zone: zone.to_owned(), version: before.version + 1 })
}
