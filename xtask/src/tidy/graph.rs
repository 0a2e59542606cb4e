//! Who may depend on whom, as cargo sees it.

use anyhow::Result;

use crate::project::Project;

/// A crate, the edges that count, whom it must not reach by them, and what is expected instead.
type Rule = (&'static str, &'static str, fn(&str) -> bool, &'static str);

#[rustfmt::skip]
const RULES: &[Rule] = &[
    // crate           edges               must not reach        expected
    ("seattime-core",  "normal,build",     |_| true,             "no dependencies but those of tests"),
    ("xtask",          "normal,build,dev", is_ours,              "none of the project's crates"),
    ("seattime-cli",   "normal,build",     is_testbed,           "nothing that can set a clock or break a disk"),
];

pub(super) fn check(project: &Project) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (name, edges, is_foul, expected) in RULES {
        let arguments = ["tree", "--package", name, "--edges", edges, "--prefix", "none", "--format", "{p}"];
        let tree = project.ask("cargo", &[&arguments[..], &["--target", "all"]].concat())?;
        for package in foul(&tree, name, *is_foul) {
            found.push(format!("crates {name}: found the dependency {package}, expected {expected}"));
        }
    }
    Ok(found)
}

fn is_testbed(package: &str) -> bool {
    package == "seattime-testbed"
}

fn is_ours(package: &str) -> bool {
    package == "seattime" || package.starts_with("seattime-")
}

/// The packages of a tree, one a line behind its root's, that the rule speaks of.
fn foul<'a>(tree: &'a str, root: &str, is_foul: fn(&str) -> bool) -> Vec<&'a str> {
    let names = tree.lines().filter_map(|it| it.split_whitespace().next());
    let mut found: Vec<&str> = names.filter(|it| *it != root && is_foul(it)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_once_and_the_root_never() {
        let tree =
            "xtask v0.1.0 (path)\nanyhow v1.0.0\nseattime-core v0.1.0 (path)\nseattime-core v0.1.0 (*)\n";
        assert_eq!(foul(tree, "xtask", is_ours), ["seattime-core"]);
        assert_eq!(foul(tree, "xtask", |_| true), ["anyhow", "seattime-core"]);
    }
}
