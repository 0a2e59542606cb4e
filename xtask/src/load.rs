//! `load` and `bench commits`: many learners at once before a server of this machine.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::project::Project;
use crate::{build, setup, step};

/// `cargo xtask load [--learners N] [--minutes N] [--connections N]`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let page = setup::page(project)?;
    build::wasm(project, &page)?;
    let server = build::server(project, build::RELEASE)?;
    let mut load = driver(project)?;
    load.args(["crowd", "--server"]).arg(server).arg("--folder").arg(folder(project)?).args(arguments);
    finish(&mut load)
}

/// `cargo xtask bench commits [--database sqlite|postgres] [--rounds N] [--seconds N] [--learners N]`.
pub(crate) fn commits(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let mut load = driver(project)?;
    let testbed = load.get_program().to_owned();
    let testbed =
        PathBuf::from(testbed).with_file_name(format!("seattime-testbed{}", std::env::consts::EXE_SUFFIX));
    load.args(["commits", "--testbed"]).arg(testbed).arg("--folder").arg(folder(project)?).args(arguments);
    finish(&mut load)
}

/// `cargo xtask bench report`: pages of a report over 100,000 attempts, over both databases.
pub(crate) fn report(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let server = build::server(project, build::RELEASE)?;
    let mut load = driver(project)?;
    load.args(["report", "--server"]).arg(server).arg("--folder").arg(folder(project)?.join("report"));
    load.args(arguments);
    finish(&mut load)
}

/// `cargo xtask bench repair`: a million rows of an LMS put right, over both databases.
pub(crate) fn repair(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let server = build::server(project, build::RELEASE)?;
    let mut load = driver(project)?;
    load.args(["repair", "--server"]).arg(server).arg("--folder").arg(folder(project)?.join("repair"));
    load.args(arguments);
    finish(&mut load)
}

/// The driver, compiled, with the testbed beside it.
fn driver(project: &Project) -> Result<Command> {
    let mut testbed = project.cargo();
    testbed.args(["build", "--release", "--package", "seattime-testbed"]);
    step::run(project, "load", "compiling the testbed", &mut testbed)?;
    Ok(Command::new(
        project.target.join("release").join(format!("seattime-load{}", std::env::consts::EXE_SUFFIX)),
    ))
}

/// Where databases lie: on the disk that the tree is on.
fn folder(project: &Project) -> Result<PathBuf> {
    let folder = project.notes().join("load");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn finish(load: &mut Command) -> Result<ExitCode> {
    Ok(if load.status()?.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
