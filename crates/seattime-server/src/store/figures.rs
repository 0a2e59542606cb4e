//! What a visit comes to: its parts, measured on the server's clock and credited by the rules of time.

use std::collections::BTreeMap;

use seattime_core::time::{
    self, COUNTS_PLAYED_MS, COUNTS_VISIBLE_MS, IntervalSet, Moment, Parts, PresencePolicy, Provenance,
    active, credit,
};
use seattime_wire::{CreditPolicy, Policy, Reported, SessionKind, SessionState};

use super::documents::{self, SeenPages};
use super::raw::{RawMedia, RawSession, RawStretch, RawVisit, near};
use super::refusals::{self, RefusedValue};

/// Where time comes from that an old player told.
pub(crate) const LEGACY: &str = "legacy";

/// What a visit comes to; derived from its raw state whenever it is asked for, and kept nowhere.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Figures {
    /// A part for each session, and one for the time outside them.
    pub(crate) parts: Vec<Part>,
    /// What was measured, on the server's clock.
    pub(crate) measured: IntervalSet,
    /// What bounds the parts together, on the server's clock.
    pub(crate) bound: IntervalSet,
    /// When media played, on the server's clock.
    pub(crate) played: IntervalSet,
    /// Of what was measured, what lies near a live contact, on the server's clock.
    pub(crate) corroborated: IntervalSet,
    /// What was seen of each media item.
    pub(crate) media: Vec<Seeing>,
    /// Which pages of documents were seen.
    pub(crate) documents: Vec<SeenPages>,
    /// True if it makes its attempt count: content called Initialize, the learner gave a sign, media played for 2 s, or
    /// a window of it was visible for 10 s.
    pub(crate) counts: bool,
}

/// What was seen of one media item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seeing {
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) duration_ms: i64,
    /// In ms of media time.
    pub(crate) covered: IntervalSet,
}

/// One part of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The session's number; 0 for the time outside every session.
    pub(crate) n: u32,
    pub(crate) activity: String,
    pub(crate) try_: u32,
    pub(crate) kind: SessionKind,
    pub(crate) is_initialized: bool,
    pub(crate) state: String,
    pub(crate) measured_ms: i64,
    /// Over which time what it is credited is spread, on the server's clock: what was measured, or else what bounds it.
    pub(crate) over: IntervalSet,
    /// Of what was measured, what media played.
    pub(crate) media_ms: i64,
    /// Of it, what lies near a live contact.
    pub(crate) corroborated_ms: i64,
    pub(crate) reported_ms: Option<i64>,
    pub(crate) reported_state: String,
    pub(crate) credited_ms: i64,
    pub(crate) provenance: String,
    pub(crate) exceeds_presence: bool,
    /// Scores and statuses that content could not set.
    pub(crate) refused: Vec<RefusedValue>,
    /// From where its span begins to where it ends, by the server's clock: whoever was there or not, asleep or not.
    pub(crate) wall_ms: i64,
    /// Whether content had said how long it took before it was about to end.
    pub(crate) said_before_end: bool,
    /// What counts into the next session's `cmi.total_time`: months and hundredths of a second.
    pub(crate) total: (u64, u64),
}

impl Part {
    /// Whether it is a session of content that is expected to call the API.
    pub(crate) fn is_sco(&self) -> bool {
        self.n > 0 && self.kind == SessionKind::Sco
    }
}

/// What the server saw of a visit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// When it was opened, in ms since 1970.
    pub(crate) opened_ms: i64,
    /// When it was last heard of, in ms since 1970; replays count.
    pub(crate) contact_ms: i64,
    /// When it was last heard of, in ms since 1970; replays do not count.
    pub(crate) live_ms: i64,
    /// Whether it was closed for want of contact.
    pub(crate) is_closed: bool,
}

/// Nobody takes in more of a medium than this, in media time over time; what is faster is skimmed.
const MAX_RATE: i64 = 2;
/// What a visit adds to what was seen of an item may be more than that by so much, in ms.
const SEEN_MORE_MS: i64 = 5_000;

/// What is measured of a visit, per stretch and on the page's own clock.
pub(crate) struct Presence {
    /// When the learner was there, or media played.
    pub(crate) present: BTreeMap<u32, IntervalSet>,
    /// Of it, when media played.
    pub(crate) played: BTreeMap<u32, IntervalSet>,
}

