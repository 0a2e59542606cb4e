//! Legacy deltas: what an old player says was watched since its last call, laid as intervals on the server's clock.

use super::IntervalSet;

/// The most that one call may claim, in ms.
const MOST_MS: i64 = 3_600_000;
/// A claim may be longer than the server saw go by, by so much, in ms.
const LEEWAY_MS: i64 = 5_000;
/// How often a player calls, in ms, where it does not say.
const USUAL_PERIOD_MS: i64 = 60_000;
/// A position that moves on by more than 1.25 times what went by, and this in ms, was moved.
const SEEK_MS: i64 = 2_000;

/// What one call claims, in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// So much was watched since the last call.
    Watched(i64),
    /// It plays here now; what was heard since the last call is how far that moved.
    Position(i64),
}

/// One call of an old player.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delta {
    /// When it arrived, by the server's clock, in ms.
    pub received_ms: i64,
    /// What it claims.
    pub claim: Claim,
    /// How often the player calls, in ms, if it says so.
    pub period_ms: Option<i64>,
}

/// The intervals that calls come to, on the server's clock; `calls` are in the order of their sequence numbers, each
/// once.
///
/// A call earns at most an hour, and at most what went by since the one before and 5 s; where that is longer than two
/// periods, at most one of them. What is over is cut. The first counts from the launch. A call was made no later than
/// those after it arrived, so one that was held up on its way moves none of them.
pub fn laid(launched_ms: i64, calls: &[Delta]) -> IntervalSet {
    let mut made_ms: Vec<i64> = Vec::with_capacity(calls.len());
    let mut earliest = i64::MAX;
    for call in calls.iter().rev() {
        earliest = earliest.min(call.received_ms);
        made_ms.push(earliest.max(launched_ms));
    }
    let mut laid = IntervalSet::new();
    let (mut last_ms, mut end_ms, mut position_ms) = (launched_ms, launched_ms, 0);
    for (call, received_ms) in calls.iter().zip(made_ms.into_iter().rev()) {
        let since_ms = received_ms.saturating_sub(last_ms);
        let claimed_ms = match call.claim {
            Claim::Watched(ms) => ms,
            Claim::Position(ms) => {
                let moved_ms = ms.saturating_sub(position_ms);
                position_ms = ms;
                let is_seek = moved_ms > since_ms.saturating_add(since_ms / 4).saturating_add(SEEK_MS);
                if is_seek { 0 } else { moved_ms }
            }
        };
        let period_ms = call.period_ms.filter(|it| *it > 0).unwrap_or(USUAL_PERIOD_MS);
        let most_ms = if since_ms > period_ms.saturating_mul(2) { period_ms } else { MOST_MS };
        let earned_ms = claimed_ms.clamp(0, most_ms.min(MOST_MS)).min(since_ms.saturating_add(LEEWAY_MS));
        let start_ms = end_ms.max(received_ms.saturating_sub(earned_ms).saturating_sub(LEEWAY_MS));
        let until_ms = start_ms.saturating_add(earned_ms).min(received_ms);
        if start_ms < until_ms {
            laid.insert(start_ms, until_ms);
            end_ms = until_ms;
        }
        last_ms = received_ms;
    }
    laid
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000;

    fn watched(at_s: i64, delta_s: i64) -> Delta {
        Delta { received_ms: at_s * S, claim: Claim::Watched(delta_s * S), period_ms: None }
    }

    fn heard(at_s: i64, position_s: i64) -> Delta {
        Delta { received_ms: at_s * S, claim: Claim::Position(position_s * S), period_ms: None }
    }

    fn every(seconds: i64, delta: Delta) -> Delta {
        Delta { period_ms: Some(seconds * S), ..delta }
    }

    #[test]
    fn calls_come_to_what_the_rule_says() {
        #[rustfmt::skip]
        let cases: &[(&str, &[Delta], &[(i64, i64)])] = &[
            // what                             calls                                              intervals in s
            ("each minute, all of it",          &[watched(60, 60), watched(120, 60)],              &[(0, 120)]),
            ("each minute, half of it",         &[watched(60, 30), watched(120, 30)],              &[(25, 55), (85, 115)]),
            ("less than nothing",               &[watched(60, -30)],                               &[]),
            ("more than went by",               &[watched(60, 600)],                               &[(0, 60)]),
            ("ten hours, after two of one",     &[every(7_200, watched(7_200, 36_000))],           &[(3_595, 7_195)]),
            ("an hour late, period unknown",    &[watched(3_660, 3_600)],                          &[(3_595, 3_655)]),
            ("an hour late, period of 30 s",    &[watched(30, 30), every(30, watched(3_630, 600))], &[(0, 30), (3_595, 3_625)]),
            ("just two periods late",           &[watched(120, 90)],                               &[(25, 115)]),
            ("two at once",                     &[watched(60, 60), watched(60, 60)],               &[(0, 60)]),
            ("the first held up, second there", &[watched(130, 60), watched(120, 60)],             &[(55, 115), (115, 120)]),
            ("an audio",                        &[heard(60, 60), heard(120, 120)],                 &[(0, 120)]),
            ("an audio, moved on",              &[heard(60, 60), heard(120, 200)],                 &[(0, 60)]),
            ("an audio, just not moved on",     &[heard(60, 60), heard(120, 137)],                 &[(0, 60), (60, 120)]),
            ("an audio, moved back",            &[heard(60, 60), heard(120, 30), heard(180, 90)],  &[(0, 60), (115, 175)]),
            ("an audio that went on at minute 50", &[heard(60, 3_060), heard(120, 3_120)],         &[(55, 115)]),
        ];
        for (what, calls, expected) in cases {
            let expected: IntervalSet = expected.iter().map(|it| (it.0 * S, it.1 * S)).collect();
            let found = laid(0, calls);
            let seconds: Vec<_> = found.iter().map(|it| (it.0 / S, it.1 / S)).collect();
            assert_eq!(found, expected, "{what}: {seconds:?}");
        }
    }

    /// The rule once more, by ticking off single seconds.
    fn seconds_of(calls: &[(i64, i64, i64)]) -> usize {
        let mut ticked = vec![false; 20_000];
        let (mut last, mut end) = (0_i64, 0_i64);
        for (n, (_, claimed, period)) in calls.iter().enumerate() {
            let at = calls.iter().skip(n).map(|it| it.0).min().unwrap();
            let mut allowed = (*claimed).max(0);
            while allowed > 3_600 || allowed > at - last + 5 || (at - last > 2 * period && allowed > *period)
            {
                allowed -= 1;
            }
            let mut second = at - allowed - 5;
            while second < end {
                second += 1;
            }
            while allowed > 0 && second < at {
                ticked[usize::try_from(second).unwrap()] = true;
                (second, allowed) = (second + 1, allowed - 1);
                end = second;
            }
            last = at;
        }
        ticked.iter().filter(|it| **it).count()
    }

    #[test]
    fn calls_come_to_what_a_counter_of_seconds_ticks_off() {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut dice = |sides: i64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            i64::try_from(state >> 33).unwrap() % sides
        };
        for round in 0..20_000 {
            let mut at = 0;
            let calls: Vec<(i64, i64, i64)> = (0..1 + dice(12))
                .map(|_| {
                    let longest = if dice(5) == 0 { 1_500 } else { 90 };
                    at += dice(longest);
                    let held_up = if dice(4) == 0 { dice(200) } else { 0 };
                    let most = if dice(6) == 0 { 5_000 } else { 90 };
                    (at + held_up, dice(most) - 5, 10 + dice(90))
                })
                .collect();
            let deltas: Vec<Delta> =
                calls.iter().map(|(at, claimed, period)| every(*period, watched(*at, *claimed))).collect();
            let found_ms = laid(0, &deltas).length_ms();
            assert_eq!(found_ms, i64::try_from(seconds_of(&calls)).unwrap() * S, "round {round}: {calls:?}");
            assert!(found_ms <= calls.iter().map(|it| it.0).max().unwrap() * S, "never more than went by");
        }
    }
}
