//! `bench`: what is measured against a peer or a limit, with its ratios; never a timed test.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::project::Project;
use crate::{build, load, setup};

/// `cargo xtask bench api`, or `commits [--database sqlite|postgres] [--rounds N] [--seconds N] [--learners N]`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    match arguments.split_first() {
        Some((what, [])) if what == "api" => api(project),
        Some((what, more)) if what == "commits" => load::commits(project, more),
        _ => bail!("found `{}`, expected `api` or `commits`", arguments.join(" ")),
    }
}

/// The API in a browser, beside a peer's.
fn api(project: &Project) -> Result<ExitCode> {
    let (page, browser) = setup::everything(project)?;
    build::wasm(project, &page)?;
    let mut node = project.program("node");
    node.arg("tests/bench/api.js").env("CHROMIUM", &browser.program);
    let is_good = node.status()?.success();
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
