//! `set-time-spent`: the LMS's own columns, set to what Seattime shows.

use anyhow::Result;
use seattime_repair::{Lms, Shown};
use seattime_server::clock::SystemClock;

use super::kept::Ours;
use super::repair::{Manner, Reached, Screen, confirm};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    reached: Reached,
    #[command(flatten)]
    ours: Ours,
    #[command(flatten)]
    manner: Manner,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let Arguments { reached, ours, manner } = arguments;
    let map = reached.names()?;
    let (store, now_ms) = ours.open().await?;
    let mut lms = Lms::open(&reached.lms).await?;
    if !manner.dry_run {
        let what =
            format!("set-time-spent sets time spent and attempts in {} to what Seattime shows", lms.place());
        confirm(&what, &manner)?;
    }
    let shown = Shown { store: &*store, tenant: &ours.tenant, now_ms };
    let mut screen = Screen::new(&manner);
    let recording = manner.recording();
    let ran =
        seattime_repair::set_time_spent(&mut lms, &map, &shown, recording, &SystemClock, &mut screen).await;
    store.settle().await?;
    screen.end(ran.map_err(anyhow::Error::from), &manner)
}
