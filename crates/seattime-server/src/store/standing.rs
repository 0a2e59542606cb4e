//! The report's row of one learner and topic, from the figures of its visits.

use std::collections::BTreeMap;

use seattime_core::Version;
use seattime_core::attempt::{Outcome, outcome, rolled_up};
use seattime_core::time::IntervalSet;
use seattime_wire::{Api, Policy, SessionKind, UNMEASURED};

use super::figures::{Figures, LEGACY, Part, Seeing, Seen};
use super::habits::{self, Reporting};
use super::medium::Progress;
use super::periods::VisitSpan;
use super::rows::{PackageRow, VisitRow, api_of};
use super::totals::{AttemptTotals, Level};
use super::{ReportDetail, ReportLearner, ReportMedia, ReportRow, StoreError, StoredActivity};

/// Values of one activity's latest try, by element.
pub(crate) type Values = BTreeMap<String, String>;

/// A part shorter than this, in ms, does not change where the whole is said to come from.
const SHORTEST_MS: i64 = 1_000;

/// So many of the report's rows are derived at once: commits need not wait for all that are stale.
pub(crate) const STANDINGS_AT_ONCE: usize = 100;

/// Derives what commits have made stale; each step derives up to [`STANDINGS_AT_ONCE`] rows, and answers how many.
pub(crate) async fn in_steps<F>(mut step: impl FnMut() -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<usize, StoreError>>,
{
    loop {
        match step().await {
            Ok(STANDINGS_AT_ONCE) => {}
            // Reading goes on, with what was derived before.
            Ok(_) | Err(StoreError::Full) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// One attempt with its visits.
#[derive(Debug, Default)]
pub(crate) struct AttemptFacts {
    /// From 1; 0 for what counts for none.
    number: u32,
    visits: Vec<VisitFacts>,
}

/// One visit.
#[derive(Debug)]
struct VisitFacts {
    /// When it was opened, in ms since 1970.
    opened_ms: i64,
    /// When it was last heard of, in ms since 1970; replays count.
    contact_ms: i64,
    /// The same, without replays.
    live_ms: i64,
    /// What it comes to.
    figures: Figures,
}

impl VisitFacts {
    fn new(visit: &VisitRow) -> VisitFacts {
        let Seen { opened_ms, contact_ms, live_ms, .. } = visit.seen();
        VisitFacts { opened_ms, contact_ms, live_ms, figures: visit.figures() }
    }

    /// The moment after the last at which anything was seen or credited; a replay says nothing of that by itself.
    fn end_ms(&self) -> i64 {
        let parts = self.figures.parts.iter().map(|it| &it.over);
        let ends = parts.chain([&self.figures.measured]).filter_map(|it| it.bounds()).map(|it| it.1);
        ends.chain([self.live_ms, self.opened_ms.saturating_add(1)]).max().unwrap_or(self.live_ms)
    }
}

impl AttemptFacts {
    /// An attempt's number, and its visits.
    pub(crate) fn new(number: u32, visits: &[VisitRow]) -> AttemptFacts {
        AttemptFacts { number, visits: visits.iter().map(VisitFacts::new).collect() }
    }
}

/// Everything that a report's row is derived from, as it is kept.
pub(crate) struct Gathered {
    pub(crate) learner: ReportLearner,
    pub(crate) course: String,
    pub(crate) package: PackageRow,
    pub(crate) activities: Vec<StoredActivity>,
    /// In the order of their numbers: number and visits.
    pub(crate) attempts: Vec<(u32, Vec<VisitRow>)>,
    /// Which API the latest attempt's values are named in; none where it is the manifest's.
    pub(crate) api: Option<String>,
    /// What the latest attempt holds, if it counts: per activity, number of the latest try, and its values.
    pub(crate) values: BTreeMap<String, (u32, Values)>,
}

impl Gathered {
    /// The policies that its visits are judged by.
    pub(crate) fn policies(&self) -> impl Iterator<Item = Policy> + '_ {
        self.attempts.iter().flat_map(|it| &it.1).map(|it| it.policy)
    }

    /// The report's row, and how the sessions of each activity reported their time.
    pub(crate) fn derived(&self) -> Result<(ReportRow, BTreeMap<String, Reporting>), StoreError> {
        let attempts = self.attempts_under(None);
        let mut reporting = BTreeMap::new();
        for attempt in attempts.iter().filter(|it| it.number > 0) {
            habits::count(&mut reporting, attempt.visits.iter().map(|it| &it.figures));
        }
        Ok((self.row_of(&attempts)?, reporting))
    }

    /// The report's row; with a policy, as it would be if every visit were judged by that.
    pub(crate) fn row(&self, policy: Option<Policy>) -> Result<ReportRow, StoreError> {
        self.row_of(&self.attempts_under(policy))
    }

    fn attempts_under(&self, policy: Option<Policy>) -> Vec<AttemptFacts> {
        let mut attempts = Vec::new();
        for (number, visits) in &self.attempts {
            attempts.push(match policy {
                None => AttemptFacts::new(*number, visits),
                Some(policy) => {
                    let judged: Vec<_> = visits.iter().map(|it| VisitRow { policy, ..it.clone() }).collect();
                    AttemptFacts::new(*number, &judged)
                }
            });
        }
        attempts
    }

    fn row_of(&self, attempts: &[AttemptFacts]) -> Result<ReportRow, StoreError> {
        standing(Facts {
            learner: self.learner.clone(),
            course: &self.course,
            package: &self.package,
            activities: &self.activities,
            attempts,
            api: self.api.clone(),
            values: self.values.clone(),
        })
    }
}

/// What a report's row is derived from.
pub(crate) struct Facts<'a> {
    pub(crate) learner: ReportLearner,
    pub(crate) course: &'a str,
    pub(crate) package: &'a PackageRow,
    pub(crate) activities: &'a [StoredActivity],
    /// In the order of their numbers.
    pub(crate) attempts: &'a [AttemptFacts],
    /// Which API the latest attempt's values are named in; none where it is the manifest's.
    pub(crate) api: Option<String>,
    /// What the latest attempt holds, if it counts: per activity, number of the latest try, and its values.
    pub(crate) values: BTreeMap<String, (u32, Values)>,
}

/// The report's row of a learner and topic.
pub(crate) fn standing(facts: Facts<'_>) -> Result<ReportRow, StoreError> {
    let mut values: BTreeMap<String, Values> =
        facts.values.into_iter().map(|(activity, (_, values))| (activity, values)).collect();
    for activity in facts.activities {
        // Thresholds of the manifest decide with what content said.
        if let Some(values) = values.get_mut(&activity.id) {
            for (element, value) in &activity.defaults {
                values.entry(element.clone()).or_insert_with(|| value.clone());
            }
        }
    }
    let api = api_of(facts.api, facts.package)?;
    let (course, topic) = (facts.course, facts.package.title.as_str());
    Ok(row(facts.learner, course, topic, api, facts.activities, facts.attempts, &values))
}

/// The version that a package's API belongs to.
pub(crate) fn version(api: Api) -> Version {
    match api {
        Api::Scorm12 => Version::V12,
        Api::Scorm2004 => Version::V2004,
    }
}

/// Where an activity stands: by its values; an asset by having been launched, a video or audio by what was seen.
pub(crate) fn activity_outcome<'a>(
    api: Api,
    activity: &StoredActivity,
    values: Option<&'a Values>,
    was_launched: bool,
    progress: &Progress,
) -> Outcome<'a> {
    let done = |status| Outcome { status, score_raw: None, score_scaled: None };
    match (activity.kind, values) {
        (SessionKind::Media, _) => done(progress.status(activity, was_launched)),
        (SessionKind::Asset, _) => done(if was_launched { "completed" } else { "not attempted" }),
        (SessionKind::Sco, None) => done(if was_launched { "incomplete" } else { "not attempted" }),
        (SessionKind::Sco, Some(values)) => {
            let outcome = outcome(version(api), |name| values.get(name).map(String::as_str));
            // It was begun, whatever it has not said of itself yet.
            let is_begun = was_launched && outcome.status == "not attempted";
            if is_begun { Outcome { status: "incomplete", ..outcome } } else { outcome }
        }
    }
}

