//! How the LMS's tables and columns are called, and how they hang together.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::RepairError;

/// The names that Django gives them, as a file of names.
pub const DJANGO: &str = include_str!("django.toml");

/// Names of everything that is read or written in the database of an LMS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    pub(crate) topics: Topics,
    pub(crate) enrolments: Enrolments,
    pub(crate) attempts: Attempts,
    pub(crate) joins: Joins,
    pub(crate) limits: Limits,
    pub(crate) history: HistoryNames,
}

/// A row per learner and topic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topics {
    pub(crate) table: String,
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) topic: String,
    pub(crate) time_spent: String,
    pub(crate) attempts: String,
    pub(crate) audio_position: String,
    pub(crate) data: String,
    pub(crate) video_time: Vec<String>,
    pub(crate) audio_time: Vec<String>,
    pub(crate) count_audio_position: bool,
    pub(crate) changed: String,
}

/// A row per learner and SCORM topic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrolments {
    pub(crate) table: String,
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) topic: String,
    pub(crate) attempts: String,
    pub(crate) changed: String,
}

/// A row per attempt.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attempts {
    pub(crate) table: String,
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) version: String,
    pub(crate) total_time: String,
    pub(crate) session_time: String,
    pub(crate) total_seconds: String,
    pub(crate) session_seconds: String,
    pub(crate) sessions: String,
    pub(crate) changed: String,
}

/// How they hang together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Joins {
    pub(crate) attempt_to_enrolment: Vec<Step>,
    pub(crate) enrolment_to_topic: Vec<Step>,
}

/// A step from one table to the next.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// Where it leads; the last one leads where its list is named for.
    #[serde(default)]
    pub(crate) table: Option<String>,
    /// Pairs of columns that are equal: of the table before, and of this one.
    pub(crate) on: Vec<(String, String)>,
}

/// What is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    attempt_hours: u32,
}

impl Limits {
    /// The longest time of an attempt, a video or an audio that is believed, in s.
    pub(crate) fn most_s(&self) -> i64 {
        i64::from(self.attempt_hours) * 3_600
    }
}

/// What is taken over beside the rows themselves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryNames {
    pub(crate) topics: String,
    pub(crate) topic_id: String,
    pub(crate) topic_title: String,
    pub(crate) topic_course: String,
    pub(crate) courses: String,
    pub(crate) course_id: String,
    pub(crate) course_title: String,
    pub(crate) learners: String,
    pub(crate) learner_id: String,
    pub(crate) learner_last_name: String,
    pub(crate) learner_first_name: String,
    /// The topic's id here, by the LMS's own.
    pub(crate) imported: BTreeMap<String, String>,
}

impl Map {
    /// Django's names.
    ///
    /// # Errors
    ///
    /// None: they are part of the program.
    pub fn django() -> Result<Map, RepairError> {
        Map::of("").map_err(|reason| RepairError::Map { path: "the names that Django gives".into(), reason })
    }

