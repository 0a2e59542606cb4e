//! Rules about where files lie, what they are called and how large they are.

use std::collections::BTreeSet;

use super::Finding;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "misc"];
const LARGEST_BYTES: usize = 1024 * 1024;
const STORES: (&str, &str) =
    ("crates/seattime-server/src/store/sqlite/", "crates/seattime-server/src/store/postgres/");

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

/// Both stores answer the same questions; once the second exists, no query may be in one alone.
fn unequal_stores(paths: &[String]) -> Vec<String> {
    let names = |folder| paths.iter().filter_map(|it| it.strip_prefix(folder)).collect::<BTreeSet<&str>>();
    let (sqlite, postgres) = (names(STORES.0), names(STORES.1));
    if sqlite.is_empty() || postgres.is_empty() {
        return Vec::new();
    }
    let alone = sqlite.symmetric_difference(&postgres);
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
    }

    #[test]
    fn a_mebibyte_is_the_most() {
        assert_eq!(check_size(LARGEST_BYTES), None);
        assert!(check_size(LARGEST_BYTES + 1).is_some());
    }
}
