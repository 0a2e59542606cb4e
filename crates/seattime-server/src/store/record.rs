//! The record of a learner at a topic: the best that any session of an attempt left, and the row's choice among
//! attempts.

use std::collections::BTreeMap;

use seattime_core::Version;
use seattime_core::attempt::{Lookup, mastery};
use seattime_core::end::{self, EndKind, Ended, Ending};
use seattime_core::outcome::{Completion, Outcome, Record, Score, Success, rolled_up};
use seattime_core::value::real;
use seattime_wire as wire;
use seattime_wire::{SessionKind, SessionState};
use serde::{Deserialize, Serialize};

use super::medium::{Progress, is_document};
use super::raw::RawSession;
use super::rows::VisitRow;
use super::standing::Values;
use super::{StoreError, StoredActivity};

/// Flag of a row that failed in a pause, where LMSFinish of a page of an earlier version may have decided it.
pub const FAILED_WHILE_PAUSED: &str = "failed_while_paused";

/// Values by activity and number of the activity's attempt.
pub(crate) type ValuesByTry = BTreeMap<String, BTreeMap<u32, Values>>;

/// Outcomes that sessions of earlier pages left, by activity: these pages sent none.
pub(crate) type EarlierOutcomes = BTreeMap<String, wire::Outcome>;

/// Reads the column that holds them.
pub(crate) fn outcomes(column: Option<String>) -> Result<EarlierOutcomes, StoreError> {
    Ok(column.map_or(Ok(EarlierOutcomes::new()), |it| serde_json::from_str(&it))?)
}

/// Which of several attempts a row shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptPolicy {
    /// The maximum over all attempts.
    #[default]
    Best,
    /// The last attempt that counts.
    Latest,
    /// The highest score, with the status of the last attempt that counts.
    HighestThenLatestStatus,
}

/// How a course's records are derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordPolicy {
    /// Which of several attempts a row shows.
    pub(crate) attempts: AttemptPolicy,
    /// Whether a 2004 session that ends without a status completes its activity.
    pub(crate) auto_complete: bool,
}

/// Everything that the records of one attempt are derived from.
pub(crate) struct AttemptSources<'a> {
    pub(crate) version: Version,
    /// In the order of their leases.
    pub(crate) visits: &'a [VisitRow],
    /// Only where pages sent no outcome are these read.
    pub(crate) values: &'a ValuesByTry,
    pub(crate) earlier: &'a EarlierOutcomes,
    pub(crate) auto_complete: bool,
}

/// The record of one activity in one attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ActivityRecord {
    pub(crate) record: Record,
    /// What its last session left.
    pub(crate) latest: Record,
    pub(crate) was_launched: bool,
    /// True if it failed in a session that paused, and LMSFinish of an earlier page may have made it fail: that wrote the
    /// mastery score's decision over the status that content had set.
    pub(crate) is_failed_by_pause: bool,
}

