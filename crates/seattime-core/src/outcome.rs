//! The outcome of a session for the record: completion, success and score.
//!
//! Content reads its own values, sequencing its tracking model. The record is a third view: the best that any
//! session of an attempt left when it ended. Nothing here is read by content.

use crate::attempt::{Lookup, completion_status, mastery, success_status};
use crate::end::EndKind;
use crate::model::Version;
use crate::value::real;

/// How far an activity is completed. Ordered: the record holds the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Completion {
    /// Nothing is known of it.
    #[default]
    Unknown,
    /// It was begun.
    Incomplete,
    /// It is completed.
    Completed,
}

/// Whether an activity was passed. Ordered: the record holds the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Success {
    /// Nothing is known of it.
    #[default]
    Unknown,
    /// It was failed.
    Failed,
    /// It was passed.
    Passed,
}

/// A score; each number in steps of [`real::ONE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Score {
    /// `cmi.score.scaled`; never set in 1.2.
    pub scaled: Option<i64>,
    /// The raw score.
    pub raw: Option<i64>,
    /// Its least value.
    pub min: Option<i64>,
    /// Its greatest value.
    pub max: Option<i64>,
}

impl Score {
    /// Returns the score as a fraction in steps of [`real::ONE`], at most 1: the scaled score, else the raw one
    /// between min and max, else the raw one of 100.
    pub fn fraction(&self) -> Option<i64> {
        let fraction = self.scaled.or_else(|| Some(fraction(self.raw?, self.min, self.max)))?;
        Some(fraction.min(real::ONE))
    }
}

/// Returns a raw score as a fraction: (raw − min) / (max − min) if max > min and raw ≤ max, else raw / 100.
pub(crate) fn fraction(raw: i64, min: Option<i64>, max: Option<i64>) -> i64 {
    let (min, max) = (min.unwrap_or(0), max.unwrap_or(0));
    if max > min && raw <= max {
        // Floats, since whole numbers of 128 bits would cost every learner 0.7 KiB; rounded to the steps.
        let share = (raw as f64 - min as f64) / (max as f64 - min as f64);
        return (share * real::ONE as f64 + 0.5).floor() as i64;
    }
    raw / 100
}

/// The outcome of one session, as state: it changes with the session until that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// How far the activity is completed.
    pub completion: Completion,
    /// Whether it was passed.
    pub success: Success,
    /// Its score.
    pub score: Option<Score>,
    /// True if the package never set a completion status, and its end alone made it completed.
    pub is_assumed: bool,
}

impl Outcome {
    /// The outcome of content that never calls the API, once its session has ended.
    pub const TAKEN_IN: Outcome = Outcome {
        completion: Completion::Completed,
        success: Success::Unknown,
        score: None,
        is_assumed: false,
    };

    /// The outcome of a session; `value` looks elements up by name. While the session runs, `end` is [`None`] and
    /// the outcome is that of a pause.
    ///
    /// `is_filled_in` says whether a 2004 activity that ends without a status is completed (UP.4,
    /// *completionSetByContent*), `is_assumed` whether 1.2 content left the status as it was.
    ///
    /// Spec: SCORM 1.2 RTE, *cmi.core.lesson_status*; RTE, *Completion Status*, *Success Status* and *Score*; SN,
    /// UP.4.
    pub fn of(
        version: Version,
        value: Lookup<'_, '_>,
        end: Option<EndKind>,
        is_filled_in: bool,
        is_assumed: bool,
    ) -> Outcome {
        let is_finished = end == Some(EndKind::Finished);
        match (version, end) {
            (_, Some(EndKind::Abandoned)) => Outcome::default(),
            (Version::V12, _) => Outcome::of_12(value, is_assumed),
            (Version::V2004, _) => Outcome::of_2004(value, is_finished, is_filled_in),
        }
    }

    fn of_12(value: Lookup<'_, '_>, is_assumed: bool) -> Outcome {
        use {Completion::*, Success::*};
        let number = |name| value(name).and_then(real::parse);
        let (raw, min, max) = ("cmi.core.score.raw", "cmi.core.score.min", "cmi.core.score.max");
        let raw = number(raw);
        let score = raw.map(|it| Score { scaled: None, raw: Some(it), min: number(min), max: number(max) });
        let (completion, success) = match value("cmi.core.lesson_status").unwrap_or_default() {
            "passed" => (Completed, Passed),
            "failed" => (Completed, Failed),
            "completed" => (Completed, mastery(value).unwrap_or_default()),
            "incomplete" => (Incomplete, Success::Unknown),
            _ => (Completion::Unknown, Success::Unknown),
        };
        let is_assumed = is_assumed && completion == Completed;
        Outcome { completion, success, score, is_assumed }
    }

    fn of_2004(value: Lookup<'_, '_>, is_finished: bool, is_filled_in: bool) -> Outcome {
        let mut completion = match completion_status(value) {
            "completed" => Completion::Completed,
            "incomplete" | "not attempted" => Completion::Incomplete,
            _ => Completion::Unknown,
        };
        // UP.4 asks for the status that content left, not for its success.
        let is_assumed = is_finished && is_filled_in && completion == Completion::Unknown;
        if is_assumed {
            completion = Completion::Completed;
        }
        let is_done = is_finished || completion == Completion::Completed;
        // A threshold alone passes nobody who pauses; content's own `passed` does.
        let has_threshold = value("cmi.scaled_passing_score").and_then(real::parse).is_some()
            && value("cmi.success_status") != Some("passed");
        let success = match success_status(value) {
            "passed" if is_done || !has_threshold => Success::Passed,
            "failed" if is_done => Success::Failed,
            _ => Success::Unknown,
        };
        let number = |name| value(name).and_then(real::parse);
        let (scaled, raw) = (number("cmi.score.scaled"), number("cmi.score.raw"));
        let score = (scaled.is_some() || raw.is_some()).then(|| Score {
            scaled,
            raw,
            min: number("cmi.score.min"),
            max: number("cmi.score.max"),
        });
        Outcome { completion, success, score, is_assumed }
    }

