//! Kills the server again and again under load, and checks after each start that what it acknowledged is there,
//! that nothing is there which was not sent, and that no second is counted twice. Half of the load goes on meanwhile.
//!
//! Many learners, each with a log of what it sent and what was acknowledged, talk to a testbed in a process of its
//! own. The process dies by SIGKILL at a random moment, or at a point of a request or of the disk; with `--power-loss`
//! everything that was not synced dies with it, or but for some. What is random comes from the seed, save how far the
//! machine got in that time.

mod birth;
mod course;
mod integrity;
mod learner;
mod postgres;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use seattime_testing::rng::Rng;
use tokio::task::JoinHandle;

use crate::course::Course;
use crate::learner::Learner;
use crate::server::{Machine, Server};

#[derive(Debug, Parser)]
struct Arguments {
    /// The testbed's binary.
    #[arg(long)]
    testbed: PathBuf,
    /// How many times the server dies.
    #[arg(long, default_value_t = 20)]
    cycles: u32,
    /// How many learners there are.
    #[arg(long, default_value_t = 24)]
    learners: u32,
    /// What everything random is made of.
    #[arg(long, default_value_t = 20_310_304)]
    seed: u64,
    /// The power goes with the server: whatever is not synced is lost.
    #[arg(long)]
    power_loss: bool,
    /// `postgres`: over a PostgreSQL cluster that is started for this, and dies as well.
    #[arg(long, value_parser = ["postgres"])]
    database: Option<String>,
    /// How much longer each sync takes, in ms: so long a transaction is neither begun nor kept.
    #[arg(long, default_value_t = 0)]
    fsync_ms: u64,
}

/// How the server dies. The cycles take these in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    AtRandom,
    AtAPoint,
    InACheckpoint,
    InAnImport,
    AtItsStart,
}

const DEATHS: [Death; 5] =
    [Death::AtRandom, Death::AtAPoint, Death::InACheckpoint, Death::InAnImport, Death::AtItsStart];

/// Where it dies under load, and how often it may pass there before.
#[rustfmt::skip]
const POINTS: &[(&str, u64)] = &[
    // point           at most the Nth time
    ("before_commit",  100),
    ("after_commit",   100),
    ("before_part",    40),
    ("after_part",     40),
    ("write-wal",      2_000),
    ("sync-wal",       40),
];
/// The same in a checkpoint.
const CHECKPOINT_POINTS: &[(&str, u64)] = &[("write-db", 300), ("sync-db", 1), ("sync-wal", 2)];
/// The same while a package is imported and nothing else happens.
const IMPORT_POINTS: &[(&str, u64)] = &[("write-wal", 24), ("sync-wal", 1)];
/// How many files such a package has.
const FILES: u32 = 12;
/// The longest time from the start of the load to a death at a random moment, in ms.
const LONGEST_LIFE_MS: u64 = 400;
/// How long a death at a point is waited for; whatever is not reached by then is killed.
const PATIENCE: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let run = async {
        if arguments.database.is_some() { postgres::run(&arguments).await } else { run(&arguments).await }
    };
    match run.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("crash: seed {}: {error:#}", arguments.seed);
            println!("test result: FAILED. 0 passed; 1 failed");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let data = tempfile::tempdir()?;
    let mut rng = Rng::from_seed(arguments.seed);
    let power = arguments.power_loss.then(|| Rng::from_seed(rng.next_u64()));
    let mut machine = Machine::new(&arguments.testbed, data.path(), power);
    machine.sync_takes_ms = arguments.fsync_ms;
    let server = machine.start().await?;
    // A server that answers too early may listen before its own API key can be read, which is not what this is about.
    for _ in 0..PATIENCE.as_millis() / 10 {
        if server.api.topic("").await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let course = Course::new("Crash".to_owned(), 0, Rng::from_seed(rng.next_u64()));
    let topic = course.import(&server.api).await?;
    let mut room =
        Room { server, topic, rng, learners: Vec::new(), retired: Vec::new(), courses: Vec::new() };
    for _ in 0..arguments.learners {
        let learner = room.newcomer().await?;
        room.learners.push(learner);
    }
    let power = if arguments.power_loss { ", with loss of power" } else { "" };
    println!("crash: {} learners, seed {}{power}", arguments.learners, arguments.seed);
    let mut at_a_point = 0;
    for (cycle, death) in (1..=arguments.cycles).zip(DEATHS.into_iter().cycle()) {
        let context = || format!("cycle {cycle}, {death:?}");
        let is_at_a_point = if death == Death::AtItsStart {
            let rng = Rng::from_seed(room.rng.next_u64());
            birth::die(&arguments.testbed, rng, !arguments.power_loss).await.with_context(context)?
        } else {
            room.cycle(&mut machine, death).await.with_context(context)?
        };
        at_a_point += u32::from(is_at_a_point);
        if cycle % 10 == 0 || cycle == arguments.cycles {
            println!("crash: {cycle} of {}: {}", arguments.cycles, room.sums());
        }
    }
    room.end(&machine).await.context("at the end")?;
    let at_random = arguments.cycles - at_a_point;
    println!("crash: {at_random} at a random moment, {at_a_point} at a point; nothing lost, nothing double");
    println!("test result: ok. {} passed; 0 failed", arguments.cycles);
    Ok(())
}