impl AttemptSources<'_> {
    /// The record of an activity. Of a video, an audio or a document it is what was seen of it.
    pub(crate) fn record(
        &self,
        activity: &StoredActivity,
        progress: &Progress,
        was_launched: bool,
    ) -> ActivityRecord {
        match activity.kind {
            SessionKind::Media => media_record(progress, activity, was_launched),
            SessionKind::Asset if is_document(activity) => media_record(progress, activity, was_launched),
            SessionKind::Sco | SessionKind::Asset => self.record_of_sessions(activity),
        }
    }

    fn record_of_sessions(&self, activity: &StoredActivity) -> ActivityRecord {
        let mut found = ActivityRecord::default();
        if let Some(earlier) = self.earlier.get(&activity.id) {
            found.record.add(&self.allowed(earlier));
            found.latest = found.record;
        }
        let last_of_tries = self.last_of_tries(&activity.id);
        for (visit, n, session) in self.sessions(&activity.id) {
            found.was_launched = true;
            let is_last = last_of_tries.get(&session.try_) == Some(&(visit.lease, n));
            let Some(outcome) = self.outcome(activity, (visit, session), is_last) else { continue };
            found.record.add(&outcome);
            found.latest = Record::default();
            found.latest.add(&outcome);
            let is_failed = session.outcome.is_none() && outcome.success == Success::Failed;
            found.is_failed_by_pause |= is_failed && self.may_be_mastery(activity, visit, session);
        }
        found.is_failed_by_pause &= found.record.success == Success::Failed;
        found
    }

    /// The outcomes that sessions of earlier pages left in an activity, joined with those found before; none where
    /// there are none.
    pub(crate) fn earlier_outcome(&self, activity: &StoredActivity) -> Option<wire::Outcome> {
        let mut record = Record::default();
        if let Some(earlier) = self.earlier.get(&activity.id) {
            record.add(&core_outcome(earlier));
        }
        for (try_, (lease, n)) in self.last_of_tries(&activity.id) {
            let session = self.sessions(&activity.id).find(|it| (it.0.lease, it.1) == (lease, n));
            let Some((visit, _, session)) = session.filter(|it| it.2.outcome.is_none()) else { continue };
            if let Some(outcome) = self.derived(activity, visit, session, try_) {
                record.add(&outcome);
            }
        }
        (record != Record::default()).then(|| wire_outcome(&record))
    }

    fn sessions(&self, activity: &str) -> impl Iterator<Item = (&VisitRow, u32, &RawSession)> {
        let of_visit = |visit| sessions_of(visit).map(move |(n, session)| (visit, n, session));
        self.visits.iter().flat_map(of_visit).filter(move |it| it.2.activity == activity)
    }

    /// The last session of each attempt on an activity that called Initialize: lease and number.
    fn last_of_tries(&self, activity: &str) -> BTreeMap<u32, (u32, u32)> {
        let begun = self.sessions(activity).filter(|it| it.2.entry.is_some());
        begun.map(|(visit, n, session)| (session.try_, (visit.lease, n))).collect()
    }

    fn outcome(
        &self,
        activity: &StoredActivity,
        (visit, session): (&VisitRow, &RawSession),
        is_last: bool,
    ) -> Option<Outcome> {
        if session.entry.is_none() && !has_ended(visit, session) {
            return None;
        }
        if let Some(sent) = &session.outcome {
            return Some(if session.entry.is_some() { self.allowed(sent) } else { core_outcome(sent) });
        }
        match (session.entry.is_some(), session.kind) {
            (true, _) if is_last => self.derived(activity, visit, session, session.try_),
            (false, SessionKind::Asset) => Some(Outcome::TAKEN_IN),
            _ => None,
        }
    }

    /// The outcome that content's session left, without a completion that only its end made, where the course does not
    /// want these. In 1.2 the standard wants them.
    fn allowed(&self, sent: &wire::Outcome) -> Outcome {
        let outcome = core_outcome(sent);
        if outcome.is_assumed && self.version == Version::V2004 && !self.auto_complete {
            return Outcome { completion: Completion::Unknown, is_assumed: false, ..outcome };
        }
        outcome
    }

    /// The outcome of a session whose page sent none, from the values of its attempt on the activity.
    fn derived(
        &self,
        activity: &StoredActivity,
        visit: &VisitRow,
        session: &RawSession,
        try_: u32,
    ) -> Option<Outcome> {
        let value = self.value(activity, try_);
        let end = has_ended(visit, session).then(|| self.end_kind(session, &value));
        let auto_complete = self.auto_complete && !activity.rules.completion_set_by_content;
        Some(Outcome::of(self.version, &value, end, auto_complete, false))
    }

    /// True if a session that failed was a pause, and its mastery score decides the same.
    fn may_be_mastery(&self, activity: &StoredActivity, visit: &VisitRow, session: &RawSession) -> bool {
        let value = self.value(activity, session.try_);
        self.version == Version::V12
            && has_ended(visit, session)
            && self.end_kind(session, &value) != EndKind::Finished
            && mastery(&value) == Some(Success::Failed)
    }

    fn end_kind(&self, session: &RawSession, value: Lookup<'_, '_>) -> EndKind {
        let is_terminated = session.state == SessionState::Terminated;
        end::end(self.version.into(), ended(self.version, is_terminated, value)).kind
    }

    /// Looks up values of an attempt on an activity, and its defaults from the manifest.
    fn value<'b>(&'b self, activity: &'b StoredActivity, try_: u32) -> impl Fn(&str) -> Option<&'b str> {
        let values = self.values.get(&activity.id).and_then(|it| it.get(&try_));
        move |name| {
            let default = || activity.defaults.iter().find(|it| it.0 == name).map(|it| &it.1);
            values.and_then(|it| it.get(name)).or_else(default).map(String::as_str)
        }
    }
}

/// How a session ended, by its state and the values that it left. Whether navigation took its content away is not known
/// of it, and is not taken for granted.
pub(crate) fn ended<'a>(version: Version, is_terminated: bool, value: Lookup<'_, 'a>) -> Ended<'a> {
    let text = |name| value(name).unwrap_or_default();
    Ended {
        ending: if is_terminated { Ending::Terminated } else { Ending::CutOff },
        exit: text(if version == Version::V12 { "cmi.core.exit" } else { "cmi.exit" }),
        request: text("adl.nav.request"),
    }
}

fn sessions_of(visit: &VisitRow) -> impl Iterator<Item = (u32, &RawSession)> {
    visit.raw.sessions.iter().map(|(n, session)| (*n, session))
}

fn has_ended(visit: &VisitRow, session: &RawSession) -> bool {
    session.state != SessionState::Running || !visit.is_open
}

