//! A visit as a timeline: every moment of it, whether it counted, and why; derived from what its figures are.

use std::collections::BTreeMap;

use seattime_core::time::{IntervalSet, tails};
use seattime_wire::{Policy, Reported};
use serde::Serialize;

use super::figures::{Presence, Seen, placed, presence_policy};
use super::raw::{RawMedia, RawSession, RawVisit};
use super::rows::VisitRow;
use super::standing::detail;
use super::{ReportDetail, StoredActivity};

/// Whose visits are asked for: those of one row of the report.
#[derive(Debug, Clone)]
pub struct VisitsOf {
    /// Who learns.
    pub learner: Learner,
    /// Name of the course.
    pub course: String,
    /// The topic's id.
    pub topic: String,
}

/// Who learns.
#[derive(Debug, Clone)]
pub enum Learner {
    /// By our id.
    Id(String),
    /// By the LMS's own id.
    Lms(String),
}

/// One visit: what was seen when, whether it counted, and what content said. Moments are in ms since 1970.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportVisit {
    /// Number of the attempt; 0 where it counts for none.
    pub attempt: u32,
    /// When it was opened.
    pub opened_ms: i64,
    /// When it was last heard of.
    pub contact_ms: i64,
    /// Whether it was not closed for want of contact.
    pub is_open: bool,
    /// How its time is judged.
    pub policy: Policy,
    /// What was measured, in ms: as much as there is in the segments that count.
    pub measured_ms: i64,
    /// Every moment from its opening to the last that something is known of, in order.
    pub segments: Vec<ReportSegment>,
    /// When a window of it was visible: start and end.
    pub visible: Vec<(i64, i64)>,
    /// When the learner gave signs: first and last moment of each burst.
    pub signs: Vec<(i64, i64)>,
    /// When which media played and counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<ReportPlayed>,
    /// Its sessions, and the time outside all of them.
    pub sessions: Vec<ReportSession>,
}

/// A part of a visit in which everything stayed the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportSegment {
    /// When it began.
    pub start_ms: i64,
    /// When it ended, which is not in it.
    pub end_ms: i64,
    /// What was seen.
    pub kind: SegmentKind,
    /// Whether it counted.
    pub counts: bool,
    /// Whether only the wall clock of the learner's machine says when it was: no message came while it ran.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_uncorroborated: bool,
}

/// What was seen in a part of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    /// Media played, and count.
    Media,
    /// The page was visible, after a sign that nothing followed in time; so much of that counts.
    Tail,
    /// The page was visible, between signs that are close enough.
    Active,
    /// The page was visible, and there was no sign of the learner; does not count.
    Idle,
    /// The page was hidden; does not count.
    Hidden,
    /// The page did not run, or nothing is known of it; does not count.
    Away,
}

/// When one media item played and counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportPlayed {
    /// What identifies it: its path, and its length in seconds.
    pub key: String,
    /// `video`, `audio`, or `unmeasured` for a player that does not say when it plays.
    pub kind: String,
    /// When: start and end.
    pub played: Vec<(i64, i64)>,
}

/// A session of a visit, or the time outside all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportSession {
    /// Its number in the visit, from 1; 0 for the time outside.
    pub n: u32,
    /// When its content was loaded: start and end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub span: Vec<(i64, i64)>,
    /// When content set the time that it reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_at_ms: Option<i64>,
    /// Its figures, as the report's row has them.
    #[serde(flatten)]
    pub figures: ReportDetail,
}

/// A visit of an attempt of that number, as a timeline.
pub(crate) fn timeline(visit: &VisitRow, attempt: u32, activities: &[StoredActivity]) -> ReportVisit {
    let (raw, seen) = (&visit.raw, visit.seen());
    let figures = visit.figures();
    let list = |set: IntervalSet| set.iter().collect::<Vec<_>>();
    let played = |(key, item): (&String, &RawMedia)| ReportPlayed {
        key: super::figures::lasting(key).to_owned(),
        kind: item.kind.clone(),
        played: list(placed(raw, seen, &item.played())),
    };
    let media = raw.media.iter().filter(|(_, it)| it.is_unmeasured() || !it.played().is_empty());
    let sessions = figures.parts.iter().map(|part| {
        let session = raw.sessions.get(&part.n);
        ReportSession {
            n: part.n,
            span: session.map(|it| list(placed(raw, seen, &spans(it)))).unwrap_or_default(),
            reported_at_ms: session.and_then(|it| reported_at(raw, it.reported)),
            figures: detail(part, attempt, visit.opened_ms, activities),
        }
    });
    ReportVisit {
        attempt,
        opened_ms: visit.opened_ms,
        contact_ms: visit.contact_ms,
        is_open: visit.is_open,
        policy: visit.policy,
        measured_ms: figures.measured.length_ms(),
        segments: segments(raw, &visit.policy, seen),
        visible: list(placed(raw, seen, &visible(raw))),
        signs: signs(raw, seen),
        media: media.map(played).collect(),
        sessions: sessions.collect(),
    }
}

