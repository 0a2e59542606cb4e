//! What there is to move: every table with its columns, those of the key first.

use serde::{Deserialize, Serialize};

use self::Kind::{Flag, Number, Text};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text, or none.
    Text,
    /// A number, or none.
    Number,
    /// Yes or no; SQLite has 1 and 0.
    Flag,
}

/// A table of both stores.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// So many of its columns are its key.
    pub(super) keys: usize,
    pub(super) columns: &'static [(&'static str, Kind)],
    /// Columns that are not in PostgreSQL's table of this name, but only in the one beside it.
    pub(super) only_beside: &'static [&'static str],
    /// The table beside it by which a row is found in another way: its name, how many of its columns are its key, and
    /// its columns, each with the one that it is made from.
    pub(super) beside: Option<(&'static str, usize, &'static [(&'static str, &'static str)])>,
    /// A column that only PostgreSQL's table has, and what it holds for a row that was moved.
    pub(super) added: Option<(&'static str, i64)>,
}

const fn plain(name: &'static str, keys: usize, columns: &'static [(&'static str, Kind)]) -> Table {
    Table { name, keys, columns, only_beside: &[], beside: None, added: None }
}

/// Every table, whoever is named by others first.
#[rustfmt::skip]
pub(super) const TABLES: &[Table] = &[
    plain("tenant", 1, &[
        ("id", Text), ("name", Text), ("created_ms", Number), ("zone", Text), ("version", Number),
    ]),
    plain("api_key", 1, &[
        ("hash", Text), ("tenant", Text), ("created_ms", Number), ("id", Text), ("name", Text), ("scopes", Text),
        ("until_ms", Number),
    ]),
    plain("account", 1, &[
        ("name", Text), ("tenant", Text), ("role", Text), ("groups", Text), ("password", Text), ("version", Number),
        ("created_ms", Number),
    ]),
    plain("login", 1, &[("hash", Text), ("account", Text), ("until_ms", Number)]),
    plain("secret", 1, &[("name", Text), ("value", Text)]),
    plain("package", 2, &[
        ("tenant", Text), ("id", Text), ("title", Text), ("course", Text), ("api", Text), ("edition", Number),
        ("shares_with_all", Flag), ("created_ms", Number), ("warnings", Text), ("hosts", Text),
    ]),
    plain("activity", 2, &[
        ("package", Text), ("position", Number), ("id", Text), ("title", Text), ("kind", Text), ("depth", Number),
        ("href", Text), ("defaults", Text), ("objectives", Text), ("data", Text), ("is_visible", Flag),
        ("missing_file", Text), ("rules", Text),
    ]),
    plain("package_file", 2, &[
        ("package", Text), ("path", Text), ("n", Number), ("size_bytes", Number), ("folded", Text),
    ]),
    Table {
        beside: Some(("learner_by_lms_id", 2, &[("tenant", "tenant"), ("lms_id", "lms_id"), ("learner", "id")])),
        ..plain("learner", 1, &[
            ("id", Text), ("tenant", Text), ("lms_id", Text), ("name", Text), ("created_ms", Number),
        ])
    },
    plain("attempt", 2, &[
        ("learner", Text), ("id", Text), ("tenant", Text), ("course", Text), ("topic", Text), ("number", Number),
        ("mode", Text), ("lease", Number), ("made_ms", Number), ("api", Text), ("earlier", Text),
    ]),
    Table {
        only_beside: &["code_hash"],
        beside: Some(("launch_by_code", 1, &[("code_hash", "code_hash"), ("learner", "learner"), ("launch", "id")])),
        ..plain("launch", 2, &[
            ("learner", Text), ("id", Text), ("tenant", Text), ("attempt", Text), ("mode", Text), ("return_url", Text),
            ("made_ms", Number), ("used_ms", Number), ("is_strict", Flag), ("code_hash", Text),
        ])
    },
    plain("idempotency", 2, &[
        ("tenant", Text), ("key", Text), ("body_hash", Text), ("launch", Text), ("number", Number), ("made_ms", Number),
    ]),
    Table {
        added: Some(("version", 1)),
        ..plain("visit", 2, &[
            ("learner", Text), ("id", Text), ("tenant", Text), ("attempt", Text), ("lease", Number), ("policy", Text),
            ("opened_ms", Number), ("contact_ms", Number), ("live_ms", Number), ("acked", Number), ("is_open", Flag),
            ("raw", Text),
        ])
    },
    plain("value", 5, &[
        ("learner", Text), ("attempt", Text), ("activity", Text), ("try", Number), ("element", Text), ("value", Text),
        ("lease", Number), ("seq", Number),
    ]),
    plain("conflict", 6, &[
        ("learner", Text), ("attempt", Text), ("activity", Text), ("try", Number), ("element", Text), ("visit", Text),
        ("value", Text), ("lease", Number), ("seq", Number),
    ]),
    plain("shared_data", 3, &[
        ("learner", Text), ("scope", Text), ("target", Text), ("value", Text), ("opened_ms", Number), ("lease", Number),
        ("seq", Number),
    ]),
    plain("value_part", 4, &[
        ("learner", Text), ("visit", Text), ("seq", Number), ("n", Number), ("parts", Number), ("text", Text),
    ]),
    plain("standing", 3, &[
        ("learner", Text), ("course", Text), ("topic", Text), ("tenant", Text), ("last_ms", Number), ("first_ms", Number),
        ("name", Text), ("found_by", Text), ("title", Text), ("kind", Text), ("status", Text), ("score", Number),
        ("time_ms", Number), ("attempts", Number), ("missing", Text), ("flags", Text), ("conflicts", Number),
        ("changed_ms", Number), ("row", Text),
    ]),
    plain("learner_group", 2, &[("learner", Text), ("name", Text), ("tenant", Text)]),
    plain("enrolment", 2, &[("learner", Text), ("course", Text), ("tenant", Text), ("made_ms", Number)]),
    plain("history", 2, &[
        ("learner", Text), ("topic", Text), ("tenant", Text), ("course", Text), ("title", Text), ("kind", Text),
        ("time_ms", Number), ("attempts", Number), ("kept_ms", Number),
    ]),
    plain("stale_standing", 3, &[("learner", Text), ("course", Text), ("topic", Text), ("tenant", Text)]),
    plain("reporting", 4, &[
        ("learner", Text), ("course", Text), ("topic", Text), ("activity", Text), ("tenant", Text), ("sessions", Number),
        ("never", Number), ("cut_off", Number), ("zero", Number), ("malformed", Number), ("at_exit", Number),
        ("at_commits", Number), ("cumulative", Number), ("larger_than_wall", Number), ("resumed", Number),
        ("over_presence", Number), ("by_report", Number), ("reported_ms", Number), ("measured_ms", Number),
        ("credited_ms", Number),
    ]),
    plain("course_settings", 3, &[
        ("tenant", Text), ("course", Text), ("version", Number), ("settings", Text), ("set_ms", Number),
    ]),
    plain("blocked_request", 4, &[
        ("tenant", Text), ("package", Text), ("host", Text), ("directive", Text), ("count", Number), ("first_ms", Number),
        ("last_ms", Number),
    ]),
    plain("audit", 2, &[
        ("learner", Text), ("id", Text), ("tenant", Text), ("at_ms", Number), ("who", Text), ("what", Text),
        ("course", Text), ("topic", Text), ("was", Text), ("became", Text),
    ]),
    plain("latest_closed", 1, &[("id", Number), ("contact_ms", Number)]),
];

/// What a column of a row holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Cell {
    Number(i64),
    Text(String),
    Nothing,
}

impl Cell {
    /// What it adds to its column's sum: the number, or the text's length in bytes as PostgreSQL holds it.
    pub(super) fn weight(&self) -> i128 {
        match self {
            Cell::Number(number) => i128::from(*number),
            Cell::Text(text) => crate::store::postgres::held_bytes(text) as i128,
            Cell::Nothing => 0,
        }
    }
}

impl Table {
    /// Where a column stands.
    pub(super) fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|it| it.0 == column)
    }

    /// What is counted and summed, in the order of the sums.
    pub(super) fn sum_names(&self) -> Vec<String> {
        let sum = |(name, kind): &(&str, Kind)| match kind {
            Text => format!("the length of all {name}"),
            Number | Flag => format!("the sum of all {name}"),
        };
        std::iter::once("the number of rows".to_owned()).chain(self.columns.iter().map(sum)).collect()
    }
}
