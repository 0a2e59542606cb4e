//! One row of the report, as it is stored and shown.

use seattime_wire::{Completion, Success};
use serde::{Deserialize, Serialize};

use super::documents::ReportDocument;
use super::{AttemptTotals, InPeriod, Level, Missing, RefusedValue, VisitSpan};

/// One learner and topic in the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportRow {
    /// The LMS's own id of the learner, and the name.
    pub learner: ReportLearner,
    /// The groups that the learner is in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Name of the course.
    pub course: String,
    /// Name of the topic.
    pub topic: String,
    /// The topic's id, by which its visits are asked for.
    #[serde(default)]
    pub topic_id: String,
    /// `scorm_1.2`, `scorm_2004`, `video` or `audio`.
    #[serde(default)]
    pub kind: String,
    /// The record in one word: `passed`, `failed`, `completed`, `incomplete`, `not attempted`; `unknown` of what was
    /// taken over from an LMS.
    pub status: String,
    /// How far the record is completed.
    #[serde(default)]
    pub completion: Completion,
    /// Whether the record is passed.
    #[serde(default)]
    pub success: Success,
    /// The record's score: the raw score, else the scaled one of 100.
    pub score: Option<String>,
    /// True if no session achieved a score yet: then it is the latest one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub score_provisional: bool,
    /// What the latest sessions left, where the record is better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<LatestOutcome>,
    /// The best of all attempts' scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_score: Option<String>,
    /// How much of a video or audio topic was seen in the latest attempt, in percent, rounded down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress_percent: Option<u32>,
    /// Where a video or audio was last, in ms of media time; none where it was never played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position_ms: Option<i64>,
    /// Time credited, as `0h 15m 30s`.
    pub time_spent: String,
    /// Time credited, in ms.
    pub time_spent_ms: i64,
    /// Of it, what was taken over from an LMS, in ms: no visit of ours, and in no period.
    #[serde(default)]
    pub backfilled_ms: i64,
    /// Where it comes from: `reported`, `measured`, `media`, `legacy`, `backfilled`, or `mixed`.
    pub provenance: String,
    /// What was measured, in ms.
    pub measured_ms: i64,
    /// Of it, what media played, in ms.
    #[serde(default)]
    pub media_ms: i64,
    /// Of what was measured, what lies within 75 s of a live contact, in ms.
    #[serde(default)]
    pub corroborated_ms: i64,
    /// What content reported, in ms, where it reported anything.
    pub reported_ms: Option<i64>,
    /// What is remarkable: `report_exceeds_presence`; `completion_assumed`, where the package never set a status and its
    /// end was taken as completion; `failed_while_paused`, where LMSFinish of a page of an earlier version may have
    /// decided it; `part_unmeasured`, where a player did not say when it played.
    pub flags: Vec<String>,
    /// How many values of a fenced page were kept beside those of the page that went on.
    #[serde(default)]
    pub conflicts: u32,
    /// Why there is no time, or less than there could be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// How many attempts count.
    pub attempts: u32,
    /// Of them, how many were taken over from an LMS.
    #[serde(default)]
    pub backfilled_attempts: u32,
    /// What each of the others comes to, in the order of their numbers.
    #[serde(default)]
    pub by_attempt: Vec<AttemptTotals>,
    /// When the first visit was opened, in ms since 1970; 0 where there was none.
    pub first_visit_ms: i64,
    /// When the last visit was last heard of, in ms since 1970; 0 where there was none.
    pub last_visit_ms: i64,
    /// When it last came to something else, in ms since 1970: as of then it was derived.
    #[serde(default)]
    pub changed_ms: i64,
    /// Every part: sessions, and visit time outside them.
    pub details: Vec<ReportDetail>,
    /// What was seen of each media item, in all attempts that count.
    #[serde(default)]
    pub media: Vec<ReportMedia>,
    /// Which pages of documents, such as PDFs, were seen, in all attempts that count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<ReportDocument>,
    /// What it comes to, to be joined with others; a report takes it out before it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Level>,
    /// When each visit was, those among them that count for no attempt; a report takes it out before it is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visited: Vec<VisitSpan>,
    /// What of it lies in the period that the report is narrowed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_period: Option<InPeriod>,
}

/// What the latest sessions of a row left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatestOutcome {
    /// In one word, as in the row.
    pub status: String,
    /// How far they completed it.
    pub completion: Completion,
    /// Whether they passed it.
    pub success: Success,
    /// Their score.
    pub score: Option<String>,
}

/// What was seen of one media item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportMedia {
    /// What identifies it: its path, from the package's hash on, and its length in seconds.
    pub key: String,
    /// `video`, `audio`, or `unmeasured` for a player that does not say when it plays.
    pub kind: String,
    /// Its length, in ms; 0 where it is not known.
    pub duration_ms: i64,
    /// How much of it was seen, each part once, in ms of media time.
    pub covered_ms: i64,
    /// Which parts these are, each by its start and end in ms of media time; left out where they are too many to tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covered: Vec<(i64, i64)>,
}

/// Who learns, in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportLearner {
    /// The LMS's own id.
    pub id: String,
    /// The name.
    pub name: String,
}

/// One part of a row: a session, or a visit's time outside every session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportDetail {
    /// Number of the attempt; 0 where it counts for none.
    pub attempt: u32,
    /// Title of the activity; `outside` for time in menus and after the end, `backfilled` for what was taken over from an
    /// LMS.
    pub activity: String,
    /// `running`, `left`, `terminated`, `implicit` or `abandoned`; `outside`; `backfilled` of what was taken over from an LMS.
    pub state: String,
    /// Whether content ever called Initialize.
    pub is_initialized: bool,
    /// What was measured, in ms.
    pub measured_ms: i64,
    /// Of it, what media played, in ms.
    #[serde(default)]
    pub media_ms: i64,
    /// Of what was measured, what lies within 75 s of a live contact, in ms.
    #[serde(default)]
    pub corroborated_ms: i64,
    /// What content reported, in ms.
    pub reported_ms: Option<i64>,
    /// `unset`, `zero`, `set` or `malformed`.
    pub reported_state: String,
    /// What was credited, in ms.
    pub credited_ms: i64,
    /// `reported`, `measured`, or `media` where most of what was measured is what played; `legacy`, `backfilled`.
    pub provenance: String,
    /// What is remarkable.
    pub flags: Vec<String>,
    /// Scores and statuses that content could not set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedValue>,
    /// When the visit was opened, in ms since 1970; 0 where there was none.
    pub started_ms: i64,
}
