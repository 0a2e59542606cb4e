//! Keys, accounts and logins.

use std::collections::BTreeSet;

use seattime_wire::Api;

use super::{MINUTE_MS, NOW_MS, Run};
use crate::store::{AccountChange, Accounts, ApiKey, Known, Role, Scope, StoreError};

impl Run<'_> {
    /// The stores take turns.
    fn accounts(&self) -> &dyn Accounts {
        self.store().accounts()
    }

    pub(super) async fn what_is_known_of_keys_and_packages(&self) {
        let store = self.store();
        let key = store.server_key().await.unwrap().to_hex();
        assert_eq!(self.store().server_key().await.unwrap().to_hex(), key, "there is one key for all");
        let hash = format!("hash {}", self.mark);
        assert_eq!(self.store().accounts().api_key(&hash, NOW_MS).await, Ok(None));
        for _ in 0..2 {
            self.store().put_key(&self.tenant, &hash, NOW_MS).await.unwrap();
        }
        let key = (self.tenant.clone(), ApiKey::of_server(&hash, NOW_MS));
        assert_eq!(self.store().accounts().api_key(&hash, NOW_MS).await, Ok(Some(key)));

        let topic = self.topic("listed", Api::Scorm2004).await;
        assert_eq!(self.topic("listed", Api::Scorm2004).await, topic, "keeping it again changes nothing");
        let lines = self.store().packages(&self.tenant).await.unwrap();
        let line = lines.iter().find(|it| it.topic == topic).unwrap();
        assert_eq!((line.title.as_str(), line.api), (&*format!("Package {}", self.mark), Api::Scorm2004));
        assert_eq!(self.store().packages("somebody else").await, Ok(Vec::new()));
        assert_eq!(self.store().file(&topic, "index.html").await, Ok(Some((0, 17))));
        assert_eq!(self.store().file(&topic, &format!("{}.js", self.mark)).await, Ok(Some((1, 4))));
        assert_eq!(self.store().file(&topic, "none").await, Ok(None));
        assert!(self.store().latest_ms().await.unwrap() >= NOW_MS);
    }

    pub(super) async fn a_key_is_renewed_and_deleted(&self) {
        let id = format!("key {}", self.mark);
        let key = ApiKey {
            id: id.clone(),
            name: format!("LMS {}", self.mark),
            scopes: BTreeSet::from([Scope::Launch, Scope::Report]),
            created_ms: NOW_MS,
            old_until_ms: None,
        };
        let hash = |n: u32| format!("hash {n} of {}", self.mark);
        self.accounts().add_tenant(&self.tenant, NOW_MS).await.unwrap();
        assert_eq!(self.accounts().add_tenant(&self.tenant, NOW_MS).await, Ok(false), "it is there already");
        self.accounts().put_api_key(&self.tenant, &hash(1), key.clone()).await.unwrap();
        let good = async |n: u32, at_ms: i64| self.accounts().api_key(&hash(n), at_ms).await.unwrap();
        assert_eq!(good(1, NOW_MS).await, Some((self.tenant.clone(), key.clone())));
        let listed = async |at_ms: i64| {
            let keys = self.accounts().api_keys(&self.tenant, at_ms).await.unwrap();
            keys.into_iter().filter(|it| it.id == id).collect::<Vec<_>>()
        };
        assert_eq!(listed(NOW_MS).await, std::slice::from_ref(&key));
        assert_eq!(self.accounts().api_keys("somebody else", NOW_MS).await, Ok(Vec::new()));

        let (then_ms, until_ms) = (NOW_MS + MINUTE_MS, NOW_MS + 10 * MINUTE_MS);
        let renew = async |tenant: &str, n: u32| {
            self.accounts().renew_api_key(tenant, &id, &hash(n), until_ms, then_ms).await
        };
        assert_eq!(renew("somebody else", 2).await, Err(StoreError::NotFound("key")));
        let renewed = renew(&self.tenant, 2).await.unwrap();
        assert_eq!(renewed, ApiKey { created_ms: then_ms, old_until_ms: Some(until_ms), ..key.clone() });
        for _ in self.stores {
            assert!(good(1, until_ms - 1).await.is_some() && good(2, until_ms - 1).await.is_some());
            assert!(good(1, until_ms).await.is_none() && good(2, until_ms).await.is_some());
            assert_eq!(listed(until_ms - 1).await, std::slice::from_ref(&renewed));
            assert_eq!(listed(until_ms).await, [ApiKey { old_until_ms: None, ..renewed.clone() }]);
        }

        let missing = Err(StoreError::NotFound("key"));
        assert_eq!(self.accounts().delete_api_key("somebody else", &id).await, missing);
        self.accounts().delete_api_key(&self.tenant, &id).await.unwrap();
        assert_eq!(self.accounts().delete_api_key(&self.tenant, &id).await, missing);
        assert!(good(1, then_ms).await.is_none() && good(2, then_ms).await.is_none());
        assert_eq!(listed(then_ms).await, []);
    }

    pub(super) async fn an_account_changes_by_its_version_and_logs_in(&self) {
        let name = format!("anna {}", self.mark);
        let wanted = AccountChange {
            role: Role::Trainer,
            groups: Some(BTreeSet::from([format!("group {}", self.mark)])),
            password: Some("a hash".to_owned()),
        };
        let put =
            async |tenant: &str| self.accounts().put_account(tenant, &name, wanted.clone(), NOW_MS).await;
        let made = put(&self.tenant).await.unwrap();
        assert_eq!((made.version, made.has_password, &made.groups), (1, true, &wanted.groups));
        assert_eq!(put("somebody else").await, Err(StoreError::NameTaken), "names are one server's");
        for _ in self.stores {
            let known = self.accounts().account(&name).await.unwrap();
            assert_eq!(known, Some((made.clone(), Some("a hash".to_owned()))));
            assert_eq!(self.accounts().account("nobody").await, Ok(None));
        }
        let own = self.accounts().accounts(&self.tenant).await.unwrap();
        assert_eq!(own.iter().filter(|it| it.name == name).count(), 1);
        assert!(self.accounts().accounts("somebody else").await.unwrap().iter().all(|it| it.name != name));

        let (hash, until_ms) = (format!("login {}", self.mark), NOW_MS + 10 * MINUTE_MS);
        let log_in = async || self.accounts().log_in(&hash, &name, until_ms, NOW_MS).await.unwrap();
        let logged_in = async |at_ms: i64| self.accounts().logged_in(&hash, at_ms).await.unwrap();
        log_in().await;
        for _ in self.stores {
            assert_eq!(logged_in(until_ms - 1).await, Some(made.clone()));
            assert_eq!(logged_in(until_ms).await, None);
        }

        let at = |version: u32| Known::Versions(vec![version]);
        // Of two changes to what both have read, one is told so.
        let change = async |tenant: &str, known: Known, password: Option<&str>| {
            let change =
                AccountChange { role: Role::Admin, groups: None, password: password.map(str::to_owned) };
            self.accounts().change_account(tenant, &name, known, change).await
        };
        assert_eq!(change("somebody else", at(1), None).await, Err(StoreError::NotFound("account")));
        let changed = change(&self.tenant, at(1), None).await.unwrap();
        assert_eq!((changed.version, changed.role, changed.has_password), (2, Role::Admin, true));
        assert_eq!(change(&self.tenant, at(1), None).await, Err(StoreError::Changed));
        assert_eq!(logged_in(NOW_MS).await, Some(changed), "what an account may do changes at once");
        let changed = change(&self.tenant, Known::Any, Some("another hash")).await.unwrap();
        assert_eq!(logged_in(NOW_MS).await, None, "another password ends what was opened with the old one");
        log_in().await;
        assert_eq!(logged_in(NOW_MS).await, Some(changed));
        self.accounts().log_out(&hash).await.unwrap();
        assert_eq!(logged_in(NOW_MS).await, None);

        log_in().await;
        let delete = async |tenant: &str, version: u32| {
            self.accounts().delete_account(tenant, &name, at(version)).await
        };
        assert_eq!(delete("somebody else", 3).await, Err(StoreError::NotFound("account")));
        assert_eq!(delete(&self.tenant, 2).await, Err(StoreError::Changed));
        delete(&self.tenant, 3).await.unwrap();
        assert_eq!(logged_in(NOW_MS).await, None);
        // Whoever is made under the name again is somebody else.
        put(&self.tenant).await.unwrap();
        assert_eq!(logged_in(NOW_MS).await, None);
        self.accounts().delete_account(&self.tenant, &name, Known::Any).await.unwrap();
    }
}
