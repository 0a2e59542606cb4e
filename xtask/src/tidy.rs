//! `tidy`: the invariants of ARCHITECTURE.md that no compiler checks.

mod graph;
mod scripts;
mod text;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::files;
use crate::project::Project;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq)]
struct Finding {
    /// The line, from 1; 0 when it is the file as a whole.
    line: usize,
    /// What was found.
    found: String,
    /// What was expected.
    expected: &'static str,
}

impl Finding {
    fn of_file(found: impl Into<String>, expected: &'static str) -> Finding {
        Finding { line: 0, found: found.into(), expected }
    }

    fn print(&self, path: &str) -> String {
        let Finding { line, found, expected } = self;
        let place = if *line == 0 { path.to_owned() } else { format!("{path}:{line}") };
        format!("{place}: found {found}, expected {expected}")
    }
}

/// `cargo xtask tidy`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    if !arguments.is_empty() {
        bail!("found `{}`, expected no arguments", arguments.join(" "));
    }
    let findings = findings(project)?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: nothing found");
        return Ok(ExitCode::SUCCESS);
    }
    println!("tidy: {} found", findings.len());
    Ok(ExitCode::FAILURE)
}

/// All findings, each as one line.
pub(crate) fn findings(project: &Project) -> Result<Vec<String>> {
    let paths = files::tracked(project)?;
    let mut found = graph::check(project)?;
    found.extend(tree::check(&paths));
    let mut scripts = BTreeMap::new();
    for path in &paths {
        let bytes = fs::read(project.root.join(path)).with_context(|| format!("cannot read {path}"))?;
        let findings = tree::check_size(bytes.len()).into_iter();
        match str::from_utf8(&bytes) {
            Ok(text) => {
                found.extend(findings.chain(text::check(path, text)).map(|it| it.print(path)));
                if path.ends_with(".js") {
                    scripts.insert(path.clone(), text.to_owned());
                }
            }
            Err(_) => found.extend(findings.map(|it| it.print(path))),
        }
    }
    found.extend(scripts::cycles(&scripts));
    Ok(found)
}
