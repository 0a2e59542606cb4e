//! Credit: what *Time Spent* shows, of what was reported and what was measured.

/// How reported and measured time are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CreditPolicy {
    /// What content says, where presence bears it out; else what was measured.
    #[default]
    Corroborated,
    /// What content says, bounded by the live window; else what was measured.
    Reported,
    /// What was measured.
    Measured,
}

/// What content said of its own time, as far as it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reported {
    /// Nothing.
    #[default]
    Unset,
    /// A readable zero.
    Zero,
    /// A readable time, in ms.
    Set(i64),
    /// Only what cannot be read.
    Malformed,
}

/// Where a credited time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// Content said so.
    Reported,
    /// It was seen.
    Measured,
}

impl Provenance {
    /// The word for it in the report.
    pub const fn word(self) -> &'static str {
        match self {
            Provenance::Reported => "reported",
            Provenance::Measured => "measured",
        }
    }
}

/// What is known of one session's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// What was measured, in ms.
    pub measured_ms: i64,
    /// Of it, what was measured after content last reported, in ms.
    pub after_report_ms: i64,
    /// What content said.
    pub reported: Reported,
    /// The live window: from the visit's opening to its last contact that is no replay, in ms.
    pub window_ms: i64,
}

/// What a session is credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    /// How much, in ms.
    pub ms: i64,
    /// Where it comes from.
    pub provenance: Provenance,
    /// Whether content said more than presence bears out: the flag `report_exceeds_presence`.
    pub exceeds_presence: bool,
}

/// `ms`, 2 % and 5 s: how far a report may lie above what bears it out.
const fn with_tolerance(ms: i64) -> i64 {
    ms.saturating_add(ms / 50).saturating_add(5_000)
}

/// What a session is credited.
///
/// With `r` = reported + what was measured after it was set: `corroborated` gives `r` if it is
/// positive and at most 1.02 · measured + 5 s, else measured; `reported` gives `r` bounded by the live
/// window, or by measured where that is longer, as in a visit whose messages all came late; `measured` gives measured.
pub fn credit(policy: CreditPolicy, parts: &Parts) -> Credit {
    let measured =
        Credit { ms: parts.measured_ms, provenance: Provenance::Measured, exceeds_presence: false };
    // A page that was meddled with may send less than nothing.
    let reported_ms = match parts.reported {
        Reported::Set(reported_ms) if reported_ms > 0 => reported_ms,
        _ => return measured,
    };
    let reported_ms = reported_ms.saturating_add(parts.after_report_ms);
    let exceeds_presence = reported_ms > with_tolerance(parts.measured_ms);
    let reported = |ms| Credit { ms, provenance: Provenance::Reported, exceeds_presence };
    match policy {
        CreditPolicy::Corroborated if exceeds_presence => Credit { exceeds_presence, ..measured },
        CreditPolicy::Corroborated => reported(reported_ms),
        CreditPolicy::Reported => reported(reported_ms.min(parts.window_ms.max(parts.measured_ms))),
        CreditPolicy::Measured => Credit { exceeds_presence, ..measured },
    }
}

/// What a level above sessions (attempt, topic, course, learner) is credited, in ms.
///
/// Its parts may add up to more than the whole, because they overlap. The whole is never more than
/// `union_ms`, the length of the union of what bounds the parts, and what the parts were credited above
/// what was measured of them, `excess_ms`; of that, 2 % of the union and 5 s at most, once per level. So
/// measured time alone is never more than its union.
pub fn bounded(sum_ms: i64, union_ms: i64, excess_ms: i64) -> i64 {
    let most_ms = with_tolerance(union_ms).min(union_ms.saturating_add(excess_ms.max(0)));
    sum_ms.min(most_ms)
}

#[cfg(test)]
mod tests {
    use super::CreditPolicy::{Corroborated, Measured as ByMeasure, Reported as ByReport};
    use super::Provenance::{Measured, Reported as Said};
    use super::Reported::{Malformed, Set, Unset, Zero};
    use super::*;

    #[test]
    fn credit_weighs_reported_against_measured() {
        #[rustfmt::skip]
        let cases = [
            // policy       reported          measured  after  window     credited   from      flag
            (Corroborated, Unset,             900_000,      0, 1_000_000, 900_000,   Measured, false),
            (Corroborated, Set(-1),           900_000,      5, 1_000_000, 900_000,   Measured, false), // no page says so
            (ByReport,     Set(i64::MIN),     900_000,      0, 1_000_000, 900_000,   Measured, false),
            (Corroborated, Zero,              900_000,      0, 1_000_000, 900_000,   Measured, false),
            (Corroborated, Malformed,         900_000,      0, 1_000_000, 900_000,   Measured, false),
            (Corroborated, Set(880_000),      900_000,      0, 1_000_000, 880_000,   Said,     false),
            (Corroborated, Set(923_000),      900_000,      0, 1_000_000, 923_000,   Said,     false), // 1.02 m + 5 s
            (Corroborated, Set(923_001),      900_000,      0, 1_000_000, 900_000,   Measured, true),
            (Corroborated, Set(600_000),      900_000, 300_000, 1_000_000, 900_000,  Said,     false), // said at 10 min, stayed 5 more
            (Corroborated, Set(28_800_000),   30_000,       0, 28_800_000, 30_000,   Measured, true),  // overnight
            (ByReport,     Set(28_800_000),   30_000,       0, 28_800_000, 28_800_000, Said,   true),
            (ByReport,     Set(99_000_000),   30_000,       0, 28_800_000, 28_800_000, Said,   true),  // the window bounds it
            (ByReport,     Set(1_800_000),    1_800_000,    0, 0,         1_800_000, Said,     false), // offline all along
            (ByReport,     Set(99_000_000),   1_800_000,    0, 60_000,    1_800_000, Said,     true),
            (ByReport,     Unset,             30_000,       0, 28_800_000, 30_000,   Measured, false),
            (ByMeasure,    Set(600_000),      900_000,      0, 1_000_000, 900_000,   Measured, false),
        ];
        for (policy, reported, measured_ms, after_report_ms, window_ms, ms, provenance, exceeds_presence) in
            cases
        {
            let parts = Parts { measured_ms, after_report_ms, reported, window_ms };
            let expected = Credit { ms, provenance, exceeds_presence };
            assert_eq!(credit(policy, &parts), expected, "{policy:?} {parts:?}");
        }
    }

    #[test]
    fn the_whole_is_bounded_by_the_union_of_its_parts() {
        const HALF: i64 = 1_800_000;
        #[rustfmt::skip]
        let cases = [
            // sum       union  excess    whole         why it is here
            (HALF,       HALF,  0,        HALF),
            (2 * HALF,   HALF,  0,        HALF),      // two tabs at once, both measured
            (HALF + 900, HALF,  900,      HALF + 900), // reported a little more than was seen
            (2 * HALF,   HALF,  100_000,  1_841_000), // two tabs that both report: 2 % and 5 s
            (60_000,     HALF,  0,        60_000),    // reported less than was seen
        ];
        for (sum_ms, union_ms, excess_ms, expected) in cases {
            assert_eq!(bounded(sum_ms, union_ms, excess_ms), expected, "{sum_ms} {union_ms} {excess_ms}");
        }
    }
}
