//! `verify`: whether the report shows what is kept.

use std::path::PathBuf;

use anyhow::{Result, bail};
use seattime_server::config::DATABASE_VARIABLE;
use seattime_server::store::{self, Differing, Store};
use seattime_server::verify::verify;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder that everything is kept in.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The address of a PostgreSQL database, `postgres://…`; the file `seattime.db` in the data folder, if left out.
    #[arg(long, env = DATABASE_VARIABLE, hide_env_values = true)]
    database: Option<String>,
    /// Only this tenant; all of them, if left out.
    #[arg(long)]
    tenant: Option<String>,
    /// Tell what differs as JSON: a list of objects with tenant, learner, course, topic, what, and notes.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let store: Box<dyn Store> = match &arguments.database {
        Some(url) => Box::new(store::postgres::PostgresStore::open(url).await?),
        None => {
            let path = arguments.data.join("seattime.db");
            if !path.is_file() {
                bail!("there is no {}; say with --data where the server keeps everything", path.display());
            }
            Box::new(store::sqlite::SqliteStore::open(&path, None)?)
        }
    };
    let mut told = Vec::new();
    let mut row = |it: Differing| {
        if arguments.json {
            told.push(it);
        } else {
            let notes = it.notes.iter().map(|it| format!("note: {it}"));
            let what: Vec<String> = it.what.into_iter().chain(notes).collect();
            println!("{}, {}, {}: {}", it.learner.id, it.course, it.topic, what.join("; "));
        }
    };
    let mut progress = |seen| eprintln!("{seen} rows looked at");
    let done = verify(&*store, arguments.tenant.as_deref(), &mut row, &mut progress).await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&told)?);
    } else {
        let (compared, differing) = (done.seen - done.stale, done.differing);
        let differ = if differing == 1 { "differs" } else { "differ" };
        println!("{compared} rows compared: {differing} {differ}; {} more wait to be derived", done.stale);
    }
    if done.differing > 0 {
        bail!("the report does not show what is kept");
    }
    Ok(())
}