/// The row; `values` and `launched` are those of the latest attempt, per activity.
fn row(
    learner: ReportLearner,
    course: &str,
    topic: &str,
    api: Api,
    activities: &[StoredActivity],
    attempts: &[AttemptFacts],
    values: &BTreeMap<String, Values>,
) -> ReportRow {
    let counted =
        || attempts.iter().filter(|it| it.number > 0 && it.visits.iter().any(|it| it.figures.counts));
    let levels: Vec<(u32, Level)> =
        counted().map(|it| (it.number, Level::of_visits(it.visits.iter().map(|it| &it.figures)))).collect();
    let whole = Level::of(levels.iter().map(|it| &it.1));
    let totals = whole.totals();
    let parts = || counted().flat_map(|it| &it.visits).flat_map(|it| &it.figures.parts);
    let launched: Vec<&str> = attempts
        .last()
        .into_iter()
        .flat_map(|it| &it.visits)
        .flat_map(|it| &it.figures.parts)
        .map(|it| it.activity.as_str())
        .collect();
    let progress = Progress::of(attempts.last().into_iter().flat_map(|it| &it.visits).map(|it| &it.figures));
    let is_media = activities.iter().any(|it| it.kind == SessionKind::Media);
    let outcomes: Vec<Outcome<'_>> = activities
        .iter()
        .map(|it| {
            let was_launched = launched.contains(&it.id.as_str()) || launched.contains(&LEGACY);
            activity_outcome(api, it, values.get(&it.id), was_launched, &progress)
        })
        .collect();
    let visits = || attempts.iter().flat_map(|it| &it.visits);
    let mut flags = Vec::new();
    if parts().any(|it| it.exceeds_presence) {
        flags.push("report_exceeds_presence".to_owned());
    }
    let media = media(counted().flat_map(|it| &it.visits).flat_map(|it| &it.figures.media));
    if media.iter().any(|it| it.kind == UNMEASURED) {
        flags.push("part_unmeasured".to_owned());
    }
    ReportRow {
        learner,
        course: course.to_owned(),
        topic: topic.to_owned(),
        topic_id: String::new(),
        status: rolled_up(outcomes.iter().map(|it| it.status)).to_owned(),
        score: score(&outcomes),
        progress_percent: is_media.then(|| progress.percent()),
        time_spent: totals.time_spent,
        time_spent_ms: totals.credited_ms,
        provenance: provenance(
            parts().filter(|it| it.credited_ms >= SHORTEST_MS).map(|it| it.provenance.as_str()),
        ),
        measured_ms: totals.measured_ms,
        media_ms: totals.media_ms,
        corroborated_ms: totals.corroborated_ms,
        reported_ms: totals.reported_ms,
        flags,
        attempts: u32::try_from(levels.len()).unwrap_or(u32::MAX),
        by_attempt: levels
            .iter()
            .map(|(attempt, level)| AttemptTotals { attempt: *attempt, totals: level.totals() })
            .collect(),
        first_visit_ms: visits().map(|it| it.opened_ms).min().unwrap_or(0),
        last_visit_ms: visits().map(|it| it.contact_ms).max().unwrap_or(0),
        details: details(activities, attempts),
        media,
        whole: Some(whole),
        visited: visited(attempts),
        in_period: None,
    }
}

