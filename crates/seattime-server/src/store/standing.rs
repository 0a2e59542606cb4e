//! The report's row of one learner and topic, from the figures of its visits.

use std::collections::BTreeMap;

use seattime_core::Version;
use seattime_core::outcome::Record;
use seattime_core::time::IntervalSet;
use seattime_wire::{Api, Completion, Policy, SessionKind, Success, UNMEASURED};

use super::documents;
use super::figures::{Figures, Part, Seeing, Seen};
use super::habits::{self, Reporting};
use super::history::{BACKFILLED, HistoryRow};
use super::medium::{self, Progress, last_position_ms};
use super::periods::{InPeriod, Period, VisitSpan};
use super::record::{
    AttemptPolicy, AttemptRecord, AttemptSources, EarlierOutcomes, FAILED_WHILE_PAUSED, RecordPolicy,
    ValuesByTry, best_score, chosen, score_text, wire_completion, wire_success,
};
use super::rows::{PackageRow, VisitRow, api_of};
use super::totals::{AttemptTotals, Level};
use super::{
    LatestOutcome, Missing, ReportDetail, ReportLearner, ReportMedia, ReportRow, StoreError, StoredActivity,
    refusals,
};

/// Values of one activity's latest try, by element.
pub(crate) type Values = BTreeMap<String, String>;

/// A part shorter than this, in ms, does not change where the whole is said to come from.
const SHORTEST_MS: i64 = 1_000;

/// What was seen of an item is told in at most so many parts; whoever jumps about more is told only how much it was.
const MOST_SEEN: usize = 200;

/// So many of the report's rows are derived at once: commits need not wait for all that are stale.
pub(crate) const STANDINGS_AT_ONCE: usize = 100;

/// A request derives at most so many rows: what is left then is said, and derived by those to come or when there is time.
pub(crate) const STANDINGS_A_REQUEST: usize = 500;

/// Derives what commits have made stale, up to `most` rows; each step derives up to [`STANDINGS_AT_ONCE`] of them, and
/// answers how many. Answers how many were derived, and whether none is left.
pub(crate) async fn in_steps<F>(most: usize, mut step: impl FnMut() -> F) -> Result<(usize, bool), StoreError>
where
    F: Future<Output = Result<usize, StoreError>>,
{
    let mut done = 0;
    while done < most {
        match step().await {
            Ok(STANDINGS_AT_ONCE) => done += STANDINGS_AT_ONCE,
            Ok(some) => return Ok((done + some, true)),
            // Reading goes on, with what was derived before.
            Err(StoreError::Full) => return Ok((done, false)),
            Err(error) => return Err(error),
        }
    }
    Ok((done, false))
}

/// One attempt with its visits.
#[derive(Debug, Default)]
pub(crate) struct AttemptFacts {
    /// From 1; 0 for what counts for none.
    number: u32,
    visits: Vec<VisitFacts>,
    /// Where its video or audio was last, in ms of media time.
    position_ms: Option<i64>,
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
    /// Whether anything of what its page noted is here.
    has_arrived: bool,
    /// Whether it was closed for want of contact.
    is_closed: bool,
    /// What it comes to.
    figures: Figures,
}

impl VisitFacts {
    fn new(visit: &VisitRow) -> VisitFacts {
        let Seen { opened_ms, contact_ms, live_ms, is_closed } = visit.seen();
        let has_arrived = !visit.raw.is_empty();
        VisitFacts { opened_ms, contact_ms, live_ms, has_arrived, is_closed, figures: visit.figures() }
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
        AttemptFacts {
            number,
            visits: visits.iter().map(VisitFacts::new).collect(),
            position_ms: last_position_ms(visits),
        }
    }

    fn figures(&self) -> impl Iterator<Item = &Figures> {
        self.visits.iter().map(|it| &it.figures)
    }

    fn counts(&self) -> bool {
        self.number > 0 && self.figures().any(|it| it.counts)
    }
}

