//! Node and the packages that package-lock.json pins.

use anyhow::Result;

use super::Missing;
use crate::project::Project;
use crate::stamp::{self, Fingerprint};
use crate::step;

const NPM: &str = "npm";

/// The oldest Node that runs the tests.
const OLDEST: u32 = 20;

/// Whether Node is there and new enough; otherwise says what to install.
pub(super) fn check(project: &Project, missing: &mut Missing) -> bool {
    let found = project.ask("node", &["--version"]).ok();
    let is_enough = found.as_deref().and_then(major).is_some_and(|it| it >= OLDEST);
    let has_npm = project.find_program(NPM).is_some();
    if is_enough && has_npm {
        return true;
    }
    let found = found.unwrap_or_else(|| "none".to_owned());
    missing.push(format!(
        "- Node: found {found}{}, expected version {OLDEST} or later with npm: install it from your system's \
         packages or with a version manager, so that `node --version` says so",
        if has_npm { "" } else { " and no npm" },
    ));
    false
}

/// Installs the packages, unless they are those of the lock file already.
pub(super) fn ensure_packages(project: &Project) -> Result<()> {
    let mut wanted = Fingerprint::default();
    for file in ["package.json", "package-lock.json"] {
        wanted = wanted.tree(&project.root.join(file))?;
    }
    let wanted = wanted.finish();
    // The stamp lies in the folder that it speaks of, and goes when that goes.
    let note = project.root.join("node_modules/.installed-from");
    if stamp::says(&note, &wanted) {
        return Ok(());
    }
    let mut install = project.program(NPM);
    // No package's script is run: none of these needs its own, and a browser must not be fetched.
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    step::run(project, "setup", "installing Node packages", &mut install)?;
    stamp::write(&note, &wanted)
}

fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_the_first_number() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("nothing"), None);
    }
}
