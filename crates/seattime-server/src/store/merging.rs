//! What a message does to a visit: whatever arrives, in any order and any number of times, the same state.

use std::borrow::Cow;

use seattime_core::attempt::{check, is_kept_in_browse};
use seattime_wire::{Api, Commit, CommitReason, Mode, Receipt, Refused};

use super::raw::RawVisit;
use super::rows::{PackageRow, VisitRow};
use super::standing::version;
use super::{Arrival, CourseSettings, Merged, StoreError};

/// A value that a message brings, to be kept if it is newer than what is there.
pub(crate) struct Change<'a> {
    pub(crate) activity: &'a str,
    pub(crate) try_: u32,
    pub(crate) element: Cow<'a, str>,
    pub(crate) text: &'a str,
    pub(crate) seq: u64,
    /// Whether a newer visit has begun the activity: then the value is kept aside.
    pub(crate) is_conflict: bool,
}

/// What of a message is to be kept beside the visit itself.
pub(crate) struct Changes<'a> {
    pub(crate) values: Vec<Change<'a>>,
    /// Per target, text and number of the change.
    pub(crate) shared: Vec<(&'a str, &'a str, u64)>,
    /// Values that are not kept, each with the reason.
    pub(crate) refused: Vec<Refused>,
}

/// What a message changes beside the visit itself. `begun_since` are the activities that visits with a newer
/// lease have begun.
pub(crate) fn changes<'a>(commit: &'a Commit, api: Api, mode: Mode, begun_since: &[String]) -> Changes<'a> {
    let (mut values, mut refused) = (Vec::new(), Vec::new());
    for session in &commit.sessions {
        let is_conflict = begun_since.contains(&session.activity);
        for (element, text, seq) in session.changes() {
            // A bad one is refused alone.
            if let Err(code) = check(version(api), &element, text) {
                refused.push(Refused { session: session.n, element: element.into_owned(), code });
                continue;
            }
            // Review stores nothing, browse only where the learner is.
            if mode == Mode::Review || (mode == Mode::Browse && !is_kept_in_browse(&element)) {
                continue;
            }
            let (activity, try_) = (session.activity.as_str(), session.try_);
            values.push(Change { activity, try_, element, text, seq, is_conflict });
        }
    }
    let is_only_looked_at = matches!(mode, Mode::Review | Mode::Browse);
    let shared = commit.shared.iter().filter(|_| !is_only_looked_at);
    let shared = shared.map(|(target, (text, seq))| (target.as_str(), text.as_str(), *seq)).collect();
    Changes { values, shared, refused }
}

/// The activities that any of these visits has begun.
pub(crate) fn begun<'a>(raw: impl Iterator<Item = &'a RawVisit>) -> Vec<String> {
    let sessions = raw.flat_map(|it| it.sessions.values());
    sessions.filter(|it| it.entry.is_some()).map(|it| it.activity.clone()).collect()
}

/// A visit with one message merged into it.
pub(crate) struct Absorbed {
    pub(crate) visit: VisitRow,
    has_news: bool,
    /// Whether the page is asked for everything that it holds.
    needs_full: bool,
}

