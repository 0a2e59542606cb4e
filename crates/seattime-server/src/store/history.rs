//! What an LMS kept of its learners before its courses ran here: taken in as state, and shown beside what is credited.

use super::NewLearner;

/// Where time comes from that was taken over from an LMS: of the row and its part.
pub(crate) const BACKFILLED: &str = "backfilled";

/// What an LMS kept of one learner and topic before its courses ran here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Who learned. Without a name the one that is kept stays, or the LMS's own id stands for it; groups that are none
    /// are left alone.
    pub learner: NewLearner,
    /// Name of the course; where the topic's package is there, that one's course is taken.
    pub course: String,
    /// Id of the package, or the LMS's own id of a topic that was never imported, such as `lms:17`. Of a learner, each
    /// comes once in what is kept at once: a later one takes the place of an earlier one.
    pub topic: String,
    /// Ids under which the same was kept before, when its package was not there yet: what is kept under them becomes
    /// this row, so that it never counts twice.
    pub kept_as: Vec<String>,
    /// Name of the topic, shown where its package is not there.
    pub title: String,
    /// `scorm_1.2`, `scorm_2004`, `video` or `audio`: shown where its package is not there.
    pub kind: String,
    /// How long it took, in ms; less than 0 is 0.
    pub time_ms: i64,
    /// How many attempts there were.
    pub attempts: u32,
    /// Whether it is kept although nothing was before and the learner has a visit to the topic that counts: only while
    /// nobody set the LMS's figures from here, or they would count twice.
    pub even_begun: bool,
}

/// What became of a row of an LMS's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryKept {
    /// It was not there before.
    New,
    /// It was kept already, with the same time and attempts.
    Same,
    /// It took the place of other figures; the learner has no visit to the topic that counts.
    Replaced {
        /// The time before, in ms.
        before_ms: i64,
        /// The attempts before.
        before_attempts: u32,
    },
    /// What was kept stays, and where nothing was, nothing is: the learner has a visit to the topic that counts, so what the LMS says now may have in it
    /// what is credited here.
    AfterStart {
        /// The time that is kept, in ms; 0 where nothing is.
        kept_ms: i64,
    },
}

/// A row of the history, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryRow {
    pub(crate) topic: String,
    /// In whose row of the report it is shown.
    pub(crate) course: String,
    pub(crate) title: String,
    pub(crate) kind: String,
    pub(crate) time_ms: i64,
    pub(crate) attempts: u32,
}

impl HistoryRow {
    /// What is asked to be kept; `course` is that of the topic's package, where it is there.
    pub(crate) fn of(history: &History, course: Option<String>) -> HistoryRow {
        HistoryRow {
            topic: history.topic.clone(),
            course: course.unwrap_or_else(|| history.course.clone()),
            title: history.title.clone(),
            kind: history.kind.clone(),
            time_ms: history.time_ms.max(0),
            attempts: history.attempts,
        }
    }

    /// What is kept of a topic: under its own id, or else what is kept under those that it had before, added up.
    pub(crate) fn known(own: Option<HistoryRow>, earlier: &[HistoryRow]) -> Option<HistoryRow> {
        own.or_else(|| {
            earlier.iter().cloned().reduce(|sum, it| HistoryRow {
                time_ms: sum.time_ms.saturating_add(it.time_ms),
                attempts: sum.attempts.saturating_add(it.attempts),
                ..sum
            })
        })
    }

    /// What is to be kept where this was `before`, if anything, and what became of it; `has_begun` says whether the
    /// learner has a visit to the topic that counts, and whether that is to be heeded where nothing was kept.
    pub(crate) fn after(
        self,
        before: Option<HistoryRow>,
        has_begun: bool,
        even_begun: bool,
    ) -> (Option<HistoryRow>, HistoryKept) {
        let Some(before) = before else {
            return match has_begun && !even_begun {
                true => (None, HistoryKept::AfterStart { kept_ms: 0 }),
                false => (Some(self), HistoryKept::New),
            };
        };
        let (before_ms, before_attempts) = (before.time_ms, before.attempts);
        let is_same = (before_ms, before_attempts) == (self.time_ms, self.attempts);
        let answer = match (is_same, has_begun) {
            (true, _) => HistoryKept::Same,
            (false, true) => HistoryKept::AfterStart { kept_ms: before_ms },
            (false, false) => HistoryKept::Replaced { before_ms, before_attempts },
        };
        if !has_begun {
            return (Some(self), answer);
        }
        // Nor does it move to the row of another course.
        let kept = if before.topic == self.topic { before } else { self };
        (Some(HistoryRow { time_ms: before_ms, attempts: before_attempts, ..kept }), answer)
    }
}

/// A learner with a name: where none is told, the one that is kept, or else the LMS's own id.
pub(crate) fn named(told: &NewLearner, kept: Option<String>) -> NewLearner {
    let kept = kept.filter(|it| !it.is_empty());
    let name =
        if told.name.is_empty() { kept.unwrap_or_else(|| told.lms_id.clone()) } else { told.name.clone() };
    NewLearner { name, ..told.clone() }
}
