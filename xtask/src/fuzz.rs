//! `fuzz`: random input against the core, for as long as asked; what is found is kept in `fuzz/artifacts/`.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::step;

/// What is fuzzed: any calls of content, and any text as a value.
const TARGETS: &[&str] = &["calls", "values"];

/// `cargo xtask fuzz [--minutes N]`: each target for so long, 10 unless told.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let minutes: u64 = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => 10,
        ["--minutes", minutes] => minutes.parse().context("expected a whole number of minutes")?,
        _ => bail!("found `{}`, expected nothing or `--minutes N`", arguments.join(" ")),
    };
    if project.find_program("cargo-fuzz").is_none() {
        bail!("cargo-fuzz is missing: run `cargo install cargo-fuzz --locked`");
    }
    for target in TARGETS {
        let mut fuzz = project.program("cargo");
        // Its coverage needs a switch that the stable compiler only takes when told that this is known.
        fuzz.env("RUSTC_BOOTSTRAP", "1").args(["fuzz", "run", "--sanitizer", "none", target, "--"]);
        fuzz.arg(format!("-max_total_time={}", minutes * 60));
        step::run(project, "fuzz", &format!("{target}, for {minutes} minutes"), &mut fuzz)?;
    }
    println!("fuzz: nothing found");
    Ok(ExitCode::SUCCESS)
}
