//! The same over PostgreSQL: the server dies, or the database as by a loss of power, or both, under load.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use seattime_testing::rng::Rng;

use super::course::Course;
use super::server::Machine;
use super::{Arguments, LONGEST_LIFE_MS, PATIENCE, Room};
use seattime_testing::cluster::{Cluster, MOVABLE_CLOCK, programs};

/// What dies. The cycles take these in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    /// The server, at a random moment.
    Server,
    /// The server, at a point of a request.
    ServerAtAPoint,
    /// The database; the server goes on, and so does the load.
    Database,
    /// Both, in either order.
    Both,
}

const DEATHS: [Death; 4] = [Death::Database, Death::ServerAtAPoint, Death::Both, Death::Server];

/// Where the server dies, and at most the Nth time that it passes there.
const POINTS: &[(&str, u64)] =
    &[("before_commit", 100), ("after_commit", 100), ("before_part", 40), ("after_part", 40)];

/// Between the opening of a visit and its first message the database's clock goes this much on, in ms: servers tell it
/// by their own clocks, each a ms or two off, and no message may seem to have come before its visit.
const SLACK_MS: i64 = 1_000;

/// Every cycle, and the end.
pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    let Some(programs) = programs() else {
        println!("crash: there is no PostgreSQL; `cargo xtask setup` installs it");
        println!("test result: ok. 0 passed; 0 failed");
        return Ok(());
    };
    let cluster = Arc::new(Cluster::start(&programs, &[])?);
    cluster.ask(MOVABLE_CLOCK)?;
    let data = tempfile::tempdir()?;
    let mut rng = Rng::from_seed(arguments.seed);
    let mut machine = Machine::new(&arguments.testbed, data.path(), None);
    machine.cluster = Some(Arc::clone(&cluster));
    let server = machine.start().await?;
    let course = Course::new("Crash".to_owned(), 0, Rng::from_seed(rng.next_u64()));
    let topic = course.import(&server.api).await?;
    let (learners, retired, courses) = (Vec::new(), Vec::new(), Vec::new());
    let mut room = Room { server, topic, rng, learners, retired, courses };
    for _ in 0..arguments.learners {
        let learner = room.newcomer().await?;
        room.learners.push(learner);
    }
    cluster.move_clock(SLACK_MS)?;
    println!("crash: {} learners, seed {}, over PostgreSQL", arguments.learners, arguments.seed);
    let mut restarts = 0;
    for (cycle, death) in (1..=arguments.cycles).zip(DEATHS.into_iter().cycle()) {
        restarts += u32::from(matches!(death, Death::Database | Death::Both));
        room.postgres_cycle(&mut machine, &cluster, death)
            .await
            .with_context(|| format!("cycle {cycle}, {death:?}"))?;
        if cycle % 10 == 0 || cycle == arguments.cycles {
            println!("crash: {cycle} of {}: {}", arguments.cycles, room.sums());
        }
    }
    room.end_of_all().await.context("at the end")?;
    room.server.kill().await?;
    cluster.check().context("the database is damaged")?;
    println!("crash: the database died {restarts} times; nothing lost, nothing double");
    println!("test result: ok. {} passed; 0 failed", arguments.cycles);
    Ok(())
}

impl Room {
    async fn postgres_cycle(
        &mut self,
        machine: &mut Machine,
        cluster: &Arc<Cluster>,
        death: Death,
    ) -> Result<()> {
        let load = self.load();
        match death {
            Death::ServerAtAPoint => {
                let point = self.point_of(POINTS);
                self.server.order(&format!("die {point}")).await?;
                self.server.live_until_death(PATIENCE).await?;
            }
            Death::Server => self.live_a_while().await?,
            Death::Database => {
                self.live_a_while().await?;
                restart(cluster).await?;
                self.live_a_while().await?;
            }
            Death::Both => {
                self.live_a_while().await?;
                let restarting = tokio::spawn(restart_of(Arc::clone(cluster)));
                tokio::time::sleep(Duration::from_millis(self.rng.below(LONGEST_LIFE_MS))).await;
                self.server.kill().await?;
                restarting.await??;
            }
        }
        self.server.kill().await?;
        let load = load.paused().await?;
        self.server = machine.start().await?;
        self.check().await.context("under load")?;
        load.end().await?;
        self.check().await?;
        self.retire().await?;
        Ok(cluster.move_clock(SLACK_MS)?)
    }
}

async fn restart(cluster: &Arc<Cluster>) -> Result<()> {
    restart_of(Arc::clone(cluster)).await
}

async fn restart_of(cluster: Arc<Cluster>) -> Result<()> {
    Ok(tokio::task::spawn_blocking(move || cluster.restart_at_once()).await??)
}
