//! What the writer shares with whoever answers beside it: when visits were last heard of, and each attempt's last
//! message, so that the same once more is answered without a place in the queue.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use seattime_wire::{CommitReason, Receipt};

use crate::store::merging::has_parted;
use crate::store::recent::Recent;
use crate::store::{Arrival, Merged};

/// When a visit was last heard of, live or not, and when live, in ms since 1970.
pub(super) type Contact = (i64, i64);

/// Shared by the writer and the requests.
#[derive(Default)]
pub(super) struct Heard(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// By visit: where a message had no other news. It costs no write, and is no row: a failure does not touch it.
    contacts: HashMap<String, Contact>,
    /// By attempt: the last change that the writer made to it, where that was a message, is on disk, and would change
    /// nothing if it came again. Whatever else happens to the attempt takes it away first, so that whoever finds it
    /// here is told what the writer would say now.
    last: Recent<String, Last>,
}

/// An attempt's last message, of which everything was kept under the newest lease.
pub(super) struct Last {
    visit: String,
    body_hash: [u8; 32],
    received_ms: i64,
    acked: u64,
}

impl Last {
    /// What is to be remembered of a message; none where it would be answered in another way the next time, or where
    /// the answer is more than a number.
    pub(super) fn of(arrival: &Arrival, merged: &Merged) -> Option<Last> {
        let Merged { receipt, is_superseded, .. } = merged;
        let is_plain = !is_superseded && !receipt.need_full && receipt.refused.is_empty();
        (is_plain && !has_parted(&arrival.commit)).then(|| Last {
            visit: arrival.claims.visit.clone(),
            body_hash: *arrival.body.hash(),
            received_ms: arrival.received_ms,
            acked: receipt.acked,
        })
    }

    /// A message that came before the one that is remembered would move its stretches.
    fn is_same(&self, arrival: &Arrival) -> bool {
        self.body_hash == *arrival.body.hash()
            && self.visit == arrival.claims.visit
            && self.received_ms <= arrival.received_ms
    }
}

impl Heard {
    /// The answer to a message that is the same, to the byte, as the attempt's last one; it only tells that the visit
    /// is alive.
    pub(super) fn repeated(&self, arrival: &Arrival) -> Option<Merged> {
        self.with(|it| {
            let acked = it.last.get(&arrival.claims.attempt).filter(|it| it.is_same(arrival))?.acked;
            let is_live = arrival.commit.reason != CommitReason::Replay;
            let live_ms = if is_live { arrival.received_ms } else { 0 };
            it.note(&arrival.claims.visit, (arrival.received_ms, live_ms));
            let receipt = Receipt {
                acked,
                server_ms: arrival.received_ms,
                token: None,
                refused: Vec::new(),
                heartbeat_ms: arrival.policy.heartbeat_ms,
                need_full: false,
            };
            Some(Merged { receipt, is_superseded: false, has_news: false })
        })
    }

    /// The writer begins to change an attempt: from here on its messages wait for that.
    pub(super) fn begin(&self, attempt: &str) {
        self.with(|it| {
            it.last.take(attempt);
        });
    }

    /// When a visit was last heard of; zeros where its row says so.
    pub(super) fn contact(&self, visit: &str) -> Contact {
        self.with(|it| it.contacts.get(visit).copied().unwrap_or_default())
    }

    /// Forgets when a visit was last heard of, since its row says so.
    pub(super) fn drop_contact(&self, visit: &str) {
        self.with(|it| {
            it.contacts.remove(visit);
        });
    }

    /// A visit was heard of, and nothing is written.
    pub(super) fn note(&self, visit: &str, contact: Contact) {
        self.with(|it| it.note(visit, contact));
    }

    /// Messages that are on disk now.
    pub(super) fn remember(&self, written: impl Iterator<Item = (String, Last)>) {
        self.with(|it| {
            for (attempt, last) in written {
                it.last.take(&attempt);
                it.last.put(attempt, last);
            }
        });
    }

    /// Forgets all messages.
    pub(super) fn forget(&self) {
        self.with(|it| it.last = Recent::default());
    }

    fn with<T>(&self, use_: impl FnOnce(&mut Kept) -> T) -> T {
        use_(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    fn note(&mut self, visit: &str, contact: Contact) {
        match self.contacts.get_mut(visit) {
            Some(known) => *known = (known.0.max(contact.0), known.1.max(contact.1)),
            None => {
                self.contacts.insert(visit.to_owned(), contact);
            }
        }
    }
}
