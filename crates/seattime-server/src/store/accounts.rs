//! The port `Accounts`: tenants, the keys of their APIs, who logs in, and by what a learner is found.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Answer, Known, StoreError};

/// What a key of the API may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Launching, and what old players say.
    Launch,
    /// Bringing packages, videos and audios.
    Import,
    /// Reading what learners did.
    Report,
    /// Everything, keys and accounts included.
    Admin,
}

/// Every scope, with the word that keeps it.
const SCOPES: [(Scope, &str); 4] = [
    (Scope::Launch, "launch"),
    (Scope::Import, "import"),
    (Scope::Report, "report"),
    (Scope::Admin, "admin"),
];

/// What a key may be used for, as a column holds it.
pub(super) fn scopes_written(scopes: &BTreeSet<Scope>) -> String {
    let words = SCOPES.iter().filter(|it| scopes.contains(&it.0)).map(|it| it.1);
    words.collect::<Vec<_>>().join(" ")
}

/// What was written; words of a later version are passed over, since a key must not grow by them.
pub(super) fn scopes_read(text: &str) -> BTreeSet<Scope> {
    SCOPES.iter().filter(|it| text.split(' ').any(|word| word == it.1)).map(|it| it.0).collect()
}

/// A key of a tenant's API, less the key itself, which nobody keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Its id, which stays when it is renewed.
    pub id: String,
    /// What its tenant calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// When it was made or last renewed, in ms since 1970.
    pub created_ms: i64,
    /// Until when the one before is good as well, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_until_ms: Option<i64>,
}

/// What somebody who logs in may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads what learners did: everybody's, or those of some groups.
    Trainer,
    /// Everything, keys and accounts included.
    Admin,
}

/// Somebody who logs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// By which they log in; no other of the server's accounts has it.
    pub name: String,
    /// Whose they are.
    #[serde(skip)]
    pub tenant: String,
    /// What they may do.
    pub role: Role,
    /// Whose learners a trainer sees: those of these groups; everybody's, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<BTreeSet<String>>,
    /// Whether there is a password to log in with; where a proxy says who it is, there need be none.
    #[serde(default)]
    pub has_password: bool,
    /// Number of its latest change, from 1.
    pub version: u32,
    /// When it was made, in ms since 1970.
    pub created_ms: i64,
}

/// What becomes of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountChange {
    /// What they may do.
    pub role: Role,
    /// Whose learners a trainer sees.
    pub groups: Option<BTreeSet<String>>,
    /// The password, as argon2 writes it; the one that there is, if left out.
    pub password: Option<String>,
}

impl ApiKey {
    /// The key that a server itself is started with: for everything.
    pub fn of_server(hash: &str, created_ms: i64) -> ApiKey {
        ApiKey {
            id: hash.chars().take(16).collect(),
            name: "key of the server".to_owned(),
            scopes: BTreeSet::from([Scope::Admin]),
            created_ms,
            old_until_ms: None,
        }
    }
}