/// Every moment of a visit that something is known of.
fn segments(raw: &RawVisit, policy: &Policy, seen: Seen) -> Vec<ReportSegment> {
    let rules = presence_policy(raw, policy);
    let presence = Presence::of(raw, policy);
    let (mut tail, mut known, mut by_page_alone) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (n, stretch) in &raw.stretches {
        tail.insert(*n, tails(&stretch.evidence(), &stretch.visible(), rules));
        let known_of = [(0, last_known(raw, *n))].into_iter().collect::<IntervalSet>();
        if stretch.start().is_some_and(|it| !it.1) {
            by_page_alone.insert(*n, known_of.clone());
        }
        known.insert(*n, known_of);
    }
    let placed = |local: &BTreeMap<u32, IntervalSet>| placed(raw, seen, local);
    let known = placed(&known);
    let mut left = IntervalSet::new();
    left.insert(seen.opened_ms, known.bounds().map_or(seen.opened_ms, |it| it.1));
    let by_page_alone = placed(&by_page_alone);
    #[rustfmt::skip]
    let layers = [
        // What lies above hides what lies below.
        (SegmentKind::Media,  true,  placed(&presence.played)),
        (SegmentKind::Tail,   true,  placed(&tail)),
        (SegmentKind::Active, true,  placed(&presence.present)),
        (SegmentKind::Idle,   false, placed(&visible(raw))),
        (SegmentKind::Hidden, false, known),
        (SegmentKind::Away,   false, left.clone()),
    ];
    let mut segments = Vec::new();
    for (kind, counts, set) in layers {
        let shown = set.intersection(&left);
        left = left.difference(&set);
        for (part, is_uncorroborated) in
            [(shown.difference(&by_page_alone), false), (shown.intersection(&by_page_alone), true)]
        {
            let segment =
                |(start_ms, end_ms)| ReportSegment { start_ms, end_ms, kind, counts, is_uncorroborated };
            segments.extend(part.iter().map(segment));
        }
    }
    segments.sort_by_key(|it| it.start_ms);
    segments
}

/// The last moment of a stretch that something is known of, in ms since it began.
fn last_known(raw: &RawVisit, n: u32) -> i64 {
    let Some(stretch) = raw.stretches.get(&n) else { return 0 };
    let ends = |set: IntervalSet| set.bounds().map(|it| it.1);
    let played = raw.media.values().filter_map(|it| it.played().remove(&n)).filter_map(ends);
    let loaded = raw.sessions.values().filter_map(|it| spans(it).remove(&n)).filter_map(ends);
    let signs = stretch.evidence().iter().next_back().map(|it| it.1);
    played.chain(loaded).chain(signs).chain(ends(stretch.visible())).max().unwrap_or(0)
}

/// When a window of the visit was visible, per stretch.
fn visible(raw: &RawVisit) -> BTreeMap<u32, IntervalSet> {
    raw.stretches.iter().map(|(n, it)| (*n, it.visible())).collect()
}

/// When a session's content was loaded, per stretch.
fn spans(session: &RawSession) -> BTreeMap<u32, IntervalSet> {
    session.span.iter().map(|(n, span)| (*n, span.iter().copied().collect())).collect()
}

/// When content set the time that it reported, in ms since 1970.
fn reported_at(raw: &RawVisit, reported: Reported) -> Option<i64> {
    let (Reported::Set { at: (n, ms), .. } | Reported::Zero { at: (n, ms) }) = reported else { return None };
    Some(raw.stretches.get(&n)?.start()?.0.saturating_add(ms))
}

/// The signs that hands gave, as far as the server saw the visit.
fn signs(raw: &RawVisit, seen: Seen) -> Vec<(i64, i64)> {
    let mut signs = Vec::new();
    for stretch in raw.stretches.values() {
        let Some((start_ms, _)) = stretch.start() else { continue };
        let at = |ms: i64| start_ms.saturating_add(ms);
        signs.extend(stretch.by_hand().map(|it| (at(it.0), at(it.1))));
    }
    signs.retain(|it| seen.opened_ms <= it.0 && it.1 <= seen.contact_ms);
    signs.sort_unstable();
    signs
}
