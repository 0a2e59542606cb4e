//! Tenants, keys and who logs in, in SQLite.

use rusqlite::{Connection, OptionalExtension, Row};

use super::SqliteStore;
use super::sql_here as sql;
use crate::store::accounts::{AccountRow, scopes_read, scopes_written};
use crate::store::{Account, AccountChange, Accounts, Answer, ApiKey, Known, StoreError};

/// Keeps a key.
pub(super) fn put_key(db: &Connection, tenant: &str, hash: &str, key: &ApiKey) -> Result<(), StoreError> {
    let row = (hash, tenant, key.created_ms, &key.id, &key.name, scopes_written(&key.scopes));
    db.prepare_cached(sql!("put_key"))?.execute(row)?;
    Ok(())
}

/// Keeps a tenant; answers whether it is new.
pub(super) fn put_tenant(db: &Connection, tenant: &str, now_ms: i64) -> Result<bool, StoreError> {
    Ok(db.prepare_cached(sql!("put_tenant"))?.execute((tenant, now_ms))? > 0)
}

fn account_of(row: &Row<'_>) -> rusqlite::Result<AccountRow> {
    Ok(AccountRow {
        name: row.get(0)?,
        tenant: row.get(1)?,
        role: row.get(2)?,
        groups: row.get(3)?,
        password: row.get(4)?,
        version: row.get(5)?,
        created_ms: row.get(6)?,
    })
}

/// A tenant's account.
fn own(db: &Connection, tenant: &str, name: &str) -> Result<AccountRow, StoreError> {
    let found = db.prepare_cached(sql!("account"))?.query_row([name], account_of).optional()?;
    found.filter(|it| it.tenant == tenant).ok_or(StoreError::NotFound("account"))
}

