//! Commits a second, in one run and one folder: R, raw SQLite; H, a server that keeps nothing; and the server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::Connection;
use crate::learner::{Learner, Outcome, import};
use crate::process::Server;
use crate::raw;

/// The key of every server that is measured.
pub(crate) const API_KEY: &str = "testbed-key";
/// So many connections send at once.
const CONNECTIONS: usize = 256;
/// How far apart two commits of a learner lie on the page's clock, in ms.
const STEP_MS: u64 = 30_000;
/// How long is sent before it counts.
const WARM_UP: Duration = Duration::from_secs(1);
/// The server's clock goes on by this with each order, in ms.
const START_MS: &str = "1700000000000";
/// Of what its parts could do together, so much at least.
const LEAST_SHARE: f64 = 0.5;
/// With an fsync that takes 4 ms, so many commits share one at least.
const LEAST_PER_SYNC: f64 = 30.0;
/// A duplicate takes so much of a first commit's time at most.
const MOST_OF_DUPLICATE: f64 = 0.25;
/// So many commits, and then so many duplicates, are sent one after the other.
const ONE_BY_ONE: u64 = 400;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The testbed's binary.
    #[arg(long)]
    testbed: PathBuf,
    /// The folder to measure in, on the disk that counts.
    #[arg(long)]
    folder: PathBuf,
    /// How many times each is measured, in turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each is measured, in s.
    #[arg(long, default_value_t = 6)]
    seconds: u64,
    /// How many learners send.
    #[arg(long, default_value_t = 2_048)]
    learners: usize,
}

/// What a server did under load.
struct Measured {
    rate: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_us: f64,
    memory_mib: f64,
    /// Commits a sync; none where the server does not tell.
    per_sync: Option<f64>,
}

/// Measures; answers whether everything is within its limit.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    if arguments.folder.exists() {
        std::fs::remove_dir_all(&arguments.folder)?;
    }
    std::fs::create_dir_all(&arguments.folder)?;
    let length = Duration::from_secs(arguments.seconds);
    let (mut raw_rates, mut sink_rates, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    println!(
        "bench commits: {} learners, {CONNECTIONS} connections, {} rounds of {} s each",
        arguments.learners, arguments.rounds, arguments.seconds
    );
    for round in 1..=arguments.rounds {
        let folder = arguments.folder.join(format!("ours-{round}"));
        let server = Load::start(testbed(arguments, &folder, &[]), arguments.learners).await?;
        let measured = server.measure(length).await?;
        println!("  {round}: ours  {}", written(&measured));
        ours.push(measured);

        let folder = arguments.folder.join(format!("sink-{round}"));
        let mut sink = Command::new(std::env::current_exe()?);
        sink.arg("sink").arg("--data").arg(&folder);
        let measured = Load::start(sink, arguments.learners).await?.measure(length).await?;
        println!("  {round}: H     {}", written(&measured));
        sink_rates.push(measured.rate);

        let database = arguments.folder.join(format!("ours-{round}/seattime.db"));
        let rate = tokio::task::spawn_blocking(move || raw::rate(&database, CONNECTIONS, length, 10_000_000));
        let rate = rate.await??;
        println!("  {round}: R     {rate:>7.0} commits/s");
        raw_rates.push(rate);
    }
    let (r, h) = (median(&mut raw_rates), median(&mut sink_rates));
    ours.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let middle = ours.get(ours.len() / 2).context("there is nothing to compare")?;
    let possible = 1.0 / (1.0 / h + 1.0 / (2.0 * r));
    println!("  median: {}", written(middle));
    let mut is_good = said("ours ÷ 1/(1/H + 1/2R)", middle.rate / possible, LEAST_SHARE, true);

    let folder = arguments.folder.join("slow");
    let slow = Load::start(testbed(arguments, &folder, &["--fsync-ms", "4"]), arguments.learners).await?;
    let slow = slow.measure(length).await?;
    println!("  with an fsync of 4 ms: {}", written(&slow));
    let per_sync = slow.per_sync.context("the testbed does not count its syncs")?;
    is_good &= said("commits per fsync of 4 ms", per_sync, LEAST_PER_SYNC, true);

    let folder = arguments.folder.join("duplicates");
    let server = Load::start(testbed(arguments, &folder, &[]), 1).await?;
    let (first_us, again_us, syncs) = server.duplicates().await?;
    println!(
        "  one after the other: a first commit {first_us:.0} µs, a duplicate {again_us:.0} µs, {syncs} fsyncs of {ONE_BY_ONE} duplicates"
    );
    is_good &= said("a duplicate ÷ a first commit", again_us / first_us, MOST_OF_DUPLICATE, false);
    is_good &= said("fsyncs of duplicates", syncs as f64, 0.0, false);
    println!("bench commits: {}", if is_good { "everything is within its limit" } else { "OVER a limit" });
    Ok(is_good)
}

fn testbed(arguments: &Arguments, data: &Path, more: &[&str]) -> Command {
    let mut testbed = Command::new(&arguments.testbed);
    testbed.args(["--start-ms", START_MS, "--web", ".", "--pkg", ".", "--data"]).arg(data).args(more);
    testbed
}

