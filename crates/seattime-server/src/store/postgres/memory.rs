//! What a writer remembers of the rows that it read and wrote. Other servers change them too: every change of a visit,
//! and of its attempt's lease, gives it another version, and nothing is written or answered on the ground of what is
//! remembered unless the database still has that version.

use std::sync::Arc;

use super::reading::Versioned;
use super::writers::WRITERS;
use crate::store::recent::{REMEMBERED, Recent};
use crate::store::rows::{AttemptRow, PackageRow};

/// What one writer remembers, by visit. What it takes out it puts back once that is written: a transaction that fails
/// leaves nothing behind.
pub(super) struct Memory(pub(super) Recent<String, Remembered>);

impl Default for Memory {
    fn default() -> Memory {
        Memory(Recent::of(REMEMBERED / WRITERS))
    }
}

/// A visit as it stood in the database, and what it belongs to.
pub(super) struct Remembered {
    pub(super) visit: Versioned,
    /// The attempt with its lease as it was with this version, and the package.
    pub(super) attempt: Arc<Attempted>,
}

/// An attempt, and its package, if that is there.
#[derive(Debug)]
pub(super) struct Attempted {
    pub(super) row: AttemptRow,
    pub(super) package: Option<PackageRow>,
}
