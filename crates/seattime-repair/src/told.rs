//! What is said of each row.

use std::fmt;

use serde::Serialize;

use crate::cell::Cell;
use crate::lms::Set;

/// What became of a row. The words in JSON stay the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was put right, or would be.
    Changed,
    /// It already says what it should.
    Right,
    /// It already says more; that is left alone.
    Higher,
    /// What was never sent cannot be recovered.
    NotRecoverable,
    /// What was sent cannot be read.
    Malformed,
    /// What was sent says more than anybody believes.
    Implausible,
    /// Several rows stand for the same, and none of them is known to be the one.
    Ambiguous,
    /// The LMS changed the row meanwhile, or held it; another run looks at it anew.
    Moved,
    /// No row of the report belongs to it.
    NoTopic,
    /// The database refused the change.
    Refused,
}

impl Outcome {
    /// Its word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Changed => "changed",
            Outcome::Right => "right",
            Outcome::Higher => "higher",
            Outcome::NotRecoverable => "not_recoverable",
            Outcome::Malformed => "malformed",
            Outcome::Implausible => "implausible",
            Outcome::Ambiguous => "ambiguous",
            Outcome::Moved => "moved",
            Outcome::NoTopic => "no_topic",
            Outcome::Refused => "refused",
        }
    }
}

/// What a figure rests on. The words in JSON stay the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// How long a video was watched, as its player said.
    VideoTime,
    /// How long an audio was listened to, as its player said.
    AudioTime,
    /// Where an audio was last: as long as nobody moved ahead, so long was listened.
    AudioPosition,
    /// `total_time`, as the package sent it or as the LMS kept it.
    TotalTime,
    /// `session_time`, the only one known of.
    SessionTime,
    /// `session_time` of one session among several: a lower bound.
    SessionOfSeveral,
    /// The sum over attempts.
    Attempts,
    /// The same with a lower bound among them, or one of which nothing is known.
    AttemptsAtLeast,
    /// What the enrolment counted.
    Enrolment,
    /// What Seattime shows: taken over and credited.
    Seattime,
}

/// What is said of one row: a line for people, an object for programs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// The table that it is in.
    pub table: String,
    /// Which row.
    pub id: Cell,
    /// The LMS's own id of the learner.
    pub learner: Cell,
    /// The LMS's own id of the topic.
    pub topic: Cell,
    /// What became of it.
    pub outcome: Outcome,
    /// Columns that were changed, or would be.
    pub(crate) changes: Vec<Set>,
    /// What the new figure rests on, or the one that is there.
    pub basis: Option<Basis>,
    /// Why, in a sentence.
    pub why: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { table, id, learner, topic, outcome, changes, why, .. } = self;
        write!(f, "{}: {table} {id} (learner {learner}, topic {topic}): ", outcome.word())?;
        for Set { column, from, to } in changes {
            write!(f, "{column} {from} -> {to}, ")?;
        }
        write!(f, "{why}")
    }
}

/// What was found about one figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    pub(crate) outcome: Outcome,
    /// The figure that is put there; none where it is left alone.
    pub(crate) to: Option<i64>,
    pub(crate) basis: Option<Basis>,
    pub(crate) why: String,
}

impl Finding {
    /// A figure that is left alone.
    pub(crate) fn left(outcome: Outcome, why: impl Into<String>) -> Finding {
        Finding { outcome, to: None, basis: None, why: why.into() }
    }

    /// Puts a figure in the place of one that is less, or none; never in the place of one that is more.
    pub(crate) fn raised(found: &Cell, to: i64, basis: Basis, why: impl Into<String>) -> Finding {
        use crate::cell::Number::Whole;
        let why = why.into();
        let (outcome, to, why) = match found.number() {
            Whole(it) if it == to => (Outcome::Right, None, why),
            Whole(it) if it > to => {
                (Outcome::Higher, None, format!("{it} is there, which is more and stays; {why}"))
            }
            _ => (Outcome::Changed, Some(to), why),
        };
        Finding { outcome, to, basis: Some(basis), why }
    }

    /// The same where so many rows stand for one learner and topic: it is put into none of them.
    pub(crate) fn of_several(self, rows: i64) -> Finding {
        let why = format!(
            "{rows} rows stand for this learner and topic, and in each of them it would count again; join them first. {}",
            self.why
        );
        Finding { outcome: Outcome::Ambiguous, to: None, basis: self.basis, why }
    }
}

/// A length of time, for people.
pub(crate) fn length(seconds: i64) -> String {
    format!("{}h {}m {}s", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
