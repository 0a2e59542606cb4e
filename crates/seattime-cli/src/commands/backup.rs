//! `backup`: everything in the data folder, in one file, while the server goes on.

use std::path::PathBuf;

use anyhow::{Result, bail};
use seattime_server::backup::{Progress, back_up};
use seattime_server::clock::{ServerClock, SystemClock};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder that everything is kept in.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The file to write; it holds learners' names and the server's key, and is made for its owner alone.
    #[arg(long)]
    to: PathBuf,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let now_ms = SystemClock.now_ms().await;
    let made = back_up(&arguments.data, &arguments.to, now_ms, &mut tell)?;
    println!("{}: {} bytes, {} packages", arguments.to.display(), made.bytes, made.packages);
    if !made.left_out.is_empty() {
        bail!(
            "the backup was made without {} packages whose files are not whole in {}: {}; import them again",
            made.left_out.len(),
            arguments.data.display(),
            made.left_out.join(", ")
        );
    }
    Ok(())
}

/// What is going on, one line each.
pub(super) fn tell(progress: Progress) {
    match progress {
        Progress::Database { bytes } => println!("the database: {bytes} bytes"),
        Progress::Checking => println!("checking"),
        Progress::Packages { done, of } => println!("packages: {done} of {of}"),
    }
}
