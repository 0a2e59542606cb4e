//! Commits a second over PostgreSQL, beside its statements alone: on a cluster that is started for this.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::commits::{Arguments, one_by_one, said};
use crate::measure::{Load, Writes, median, middle};
use crate::raw_postgres::{self, Statements};
use seattime_testing::cluster::{Cluster, programs};

/// Of what the statements alone do, so much at least.
const LEAST_SHARE: f64 = 0.5;

/// Measures; answers whether everything is within its limit.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    let Some(programs) = programs() else {
        println!("  PostgreSQL: not measured: there is none; `cargo xtask setup` installs it");
        return Ok(true);
    };
    let length = Duration::from_secs(arguments.seconds);
    let (mut ours, mut shares, mut shares_of_all) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        let cluster = Arc::new(Cluster::start(&programs, &[])?);
        let url = cluster.url();
        let testbed = arguments.testbed(&format!("postgres-{round}"), &["--database", &url]);
        let writes = Writes::Transactions(Arc::clone(&cluster));
        let measured = Load::start(testbed, writes, arguments.learners).await?.measure(length).await?;
        println!("  {round}: ours over PostgreSQL  {measured}");
        let batch = measured.batch.context("the database does not count its transactions")?;
        let batch = (batch.round() as usize).max(1);
        let kept = measured.rate;
        ours.push(measured);

        let rate = raw_postgres::rate(&url, batch, length, Statements::ThatWrite).await?;
        println!("  {round}: R of PostgreSQL       {rate:>7.0} commits/s, {batch} a transaction");
        shares.push(kept / rate);
        let rate = raw_postgres::rate(&url, batch, length, Statements::ThatReadToo).await?;
        println!("  {round}: R with what is read   {rate:>7.0} commits/s, {batch} a transaction");
        shares_of_all.push(kept / rate);
        if round == arguments.rounds {
            let script = raw_postgres::script(&url).await?;
            let file = arguments.folder.join("commit.sql");
            std::fs::write(&file, script)?;
            println!("  pgbench, each commit alone   {}", cluster.pgbench(&file, arguments.seconds)?);
        }
    }
    println!("  median: {}", middle(&mut ours)?);
    println!("  over PostgreSQL, ours ÷ R with what is read: {:.2}", median(&mut shares_of_all));
    let is_good = said("over PostgreSQL, ours ÷ R", median(&mut shares), LEAST_SHARE, true);

    let cluster = Arc::new(Cluster::start(&programs, &[])?);
    let testbed = arguments.testbed("postgres-duplicates", &["--database", &cluster.url()]);
    let writes = Writes::Transactions(Arc::clone(&cluster));
    let found = Load::start(testbed, writes, 1).await?.one_by_one().await?;
    one_by_one("over PostgreSQL, one after the other", &found);
    Ok(is_good)
}
