//! `import`: courses, videos and audios into the data folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use seattime_server::clock::SystemClock;
use seattime_server::config::{Config, TENANT};
use seattime_server::faults::NoFaults;
use seattime_server::import::media::NewMedia;
use seattime_server::{App, World};

use super::key::{self, Kept};
use crate::assets::Embedded;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What to import: packages (.zip), videos and audios (MP4, WebM, MP3, Ogg, WAV), or addresses of videos and
    /// audios (http or https; also of HLS playlists, .m3u8), which are not downloaded.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    kept: Kept,
    /// Name of the course; each package's title, if left out.
    #[arg(long)]
    course: Option<String>,
    /// Title of a video or audio; its file name, if left out.
    #[arg(long)]
    title: Option<String>,
    /// Captions of a video or audio: a file in WebVTT, or its address.
    #[arg(long)]
    captions: Option<String>,
    /// How much of a video or audio has to be seen, in percent.
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
    let mut refused = 0;
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
            Ok(topic) => println!("{}: topic {topic}", path.display()),
            Err(problem) => {
                refused += 1;
                eprintln!("{}: {} ({})", path.display(), problem.detail(), problem.code());
            }
        }
    }
    if refused > 0 {
        bail!("{refused} of {} were not taken", arguments.files.len());
    }
    Ok(())
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