/// When each visit was.
fn visited(attempts: &[AttemptFacts]) -> Vec<VisitSpan> {
    let mut visited = Vec::new();
    for attempt in attempts {
        let counts = attempt.number > 0 && attempt.visits.iter().any(|it| it.figures.counts);
        visited.extend(attempt.visits.iter().map(|it| VisitSpan {
            attempt: if counts { attempt.number } else { 0 },
            opened_ms: it.opened_ms,
            end_ms: it.end_ms(),
        }));
    }
    visited
}

/// What was seen of each media item, each part once.
fn media<'a>(seeings: impl Iterator<Item = &'a Seeing>) -> Vec<ReportMedia> {
    let mut items: BTreeMap<&str, (&Seeing, IntervalSet)> = BTreeMap::new();
    for seeing in seeings {
        let (_, covered) = items.entry(&seeing.key).or_insert((seeing, IntervalSet::new()));
        covered.union(&seeing.covered);
    }
    let told = |(seeing, covered): (&Seeing, IntervalSet)| ReportMedia {
        key: seeing.key.clone(),
        kind: seeing.kind.clone(),
        duration_ms: seeing.duration_ms,
        covered_ms: covered.length_ms(),
    };
    items.into_values().map(told).collect()
}

fn details(activities: &[StoredActivity], attempts: &[AttemptFacts]) -> Vec<ReportDetail> {
    let mut details = Vec::new();
    for attempt in attempts {
        for visit in &attempt.visits {
            let parts = visit.figures.parts.iter();
            details.extend(parts.map(|it| detail(it, attempt.number, visit.opened_ms, activities)));
        }
    }
    details
}

