//! `bench`: what is measured against a peer or a limit, with its ratios; never a timed test.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::project::Project;
use crate::{build, load, setup, step};

/// `cargo xtask bench api`, `time`, `cost`, `report [--database sqlite|postgres] [--attempts N]`,
/// `repair [--database sqlite|postgres] [--rows N]`, or
/// `commits [--database sqlite|postgres] [--rounds N] [--seconds N] [--learners N]`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    match arguments.split_first() {
        Some((what, [])) if what == "api" => api(project),
        Some((what, [])) if what == "time" => time(project),
        Some((what, [])) if what == "cost" => cost(project),
        Some((what, more)) if what == "report" => load::report(project, more),
        Some((what, more)) if what == "repair" => load::repair(project, more),
        Some((what, more)) if what == "commits" => load::commits(project, more),
        _ => bail!(
            "found `{}`, expected `api`, `time`, `cost`, `report`, `repair` or `commits`",
            arguments.join(" ")
        ),
    }
}

/// The API in a browser, beside a peer's.
fn api(project: &Project) -> Result<ExitCode> {
    let (page, browser) = setup::everything(project)?;
    build::wasm(project, &page)?;
    let mut node = project.program("node");
    node.arg("tests/bench/api.js").env("CHROMIUM", &browser.program);
    finish(node)
}

/// The stories of time, beside what a peer makes of them; `SEATTIME_STORY=text` takes only those with that in their names.
fn time(project: &Project) -> Result<ExitCode> {
    let (page, browser) = setup::everything(project)?;
    build::wasm(project, &page)?;
    let mut node = project.program("node");
    node.arg("tests/bench/time.js").env("CHROMIUM", &browser.program);
    served(project, &mut node)?;
    finish(node)
}

/// What following a learner costs in the page and on the way.
fn cost(project: &Project) -> Result<ExitCode> {
    let (page, browser) = setup::everything(project)?;
    build::wasm(project, &page)?;
    let mut node = project.program("node");
    node.arg("tests/bench/cost.js").env("CHROMIUM", &browser.program);
    served(project, &mut node)?;
    finish(node)
}

/// Compiles the servers that the stories start, and says where they are.
fn served(project: &Project, node: &mut Command) -> Result<()> {
    let binary = build::server(project, build::RELEASE)?;
    // By itself, as in `test`: its needs would change how the shipped binary's crates are built.
    let mut testbed = project.cargo();
    testbed.args(["build", "--release", "--package", "seattime-testbed"]);
    step::run(project, "bench", "compiling the testbed", &mut testbed)?;
    let beside = binary.with_file_name(format!("seattime-testbed{}", std::env::consts::EXE_SUFFIX));
    node.env("SEATTIME_BIN", &binary).env("SEATTIME_TESTBED", beside);
    Ok(())
}

/// Runs what prints its own ratios.
fn finish(mut node: Command) -> Result<ExitCode> {
    let is_good = node.status()?.success();
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
