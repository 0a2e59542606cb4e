//! What a story comes to, by the words of the rules: second by second, without intervals, bursts or sums of parts.

use std::collections::{BTreeMap, BTreeSet};

use seattime_wire::CreditPolicy;

use super::seconds::Seconds;
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
    present: Seconds,
    /// Of these, those that were lived near a live contact.
    near: Seconds,
    /// The server's seconds that bound what is credited.
    bound: Seconds,
    counts: bool,
}

/// What a session comes to, or the time outside all of them.
#[derive(Debug, Default)]
pub(crate) struct PartTotals {
    pub(crate) measured_s: i64,
    pub(crate) credited_s: i64,
    exceeds_presence: bool,
    /// The server's seconds that what is credited is spread over.
    over: Seconds,
}

/// Per second of a stretch, whether the learner was there: it is visible, and lies between two signs that are near
/// enough, or shortly after one.
fn presence(story: &Story, lived: &Lived) -> Vec<bool> {
    let (idle_s, tail_s) = (story.policy.idle_limit_ms / 1_000, story.policy.tail_ms / 1_000);
    let signs = || lived.signs.iter().enumerate().filter(|it| it.1.is_some()).map(|it| it.0);
    let (mut before, mut coming) = (None, signs().peekable());
    let is_present = (0..lived.visible.len()).map(|second| {
        while let Some(sign) = coming.next_if(|it| *it <= second) {
            before = Some(sign);
        }
        let Some(before) = before else { return false };
        let is_between = coming.peek().is_some_and(|after| (after - before) as i64 <= idle_s);
        lived.visible[second] && (is_between || ((second - before) as i64) < tail_s)
    });
    is_present.collect()
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

/// The server's seconds within 75 s of a live contact, or of the visit's opening.
fn near_contacts(story: &Story, deliveries: &[Delivery]) -> Seconds {
    let live = deliveries.iter().filter(|it| !it.is_replay).map(|it| it.received_s);
    live.chain([story.opened_s]).flat_map(|it| it - 75..it + 75).filter(|it| *it >= story.opened_s).collect()
}

/// Whether the server's clock places a stretch.
fn is_placed(deliveries: &[Delivery], stretch: usize) -> bool {
    deliveries.iter().any(|it| !it.is_replay && it.sent_at.is_some_and(|at| at.0 == stretch))
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
    let (mut visible, mut played) = (Seconds::default(), Seconds::default());
    let (near_contacts, mut near) = (near_contacts(story, deliveries), Seconds::default());
    for (n, lived) in story.stretches.iter().enumerate() {
        let (start_s, is_placed) = (start_of(deliveries, n), is_placed(deliveries, n));
        has_hand |= lived.signs.contains(&Some(seattime_wire::EvidenceKind::Human));
        for (second, is_present) in presence(story, lived).into_iter().enumerate() {
            let session = lived.loaded[second];
            sessions.insert(session);
            let at_s = start_s + second as i64;
            let is_counted = is_present || is_played(lived, second);
            if !(story.opened_s..contact_s).contains(&at_s) {
                continue;
            }
            if lived.visible[second] {
                visible.insert(at_s);
            }
            if is_played(lived, second) {
                played.insert(at_s);
            }
            if is_counted {
                seconds.entry(session).or_default().push((at_s, (n, second as i64)));
                if is_placed && near_contacts.contains(at_s) {
                    near.insert(at_s);
                }
            }
        }
    }
    let present: Seconds = seconds.values().flatten().map(|it| it.0).collect();
    let mut bound = present.clone();
    if story.policy.credit == CreditPolicy::Reported {
        bound.extend(story.opened_s..story.opened_s + window_s);
    }
    let parts = sessions.iter().map(|session| {
        let seen = seconds.get(session).map(Vec::as_slice).unwrap_or_default();
        let over = over(story, deliveries, (*session, seen), story.opened_s + window_s, contact_s);
        PartTotals { over, ..part(story, *session, seen, window_s) }
    });
    let is_begun = sessions.iter().any(|it| *it > 0);
    let counts = is_begun || has_hand || visible.count() >= 10 || played.count() >= 2;
    VisitTotals { parts: parts.collect(), window_s, present, near, bound, counts }
}

/// The seconds that a session's credit is spread over: those measured; or else the live window if that bounds it, or
/// else those in which its content was loaded, or else the one of the opening.
fn over(
    story: &Story,
    deliveries: &[Delivery],
    (session, seen): (u32, &[(i64, (usize, i64))]),
    window_end_s: i64,
    contact_s: i64,
) -> Seconds {
    let measured: Seconds = seen.iter().map(|it| it.0).collect();
    let window: Seconds = (story.opened_s..window_end_s).collect();
    let mut loaded = Seconds::default();
    for (n, lived) in story.stretches.iter().enumerate() {
        let start_s = start_of(deliveries, n);
        let of_it = (0..).zip(&lived.loaded).filter(|it| *it.1 == session && session > 0);
        loaded.extend(of_it.map(|it| start_s + it.0).filter(|it| (story.opened_s..contact_s).contains(it)));
    }
    let is_window = story.policy.credit == CreditPolicy::Reported;
    if measured.count() > 0 {
        measured
    } else if is_window && window.count() > 0 {
        window
    } else if loaded.count() > 0 {
        loaded
    } else {
        [story.opened_s].into_iter().collect()
    }
}

fn part(story: &Story, session: u32, seen: &[(i64, (usize, i64))], window_s: i64) -> PartTotals {
    let length = |seconds: &mut dyn Iterator<Item = i64>| seconds.collect::<Seconds>().count();
    let measured_s = length(&mut seen.iter().map(|it| it.0));
    let (said, said_at) = story.said(session, (usize::MAX, i64::MAX));
    let Said::Seconds(reported_s @ 1..) = said else {
        return PartTotals { measured_s, credited_s: measured_s, ..PartTotals::default() };
    };
    let reported_s = reported_s + length(&mut seen.iter().filter(|it| it.1 >= said_at).map(|it| it.0));
    let exceeds_presence = reported_s * 50 > measured_s * 51 + 250;
    let credited_s = match story.policy.credit {
        CreditPolicy::Corroborated if exceeds_presence => measured_s,
        CreditPolicy::Corroborated => reported_s,
        CreditPolicy::Reported => reported_s.min(window_s.max(measured_s)),
        CreditPolicy::Measured => measured_s,
    };
    PartTotals { measured_s, credited_s, exceeds_presence, over: Seconds::default() }
}

/// What any level above sessions comes to.
#[derive(Debug, Default, Clone)]
pub(crate) struct Whole {
    pub(crate) credited_ms: i64,
    /// The server's seconds that the learner was there; of them, those near a live contact; and those that bound.
    pub(crate) present: Seconds,
    pub(crate) near: Seconds,
    bound: Seconds,
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
        let seconds = |of: fn(&VisitTotals) -> &Seconds| {
            let mut all = Seconds::default();
            of_attempt().for_each(|it| all.join(of(it)));
            all
        };
        let (present, near, bound) =
            (seconds(|it| &it.present), seconds(|it| &it.near), seconds(|it| &it.bound));
        let excess_s: i64 = parts().map(|it| (it.credited_s - it.measured_s).max(0)).sum();
        let credited_ms = whole_ms(parts().map(|it| it.credited_s * 1_000).sum(), &bound, excess_s);
        attempts.push(Whole { credited_ms, present, near, bound, excess_s });
    }
    let whole = of_parts(&attempts);
    totals.credited_s = whole.credited_ms / 1_000;
    totals.measured_s = whole.present.count();
    (totals, whole)
}

