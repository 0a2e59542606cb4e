//! Whether the report shows what is kept: every row is derived anew and compared.

use crate::store::{Differing, RowKey, Store, StoreError};

/// So many rows are looked at in one step.
const AT_ONCE: usize = 200;
/// It is told how far it is after so many rows.
const TOLD_EVERY: usize = 1_000;

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many rows were looked at.
    pub seen: usize,
    /// How many of them are not what they are derived from.
    pub differing: usize,
    /// How many wait to be derived, and were not compared.
    pub stale: usize,
}

/// Derives every row of the report anew, of one tenant or of all, and tells of those that differ from what is kept,
/// or of which something is noted.
/// Nothing is written, and a server may be running: each step sees one moment, and rows that a commit made stale are
/// counted and left to be derived.
///
/// # Errors
///
/// The store's.
pub async fn verify(
    store: &dyn Store,
    tenant: Option<&str>,
    differing: &mut (dyn FnMut(Differing) + Send),
    progress: &mut (dyn FnMut(usize) + Send),
) -> Result<Verified, StoreError> {
    let mut done = Verified::default();
    let mut after = RowKey::default();
    loop {
        let step = store.verify(tenant, after, AT_ONCE).await?;
        if (done.seen + step.seen) / TOLD_EVERY > done.seen / TOLD_EVERY {
            progress(done.seen + step.seen);
        }
        done.seen += step.seen;
        done.stale += step.stale;
        done.differing += step.differing.iter().filter(|it| !it.what.is_empty()).count();
        step.differing.into_iter().for_each(&mut *differing);
        match step.last {
            Some(last) if step.seen == AT_ONCE => after = last,
            _ => return Ok(done),
        }
    }
}
