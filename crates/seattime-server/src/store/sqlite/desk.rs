//! What the writer works on: the database, and what it remembers of rows that only it changes.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use rusqlite::Connection;
use seattime_wire::Api;

use super::heard::{Heard, Last};
use crate::store::rows::{AttemptRow, PackageRow, VisitRow};
use crate::store::{Arrival, Merged};

/// So many visits are remembered, and as many attempts: all that a small machine serves at once. A visit takes
/// one or two kB.
const REMEMBERED: usize = 65_536;

/// The database, and what is remembered of it.
pub(super) struct Desk<'a> {
    pub(super) db: &'a Connection,
    pub(super) memory: &'a mut Memory,
}

/// Rows that the writer alone changes, as they stand in the database: a change takes a row out and puts it back
/// once it is written, and what a failed transaction wrote is forgotten.
#[derive(Default)]
pub(super) struct Memory {
    /// By visit.
    pub(super) visits: Recent<String, VisitRow>,
    /// By attempt.
    pub(super) attempts: Recent<String, Arc<Attempted>>,
    /// What requests see of it.
    pub(super) heard: Arc<Heard>,
    /// By attempt: messages that are on disk once the transaction is.
    written: HashMap<String, Last>,
}

impl Memory {
    /// Remembers nothing yet.
    pub(super) fn new(heard: Arc<Heard>) -> Memory {
        Memory { heard, ..Memory::default() }
    }

    /// Forgets every row.
    pub(super) fn forget(&mut self) {
        self.visits = Recent::default();
        self.attempts = Recent::default();
        self.written.clear();
        self.heard.forget();
    }

    /// An attempt is about to be changed: nobody beside the writer answers for it until that is on disk.
    pub(super) fn begin(&mut self, attempt: &str) {
        self.written.remove(attempt);
        self.heard.begin(attempt);
    }

    /// A message is merged.
    pub(super) fn merged(&mut self, arrival: &Arrival, merged: &Merged) {
        if let Some(last) = Last::of(arrival, merged) {
            self.written.insert(arrival.claims.attempt.clone(), last);
        }
    }

    /// The transaction is on disk.
    pub(super) fn committed(&mut self) {
        if !self.written.is_empty() {
            self.heard.remember(self.written.drain());
        }
    }
}

/// An attempt with the package of its topic.
pub(super) struct Attempted {
    pub(super) row: AttemptRow,
    pub(super) package: PackageRow,
    pub(super) api: Api,
}

/// What was asked for lately: at least half of [`REMEMBERED`].
pub(super) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Recent<K, V> {
        Recent { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// Takes an entry out; whoever changes a row puts it back once that is written.
    pub(super) fn take<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        self.young.remove_entry(key).or_else(|| self.old.remove_entry(key))
    }

    /// Looks at an entry.
    pub(super) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Puts an entry in that is not there.
    pub(super) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= REMEMBERED / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}
