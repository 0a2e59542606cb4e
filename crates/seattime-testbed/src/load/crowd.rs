//! Tens of thousands of learners before one server: one message in 30 s each, all of them within seconds now and
//! then, over few connections from several addresses; at the end, nothing that was acknowledged is missing.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::Connection;
use crate::commits::API_KEY;
use crate::learner::{Learner, Outcome, import};
use crate::process::Server;

/// How far apart two messages of a learner lie.
const PERIOD: Duration = Duration::from_secs(30);
/// Of so many messages, one is a sign of life without news.
const HEARTBEAT_EACH: u64 = 3;
/// Bursts begin so far apart, and all learners send within this.
const BURST_EACH: Duration = Duration::from_secs(240);
const BURST: Duration = Duration::from_secs(10);
/// Connections come from so many addresses of this machine.
const ADDRESSES: u8 = 8;
/// How long a refused message waits before it is sent again, in ms.
const RETRY: Duration = Duration::from_millis(1_000);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The server's binary.
    #[arg(long)]
    server: PathBuf,
    /// The folder of its data; what is there is thrown away.
    #[arg(long)]
    folder: PathBuf,
    /// How many learners there are.
    #[arg(long, default_value_t = 20_000)]
    learners: usize,
    /// How long they learn.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Over so many connections.
    #[arg(long, default_value_t = 2_000)]
    connections: usize,
}

/// What is counted while it runs.
#[derive(Default)]
struct Counted {
    messages: AtomicU64,
    retried: AtomicU64,
}

/// Learns; answers whether nothing was lost.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    if arguments.folder.exists() {
        std::fs::remove_dir_all(&arguments.folder)?;
    }
    let mut command = Command::new(&arguments.server);
    command.args(["serve", "--port", "0", "--data"]).arg(&arguments.folder);
    command.env("SEATTIME_API_KEY", API_KEY);
    let server = Server::start(command).await?;
    let groups = open(arguments, server.address).await?;
    println!(
        "load: {} learners over {} connections, {} minutes",
        arguments.learners,
        groups.len(),
        arguments.minutes
    );
    println!("  minute  messages/s     p50       p99       max   server: CPU    memory");

    let start = Instant::now();
    let end = start + Duration::from_secs(60 * arguments.minutes);
    let counted = Arc::new(Counted::default());
    let mut learning = JoinSet::new();
    for (n, (connection, learners)) in groups.into_iter().enumerate() {
        let counted = Arc::clone(&counted);
        learning.spawn(learn(connection, learners, n, start, end, counted));
    }
    let mut used = server.used()?;
    for minute in 1..=arguments.minutes {
        tokio::time::sleep_until(start + Duration::from_secs(60 * minute)).await;
        let now = server.used()?;
        let messages = counted.messages.swap(0, Ordering::Relaxed);
        println!(
            "  {minute:>6}  {:>10.0} {:>40.0} % {:>6.0} MiB",
            messages as f64 / 60.0,
            (now.cpu_s - used.cpu_s) / 0.6,
            now.memory_mib
        );
        used = now;
    }
    let done = learning.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
    let mut latencies: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    let mut learners = Vec::new();
    for (group, times) in done {
        learners.extend(group);
        for (minute, us) in times {
            latencies.entry(minute).or_default().push(us);
        }
    }
    for (minute, times) in &mut latencies {
        println!("  {:>6}  {}", minute + 1, shares(times));
    }
    let mut all: Vec<u32> = latencies.into_values().flatten().collect();
    println!(
        "  in all  {}, {} messages, {} sent again",
        shares(&mut all),
        all.len(),
        counted.retried.load(Ordering::Relaxed)
    );
    let lost = lost(server.address, &learners).await?;
    server.stop().await?;
    println!("load: {} of {} learners lost something", lost, learners.len());
    Ok(lost == 0)
}

/// Opens everybody's visit, in groups that share a connection.
async fn open(arguments: &Arguments, to: SocketAddr) -> Result<Vec<(Connection, Vec<Learner>)>> {
    let mut first = Connection::open(IpAddr::V4(Ipv4Addr::LOCALHOST), to).await?;
    let topic = import(&mut first, API_KEY).await?;
    let opened = Arc::new(AtomicU64::new(0));
    let mut opening = JoinSet::new();
    for n in 0..arguments.connections {
        let (topic, opened) = (topic.clone(), Arc::clone(&opened));
        let (all, step) = (arguments.learners, arguments.connections);
        let from = Ipv4Addr::new(127, 0, 0, 1 + u8::try_from(n % usize::from(ADDRESSES))?);
        opening.spawn(async move {
            let mut connection = Connection::open(IpAddr::V4(from), to).await?;
            let mut learners = Vec::new();
            for n in (n..all).step_by(step) {
                let name = format!("learner-{n}");
                learners.push(Learner::open(&mut connection, API_KEY, &topic, name).await?);
                let done = opened.fetch_add(1, Ordering::Relaxed) + 1;
                if done % 5_000 == 0 {
                    println!("load: {done} visits are open");
                }
            }
            anyhow::Ok((connection, learners))
        });
    }
    opening.join_all().await.into_iter().collect()
}

