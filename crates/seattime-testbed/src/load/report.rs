//! What a page of the report over many attempts costs, over both databases: its time beside that of the same statement
//! straight from the database, and by what plan its rows are found.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use rusqlite::{Connection as Database, params_from_iter};
use seattime_server::store::listing::{Dialect, Given, Statement, Whose};
use seattime_server::store::{Order, Place, ReportOf, Sight, Sort};
use seattime_testbed::package::{page, zipped};
use serde_json::Value;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls};

use crate::client::{Addresses, Connection};
use crate::commits::said;
use crate::learner::{Learner, Outcome};
use crate::measure::API_KEY;
use crate::process::Server;
use seattime_testing::cluster::{Cluster, programs};

/// So many connections fill the database.
const CONNECTIONS: usize = 64;
/// So many courses there are, of one topic each.
const COURSES: usize = 20;
/// Each page is asked for so often; the median counts.
const ROUNDS: usize = 41;
/// The tenant of the key that a server is started with.
const TENANT: &str = "default";
/// A page may take this much longer than its statement: rows are read from the request to the answer's last byte.
const MOST_TIMES: f64 = 20.0;
/// The deep page may take this much longer than the first one, and one over many attempts than one over few.
const MOST_DEEPER: f64 = 2.0;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The server's binary.
    #[arg(long)]
    server: PathBuf,
    /// The folder of its data; what is there is thrown away.
    #[arg(long)]
    folder: PathBuf,
    /// How many attempts there are, each of another learner.
    #[arg(long, default_value_t = 100_000)]
    attempts: usize,
    /// Only over this database: `sqlite` or `postgres`.
    #[arg(long)]
    database: Option<String>,
}

/// Measures; answers whether everything is within its limit.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    let is_wanted = |name: &str| arguments.database.as_ref().is_none_or(|it| it == name);
    let mut is_good = true;
    if is_wanted("sqlite") {
        let file = arguments.folder.join("seattime.db");
        is_good &= over("SQLite", arguments, None, &file).await?;
    }
    if is_wanted("postgres") {
        match programs() {
            None => println!("  PostgreSQL: not measured: there is none; `cargo xtask setup` installs it"),
            Some(programs) => {
                let cluster = Arc::new(Cluster::start(&programs, &[])?);
                let url = cluster.url();
                is_good &= over("PostgreSQL", arguments, Some(&url), Path::new("")).await?;
            }
        }
    }
    println!("bench report: {}", if is_good { "everything is within its limit" } else { "OVER a limit" });
    Ok(is_good)
}

/// What is asked for, as it is said, as an address asks and as the store is asked.
fn asked(deep: &str) -> Vec<(&'static str, String, ReportOf)> {
    let of = ReportOf::default;
    let place = Place::parse(deep, Sort::LastVisit, Order::Descending);
    vec![
        ("the first page", String::new(), of()),
        ("a deep page", format!("?after={deep}"), ReportOf { after: place, ..of() }),
        ("by time", "?sort=time_spent".to_owned(), ReportOf { sort: Sort::TimeSpent, ..of() }),
        (
            "by name",
            "?sort=learner&order=asc".to_owned(),
            ReportOf { sort: Sort::Learner, order: Order::Ascending, ..of() },
        ),
        (
            "of one course",
            "?course=Course%207".to_owned(),
            ReportOf { course: Some("Course 7".to_owned()), ..of() },
        ),
    ]
}

