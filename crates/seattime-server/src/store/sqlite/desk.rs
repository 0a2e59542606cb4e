//! What the writer works on: the database, and what it remembers of rows that only it changes.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;
use seattime_wire::Api;

use super::heard::{Heard, Last};
use crate::store::recent::Recent;
use crate::store::rows::{AttemptRow, PackageRow, VisitRow};
use crate::store::{Arrival, Merged};

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
