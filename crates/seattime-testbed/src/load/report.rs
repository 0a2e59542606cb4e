//! What a report over many attempts costs: the statements that it runs, the rows that they touch, and its time beside
//! that of the same rows straight from the database.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection as Database, StatementStatus};
use serde_json::Value;
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::client::{Addresses, Connection};
use crate::commits::said;
use crate::learner::{Learner, Outcome, import};
use crate::measure::API_KEY;
use crate::process::Server;

/// So many connections fill the database.
const CONNECTIONS: usize = 64;
/// Each is asked for so often; the median counts.
const ROUNDS: usize = 7;
/// The statements of a report whose rows all stand, the server's own.
const STATEMENTS: [(&str, &str); 2] = [
    ("stale", include_str!("../../../seattime-server/src/store/sqlite/stale.sql")),
    ("standings", include_str!("../../../seattime-server/src/store/sqlite/standings.sql")),
];
/// How much longer the report may take than the bare query: it reads each row, writes it as JSON and sends it.
const MOST_TIMES: f64 = 8.0;
/// Of rows, how many steps of a full scan may be taken: none is looked for by reading all.
const MOST_SCANNED: f64 = 0.0;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The server's binary.
    #[arg(long)]
    server: PathBuf,
    /// The folder of its data; what is there is thrown away.
    #[arg(long)]
    folder: PathBuf,
    /// How many attempts there are, each of another learner.
    #[arg(long, default_value_t = 10_000)]
    attempts: usize,
}

/// Measures; answers whether everything is within its limit.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    if arguments.folder.exists() {
        std::fs::remove_dir_all(&arguments.folder)?;
    }
    let mut command = Command::new(&arguments.server);
    command.args(["serve", "--port", "0", "--data"]).arg(&arguments.folder);
    command.env("SEATTIME_API_KEY", API_KEY);
    let server = Server::start(command).await?;
    fill(server.address, arguments.attempts).await?;

    let mut asking = Connection::open(IpAddr::V4(Ipv4Addr::LOCALHOST), server.address).await?;
    let (first_ms, bytes) = asked(&mut asking, arguments.attempts).await?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(asked(&mut asking, arguments.attempts).await?.0);
    }
    let ours_ms = median(&mut times);
    let database = arguments.folder.join("seattime.db");
    let attempts = arguments.attempts;
    let bare = tokio::task::spawn_blocking(move || bare(&database, attempts)).await??;
    server.stop().await?;

    println!("  a report over {attempts} attempts: {ours_ms:.1} ms, {} kB", bytes / 1_000);
    println!("  the first one, which derives what stood for nothing yet: {first_ms:.0} ms at most");
    println!("  the bare query: {:.1} ms", bare.ms);
    for it in &bare.counted {
        println!("  statement {}", it.text);
    }
    let mut is_good = said("report ÷ bare query", ours_ms / bare.ms, MOST_TIMES, false);
    is_good &= said("statements of a report", bare.counted.len() as f64, STATEMENTS.len() as f64, false);
    is_good &= said("rows answered ÷ attempts", bare.rows as f64 / attempts as f64, 1.0, false);
    let scanned: i32 = bare.counted.iter().map(|it| it.scanned).sum();
    is_good &= said("steps of full scans", f64::from(scanned), MOST_SCANNED, false);
    println!("bench report: {}", if is_good { "everything is within its limit" } else { "OVER a limit" });
    Ok(is_good)
}

/// Everybody's visit with one commit.
async fn fill(to: Addresses, attempts: usize) -> Result<()> {
    let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let topic = import(&mut Connection::open(from, to).await?, API_KEY).await?;
    let mut filling = JoinSet::new();
    for n in 0..CONNECTIONS.min(attempts) {
        let topic = topic.clone();
        filling.spawn(async move {
            let mut connection = Connection::open(from, to).await?;
            for n in (n..attempts).step_by(CONNECTIONS) {
                let name = format!("learner-{n}");
                let mut learner = Learner::open(&mut connection, API_KEY, &topic, name).await?;
                let outcome = learner.send(&mut connection, 1, 1).await?;
                ensure!(outcome == Outcome::Kept, "a commit was {outcome:?}");
            }
            anyhow::Ok(())
        });
    }
    filling.join_all().await.into_iter().collect()
}

/// Asks for the report; answers how long it took until its last byte, in ms, and how many bytes it has.
#[allow(clippy::disallowed_methods, reason = "how long it takes is what is asked")]
async fn asked(to: &mut Connection, attempts: usize) -> Result<(f64, usize)> {
    let head = format!("GET /api/v1/report HTTP/1.1\r\nauthorization: Bearer {API_KEY}\r\n");
    let start = Instant::now();
    let answer = to.send(&head, b"").await?;
    let ms = start.elapsed().as_secs_f64() * 1_000.0;
    ensure!(answer.status == 200, "the report was answered {}", answer.status);
    let report: Value = serde_json::from_slice(&answer.body)?;
    let rows = report.get("rows").and_then(Value::as_array).context("a report without rows")?.len();
    ensure!(rows == attempts, "the report has {rows} rows of {attempts}");
    Ok((ms, answer.body.len()))
}

/// What the database itself says of a report.
struct Bare {
    ms: f64,
    rows: usize,
    counted: Vec<Counted>,
}

/// What one statement did.
struct Counted {
    text: String,
    scanned: i32,
}

/// Runs the report's statements on a connection of their own, and the one that reads the rows alone, against the clock.
#[allow(clippy::disallowed_methods, reason = "how long it takes is what is asked")]
fn bare(database: &Path, attempts: usize) -> Result<Bare> {
    let db = Database::open(database)?;
    db.execute_batch("PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;")?;
    let tenant: String = db.query_row("SELECT tenant FROM standing LIMIT 1", [], |row| row.get(0))?;
    let none = None::<String>;
    let (mut rows, mut counted) = (0, Vec::new());
    for (name, sql) in STATEMENTS {
        let mut query = db.prepare(sql)?;
        let mut found = match name {
            "stale" => query.query((&tenant, &none, &none, &none, &none, 100))?,
            _ => query.query((&tenant, &none, &none, &none, &none))?,
        };
        let mut count = 0;
        while found.next()?.is_some() {
            count += 1;
        }
        drop(found);
        let scanned = query.get_status(StatementStatus::FullscanStep);
        let (steps, sorts) =
            (query.get_status(StatementStatus::VmStep), query.get_status(StatementStatus::Sort));
        let text = format!("{name}: {count} rows, {steps} steps, {scanned} of a full scan, {sorts} sorts");
        counted.push(Counted { text, scanned });
        rows += count;
    }
    let (_, sql) = STATEMENTS.into_iter().find(|it| it.0 == "standings").context("no such statement")?;
    let mut query = db.prepare(sql)?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let texts = query
            .query_map((&tenant, &none, &none, &none, &none), |row| row.get::<_, String>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        times.push(start.elapsed().as_secs_f64() * 1_000.0);
        ensure!(texts.len() == attempts, "the database has {} rows of {attempts}", texts.len());
    }
    Ok(Bare { ms: median(&mut times), rows, counted })
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
