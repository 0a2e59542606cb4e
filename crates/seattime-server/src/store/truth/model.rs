//! What a story comes to, by the words of the rules: second by second, without intervals, bursts or sums of parts.

use std::collections::{BTreeMap, BTreeSet};

use seattime_wire::CreditPolicy;

use super::story::{Delivery, Lived, MEDIA, Said, Story};

/// What a topic comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) credited_s: i64,
    pub(crate) measured_s: i64,
    pub(crate) exceeds_presence: bool,
    pub(crate) attempts: u32,
}

/// What a visit comes to.
pub(crate) struct VisitTotals {
    pub(crate) parts: Vec<PartTotals>,
    /// From the visit's opening to its last live contact, in seconds.
    pub(crate) window_s: i64,
    /// The server's seconds that the learner was there.
    present: BTreeSet<i64>,
    /// Of these, those that were lived near a live contact.
    near: BTreeSet<i64>,
    /// The server's seconds that bound what is credited.
    bound: BTreeSet<i64>,
    counts: bool,
}

/// What a session comes to, or the time outside all of them.
#[derive(Debug)]
pub(crate) struct PartTotals {
    pub(crate) measured_s: i64,
    pub(crate) credited_s: i64,
    exceeds_presence: bool,
}

/// Whether the learner was there in a second of a stretch: it is visible, and lies between two signs that are near
/// enough, or shortly after one.
fn is_present(story: &Story, lived: &Lived, second: usize) -> bool {
    let before = lived.signs[..=second].iter().rposition(Option::is_some);
    let after = lived.signs[second + 1..].iter().position(Option::is_some).map(|it| it + second + 1);
    let (idle_s, tail_s) = (story.policy.idle_limit_ms / 1_000, story.policy.tail_ms / 1_000);
    let Some(before) = before else { return false };
    let is_between = after.is_some_and(|after| (after - before) as i64 <= idle_s);
    lived.visible[second] && (is_between || ((second - before) as i64) < tail_s)
}

/// Whether something played in a second that counts: in a hidden page only what is heard.
fn is_played(lived: &Lived, second: usize) -> bool {
    lived.played[second].is_some_and(|(n, is_hidden)| !is_hidden || MEDIA[n].1 == "audio")
}

/// When a stretch began by the server's clock: no live message can have come before it was sent.
fn start_of(deliveries: &[Delivery], stretch: usize) -> i64 {
    let live = deliveries.iter().filter_map(|it| {
        it.sent_at.filter(|at| at.0 == stretch && !it.is_replay).map(|at| it.received_s - at.1)
    });
    let by_wall = deliveries.iter().filter_map(|it| {
        let started_s = it.started_s.get(stretch)?;
        Some(it.received_s - (it.sent_date_s - started_s).max(0))
    });
    live.min().or_else(|| by_wall.min()).unwrap()
}

/// Whether a second of a stretch lies within 75 s of a live contact, or of the visit's opening; by what clock it is
/// placed must be the server's.
fn is_near(story: &Story, deliveries: &[Delivery], stretch: usize, at_s: i64) -> bool {
    let live = || deliveries.iter().filter(|it| !it.is_replay);
    let is_placed = live().any(|it| it.sent_at.is_some_and(|at| at.0 == stretch));
    let mut contacts = live().map(|it| it.received_s).chain([story.opened_s]);
    is_placed && contacts.any(|it| it - 75 <= at_s && at_s < it + 75)
}

/// What a visit comes to.
pub(crate) fn of_visit(story: &Story, deliveries: &[Delivery]) -> VisitTotals {
    let contact_s = deliveries.iter().map(|it| it.received_s).max().unwrap().max(story.opened_s);
    let live = deliveries.iter().filter(|it| !it.is_replay).map(|it| it.received_s);
    let window_s = live.max().unwrap_or(story.opened_s).max(story.opened_s) - story.opened_s;
    // Per session: each second by the server's clock, with its place in the page's.
    let mut seconds: BTreeMap<u32, Vec<(i64, (usize, i64))>> = BTreeMap::new();
    let mut sessions = BTreeSet::new();
    let mut has_hand = false;
    let mut near = BTreeSet::new();
    for (n, lived) in story.stretches.iter().enumerate() {
        let start_s = start_of(deliveries, n);
        has_hand |= lived.signs.contains(&Some(seattime_wire::EvidenceKind::Human));
        for second in 0..lived.visible.len() {
            let session = lived.loaded[second];
            sessions.insert(session);
            let at_s = start_s + second as i64;
            let is_counted = is_present(story, lived, second) || is_played(lived, second);
            if is_counted && (story.opened_s..contact_s).contains(&at_s) {
                seconds.entry(session).or_default().push((at_s, (n, second as i64)));
                if is_near(story, deliveries, n, at_s) {
                    near.insert(at_s);
                }
            }
        }
    }
    let present: BTreeSet<i64> = seconds.values().flatten().map(|it| it.0).collect();
    let bound = match story.policy.credit {
        CreditPolicy::Reported => {
            (story.opened_s..story.opened_s + window_s).chain(present.iter().copied()).collect()
        }
        _ => present.clone(),
    };
    let parts = sessions.iter().map(|session| {
        let seen = seconds.get(session).map(Vec::as_slice).unwrap_or_default();
        part(story, *session, seen, window_s)
    });
    let is_begun = sessions.iter().any(|it| *it > 0);
    VisitTotals { parts: parts.collect(), window_s, present, near, bound, counts: is_begun || has_hand }
}

