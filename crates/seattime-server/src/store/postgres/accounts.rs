//! Tenants, keys and who logs in, in PostgreSQL.

use deadpool_postgres::Pool;
use tokio_postgres::{Client, Row};

use super::PostgresStore;
use super::failure::{Failure, retried};
use super::fields::{Columns, row, rows, run};
use super::sql_here as sql;
use crate::store::accounts::{AccountRow, scopes_read, scopes_written};
use crate::store::{Account, AccountChange, Accounts, Answer, ApiKey, Known, StoreError};

/// Keeps a key.
pub(super) async fn put_key(db: &Client, tenant: &str, hash: &str, key: &ApiKey) -> Result<(), Failure> {
    let scopes = scopes_written(&key.scopes);
    let fields = [
        hash.into(),
        tenant.into(),
        key.created_ms.into(),
        (&key.id).into(),
        (&key.name).into(),
        (&scopes).into(),
    ];
    run(db, sql!("put_key"), &fields).await?;
    Ok(())
}

/// Keeps a tenant; answers whether it is new.
pub(super) async fn put_tenant(db: &Client, tenant: &str, now_ms: i64) -> Result<bool, Failure> {
    Ok(run(db, sql!("put_tenant"), &[tenant.into(), now_ms.into()]).await? > 0)
}

fn account_of(row: &Row) -> Result<AccountRow, StoreError> {
    let mut it = Columns::of(row);
    Ok(AccountRow {
        name: it.text()?,
        tenant: it.text()?,
        role: it.text()?,
        groups: it.some_text()?,
        password: it.some_text()?,
        version: it.count()?,
        created_ms: it.long()?,
    })
}

/// A tenant's account.
async fn own(db: &Client, tenant: &str, name: &str) -> Result<AccountRow, Failure> {
    let found = row(db, sql!("account"), &[name.into()]).await?;
    let found = found.map(|it| account_of(&it)).transpose()?.filter(|it| it.tenant == tenant);
    Ok(found.ok_or(StoreError::NotFound("account"))?)
}

async fn api_key(pool: &Pool, hash: &str, now_ms: i64) -> Result<Option<(String, ApiKey)>, Failure> {
    let db = pool.get().await?;
    let Some(found) = row(&db, sql!("key"), &[hash.into(), now_ms.into()]).await? else { return Ok(None) };
    let mut it = Columns::of(&found);
    let (tenant, id, name) = (it.text()?, it.text()?, it.text()?);
    let (scopes, created_ms) = (scopes_read(&it.text()?), it.long()?);
    Ok(Some((tenant, ApiKey { id, name, scopes, created_ms, old_until_ms: None })))
}

async fn api_keys(pool: &Pool, tenant: &str, now_ms: i64) -> Result<Vec<ApiKey>, Failure> {
    let db = pool.get().await?;
    let found = rows(&db, sql!("keys"), &[tenant.into(), now_ms.into()]).await?;
    let key = |row: &Row| {
        let mut it = Columns::of(row);
        let (id, name, scopes) = (it.text()?, it.text()?, scopes_read(&it.text()?));
        Ok(ApiKey { id, name, scopes, created_ms: it.long()?, old_until_ms: it.some_long()? })
    };
    found.iter().map(key).collect()
}

async fn renew(
    pool: &Pool,
    (tenant, id, hash): (&str, &str, &str),
    old_until_ms: i64,
    now_ms: i64,
) -> Result<ApiKey, Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    let found = row(db, sql!("key_of"), &[tenant.into(), id.into()]).await?;
    let found = found.ok_or(StoreError::NotFound("key"))?;
    let mut it = Columns::of(&found);
    let (name, scopes) = (it.text()?, scopes_read(&it.text()?));
    let ended = run(db, sql!("end_key"), &[tenant.into(), id.into(), old_until_ms.into()]).await?;
    if ended == 0 {
        return Err(Failure::Raced);
    }
    let key = ApiKey { id: id.to_owned(), name, scopes, created_ms: now_ms, old_until_ms: None };
    put_key(db, tenant, hash, &key).await?;
    transaction.commit().await?;
    Ok(ApiKey { old_until_ms: Some(old_until_ms), ..key })
}

async fn delete_key(pool: &Pool, tenant: &str, id: &str) -> Result<(), Failure> {
    let db = pool.get().await?;
    match run(&db, sql!("drop_key"), &[tenant.into(), id.into()]).await? {
        0 => Err(StoreError::NotFound("key").into()),
        _ => Ok(()),
    }
}