fn said(name: &str, found: f64, limit: f64, is_least: bool) -> bool {
    let is_good = if is_least { found >= limit } else { found <= limit };
    let (word, verdict) = (if is_least { "least" } else { "most" }, if is_good { "" } else { "  OVER" });
    println!("  {name}: {found:.2}, at {word} {limit}{verdict}");
    is_good
}

fn written(it: &Measured) -> String {
    let per_sync = it.per_sync.map_or(String::new(), |it| format!(", {it:.0} a sync"));
    let Measured { rate, p50_ms, p99_ms, cpu_us, memory_mib, .. } = it;
    format!(
        "{rate:>7.0} commits/s, p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, {cpu_us:.0} µs of CPU each, {memory_mib:.0} MiB{per_sync}"
    )
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A server, and learners with open visits.
struct Load {
    server: Server,
    learners: Vec<Vec<Learner>>,
}

impl Load {
    async fn start(command: Command, learners: usize) -> Result<Load> {
        let server = Server::start(command).await?;
        let mut first = connect(server.address).await?;
        let topic = import(&mut first, API_KEY).await?;
        let mut opening = JoinSet::new();
        for n in 0..CONNECTIONS.min(learners) {
            let (topic, to) = (topic.clone(), server.address);
            opening.spawn(async move {
                let mut connection = connect(to).await?;
                let mut opened = Vec::new();
                for n in (n..learners).step_by(CONNECTIONS) {
                    let name = format!("learner-{n}");
                    opened.push(Learner::open(&mut connection, API_KEY, &topic, name).await?);
                }
                anyhow::Ok(opened)
            });
        }
        let learners = opening.join_all().await.into_iter().collect::<Result<_>>()?;
        Ok(Load { server, learners })
    }

    /// Sends for so long, all learners at once, each the next commit once the last is acknowledged.
    async fn measure(mut self, length: Duration) -> Result<Measured> {
        let start = Instant::now() + WARM_UP;
        let end = start + length;
        let mut sending = JoinSet::new();
        for mut learners in self.learners {
            let to = self.server.address;
            sending.spawn(async move {
                let mut connection = connect(to).await?;
                let mut latencies_us = Vec::new();
                'load: for k in 1.. {
                    for learner in &mut learners {
                        let sent = Instant::now();
                        if sent >= end {
                            break 'load;
                        }
                        let outcome = learner.send(&mut connection, k, k * STEP_MS).await?;
                        ensure!(outcome == Outcome::Kept, "a commit was answered {outcome:?}");
                        if sent >= start {
                            latencies_us.push(u32::try_from(sent.elapsed().as_micros())?);
                        }
                    }
                }
                anyhow::Ok(latencies_us)
            });
        }
        tokio::time::sleep_until(start).await;
        let (before, syncs_before) = (self.server.used()?, syncs(&mut self.server).await);
        tokio::time::sleep_until(end).await;
        let (after, syncs_after) = (self.server.used()?, syncs(&mut self.server).await);
        let mut latencies_us: Vec<u32> =
            sending.join_all().await.into_iter().collect::<Result<Vec<_>>>()?.concat();
        latencies_us.sort_unstable();
        let kept = latencies_us.len() as f64;
        let at = |share: f64| {
            let index = ((kept - 1.0) * share) as usize;
            latencies_us.get(index).map_or(f64::NAN, |it| f64::from(*it) / 1_000.0)
        };
        let measured = Measured {
            rate: kept / length.as_secs_f64(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            cpu_us: (after.cpu_s - before.cpu_s) * 1e6 / kept,
            memory_mib: after.memory_mib,
            per_sync: syncs_before
                .zip(syncs_after)
                .map(|(before, after)| kept / (after - before).max(1) as f64),
        };
        self.server.stop().await?;
        Ok(measured)
    }

    /// One learner, one commit after the other, then the last of them again and again: median times in µs, and how
    /// often the duplicates made the disk sync.
    async fn duplicates(mut self) -> Result<(f64, f64, u64)> {
        let learner = self.learners.first_mut().and_then(|it| it.first_mut()).context("nobody learns")?;
        let mut connection = connect(self.server.address).await?;
        let mut times = [Vec::new(), Vec::new()];
        let mut synced = 0;
        for (kind, times) in times.iter_mut().enumerate() {
            synced = syncs(&mut self.server).await.context("the testbed does not count its syncs")?;
            for n in 1..=ONE_BY_ONE {
                let k = if kind == 0 { n } else { ONE_BY_ONE };
                let sent = Instant::now();
                learner.send(&mut connection, k, k * STEP_MS).await?;
                times.push(sent.elapsed().as_secs_f64() * 1e6);
            }
        }
        let after = syncs(&mut self.server).await.unwrap_or(synced);
        self.server.stop().await?;
        let [mut first, mut again] = times;
        Ok((median(&mut first), median(&mut again), after - synced))
    }
}

async fn syncs(server: &mut Server) -> Option<u64> {
    server.order("syncs").await.ok()?.parse().ok()
}

async fn connect(to: SocketAddr) -> Result<Connection> {
    Connection::open(IpAddr::V4(Ipv4Addr::LOCALHOST), to).await
}