/// Sends what the learners of one connection have to say, each at its own time: every 30 s, and in a burst all
/// within 10 s. Answers the learners, and per message the minute that it was due in and how long it took from then.
async fn learn(
    mut connection: Connection,
    mut learners: Vec<Learner>,
    group: usize,
    start: Instant,
    end: Instant,
    counted: Arc<Counted>,
) -> Result<(Vec<Learner>, Vec<(u64, u32)>)> {
    let mut times = Vec::new();
    let count = learners.len().max(1);
    // Groups and learners lie evenly in their period.
    let share = |n: usize| (n as f64 + (group as f64 * 0.618_034).fract()) / count as f64;
    let mut dues: Vec<Instant> = (0..count).map(|n| start + PERIOD.mul_f64(share(n) % 1.0)).collect();
    loop {
        let Some((n, due)) = dues.iter().copied().enumerate().min_by_key(|it| it.1).filter(|it| it.1 < end)
        else {
            return Ok((learners, times));
        };
        tokio::time::sleep_until(due).await;
        let learner = learners.get_mut(n).context("nobody is there")?;
        let ms = u64::try_from(start.elapsed().as_millis())?;
        let round = (due - start).as_secs() / PERIOD.as_secs();
        loop {
            let outcome = if round % HEARTBEAT_EACH == HEARTBEAT_EACH - 1 && learner.acked > 0 {
                learner.live(&mut connection, ms).await?
            } else {
                let next = learner.acked + 1;
                learner.send(&mut connection, next, ms).await?
            };
            match outcome {
                Outcome::Kept => break,
                Outcome::Refused(503) => {
                    counted.retried.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(RETRY).await;
                }
                Outcome::Refused(status) => anyhow::bail!("a message was answered {status}"),
            }
        }
        counted.messages.fetch_add(1, Ordering::Relaxed);
        times.push(((due - start).as_secs() / 60, u32::try_from(due.elapsed().as_micros())?));
        if let Some(next) = dues.get_mut(n) {
            *next = after(due, share(n) % 1.0, start);
        }
    }
}

/// When a learner is due again: a period later, or with everybody in a burst that begins before.
fn after(due: Instant, share: f64, start: Instant) -> Instant {
    let next = due + PERIOD;
    let bursts = (next - start).as_secs() / BURST_EACH.as_secs();
    let burst = start + BURST_EACH * u32::try_from(bursts).unwrap_or(0) + BURST.mul_f64(share);
    if bursts > 0 && due < burst && burst < next { burst } else { next }
}

fn shares(times_us: &mut [u32]) -> String {
    times_us.sort_unstable();
    let at = |share: f64| {
        let index = ((times_us.len().max(1) - 1) as f64 * share) as usize;
        times_us.get(index).map_or(0.0, |it| f64::from(*it) / 1_000.0)
    };
    format!(
        "p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, at most {:.1} ms",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    )
}

/// How many learners' last acknowledged commit, or its time, the report does not show.
async fn lost(to: SocketAddr, learners: &[Learner]) -> Result<usize> {
    let mut connection = Connection::open(IpAddr::V4(Ipv4Addr::LOCALHOST), to).await?;
    let report = connection.api("GET", "/api/v1/report", API_KEY, b"").await?;
    let rows = report.get("rows").and_then(Value::as_array).context("a report without rows")?;
    let shown: BTreeMap<&str, (u64, u64)> = rows
        .iter()
        .filter_map(|row| {
            let score = row.get("score")?.as_str()?.parse().ok()?;
            Some((row.pointer("/learner/id")?.as_str()?, (score, row.get("measured_ms")?.as_u64()?)))
        })
        .collect();
    ensure!(!learners.is_empty(), "nobody learned");
    let is_lost = |it: &&Learner| shown.get(it.name.as_str()) != Some(&(it.acked, it.acked_ms));
    for learner in learners.iter().filter(is_lost).take(5) {
        let (name, found) = (&learner.name, shown.get(learner.name.as_str()));
        println!("  {name}: acknowledged {} at {} ms, found {found:?}", learner.acked, learner.acked_ms);
    }
    Ok(learners.iter().filter(is_lost).count())
}
