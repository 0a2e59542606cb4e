//! `bench`: what is measured against a peer or a limit, with its ratios; never a timed test.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::project::Project;
use crate::{build, setup};

/// `cargo xtask bench api`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let script = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["api"] => "tests/bench/api.js",
        _ => bail!("found `{}`, expected `api`", arguments.join(" ")),
    };
    let (page, browser) = setup::everything(project)?;
    build::wasm(project, &page)?;
    let mut node = project.program("node");
    node.arg(script).env("CHROMIUM", &browser.program);
    let is_good = node.status()?.success();
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
