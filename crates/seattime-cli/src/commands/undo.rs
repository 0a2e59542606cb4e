//! `undo`: what a repair changed, put back.

use std::path::PathBuf;

use anyhow::Result;
use seattime_repair::Lms;
use seattime_server::clock::SystemClock;
use seattime_server::config::LMS_VARIABLE;

use super::repair::{Manner, Screen, confirm};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The undo file, from the folder of records.
    file: PathBuf,
    /// The LMS's own database: `postgres://…`, or the path of a file of SQLite.
    #[arg(long, env = LMS_VARIABLE, hide_env_values = true)]
    lms: String,
    #[command(flatten)]
    manner: Manner,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let Arguments { file, lms, manner } = arguments;
    let mut lms = Lms::open(&lms).await?;
    if !manner.dry_run {
        confirm(&format!("undo puts back what {} says, in {}", file.display(), lms.place()), &manner)?;
    }
    let mut screen = Screen::new(&manner);
    let ran = seattime_repair::undo(&mut lms, &file, manner.recording(), &SystemClock, &mut screen).await;
    screen.end(ran.map_err(anyhow::Error::from), &manner)
}