/// Learners who send.
#[derive(Default)]
struct Load {
    pausing: Vec<JoinHandle<()>>,
    going_on: Vec<JoinHandle<()>>,
    is_over: Arc<AtomicBool>,
}

impl Load {
    /// Waits for those who pause; the server is dead.
    async fn paused(mut self) -> Result<Load> {
        for learner in self.pausing.drain(..) {
            learner.await?;
        }
        Ok(self)
    }

    /// Ends it.
    async fn end(self) -> Result<()> {
        self.is_over.store(true, Ordering::SeqCst);
        for learner in self.pausing.into_iter().chain(self.going_on) {
            learner.await?;
        }
        Ok(())
    }
}

/// The server, and whoever talks to it.
struct Room {
    server: Server,
    topic: String,
    rng: Rng,
    learners: Vec<Arc<Learner>>,
    /// Those who have ended, each with the commit that is stored.
    retired: Vec<(Arc<Learner>, u64)>,
    /// What was imported, each with its topic.
    courses: Vec<(Course, String)>,
}

impl Room {
    async fn newcomer(&mut self) -> Result<Arc<Learner>> {
        let n = self.learners.len() + self.retired.len();
        let rng = Rng::from_seed(self.rng.next_u64());
        Ok(Arc::new(Learner::open(&self.server.api, &self.topic, n, rng).await?))
    }

    /// One death and what comes after it; says whether it came at a point.
    async fn cycle(&mut self, machine: &mut Machine, death: Death) -> Result<bool> {
        let is_quiet = death == Death::InAnImport && self.rng.below(2) == 0;
        let load = if is_quiet { Load::default() } else { self.load() };
        let importing = match death {
            Death::InAnImport => Some(self.die_in_an_import(is_quiet).await?),
            Death::InACheckpoint => self.die_in_a_checkpoint().await.map(|()| None)?,
            Death::AtAPoint => {
                let point = self.point_of(POINTS);
                self.server.order(&format!("die {point}")).await?;
                self.server.live_until_death(PATIENCE).await?;
                None
            }
            Death::AtRandom | Death::AtItsStart => {
                self.live_a_while().await?;
                None
            }
        };
        let was_dead = self.server.kill().await?;
        let load = load.paused().await?;
        integrity::version(&machine.database())?;
        self.server = machine.start().await?;
        self.check().await.context("under load")?;
        if let Some((course, told)) = importing {
            let topic = course.check(&self.server.api, told.await?).await?;
            self.courses.push((course, topic));
        }
        load.end().await?;
        self.check().await?;
        self.retire().await?;
        Ok(was_dead)
    }

    /// Everybody sends. Some pause once the server does not answer, so that what they were acknowledged by then is
    /// looked for before they send more; the others go on, so that the next server comes up under load.
    fn load(&mut self) -> Load {
        let mut load = Load::default();
        for learner in &self.learners {
            let (learner, api) = (Arc::clone(learner), self.server.api.clone());
            if self.rng.below(2) == 0 {
                load.pausing.push(tokio::spawn(learner.run(api)));
            } else {
                load.going_on.push(tokio::spawn(learner.run_on(api, Arc::clone(&load.is_over))));
            }
        }
        load
    }