/// Everything that a report's row is derived from, as it is kept.
pub(crate) struct Gathered {
    pub(crate) learner: ReportLearner,
    pub(crate) course: String,
    /// None where the topic is known by what an LMS kept of it alone.
    pub(crate) package: Option<PackageRow>,
    pub(crate) activities: Vec<StoredActivity>,
    /// What an LMS kept of it before.
    pub(crate) history: Option<HistoryRow>,
    /// In the order of their numbers.
    pub(crate) attempts: Vec<GatheredAttempt>,
    /// The groups that the learner is in.
    pub(crate) groups: Vec<String>,
    /// Whether the learner is enrolled in the course.
    pub(crate) is_enrolled: bool,
    /// The row as it was derived last.
    pub(crate) before: Option<String>,
    /// How the course's records are derived.
    pub(crate) policy: RecordPolicy,
}

/// What is kept of one attempt.
pub(crate) struct GatheredAttempt {
    /// From 1; 0 for what counts for none.
    pub(crate) number: u32,
    pub(crate) visits: Vec<VisitRow>,
    pub(crate) held: Held,
    /// How many values of fenced pages are kept beside.
    pub(crate) conflicts: u32,
}

/// The values of an attempt, as far as its record is derived from them.
#[derive(Default, Clone)]
pub(crate) struct Held {
    /// Which API its values are named in; none where it is the manifest's.
    pub(crate) api: Option<String>,
    /// Read only where a page sent no outcomes.
    pub(crate) values: ValuesByTry,
    /// Outcomes that sessions of earlier pages left.
    pub(crate) earlier: EarlierOutcomes,
}

/// What is kept of a row.
pub(crate) struct Derived {
    /// The report's row; none where there is nothing to show: nobody launched it, and nobody has to take it.
    pub(crate) row: Option<ReportRow>,
    /// How the sessions of each activity reported their time.
    pub(crate) reporting: BTreeMap<String, Reporting>,
}

impl Gathered {
    /// Name of the topic; none where nothing is known of it any more.
    pub(crate) fn title(&self) -> &str {
        let kept = self.history.as_ref().map(|it| &it.title);
        self.package.as_ref().map(|it| &it.title).or(kept).map_or("", String::as_str)
    }