async fn put_account(
    pool: &Pool,
    tenant: &str,
    name: &str,
    account: &AccountChange,
    now_ms: i64,
) -> Result<Account, Failure> {
    let it = AccountRow::new(tenant, name, account, now_ms)?;
    let db = pool.get().await?;
    let fields = [
        (&it.name).into(),
        (&it.tenant).into(),
        (&it.role).into(),
        (&it.groups).into(),
        (&it.password).into(),
        it.version.into(),
        it.created_ms.into(),
    ];
    match run(&db, sql!("put_account"), &fields).await? {
        0 => Err(StoreError::NameTaken.into()),
        _ => Ok(it.read()?.0),
    }
}

async fn account(pool: &Pool, name: &str) -> Result<Option<(Account, Option<String>)>, Failure> {
    let db = pool.get().await?;
    let found = row(&db, sql!("account"), &[name.into()]).await?;
    Ok(found.map(|it| account_of(&it)?.read()).transpose()?)
}

async fn accounts(pool: &Pool, tenant: &str) -> Result<Vec<Account>, Failure> {
    let db = pool.get().await?;
    let found = rows(&db, sql!("accounts"), &[tenant.into()]).await?;
    found.iter().map(|it| Ok(account_of(it)?.read()?.0)).collect()
}

async fn change_account(
    pool: &Pool,
    (tenant, name): (&str, &str),
    known: &Known,
    change: &AccountChange,
) -> Result<Account, Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    let row = own(db, tenant, name).await?;
    let was = row.version;
    let it = row.changed(known, change)?;
    let fields = [
        name.into(),
        was.into(),
        (&it.role).into(),
        (&it.groups).into(),
        (&it.password).into(),
        it.version.into(),
    ];
    if run(db, sql!("change_account"), &fields).await? == 0 {
        return Err(Failure::Raced);
    }
    if change.password.is_some() {
        run(db, sql!("drop_logins"), &[name.into()]).await?;
    }
    transaction.commit().await?;
    Ok(it.read()?.0)
}

async fn delete_account(pool: &Pool, tenant: &str, name: &str, known: &Known) -> Result<(), Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    let row = own(db, tenant, name).await?;
    known.check(row.version)?;
    if run(db, sql!("drop_account"), &[name.into(), row.version.into()]).await? == 0 {
        return Err(Failure::Raced);
    }
    run(db, sql!("drop_logins"), &[name.into()]).await?;
    transaction.commit().await?;
    Ok(())
}

async fn log_in(pool: &Pool, hash: &str, account: &str, until_ms: i64, now_ms: i64) -> Result<(), Failure> {
    let db = pool.get().await?;
    run(&db, sql!("drop_old_logins"), &[now_ms.into()]).await?;
    run(&db, sql!("put_login"), &[hash.into(), account.into(), until_ms.into()]).await?;
    Ok(())
}

async fn logged_in(pool: &Pool, hash: &str, now_ms: i64) -> Result<Option<Account>, Failure> {
    let db = pool.get().await?;
    let found = row(&db, sql!("login"), &[hash.into(), now_ms.into()]).await?;
    Ok(found.map(|it| account_of(&it)?.read()).transpose()?.map(|it| it.0))
}

async fn log_out(pool: &Pool, hash: &str) -> Result<(), Failure> {
    let db = pool.get().await?;
    run(&db, sql!("drop_login"), &[hash.into()]).await?;
    Ok(())
}

async fn learner_id(pool: &Pool, tenant: &str, lms_id: &str) -> Result<Option<String>, Failure> {
    let db = pool.get().await?;
    let found = row(&db, sql!("learner_of"), &[tenant.into(), lms_id.into()]).await?;
    Ok(found.map(|it| Columns::of(&it).text()).transpose()?)
}

async fn learner_name(pool: &Pool, tenant: &str, id: &str) -> Result<Option<String>, Failure> {
    let db = pool.get().await?;
    let Some(found) = row(&db, sql!("learner"), &[id.into(), tenant.into()]).await? else { return Ok(None) };
    let mut it = Columns::of(&found);
    it.text()?;
    Ok(Some(it.text()?))
}

async fn kept_tenant(pool: &Pool, tenant: &str, now_ms: i64) -> Result<bool, Failure> {
    put_tenant(&*pool.get().await?, tenant, now_ms).await
}

async fn kept_key(pool: &Pool, tenant: &str, hash: &str, key: &ApiKey) -> Result<(), Failure> {
    put_key(&*pool.get().await?, tenant, hash, key).await
}

