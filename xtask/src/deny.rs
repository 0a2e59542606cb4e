//! `deny`: licences, sources and bans of dependencies.
//!
//! It is no stage of `test`: installing cargo-deny takes about five minutes, a tenth of all of CI.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::project::Project;
use crate::step;

/// `cargo xtask deny`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    if !arguments.is_empty() {
        bail!("found `{}`, expected no arguments", arguments.join(" "));
    }
    if project.find_program("cargo-deny").is_none() {
        let mut install = project.cargo();
        step::run(project, "deny", "installing cargo-deny", install.args(["install", "cargo-deny"]))?;
    }
    let mut check = project.cargo();
    // Not the advisories: their list lies on a host that not every machine reaches.
    check.args(["deny", "check", "bans", "licenses", "sources"]);
    step::run(project, "deny", "checking dependencies", &mut check)?;
    Ok(ExitCode::SUCCESS)
}