    /// The policies that its visits are judged by.
    pub(crate) fn policies(&self) -> impl Iterator<Item = Policy> + '_ {
        self.attempts.iter().flat_map(|it| &it.visits).map(|it| it.policy)
    }

    /// What is kept of it, as of now, in ms since 1970.
    pub(crate) fn derived(&self, now_ms: i64) -> Result<Derived, StoreError> {
        let attempts = self.attempts_under(None);
        let mut reporting = BTreeMap::new();
        for attempt in attempts.iter().filter(|it| it.number > 0) {
            habits::count(&mut reporting, attempt.figures());
        }
        // A topic may have been filed under another course meanwhile.
        let is_filed = self.package.as_ref().is_some_and(|it| it.course == self.course);
        let is_to_take = self.is_enrolled && is_filed;
        if attempts.is_empty() && !is_to_take && self.history.is_none() {
            return Ok(Derived { row: None, reporting });
        }
        let row = self.row_of(&attempts)?;
        let before = self.before.as_deref().map(serde_json::from_str::<ReportRow>).transpose()?;
        let changed_ms = changed_ms(before.as_ref(), &row, now_ms);
        Ok(Derived { row: Some(ReportRow { changed_ms, ..row }), reporting })
    }

    /// The report's row; with a policy, as it would be if every visit were judged by that.
    pub(crate) fn row(&self, policy: Option<Policy>) -> Result<ReportRow, StoreError> {
        self.row_of(&self.attempts_under(policy))
    }

    fn attempts_under(&self, policy: Option<Policy>) -> Vec<AttemptFacts> {
        let mut attempts = Vec::new();
        for GatheredAttempt { number, visits, .. } in &self.attempts {
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
}

/// When a row last came to something else: what it shows of the learner's name, and of how its sessions stand, is not
/// what it comes to. A row of an older version did not say; its last visit does.
fn changed_ms(before: Option<&ReportRow>, now: &ReportRow, now_ms: i64) -> i64 {
    let Some(before) = before else { return now_ms };
    let shown = |row: &ReportRow| ReportRow {
        learner: now.learner.clone(),
        groups: Vec::new(),
        details: Vec::new(),
        changed_ms: 0,
        topic_id: String::new(),
        ..row.clone()
    };
    let is_older = before.changed_ms == 0;
    let before_shown = if is_older {
        let ReportRow { kind, best_score, position_ms, conflicts, missing, whole, visited, .. } = now.clone();
        ReportRow { kind, best_score, position_ms, conflicts, missing, whole, visited, ..shown(before) }
    } else {
        shown(before)
    };
    // Rows of versions before the record say nothing of completion and success.
    let has_record = before.completion != now.completion || before.success != now.success;
    let is_bare = (before.completion, before.success) == (Completion::Unknown, Success::Unknown);
    let before_shown = if is_bare && has_record && before.status == now.status {
        let ReportRow { completion, success, score_provisional, latest, flags, .. } = now.clone();
        ReportRow { completion, success, score_provisional, latest, flags, ..before_shown }
    } else {
        before_shown
    };
    match before_shown == shown(now) {
        true if is_older => before.last_visit_ms,
        true => before.changed_ms,
        false => now_ms,
    }
}

/// The version that a package's API belongs to.
pub(crate) fn version(api: Api) -> Version {
    match api {
        Api::Scorm12 => Version::V12,
        Api::Scorm2004 => Version::V2004,
    }
}

impl Gathered {
    /// The records of each attempt that counts, in the order of their numbers.
    fn records(&self, attempts: &[AttemptFacts]) -> Result<Vec<AttemptRecord>, StoreError> {
        let mut records = Vec::new();
        for (facts, gathered) in attempts.iter().zip(&self.attempts).filter(|it| it.0.counts()) {
            // Nobody launches a topic that is not there.
            let package = self.package.as_ref().ok_or(StoreError::NotFound("topic"))?;
            let sources = AttemptSources {
                version: version(api_of(gathered.held.api.clone(), package)?),
                visits: &gathered.visits,
                values: &gathered.held.values,
                earlier: &gathered.held.earlier,
                auto_complete: self.policy.auto_complete,
            };
            let progress = Progress::of(facts.figures());
            let of = |activity: &StoredActivity| {
                (sources.record(activity, &progress, true), activity.rules.measure_weight)
            };
            records.push(AttemptRecord::of(&self.activities.iter().map(of).collect::<Vec<_>>()));
        }
        Ok(records)
    }

    fn row_of(&self, attempts: &[AttemptFacts]) -> Result<ReportRow, StoreError> {
        let records = self.records(attempts)?;
        let (activities, history, package) = (&self.activities, self.history.as_ref(), self.package.as_ref());
        let counted = || attempts.iter().filter(|it| it.counts());
        let levels: Vec<(u32, Level)> =
            counted().map(|it| (it.number, Level::of_visits(it.figures()))).collect();
        let backfilled_ms = history.map_or(0, |it| it.time_ms);
        let whole = Level::of(levels.iter().map(|it| &it.1)).with_backfilled(backfilled_ms);
        let totals = whole.totals();
        let parts = || counted().flat_map(AttemptFacts::figures).flat_map(|it| &it.parts);
        let is_media = activities.iter().any(|it| it.kind == SessionKind::Media);
        let is_document = activities.iter().any(medium::is_document);
        let mut percents = counted().map(|it| Progress::of(it.figures())).map(|it| match is_document {
            true => it.percent_of_pages(),
            false => it.percent(),
        });
        let percent = match self.policy.attempts {
            AttemptPolicy::Best => percents.max(),
            AttemptPolicy::Latest | AttemptPolicy::HighestThenLatestStatus => percents.next_back(),
        };
        let visits = || attempts.iter().flat_map(|it| &it.visits);
        // Where it was left in the LMS is not known here.
        let is_history_alone = history.is_some() && visits().next().is_none();
        let credited = parts().filter(|it| it.credited_ms >= SHORTEST_MS).map(|it| it.provenance.as_str());
        let backfilled = (is_history_alone || backfilled_ms >= SHORTEST_MS).then_some(BACKFILLED);
        let backfilled_attempts = history.map_or(0, |it| it.attempts);
        let shown = chosen(&records, self.policy.attempts);
        let mut flags = Vec::new();
        if shown.is_assumed {
            flags.push("completion_assumed".to_owned());
        }
        if wire_success(shown.success) == Success::Failed && records.iter().any(|it| it.is_failed_by_pause) {
            flags.push(FAILED_WHILE_PAUSED.to_owned());
        }
        if parts().any(|it| it.exceeds_presence) {
            flags.push("report_exceeds_presence".to_owned());
        }
        let media = media(counted().flat_map(AttemptFacts::figures).flat_map(|it| &it.media));
        if media.iter().any(|it| it.kind == UNMEASURED) {
            flags.push("part_unmeasured".to_owned());
        }
        flags.extend(refusals::flags(parts()));
        let is_begun = !records.is_empty();
        let conflicts = self.attempts.iter().fold(0_u32, |sum, it| sum.saturating_add(it.conflicts));
        Ok(ReportRow {
            learner: self.learner.clone(),
            groups: self.groups.clone(),
            course: self.course.clone(),
            topic: self.title().to_owned(),
            topic_id: String::new(),
            kind: match (package, history) {
                (None, Some(kept)) => kept.kind.clone(),
                _ => {
                    let api = self.latest_api()?;
                    medium::kind(activities).unwrap_or_else(|| kind(api).to_owned())
                }
            },
            status: if is_history_alone { "unknown" } else { shown.status(is_begun) }.to_owned(),
            completion: wire_completion(shown.completion),
            success: wire_success(shown.success),
            score: shown.score.as_ref().and_then(score_text),
            score_provisional: shown.is_provisional,
            latest: records.last().and_then(|it| latest(&it.latest, &shown)),
            best_score: best_score(&records).as_ref().and_then(score_text),
            progress_percent: ((is_media || is_document) && !is_history_alone).then(|| percent.unwrap_or(0)),
            position_ms: attempts.last().and_then(|it| it.position_ms).filter(|_| is_media),
            time_spent: totals.time_spent,
            time_spent_ms: totals.credited_ms,
            backfilled_ms,
            provenance: provenance(credited.chain(backfilled)),
            measured_ms: totals.measured_ms,
            media_ms: totals.media_ms,
            corroborated_ms: totals.corroborated_ms,
            reported_ms: totals.reported_ms,
            flags,
            conflicts,
            missing: missing(attempts, history),
            attempts: u32::try_from(levels.len()).unwrap_or(u32::MAX).saturating_add(backfilled_attempts),
            backfilled_attempts,
            by_attempt: levels
                .iter()
                .map(|(attempt, level)| AttemptTotals { attempt: *attempt, totals: level.totals() })
                .collect(),
            first_visit_ms: visits().map(|it| it.opened_ms).min().unwrap_or(0),
            last_visit_ms: visits().map(|it| it.contact_ms).max().unwrap_or(0),
            changed_ms: 0,
            details: history
                .map(backfilled_detail)
                .into_iter()
                .chain(details(activities, attempts))
                .collect(),
            media,
            documents: documents::report(
                counted().flat_map(AttemptFacts::figures).flat_map(|it| &it.documents),
            ),
            whole: Some(whole),
            visited: visited(attempts),
            in_period: None,
        })
    }

    /// The API of the latest attempt, else the manifest's.
    fn latest_api(&self) -> Result<Api, StoreError> {
        match (&self.package, self.attempts.last()) {
            (None, _) => Ok(Api::Scorm12),
            (Some(package), None) => Ok(package.api),
            (Some(package), Some(attempt)) => api_of(attempt.held.api.clone(), package),
        }
    }
}

/// What the latest sessions left, where that is not what the row shows.
fn latest(latest: &Record, shown: &Record) -> Option<LatestOutcome> {
    let of = |it: &Record| (it.completion, it.success, it.score.as_ref().and_then(score_text));
    (of(latest) != of(shown)).then(|| LatestOutcome {
        status: latest.status(true).to_owned(),
        completion: wire_completion(latest.completion),
        success: wire_success(latest.success),
        score: latest.score.as_ref().and_then(score_text),
    })
}

impl ReportRow {
    /// The row with what of it lies in a period, if it has a visit in it.
    pub(crate) fn within(mut self, period: Period) -> Option<ReportRow> {
        if !self.visited.iter().any(|it| it.is_in(period)) {
            return None;
        }
        self.in_period = Some(InPeriod::of(period, self.whole.as_ref()?, &self.visited)?);
        Some(self)
    }

    /// Takes out what only totals and periods are told from.
    pub(crate) fn show(&mut self) {
        (self.whole, self.visited) = (None, Vec::new());
    }
}

/// When each visit was.
fn visited(attempts: &[AttemptFacts]) -> Vec<VisitSpan> {
    let mut visited = Vec::new();
    for attempt in attempts {
        let counts = attempt.counts();
        visited.extend(attempt.visits.iter().map(|it| VisitSpan {
            attempt: if counts { attempt.number } else { 0 },
            opened_ms: it.opened_ms,
            end_ms: it.end_ms(),
        }));
    }
    visited
}

/// What kind of topic a package is.
fn kind(api: Api) -> &'static str {
    match api {
        Api::Scorm12 => "scorm_1.2",
        Api::Scorm2004 => "scorm_2004",
    }
}