    /// True if its score counts as achieved: it is completed, passed or failed.
    pub fn is_decided(&self) -> bool {
        self.completion == Completion::Completed || self.success != Success::Unknown
    }
}

/// The record of an activity, a topic or an attempt: the maximum over outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Record {
    /// How far it is completed.
    pub completion: Completion,
    /// Whether it was passed.
    pub success: Success,
    /// The best achieved score; while there is none, the latest one.
    pub score: Option<Score>,
    /// True if the score is only the latest one.
    pub is_provisional: bool,
    /// True if it is completed only because an end without a status was taken as completion.
    pub is_assumed: bool,
}

impl Record {
    /// Adds an outcome; outcomes are added in the order of their sessions.
    pub fn add(&mut self, outcome: &Outcome) {
        self.join(&Record {
            completion: outcome.completion,
            success: outcome.success,
            score: outcome.score,
            is_provisional: !outcome.is_decided(),
            is_assumed: outcome.is_assumed,
        });
    }

    /// Adds the record of a later part of the same attempt, or of a later attempt.
    pub fn join(&mut self, later: &Record) {
        let is_borne_out = |it: &Record| it.completion == Completion::Completed && !it.is_assumed;
        let is_assumed = self.is_assumed || later.is_assumed;
        self.is_assumed = is_assumed && !is_borne_out(self) && !is_borne_out(later);
        self.completion = self.completion.max(later.completion);
        self.success = self.success.max(later.success);
        let replaces = match (self.score, later.score) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(_), Some(_)) if self.is_provisional || later.is_provisional => self.is_provisional,
            (Some(best), Some(it)) => it.fraction() > best.fraction(),
        };
        if replaces {
            (self.score, self.is_provisional) = (later.score, later.is_provisional);
        }
    }

    /// True if nothing is known of it.
    pub fn is_unknown(&self) -> bool {
        self.completion == Completion::Unknown && self.success == Success::Unknown
    }

    /// One word for it, where one is needed; `is_begun` is true of an attempt that counts.
    pub fn status(&self, is_begun: bool) -> &'static str {
        match (self.success, self.completion) {
            (Success::Passed, _) => "passed",
            (Success::Failed, Completion::Completed) => "failed",
            (_, Completion::Completed) => "completed",
            (Success::Unknown, Completion::Unknown) if !is_begun => "not attempted",
            _ => "incomplete",
        }
    }
}

/// Rolls up the records of a topic's activities, without sequencing: completed when all are; failed when one that
/// has a success failed; passed when all that have one passed and all are completed.
///
/// The score is the mean of the achieved ones, as a scaled score, by the activities' weights; of a single activity, its
/// record as it is. What weighs nothing is left out of it.
///
/// Spec: SN, *Measure Rollup* (RB.1.1 a) and *Rollup Objective Measure Weight*.
pub fn rolled_up(weighed: &[(Record, u32)]) -> Record {
    if let [(one, _)] = weighed {
        return *one;
    }
    let records: Vec<Record> = weighed.iter().map(|it| it.0).collect();
    let is_completed = |it: &Record| it.completion == Completion::Completed;
    let is_all_completed = !records.is_empty() && records.iter().all(is_completed);
    let has = |success| records.iter().any(|it| it.success == success);
    let completion = match () {
        () if is_all_completed => Completion::Completed,
        () if records.iter().all(Record::is_unknown) => Completion::Unknown,
        () => Completion::Incomplete,
    };
    let success = match () {
        () if has(Success::Failed) => Success::Failed,
        () if has(Success::Passed) && is_all_completed => Success::Passed,
        () => Success::Unknown,
    };
    let is_assumed = is_all_completed && records.iter().any(|it| it.is_assumed);
    let (score, is_provisional) = match mean(weighed.iter().filter(|it| !it.0.is_provisional)) {
        None => (mean(weighed.iter()), true),
        achieved => (achieved, false),
    };
    Record { completion, success, score, is_provisional: is_provisional && score.is_some(), is_assumed }
}

/// The mean of the scores that weigh anything; of a single one, that one.
fn mean<'a>(weighed: impl Iterator<Item = &'a (Record, u32)>) -> Option<Score> {
    let scores = weighed.filter(|it| it.1 > 0).filter_map(|it| Some((it.0.score?, i64::from(it.1))));
    let scores: Vec<(Score, i64)> = scores.collect();
    if let [] | [_] = scores.as_slice() {
        return scores.first().map(|it| it.0);
    }
    let weights: i64 = scores.iter().map(|it| it.1).sum();
    let sum = scores.iter().try_fold(0_i64, |sum, it| {
        let share = it.0.fraction()?.saturating_mul(it.1);
        Some(sum.saturating_add(share))
    });
    Some(Score { scaled: Some(sum? / weights), ..Score::default() })
}

#[cfg(test)]
mod tests;
