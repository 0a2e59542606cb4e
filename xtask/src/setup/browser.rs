//! What only tests need: a browser, its driver, a way to move a program's clock, PostgreSQL and PgBouncer.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::Result;

use super::{Missing, debian};
use crate::project::Project;

const BROWSERS: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
/// Names the folder of PostgreSQL's programs.
const POSTGRES: &str = "SEATTIME_POSTGRES_BIN";
const MAC_BROWSER: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// WebKit's driver, and what gives it a screen.
const WEBKIT: &str = "WebKitWebDriver";
const XVFB: &str = "xvfb-run";

/// The browser that tests start.
pub(crate) struct Browser {
    /// The browser itself.
    pub(crate) program: PathBuf,
    /// Its driver, for wasm-pack.
    pub(crate) driver: PathBuf,
}

/// Finds a browser, or installs Debian's.
pub(super) fn ensure(project: &Project, missing: &mut Missing) -> Result<Option<Browser>> {
    let lacking = lacking(project);
    if !lacking.is_empty() {
        if debian::may_install(project) {
            debian::install(project, &lacking)?;
        } else if debian::is_here(project) {
            missing.push(format!("- for tests: run `{}`", debian::command_for(&lacking)));
        } else {
            missing.push(format!(
                "- for tests, {}: install Chrome or Chromium, its chromedriver, Firefox and faketime so that they are \
                 on PATH, or name the first three in the variables CHROMIUM, CHROMEDRIVER and FIREFOX",
                lacking.join(", "),
            ));
        }
    }
    Ok(browser(project).zip(driver(project)).map(|(program, driver)| Browser { program, driver }))
}

/// Debian's names of the packages that would be needed.
fn lacking(project: &Project) -> Vec<&'static str> {
    let mut lacking = Vec::new();
    if browser(project).is_none() {
        lacking.push("chromium");
    }
    if driver(project).is_none() {
        lacking.push("chromium-driver");
    }
    if named_by("FIREFOX").is_none() && project.find_program("firefox-esr").is_none() {
        lacking.push("firefox-esr");
    }
    // WebKit's driver opens windows, which Xvfb takes in.
    for (program, package) in [(WEBKIT, "webkit2gtk-driver"), (XVFB, "xvfb")] {
        if debian::is_here(project) && project.find_program(program).is_none() {
            lacking.push(package);
        }
    }
    if project.find_program("faketime").is_none() {
        lacking.push("faketime");
    }
    // Elsewhere, whoever has it names it; the tests that need it say so where they are left out.
    if debian::is_here(project) && named_by(POSTGRES).is_none() && !has_postgres() {
        lacking.push("postgresql");
    }
    if debian::is_here(project) && !Path::new("/usr/sbin/pgbouncer").is_file() {
        lacking.push("pgbouncer");
    }
    lacking
}

/// Whether Debian's programs of a PostgreSQL server are there; they are not on PATH.
fn has_postgres() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    versions.flatten().any(|it| it.path().join("bin/initdb").is_file())
}

fn browser(project: &Project) -> Option<PathBuf> {
    named_by("CHROMIUM")
        .or_else(|| BROWSERS.iter().find_map(|it| project.find_program(it)))
        .or_else(|| Some(PathBuf::from(MAC_BROWSER)).filter(|it| it.is_file()))
}

fn driver(project: &Project) -> Option<PathBuf> {
    named_by("CHROMEDRIVER").or_else(|| project.find_program("chromedriver"))
}

/// Returns WebKit's driver and the program that gives it a screen, where both are installed.
pub(crate) fn webkit(project: &Project) -> Option<(PathBuf, &'static str)> {
    project.find_program(XVFB)?;
    Some((project.find_program(WEBKIT)?, XVFB))
}

fn named_by(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|it| it.exists())
}