/// Why there is no time, or less than there could be. What a session has not said yet, it may still say: those that have
/// ended tell, and of visits without a word those that were closed.
fn missing(attempts: &[AttemptFacts], history: Option<&HistoryRow>) -> Option<Missing> {
    let visits = || attempts.iter().flat_map(|it| &it.visits);
    if visits().next().is_none() {
        return match history {
            None => Some(Missing::NeverLaunched),
            Some(history) => (history.time_ms == 0).then_some(Missing::NotKept),
        };
    }
    if visits().all(|it| !it.has_arrived && it.is_closed) {
        return Some(Missing::SavingFailed);
    }
    let counted = || attempts.iter().filter(|it| it.number > 0);
    let scos = || counted().flat_map(AttemptFacts::figures).flat_map(|it| &it.parts).filter(|it| it.is_sco());
    let has_ended = |it: &&Part| it.state != "running";
    if !scos().any(|it| it.is_initialized) {
        return scos().any(|it| has_ended(&it)).then_some(Missing::ApiNeverCalled);
    }
    let has_said = scos().any(|it| it.reported_ms.is_some_and(|ms| ms > 0));
    let is_silent = !has_said && scos().filter(|it| it.is_initialized).any(|it| has_ended(&it));
    is_silent.then_some(Missing::NoTime)
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
        covered: Some(covered.iter().collect::<Vec<_>>())
            .filter(|it| it.len() <= MOST_SEEN)
            .unwrap_or_default(),
    };
    items.into_values().map(told).collect()
}