    fn point_of(&mut self, points: &[(&str, u64)]) -> String {
        let (point, most) = self.rng.choose(points).unwrap_or_default();
        format!("{point} {}", 1 + self.rng.below(most))
    }

    async fn live_a_while(&mut self) -> Result<()> {
        let life = Duration::from_millis(self.rng.below(LONGEST_LIFE_MS));
        self.server.live(life).await
    }

    async fn die_in_a_checkpoint(&mut self) -> Result<()> {
        self.live_a_while().await?;
        let point = self.point_of(CHECKPOINT_POINTS);
        self.server.order(&format!("die {point}")).await?;
        let _ = self.server.order("checkpoint").await; // It may die over it.
        Ok(())
    }

    /// Answers the course, and what its import came to.
    async fn die_in_an_import(&mut self, is_quiet: bool) -> Result<(Course, JoinHandle<Result<String>>)> {
        let title = format!("Import {}", self.courses.len());
        let course = Course::new(title, FILES, Rng::from_seed(self.rng.next_u64()));
        let (api, again) = (self.server.api.clone(), course.clone());
        if is_quiet {
            let point = self.point_of(IMPORT_POINTS);
            self.server.order(&format!("die {point}")).await?;
            let importing = tokio::spawn(async move { again.import(&api).await });
            // It ends with the import, or with the server.
            while !importing.is_finished() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            return Ok((course, importing));
        }
        self.live_a_while().await?;
        let importing = tokio::spawn(async move { again.import(&api).await });
        self.live_a_while().await?;
        Ok((course, importing))
    }

    /// What is stored lies between what was acknowledged before it was asked for and what was sent by the time of the
    /// answer, and its time is the model's to the ms.
    async fn check(&self) -> Result<()> {
        for learner in &self.learners {
            self.standing(learner).await?;
        }
        Ok(())
    }

    /// The commit that is stored of a learner.
    async fn standing(&self, learner: &Learner) -> Result<u64> {
        let acked = learner.told().acked;
        let (stored, measured_ms) = self.server.api.standing(learner.name()).await?;
        let sent = learner.told().sent;
        let name = learner.name();
        ensure!(
            acked <= stored && stored <= sent,
            "{name}: acknowledged {acked}, stored {stored}, sent {sent}"
        );
        let expected_ms = learner.ms_of(stored);
        ensure!(
            measured_ms == expected_ms,
            "{name}: {stored} is stored with {measured_ms} ms, sent with {expected_ms}"
        );
        Ok(stored)
    }

    /// One learner does not go on: the next visit reads what the death left. Somebody else comes.
    async fn retire(&mut self) -> Result<()> {
        let slot = usize::try_from(self.rng.below(self.learners.len() as u64))?;
        let newcomer = self.newcomer().await?;
        let Some(learner) = self.learners.get_mut(slot) else { return Ok(()) };
        let learner = std::mem::replace(learner, newcomer);
        let stored = self.standing(&learner).await?;
        let visit = self.server.api.open(&self.topic, learner.name()).await?;
        learner.check_values(&visit, stored)?;
        self.retired.push((learner, stored));
        Ok(())
    }

    /// Everybody sends until all is acknowledged; then everything is where it should be.
    async fn end(&mut self, machine: &Machine) -> Result<()> {
        self.end_of_all().await?;
        self.server.kill().await?;
        integrity::version(&machine.database())?;
        Ok(())
    }

    async fn end_of_all(&mut self) -> Result<()> {
        for learner in &self.learners {
            learner.finish(&self.server.api).await?;
            let stored = self.standing(learner).await?;
            let visit = self.server.api.open(&self.topic, learner.name()).await?;
            learner.check_values(&visit, stored)?;
        }
        for (learner, expected) in &self.retired {
            let stored = self.standing(learner).await?;
            ensure!(stored == *expected, "{}: {expected} was stored, now it is {stored}", learner.name());
        }
        for (course, topic) in &self.courses {
            course.play(&self.server.api, topic).await?;
        }
        Ok(())
    }

    fn sums(&self) -> String {
        let all = self.learners.iter().chain(self.retired.iter().map(|(it, _)| it));
        let (sent, acked) =
            all.map(|it| it.told()).fold((0, 0), |sum, it| (sum.0 + it.sent, sum.1 + it.acked));
        format!("{sent} sent, {acked} acknowledged, {} packages", self.courses.len())
    }
}
