//! Many learners at once: how many commits a second a server keeps beside what its parts could do at most, and
//! whether it keeps all of them when tens of thousands learn.

mod client;
mod commits;
mod crowd;
mod instructions;
mod learner;
mod measure;
mod postgres;
mod process;
mod raw;
mod raw_postgres;
mod repair;
mod report;
mod sink;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use tokio::runtime::Builder;

/// What one thread reads of a commit, another one frees once it is kept: this allocator hands such memory out again while
/// the processor still has it at hand.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Commits a second: the raw database, a server that keeps nothing, and the server.
    Commits(commits::Arguments),
    /// Tens of thousands of learners before one server.
    Crowd(crowd::Arguments),
    /// What a repair of many rows costs beside a plain read and update of as many.
    Repair(repair::Arguments),
    /// What a report over many attempts costs beside the bare query.
    Report(report::Arguments),
    /// The server that keeps no commits, for the first.
    Sink(sink::Arguments),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures; answers whether everything is within its limit.
fn run(command: Command) -> Result<bool> {
    let mut runtime = match command {
        // It shares the machine with what it measures: threads that wake each other would be paid for by that.
        Command::Commits(_) => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    runtime.enable_all().build()?.block_on(async {
        match command {
            Command::Commits(arguments) => commits::run(&arguments).await,
            Command::Crowd(arguments) => crowd::run(&arguments).await,
            Command::Repair(arguments) => repair::run(&arguments).await,
            Command::Report(arguments) => report::run(&arguments).await,
            Command::Sink(arguments) => sink::run(arguments).await.map(|()| true),
        }
    })
}
