//! What a repair of many rows costs beside a plain read and update of as many, what memory it takes, and whether one
//! that is killed in the middle ends as if it had run once.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rusqlite::Connection;
use seattime_server::clock::Stopwatch;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_postgres::{Client, NoTls};

use seattime_testing::cluster::{Cluster, programs};
use seattime_testing::legacy_lms_fixture;

/// So many rows go into a transaction, as in a repair.
const AT_ONCE: i64 = 1_000;
/// How often a process is asked how much memory it has taken.
const ASKED_EVERY: Duration = Duration::from_millis(20);
/// A repair may take so many times what a plain read and update take: it explains every row, and puts each on disk twice.
const MOST_TIMES: f64 = 12.0;
/// Ten times as many rows may take so much more memory.
const MOST_MEMORY: f64 = 1.25;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// The binary `seattime`.
    #[arg(long)]
    server: PathBuf,
    /// The folder of databases; what is there is thrown away.
    #[arg(long)]
    folder: PathBuf,
    /// How many topics' rows there are at least; enrolments and attempts hang on them.
    #[arg(long, default_value_t = 1_000_000)]
    rows: i64,
    /// Only over this database: `sqlite` or `postgres`.
    #[arg(long)]
    database: Option<String>,
}

/// Measures; answers whether everything is within its limit.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    let server = arguments.server.canonicalize().context("there is no such --server")?;
    let folder = std::path::absolute(&arguments.folder)?; // The repair runs in it.
    let arguments = &Arguments { server, folder, ..arguments.clone() };
    let is_wanted = |name: &str| arguments.database.as_ref().is_none_or(|it| it == name);
    let mut is_good = true;
    if is_wanted("sqlite") {
        is_good &= over(arguments, None).await?;
    }
    if is_wanted("postgres") {
        match programs() {
            None => println!("  PostgreSQL: not measured: there is none; `cargo xtask setup` installs it"),
            Some(programs) => is_good &= over(arguments, Some(&Cluster::start(&programs, &[])?)).await?,
        }
    }
    println!("bench repair: {}", if is_good { "everything is within its limit" } else { "OVER a limit" });
    Ok(is_good)
}

/// A database of its own for each run, all of them the same at first.
struct Wrecks<'a> {
    folder: &'a Path,
    cluster: Option<&'a Cluster>,
    learners: i64,
}

async fn over(arguments: &Arguments, cluster: Option<&Cluster>) -> Result<bool> {
    if arguments.folder.exists() {
        std::fs::remove_dir_all(&arguments.folder)?;
    }
    std::fs::create_dir_all(&arguments.folder)?;
    let per_learner = legacy_lms_fixture::rows_of(0);
    let topics = i64::try_from(per_learner.topics.len())?;
    let learners_of = |rows: i64| rows.div_euclid(topics) + 1;
    let name = if cluster.is_some() { "PostgreSQL" } else { "SQLite" };
    let (few, many) = (learners_of(arguments.rows / 10), learners_of(arguments.rows));
    let attempts = i64::try_from(per_learner.attempts.len())?;
    println!("  {name}, {} topics' rows, {} attempts", many * topics, many * attempts);

    let mut peaks = Vec::new();
    for learners in [few, many] {
        let wrecks = Wrecks { folder: &arguments.folder, cluster, learners };
        let address = wrecks.anew("whole").await?;
        let (seconds, peak_kib) = repair(arguments, &address).await?;
        ensure!(
            wrecks.hash(&address).await? == truth(learners),
            "{name}: the repair did not come to the truth"
        );
        println!(
            "    {learners} learners: {seconds:.1} s, at most {} MiB, every row as it should be",
            peak_kib / 1024
        );
        peaks.push((seconds, peak_kib));
        if learners == many {
            let address = wrecks.anew("plain").await?;
            let plain = wrecks.plain(&address).await?;
            println!("    a plain read and update of as many rows: {plain:.1} s");
            let address = wrecks.anew("killed").await?;
            let killed = killed_halfway(arguments, &address, many * (attempts + topics) / 2).await?;
            let is_whole = wrecks.hash(&address).await? == truth(learners);
            ensure!(is_whole, "{name}: killed in the middle and started again, it did not come to the truth");
            println!("    killed after {killed} rows were told, started again: every row as it should be");
            let times = seconds / plain;
            println!("    repair / plain: {times:.2}, at most {MOST_TIMES}");
            peaks.push((times, 0));
        }
    }
    let [(_, few_kib), (_, many_kib), (times, _)] = peaks.as_slice() else { bail!("nothing was measured") };
    let memory = ratio(*many_kib, *few_kib);
    println!("    memory for ten times as many rows: {memory:.2} times, at most {MOST_MEMORY}");
    Ok(*times <= MOST_TIMES && memory <= MOST_MEMORY)
}

