//! The server with a clock that is set and faults that are asked for, driven by lines on its standard
//! input; tests use it, and it is never shipped.
//!
//! | order | what it does |
//! |---|---|
//! | `advance MS` | moves the clock on, then closes what was silent for too long |
//! | `fail POINT` | the next request that reaches the point fails with 503 |
//! | `drop POINT` | the next request that reaches the point loses its connection |
//! | `die POINT [N]` | the process dies when the point is reached for the Nth time from now, as if it was killed |
//! | `checkpoint` | lets SQLite move into the database what lies in its write-ahead log |
//! | `recompute CREDIT IDLE_LIMIT_S TAIL_S LEARNER` | judges what is kept of a learner by another policy, beside the server |
//! | `syncs` | tells how many syncs there were so far |
//! | `now` | tells the time, in ms since 1970 |
//! | `quit` | ends |
//!
//! Each order is answered by one line. A point is one of the server's (`faults.rs`), or one of the disk's: `write-db`,
//! `sync-wal` and so on (`disk.rs`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use rusqlite::{Connection, OpenFlags};
use seattime_server::assets::FolderAssets;
use seattime_server::clock::ServerClock;
use seattime_server::config::{Config, DEFAULT_POLICY, StillHere, TENANT};
use seattime_server::faults::{Fault, Faults};
use seattime_server::limits::Rate;
use seattime_server::recompute::recompute;
use seattime_server::store::sqlite::SqliteStore;
use seattime_server::store::{History, JudgedOf, Judging, NewLearner, Store};
use seattime_server::{Server, World, serve};
use seattime_testbed::disk::{Disk, PowerLoss, Settings};
use seattime_wire::Policy;
use tokio::io::{AsyncBufReadExt, BufReader};

/// What one thread reads of a commit, another one frees once it is kept: this allocator hands such memory out again while
/// the processor still has it at hand.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Debug, Parser)]
struct Arguments {
    /// The folder that everything is kept in.
    #[arg(long)]
    data: PathBuf,
    /// The address of a PostgreSQL database; then its clock counts, and ours is only compared with it.
    #[arg(long)]
    database: Option<String>,
    /// The folder of the pages.
    #[arg(long)]
    web: PathBuf,
    /// The folder of the run-time.
    #[arg(long)]
    pkg: PathBuf,
    /// The port of the app face; 0 takes any that is free.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The port of the run face; 0 takes any that is free.
    #[arg(long, default_value_t = 0)]
    run_port: u16,
    /// The time at the start, in ms since 1970.
    #[arg(long)]
    start_ms: i64,
    /// `power-loss`: what is not synced dies with the process; `power-loss:SEED`: but for some of it.
    #[arg(long, value_parser = power_loss)]
    disk: Option<PowerLoss>,
    /// How much longer each sync takes, in ms.
    #[arg(long, default_value_t = 0)]
    fsync_ms: u64,
    /// Where to die, as in the order `die`; counted from before the start.
    #[arg(long)]
    die: Option<Death>,
}

fn power_loss(text: &str) -> Result<PowerLoss> {
    let expected = || format!("found {text:?}, expected power-loss or power-loss:SEED");
    let rest = text.strip_prefix("power-loss").with_context(expected)?;
    match rest.strip_prefix(':') {
        None if rest.is_empty() => Ok(PowerLoss::LosesAll),
        seed => Ok(PowerLoss::KeepsSome(seed.and_then(|it| it.parse().ok()).with_context(expected)?)),
    }
}

/// A point, and how often it is still passed before the process dies there.
#[derive(Debug, Clone)]
struct Death {
    point: String,
    passes: u64,
}

impl std::str::FromStr for Death {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Death> {
        let (point, n) = text.split_once(' ').unwrap_or((text, "1"));
        let n: u64 = n.parse().with_context(|| format!("found {n:?}, expected a number from 1"))?;
        let passes = n.checked_sub(1).context("found 0, expected a number from 1")?;
        Ok(Death { point: point.to_owned(), passes })
    }
}

/// A clock that stands still until it is moved.
struct SetClock(AtomicI64);

impl ServerClock for SetClock {
    fn now_ms(&self) -> Pin<Box<dyn Future<Output = i64> + Send + '_>> {
        Box::pin(std::future::ready(self.0.load(Ordering::SeqCst)))
    }
}

/// Faults that were asked for and have not happened yet.
#[derive(Default)]
struct OrderedFaults {
    faults: Mutex<HashMap<String, Fault>>,
    death: Mutex<Option<Death>>,
}

impl OrderedFaults {
    /// Dies here, if that was asked for.
    fn die_at(&self, point: &str) {
        if let Some(death) = locked(&self.death).as_mut().filter(|it| it.point == point) {
            death.passes = death.passes.checked_sub(1).unwrap_or_else(|| std::process::abort());
        }
    }
}

