//! What a visit's messages come to: sets and latest words, whatever order they arrived in.

use std::collections::BTreeMap;

use seattime_core::time::legacy::{Claim, Delta, laid};
use seattime_core::time::{Bursts, IntervalSet};
use seattime_wire::{
    Accepted, Commit, CommitReason, EvidenceKind, Media, Outcome, Reported, SessionKind, SessionState,
    StretchInterval, UNMEASURED,
};
use serde::{Deserialize, Serialize};

use super::documents::{self, RawDocuments};
use super::{LegacyCall, refusals};

/// Everything that a visit's messages said of time and sessions, unclipped and on the page's own clock.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RawVisit {
    pub(crate) stretches: BTreeMap<u32, RawStretch>,
    pub(crate) sessions: BTreeMap<u32, RawSession>,
    /// Per media item.
    #[serde(default)]
    pub(crate) media: BTreeMap<String, RawMedia>,
    /// Which pages of documents were seen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) documents: RawDocuments,
    /// What lies near a live message by the server's clock, in ms since 1970: while they keep coming, one interval.
    #[serde(default)]
    near: Vec<(i64, i64)>,
    /// What an old player said, by number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    legacy: BTreeMap<u64, RawCall>,
}

/// What was measured is corroborated so near to a live contact, in ms.
const NEAR_MS: i64 = 75_000;

/// What lies near a contact.
pub(crate) fn near(contact_ms: i64) -> (i64, i64) {
    (contact_ms.saturating_sub(NEAR_MS), contact_ms.saturating_add(NEAR_MS))
}

/// So many calls of an old player are kept, those with the least numbers: a day and a half at one every 10 s.
const MOST_CALLS: usize = 13_000;

/// One call of an old player.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct RawCall {
    /// When it first arrived, in ms since 1970.
    received_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    watched_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period_ms: Option<i64>,
}

/// So many media items of a visit are kept: those whose keys come first, so that the order of messages does not
/// matter. A page tells no more of them.
const MOST_ITEMS: usize = 128;
/// Keys of media items have up to so many bytes.
const MOST_KEY_BYTES: usize = 2_048;

/// One media item: when it played, and how much of it was seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RawMedia {
    /// Number of the last change of what was said of it; 0 while nothing was.
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) duration_ms: i64,
    #[serde(default)]
    pub(crate) position_ms: i64,
    /// What was seen, in ms of media time.
    #[serde(default)]
    covered: Vec<(i64, i64)>,
    /// When it played, per stretch.
    #[serde(default)]
    shown: BTreeMap<u32, Vec<(i64, i64)>>,
    /// When it played in a hidden page, per stretch.
    #[serde(default)]
    hidden: BTreeMap<u32, Vec<(i64, i64)>>,
}

/// One stretch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RawStretch {
    /// The least of receipt − moment of sending over its live messages, in ms: its start, by our clock.
    #[serde(default)]
    live_start_ms: Option<i64>,
    /// Its start by the page's wall clock, set right by a message's moment of sending; where no live
    /// message tells better.
    #[serde(default)]
    wall_start_ms: Option<i64>,
    #[serde(default)]
    human: Vec<(i64, i64)>,
    #[serde(default)]
    media: Vec<(i64, i64)>,
    #[serde(default)]
    page: Vec<(i64, i64)>,
    #[serde(default)]
    visible: Vec<(i64, i64)>,
}

/// One session's latest word, and its span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RawSession {
    seq: u64,
    pub(crate) kind: SessionKind,
    pub(crate) activity: String,
    pub(crate) try_: u32,
    pub(crate) entry: Option<String>,
    pub(crate) state: SessionState,
    pub(crate) accepted: Option<Accepted>,
    pub(crate) reported: Reported,
    /// Scores and statuses that content could not set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) refused: BTreeMap<String, (String, u32)>,
    /// When content first said how long it took, of all that messages told: stretch, and ms since it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_said: Option<(u32, i64)>,
    pub(crate) span: BTreeMap<u32, Vec<(i64, i64)>>,
    /// Its outcome; pages of earlier versions sent none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<Outcome>,
}

