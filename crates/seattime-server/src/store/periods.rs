//! Time by period: what a level was credited before a moment, so that any row of periods adds up to the whole.

use seattime_core::time::{IntervalSet, bounded};
use serde::{Deserialize, Serialize};

use super::ReportRow;
use super::figures::Part;
use super::standing::spent;
use super::totals::{Level, pairs, some_pairs};

/// From one moment to before another, in ms since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Its first moment; the least there is where it has no beginning.
    pub start_ms: i64,
    /// The moment after its last; the greatest there is where it has no end.
    pub end_ms: i64,
}

impl Period {
    /// All there is.
    pub const ALL: Period = Period { start_ms: i64::MIN, end_ms: i64::MAX };

    /// How much of a set lies in it, in ms.
    pub(crate) fn of_it_ms(self, set: &IntervalSet) -> i64 {
        passed_ms(set, self.end_ms).saturating_sub(passed_ms(set, self.start_ms))
    }
}

/// When a visit was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitSpan {
    /// Number of its attempt; 0 where it counts for none.
    pub attempt: u32,
    /// When it was opened, in ms since 1970.
    pub opened_ms: i64,
    /// The moment after the last at which anything was seen or credited, in ms since 1970.
    pub end_ms: i64,
}

impl VisitSpan {
    /// Whether some of it lies in a period.
    pub(crate) fn is_in(&self, period: Period) -> bool {
        self.opened_ms < period.end_ms && self.end_ms > period.start_ms
    }
}

/// What lies in a period, of what the report shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InPeriod {
    /// Time credited, as `0h 15m 30s`.
    pub time_spent: String,
    /// Time credited, in ms.
    pub time_spent_ms: i64,
    /// What was measured, in ms.
    pub measured_ms: i64,
    /// Of it, what media played, in ms.
    pub media_ms: i64,
    /// How many visits have some of them in it, those among them that count for no attempt.
    pub visits: u32,
    /// How many attempts have such a visit.
    pub attempts: u32,
}

impl InPeriod {
    /// What lies in a period; nothing where it cannot be told when the level was credited.
    pub(crate) fn of(period: Period, level: &Level, visits: &[VisitSpan]) -> Option<InPeriod> {
        let (visits, attempts) = counted(period, visits);
        let time_spent_ms = level.credited_in(period)?;
        Some(InPeriod {
            time_spent: spent(time_spent_ms),
            time_spent_ms,
            measured_ms: level.measured_in(period),
            media_ms: level.played_in(period),
            visits,
            attempts,
        })
    }
}

impl InPeriod {
    /// What lies in a period of a level that is made of whole rows.
    pub(crate) fn of_rows(period: Period, level: &Level, rows: &[&ReportRow]) -> Option<InPeriod> {
        let mut whole = InPeriod::of(period, level, &[])?;
        for row in rows {
            let (visits, attempts) = counted(period, &row.visited);
            whole.visits = whole.visits.saturating_add(visits);
            whole.attempts = whole.attempts.saturating_add(attempts);
        }
        Some(whole)
    }
}

/// How many visits have some of them in a period, and how many attempts have such a visit.
fn counted(period: Period, visits: &[VisitSpan]) -> (u32, u32) {
    let in_it = || visits.iter().filter(|it| it.is_in(period));
    let mut attempts: Vec<u32> = in_it().map(|it| it.attempt).filter(|it| *it > 0).collect();
    attempts.sort_unstable();
    attempts.dedup();
    (count(in_it().count()), count(attempts.len()))
}

fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

/// How much of a set lies before a moment, in ms.
fn passed_ms(set: &IntervalSet, at_ms: i64) -> i64 {
    let before = set.iter().take_while(|it| it.0 < at_ms);
    before.fold(0, |sum, (start, end)| sum.saturating_add(end.min(at_ms).saturating_sub(start)))
}

/// How a level came to what it is credited, as far as it takes to say what it was credited before any moment: with
/// everything clipped to before it, by the same rule as the whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Accrual {
    /// Of an attempt: its parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lots: Vec<Lot>,
    /// Of any level above: the levels that it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    below: Vec<Accrual>,
    /// What bounds it, where that is not what was measured of its parts.
    #[serde(default, with = "some_pairs", skip_serializing_if = "Option::is_none")]
    bound: Option<IntervalSet>,
}

/// What one part was credited, and over which time: a report says how much, never when, so it is spread evenly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Lot {
    credited_ms: i64,
    #[serde(with = "pairs")]
    over: IntervalSet,
    /// Whether that is what was measured; else it is what bounds it, since nothing was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_unmeasured: bool,
}

