//! `doctor`: what is wrong with a data folder or a database.

use std::path::PathBuf;

use anyhow::{Result, bail};
use seattime_server::clock::SystemClock;
use seattime_server::config::DATABASE_VARIABLE;
use seattime_server::doctor::{Verdict, examine};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder that everything is kept in.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The address of a PostgreSQL database, `postgres://…`; the file `seattime.db` in the data folder, if left out.
    #[arg(long, env = DATABASE_VARIABLE, hide_env_values = true)]
    database: Option<String>,
    /// Tell the findings as JSON: a list of objects with check, verdict, found, expected and advice.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let findings = examine(&arguments.data, arguments.database.as_deref(), &SystemClock).await;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        findings.iter().for_each(|it| println!("{it}"));
    }
    let wrong = findings.iter().filter(|it| it.verdict == Verdict::Wrong).count();
    if wrong > 0 {
        bail!("{wrong} of {} findings have to be put right", findings.len());
    }
    Ok(())
}