impl RawVisit {
    /// Merges a message that arrived at `received_ms`; answers whether that brought anything new. Idempotent,
    /// commutative, associative.
    pub(crate) fn merge(&mut self, commit: &Commit, received_ms: i64) -> bool {
        if commit.reason != CommitReason::Replay {
            self.heard(received_ms);
        }
        let mut has_news = false;
        for stretch in &commit.stretches {
            let kept = self.stretches.entry(stretch.n).or_default();
            let age_ms = commit.sent_date_ms.saturating_sub(stretch.start_date_ms);
            has_news |= least(&mut kept.wall_start_ms, received_ms.saturating_sub(age_ms.max(0)));
            if let Some(sent_at_ms) = stretch.sent_at_ms.filter(|_| commit.reason != CommitReason::Replay) {
                has_news |= least(&mut kept.live_start_ms, received_ms.saturating_sub(sent_at_ms));
            }
        }
        for &(n, first, last, kind) in &commit.time.evidence {
            let kept = self.stretches.entry(n).or_default();
            let bursts = match kind {
                EvidenceKind::Human => &mut kept.human,
                EvidenceKind::Media => &mut kept.media,
                EvidenceKind::Page => &mut kept.page,
            };
            let first = first.max(0);
            if first <= last && !bursts.iter().any(|it| it.0 <= first && last <= it.1) {
                let mut set: Bursts = bursts.iter().copied().collect();
                set.insert(first, last);
                *bursts = set.iter().collect();
                has_news = true;
            }
        }
        for &interval in &commit.time.visible {
            has_news |= add(&mut self.stretches.entry(interval.0).or_default().visible, interval);
        }
        for session in &commit.sessions {
            let kept = self.sessions.entry(session.n).or_insert_with(|| {
                has_news = true;
                RawSession {
                    seq: 0,
                    kind: session.kind,
                    activity: session.activity.clone(),
                    try_: session.try_,
                    entry: None,
                    state: session.state,
                    accepted: None,
                    reported: Reported::Unset,
                    refused: BTreeMap::new(),
                    first_said: None,
                    span: BTreeMap::new(),
                    outcome: None,
                }
            });
            if let Reported::Set { at, .. } = session.reported
                && kept.first_said.is_none_or(|it| at < it)
            {
                kept.first_said = Some(at);
                has_news = true;
            }
            if session.seq > kept.seq {
                kept.seq = session.seq;
                kept.entry.clone_from(&session.entry);
                kept.state = session.state;
                kept.accepted = session.accepted;
                kept.reported = session.reported;
                kept.refused = refusals::kept(&session.refused);
                has_news = true;
            }
            if let Some(outcome) = session.outcome
                && kept.outcome.is_none_or(|it| outcome.seq > it.seq)
            {
                kept.outcome = Some(outcome);
                has_news = true;
            }
            for &interval in &session.span {
                has_news |= add(kept.span.entry(interval.0).or_default(), interval);
            }
        }
        has_news |= documents::merge(&mut self.documents, &commit.documents);
        self.merge_media(commit) || has_news
    }

    /// Whether nothing was ever told of it.
    pub(crate) fn is_empty(&self) -> bool {
        self.stretches.is_empty()
            && self.sessions.is_empty()
            && self.media.is_empty()
            && self.legacy.is_empty()
    }

    /// Where its video or audio was last, in ms of media time; of an old player's calls, the last that says so.
    pub(crate) fn position_ms(&self) -> Option<i64> {
        let told = self.media.values().next_back().map(|it| it.position_ms);
        told.or_else(|| self.legacy.values().rev().find_map(|it| it.position_ms))
    }

    /// Takes in a live contact. That is no news by itself: it is kept with the next ones.
    pub(crate) fn heard(&mut self, contact_ms: i64) {
        let (start, end) = near(contact_ms);
        add(&mut self.near, (0, start, end));
    }

    /// What lies near its live messages.
    pub(crate) fn near_contacts(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.near.iter().copied()
    }

    /// Merges a call of an old player, of which the first arrival counts; answers whether that brought anything new.
    pub(crate) fn merge_legacy(&mut self, call: &LegacyCall, received_ms: i64) -> bool {
        let (watched_ms, position_ms) = match call.claim {
            Claim::Watched(ms) => (Some(ms), None),
            Claim::Position(ms) => (None, Some(ms)),
        };
        let told = RawCall { received_ms, watched_ms, position_ms, period_ms: call.period_ms };
        let kept = self.legacy.get(&call.seq).copied();
        if kept.is_some_and(|kept| kept <= told) {
            return false;
        }
        self.legacy.insert(call.seq, told);
        while self.legacy.len() > MOST_CALLS {
            self.legacy.pop_last();
        }
        self.legacy.get(&call.seq) == Some(&told)
    }

    /// When an old player was watched, by its own word, on the server's clock.
    pub(crate) fn legacy(&self, launched_ms: i64) -> IntervalSet {
        let delta = |it: &RawCall| Delta {
            received_ms: it.received_ms,
            claim: it.watched_ms.map_or(Claim::Position(it.position_ms.unwrap_or(0)), Claim::Watched),
            period_ms: it.period_ms,
        };
        laid(launched_ms, &self.legacy.values().map(delta).collect::<Vec<_>>())
    }