async fn over(name: &str, arguments: &Arguments, url: Option<&str>, file: &Path) -> Result<bool> {
    if arguments.folder.exists() {
        std::fs::remove_dir_all(&arguments.folder)?;
    }
    let mut command = Command::new(&arguments.server);
    command.args(["serve", "--port", "0", "--data"]).arg(&arguments.folder);
    command.args(url.into_iter().flat_map(|it| ["--database", it]));
    command.env("SEATTIME_API_KEY", API_KEY);
    let server = Server::start(command).await?;
    println!("  {name}, {} attempts", arguments.attempts);
    fill(server.address, arguments.attempts).await?;
    let mut asking = Connection::open(IpAddr::V4(Ipv4Addr::LOCALHOST), server.address).await?;
    match derive(&mut asking).await? {
        (0, _) => println!("  every row was derived by the time that all was kept"),
        (rows, ms) => println!(
            "  {rows} rows that were not derived yet when all was kept: {:.1} s, {:.2} ms each",
            ms / 1e3,
            ms / rows as f64
        ),
    }
    let deep = deep(&mut asking, arguments.attempts / 2).await?;
    let mut bare = match url {
        None => Bare::Sqlite(Box::new(Database::open(file)?)),
        Some(url) => {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            client.batch_execute("ANALYZE").await?;
            Bare::Postgres(client)
        }
    };
    let (mut is_good, mut first_ms) = (true, None);
    for (what, query, of) in asked(&deep) {
        let (mut ours, mut alone, mut bytes) = (Vec::new(), Vec::new(), 0);
        for _ in 0..ROUNDS {
            let (ms, length) = ask(&mut asking, &query, of.limit).await?;
            ours.push(ms);
            bytes = length;
            alone.push(bare.run(&of).await?);
        }
        let (ours, alone) = (median(&mut ours), median(&mut alone));
        println!("  {what}: {ours:.2} ms, {} kB; the bare statement {alone:.2} ms", bytes / 1_000);
        println!("    {}", bare.plan(&of).await?);
        is_good &= said(&format!("{name}, {what} ÷ bare"), ours / alone, MOST_TIMES, false);
        let first_ms = *first_ms.get_or_insert(ours);
        is_good &= said(&format!("{name}, {what} ÷ the first page"), ours / first_ms, MOST_DEEPER, false);
    }
    server.stop().await?;
    Ok(is_good)
}

/// Everybody's visit with one commit.
async fn fill(to: Addresses, attempts: usize) -> Result<()> {
    let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut topics = Vec::new();
    let mut connection = Connection::open(from, to).await?;
    for n in 0..COURSES {
        let title = format!("Topic {n}");
        let address = format!("/api/v1/packages?course=Course%20{n}");
        let answer = connection.api("POST", &address, API_KEY, &zipped(&title, &[page(&title)])?).await?;
        topics
            .push(answer.get("topic").and_then(Value::as_str).context("a package without topic")?.to_owned());
    }
    let topics = Arc::new(topics);
    let mut filling = JoinSet::new();
    for n in 0..CONNECTIONS.min(attempts) {
        let topics = Arc::clone(&topics);
        filling.spawn(async move {
            let mut connection = Connection::open(from, to).await?;
            for n in (n..attempts).step_by(CONNECTIONS) {
                let topic = topics.get(n % COURSES).context("there are no courses")?;
                let mut learner =
                    Learner::open(&mut connection, API_KEY, topic, format!("learner-{n}")).await?;
                let outcome = learner.send(&mut connection, 1, 1).await?;
                ensure!(outcome == Outcome::Kept, "a commit was {outcome:?}");
            }
            anyhow::Ok(())
        });
    }
    filling.join_all().await.into_iter().collect()
}

/// Asks until every row is derived. Answers how many there were that the server had not derived by itself,
/// behind those of the first request, and how long they took, in ms.
#[allow(clippy::disallowed_methods, reason = "how long it takes is what is asked")]
async fn derive(asking: &mut Connection) -> Result<(u64, f64)> {
    let mut rows = None;
    let mut start = Instant::now();
    loop {
        let page = asking.api("GET", "/api/v1/report?limit=1", API_KEY, b"").await?;
        let left = page.get("stale").and_then(Value::as_u64).unwrap_or(0);
        let rows = *rows.get_or_insert_with(|| {
            start = Instant::now();
            left
        });
        if left == 0 {
            return Ok((rows, start.elapsed().as_secs_f64() * 1_000.0));
        }
    }
}

/// The place behind so many rows.
async fn deep(asking: &mut Connection, rows: usize) -> Result<String> {
    let mut after = String::new();
    for _ in 0..rows.div_ceil(500) {
        let address = if after.is_empty() { String::new() } else { format!("&after={after}") };
        let page = asking.api("GET", &format!("/api/v1/report?limit=500{address}"), API_KEY, b"").await?;
        after = page.get("next").and_then(Value::as_str).context("a report ends too early")?.to_owned();
    }
    Ok(after)
}