fn part(story: &Story, session: u32, seen: &[(i64, (usize, i64))], window_s: i64) -> PartTotals {
    let length = |seconds: &mut dyn Iterator<Item = i64>| seconds.collect::<BTreeSet<_>>().len() as i64;
    let measured_s = length(&mut seen.iter().map(|it| it.0));
    let (said, said_at) = story.said(session, (usize::MAX, i64::MAX));
    let Said::Seconds(reported_s @ 1..) = said else {
        return PartTotals { measured_s, credited_s: measured_s, exceeds_presence: false };
    };
    let reported_s = reported_s + length(&mut seen.iter().filter(|it| it.1 >= said_at).map(|it| it.0));
    let exceeds_presence = reported_s * 50 > measured_s * 51 + 250;
    let credited_s = match story.policy.credit {
        CreditPolicy::Corroborated if exceeds_presence => measured_s,
        CreditPolicy::Corroborated => reported_s,
        CreditPolicy::Reported => reported_s.min(window_s.max(measured_s)),
        CreditPolicy::Measured => measured_s,
    };
    PartTotals { measured_s, credited_s, exceeds_presence }
}

/// What any level above sessions comes to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) credited_ms: i64,
    /// The server's seconds that the learner was there; of them, those near a live contact; and those that bound.
    pub(crate) present: BTreeSet<i64>,
    pub(crate) near: BTreeSet<i64>,
    bound: BTreeSet<i64>,
    /// What sessions were credited above what was measured of them.
    excess_s: i64,
}

/// What a topic comes to, from its visits, each with the number of its attempt.
pub(crate) fn of_topic(visits: &[(u32, VisitTotals)]) -> (Totals, Whole) {
    let numbers: BTreeSet<u32> = visits.iter().map(|it| it.0).collect();
    let mut totals = Totals { credited_s: 0, measured_s: 0, exceeds_presence: false, attempts: 0 };
    let mut attempts = Vec::new();
    for number in numbers {
        let of_attempt = || visits.iter().filter(|it| it.0 == number).map(|it| &it.1);
        if !of_attempt().any(|it| it.counts) {
            continue;
        }
        totals.attempts += 1;
        let parts = || of_attempt().flat_map(|it| &it.parts);
        totals.exceeds_presence |= parts().any(|it| it.exceeds_presence);
        let seconds = |of: fn(&VisitTotals) -> &BTreeSet<i64>| {
            of_attempt().flat_map(|it| of(it).iter().copied()).collect::<BTreeSet<i64>>()
        };
        let (present, near, bound) =
            (seconds(|it| &it.present), seconds(|it| &it.near), seconds(|it| &it.bound));
        let excess_s: i64 = parts().map(|it| (it.credited_s - it.measured_s).max(0)).sum();
        let credited_ms = whole_ms(parts().map(|it| it.credited_s * 1_000).sum(), &bound, excess_s);
        attempts.push(Whole { credited_ms, present, near, bound, excess_s });
    }
    let whole = of_parts(&attempts);
    totals.credited_s = whole.credited_ms / 1_000;
    totals.measured_s = whole.present.len() as i64;
    (totals, whole)
}

/// What a level comes to whose parts these are: seconds that two of them share are one second.
pub(crate) fn of_parts(parts: &[Whole]) -> Whole {
    let mut whole = Whole::default();
    for part in parts {
        whole.present.extend(&part.present);
        whole.near.extend(&part.near);
        whole.bound.extend(&part.bound);
        whole.excess_s += part.excess_s;
    }
    let sum_ms = parts.iter().map(|it| it.credited_ms).sum();
    whole.credited_ms = whole_ms(sum_ms, &whole.bound, whole.excess_s);
    whole
}

/// A whole is no more than its parts, and than what bounds them with 2 % and 5 s once; the tolerance is for what
/// content said above what was seen, so what was seen alone never takes it.
fn whole_ms(sum_ms: i64, bound: &BTreeSet<i64>, excess_s: i64) -> i64 {
    let union_ms = bound.len() as i64 * 1_000;
    sum_ms.min(union_ms * 102 / 100 + 5_000).min(union_ms + excess_s * 1_000)
}
