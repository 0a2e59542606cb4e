//! Totals of every level, from session to learner: each set by union, what is credited within what bounds it.

use std::collections::BTreeMap;

use seattime_core::time::{IntervalSet, bounded};
use serde::{Deserialize, Serialize};

use super::figures::{Figures, Part, Seeing};
use super::periods::{Accrual, InPeriod, Period};
use super::standing::spent;
use super::{ReportLearner, ReportRow};

/// What one level comes to: enough to join it with others into the level above. Derived, and kept only beside the
/// report's row that it was derived with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// What it is credited, in ms: no more than its parts, nor than what bounds them.
    credited_ms: i64,
    /// What its parts were credited, in ms.
    parts_ms: i64,
    /// What was measured of its parts, each by itself, in ms.
    measured_parts_ms: i64,
    /// What sessions below were credited above what was measured of them, in ms.
    excess_ms: i64,
    /// What content reported, in ms; it says how much, never when, so this alone is a sum.
    reported_ms: Option<i64>,
    /// What was taken over from an LMS, in ms: credited beside all else, bounded by nothing and at no time.
    #[serde(default, skip_serializing_if = "is_none")]
    backfilled_ms: i64,
    /// What bounds what is credited, where that is not what was measured.
    #[serde(default, with = "some_pairs", skip_serializing_if = "Option::is_none")]
    bound: Option<IntervalSet>,
    #[serde(with = "pairs")]
    measured: IntervalSet,
    #[serde(default, with = "pairs", skip_serializing_if = "IntervalSet::is_empty")]
    played: IntervalSet,
    #[serde(default, with = "pairs", skip_serializing_if = "IntervalSet::is_empty")]
    corroborated: IntervalSet,
    /// Per media item, what of it was seen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    covered: BTreeMap<String, Pairs>,
    /// When it was credited what it is; nothing in a row that was kept before that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accrual: Option<Accrual>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(ms: &i64) -> bool {
    *ms == 0
}

/// A set as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Pairs(#[serde(with = "pairs")] IntervalSet);

/// What a level comes to, in figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Time credited, as `0h 15m 30s`.
    pub time_spent: String,
    /// Time credited, in ms: at most the sum of the parts, and what bounds them once, with a tolerance for reports;
    /// beside it, what was taken over from an LMS.
    pub credited_ms: i64,
    /// Of it, what was taken over from an LMS, in ms; left out where there is none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub backfilled_ms: i64,
    /// What the parts were credited, in ms; more than `credited_ms` where two of them share time.
    pub parts_ms: i64,
    /// What was measured in two of its parts at once, in ms; with three, twice.
    pub shared_ms: i64,
    /// What was measured, in ms.
    pub measured_ms: i64,
    /// Of it, what media played, in ms.
    pub media_ms: i64,
    /// What content reported, in ms, where it reported anything.
    pub reported_ms: Option<i64>,
    /// Of what was measured, what lies within 75 s of a live contact, in ms.
    pub corroborated_ms: i64,
    /// How much of media was seen, each part of each item once, in ms of media time.
    pub covered_ms: i64,
}

/// What an attempt comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptTotals {
    /// Its number.
    pub attempt: u32,
    /// What it comes to.
    #[serde(flatten)]
    pub totals: Totals,
}

/// What a course comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CourseTotals {
    /// Its name.
    pub course: String,
    /// How many topics of it the report shows.
    pub topics: usize,
    /// What they come to.
    #[serde(flatten)]
    pub totals: Totals,
    /// What of it lies in the period that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_period: Option<InPeriod>,
}

/// What a learner comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LearnerTotals {
    /// Who learns.
    pub learner: ReportLearner,
    /// What the courses come to.
    #[serde(flatten)]
    pub totals: Totals,
    /// What of it lies in the period that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_period: Option<InPeriod>,
    /// Per course, by name.
    pub courses: Vec<CourseTotals>,
}

