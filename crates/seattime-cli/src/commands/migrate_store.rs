//! `migrate-store`: everything that is kept, from the file in the data folder into a PostgreSQL database.

use std::path::Path;

use anyhow::{Context, Result};
use seattime_server::store::moving::{Progress, migrate};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where from: `sqlite:` and the path of a `seattime.db` that no server has open.
    #[arg(long)]
    from: String,
    /// Where to: the address of an empty database, `postgres://…`.
    #[arg(long)]
    to: String,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let from = arguments.from.strip_prefix("sqlite:");
    let from = from.with_context(|| format!("--from is {}; expected sqlite:PATH", arguments.from))?;
    let is_postgres = ["postgres:", "postgresql:"].iter().any(|it| arguments.to.starts_with(it));
    anyhow::ensure!(is_postgres, "--to is no address of a PostgreSQL database; expected postgres://…");
    let mut tell = |progress: Progress| match progress {
        Progress::TakenUp { table, rows } => println!("going on with {table}, behind row {rows}"),
        Progress::Moving { table, rows, of } => println!("{table}: {rows} of {of}"),
        Progress::Checked { table, rows } => println!("{table}: {rows}, the same on both sides"),
    };
    let rows = migrate(Path::new(from), &arguments.to, &mut tell).await?;
    println!("{rows} rows were moved; start the server with --database, and on the same data folder");
    Ok(())
}
