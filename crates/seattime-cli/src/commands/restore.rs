//! `restore`: a backup, into a data folder on which no server runs.

use std::path::PathBuf;

use anyhow::Result;
use seattime_server::backup::{Existing, restore};
use seattime_server::clock::{ServerClock, SystemClock};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file that `backup` wrote.
    #[arg(long)]
    from: PathBuf,
    /// The folder that everything is kept in.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Restore although there is a database; it is kept aside.
    #[arg(long)]
    replace: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let existing = if arguments.replace { Existing::KeptAside } else { Existing::Refused };
    let now_ms = SystemClock.now_ms().await;
    let restored = restore(&arguments.from, &arguments.data, existing, now_ms, &mut super::backup::tell)?;
    let age_s = now_ms.saturating_sub(restored.made_ms) / 1_000;
    println!(
        "{} stands as it did {age_s} s ago, with {} packages",
        arguments.data.display(),
        restored.packages
    );
    if let Some(kept) = restored.kept_aside {
        println!("what was there is kept as {}", kept.display());
    }
    println!("start the server: pages that are open are asked for what they hold since");
    Ok(())
}