impl Accounts for PostgresStore {
    fn add_tenant(&self, tenant: &str, now_ms: i64) -> Answer<'_, bool> {
        let tenant = tenant.to_owned();
        Box::pin(async move { retried!(tries => kept_tenant(&self.pool, &tenant, now_ms)) })
    }

    fn put_api_key(&self, tenant: &str, hash: &str, key: ApiKey) -> Answer<'_, ()> {
        let (tenant, hash) = (tenant.to_owned(), hash.to_owned());
        Box::pin(async move { retried!(tries => kept_key(&self.pool, &tenant, &hash, &key)) })
    }

    fn api_key(&self, hash: &str, now_ms: i64) -> Answer<'_, Option<(String, ApiKey)>> {
        let hash = hash.to_owned();
        Box::pin(async move { retried!(tries => api_key(&self.pool, &hash, now_ms)) })
    }

    fn api_keys(&self, tenant: &str, now_ms: i64) -> Answer<'_, Vec<ApiKey>> {
        let tenant = tenant.to_owned();
        Box::pin(async move { retried!(tries => api_keys(&self.pool, &tenant, now_ms)) })
    }

    fn renew_api_key(
        &self,
        tenant: &str,
        id: &str,
        hash: &str,
        old_until_ms: i64,
        now_ms: i64,
    ) -> Answer<'_, ApiKey> {
        let key = (tenant.to_owned(), id.to_owned(), hash.to_owned());
        Box::pin(async move {
            retried!(tries => renew(&self.pool, (&key.0, &key.1, &key.2), old_until_ms, now_ms))
        })
    }

    fn delete_api_key(&self, tenant: &str, id: &str) -> Answer<'_, ()> {
        let (tenant, id) = (tenant.to_owned(), id.to_owned());
        Box::pin(async move { retried!(tries => delete_key(&self.pool, &tenant, &id)) })
    }

    fn put_account(
        &self,
        tenant: &str,
        name: &str,
        account: AccountChange,
        now_ms: i64,
    ) -> Answer<'_, Account> {
        let (tenant, name) = (tenant.to_owned(), name.to_owned());
        Box::pin(async move { retried!(tries => put_account(&self.pool, &tenant, &name, &account, now_ms)) })
    }

    fn account(&self, name: &str) -> Answer<'_, Option<(Account, Option<String>)>> {
        let name = name.to_owned();
        Box::pin(async move { retried!(tries => account(&self.pool, &name)) })
    }

    fn accounts(&self, tenant: &str) -> Answer<'_, Vec<Account>> {
        let tenant = tenant.to_owned();
        Box::pin(async move { retried!(tries => accounts(&self.pool, &tenant)) })
    }

    fn change_account(
        &self,
        tenant: &str,
        name: &str,
        known: Known,
        change: AccountChange,
    ) -> Answer<'_, Account> {
        let (tenant, name) = (tenant.to_owned(), name.to_owned());
        Box::pin(
            async move { retried!(tries => change_account(&self.pool, (&tenant, &name), &known, &change)) },
        )
    }

    fn delete_account(&self, tenant: &str, name: &str, known: Known) -> Answer<'_, ()> {
        let (tenant, name) = (tenant.to_owned(), name.to_owned());
        Box::pin(async move { retried!(tries => delete_account(&self.pool, &tenant, &name, &known)) })
    }

    fn log_in(&self, hash: &str, account: &str, until_ms: i64, now_ms: i64) -> Answer<'_, ()> {
        let (hash, account) = (hash.to_owned(), account.to_owned());
        Box::pin(async move { retried!(tries => log_in(&self.pool, &hash, &account, until_ms, now_ms)) })
    }

    fn logged_in(&self, hash: &str, now_ms: i64) -> Answer<'_, Option<Account>> {
        let hash = hash.to_owned();
        Box::pin(async move { retried!(tries => logged_in(&self.pool, &hash, now_ms)) })
    }

    fn log_out(&self, hash: &str) -> Answer<'_, ()> {
        let hash = hash.to_owned();
        Box::pin(async move { retried!(tries => log_out(&self.pool, &hash)) })
    }

    fn learner_id(&self, tenant: &str, lms_id: &str) -> Answer<'_, Option<String>> {
        let key = (tenant.to_owned(), lms_id.to_owned());
        Box::pin(async move { retried!(tries => learner_id(&self.pool, &key.0, &key.1)) })
    }

    fn learner_name(&self, tenant: &str, id: &str) -> Answer<'_, Option<String>> {
        let key = (tenant.to_owned(), id.to_owned());
        Box::pin(async move { retried!(tries => learner_name(&self.pool, &key.0, &key.1)) })
    }
}