    fn merge_media(&mut self, commit: &Commit) -> bool {
        let before = self.media.len();
        let mut has_news = false;
        for (told, is_background) in [(&commit.time.med, false), (&commit.time.med_bg, true)] {
            for (stretch, start, end, key) in told {
                let Some(kept) = self.media_item(key) else { continue };
                let played = if is_background { &mut kept.hidden } else { &mut kept.shown };
                has_news |= add(played.entry(*stretch).or_default(), (*stretch, *start, *end));
            }
        }
        for item in &commit.media {
            if let Some(kept) = self.media_item(&item.key) {
                has_news |= kept.merge(item);
            }
        }
        while self.media.len() > MOST_ITEMS {
            self.media.pop_last();
        }
        has_news || self.media.len() != before
    }

    /// A media item, unless its key is none.
    fn media_item(&mut self, key: &str) -> Option<&mut RawMedia> {
        let is_key = (1..=MOST_KEY_BYTES).contains(&key.len());
        is_key.then(|| self.media.entry(key.to_owned()).or_default())
    }
}

/// Content that says how long it took no longer than this before its end, in ms, says it as it ends.
const AT_END_MS: i64 = 5_000;

impl RawSession {
    /// Where its content was loaded, per stretch.
    pub(crate) fn spans(&self) -> BTreeMap<u32, IntervalSet> {
        self.span.iter().map(|(stretch, span)| (*stretch, span.iter().copied().collect())).collect()
    }

    /// Whether content had said how long it took before it was about to end. Without the first time that it did, as in
    /// what older versions kept, the last one tells.
    pub(crate) fn said_before_end(&self) -> bool {
        let Reported::Set { at, .. } = self.reported else { return false };
        let (stretch, ms) = self.first_said.map_or(at, |it| it.min(at));
        let last =
            self.span.iter().filter_map(|(n, it)| Some((*n, it.iter().map(|it| it.1).max()?))).next_back();
        last.is_some_and(|(n, end)| stretch < n || (stretch == n && end.saturating_sub(ms) > AT_END_MS))
    }
}

impl RawMedia {
    fn merge(&mut self, told: &Media) -> bool {
        let mut has_news = told.seq > self.seq;
        if has_news {
            (self.seq, self.kind) = (told.seq, told.kind.clone());
            (self.duration_ms, self.position_ms) = (told.duration_ms, told.position_ms);
        }
        for &(start, end) in &told.covered {
            has_news |= add(&mut self.covered, (0, start, end));
        }
        has_news
    }

    /// Whether it is a player of which nothing but its presence is known.
    pub(crate) fn is_unmeasured(&self) -> bool {
        self.kind == UNMEASURED
    }

    /// When it played and counts, per stretch: a video in a hidden page does not, and what nobody can tell does not.
    pub(crate) fn played(&self) -> BTreeMap<u32, IntervalSet> {
        let mut played: BTreeMap<u32, IntervalSet> = BTreeMap::new();
        if self.is_unmeasured() {
            return played;
        }
        let hidden = self.hidden.iter().filter(|_| self.kind == "audio");
        for (stretch, intervals) in self.shown.iter().chain(hidden) {
            played.entry(*stretch).or_default().union(&intervals.iter().copied().collect());
        }
        played
    }

    /// What was seen of it, in ms of media time; nothing beyond its end.
    pub(crate) fn covered(&self) -> IntervalSet {
        let covered: IntervalSet = self.covered.iter().copied().collect();
        let end = if self.duration_ms > 0 { self.duration_ms } else { i64::MAX };
        covered.clipped(0, end)
    }
}

impl RawStretch {
    /// Its start by our clock, in ms since 1970, and whether a live message bears it out.
    pub(crate) fn start(&self) -> Option<(i64, bool)> {
        match (self.live_start_ms, self.wall_start_ms) {
            (Some(live), _) => Some((live, true)),
            (None, wall) => wall.map(|it| (it, false)),
        }
    }

    /// Every sign of the learner, whatever it came from.
    pub(crate) fn evidence(&self) -> Bursts {
        self.human.iter().chain(&self.media).chain(&self.page).copied().collect()
    }

    /// When a window of the visit was visible.
    pub(crate) fn visible(&self) -> IntervalSet {
        self.visible.iter().copied().collect()
    }

    /// The signs that a hand gave.
    pub(crate) fn by_hand(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.human.iter().copied()
    }

    /// Whether a hand was seen.
    pub(crate) fn has_human(&self) -> bool {
        !self.human.is_empty()
    }
}

fn least(kept: &mut Option<i64>, found: i64) -> bool {
    let is_less = kept.is_none_or(|it| found < it);
    if is_less {
        *kept = Some(found);
    }
    is_less
}

fn add(kept: &mut Vec<(i64, i64)>, (_, start, end): StretchInterval) -> bool {
    let start = start.max(0);
    if start >= end || kept.iter().any(|it| it.0 <= start && end <= it.1) {
        return false;
    }
    let mut set: IntervalSet = kept.iter().copied().collect();
    set.insert(start, end);
    *kept = set.iter().collect();
    true
}
