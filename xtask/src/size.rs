//! `size`: what a learner's browser loads, weighed after gzip against the budgets in Cargo.toml.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::files;
use crate::project::Project;

/// What the page of a video or audio loads besides, for HLS where the browser does not play it.
const STREAMS: &str = "pkg/hls.js";
/// What the run-time loads besides, once content shows a frame of another host.
const PLAYERS: &str = "pkg/players.js";
/// What the run-time loads besides, once content has a PDF.
const DOCUMENTS: &str = "pkg/documents.js";
/// What the run-time loads besides, once content uses Web Audio.
const AUDIO: &str = "pkg/audio_context.js";
/// What the run-time loads besides, once an earlier visit left work in the browser.
const LEFTOVERS: &str = "pkg/leftovers.js";
/// The folder of PDF.js, for the viewer of PDFs.
const PDF: &str = "pkg/pdf";

/// `cargo xtask size`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    if !arguments.is_empty() {
        bail!("found `{}`, expected no arguments", arguments.join(" "));
    }
    let (report, is_within) = weigh(project)?;
    println!("{report}");
    Ok(if is_within { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The table, and whether every sum is within its budget.
pub(crate) fn weigh(project: &Project) -> Result<(String, bool)> {
    let manifest = fs::read_to_string(project.root.join("Cargo.toml"))?;
    let mut report = String::new();
    let mut is_within = true;
    for (name, files) in [
        ("runtime", runtime(project)?),
        ("page", page(project)?),
        ("streams", vec![project.root.join(STREAMS)]),
        ("players", vec![project.root.join(PLAYERS)]),
        ("audio", vec![project.root.join(AUDIO)]),
        ("leftovers", vec![project.root.join(LEFTOVERS)]),
        ("documents", documents(project)?),
    ] {
        let allowed = budget(&manifest, name)
            .with_context(|| format!("Cargo.toml has no `{name}` under [workspace.metadata.size]"))?;
        let mut sum = 0;
        for file in &files {
            let bytes = gzipped(&fs::read(file)?)?;
            let shown = file.strip_prefix(&project.root).unwrap_or(file);
            report += &format!("{:>8} KiB  {}\n", kib(bytes), shown.display());
            sum += bytes;
        }
        let is_light = sum <= allowed * 1024;
        let verdict = if is_light { "within" } else { "OVER" };
        report += &format!("{:>8} KiB  {name}, {verdict} its {allowed} KiB\n", kib(sum));
        is_within &= is_light;
    }
    Ok((report.trim_end().to_owned(), is_within))
}

fn runtime(project: &Project) -> Result<Vec<PathBuf>> {
    let mut found = files::under(&project.root.join("pkg"))?;
    let is_asked_for_later = |it: &Path| {
        [STREAMS, PLAYERS, DOCUMENTS, AUDIO, LEFTOVERS, PDF]
            .iter()
            .any(|later| it.starts_with(project.root.join(later)))
    };
    found.retain(|it| has_extension(it, &["wasm", "js"]) && !is_asked_for_later(it));
    if found.is_empty() {
        bail!("pkg/ has neither wasm nor JavaScript, expected both: run `cargo xtask build`");
    }
    Ok(found)
}

/// What the player's page loads: its own folder, and what it shares with other pages.
fn page(project: &Project) -> Result<Vec<PathBuf>> {
    let mut found = files::under(&project.root.join("www/player"))?;
    found.append(&mut files::under(&project.root.join("www/shared"))?);
    Ok(found)
}

/// What the viewer loads for every PDF: its own page, and PDF.js without the data that few PDFs need.
fn documents(project: &Project) -> Result<Vec<PathBuf>> {
    let mut found = files::under(&project.root.join("www/pdf"))?;
    found.push(project.root.join(DOCUMENTS));
    found.extend(["pdf.js", "worker.js", "pdf.css"].map(|it| project.root.join(PDF).join(it)));
    Ok(found)
}

fn has_extension(path: &Path, wanted: &[&str]) -> bool {
    path.extension().is_some_and(|it| wanted.iter().any(|each| it == *each))
}

fn gzipped(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

/// Whole tenths, rounded up: nothing looks lighter than it is.
fn kib(bytes: usize) -> String {
    let tenths = (bytes * 10).div_ceil(1024);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A budget in KiB, out of the section of the workspace's manifest.
fn budget(manifest: &str, name: &str) -> Option<usize> {
    let (_, section) = manifest.split_once("[workspace.metadata.size]")?;
    let lines = section.lines().skip(1).take_while(|it| !it.starts_with('['));
    let mut values = lines.filter_map(|it| it.split_once('='));
    let (_, value) = values.find(|(key, _)| key.trim() == name)?;
    value.split('#').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_read_from_its_own_section() {
        let manifest = "[a]\nruntime = 1\n[workspace.metadata.size] # In KiB\nruntime = 40 # of the run-time\n\
                        page = 41\n[b]\nother = 3\n";
        assert_eq!(budget(manifest, "runtime"), Some(40));
        assert_eq!(budget(manifest, "page"), Some(41));
        assert_eq!(budget(manifest, "other"), None);
    }

    #[test]
    fn sizes_are_rounded_up_to_tenths() {
        assert_eq!(kib(0), "0.0");
        assert_eq!(kib(1), "0.1");
        assert_eq!(kib(40 * 1024), "40.0");
        assert_eq!(kib(40 * 1024 + 1), "40.1");
    }
}