impl Presence {
    /// What is measured of a visit.
    pub(crate) fn of(raw: &RawVisit, policy: &Policy) -> Presence {
        let rules = presence_policy(raw, policy);
        let mut present: BTreeMap<u32, IntervalSet> =
            raw.stretches.iter().map(|(n, it)| (*n, active(&it.evidence(), &it.visible(), rules))).collect();
        let mut played: BTreeMap<u32, IntervalSet> = BTreeMap::new();
        for (stretch, set) in raw.media.values().flat_map(RawMedia::played) {
            present.entry(stretch).or_default().union(&set);
            played.entry(stretch).or_default().union(&set);
        }
        Presence { present, played }
    }
}

/// How evidence is judged. A video or audio is a topic of its own: what plays is its time, and nothing else.
pub(crate) fn presence_policy(raw: &RawVisit, policy: &Policy) -> PresencePolicy {
    if raw.sessions.values().any(|it| it.kind == SessionKind::Media) {
        return PresencePolicy::NOTHING;
    }
    PresencePolicy { idle_limit_ms: policy.idle_limit_ms, tail_ms: policy.tail_ms }
}

/// What lies on the page's own clock, on the server's, as far as the server saw the visit.
pub(crate) fn placed(raw: &RawVisit, seen: Seen, local: &BTreeMap<u32, IntervalSet>) -> IntervalSet {
    let mut all = IntervalSet::new();
    for (n, set) in local {
        if let Some((start_ms, _)) = raw.stretches.get(n).and_then(RawStretch::start) {
            all.union(&set.shifted(start_ms).clipped(seen.opened_ms, seen.contact_ms));
        }
    }
    all
}

/// What a visit comes to.
pub(crate) fn derive(raw: &RawVisit, policy: &Policy, seen: Seen) -> Figures {
    let Presence { present, played } = Presence::of(raw, policy);
    let mapped = |local: &BTreeMap<u32, IntervalSet>| placed(raw, seen, local);
    let near = near_contacts(raw, seen);
    // What only the page's wall clock places is borne out by nobody.
    let corroborated = |local: &BTreeMap<u32, IntervalSet>| {
        let mut live = local.clone();
        live.retain(|n, _| raw.stretches.get(n).and_then(RawStretch::start).is_some_and(|it| it.1));
        mapped(&live).intersection(&near)
    };
    let window_ms = seen.live_ms.saturating_sub(seen.opened_ms).max(0);

    let (mut outside, mut played_outside) = (present.clone(), played.clone());
    let mut parts = Vec::new();
    for (n, session) in &raw.sessions {
        let local = within(&present, session, &mut outside);
        let media_ms = mapped(&within(&played, session, &mut played_outside)).length_ms();
        let (measured, span) = (mapped(&local), mapped(&session.spans()));
        let measured_ms = measured.length_ms();
        let after_report_ms = match session.reported {
            Reported::Set { at: (stretch, ms), .. } => {
                mapped(&from(local.clone(), Moment { stretch, ms })).length_ms()
            }
            _ => 0,
        };
        let facts =
            Parts { measured_ms, after_report_ms, reported: core_reported(session.reported), window_ms };
        let of_it = (media_ms, corroborated(&local).length_ms(), wall_ms(&span));
        let over = spread_over(measured, span, policy, seen);
        parts.push(Part { over, ..part(*n, session, &facts, of_it, policy, seen) });
    }
    let outside_of_all = mapped(&outside);
    if !outside_of_all.is_empty() {
        let of_it = (mapped(&played_outside).length_ms(), corroborated(&outside).length_ms());
        parts.push(outside_part(outside_of_all, of_it));
    }
    let mut measured = mapped(&present);
    let legacy = raw.legacy(seen.opened_ms).clipped(seen.opened_ms, seen.contact_ms);
    if !legacy.is_empty() {
        measured.union(&legacy);
        parts.push(legacy_part(legacy.clone()));
    }
    let bound = match policy.credit {
        CreditPolicy::Reported => {
            let mut bound: IntervalSet = [(seen.opened_ms, seen.live_ms)].into_iter().collect();
            bound.union(&measured);
            bound
        }
        CreditPolicy::Corroborated | CreditPolicy::Measured => measured.clone(),
    };
    let played = mapped(&played);
    let visible = raw.stretches.iter().map(|(n, it)| (*n, it.visible())).collect();
    Figures {
        counts: !legacy.is_empty()
            || parts.iter().any(|it| it.is_initialized)
            || raw.stretches.values().any(|it| it.has_human())
            || played.length_ms() >= COUNTS_PLAYED_MS
            || mapped(&visible).length_ms() >= COUNTS_VISIBLE_MS,
        measured,
        bound,
        played,
        corroborated: corroborated(&present),
        media: raw.media.iter().filter_map(|(key, it)| seeing(key, it, &mapped(&it.played()))).collect(),
        documents: documents::seen_in(&raw.documents, |it| lasting(it).to_owned()),
        parts,
    }
}

