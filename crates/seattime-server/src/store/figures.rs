//! What a visit comes to: its parts, measured on the server's clock and credited by the rules of time.

use std::collections::BTreeMap;

use seattime_core::time::{self, IntervalSet, Moment, Parts, PresencePolicy, active, credit};
use seattime_wire::{CreditPolicy, Policy, Reported, SessionKind, SessionState};

use super::raw::{RawSession, RawVisit};

/// What a visit comes to; derived from its raw state whenever it is asked for, and kept nowhere.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Figures {
    /// A part for each session, and one for the time outside them.
    pub(crate) parts: Vec<Part>,
    /// What was measured, on the server's clock.
    pub(crate) measured: IntervalSet,
    /// What bounds the parts together, on the server's clock.
    pub(crate) bound: IntervalSet,
    /// Whether content called Initialize or a hand was seen: then the attempt counts.
    pub(crate) counts: bool,
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
    pub(crate) reported_ms: Option<i64>,
    pub(crate) reported_state: String,
    pub(crate) credited_ms: i64,
    pub(crate) provenance: String,
    pub(crate) exceeds_presence: bool,
    /// What counts into the next session's `cmi.total_time`: months and hundredths of a second.
    pub(crate) total: (u64, u64),
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

/// What a visit comes to.
pub(crate) fn derive(raw: &RawVisit, policy: &Policy, seen: Seen) -> Figures {
    let presence = PresencePolicy { idle_limit_ms: policy.idle_limit_ms, tail_ms: policy.tail_ms };
    let present: BTreeMap<u32, IntervalSet> =
        raw.stretches.iter().map(|(n, it)| (*n, active(&it.evidence(), &it.visible(), presence))).collect();
    let mapped = |local: &BTreeMap<u32, IntervalSet>| {
        let mut all = IntervalSet::new();
        for (n, set) in local {
            if let Some((start_ms, _)) = raw.stretches.get(n).and_then(super::raw::RawStretch::start) {
                all.union(&set.shifted(start_ms).clipped(seen.opened_ms, seen.contact_ms));
            }
        }
        all
    };
    let window_ms = seen.live_ms.saturating_sub(seen.opened_ms).max(0);

    let mut outside = present.clone();
    let mut parts = Vec::new();
    for (n, session) in &raw.sessions {
        let mut local = BTreeMap::new();
        for (stretch, span) in &session.span {
            let span: IntervalSet = span.iter().copied().collect();
            if let Some(set) = present.get(stretch) {
                local.insert(*stretch, set.intersection(&span));
            }
            if let Some(rest) = outside.get_mut(stretch) {
                *rest = rest.difference(&span);
            }
        }
        let measured_ms = mapped(&local).length_ms();
        let after_report_ms = match session.reported {
            Reported::Set { at: (stretch, ms), .. } => {
                mapped(&from(local, Moment { stretch, ms })).length_ms()
            }
            _ => 0,
        };
        let facts =
            Parts { measured_ms, after_report_ms, reported: core_reported(session.reported), window_ms };
        parts.push(part(*n, session, &facts, policy, seen));
    }
    let outside_ms = mapped(&outside).length_ms();
    if outside_ms > 0 {
        parts.push(outside_part(outside_ms));
    }
    let measured = mapped(&present);
    let bound = match policy.credit {
        CreditPolicy::Reported => [(seen.opened_ms, seen.live_ms)].into_iter().collect(),
        CreditPolicy::Corroborated | CreditPolicy::Measured => measured.clone(),
    };
    Figures {
        counts: parts.iter().any(|it| it.is_initialized) || raw.stretches.values().any(|it| it.has_human()),
        measured,
        bound,
        parts,
    }
}

/// What lies at or after a moment.
fn from(mut local: BTreeMap<u32, IntervalSet>, moment: Moment) -> BTreeMap<u32, IntervalSet> {
    local.retain(|n, _| *n >= moment.stretch);
    if let Some(set) = local.get_mut(&moment.stretch) {
        *set = set.clipped(moment.ms, i64::MAX);
    }
    local
}

fn part(n: u32, session: &RawSession, facts: &Parts, policy: &Policy, seen: Seen) -> Part {
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
        reported_ms,
        reported_state: reported_state.to_owned(),
        credited_ms: credit.ms,
        provenance: credit.provenance.word().to_owned(),
        exceeds_presence: credit.exceeds_presence,
        total: session.accepted.map_or((0, measured_cs), |it| (it.months, it.cs)),
    }
}

fn outside_part(measured_ms: i64) -> Part {
    Part {
        n: 0,
        activity: String::new(),
        try_: 0,
        kind: SessionKind::Asset,
        is_initialized: false,
        state: "outside".to_owned(),
        measured_ms,
        reported_ms: None,
        reported_state: "unset".to_owned(),
        credited_ms: measured_ms,
        provenance: "measured".to_owned(),
        exceeds_presence: false,
        total: (0, 0),
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
