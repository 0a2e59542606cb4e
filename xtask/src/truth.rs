//! `truth`: stories made by chance, against a model of the rules of time that counts seconds.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::project::Project;
use crate::step;

/// How many cases the pure rules are tried with, and how many go through each store; `test` takes fewer.
const CASES: [(&str, &str); 2] = [("SEATTIME_CASES", "100000"), ("SEATTIME_STORE_CASES", "2000")];

/// The tests, in the optimised profile that keeps every check.
const TESTS: [&str; 6] = ["test", "--profile", "truth", "--package", "seattime-server", "--lib"];

/// `cargo xtask truth`: derivation, merge and credit, pure and through SQLite and PostgreSQL.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    if !arguments.is_empty() {
        bail!("found `{}`, expected nothing", arguments.join(" "));
    }
    let mut build = project.program("cargo");
    build.envs(CASES).args(TESTS).arg("--no-run");
    step::run(project, "truth", "compiling", &mut build)?;
    // Their output is not kept for a log: it says how far they are.
    let mut test = project.program("cargo");
    test.envs(CASES).args(TESTS).args(["--quiet", "store::truth::", "--", "--nocapture"]);
    println!("truth: 100,000 cases on the rules, 2,000 through each store …");
    let watch = step::Watch::start();
    if !test.status()?.success() {
        bail!("a case did not come to what the model says, or the tests did not run: the seed is said above");
    }
    println!("truth: all came to what the model says, {}", watch.read());
    Ok(ExitCode::SUCCESS)
}