/// What is credited before a moment, in ms, and how much of that is above what was measured.
#[derive(Debug, Clone, Copy, Default)]
struct SoFar {
    credited_ms: i64,
    excess_ms: i64,
}

impl SoFar {
    fn plus(self, other: SoFar) -> SoFar {
        SoFar {
            credited_ms: self.credited_ms.saturating_add(other.credited_ms),
            excess_ms: self.excess_ms.saturating_add(other.excess_ms),
        }
    }
}

impl Lot {
    /// Never less at a later moment, nor less than nothing; at last, all of it.
    fn before(&self, at_ms: i64) -> SoFar {
        let (passed, whole) = (passed_ms(&self.over, at_ms), self.over.length_ms());
        let credited_ms = share(self.credited_ms, passed, whole);
        let measured_ms = if self.is_unmeasured { 0 } else { passed };
        SoFar { credited_ms, excess_ms: credited_ms.saturating_sub(measured_ms).max(0) }
    }
}

/// As much of `ms` as `passed` is of `whole`, rounded down.
fn share(ms: i64, passed: i64, whole: i64) -> i64 {
    if passed >= whole {
        return ms;
    }
    let part = i128::from(ms) * i128::from(passed) / i128::from(whole.max(1));
    i64::try_from(part).unwrap_or(ms)
}

impl Accrual {
    /// That of an attempt, from the parts of its visits and what bounds them together.
    pub(crate) fn of_parts<'a>(parts: impl Iterator<Item = &'a Part>, bound: &IntervalSet) -> Accrual {
        let lots = parts.filter(|it| it.credited_ms > 0).map(|it| Lot {
            credited_ms: it.credited_ms,
            over: it.over.clone(),
            is_unmeasured: it.measured_ms == 0,
        });
        let mut accrual = Accrual { lots: lots.collect(), below: Vec::new(), bound: None };
        if accrual.bound() != *bound {
            accrual.bound = Some(bound.clone());
        }
        accrual
    }

    /// That of a level which is made of others; nothing if that of one of them is not known.
    pub(crate) fn of<'a>(levels: impl Iterator<Item = Option<&'a Accrual>>) -> Option<Accrual> {
        let mut below: Vec<Accrual> = levels.map(|it| it.cloned()).collect::<Option<_>>()?;
        // What is made of one alone is what that one is: the same bound, and the same sums below it.
        match below.pop() {
            Some(one) if below.is_empty() => Some(one),
            last => {
                below.extend(last);
                Some(Accrual { below, ..Accrual::default() })
            }
        }
    }

    /// What bounds it.
    fn bound(&self) -> IntervalSet {
        if let Some(bound) = &self.bound {
            return bound.clone();
        }
        let mut bound = IntervalSet::new();
        self.lots.iter().filter(|it| !it.is_unmeasured).for_each(|it| bound.union(&it.over));
        self.below.iter().for_each(|it| bound.union(&it.bound()));
        bound
    }

    /// The first moment that anything was credited at, and the one after the last, in ms since 1970.
    pub(crate) fn bounds(&self) -> Option<(i64, i64)> {
        let lots = self.lots.iter().filter_map(|it| it.over.bounds());
        let all = lots.chain(self.below.iter().filter_map(Accrual::bounds));
        all.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    /// What is credited before each of these moments, in ms: never less at a later one.
    pub(crate) fn before(&self, moments_ms: &[i64]) -> Vec<i64> {
        self.so_far(moments_ms).into_iter().map(|it| it.credited_ms).collect()
    }

    fn so_far(&self, moments_ms: &[i64]) -> Vec<SoFar> {
        let bound = self.bound();
        let mut sums = vec![SoFar::default(); moments_ms.len()];
        for lot in &self.lots {
            for (sum, at_ms) in sums.iter_mut().zip(moments_ms) {
                *sum = sum.plus(lot.before(*at_ms));
            }
        }
        for level in &self.below {
            for (sum, of_level) in sums.iter_mut().zip(level.so_far(moments_ms)) {
                *sum = sum.plus(of_level);
            }
        }
        let settled = |(it, at_ms): (SoFar, &i64)| SoFar {
            credited_ms: bounded(it.credited_ms, passed_ms(&bound, *at_ms), it.excess_ms),
            ..it
        };
        sums.into_iter().zip(moments_ms).map(settled).collect()
    }
}