impl Accounts for SqliteStore {
    fn add_tenant(&self, tenant: &str, now_ms: i64) -> Answer<'_, bool> {
        let tenant = tenant.to_owned();
        self.write(move |desk| put_tenant(desk.db, &tenant, now_ms))
    }

    fn put_api_key(&self, tenant: &str, hash: &str, key: ApiKey) -> Answer<'_, ()> {
        let (tenant, hash) = (tenant.to_owned(), hash.to_owned());
        self.write(move |desk| put_key(desk.db, &tenant, &hash, &key))
    }

    fn api_key(&self, hash: &str, now_ms: i64) -> Answer<'_, Option<(String, ApiKey)>> {
        let hash = hash.to_owned();
        self.read(move |db| {
            let key = |row: &Row<'_>| {
                let scopes = scopes_read(&row.get::<_, String>(3)?);
                let (id, name, created_ms) = (row.get(1)?, row.get(2)?, row.get(4)?);
                Ok((row.get(0)?, ApiKey { id, name, scopes, created_ms, old_until_ms: None }))
            };
            Ok(db.prepare_cached(sql!("key"))?.query_row((hash, now_ms), key).optional()?)
        })
    }

    fn api_keys(&self, tenant: &str, now_ms: i64) -> Answer<'_, Vec<ApiKey>> {
        let tenant = tenant.to_owned();
        self.read(move |db| {
            let mut query = db.prepare_cached(sql!("keys"))?;
            let keys = query.query_map((tenant, now_ms), |row| {
                let scopes = scopes_read(&row.get::<_, String>(2)?);
                let (id, name, created_ms) = (row.get(0)?, row.get(1)?, row.get(3)?);
                Ok(ApiKey { id, name, scopes, created_ms, old_until_ms: row.get(4)? })
            })?;
            Ok(keys.collect::<Result<_, _>>()?)
        })
    }

    fn renew_api_key(
        &self,
        tenant: &str,
        id: &str,
        hash: &str,
        old_until_ms: i64,
        now_ms: i64,
    ) -> Answer<'_, ApiKey> {
        let (tenant, id, hash) = (tenant.to_owned(), id.to_owned(), hash.to_owned());
        self.write(move |desk| {
            let found: Option<(String, String)> = desk
                .db
                .prepare_cached(sql!("key_of"))?
                .query_row((&tenant, &id), |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let (name, scopes) = found.ok_or(StoreError::NotFound("key"))?;
            desk.db.prepare_cached(sql!("end_key"))?.execute((&tenant, &id, old_until_ms))?;
            let key =
                ApiKey { id, name, scopes: scopes_read(&scopes), created_ms: now_ms, old_until_ms: None };
            put_key(desk.db, &tenant, &hash, &key)?;
            Ok(ApiKey { old_until_ms: Some(old_until_ms), ..key })
        })
    }

    fn delete_api_key(&self, tenant: &str, id: &str) -> Answer<'_, ()> {
        let (tenant, id) = (tenant.to_owned(), id.to_owned());
        self.write(move |desk| match desk.db.prepare_cached(sql!("drop_key"))?.execute((tenant, id))? {
            0 => Err(StoreError::NotFound("key")),
            _ => Ok(()),
        })
    }

    fn put_account(
        &self,
        tenant: &str,
        name: &str,
        account: AccountChange,
        now_ms: i64,
    ) -> Answer<'_, Account> {
        let row = AccountRow::new(tenant, name, &account, now_ms);
        self.write(move |desk| {
            let it = row?;
            let fields =
                (&it.name, &it.tenant, &it.role, &it.groups, &it.password, it.version, it.created_ms);
            match desk.db.prepare_cached(sql!("put_account"))?.execute(fields)? {
                0 => Err(StoreError::NameTaken),
                _ => Ok(it.read()?.0),
            }
        })
    }

    fn account(&self, name: &str) -> Answer<'_, Option<(Account, Option<String>)>> {
        let name = name.to_owned();
        self.read(move |db| {
            let found = db.prepare_cached(sql!("account"))?.query_row([name], account_of).optional()?;
            found.map(AccountRow::read).transpose()
        })
    }

    fn accounts(&self, tenant: &str) -> Answer<'_, Vec<Account>> {
        let tenant = tenant.to_owned();
        self.read(move |db| {
            let mut query = db.prepare_cached(sql!("accounts"))?;
            let rows = query.query_map([tenant], account_of)?;
            rows.map(|it| Ok(it?.read()?.0)).collect()
        })
    }

    fn change_account(
        &self,
        tenant: &str,
        name: &str,
        known: Known,
        change: AccountChange,
    ) -> Answer<'_, Account> {
        let (tenant, name) = (tenant.to_owned(), name.to_owned());
        self.write(move |desk| {
            let row = own(desk.db, &tenant, &name)?;
            let was = row.version;
            let it = row.changed(&known, &change)?;
            let fields = (&name, was, &it.role, &it.groups, &it.password, it.version);
            desk.db.prepare_cached(sql!("change_account"))?.execute(fields)?;
            if change.password.is_some() {
                desk.db.prepare_cached(sql!("drop_logins"))?.execute([&name])?;
            }
            Ok(it.read()?.0)
        })
    }

    fn delete_account(&self, tenant: &str, name: &str, known: Known) -> Answer<'_, ()> {
        let (tenant, name) = (tenant.to_owned(), name.to_owned());
        self.write(move |desk| {
            let row = own(desk.db, &tenant, &name)?;
            known.check(row.version)?;
            desk.db.prepare_cached(sql!("drop_account"))?.execute((&name, row.version))?;
            desk.db.prepare_cached(sql!("drop_logins"))?.execute([&name])?;
            Ok(())
        })
    }

    fn log_in(&self, hash: &str, account: &str, until_ms: i64, now_ms: i64) -> Answer<'_, ()> {
        let (hash, account) = (hash.to_owned(), account.to_owned());
        self.write(move |desk| {
            desk.db.prepare_cached(sql!("drop_old_logins"))?.execute([now_ms])?;
            desk.db.prepare_cached(sql!("put_login"))?.execute((hash, account, until_ms))?;
            Ok(())
        })
    }

    fn logged_in(&self, hash: &str, now_ms: i64) -> Answer<'_, Option<Account>> {
        let hash = hash.to_owned();
        self.read(move |db| {
            let found = db.prepare_cached(sql!("login"))?.query_row((hash, now_ms), account_of).optional()?;
            found.map(|it| Ok(it.read()?.0)).transpose()
        })
    }

    fn log_out(&self, hash: &str) -> Answer<'_, ()> {
        let hash = hash.to_owned();
        self.write(move |desk| {
            desk.db.prepare_cached(sql!("drop_login"))?.execute([hash])?;
            Ok(())
        })
    }

    fn learner_id(&self, tenant: &str, lms_id: &str) -> Answer<'_, Option<String>> {
        let key = (tenant.to_owned(), lms_id.to_owned());
        self.read(move |db| {
            Ok(db.prepare_cached(sql!("learner_of"))?.query_row(key, |row| row.get(0)).optional()?)
        })
    }

    fn learner_name(&self, tenant: &str, id: &str) -> Answer<'_, Option<String>> {
        let key = (id.to_owned(), tenant.to_owned());
        self.read(move |db| {
            Ok(db.prepare_cached(sql!("learner"))?.query_row(key, |row| row.get(1)).optional()?)
        })
    }
}
