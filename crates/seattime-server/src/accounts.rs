//! Tenants, keys and passwords: how they are made, for the API and for the command line alike.

use std::collections::BTreeSet;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use crate::secret::{ServerKey, sha256};
use crate::store::{ApiKey, Scope, Store, StoreError};

/// The longest name of a tenant, a key, an account or a group, in characters.
pub const LONGEST_NAME: usize = 100;
/// The shortest password, in characters.
pub const SHORTEST_PASSWORD: usize = 10;
/// The longest password, in bytes: what is longer takes time to look at.
pub const LONGEST_PASSWORD: usize = 1_024;

/// Says what is wrong with a name.
///
/// # Errors
///
/// A sentence that says what was found and what is allowed.
pub fn check_name(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME {
        return Err(format!("the name has {length} characters; it may have 1 to {LONGEST_NAME}"));
    }
    if name.chars().any(char::is_control) {
        return Err("the name has a control character in it; leave it out".to_owned());
    }
    Ok(())
}

/// Says what is wrong with a password that somebody chooses.
///
/// # Errors
///
/// A sentence that says what was found and what is allowed.
pub fn check_password(password: &str) -> Result<(), String> {
    let length = password.chars().count();
    if length < SHORTEST_PASSWORD || password.len() > LONGEST_PASSWORD {
        return Err(format!(
            "the password has {length} characters; it needs {SHORTEST_PASSWORD}, and takes {LONGEST_PASSWORD} bytes at most"
        ));
    }
    Ok(())
}

/// A text that nobody guesses, of 256 bits.
///
/// # Errors
///
/// [`StoreError::Failed`] where the system gives no random numbers.
pub fn random() -> Result<String, StoreError> {
    let random = ServerKey::random().map_err(|error| {
        tracing::error!(%error, "The system gives no random numbers");
        StoreError::Failed("no random numbers".to_owned())
    })?;
    Ok(random.to_hex())
}

/// A new key of an API, and its hash, which is what is kept of it.
pub(crate) fn new_key() -> Result<(String, String), StoreError> {
    // So that whoever looks for secrets in what they publish can tell it.
    let key = format!("seattime_{}", random()?);
    let hash = sha256(key.as_bytes());
    Ok((key, hash))
}

/// Makes a key of a tenant's API; answers it with the key itself, which nobody keeps.
///
/// # Errors
///
/// What the store says.
pub async fn add_key(
    store: &dyn Store,
    tenant: &str,
    name: String,
    scopes: BTreeSet<Scope>,
    now_ms: i64,
) -> Result<(ApiKey, String), StoreError> {
    let (key, hash) = new_key()?;
    let id = uuid::Uuid::new_v4().simple().to_string().chars().take(16).collect();
    let of = ApiKey { id, name, scopes, created_ms: now_ms, old_until_ms: None };
    store.accounts().put_api_key(tenant, &hash, of.clone()).await?;
    Ok((of, key))
}

/// Makes a tenant with a key for everything; answers the key, or nothing where there is such a tenant.
///
/// # Errors
///
/// What the store says.
pub async fn add_tenant(store: &dyn Store, tenant: &str, now_ms: i64) -> Result<Option<String>, StoreError> {
    if !store.accounts().add_tenant(tenant, now_ms).await? {
        return Ok(None);
    }
    let scopes = BTreeSet::from([Scope::Admin]);
    Ok(Some(add_key(store, tenant, "first key".to_owned(), scopes, now_ms).await?.1))
}

/// A password as it is kept: argon2id with a salt of its own, in its usual form. It takes some 20 ms and 19 MiB.
///
/// # Errors
///
/// [`StoreError::Failed`] where the system gives no random numbers.
pub fn password_kept(password: &str) -> Result<String, StoreError> {
    let kept = Argon2::default().hash_password(password.as_bytes());
    Ok(kept.map_err(|error| StoreError::Failed(format!("a password cannot be kept: {error}")))?.to_string())
}

/// Whether a password is the one that is kept. With none kept it is none, and takes as long.
pub(crate) fn is_password(password: &str, kept: Option<&str>) -> bool {
    /// Of nobody's password.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c2VhdHRpbWUtbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let Ok(hash) = PasswordHash::new(kept.unwrap_or(NOBODY)) else {
        tracing::error!("A password that is kept cannot be read");
        return false;
    };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && kept.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_kept_as_argon2id_and_told_from_others() {
        let kept = password_kept("correct horse").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(password_kept("correct horse").unwrap(), kept, "each has a salt of its own");
        assert!(is_password("correct horse", Some(&kept)));
        for (password, kept) in
            [("correct horsf", Some(&*kept)), ("", Some(&*kept)), ("correct horse", None), ("", None)]
        {
            assert!(!is_password(password, kept), "{password:?} {kept:?}");
        }
        assert!(!is_password("correct horse", Some("correct horse")), "what is kept is never the password");
    }

    #[test]
    fn names_and_passwords_have_bounds() {
        for (name, is_fine) in
            [("a", true), ("", false), (&*"x".repeat(100), true), (&*"x".repeat(101), false), ("a\nb", false)]
        {
            assert_eq!(check_name(name).is_ok(), is_fine, "{name:?}");
        }
        for (password, is_fine) in [
            ("nine char", false),
            ("ten charsx", true),
            (&*"x".repeat(1_024), true),
            (&*"x".repeat(1_025), false),
        ] {
            assert_eq!(check_password(password).is_ok(), is_fine, "{password:?}");
        }
    }
}
