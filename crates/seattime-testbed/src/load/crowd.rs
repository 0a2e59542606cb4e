//! Tens of thousands of learners before one server: one message in 30 s each, all of them within seconds now and
//! then, over few connections from several addresses; at the end, nothing that was acknowledged is missing.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::{Addresses, Connection};
use crate::learner::{Learner, Outcome, import};
use crate::measure::API_KEY;
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
    /// How long each message took from the moment that it was due, in µs; taken out with each minute.
    times_us: Mutex<Vec<u32>>,
    retried: AtomicU64,
}

/// Learns; answers whether nothing was lost.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    ensure!(arguments.learners > 0, "found no learners, expected at least one; give --learners");
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

    let start = Instant::now();
    let end = start + Duration::from_secs(60 * arguments.minutes);
    let counted = Arc::new(Counted::default());
    let mut learning = JoinSet::new();
    for (n, (connection, learners)) in groups.into_iter().enumerate() {
        let counted = Arc::clone(&counted);
        learning.spawn(learn(connection, learners, n, start, end, counted));
    }
    let mut used = server.used()?;
    let mut all = Vec::new();
    for minute in 1..=arguments.minutes {
        tokio::time::sleep_until(start + Duration::from_secs(60 * minute)).await;
        let now = server.used()?;
        let mut times = std::mem::take(&mut *counted.times_us.lock().unwrap_or_else(PoisonError::into_inner));
        println!(
            "  minute {minute:>2}: {:>5.0} messages/s, {}; server {:.0} % of a core, {:.0} MiB",
            times.len() as f64 / 60.0,
            shares(&mut times),
            (now.cpu_s - used.cpu_s) / 0.6,
            now.memory_mib
        );
        all.append(&mut times);
        used = now;
    }
    let done = learning.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
    let learners: Vec<Learner> = done.into_iter().flatten().collect();
    all.append(&mut counted.times_us.lock().unwrap_or_else(PoisonError::into_inner));
    println!(
        "  in all: {}, {} messages, {} sent again",
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
async fn open(arguments: &Arguments, to: Addresses) -> Result<Vec<(Connection, Vec<Learner>)>> {
    let mut first = Connection::open(IpAddr::V4(Ipv4Addr::LOCALHOST), to).await?;
    let topic = import(&mut first, API_KEY).await?;
    let opened = Arc::new(AtomicU64::new(0));
    let mut opening = JoinSet::new();
    // A connection without learners would have nothing to say.
    let connections = arguments.connections.clamp(1, arguments.learners);
    for n in 0..connections {
        let (topic, opened) = (topic.clone(), Arc::clone(&opened));
        let (all, step) = (arguments.learners, connections);
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
/// within 10 s. Answers the learners.
async fn learn(
    mut connection: Connection,
    mut learners: Vec<Learner>,
    group: usize,
    start: Instant,
    end: Instant,
    counted: Arc<Counted>,
) -> Result<Vec<Learner>> {
    let count = learners.len().max(1);
    // Groups and learners lie evenly in their period.
    let share = |n: usize| (n as f64 + (group as f64 * 0.618_034).fract()) / count as f64;
    let mut dues: Vec<Instant> = (0..count).map(|n| start + PERIOD.mul_f64(share(n) % 1.0)).collect();
    loop {
        let Some((n, due)) = dues.iter().copied().enumerate().min_by_key(|it| it.1).filter(|it| it.1 < end)
        else {
            return Ok(learners);
        };
        tokio::time::sleep_until(due).await;
        let learner = learners.get_mut(n).context("nobody is there")?;
        let ms = u64::try_from(start.elapsed().as_millis())?;
        let round = round_of(due, start);
        loop {
            let outcome = if is_sign_of_life(group + n, round) && learner.acked > 0 {
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
        let took_us = u32::try_from(due.elapsed().as_micros())?;
        counted.times_us.lock().unwrap_or_else(PoisonError::into_inner).push(took_us);
        if let Some(next) = dues.get_mut(n) {
            *next = after(due, share(n) % 1.0, start);
        }
    }
}

/// The period that a moment lies in, from 0.
fn round_of(due: Instant, start: Instant) -> u64 {
    (due - start).as_secs() / PERIOD.as_secs()
}

/// Whether a learner's message of a round has no news. The next learner's turn is another round, so that each round
/// is a mix, and each burst too.
fn is_sign_of_life(learner: usize, round: u64) -> bool {
    (round + learner as u64) % HEARTBEAT_EACH == HEARTBEAT_EACH - 1
}

/// When a learner is due again: at its own moment of the next period, or with everybody in a burst that begins
/// before. A burst stands for the message of its period, and leaves everybody's own moment as it was.
fn after(due: Instant, share: f64, start: Instant) -> Instant {
    let round = u32::try_from(round_of(due, start)).unwrap_or(u32::MAX - 1);
    let next = start + PERIOD * (round + 1) + PERIOD.mul_f64(share);
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
async fn lost(to: Addresses, learners: &[Learner]) -> Result<usize> {
    let mut connection = Connection::open(IpAddr::V4(Ipv4Addr::LOCALHOST), to).await?;
    let rows = every_row(&mut connection).await?;
    let shown: BTreeMap<&str, (u64, u64)> = rows
        .iter()
        .filter_map(|row| {
            let score = row.get("score")?.as_str()?.parse().ok()?;
            Some((row.pointer("/learner/id")?.as_str()?, (score, row.get("measured_ms")?.as_u64()?)))
        })
        .collect();
    let is_lost = |it: &&Learner| shown.get(it.name.as_str()) != Some(&(it.acked, it.acked_ms));
    for learner in learners.iter().filter(is_lost).take(5) {
        let (name, found) = (&learner.name, shown.get(learner.name.as_str()));
        println!("  {name}: acknowledged {} at {} ms, found {found:?}", learner.acked, learner.acked_ms);
    }
    Ok(learners.iter().filter(is_lost).count())
}

/// Every row of the report, page by page; a request derives only so many of those that are stale.
async fn every_row(connection: &mut Connection) -> Result<Vec<Value>> {
    loop {
        let first = connection.api("GET", "/api/v1/report?limit=1", API_KEY, b"").await?;
        if first.get("stale").is_none() {
            break;
        }
    }
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let address = format!("/api/v1/report?sort=learner&limit=500{after}");
        let mut page = connection.api("GET", &address, API_KEY, b"").await?;
        let of_page = page.get_mut("rows").and_then(Value::as_array_mut).context("a report without rows")?;
        rows.append(of_page);
        match page.get("next").and_then(Value::as_str) {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In ms from the start, when learners of these shares are due within ten minutes.
    fn dues(share: f64) -> Vec<u128> {
        let start = Instant::now();
        let mut due = start + PERIOD.mul_f64(share);
        let mut all = Vec::new();
        while due < start + Duration::from_secs(600) {
            all.push((due - start).as_millis());
            due = after(due, share, start);
        }
        all
    }

    #[test]
    fn in_each_round_a_third_has_no_news_in_bursts_too() {
        for round in 0..20 {
            let silent = (0..900).filter(|it| is_sign_of_life(*it, round)).count();
            assert_eq!(silent, 300, "round {round}");
        }
        for learner in 0..3 {
            let silent = (0..30).filter(|it| is_sign_of_life(learner, *it)).count();
            assert_eq!(silent, 10, "learner {learner}");
        }
    }

    #[test]
    fn everybody_sends_within_ten_seconds_of_a_burst_and_then_each_at_its_own_moment() {
        for share in [0.0, 0.1, 0.4, 0.75, 0.99] {
            let dues = dues(share);
            assert_eq!(dues.len(), 20, "one message in 30 s, share {share}: {dues:?}");
            for burst_ms in [240_000, 480_000] {
                let within = dues.iter().filter(|it| (burst_ms..burst_ms + 10_000).contains(*it)).count();
                assert_eq!(within, 1, "share {share}: {dues:?}");
                let own_ms = burst_ms + 30_000 + (30_000.0 * share) as u128;
                let next = dues.iter().find(|it| **it >= burst_ms + 10_000).copied().unwrap();
                assert!(next.abs_diff(own_ms) <= 1, "share {share}: {next} after the burst, not {own_ms}");
            }
        }
    }
}