#[allow(clippy::cast_precision_loss)] // Memory in KiB is far below what 53 bits hold.
fn ratio(many: u64, few: u64) -> f64 {
    many as f64 / few.max(1) as f64
}

fn command(arguments: &Arguments, address: &str) -> Command {
    let mut command = Command::new(&arguments.server);
    command.args(["fix-scorm-time", "--yes", "--json", "--lms", address]).current_dir(&arguments.folder);
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs a repair; answers how long it took, in s, and how much memory at most, in KiB.
async fn repair(arguments: &Arguments, address: &str) -> Result<(f64, u64)> {
    let watch = Stopwatch::start();
    let mut child = command(arguments, address).stdout(Stdio::null()).spawn()?;
    let mut peak_kib = 0;
    let status = loop {
        peak_kib = most_memory_kib(&child).unwrap_or(peak_kib).max(peak_kib);
        tokio::select! {
            status = child.wait() => break status?,
            () = tokio::time::sleep(ASKED_EVERY) => {}
        }
    };
    ensure!(status.success(), "the repair ended with {status}");
    Ok((watch.elapsed().as_secs_f64(), peak_kib))
}

/// The most memory that a process has taken so far.
fn most_memory_kib(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()?)).ok()?;
    status.lines().find_map(|it| it.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

/// Kills a repair once it has told of so many rows, and runs it again to its end.
async fn killed_halfway(arguments: &Arguments, address: &str, rows: i64) -> Result<i64> {
    let mut child = command(arguments, address).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    let mut told = 0;
    while told < rows && lines.next_line().await?.is_some() {
        told += 1;
    }
    child.kill().await?;
    repair(arguments, address).await?;
    Ok(told)
}

impl Wrecks<'_> {
    /// A database with all the wrecks in it, under a name; answers its address.
    async fn anew(&self, name: &str) -> Result<String> {
        let watch = Stopwatch::start();
        let address = match self.cluster {
            None => {
                let path = self.folder.join(format!("{name}.sqlite3"));
                if path.exists() {
                    std::fs::remove_file(&path)?;
                }
                let mut db = Connection::open(&path)?;
                db.execute_batch("PRAGMA synchronous = OFF")?;
                let fill = db.transaction()?;
                fill.execute_batch(legacy_lms_fixture::SQLITE)?;
                for learner in 0..self.learners {
                    fill.execute_batch(&legacy_lms_fixture::inserts(&legacy_lms_fixture::rows_of(learner)))?;
                }
                fill.execute_batch(legacy_lms_fixture::INDEXES)?;
                fill.commit()?;
                path.display().to_string()
            }
            Some(cluster) => {
                let db = connect(&cluster.url()).await?;
                db.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await?;
                db.batch_execute(&format!("CREATE DATABASE {name}")).await?;
                let address = cluster.url().replace("/postgres?", &format!("/{name}?"));
                let db = connect(&address).await?;
                db.batch_execute(legacy_lms_fixture::POSTGRES).await?;
                const TOGETHER: i64 = 50;
                for first in (0..self.learners).step_by(usize::try_from(TOGETHER)?) {
                    let some = first..(first + TOGETHER).min(self.learners);
                    let text: String = some
                        .map(|it| legacy_lms_fixture::inserts(&legacy_lms_fixture::rows_of(it)))
                        .collect();
                    db.batch_execute(&format!("BEGIN; SET LOCAL synchronous_commit = off; {text} COMMIT;"))
                        .await?;
                }
                db.batch_execute(legacy_lms_fixture::INDEXES).await?;
                db.batch_execute("VACUUM ANALYZE").await?;
                address
            }
        };
        println!("    {name}: {} learners put in, {:.0} s", self.learners, watch.elapsed().as_secs_f64());
        Ok(address)
    }

    /// Reads what a repair reads, and updates as many rows as it changes, as plainly as can be; answers in s.
    async fn plain(&self, address: &str) -> Result<f64> {
        let (topics, attempts) = changed();
        let watch = Stopwatch::start();
        for (table, column, more, changed) in [
            ("courses_topicprogress", "total_time_spent", "user_id, topic_id", topics),
            ("scorm_scormattempt", "total_time_seconds", "total_time, session_time", attempts),
        ] {
            let per_learner = i64::try_from(changed.of)?;
            let rows = self.learners * per_learner;
            let is_changed = |id: &i64| changed.places.contains(&((id - 1) % per_learner));
            match self.cluster {
                None => {
                    let mut db = Connection::open(address)?;
                    db.execute_batch("PRAGMA synchronous = FULL")?;
                    for first in (1..=rows).step_by(usize::try_from(AT_ONCE)?) {
                        let last = (first + AT_ONCE - 1).min(rows);
                        let page = db.transaction()?;
                        let read =
                            format!("SELECT id, {column}, {more} FROM {table} WHERE id BETWEEN ?1 AND ?2");
                        let mut read = page.prepare_cached(&read)?;
                        let mut found = read.query([first, last])?;
                        let mut ids = Vec::new();
                        while let Some(row) = found.next()? {
                            ids.push(row.get::<_, i64>(0)?);
                        }
                        drop(found);
                        drop(read);
                        let write = format!("UPDATE {table} SET {column} = ?2 WHERE id = ?1");
                        let mut write = page.prepare_cached(&write)?;
                        for id in ids.iter().filter(|it| is_changed(it)) {
                            write.execute([*id, 750])?;
                        }
                        drop(write);
                        page.commit()?;
                    }
                }
                Some(_) => {
                    let db = connect(address).await?;
                    let read = format!("SELECT id, {column}, {more} FROM {table} WHERE id BETWEEN $1 AND $2");
                    let read = db.prepare(&read).await?;
                    let write = format!("UPDATE {table} SET {column} = 750 WHERE id = ANY($1)");
                    let write = db.prepare(&write).await?;
                    for first in (1..=rows).step_by(usize::try_from(AT_ONCE)?) {
                        let last = (first + AT_ONCE - 1).min(rows);
                        let found = db.query(&read, &[&first, &last]).await?;
                        let ids: Vec<i64> = found.iter().map(|it| it.get(0)).filter(is_changed).collect();
                        db.execute(&write, &[&ids]).await?;
                    }
                }
            }
        }
        Ok(watch.elapsed().as_secs_f64())
    }

    /// What is in the columns that a repair writes.
    async fn hash(&self, address: &str) -> Result<Hash> {
        let mut hash = Hash::default();
        for (n, table) in
            ["courses_topicprogress ORDER BY id", "scorm_scormattempt ORDER BY id"].into_iter().enumerate()
        {
            let columns = ["total_time_spent, attempts", "total_time_seconds, session_time_seconds"];
            let query = format!("SELECT id, {} FROM {table}", columns.get(n).context("a table")?);
            match self.cluster {
                None => {
                    let db = Connection::open(address)?;
                    let mut statement = db.prepare(&query)?;
                    let mut rows = statement.query([])?;
                    while let Some(row) = rows.next()? {
                        hash.add(row.get(0)?, [row.get(1)?, row.get(2)?]);
                    }
                }
                Some(_) => {
                    let db = connect(address).await?;
                    for row in db.query(&query, &[]).await? {
                        let figure = |n: usize| row.get::<_, Option<i32>>(n).map(i64::from);
                        hash.add(row.get(0), [figure(1), figure(2)]);
                    }
                }
            }
        }
        Ok(hash)
    }
}