/// What of a visit lies in a session's span; takes it out of what lies outside all of them.
fn within(
    all: &BTreeMap<u32, IntervalSet>,
    session: &RawSession,
    outside: &mut BTreeMap<u32, IntervalSet>,
) -> BTreeMap<u32, IntervalSet> {
    let mut local = BTreeMap::new();
    for (stretch, span) in session.spans() {
        if let Some(set) = all.get(&stretch) {
            local.insert(stretch, set.intersection(&span));
        }
        if let Some(rest) = outside.get_mut(&stretch) {
            *rest = rest.difference(&span);
        }
    }
    local
}

/// Over which time what a session is credited is spread: what was measured of it. Where nothing was, that is the live
/// window if it bounds what is credited, else its span; and if nobody knows even that, the moment of the visit's opening.
fn spread_over(measured: IntervalSet, span: IntervalSet, policy: &Policy, seen: Seen) -> IntervalSet {
    let window_end_ms = if policy.credit == CreditPolicy::Reported { seen.live_ms } else { seen.opened_ms };
    let window = [(seen.opened_ms, window_end_ms)].into_iter().collect();
    let opening = [(seen.opened_ms, seen.opened_ms.saturating_add(1))].into_iter().collect();
    [measured, window, span].into_iter().find(|it| !it.is_empty()).unwrap_or(opening)
}

/// From the beginning of a set to its end.
fn wall_ms(set: &IntervalSet) -> i64 {
    let (first, last) = (set.iter().next(), set.iter().last());
    first.zip(last).map_or(0, |(first, last)| last.1.saturating_sub(first.0))
}

/// What was seen of a media item that played when the server's clock says; nothing where nothing was, unless that could
/// not be told.
fn seeing(key: &str, raw: &RawMedia, played: &IntervalSet) -> Option<Seeing> {
    let most_ms = played.length_ms().saturating_mul(MAX_RATE).saturating_add(SEEN_MORE_MS);
    let covered = first_of(&raw.covered(), most_ms);
    let is_told = raw.is_unmeasured() || !covered.is_empty() && !played.is_empty();
    is_told.then(|| Seeing {
        key: lasting(key).to_owned(),
        kind: raw.kind.clone(),
        duration_ms: raw.duration_ms,
        covered: if raw.is_unmeasured() { IntervalSet::new() } else { covered },
    })
}

/// The first `most_ms` of a set.
fn first_of(set: &IntervalSet, most_ms: i64) -> IntervalSet {
    let mut left_ms = most_ms;
    let mut first = IntervalSet::new();
    for (start, end) in set.iter() {
        first.insert(start, end.min(start.saturating_add(left_ms)));
        left_ms = left_ms.saturating_sub(end.saturating_sub(start)).max(0);
    }
    first
}

/// What of a key stays the same from launch to launch: of content that we host, all but the grant.
pub(crate) fn lasting(key: &str) -> &str {
    let path = key.strip_prefix("/content/").and_then(|it| it.split_once('/'));
    path.map_or(key, |it| it.1)
}

/// What lies at or after a moment.
fn from(mut local: BTreeMap<u32, IntervalSet>, moment: Moment) -> BTreeMap<u32, IntervalSet> {
    local.retain(|n, _| *n >= moment.stretch);
    if let Some(set) = local.get_mut(&moment.stretch) {
        *set = set.clipped(moment.ms, i64::MAX);
    }
    local
}

