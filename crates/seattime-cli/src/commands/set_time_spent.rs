//! `set-time-spent`: the LMS's own columns, set to what Seattime shows.

use std::path::PathBuf;

use anyhow::Result;
use seattime_repair::{Lms, Shown};
use seattime_server::clock::SystemClock;
use seattime_server::config::{DATABASE_VARIABLE, TENANT};

use super::kept;
use super::repair::{Manner, Reached, Screen, confirm};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    reached: Reached,
    /// The folder that Seattime keeps everything in.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The address of Seattime's PostgreSQL database; the file `seattime.db` in the data folder, if left out.
    #[arg(long, env = DATABASE_VARIABLE, hide_env_values = true)]
    database: Option<String>,
    /// Whose learners they are.
    #[arg(long, default_value = TENANT)]
    tenant: String,
    #[command(flatten)]
    manner: Manner,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let Arguments { reached, data, database, tenant, manner } = arguments;
    let map = reached.names()?;
    let (store, now_ms) = kept::open(&data, database.as_deref()).await?;
    let mut lms = Lms::open(&reached.lms).await?;
    if !manner.dry_run {
        let what =
            format!("set-time-spent sets time spent and attempts in {} to what Seattime shows", lms.place());
        confirm(&what, &manner)?;
    }
    let shown = Shown { store: &*store, tenant: &tenant, now_ms };
    let mut screen = Screen::new(&manner);
    let recording = manner.recording();
    let ran =
        seattime_repair::set_time_spent(&mut lms, &map, &shown, recording, &SystemClock, &mut screen).await;
    store.settle().await?;
    screen.end(ran.map_err(anyhow::Error::from), &manner)
}