/// Asks for a page; answers how long it took until its last byte, in ms, and how many bytes it has.
#[allow(clippy::disallowed_methods, reason = "how long it takes is what is asked")]
async fn ask(to: &mut Connection, query: &str, limit: usize) -> Result<(f64, usize)> {
    let head = format!("GET /api/v1/report{query} HTTP/1.1\r\nauthorization: Bearer {API_KEY}\r\n");
    let start = Instant::now();
    let answer = to.send(&head, b"").await?;
    let ms = start.elapsed().as_secs_f64() * 1_000.0;
    ensure!(answer.status == 200, "the report was answered {}", answer.status);
    let report: Value = serde_json::from_slice(answer.body)?;
    let rows = report.get("rows").and_then(Value::as_array).context("a report without rows")?.len();
    ensure!(rows == limit, "a page of {rows} rows");
    Ok((ms, answer.body.len()))
}

/// The database itself, on a connection of its own.
enum Bare {
    Sqlite(Box<Database>),
    Postgres(Client),
}

impl Bare {
    fn statement<'a>(&self, of: &'a ReportOf) -> Statement<'a> {
        let dialect = match self {
            Bare::Sqlite(_) => Dialect::Sqlite,
            Bare::Postgres(_) => Dialect::Postgres,
        };
        Statement::page(dialect, Whose { tenant: TENANT, sight: &Sight::Tenant, learner: None }, of)
    }

    /// Runs a page's statement and reads its rows; answers how long that took, in ms.
    #[allow(clippy::disallowed_methods, reason = "how long it takes is what is asked")]
    async fn run(&mut self, of: &ReportOf) -> Result<f64> {
        let statement = self.statement(of);
        let start = Instant::now();
        let rows = self.texts(&statement.text, &statement.given, 0).await?;
        let ms = start.elapsed().as_secs_f64() * 1_000.0;
        ensure!(rows.len() == of.limit + 1, "the database has {} rows of a page", rows.len());
        Ok(ms)
    }

    /// By what plan it does so.
    async fn plan(&mut self, of: &ReportOf) -> Result<String> {
        let statement = self.statement(of);
        let (explain, column) = match self {
            Bare::Sqlite(_) => ("EXPLAIN QUERY PLAN", 3),
            Bare::Postgres(_) => ("EXPLAIN (COSTS OFF)", 0),
        };
        let lines = self.texts(&format!("{explain} {}", statement.text), &statement.given, column).await?;
        let plan = lines.iter().map(|it| it.trim()).collect::<Vec<_>>().join(" · ");
        if ["SCAN", "TEMP B-TREE", "Seq Scan", "Sort"].iter().any(|it| plan.contains(it)) {
            bail!("the database looks at rows that are not shown: {plan}");
        }
        Ok(plan)
    }

    /// A column of what a statement answers.
    async fn texts(&mut self, text: &str, given: &[Given<'_>], column: usize) -> Result<Vec<String>> {
        match self {
            Bare::Sqlite(db) => {
                let given = given.iter().map(|it| match it {
                    Given::Text(text) => rusqlite::types::Value::Text(text.clone().into_owned()),
                    Given::Number(number) => rusqlite::types::Value::Integer(*number),
                });
                let mut query = db.prepare_cached(text)?;
                let rows = query.query_map(params_from_iter(given), |row| row.get(column))?;
                Ok(rows.collect::<Result<_, _>>()?)
            }
            Bare::Postgres(client) => {
                let typed: Vec<(&(dyn ToSql + Sync), Type)> = given
                    .iter()
                    .map(|it| match it {
                        Given::Text(text) => (text as &(dyn ToSql + Sync), Type::TEXT),
                        Given::Number(number) => (number as &(dyn ToSql + Sync), Type::INT8),
                    })
                    .collect();
                let rows = client.query_typed(text, &typed).await?;
                rows.iter().map(|it| Ok(it.try_get(column)?)).collect()
            }
        }
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
