//! `import`: courses, videos, audios and PDFs into the data folder.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use seattime_server::clock::SystemClock;
use seattime_server::config::{Config, TENANT};
use seattime_server::faults::NoFaults;
use seattime_server::import::media::NewMedia;
use seattime_server::store::{ImportWarning, Severity, StoredPackage};
use seattime_server::{App, World};

use super::key::{self, Kept};
use crate::assets::Embedded;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What to import: packages (.zip), videos and audios (MP4, WebM, MP3, Ogg, WAV), PDFs, or addresses of videos and
    /// audios (http or https; also of HLS playlists, .m3u8), which are not downloaded.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    kept: Kept,
    /// Name of the course; each package's title, if left out.
    #[arg(long)]
    course: Option<String>,
    /// Title of a video, audio or PDF; its file name, if left out.
    #[arg(long)]
    title: Option<String>,
    /// Captions of a video or audio: a file in WebVTT, or its address.
    #[arg(long)]
    captions: Option<String>,
    /// How much of a video, audio or PDF has to be seen, in percent.
    #[arg(long, default_value_t = 90)]
    threshold: u32,
    /// What an address without a known extension is: video or audio.
    #[arg(long)]
    kind: Option<String>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let (api_key, _) = key::of(&arguments.kept)?;
    let world = World {
        clock: Arc::new(SystemClock),
        faults: Arc::new(NoFaults),
        vfs: None,
        assets: Arc::new(Embedded),
    };
    let Kept { data, database, .. } = &arguments.kept;
    let app =
        App::start(Config { database: database.clone(), ..Config::local(data.clone(), api_key) }, world)
            .await?;
    let mut sum = Sum::default();
    for path in &arguments.files {
        let imported = match web(path) {
            Some(url) => {
                app.import_media(TENANT, NewMedia { url: Some(url), ..medium(&arguments, path)? }).await
            }
            None => {
                let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
                if bytes.starts_with(b"PK")
                    || path.extension().is_some_and(|it| it.eq_ignore_ascii_case("zip"))
                {
                    app.import(TENANT, bytes, arguments.course.clone()).await
                } else {
                    let file = Some(bytes.into());
                    app.import_media(TENANT, NewMedia { file, ..medium(&arguments, path)? }).await
                }
            }
        };
        match imported {
            Ok(package) => sum.add(path, &package),
            Err(problem) => {
                sum.refused += 1;
                eprintln!("{}: {} ({})", path.display(), problem.detail(), problem.code());
            }
        }
    }
    println!("{sum}");
    if sum.refused > 0 {
        bail!("{} of {} were not taken", sum.refused, arguments.files.len());
    }
    Ok(())
}

/// The imports so far.
#[derive(Debug, Default)]
struct Sum {
    imported: usize,
    refused: usize,
    /// How many of the imported have warnings, and how many warnings.
    warned: (usize, usize),
}

impl Sum {
    /// Counts and prints a package with its warnings.
    fn add(&mut self, path: &Path, package: &StoredPackage) {
        let StoredPackage { id, title, activities, findings, .. } = package;
        let parts = if activities.len() == 1 { "part" } else { "parts" };
        println!("{}: topic {id}, {title:?}, {} {parts}", path.display(), activities.len());
        for warning in &findings.warnings {
            println!("  {}", line_of(warning));
        }
        self.imported += 1;
        self.warned.0 += usize::from(!findings.warnings.is_empty());
        self.warned.1 += findings.warnings.len();
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sum { imported, refused, warned: (packages, warnings) } = self;
        write!(to, "{imported} imported ({packages} with {warnings} warnings), {refused} refused")
    }
}

/// A warning as one line: severity, text, code and place. Text of a package cannot break the line.
fn line_of(warning: &ImportWarning) -> String {
    let ImportWarning { code, severity, file, line, column, text } = warning;
    let severity = match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let place = match (line, column) {
        (Some(line), Some(column)) => format!(":{line}:{column}"),
        _ => String::new(),
    };
    let place = file.as_ref().map_or(String::new(), |it| format!(" at {it}{place}"));
    let line = format!("{severity}: {text} ({code}{place})");
    line.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}

/// What is said of a video or audio, less where it is.
fn medium(arguments: &Arguments, path: &Path) -> Result<NewMedia> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let captions_at = arguments.captions.as_deref().map(Path::new);
    let captions = captions_at.filter(|it| web(it).is_none()).map(std::fs::read).transpose();
    Ok(NewMedia {
        kind: arguments.kind.clone(),
        title: arguments.title.clone().unwrap_or_else(|| name.into_owned()),
        course: arguments.course.clone(),
        captions: captions.context("cannot read the captions")?.map(Into::into),
        captions_url: captions_at.and_then(web),
        threshold: Some(arguments.threshold),
        ..NewMedia::default()
    })
}

/// The address that was given in place of a file.
fn web(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    (text.starts_with("http://") || text.starts_with("https://")).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_one_line() {
        let warning = ImportWarning {
            code: "href_alike".to_owned(),
            severity: Severity::Info,
            file: Some("imsmanifest.xml".to_owned()),
            line: Some(3),
            column: Some(14),
            text: "there is no file \u{1b}[31m\n\"A.html\"".to_owned(),
        };
        let line =
            "note: there is no file \u{fffd}[31m\u{fffd}\"A.html\" (href_alike at imsmanifest.xml:3:14)";
        assert_eq!(line_of(&warning), line);
        let warning = ImportWarning { file: None, line: None, column: None, text: "x".to_owned(), ..warning };
        assert_eq!(line_of(&warning), "note: x (href_alike)");
    }
}