impl Level {
    /// What an attempt comes to: its parts are the sessions of its visits, and the time outside them.
    pub(crate) fn of_visits<'a>(visits: impl Iterator<Item = &'a Figures>) -> Level {
        let mut level = Level::default();
        let mut parts = Vec::new();
        for figures in visits {
            level.take_in(&figures.measured, &figures.bound, &figures.played, &figures.corroborated);
            figures.parts.iter().for_each(|it| level.take_in_part(it));
            figures.media.iter().for_each(|it| level.take_in_seeing(it));
            parts.extend(&figures.parts);
        }
        level.accrual = Some(Accrual::of_parts(parts.into_iter(), level.bound()));
        level.settled()
    }

    /// What a level comes to whose parts these are.
    pub(crate) fn of<'a>(parts: impl Iterator<Item = &'a Level>) -> Level {
        let mut level = Level::default();
        let parts: Vec<&Level> = parts.collect();
        level.accrual = Accrual::of(parts.iter().map(|it| it.accrual.as_ref()));
        for part in parts {
            level.take_in(&part.measured, part.bound(), &part.played, &part.corroborated);
            level.parts_ms = level.parts_ms.saturating_add(part.credited_ms);
            level.measured_parts_ms = level.measured_parts_ms.saturating_add(part.measured.length_ms());
            level.excess_ms = level.excess_ms.saturating_add(part.excess_ms);
            level.take_in_report(part.reported_ms);
            level.backfilled_ms = level.backfilled_ms.saturating_add(part.backfilled_ms);
            for (key, covered) in &part.covered {
                level.covered.entry(key.clone()).or_default().0.union(&covered.0);
            }
        }
        level.settled()
    }

    /// The same, with what was taken over from an LMS beside it.
    pub(crate) fn with_backfilled(self, ms: i64) -> Level {
        Level { backfilled_ms: self.backfilled_ms.saturating_add(ms), ..self }
    }

    /// What was taken over from an LMS, in ms.
    pub(crate) fn backfilled_ms(&self) -> i64 {
        self.backfilled_ms
    }

    fn bound(&self) -> &IntervalSet {
        self.bound.as_ref().unwrap_or(&self.measured)
    }

    fn take_in(
        &mut self,
        measured: &IntervalSet,
        bound: &IntervalSet,
        played: &IntervalSet,
        corroborated: &IntervalSet,
    ) {
        if bound != measured && self.bound.is_none() {
            self.bound = Some(self.measured.clone());
        }
        if let Some(kept) = &mut self.bound {
            kept.union(bound);
        }
        self.measured.union(measured);
        self.played.union(played);
        self.corroborated.union(corroborated);
    }

    fn take_in_part(&mut self, part: &Part) {
        let excess_ms = part.credited_ms.saturating_sub(part.measured_ms).max(0);
        self.parts_ms = self.parts_ms.saturating_add(part.credited_ms);
        self.measured_parts_ms = self.measured_parts_ms.saturating_add(part.measured_ms);
        self.excess_ms = self.excess_ms.saturating_add(excess_ms);
        self.take_in_report(part.reported_ms);
    }

    fn take_in_seeing(&mut self, seeing: &Seeing) {
        self.covered.entry(seeing.key.clone()).or_default().0.union(&seeing.covered);
    }

    fn take_in_report(&mut self, reported_ms: Option<i64>) {
        if let Some(ms) = reported_ms {
            self.reported_ms = Some(self.reported_ms.unwrap_or(0).saturating_add(ms));
        }
    }

    fn settled(mut self) -> Level {
        self.credited_ms = bounded(self.parts_ms, self.bound().length_ms(), self.excess_ms);
        self
    }

    /// What it is credited in a period, in ms; nothing where it is not known when it was. What was taken over from an LMS
    /// is in none.
    pub(crate) fn credited_in(&self, period: Period) -> Option<i64> {
        let before = self.credited_before(&[period.start_ms, period.end_ms])?;
        let [start_ms, end_ms] = before.as_slice() else { return None };
        Some(end_ms.saturating_sub(*start_ms))
    }

    /// What it was credited before each of these moments, in ms, less what was taken over from an LMS; nothing where that
    /// is not known.
    pub(crate) fn credited_before(&self, moments_ms: &[i64]) -> Option<Vec<i64>> {
        Some(self.accrual.as_ref()?.before(moments_ms))
    }

    /// The first moment that anything of it was seen or credited at, and the one after the last, in ms since 1970.
    pub(crate) fn bounds(&self) -> Option<(i64, i64)> {
        let sets = [self.measured.bounds(), self.accrual.as_ref().and_then(Accrual::bounds)];
        sets.into_iter().flatten().reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    /// What was measured in a period, in ms.
    pub(crate) fn measured_in(&self, period: Period) -> i64 {
        period.of_it_ms(&self.measured)
    }

    /// What media played in a period, in ms.
    pub(crate) fn played_in(&self, period: Period) -> i64 {
        period.of_it_ms(&self.played)
    }

    /// What it comes to, in figures.
    pub(crate) fn totals(&self) -> Totals {
        let measured_ms = self.measured.length_ms();
        let credited_ms = self.credited_ms.saturating_add(self.backfilled_ms);
        Totals {
            time_spent: spent(credited_ms),
            credited_ms,
            backfilled_ms: self.backfilled_ms,
            parts_ms: self.parts_ms.saturating_add(self.backfilled_ms),
            shared_ms: self.measured_parts_ms.saturating_sub(measured_ms).max(0),
            measured_ms,
            media_ms: self.played.length_ms(),
            reported_ms: self.reported_ms,
            corroborated_ms: self.corroborated.length_ms(),
            covered_ms: self.covered.values().fold(0, |sum, it| sum.saturating_add(it.0.length_ms())),
        }
    }
}

