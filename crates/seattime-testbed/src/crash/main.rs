//! Kills the server again and again under load, and checks after each start that what it acknowledged is there,
//! that nothing is there which was not sent, and that no second is counted twice.
//!
//! Many learners, each with a log of what it sent and what was acknowledged, talk to a testbed in a process of its
//! own. The process dies by SIGKILL at a random moment or at a named point of a request; what is random comes from
//! the seed, save how far the machine got in that time.

mod learner;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use crate::learner::{Learner, Told};
use crate::server::{Api, Server};

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
}

/// Where a request is when the process dies; between these lie its random moments.
const POINTS: &[&str] = &["before_commit", "after_commit", "before_part", "after_part"];
/// The longest time from the start of the load to a death at a random moment, in ms.
const LONGEST_LIFE_MS: u64 = 400;
/// How long a death at a point is waited for, in ms; whatever is not reached by then is killed.
const PATIENCE_MS: u64 = 2_000;

/// Numbers that look random and are the same for the same seed (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
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
    let mut dice = Dice(arguments.seed);
    let mut server = Server::start(&arguments.testbed, data.path()).await?;
    let topic = server.api.import().await?;
    let mut learners = Vec::new();
    for n in 0..arguments.learners {
        learners.push(Arc::new(Learner::open(&server.api, &topic, n, Dice(dice.next())).await?));
    }
    println!("crash: {} learners, seed {}", learners.len(), arguments.seed);
    let (mut killed, mut at_a_point) = (0_u32, 0_u32);
    for cycle in 1..=arguments.cycles {
        let is_killed = dice.below(2) == 0;
        let point = POINTS.get(dice.below(POINTS.len() as u64) as usize).copied().unwrap_or_default();
        let how = if is_killed { "killed" } else { point };
        let load: Vec<_> =
            learners.iter().map(|it| tokio::spawn(Arc::clone(it).run(server.api.clone()))).collect();
        if is_killed {
            let life = Duration::from_millis(dice.below(LONGEST_LIFE_MS));
            server.live(life).await?;
        } else {
            server.order(&format!("die {how}")).await?;
            server.live_until_death(Duration::from_millis(PATIENCE_MS)).await?;
        }
        server.kill().await?;
        *(if is_killed { &mut killed } else { &mut at_a_point }) += 1;
        for learner in load {
            learner.await?;
        }
        check_integrity(data.path()).with_context(|| format!("cycle {cycle}, {how}"))?;
        server = server.start_again().await?;
        check(&server.api, &learners).await.with_context(|| format!("cycle {cycle}, {how}"))?;
        if cycle % 10 == 0 || cycle == arguments.cycles {
            let told: Vec<Told> = learners.iter().map(|it| it.told()).collect();
            let sum = |of: fn(&Told) -> u64| told.iter().map(of).sum::<u64>();
            println!(
                "crash: {cycle} of {}: {} sent, {} acknowledged",
                arguments.cycles,
                sum(|it| it.sent),
                sum(|it| it.acked)
            );
        }
    }
    for learner in &learners {
        learner.finish(&server.api).await?;
        let values = server.api.open(&topic, learner.name()).await?;
        learner.check_values(&values)?;
    }
    check(&server.api, &learners).await.context("at the end")?;
    server.kill().await?;
    check_integrity(data.path())?;
    println!("crash: {killed} at a random moment, {at_a_point} at a point; nothing lost, nothing double");
    println!("test result: ok. {} passed; 0 failed", arguments.cycles);
    Ok(())
}

/// What is stored lies between what was acknowledged and what was sent, and its time is the model's to the ms.
async fn check(api: &Api, learners: &[Arc<Learner>]) -> Result<()> {
    for learner in learners {
        let (stored, measured_ms) = api.standing(learner.name()).await?;
        let told = learner.told();
        ensure!(
            told.acked <= stored && stored <= told.sent,
            "{}: acknowledged {}, stored {stored}, sent {}",
            learner.name(),
            told.acked,
            told.sent
        );
        let expected_ms = learner.ms_of(stored);
        ensure!(
            measured_ms == expected_ms,
            "{}: {stored} is stored with {measured_ms} ms, sent with {expected_ms}",
            learner.name()
        );
    }
    Ok(())
}

fn check_integrity(data: &std::path::Path) -> Result<()> {
    let database = rusqlite::Connection::open(data.join("seattime.db"))?;
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(verdict == "ok", "the database is damaged: {verdict}");
    Ok(())
}
