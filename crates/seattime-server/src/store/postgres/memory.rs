//! What a writer remembers of the rows that it read and wrote. Other servers change them too: whatever is remembered is
//! asked about before it is used, which costs less than to read it whole.

use std::sync::Arc;

use super::reading::{AttemptKey, Versioned, VisitKey};
use super::writers::WRITERS;
use crate::store::recent::{REMEMBERED, Recent};
use crate::store::rows::{AttemptRow, PackageRow, VisitRow, column};

/// What one writer remembers. What it takes out it puts back once that is written: a transaction that fails leaves
/// nothing behind.
pub(super) struct Memory {
    /// By visit, as they stand in the database.
    pub(super) visits: Recent<VisitKey, Remembered>,
    /// By attempt: what never changes, so that the lease says nothing.
    pub(super) attempts: Recent<AttemptKey, Arc<(AttemptRow, PackageRow)>>,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { visits: Recent::of(REMEMBERED / WRITERS), attempts: Recent::of(REMEMBERED / WRITERS) }
    }
}

/// A visit as it stood in the database.
#[derive(Clone)]
pub(super) struct Remembered {
    pub(super) visit: Versioned,
    pub(super) marks: Marks,
}

impl Remembered {
    pub(super) fn of(visit: Versioned) -> Remembered {
        let marks = Marks::of(&visit.0, visit.1);
        Remembered { visit, marks }
    }
}

/// What changes with every change of a visit. The version alone would do, but for a database that was restored to an
/// earlier state and has counted up to the same version again, at another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) version: i64,
    pub(super) acked: i64,
    pub(super) contact_ms: i64,
    pub(super) live_ms: i64,
    pub(super) is_open: bool,
}

impl Marks {
    fn of(visit: &VisitRow, version: i64) -> Marks {
        let VisitRow { acked, contact_ms, live_ms, is_open, .. } = visit;
        let (acked, contact_ms, live_ms, is_open) = (column(*acked), *contact_ms, *live_ms, *is_open);
        Marks { version, acked, contact_ms, live_ms, is_open }
    }
}