/// A name as it is kept and compared: without spaces around it, in lower case.
pub fn account_name(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Tenants, the keys of their APIs, and who logs in. What belongs to another tenant is not found.
pub trait Accounts: Send + Sync {
    /// Keeps a tenant; answers whether it is new.
    fn add_tenant(&self, tenant: &str, now_ms: i64) -> Answer<'_, bool>;

    /// Keeps a key by its hash, which is not there yet.
    fn put_api_key(&self, tenant: &str, hash: &str, key: ApiKey) -> Answer<'_, ()>;

    /// The tenant that a key belongs to, and the key, if it is good at that moment.
    fn api_key(&self, hash: &str, now_ms: i64) -> Answer<'_, Option<(String, ApiKey)>>;

    /// The keys of a tenant, in the order in which they were made.
    fn api_keys(&self, tenant: &str, now_ms: i64) -> Answer<'_, Vec<ApiKey>>;

    /// Renews a key: another hash is good from now on, and the one before until a moment.
    fn renew_api_key(
        &self,
        tenant: &str,
        id: &str,
        hash: &str,
        old_until_ms: i64,
        now_ms: i64,
    ) -> Answer<'_, ApiKey>;

    /// Deletes a key; it is good no longer, nor is the one before.
    fn delete_api_key(&self, tenant: &str, id: &str) -> Answer<'_, ()>;

    /// Keeps an account whose name is not taken: else [`StoreError::NameTaken`].
    fn put_account(
        &self,
        tenant: &str,
        name: &str,
        account: AccountChange,
        now_ms: i64,
    ) -> Answer<'_, Account>;

    /// An account by its name, whosever it is, and its password as argon2 writes it.
    fn account(&self, name: &str) -> Answer<'_, Option<(Account, Option<String>)>>;

    /// The accounts of a tenant, by name.
    fn accounts(&self, tenant: &str) -> Answer<'_, Vec<Account>>;

    /// Changes an account that is as whoever changes it knows it: else [`StoreError::Changed`]. Whoever is
    /// logged in under it is no longer, if its password changes.
    fn change_account(
        &self,
        tenant: &str,
        name: &str,
        known: Known,
        change: AccountChange,
    ) -> Answer<'_, Account>;

    /// Deletes an account that is as whoever deletes it knows it; whoever is logged in under it is no
    /// longer.
    fn delete_account(&self, tenant: &str, name: &str, known: Known) -> Answer<'_, ()>;

    /// Keeps that a browser is logged in, by the hash of what it keeps; what is over by now is forgotten.
    fn log_in(&self, hash: &str, account: &str, until_ms: i64, now_ms: i64) -> Answer<'_, ()>;

    /// The account that a browser is logged in under.
    fn logged_in(&self, hash: &str, now_ms: i64) -> Answer<'_, Option<Account>>;

    /// A browser is logged in no longer.
    fn log_out(&self, hash: &str) -> Answer<'_, ()>;

    /// Our id of a learner, by the LMS's own.
    fn learner_id(&self, tenant: &str, lms_id: &str) -> Answer<'_, Option<String>>;

    /// A learner's name, by our id.
    fn learner_name(&self, tenant: &str, id: &str) -> Answer<'_, Option<String>>;
}

/// An account as both stores keep it.
pub(super) struct AccountRow {
    pub(super) name: String,
    pub(super) tenant: String,
    pub(super) role: String,
    pub(super) groups: Option<String>,
    pub(super) password: Option<String>,
    pub(super) version: u32,
    pub(super) created_ms: i64,
}

impl AccountRow {
    /// A new one.
    pub(super) fn new(
        tenant: &str,
        name: &str,
        account: &AccountChange,
        created_ms: i64,
    ) -> Result<AccountRow, StoreError> {
        Ok(AccountRow {
            name: name.to_owned(),
            tenant: tenant.to_owned(),
            role: super::rows::word(&account.role)?,
            groups: account.groups.as_ref().map(serde_json::to_string).transpose()?,
            password: account.password.clone(),
            version: 1,
            created_ms,
        })
    }

    /// The account, and its password.
    pub(super) fn read(self) -> Result<(Account, Option<String>), StoreError> {
        let account = Account {
            name: self.name,
            tenant: self.tenant,
            role: super::rows::meaning(self.role)?,
            groups: self.groups.as_deref().map(serde_json::from_str).transpose()?,
            has_password: self.password.is_some(),
            version: self.version,
            created_ms: self.created_ms,
        };
        Ok((account, self.password))
    }

    /// What becomes of it. What is not a tenant's own is not there; what changed meanwhile is not changed.
    pub(super) fn changed(self, known: &Known, change: &AccountChange) -> Result<AccountRow, StoreError> {
        known.check(self.version)?;
        let AccountRow { name, tenant, password, version, created_ms, .. } = self;
        let row = AccountRow::new(&tenant, &name, change, created_ms)?;
        Ok(AccountRow { password: change.password.clone().or(password), version: version + 1, ..row })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_kept_as_words_and_unknown_words_give_nothing() {
        let scopes = BTreeSet::from([Scope::Report, Scope::Launch]);
        assert_eq!(scopes_written(&scopes), "launch report");
        assert_eq!(scopes_read("launch report"), scopes);
        assert_eq!(scopes_read("reports adminx"), BTreeSet::new());
    }
}
