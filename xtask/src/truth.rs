//! `truth`: stories made by chance, against a model of the rules of time that counts seconds.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::project::Project;
use crate::step;

/// How many cases the pure rules are tried with, and how many go through each store; `test` takes fewer.
const CASES: [(&str, &str); 2] = [("SEATTIME_CASES", "100000"), ("SEATTIME_STORE_CASES", "2000")];

/// `cargo xtask truth`: derivation, merge and credit, pure and through SQLite and PostgreSQL.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    if !arguments.is_empty() {
        bail!("found `{}`, expected nothing", arguments.join(" "));
    }
    let mut test = project.program("cargo");
    test.envs(CASES).args(["test", "--package", "seattime-server", "--lib", "truth", "--", "--nocapture"]);
    step::run(project, "truth", "100,000 cases on the rules, 2,000 through each store", &mut test)?;
    println!("truth: all came to what the model says");
    Ok(ExitCode::SUCCESS)
}
