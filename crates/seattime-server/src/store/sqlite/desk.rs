//! What the writer works on: the database, and what it remembers of rows that only it changes.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use rusqlite::Connection;
use seattime_wire::Api;

use crate::store::rows::{AttemptRow, PackageRow, VisitRow};

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
    /// By visit: when it was last heard of, live or not, where a message had no other news, in ms since 1970. It
    /// costs no write, and is no row: a failure does not touch it.
    pub(super) contacts: HashMap<String, (i64, i64)>,
}

impl Memory {
    /// Forgets every row.
    pub(super) fn forget(&mut self) {
        self.visits = Recent::default();
        self.attempts = Recent::default();
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