/// The record of a topic that is one video, audio or document.
fn media_record(progress: &Progress, activity: &StoredActivity, was_launched: bool) -> ActivityRecord {
    let status = match is_document(activity) {
        true => progress.status_of_document(activity, was_launched),
        false => progress.status(activity, was_launched),
    };
    let completion = match status {
        "completed" => Completion::Completed,
        "incomplete" => Completion::Incomplete,
        _ => Completion::Unknown,
    };
    let record = Record { completion, ..Record::default() };
    ActivityRecord { record, latest: record, was_launched, is_failed_by_pause: false }
}

/// One attempt that counts: the roll-up of its activities' records, and of what their last sessions left.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct AttemptRecord {
    pub(crate) record: Record,
    pub(crate) latest: Record,
    /// True if one of its activities is failed as [`ActivityRecord::is_failed_by_pause`].
    pub(crate) is_failed_by_pause: bool,
}

impl AttemptRecord {
    /// Rolls up an attempt: the records of its activities, each with its weight.
    pub(crate) fn of(activities: &[(ActivityRecord, u32)]) -> AttemptRecord {
        let all = |which: fn(&ActivityRecord) -> Record| {
            let each = activities.iter().map(|(it, weight)| (begun(which(it), it.was_launched), *weight));
            rolled_up(&each.collect::<Vec<_>>())
        };
        let is_failed_by_pause = activities.iter().any(|it| it.0.is_failed_by_pause);
        AttemptRecord { record: all(|it| it.record), latest: all(|it| it.latest), is_failed_by_pause }
    }
}

/// A record of an activity that was launched is at least incomplete.
fn begun(record: Record, was_launched: bool) -> Record {
    let is_open = was_launched && record.completion == Completion::Unknown;
    Record { completion: if is_open { Completion::Incomplete } else { record.completion }, ..record }
}

/// Chooses what a row shows among the attempts that count, in the order of their numbers.
pub(crate) fn chosen(attempts: &[AttemptRecord], policy: AttemptPolicy) -> Record {
    let mut best = Record::default();
    attempts.iter().for_each(|it| best.join(&it.record));
    let latest = attempts.last().map(|it| it.record).unwrap_or_default();
    match policy {
        AttemptPolicy::Best => best,
        AttemptPolicy::Latest => latest,
        AttemptPolicy::HighestThenLatestStatus => {
            Record { score: best.score, is_provisional: best.is_provisional, ..latest }
        }
    }
}

/// The best score of all attempts: an achieved one, if there is any.
pub(crate) fn best_score(attempts: &[AttemptRecord]) -> Option<Score> {
    let scored = attempts.iter().filter(|it| it.record.score.is_some());
    let rank = |it: &Record| (!it.is_provisional, it.score.and_then(|it| it.fraction()));
    scored.map(|it| &it.record).max_by_key(|it| rank(it))?.score
}

/// A score as the report writes it: the raw score, else the scaled one of 100, with at most two decimals.
pub(crate) fn score_text(score: &Score) -> Option<String> {
    let number = |steps: i64| steps as f64 / real::ONE as f64;
    let shown = score.raw.map(number).or_else(|| score.scaled.map(|it| number(it) * 100.0))?;
    let text = format!("{shown:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    Some(if text == "-0" { "0".to_owned() } else { text.to_owned() })
}

/// An outcome as the core knows it.
pub(crate) fn core_outcome(sent: &wire::Outcome) -> Outcome {
    let steps = |number: f64| (number * real::ONE as f64).round() as i64;
    Outcome {
        completion: match sent.completion {
            wire::Completion::Unknown => Completion::Unknown,
            wire::Completion::Incomplete => Completion::Incomplete,
            wire::Completion::Completed => Completion::Completed,
        },
        success: match sent.success {
            wire::Success::Unknown => Success::Unknown,
            wire::Success::Failed => Success::Failed,
            wire::Success::Passed => Success::Passed,
        },
        score: sent.score.map(|score| {
            let [scaled, raw, min, max] = score.map(|it| it.map(steps));
            Score { scaled, raw, min, max }
        }),
        is_assumed: sent.assumed,
    }
}

/// A record as it is kept.
fn wire_outcome(record: &Record) -> wire::Outcome {
    let number = |steps: i64| steps as f64 / real::ONE as f64;
    wire::Outcome {
        seq: 0,
        completion: wire_completion(record.completion),
        success: wire_success(record.success),
        score: record.score.map(|it| [it.scaled, it.raw, it.min, it.max].map(|it| it.map(number))),
        ended: wire::EndKind::Paused,
        assumed: record.is_assumed,
    }
}

/// A completion as the wire writes it.
pub(crate) fn wire_completion(completion: Completion) -> wire::Completion {
    match completion {
        Completion::Unknown => wire::Completion::Unknown,
        Completion::Incomplete => wire::Completion::Incomplete,
        Completion::Completed => wire::Completion::Completed,
    }
}

/// A success as the wire writes it.
pub(crate) fn wire_success(success: Success) -> wire::Success {
    match success {
        Success::Unknown => wire::Success::Unknown,
        Success::Failed => wire::Success::Failed,
        Success::Passed => wire::Success::Passed,
    }
}