/// Which rows of a learner a repair changes, by their place among the learner's.
struct Places {
    of: usize,
    places: Vec<i64>,
}

fn changed() -> (Places, Places) {
    let rows = legacy_lms_fixture::rows_of(0);
    let topic = |it: &legacy_lms_fixture::Kind| it.topic.after_scorm != it.topic.time_spent;
    let places = |it: Vec<bool>| Places {
        of: it.len(),
        places: (0_i64..).zip(it).filter(|it| it.1).map(|it| it.0).collect(),
    };
    (
        places(rows.topics.iter().map(|it| topic(it.3)).collect()),
        places(rows.attempts.iter().map(|(_, _, (.., before, after))| before != after).collect()),
    )
}

/// Every figure in the order of the rows, in 64 bits.
#[derive(Debug, Default, PartialEq, Eq)]
struct Hash(u64);

impl Hash {
    fn add(&mut self, id: i64, figures: [Option<i64>; 2]) {
        for it in [Some(id)].into_iter().chain(figures) {
            let it = it.map_or(u64::MAX, i64::cast_unsigned);
            self.0 = (self.0 ^ it).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23);
        }
    }
}

/// The same of what is right.
fn truth(learners: i64) -> Hash {
    let mut hash = Hash::default();
    for rows in (0..learners).map(legacy_lms_fixture::rows_of) {
        for (id, _, _, kind) in rows.topics {
            hash.add(id, [kind.topic.after_scorm, kind.topic.attempts]);
        }
    }
    for rows in (0..learners).map(legacy_lms_fixture::rows_of) {
        for (id, _, (.., (total, session))) in rows.attempts {
            hash.add(id, [total, session]);
        }
    }
    hash
}

async fn connect(address: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
