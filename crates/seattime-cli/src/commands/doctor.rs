//! `doctor`: what is wrong with a data folder or a database.

use std::path::PathBuf;

use anyhow::{Result, bail};
use seattime_repair::{Lms, Map, Shown};
use seattime_server::clock::SystemClock;
use seattime_server::config::{DATABASE_VARIABLE, LMS_VARIABLE, TENANT};
use seattime_server::doctor::{Verdict, examine};

use super::kept;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder that everything is kept in.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The address of a PostgreSQL database, `postgres://…`; the file `seattime.db` in the data folder, if left out.
    #[arg(long, env = DATABASE_VARIABLE, hide_env_values = true)]
    database: Option<String>,
    /// The LMS's own database, to see whether it still adds to its column: `postgres://…`, or the path of a file of
    /// SQLite.
    #[arg(long, env = LMS_VARIABLE, hide_env_values = true)]
    lms: Option<String>,
    /// The names of its tables and columns, as for fix-scorm-time.
    #[arg(long, requires = "lms")]
    map: Option<PathBuf>,
    /// Whose learners the LMS's are.
    #[arg(long, default_value = TENANT)]
    tenant: String,
    /// Tell the findings as JSON: a list of objects with check, verdict, found, expected and advice.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let mut findings = examine(&arguments.data, arguments.database.as_deref(), &SystemClock).await;
    if let Some(lms) = &arguments.lms {
        let map = arguments.map.as_deref().map_or_else(Map::django, Map::read)?;
        let (store, now_ms) = kept::open(&arguments.data, arguments.database.as_deref()).await?;
        let shown = Shown { store: &*store, tenant: &arguments.tenant, now_ms };
        findings.push(seattime_repair::examine(&mut Lms::open(lms).await?, &map, &shown).await?);
        store.settle().await?;
    }
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