/// What a level comes to whose parts these are: seconds that two of them share are one second.
pub(crate) fn of_parts(parts: &[Whole]) -> Whole {
    let mut whole = Whole::default();
    for part in parts {
        whole.present.join(&part.present);
        whole.near.join(&part.near);
        whole.bound.join(&part.bound);
        whole.excess_s += part.excess_s;
    }
    let sum_ms = parts.iter().map(|it| it.credited_ms).sum();
    whole.credited_ms = whole_ms(sum_ms, &whole.bound, whole.excess_s);
    whole
}

/// A whole is no more than its parts, and than what bounds them with 2 % and 5 s once; the tolerance is for what
/// content said above what was seen, so what was seen alone never takes it.
fn whole_ms(sum_ms: i64, bound: &Seconds, excess_s: i64) -> i64 {
    let union_ms = bound.count() * 1_000;
    sum_ms.min(union_ms * 102 / 100 + 5_000).min(union_ms + excess_s * 1_000)
}

/// What any level is credited before a moment, with everything clipped to before it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Before {
    pub(crate) credited_ms: i64,
    pub(crate) present: Seconds,
    excess_ms: i64,
    bound: Seconds,
}

/// The same of a topic before a second, from its visits, each with the number of its attempt.
pub(crate) fn of_topic_before(visits: &[(u32, VisitTotals)], at_s: i64) -> Before {
    let numbers: BTreeSet<u32> = visits.iter().map(|it| it.0).collect();
    let mut attempts = Vec::new();
    for number in numbers {
        let of_attempt = || visits.iter().filter(|it| it.0 == number).map(|it| &it.1);
        if !of_attempt().any(|it| it.counts) {
            continue;
        }
        let mut parts: Vec<Before> = Vec::new();
        for visit in of_attempt() {
            let (present, bound) = (visit.present.before(at_s), visit.bound.before(at_s));
            parts.push(Before { credited_ms: 0, excess_ms: 0, present, bound });
            for it in &visit.parts {
                let (passed, whole) = (it.over.before(at_s).count(), it.over.count().max(1));
                let credited_ms = it.credited_s * 1_000 * passed / whole;
                let measured_ms = if it.measured_s > 0 { passed * 1_000 } else { 0 };
                let excess_ms = (credited_ms - measured_ms).max(0);
                parts.push(Before { credited_ms, excess_ms, ..Before::default() });
            }
        }
        attempts.push(of_parts_before(&parts));
    }
    of_parts_before(&attempts)
}

/// The same of a level that is made of these.
pub(crate) fn of_parts_before(parts: &[Before]) -> Before {
    let mut whole = Before::default();
    for part in parts {
        whole.present.join(&part.present);
        whole.bound.join(&part.bound);
        whole.excess_ms += part.excess_ms;
        whole.credited_ms += part.credited_ms;
    }
    let union_ms = whole.bound.count() * 1_000;
    let most_ms = (union_ms * 102 / 100 + 5_000).min(union_ms + whole.excess_ms);
    whole.credited_ms = whole.credited_ms.min(most_ms);
    whole
}
