//! `tenant`: whom the server works for.

use std::path::PathBuf;

use anyhow::{Result, bail};
use seattime_server::accounts::{add_tenant, check_name};
use seattime_server::config::DATABASE_VARIABLE;

use super::kept;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Add a tenant, which sees nothing of any other's; prints the key of its API, for everything, this once.
    Add(Arguments),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What it is called.
    name: String,
    /// The folder that everything is kept in.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The address of a PostgreSQL database, `postgres://…`; the file `seattime.db` in the data folder, if left out.
    #[arg(long, env = DATABASE_VARIABLE, hide_env_values = true)]
    database: Option<String>,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    let Command::Add(arguments) = command;
    let name = arguments.name.trim();
    if let Err(found) = check_name(name) {
        bail!("{found}");
    }
    let (store, now_ms) = kept::open(&arguments.data, arguments.database.as_deref()).await?;
    let key = add_tenant(&*store, name, now_ms).await?;
    store.settle().await?;
    let Some(key) = key else { bail!("there is a tenant {name} already; choose another name") };
    eprintln!("The key of {name}, for everything; it is shown this once:");
    println!("{key}");
    Ok(())
}
