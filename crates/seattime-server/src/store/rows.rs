//! Rows as both stores read and write them; what is decided about them stands beside this file.

use serde::Serialize;
use serde::de::DeserializeOwned;

use seattime_wire::{Api, Policy};

use super::StoreError;
use super::figures::{Figures, Seen, derive};
use super::raw::RawVisit;

/// A package, less its activities and files.
#[derive(Debug, Clone)]
pub(crate) struct PackageRow {
    pub(crate) title: String,
    pub(crate) course: String,
    pub(crate) api: Api,
    pub(crate) edition: u32,
    pub(crate) shares_with_all: bool,
}

/// An attempt.
#[derive(Debug, Clone)]
pub(crate) struct AttemptRow {
    pub(crate) course: String,
    pub(crate) topic: String,
    /// From 1; 0 for what counts for none.
    pub(crate) number: u32,
    pub(crate) lease: u32,
    /// Which API its values are named in; none where it is the manifest's.
    pub(crate) api: Option<String>,
}

/// A launch.
#[derive(Debug, Clone)]
pub(crate) struct LaunchRow {
    pub(crate) learner: String,
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) attempt: String,
    pub(crate) mode: String,
    pub(crate) return_url: Option<String>,
    pub(crate) made_ms: i64,
    pub(crate) used_ms: Option<i64>,
    pub(crate) is_strict: bool,
}

/// A visit: everything that its page sent, merged.
#[derive(Debug, Clone)]
pub(crate) struct VisitRow {
    pub(crate) policy: Policy,
    pub(crate) lease: u32,
    /// When it was opened, in ms since 1970.
    pub(crate) opened_ms: i64,
    /// When it was last heard of, in ms since 1970; replays count.
    pub(crate) contact_ms: i64,
    /// When it was last heard of, in ms since 1970; replays do not count.
    pub(crate) live_ms: i64,
    pub(crate) acked: u64,
    /// Whether it was not closed for want of contact.
    pub(crate) is_open: bool,
    pub(crate) raw: RawVisit,
}

impl VisitRow {
    /// A visit that nothing was heard of yet.
    pub(crate) fn new(policy: Policy, lease: u32, opened_ms: i64) -> VisitRow {
        let raw = RawVisit::default();
        VisitRow {
            policy,
            lease,
            opened_ms,
            contact_ms: opened_ms,
            live_ms: opened_ms,
            acked: 0,
            is_open: true,
            raw,
        }
    }

    /// What the server saw of it.
    pub(crate) fn seen(&self) -> Seen {
        Seen {
            opened_ms: self.opened_ms,
            contact_ms: self.contact_ms,
            live_ms: self.live_ms,
            is_closed: !self.is_open,
        }
    }

    /// What it comes to.
    pub(crate) fn figures(&self) -> Figures {
        derive(&self.raw, &self.policy, self.seen())
    }

    /// Takes in when it was heard of where a message had no other news.
    pub(crate) fn heard(&mut self, (contact_ms, live_ms): (i64, i64)) {
        self.contact_ms = self.contact_ms.max(contact_ms);
        self.live_ms = self.live_ms.max(live_ms);
    }
}

/// A number as a column holds it.
pub(crate) fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A word of the wire, as a column holds it.
pub(crate) fn word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(text) => Ok(text),
        other => Err(StoreError::Failed(format!("{other} is no word"))),
    }
}

/// What a column's word stands for.
pub(crate) fn meaning<T: DeserializeOwned>(word: String) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(word))?)
}

/// Which API an attempt's values are named in: its own, or the manifest's.
pub(crate) fn api_of(own: Option<String>, package: &PackageRow) -> Result<Api, StoreError> {
    own.map_or(Ok(package.api), meaning)
}
