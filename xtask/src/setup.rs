//! `setup`: installs or explains whatever is missing; quick when nothing is.

mod browser;
mod debian;
mod make;
mod node;
mod tools;
mod wasm_target;

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::project::Project;

pub(crate) use self::browser::{Browser, webkit};
pub(crate) use self::wasm_target::Route;

/// What can only be had by hand: one text each, saying what is missing and what to type.
type Missing = Vec<String>;

/// What building the run-time needs, ready to be used.
pub(crate) struct Page {
    route: Route,
}

impl Page {
    /// How this machine compiles for wasm.
    pub(crate) fn route(&self) -> &Route {
        &self.route
    }

    /// wasm-pack, in the toolchain that knows the wasm target.
    pub(crate) fn wasm_pack(&self, project: &Project) -> Command {
        self.program(project, "wasm-pack")
    }

    /// A program that compiles for wasm, in the toolchain that knows the target.
    pub(crate) fn program(&self, project: &Project, program: &str) -> Command {
        let mut command = project.program(program);
        self.route.apply(&mut command);
        // A folder of its own: another compiler in the same one would throw the native build away.
        command.env("CARGO_TARGET_DIR", project.target.join("wasm"));
        command
    }
}

/// `cargo xtask setup [--for serve|test]`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let ready = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | ["--for", "test"] => everything(project)?.0,
        ["--for", "serve"] => page(project)?,
        _ => bail!("found `{}`, expected nothing or `--for serve` or `--for test`", arguments.join(" ")),
    };
    println!("setup: everything is there; wasm is compiled by {}", ready.route);
    Ok(ExitCode::SUCCESS)
}

/// Readies what `build` and `serve` need.
pub(crate) fn page(project: &Project) -> Result<Page> {
    let mut missing = Missing::new();
    make::ensure(project, &mut missing)?;
    let has_node = node::check(project, &mut missing);
    let route = wasm_target::ensure(project, &mut missing)?;
    compile(project, route.filter(|_| has_node), &missing)
}

/// Readies what `test` needs: the page's things and a browser.
pub(crate) fn everything(project: &Project) -> Result<(Page, Browser)> {
    let mut missing = Missing::new();
    make::ensure(project, &mut missing)?;
    let has_node = node::check(project, &mut missing);
    let browser = browser::ensure(project, &mut missing)?;
    let route = wasm_target::ensure(project, &mut missing)?;
    let ready = route.filter(|_| has_node).zip(browser);
    let (route, browser) = ready.unzip();
    let page = compile(project, route, &missing)?;
    tools::ensure_geckodriver(project)?;
    Ok((page, browser.context("no browser was found after it was installed")?))
}

/// Installs what only takes time, once nothing is left to be done by hand.
fn compile(project: &Project, route: Option<Route>, missing: &Missing) -> Result<Page> {
    let Some(route) = route.filter(|_| missing.is_empty()) else {
        bail!("something is missing that has to be installed by hand\n{}", missing.join("\n"));
    };
    node::ensure_packages(project)?;
    tools::ensure(project)?;
    Ok(Page { route })
}