/// A part of a visit of that attempt, as the report tells it.
pub(crate) fn detail(
    part: &Part,
    attempt: u32,
    opened_ms: i64,
    activities: &[StoredActivity],
) -> ReportDetail {
    let title =
        |id: &str| activities.iter().find(|it| it.id == id).map_or(id, |it| it.title.as_str()).to_owned();
    ReportDetail {
        attempt,
        activity: if part.n == 0 { "outside".to_owned() } else { title(&part.activity) },
        state: part.state.clone(),
        is_initialized: part.is_initialized,
        measured_ms: part.measured_ms,
        media_ms: part.media_ms,
        corroborated_ms: part.corroborated_ms,
        reported_ms: part.reported_ms,
        reported_state: part.reported_state.clone(),
        // What is looked at in review or browse is shown and never credited.
        credited_ms: if attempt > 0 { part.credited_ms } else { 0 },
        provenance: part.provenance.clone(),
        flags: part.exceeds_presence.then(|| "report_exceeds_presence".to_owned()).into_iter().collect(),
        started_ms: opened_ms,
    }
}

fn provenance<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    words.dedup();
    match words.as_slice() {
        [] => "measured",
        [one] => one,
        _ => "mixed",
    }
    .to_owned()
}

/// The score of the activity that has one; of several, their mean.
fn score(outcomes: &[Outcome<'_>]) -> Option<String> {
    let texts: Vec<String> = outcomes
        .iter()
        .filter_map(|it| match (it.score_raw, it.score_scaled.and_then(|it| it.parse::<f64>().ok())) {
            (Some(raw), _) => Some(raw.to_owned()),
            (None, scaled) => scaled.map(|it| short(it * 100.0)),
        })
        .collect();
    match texts.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => {
            let numbers: Vec<f64> = several.iter().filter_map(|it| it.parse().ok()).collect();
            Some(short(numbers.iter().sum::<f64>() / numbers.len().max(1) as f64))
        }
    }
}

/// A number with at most two digits after the point.
fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A time as the report writes it, whole seconds rounded down.
pub(crate) fn spent(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    format!("{}h {}m {}s", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_scores_are_written_for_people() {
        assert_eq!(spent(930_999), "0h 15m 30s");
        assert_eq!(spent(100 * 3_600_000), "100h 0m 0s");
        let of = |score_raw, score_scaled| Outcome { status: "passed", score_raw, score_scaled };
        assert_eq!(score(&[of(None, None)]), None);
        assert_eq!(score(&[of(Some("80"), Some("0.8"))]).as_deref(), Some("80"));
        assert_eq!(score(&[of(None, Some("0.855"))]).as_deref(), Some("85.5"));
        assert_eq!(
            score(&[of(Some("80"), None), of(None, None), of(Some("91"), None)]).as_deref(),
            Some("85.5")
        );
    }
}