fn details(activities: &[StoredActivity], attempts: &[AttemptFacts]) -> Vec<ReportDetail> {
    let mut details = Vec::new();
    for attempt in attempts {
        for VisitFacts { opened_ms, figures, .. } in &attempt.visits {
            let parts = figures.parts.iter();
            details.extend(parts.map(|it| detail(it, attempt.number, *opened_ms, activities)));
        }
    }
    details
}

/// What an LMS kept, as a part of the row.
fn backfilled_detail(history: &HistoryRow) -> ReportDetail {
    ReportDetail {
        attempt: 0,
        activity: BACKFILLED.to_owned(),
        state: BACKFILLED.to_owned(),
        is_initialized: false,
        measured_ms: 0,
        media_ms: 0,
        corroborated_ms: 0,
        reported_ms: None,
        reported_state: "unset".to_owned(),
        credited_ms: history.time_ms,
        provenance: BACKFILLED.to_owned(),
        flags: Vec::new(),
        refused: Vec::new(),
        started_ms: 0,
    }
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
        flags: part
            .exceeds_presence
            .then(|| "report_exceeds_presence".to_owned())
            .into_iter()
            .chain(refusals::flags(std::iter::once(part)))
            .collect(),
        refused: part.refused.clone(),
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

/// Whole seconds, rounded down; more than nothing is at least one.
pub(crate) fn whole_seconds(ms: i64) -> i64 {
    if (1..1_000).contains(&ms) { 1 } else { ms.max(0) / 1_000 }
}

/// A time as the report writes it, whole seconds rounded down; more than nothing is at least a second.
pub(crate) fn spent(ms: i64) -> String {
    let seconds = whole_seconds(ms);
    format!("{}h {}m {}s", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_people() {
        assert_eq!(spent(930_999), "0h 15m 30s");
        assert_eq!(
            (spent(0).as_str(), spent(1).as_str(), spent(999).as_str()),
            ("0h 0m 0s", "0h 0m 1s", "0h 0m 1s")
        );
        assert_eq!(spent(100 * 3_600_000), "100h 0m 0s");
    }
}
