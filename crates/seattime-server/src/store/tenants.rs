//! What a tenant has of its own, and on what condition settings are changed.

use serde::{Deserialize, Serialize};

use super::StoreError;

/// A tenant's settings as they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantSettings {
    /// What people call it.
    pub name: String,
    /// In whose days its reports are told, by its name in IANA's list.
    pub zone: String,
    /// Number of the latest change, from 1.
    pub version: u32,
}

/// Of which version a change knows that it is the latest: it replaces no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Whatever it is.
    Any,
    /// One of these.
    Versions(Vec<u32>),
}

impl Known {
    /// Refuses a change of what somebody else has changed meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`].
    pub(crate) fn check(&self, latest: u32) -> Result<(), StoreError> {
        match self {
            Known::Versions(versions) if !versions.contains(&latest) => Err(StoreError::Changed),
            Known::Any | Known::Versions(_) => Ok(()),
        }
    }
}
