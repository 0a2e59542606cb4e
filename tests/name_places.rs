//! The places at which the page keeps how names of records end (`src/js/names.js`): no two ends of a version's table may
//! share one, or each would push the other out and cost a search at every call.
#![cfg(not(target_arch = "wasm32"))]
#![cfg(test)]

use std::collections::BTreeMap;

use seattime_core::Version::{self, V12, V2004};

const SCRIPT: &str = include_str!("../src/js/names.js");
const NAMES: [&str; 4] = ["BY_LENGTH", "BY_THIRD", "BY_LAST", "BY_LETTER"];

/// A name in two: up to the number of its record, and behind it.
struct Name {
    head: String,
    end: String,
}

/// The names of a version's elements in records, with 0 for the number of a record inside.
fn names(version: Version) -> Vec<Name> {
    let named = version.elements().iter().filter_map(|it| it.name.split_once(".n."));
    named
        .map(|(head, end)| Name { head: format!("{head}."), end: format!(".{}", end.replace(".m.", ".0.")) })
        .collect()
}

/// The number behind a name in the script, as `NAME = 22`.
fn constant(name: &str) -> u64 {
    let (_, behind) =
        SCRIPT.split_once(&format!("{name} = ")).unwrap_or_else(|| panic!("names.js has no {name}"));
    behind.split(|it: char| !it.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// The place of a name's end, as names.js finds it.
fn place(name: &Name, by: [u64; 4], places: u64) -> u64 {
    let code = |text: &str, at: usize| u64::from(text.as_bytes()[at]);
    let end = &name.end;
    let parts = [end.len() as u64 - 1, code(end, 2), code(end, end.len() - 1), code(&name.head, 4) & 31];
    parts.iter().zip(by).map(|(part, by)| part * by).sum::<u64>() % places
}

/// Pairs of ends that share a place.
fn collisions(by: [u64; 4], places: u64) -> Vec<String> {
    let mut found = Vec::new();
    for version in [V12, V2004] {
        let mut taken: BTreeMap<u64, (String, String)> = BTreeMap::new();
        for name in names(version) {
            let whole = format!("{}n{}", name.head, name.end);
            let Some((head, other)) =
                taken.insert(place(&name, by, places), (name.head.clone(), whole.clone()))
            else {
                continue;
            };
            // Where one beginning pushes the other out, its ends go with it.
            if head == name.head || head.as_bytes()[4] != name.head.as_bytes()[4] {
                found.push(format!("{other} and {whole}"));
            }
        }
    }
    found
}

#[test]
fn no_two_ends_of_a_version_share_a_place() {
    let places = constant("PLACES");
    assert!(
        names(V12).len() >= 13 && names(V2004).len() >= 30,
        "{} {}",
        names(V12).len(),
        names(V2004).len()
    );
    let found = collisions(NAMES.map(constant), places);
    if found.is_empty() {
        return;
    }
    // The smallest numbers that part them all.
    let candidates = (0..24_u64.pow(4)).map(|it| [it / 13_824, it / 576 % 24, it / 24 % 24, it % 24]);
    let better = candidates.into_iter().find(|it| collisions(*it, places).is_empty());
    let advice = better.map(|it| {
        NAMES.iter().zip(it).map(|(name, by)| format!("{name} = {by}")).collect::<Vec<_>>().join(", ")
    });
    panic!(
        "{found:#?} share a place; in names.js, write: {}",
        advice.unwrap_or_else(|| "a greater PLACES".to_owned())
    );
}