impl Faults for OrderedFaults {
    fn reached(&self, point: &str) -> Fault {
        self.die_at(point);
        locked(&self.faults).remove(point).unwrap_or(Fault::None)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The disk's name in SQLite.
const DISK: &str = "testbed";
const API_KEY: &str = "testbed-key";
/// In the course of this name, learners are asked whether they are still there.
const ASKING: &str = "Still here?";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let clock = Arc::new(SetClock(AtomicI64::new(arguments.start_ms)));
    let faults = Arc::new(OrderedFaults { death: Mutex::new(arguments.die), ..OrderedFaults::default() });
    let settings = Settings {
        power_loss: arguments.disk.unwrap_or(PowerLoss::Never),
        sync_takes: Duration::from_millis(arguments.fsync_ms),
    };
    let reached = faults.clone();
    let disk = Disk::register(DISK, settings, Box::new(move |point| reached.die_at(point)))?;
    let assets = Arc::new(FolderAssets { www: arguments.web, pkg: arguments.pkg });
    let world = World { clock: clock.clone(), faults: faults.clone(), vfs: Some(DISK.to_owned()), assets };
    let mut config = Config::local(arguments.data.clone(), API_KEY.to_owned());
    (config.port, config.run_port, config.database) =
        (arguments.port, arguments.run_port, arguments.database);
    config.still_here = StillHere::In([ASKING.to_owned()].into());
    // Whoever drives it sends faster than pages do.
    config.limits.commits = Rate::UNBOUNDED;
    config.limits.parts = Rate::UNBOUNDED;
    let server = serve(config, world).await?;
    println!("listening http://{}", server.address);
    println!("running http://{}", server.run_address);
    println!("api-key {API_KEY}");
    let testbed = Testbed { server, clock, faults, disk, data: arguments.data };
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = orders.next_line().await? {
        if order == "quit" {
            break;
        }
        match testbed.obey(&order).await {
            Ok(answer) => println!("{answer}"),
            Err(error) => println!("error: {error:#}"),
        }
    }
    testbed.server.shut_down().await;
    Ok(())
}

/// What orders are given to.
struct Testbed {
    server: Server,
    clock: Arc<SetClock>,
    faults: Arc<OrderedFaults>,
    disk: &'static Disk,
    data: PathBuf,
}

impl Testbed {
    async fn obey(&self, order: &str) -> Result<String> {
        let (verb, rest) = order.split_once(' ').unwrap_or((order, ""));
        match verb {
            "advance" => {
                let ms: i64 =
                    rest.parse().with_context(|| format!("found {rest:?}, expected milliseconds"))?;
                self.clock.0.fetch_add(ms, Ordering::SeqCst);
                self.server.sweep().await;
            }
            "fail" => drop(locked(&self.faults.faults).insert(rest.to_owned(), Fault::Fail)),
            "drop" => drop(locked(&self.faults.faults).insert(rest.to_owned(), Fault::Drop)),
            "die" => *locked(&self.faults.death) = Some(rest.parse()?),
            "checkpoint" => {
                let data = self.data.clone();
                tokio::task::spawn_blocking(move || checkpoint(&data)).await??;
            }
            "recompute" => self.recompute(rest).await?,
            "history" => self.keep_history(rest).await?,
            "syncs" => return Ok(self.disk.syncs().to_string()),
            "now" => return Ok(self.clock.0.load(Ordering::SeqCst).to_string()),
            _ => {
                bail!(
                    "found {verb:?}, expected advance, fail, drop, die, checkpoint, recompute, history, syncs, now or quit"
                );
            }
        }
        Ok("ok".to_owned())
    }
}

impl Testbed {
    /// Judges what is kept of a learner anew, beside the server: `CREDIT IDLE_LIMIT_S TAIL_S LEARNER`.
    async fn recompute(&self, order: &str) -> Result<()> {
        let expected = || {
            format!("found {order:?}, expected a credit policy, an idle limit and a tail in s, and a learner")
        };
        let [credit, idle_limit, tail, learner] = order.splitn(4, ' ').collect::<Vec<_>>()[..] else {
            bail!(expected())
        };
        let policy = Policy {
            credit: serde_json::from_value(credit.into()).with_context(expected)?,
            idle_limit_ms: idle_limit.parse::<i64>().with_context(expected)?.saturating_mul(1_000),
            tail_ms: tail.parse::<i64>().with_context(expected)?.saturating_mul(1_000),
            ..DEFAULT_POLICY
        };
        let now_ms = self.clock.0.load(Ordering::SeqCst);
        let judging = Judging { policy, who: "testbed".to_owned(), now_ms, is_dry: false };
        let beside = SqliteStore::open(&self.data.join("seattime.db"), Some(DISK))?;
        let of = JudgedOf { lms_id: Some(learner.to_owned()), course: None };
        recompute(&beside, TENANT, &of, &judging, &mut |_| {}, &mut |_| {}).await?;
        Ok(())
    }
}

impl Testbed {
    /// Keeps what an LMS had of a learner, beside the server: `MINUTES ATTEMPTS TOPIC LEARNER`. A topic that no package
    /// was imported of is a video.
    async fn keep_history(&self, order: &str) -> Result<()> {
        let expected = || format!("found {order:?}, expected minutes, attempts, a topic and a learner");
        let [minutes, attempts, topic, learner] = order.splitn(4, ' ').collect::<Vec<_>>()[..] else {
            bail!(expected())
        };
        let history = History {
            learner: NewLearner { lms_id: learner.to_owned(), name: String::new(), groups: None },
            course: "Before".to_owned(),
            topic: topic.to_owned(),
            kept_as: Vec::new(),
            even_begun: true,
            title: "An old film".to_owned(),
            kind: "video".to_owned(),
            time_ms: minutes.parse::<i64>().with_context(expected)?.saturating_mul(60_000),
            attempts: attempts.parse().with_context(expected)?,
        };
        let beside = SqliteStore::open(&self.data.join("seattime.db"), Some(DISK))?;
        beside.keep_history(TENANT, vec![history], self.clock.0.load(Ordering::SeqCst)).await?;
        Ok(())
    }
}

/// A checkpoint beside the server's own connections, as far as they let it.
fn checkpoint(data: &Path) -> Result<()> {
    let path = data.join("seattime.db");
    let beside = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), DISK)?;
    beside.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(())
}
