//! `exits`: every way out of the player page, with every size of state, in real browsers and in real time.

use std::process::ExitCode;

use anyhow::Result;

use crate::project::Project;
use crate::{build, setup, step};

/// `cargo xtask exits [--browser chrome|firefox|both] [--exit NAME] [--state NAME] [--out FILE]`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let (page, browser) = setup::everything(project)?;
    build::wasm(project, &page)?;
    let mut testbed = project.cargo();
    testbed.args(["build", "--release", "--package", "seattime-testbed"]);
    step::run(project, "exits", "compiling the testbed", &mut testbed)?;
    let binary = format!("release/seattime-testbed{}", std::env::consts::EXE_SUFFIX);
    let mut node = project.program("node");
    node.arg("tests/e2e/exits.js").args(arguments);
    node.env("CHROMIUM", &browser.program).env("SEATTIME_TESTBED", project.target.join(binary));
    let is_good = node.status()?.success();
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
