//! `import`: courses into the data folder.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use seattime_server::clock::SystemClock;
use seattime_server::config::{Config, TENANT};
use seattime_server::faults::NoFaults;
use seattime_server::{App, World};

use super::key::{self, Kept};
use crate::assets::Embedded;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The packages, each a .zip file.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    kept: Kept,
    /// Name of the course; each package's title, if left out.
    #[arg(long)]
    course: Option<String>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let (api_key, _) = key::of(&arguments.kept)?;
    let world = World {
        clock: Arc::new(SystemClock),
        faults: Arc::new(NoFaults),
        vfs: None,
        assets: Arc::new(Embedded),
    };
    let Kept { data, database, .. } = arguments.kept;
    let app = App::start(Config { database, ..Config::local(data, api_key) }, world).await?;
    let mut refused = 0;
    for path in &arguments.files {
        let zip = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        match app.import(TENANT, zip, arguments.course.clone()).await {
            Ok(topic) => println!("{}: topic {topic}", path.display()),
            Err(problem) => {
                refused += 1;
                eprintln!("{}: {} ({})", path.display(), problem.detail(), problem.code());
            }
        }
    }
    if refused > 0 {
        bail!("{refused} of {} packages were not taken", arguments.files.len());
    }
    Ok(())
}