impl Absorbed {
    /// Merges a message into its visit; `is_whole` says whether every text that travelled ahead is there.
    /// An unknown visit is made again: its token says enough, and it is judged by the server's policy less what its
    /// course has of its own.
    pub(crate) fn new(
        known: Option<VisitRow>,
        arrival: &Arrival,
        course: &CourseSettings,
        commit: &Commit,
        is_whole: bool,
    ) -> Absorbed {
        // Something of it was lost, in a restored database perhaps, if there is no row of it, or its page takes more as
        // acknowledged than the row does. A page that sends the visit's origin says `after`: from 0 on, it holds back nothing.
        let is_unknown = known.is_none();
        let is_all = commit.origin.is_some() && commit.after == 0;
        let acked = known.as_ref().map_or(0, |it| it.acked);
        let has_gap = (is_unknown && !is_all) || acked < commit.after;
        let needs_full = !commit.partial && (has_gap || !is_whole);
        let claims = &arrival.claims;
        let mut visit = known
            .unwrap_or_else(|| VisitRow::new(course.over(arrival.policy), claims.lease, claims.opened_ms));
        // It may have been noted without the message's being merged.
        visit.raw.heard(visit.live_ms);
        let mut has_news = visit.raw.merge(commit, arrival.received_ms) || is_unknown || !visit.is_open;
        if let Some(call) = &arrival.legacy {
            has_news |= visit.raw.merge_legacy(call, arrival.received_ms);
        }
        visit.contact_ms = visit.contact_ms.max(arrival.received_ms);
        if commit.reason != CommitReason::Replay {
            visit.live_ms = visit.live_ms.max(arrival.received_ms);
        }
        visit.is_open = true;
        if !commit.partial && !needs_full && commit.seq > acked {
            // It is written even if nothing else is new: what comes next builds on it.
            (visit.acked, has_news) = (commit.seq, true);
        }
        Absorbed { visit, has_news, needs_full }
    }

    /// Whether the visit's row has to be written; otherwise only the time of contact moved on.
    pub(crate) fn has_news(&self, has_values: bool) -> bool {
        self.has_news || has_values
    }

    /// What the page is told; `lease` is the attempt's.
    pub(crate) fn merged(&self, arrival: &Arrival, refused: Vec<Refused>, lease: u32) -> Merged {
        Merged {
            receipt: Receipt {
                acked: self.visit.acked,
                server_ms: arrival.received_ms,
                token: None,
                refused,
                heartbeat_ms: arrival.policy.heartbeat_ms,
                need_full: self.needs_full,
            },
            is_superseded: arrival.claims.lease < lease,
            has_news: self.has_news,
        }
    }
}

/// Whether parts of texts have to be read before a message can be merged.
pub(crate) fn has_parted(commit: &Commit) -> bool {
    !commit.shared_parted.is_empty() || commit.sessions.iter().any(|it| !it.parted.is_empty())
}

/// A message with the texts that travelled ahead of it, and whether all of them were there. Those that are
/// acknowledged are kept as values already, and their parts are dropped.
pub(crate) fn completed<'a>(
    commit: &'a Commit,
    acked: u64,
    mut parts_of: impl FnMut(u64) -> Result<Vec<(u32, String)>, StoreError>,
) -> Result<(Cow<'a, Commit>, bool), StoreError> {
    if !has_parted(commit) {
        return Ok((Cow::Borrowed(commit), true));
    }
    let mut whole = commit.clone();
    let mut is_whole = true;
    let mut text_of = |seq: u64| -> Result<Option<String>, StoreError> {
        let found = if seq > acked { joined(parts_of(seq)?) } else { None };
        is_whole &= seq <= acked || found.is_some();
        Ok(found)
    };
    for session in &mut whole.sessions {
        for (element, seq) in std::mem::take(&mut session.parted) {
            if let Some(text) = text_of(seq)? {
                session.set.insert(element, (text, seq));
            }
        }
    }
    for (target, seq) in std::mem::take(&mut whole.shared_parted) {
        if let Some(text) = text_of(seq)? {
            whole.shared.insert(target, (text, seq));
        }
    }
    Ok((Cow::Owned(whole), is_whole))
}

/// A text from its parts, in their order, each with how many there are; if all of them are there.
fn joined(parts: Vec<(u32, String)>) -> Option<String> {
    let is_whole = parts.last().is_some_and(|it| it.0 as usize == parts.len());
    is_whole.then(|| parts.into_iter().map(|it| it.1).collect())
}

/// Who sees what the activities of an attempt share: an attempt, or with an empty text all of the learner's.
pub(crate) fn scope<'a>(package: &PackageRow, attempt: &'a str) -> &'a str {
    if package.shares_with_all { "" } else { attempt }
}
