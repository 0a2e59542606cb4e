//! Judging everything that is kept by the policy of now: nothing else changes what a visit is judged by.

use crate::store::{Judged, JudgedOf, Judging, RowKey, Store, StoreError};

/// So many rows are judged in one transaction; commits wait for it.
const AT_ONCE: usize = 20;
/// It is told how far it is after so many rows.
const TOLD_EVERY: usize = 1_000;

/// What became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recomputed {
    /// How many rows were looked at.
    pub seen: usize,
    /// How many of them change.
    pub changed: usize,
    /// How many come to the same under the other policy.
    pub same: usize,
}

/// Judges rows of the report by a policy, some in each transaction, and tells of those that change. It may be ended at
/// any time and begun again: what is under that policy already stays as it is. A server may be running.
///
/// # Errors
///
/// The store's; what was told of before is done.
pub async fn recompute(
    store: &dyn Store,
    tenant: &str,
    of: &JudgedOf,
    judging: &Judging,
    changed: &mut (dyn FnMut(Judged) + Send),
    progress: &mut (dyn FnMut(usize) + Send),
) -> Result<Recomputed, StoreError> {
    let mut done = Recomputed::default();
    let mut after = RowKey::default();
    loop {
        let step = store.judge(tenant, of.clone(), judging.clone(), after, AT_ONCE).await?;
        if (done.seen + step.seen) / TOLD_EVERY > done.seen / TOLD_EVERY {
            progress(done.seen + step.seen);
        }
        done.seen += step.seen;
        for row in step.judged {
            if row.is_changed() {
                done.changed += 1;
                changed(row);
            } else {
                done.same += 1;
            }
        }
        match step.last {
            Some(last) if step.seen == AT_ONCE => after = last,
            _ => return Ok(done),
        }
    }
}
