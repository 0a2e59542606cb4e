//! Rules about where files lie, what they are called and how large they are.

use std::collections::BTreeSet;

use super::Finding;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "misc"];
const LARGEST_BYTES: usize = 1024 * 1024;
const STORES: (&str, &str) =
    ("crates/seattime-server/src/store/sqlite/", "crates/seattime-server/src/store/postgres/");

/// Queries that one store has no use for. SQLite's writer is alone and keeps what it has read; PostgreSQL's are
/// several, so that what is looked up by something other than the learner, what two servers would both do, and what
/// may be known already are statements of their own.
const ALONE: &[&str] = &[
    "name_learner.sql",
    "claim_lms_id.sql",
    "hold_visit.sql",
    "newer_conflict.sql",
    "newer_shared.sql",
    "newer_value.sql",
    "note_contacts.sql",
    "number_idempotency.sql",
    "outdate_visits.sql",
    "put_code.sql",
    "version_of_visit.sql",
];

/// Checks the names of all tracked files.
pub(super) fn check(paths: &[String]) -> Vec<String> {
    let mut found: Vec<String> =
        paths.iter().flat_map(|it| empty_name(it).map(|one| one.print(it))).collect();
    found.extend(unequal_stores(paths));
    found
}

/// Checks the size of one file.
pub(super) fn check_size(bytes: usize) -> Option<Finding> {
    let is_large = bytes > LARGEST_BYTES;
    is_large.then(|| Finding::of_file(format!("{bytes} bytes"), "at most 1 MiB in the repository"))
}

fn empty_name(path: &str) -> Option<Finding> {
    let stems = path.split('/').map(|it| it.split('.').next().unwrap_or(it));
    let found = stems.into_iter().find(|it| EMPTY_NAMES.contains(it))?;
    Some(Finding::of_file(format!("the name `{found}`"), "a name that says what is inside"))
}

/// Both stores answer the same questions; once the second exists, no query may be in one alone, save those of
/// [`ALONE`]. What runs the queries may be cut differently.
fn unequal_stores(paths: &[String]) -> Vec<String> {
    let names = |folder| {
        let queries = paths.iter().filter_map(|it| it.strip_prefix(folder)).filter(|it| it.ends_with(".sql"));
        queries.collect::<BTreeSet<&str>>()
    };
    let (sqlite, postgres) = (names(STORES.0), names(STORES.1));
    if sqlite.is_empty() || postgres.is_empty() {
        return Vec::new();
    }
    let alone = sqlite.symmetric_difference(&postgres).filter(|it| !ALONE.contains(it));
    alone.map(|it| format!("{it}: found in one of sqlite/ and postgres/, expected in both")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_nothing_are_found_in_folders_and_files() {
        #[rustfmt::skip]
        let cases = [
            // path                       is found
            ("src/utils.rs",              true),
            ("www/helpers/colour.js",     true),
            ("tests/common/mod.rs",       true),
            ("docs/commonplace.md",       false), // only part of a name
            ("src/clock.rs",              false),
        ];
        for (path, expected) in cases {
            assert_eq!(empty_name(path).is_some(), expected, "path: {path}");
        }
    }

    #[test]
    fn stores_hold_the_same_names_once_there_are_two() {
        let path = |folder: &str, name: &str| format!("{folder}{name}");
        let one = vec![path(STORES.0, "a.sql"), path(STORES.0, "b.sql")];
        assert!(unequal_stores(&one).is_empty());
        let two = [one, vec![path(STORES.1, "a.sql")]].concat();
        assert_eq!(unequal_stores(&two).len(), 1);
        let other =
            [two, vec![path(STORES.1, "b.sql"), path(STORES.1, ALONE[0]), path(STORES.1, "c.rs")]].concat();
        assert!(unequal_stores(&other).is_empty());
    }

    #[test]
    fn a_mebibyte_is_the_most() {
        assert_eq!(check_size(LARGEST_BYTES), None);
        assert!(check_size(LARGEST_BYTES + 1).is_some());
    }
}