/// The totals, with what of them lies in a period, of whatever rows a report shows, in the order in which learners come in it.
pub(crate) fn totals(rows: &[ReportRow], period: Option<Period>) -> Vec<LearnerTotals> {
    let mut learners: Vec<&ReportLearner> = Vec::new();
    let mut courses: BTreeMap<&str, BTreeMap<&str, Vec<&ReportRow>>> = BTreeMap::new();
    for row in rows {
        let of_learner = courses.entry(&row.learner.id).or_insert_with(|| {
            learners.push(&row.learner);
            BTreeMap::new()
        });
        of_learner.entry(&row.course).or_default().push(row);
    }
    let mut told = Vec::new();
    for learner in learners {
        let of_learner = courses.get(learner.id.as_str());
        let levels: Vec<(&str, usize, Level)> = of_learner
            .into_iter()
            .flatten()
            .map(|(course, topics)| {
                (*course, topics.len(), Level::of(topics.iter().filter_map(|it| it.whole.as_ref())))
            })
            .collect();
        let whole = Level::of(levels.iter().map(|it| &it.2));
        let of_course = |name: &str| of_learner.and_then(|it| it.get(name)).cloned().unwrap_or_default();
        let in_period = |level: &Level, rows: Vec<&ReportRow>| InPeriod::of_rows(period?, level, &rows);
        let courses = levels.iter().map(|(course, topics, level)| CourseTotals {
            course: (*course).to_owned(),
            topics: *topics,
            totals: level.totals(),
            in_period: in_period(level, of_course(course)),
        });
        told.push(LearnerTotals {
            learner: learner.clone(),
            in_period: in_period(
                &whole,
                of_learner.into_iter().flatten().flat_map(|it| it.1).copied().collect(),
            ),
            totals: whole.totals(),
            courses: courses.collect(),
        });
    }
    told
}

/// An interval set as pairs of numbers.
pub(super) mod pairs {
    use seattime_core::time::IntervalSet;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::store) fn serialize<S: Serializer>(set: &IntervalSet, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(set.iter())
    }

    pub(in crate::store) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<IntervalSet, D::Error> {
        Ok(Vec::<(i64, i64)>::deserialize(from)?.into_iter().collect())
    }
}

/// The same, where there may be none.
pub(super) mod some_pairs {
    use seattime_core::time::IntervalSet;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::store) fn serialize<S: Serializer>(
        set: &Option<IntervalSet>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(set.iter().flat_map(IntervalSet::iter))
    }

    pub(in crate::store) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<IntervalSet>, D::Error> {
        Ok(Some(Vec::<(i64, i64)>::deserialize(from)?.into_iter().collect()))
    }
}
