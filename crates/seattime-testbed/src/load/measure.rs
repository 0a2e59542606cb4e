//! A server under load: how many commits a second it keeps, how long each takes, and what that costs.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::{Addresses, Connection};
use crate::learner::{Learner, Outcome, import};
use crate::process::Server;
use seattime_testing::cluster::Cluster;

/// The key of every server that is measured.
pub(crate) const API_KEY: &str = "testbed-key";
/// So many connections send at once.
pub(crate) const CONNECTIONS: usize = 256;
/// How far apart two commits of a learner lie on the page's clock, in ms.
const STEP_MS: u64 = 30_000;
/// How long is sent before it counts: until the database's files have grown and its processes know them, as those of
/// the raw statements do, which come after.
const WARM_UP: Duration = Duration::from_secs(4);
/// So many commits, and then so many duplicates, are sent one after the other.
pub(crate) const ONE_BY_ONE: u64 = 400;

/// What counts what a server writes.
#[derive(Clone)]
pub(crate) enum Writes {
    /// Nothing does.
    NotTold,
    /// The testbed's file layer counts syncs.
    Syncs,
    /// The database counts transactions that write.
    Transactions(Arc<Cluster>),
}

impl Writes {
    async fn of(&self, server: &mut Server) -> Result<Option<u64>> {
        Ok(match self {
            Writes::NotTold => None,
            Writes::Syncs => Some(server.order("syncs").await?.parse()?),
            Writes::Transactions(cluster) => {
                let cluster = Arc::clone(cluster);
                let asked = tokio::task::spawn_blocking(move || cluster.ask(LATEST_TRANSACTION));
                Some(asked.await??.parse()?)
            }
        })
    }

    fn word(&self) -> &'static str {
        match self {
            Writes::NotTold => "",
            Writes::Syncs => "sync",
            Writes::Transactions(_) => "transaction",
        }
    }
}

/// A transaction that only reads has no number.
const LATEST_TRANSACTION: &str = "SELECT pg_snapshot_xmax(pg_current_snapshot())";

/// What a server did under load.
pub(crate) struct Measured {
    pub(crate) rate: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_us: f64,
    memory_mib: f64,
    /// Commits a sync or transaction; none where nothing tells.
    pub(crate) batch: Option<f64>,
    word: &'static str,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Measured { rate, p50_ms, p99_ms, cpu_us, memory_mib, batch, word } = self;
        write!(out, "{rate:>7.0} commits/s, p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, ")?;
        write!(out, "{cpu_us:.0} µs of CPU each, {memory_mib:.0} MiB")?;
        batch.map_or(Ok(()), |it| write!(out, ", {it:.0} a {word}"))
    }
}

/// The one in the middle.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The one with the rate in the middle.
pub(crate) fn middle(measured: &mut [Measured]) -> Result<&Measured> {
    measured.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    measured.get(measured.len() / 2).context("there is nothing to compare")
}

/// One commit after the other, and then the last of them again and again: median times in µs.
pub(crate) struct OneByOne {
    pub(crate) first_us: f64,
    pub(crate) again_us: f64,
    /// The way there and back over the same connection, with nothing to do.
    pub(crate) floor_us: f64,
    /// How often the duplicates made the server write.
    pub(crate) writes: u64,
}

/// A server, and learners with open visits.
pub(crate) struct Load {
    server: Server,
    writes: Writes,
    learners: Vec<Vec<Learner>>,
}

impl Load {
    pub(crate) async fn start(command: Command, writes: Writes, learners: usize) -> Result<Load> {
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
        Ok(Load { server, writes, learners })
    }

    /// Sends for so long, all learners at once, each the next commit once the last is acknowledged.
    pub(crate) async fn measure(mut self, length: Duration) -> Result<Measured> {
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
        let (before, writes_before) = (self.server.used()?, self.writes.of(&mut self.server).await?);
        tokio::time::sleep_until(end).await;
        let (after, writes_after) = (self.server.used()?, self.writes.of(&mut self.server).await?);
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
            batch: writes_before.zip(writes_after).map(|(before, after)| {
                let writes = after.saturating_sub(before).max(1);
                kept / writes as f64
            }),
            word: self.writes.word(),
        };
        self.server.stop().await?;
        Ok(measured)
    }

    /// One learner, one commit after the other, then the last of them again and again.
    pub(crate) async fn one_by_one(mut self) -> Result<OneByOne> {
        let learner = self.learners.first_mut().and_then(|it| it.first_mut()).context("nobody learns")?;
        let mut connection = connect(self.server.address).await?;
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        let [first, again, floor] = &mut times;
        let mut body = String::new();
        for k in 1..=ONE_BY_ONE {
            body = learner.commit(k, k * STEP_MS);
            first.push(timed(learner, &mut connection, &body, k).await?);
        }
        let before = self.writes.of(&mut self.server).await?.unwrap_or_default();
        for _ in 0..ONE_BY_ONE {
            again.push(timed(learner, &mut connection, &body, ONE_BY_ONE).await?);
        }
        let after = self.writes.of(&mut self.server).await?.unwrap_or_default();
        for _ in 0..ONE_BY_ONE {
            let sent = Instant::now();
            let answer = connection.send("GET /livez HTTP/1.1\r\n", b"").await?;
            ensure!(answer.status == 200, "/livez answers {}", answer.status);
            floor.push(sent.elapsed().as_secs_f64() * 1e6);
        }
        self.server.stop().await?;
        Ok(OneByOne {
            first_us: median(first),
            again_us: median(again),
            floor_us: median(floor),
            writes: after - before,
        })
    }

    /// Everybody sends so many commits, all at once; then the server ends by itself.
    pub(crate) async fn send_and_end(self, commits: u64) -> Result<()> {
        let mut sending = JoinSet::new();
        for mut learners in self.learners {
            let to = self.server.address;
            sending.spawn(async move {
                let mut connection = connect(to).await?;
                for k in 1..=commits {
                    for learner in &mut learners {
                        let outcome = learner.send(&mut connection, k, k * STEP_MS).await?;
                        ensure!(outcome == Outcome::Kept, "a commit was answered {outcome:?}");
                    }
                }
                anyhow::Ok(())
            });
        }
        sending.join_all().await.into_iter().collect::<Result<Vec<()>>>()?;
        self.server.end().await
    }
}

/// How long the answer to a commit takes, in µs.
async fn timed(learner: &mut Learner, to: &mut Connection, body: &str, k: u64) -> Result<f64> {
    let sent = Instant::now();
    let outcome = learner.post(to, body, k, k * STEP_MS).await?;
    // A refusal is quick, and must not pass for a cheap duplicate.
    ensure!(outcome == Outcome::Kept, "a commit was answered {outcome:?}");
    Ok(sent.elapsed().as_secs_f64() * 1e6)
}

async fn connect(to: Addresses) -> Result<Connection> {
    Connection::open(IpAddr::V4(Ipv4Addr::LOCALHOST), to).await
}
