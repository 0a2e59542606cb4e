//! Commits a second, in one run and one folder: R, the raw database; H, a server that keeps nothing; and the server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::instructions::Counter;
use crate::measure::{CONNECTIONS, Load, ONE_BY_ONE, OneByOne, Writes, median, middle};
use crate::{postgres, raw};

/// The server's clock goes on by this with each order, in ms.
const START_MS: &str = "1700000000000";
/// Of what its parts could do together, so much at least.
const LEAST_SHARE: f64 = 0.5;
/// With an fsync that takes 4 ms, so many commits share one at least.
const LEAST_PER_SYNC: f64 = 30.0;
/// A duplicate takes so much of a first commit's time at most.
const MOST_OF_DUPLICATE: f64 = 0.25;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The testbed's binary.
    #[arg(long)]
    testbed: PathBuf,
    /// The folder to measure in, on the disk that counts.
    #[arg(long)]
    pub(crate) folder: PathBuf,
    /// `sqlite` or `postgres`; without it both, one after the other.
    #[arg(long, value_parser = ["sqlite", "postgres"])]
    database: Option<String>,
    /// How many times each is measured, in turns.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// How long each is measured, in s.
    #[arg(long, default_value_t = 6)]
    pub(crate) seconds: u64,
    /// How many learners send.
    #[arg(long, default_value_t = 2_048)]
    pub(crate) learners: usize,
}

impl Arguments {
    /// The testbed with its data in a folder of that name.
    pub(crate) fn testbed(&self, data: &str, more: &[&str]) -> Command {
        let mut testbed = Command::new(&self.testbed);
        self.give(&mut testbed, data, more);
        testbed
    }

    /// The testbed under a program that counts what it does.
    pub(crate) fn counted(&self, counter: &Counter, data: &str, into: &Path) -> Command {
        let mut program = counter.program(into);
        program.arg(&self.testbed);
        self.give(&mut program, data, &[]);
        program
    }

    fn give(&self, testbed: &mut Command, data: &str, more: &[&str]) {
        testbed.args(["--start-ms", START_MS, "--web", ".", "--pkg", ".", "--data"]);
        testbed.arg(self.folder.join(data)).args(more);
    }
}

/// Measures; answers whether everything is within its limit.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    if arguments.folder.exists() {
        std::fs::remove_dir_all(&arguments.folder)?;
    }
    std::fs::create_dir_all(&arguments.folder)?;
    println!(
        "bench commits: {} learners, {CONNECTIONS} connections, {} rounds of {} s each",
        arguments.learners, arguments.rounds, arguments.seconds
    );
    let mut is_good = true;
    let is_wanted = |name: &str| arguments.database.as_ref().is_none_or(|it| it == name);
    if is_wanted("sqlite") {
        is_good &= sqlite(arguments).await?;
    }
    if is_wanted("postgres") {
        is_good &= postgres::run(arguments).await?;
    }
    println!("bench commits: {}", if is_good { "everything is within its limit" } else { "OVER a limit" });
    Ok(is_good)
}

async fn sqlite(arguments: &Arguments) -> Result<bool> {
    let length = Duration::from_secs(arguments.seconds);
    let (mut shares, mut ours) = (Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        let data = format!("ours-{round}");
        let testbed = arguments.testbed(&data, &[]);
        let measured = Load::start(testbed, Writes::Syncs, arguments.learners).await?.measure(length).await?;
        println!("  {round}: ours  {measured}");
        let batch = measured.batch.context("the testbed does not count its syncs")? as usize;
        let kept = measured.rate;
        ours.push(measured);

        let mut sink = Command::new(std::env::current_exe()?);
        sink.arg("sink").arg("--data").arg(arguments.folder.join(format!("sink-{round}")));
        let measured = Load::start(sink, Writes::NotTold, arguments.learners).await?.measure(length).await?;
        println!("  {round}: H     {measured}");
        let h = measured.rate;

        let database = arguments.folder.join(data).join("seattime.db");
        let rate = tokio::task::spawn_blocking(move || raw::rate(&database, batch, length, 10_000_000));
        let r = rate.await??;
        println!("  {round}: R     {r:>7.0} commits/s");
        shares.push(kept * (1.0 / h + 1.0 / (2.0 * r)));
    }
    println!("  median: {}", middle(&mut ours)?);
    let mut is_good = said("ours ÷ 1/(1/H + 1/2R)", median(&mut shares), LEAST_SHARE, true);

    let slow = arguments.testbed("slow", &["--fsync-ms", "4"]);
    let slow = Load::start(slow, Writes::Syncs, arguments.learners).await?.measure(length).await?;
    println!("  with an fsync of 4 ms: {slow}");
    let per_sync = slow.batch.context("the testbed does not count its syncs")?;
    is_good &= said("commits per fsync of 4 ms", per_sync, LEAST_PER_SYNC, true);

    let testbed = arguments.testbed("duplicates", &[]);
    let found = Load::start(testbed, Writes::Syncs, 1).await?.one_by_one().await?;
    one_by_one("one after the other", &found);
    is_good &=
        said("a duplicate ÷ a first commit", found.again_us / found.first_us, MOST_OF_DUPLICATE, false);
    is_good &= said("fsyncs of duplicates", found.writes as f64, 0.0, false);
    let slow = arguments.testbed("slow-duplicates", &["--fsync-ms", "4"]);
    let found = Load::start(slow, Writes::Syncs, 1).await?.one_by_one().await?;
    one_by_one("the same with an fsync of 4 ms", &found);
    println!("  a duplicate ÷ a first commit: {:.2}", found.again_us / found.first_us);

    match Counter::find() {
        Some(counter) => println!("  {}", counter.count(arguments).await?),
        None => println!("  instructions per commit: not counted: no counters and no valgrind"),
    }
    Ok(is_good)
}

/// Says how long commits and duplicates take that are sent one after the other.
pub(crate) fn one_by_one(how: &str, found: &OneByOne) {
    let OneByOne { first_us, again_us, floor_us, writes } = found;
    println!(
        "  {how}: a first commit {first_us:.0} µs, a duplicate {again_us:.0} µs, {writes} writes of {ONE_BY_ONE} duplicates; \
         the way there and back alone {floor_us:.0} µs"
    );
}

/// Says what was found beside its limit, and whether it is within.
pub(crate) fn said(name: &str, found: f64, limit: f64, is_least: bool) -> bool {
    let is_good = if is_least { found >= limit } else { found <= limit };
    let (word, verdict) = (if is_least { "least" } else { "most" }, if is_good { "" } else { "  OVER" });
    println!("  {name}: {found:.2}, at {word} {limit}{verdict}");
    is_good
}