/// When the server heard of a visit, with what lies near: its opening, and every live message that had news. Those
/// without news are worth no write; the last of them is known.
fn near_contacts(raw: &RawVisit, seen: Seen) -> IntervalSet {
    let ends = [near(seen.opened_ms), near(seen.live_ms)];
    raw.near_contacts().chain(ends).collect()
}

/// A session; `of_it` is what media played of it, what lies near a live contact, and what passed from its beginning to
/// its end.
fn part(
    n: u32,
    session: &RawSession,
    facts: &Parts,
    (media_ms, corroborated_ms, wall_ms): (i64, i64, i64),
    policy: &Policy,
    seen: Seen,
) -> Part {
    let credit = credit(core_policy(policy.credit), facts);
    let is_initialized = session.entry.is_some();
    let state = match session.state {
        SessionState::Terminated => "terminated",
        SessionState::Implicit => "implicit",
        SessionState::Running | SessionState::Left if seen.is_closed => "abandoned",
        SessionState::Running => "running",
        SessionState::Left => "left",
    };
    let measured_cs = u64::try_from(facts.measured_ms / 10).unwrap_or(0);
    let (reported_state, reported_ms) = match session.reported {
        Reported::Unset => ("unset", None),
        Reported::Zero { .. } => ("zero", Some(0)),
        Reported::Set { ms, .. } => ("set", Some(ms)),
        Reported::Malformed => ("malformed", None),
    };
    Part {
        n,
        activity: session.activity.clone(),
        try_: session.try_,
        kind: session.kind,
        is_initialized,
        state: state.to_owned(),
        measured_ms: facts.measured_ms,
        over: IntervalSet::new(),
        media_ms,
        corroborated_ms,
        reported_ms,
        reported_state: reported_state.to_owned(),
        credited_ms: credit.ms,
        provenance: provenance(credit.provenance, facts.measured_ms, media_ms).to_owned(),
        exceeds_presence: credit.exceeds_presence,
        refused: refusals::shown(&session.refused),
        wall_ms,
        said_before_end: session.said_before_end(),
        total: session.accepted.map_or((0, measured_cs), |it| (it.months, it.cs)),
    }
}

/// Where a credited time comes from: what was measured while media played for most of it comes from them.
fn provenance(from: Provenance, measured_ms: i64, media_ms: i64) -> &'static str {
    if from == Provenance::Measured && media_ms > measured_ms / 2 { "media" } else { from.word() }
}

fn outside_part(measured: IntervalSet, (media_ms, corroborated_ms): (i64, i64)) -> Part {
    let measured_ms = measured.length_ms();
    Part {
        n: 0,
        activity: String::new(),
        try_: 0,
        kind: SessionKind::Asset,
        is_initialized: false,
        state: "outside".to_owned(),
        measured_ms,
        over: measured,
        media_ms,
        corroborated_ms,
        reported_ms: None,
        reported_state: "unset".to_owned(),
        credited_ms: measured_ms,
        provenance: provenance(Provenance::Measured, measured_ms, media_ms).to_owned(),
        exceeds_presence: false,
        refused: Vec::new(),
        wall_ms: 0,
        said_before_end: false,
        total: (0, 0),
    }
}

/// What an old player said was watched: there is no more to know of it.
fn legacy_part(watched: IntervalSet) -> Part {
    Part {
        n: 1,
        activity: LEGACY.to_owned(),
        state: "left".to_owned(),
        provenance: LEGACY.to_owned(),
        ..outside_part(watched, (0, 0))
    }
}

fn core_reported(reported: Reported) -> time::Reported {
    match reported {
        Reported::Unset => time::Reported::Unset,
        Reported::Zero { .. } => time::Reported::Zero,
        Reported::Set { ms, .. } => time::Reported::Set(ms),
        Reported::Malformed => time::Reported::Malformed,
    }
}

fn core_policy(policy: CreditPolicy) -> time::CreditPolicy {
    match policy {
        CreditPolicy::Corroborated => time::CreditPolicy::Corroborated,
        CreditPolicy::Reported => time::CreditPolicy::Reported,
        CreditPolicy::Measured => time::CreditPolicy::Measured,
    }
}