    /// Django's names, less what the file at `path` says otherwise.
    ///
    /// # Errors
    ///
    /// [`RepairError::Map`]: not to be read, no TOML, or a name that nothing asks for.
    pub fn read(path: &Path) -> Result<Map, RepairError> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|it| Map::of(&it)).map_err(|reason| RepairError::Map { path: path.to_owned(), reason })
    }

    /// Django's names, less what `text` says otherwise.
    fn of(text: &str) -> Result<Map, String> {
        let read = |it: &str| it.parse::<toml::Table>().map_err(|error| error.to_string());
        let mut table = read(DJANGO)?;
        overlay(&mut table, read(text)?);
        let map: Map = table.try_into().map_err(|error: toml::de::Error| error.to_string())?;
        map.checked()
    }

    /// The map, if what has to have a name has one.
    fn checked(self) -> Result<Map, String> {
        #[rustfmt::skip]
        let needed = [
            (&self.topics.table, "topics.table"),         (&self.topics.id, "topics.id"),
            (&self.topics.user, "topics.user"),           (&self.topics.topic, "topics.topic"),
            (&self.topics.time_spent, "topics.time_spent"), (&self.topics.attempts, "topics.attempts"),
            (&self.enrolments.table, "enrolments.table"), (&self.enrolments.id, "enrolments.id"),
            (&self.enrolments.user, "enrolments.user"),   (&self.enrolments.topic, "enrolments.topic"),
            (&self.enrolments.attempts, "enrolments.attempts"),
            (&self.attempts.table, "attempts.table"),     (&self.attempts.id, "attempts.id"),
            (&self.attempts.number, "attempts.number"),   (&self.attempts.total_time, "attempts.total_time"),
            (&self.attempts.session_time, "attempts.session_time"),
            (&self.attempts.total_seconds, "attempts.total_seconds"),
            (&self.attempts.session_seconds, "attempts.session_seconds"),
        ];
        if let Some((_, key)) = needed.iter().find(|it| it.0.is_empty()) {
            return Err(format!("{key} is empty; expected a name"));
        }
        for (steps, key) in [
            (&self.joins.attempt_to_enrolment, "joins.attempt_to_enrolment"),
            (&self.joins.enrolment_to_topic, "joins.enrolment_to_topic"),
        ] {
            let (last, before) = steps.split_last().ok_or(format!("{key} has no step"))?;
            if steps.iter().any(|it| it.on.is_empty()) {
                return Err(format!("a step of {key} has no columns; expected on = [[\"left\", \"right\"]]"));
            }
            if before.iter().any(|it| it.table.is_none()) || last.table.is_some() {
                return Err(format!("{key}: expected a table in each step but the last, which leads home"));
            }
        }
        let mut here: Vec<&String> = self.history.imported.values().collect();
        here.sort();
        if let Some([twice, _]) = here.windows(2).find(|it| matches!(it, [one, two] if one == two)) {
            return Err(format!(
                "history.imported names {twice} for two topics of the LMS; expected one for each, as their times \
                 would be one topic's"
            ));
        }
        Ok(self)
    }
}

/// Lays one table over another: what both have is the second's, and tables in them alike.
fn overlay(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => overlay(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_names_says_only_what_is_otherwise() {
        let django = Map::of("").unwrap();
        assert_eq!(django.topics.time_spent, "total_time_spent");
        let map = Map::of(
            "[topics]\ntable = \"lms.progress\"\n[limits]\nattempt_hours = 12\n[joins]\nenrolment_to_topic = \
             [{ table = \"scorm_package\", on = [[\"package_id\", \"id\"]] }, { on = [[\"topic_id\", \"topic_id\"]] }]",
        )
        .unwrap();
        assert_eq!(map.topics, Topics { table: "lms.progress".to_owned(), ..django.topics });
        assert_eq!(map.limits.most_s(), 43_200);
        assert_eq!(map.joins.enrolment_to_topic[0].table.as_deref(), Some("scorm_package"));
        assert_eq!(map.joins.attempt_to_enrolment, django.joins.attempt_to_enrolment);
    }

    #[test]
    fn a_file_of_names_that_is_none_says_what_is_wrong() {
        #[rustfmt::skip]
        let cases = [
            ("[topics]\ntabel = \"x\"",                       "unknown field `tabel`"),
            ("[topics",                                       "unclosed table"),
            ("[topics]\nid = \"\"",                           "topics.id is empty"),
            ("[topics]\nid = 7",                              "expected a string"),
            ("[history.imported]\n1 = \"a\"\n2 = \"a\"",      "history.imported names a for two topics"),
            ("[joins]\nattempt_to_enrolment = []",            "joins.attempt_to_enrolment has no step"),
            ("[joins]\nenrolment_to_topic = [{ on = [] }]",   "has no columns"),
            ("[joins]\nenrolment_to_topic = [{ table = \"t\", on = [[\"a\", \"b\"]] }]", "which leads home"),
        ];
        for (text, expected) in cases {
            let error = Map::of(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
