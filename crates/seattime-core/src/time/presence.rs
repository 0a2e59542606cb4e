//! Presence: which part of the visible time the learner was there, as far as the evidence goes.

use super::{Bursts, IntervalSet};

/// Media that has played for this long makes an attempt count, in ms.
pub const COUNTS_PLAYED_MS: i64 = 2_000;
/// A page that was visible for this long makes an attempt count, in ms.
pub const COUNTS_VISIBLE_MS: i64 = 10_000;

/// How evidence is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresencePolicy {
    /// The longest gap between two signs of the learner that still counts, in ms.
    pub idle_limit_ms: i64,
    /// What the last sign of the learner earns at most, in ms.
    pub tail_ms: i64,
}

impl PresencePolicy {
    /// Presence earns nothing: of a video or audio topic, only what plays is its time.
    pub const NOTHING: PresencePolicy = PresencePolicy { idle_limit_ms: -1, tail_ms: 0 };
}

impl Default for PresencePolicy {
    fn default() -> PresencePolicy {
        PresencePolicy { idle_limit_ms: 300_000, tail_ms: 30_000 }
    }
}

/// The active time of one stretch.
///
/// A gap between two bursts counts in full when it is at most `idle_limit_ms` long; after a burst
/// that is followed by nothing in time, at most `tail_ms` count. Of all that, what was visible counts.
/// So a tab left open overnight earns its tail, and four minutes of reading without a touch lose
/// nothing. Nothing that was once credited ever shrinks when more evidence comes.
///
/// `evidence` are all bursts of the stretch, whatever they came from.
pub fn active(evidence: &Bursts, visible: &IntervalSet, policy: PresencePolicy) -> IntervalSet {
    let mut present = IntervalSet::new();
    for it in earned(evidence, policy) {
        present.insert(it.first, it.until);
    }
    present.intersection(visible)
}

/// What of [`active`] is no more than the tail of a sign that nothing followed in time.
pub fn tails(evidence: &Bursts, visible: &IntervalSet, policy: PresencePolicy) -> IntervalSet {
    let tails = earned(evidence, policy).filter(|it| it.is_tail);
    tails.map(|it| (it.last, it.until)).collect::<IntervalSet>().intersection(visible)
}

/// What a burst earns, as far as the page was visible.
struct Earned {
    /// When it began, in ms.
    first: i64,
    /// When it ended, in ms.
    last: i64,
    /// Until when time counts, in ms.
    until: i64,
    /// Whether nothing followed it in time.
    is_tail: bool,
}

/// What each burst earns, in order.
fn earned(evidence: &Bursts, policy: PresencePolicy) -> impl Iterator<Item = Earned> {
    let mut bursts = evidence.iter().peekable();
    std::iter::from_fn(move || {
        let (first, last) = bursts.next().filter(|_| policy.idle_limit_ms >= 0)?;
        let next = bursts.peek().map(|it| it.0);
        let in_time = next.filter(|it| it.saturating_sub(last) <= policy.idle_limit_ms);
        let until = in_time.unwrap_or_else(|| last.saturating_add(policy.tail_ms));
        Some(Earned { first, last, until, is_tail: in_time.is_none() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;

    #[test]
    fn active_time_is_what_the_rule_says() {
        #[rustfmt::skip]
        let cases: &[(&str, &[(i64, i64)], &[(i64, i64)], i64)] = &[
            // what happened               evidence                              visible                  active
            ("nothing but a visible page", &[],                                  &[(0, HOUR)],            0),
            ("opened and left overnight",  &[(0, 0)],                            &[(0, 8 * HOUR)],        30_000),
            ("read for four minutes",      &[(0, 0), (4 * MINUTE, 4 * MINUTE)],  &[(0, 4 * MINUTE)],      4 * MINUTE),
            ("a gap of just the limit",    &[(0, 0), (300_000, 300_000)],        &[(0, 300_000)],         300_000),
            ("a gap a moment too long",    &[(0, 0), (300_001, 300_001)],        &[(0, 300_001)],         30_000),
            ("hidden within the gap",      &[(0, 0), (60_000, 60_000), (180_000, 180_000)],
                                                                                 &[(0, 60_000), (180_000, 180_000)], 60_000),
            ("closed within the tail",     &[(0, 0)],                            &[(0, 12_000)],          12_000),
            ("busy all the while",         &[(0, HOUR)],                         &[(0, HOUR)],            HOUR),
        ];
        for (story, evidence, visible, expected) in cases {
            let set = active(
                &evidence.iter().copied().collect(),
                &visible.iter().copied().collect(),
                PresencePolicy::default(),
            );
            assert_eq!(set.length_ms(), *expected, "{story}");
        }
    }

    #[test]
    fn tails_are_what_a_sign_earns_that_nothing_follows_in_time() {
        let visible: IntervalSet = [(0, 700_000), (900_000, 910_000)].into_iter().collect();
        let evidence = [(0, 0), (240_000, 250_000), (560_000, 560_000), (890_000, 890_000)];
        let found = tails(&evidence.into_iter().collect(), &visible, PresencePolicy::default());
        // The first gap counts as it is; 310 s and 330 s are too long; after the last sign, 20 s are visible.
        let expected = [(250_000, 280_000), (560_000, 590_000), (900_000, 910_000)];
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn more_evidence_never_takes_time_away() {
        let visible: IntervalSet = [(0, 2 * HOUR)].into_iter().collect();
        let mut evidence = Bursts::new();
        let mut before = 0;
        for at in [0, 90_000, 5 * MINUTE, 30 * MINUTE, 34 * MINUTE, 20 * MINUTE, HOUR] {
            evidence.insert(at, at);
            let now = active(&evidence, &visible, PresencePolicy::default()).length_ms();
            assert!(now >= before, "at {at}: {now} < {before}");
            before = now;
        }
    }
}
