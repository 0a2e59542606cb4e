//! The one binary, `seattime`.

mod assets;
mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use seattime_repair::Command as Repair;
use seattime_server::config::{LOG_FORMAT_VARIABLE, LOG_VARIABLE};
use tracing_subscriber::EnvFilter;

/// What one thread reads of a commit, another one frees once it is kept: this allocator hands such memory out again while
/// the processor still has it at hand.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A SCORM run-time that keeps honest time.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// How it is logged, each line to standard error.
    #[arg(long, global = true, env = LOG_FORMAT_VARIABLE, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve courses: launch them, keep what learners did, answer reports.
    Serve(commands::serve::Arguments),
    /// Move everything from the file in the data folder into a PostgreSQL database.
    MigrateStore(commands::migrate_store::Arguments),
    /// Import courses into the data folder; the server may be running.
    Import(commands::import::Arguments),
    /// Who logs in: trainers and administrators; the server may be running.
    #[command(subcommand)]
    Account(commands::account::Command),
    /// Tenants, who see nothing of each other; the server may be running.
    #[command(subcommand)]
    Tenant(commands::tenant::Command),
    /// Write everything in the data folder into one file; the server may be running.
    Backup(commands::backup::Arguments),
    /// Put a backup into a data folder on which no server runs.
    Restore(commands::restore::Arguments),
    /// Judge what is kept by the policy of now, each course by its own, telling what changes; the server may be running.
    Recompute(commands::recompute::Arguments),
    /// Derive every row of the report anew and compare it with what is kept; the server may be running.
    Verify(commands::verify::Arguments),
    /// Say what is wrong with a data folder or a database, and what to do; the server may be running.
    Doctor(commands::doctor::Arguments),
    /// In the LMS's own database: time spent, from what videos and audios left behind; never less than it was.
    SyncTimeSpent(commands::repair::Arguments),
    /// In the LMS's own database: times of SCORM attempts as their packages sent them, and their sums.
    FixScormTime(commands::repair::Arguments),
    /// In the LMS's own database: how many attempts there were, as enrolments counted them.
    SyncScormAttempts(commands::repair::Arguments),
    /// Take what an LMS kept before its courses ran here into Seattime, shown as such; the server may be running.
    ImportHistory(commands::import_history::Arguments),
    /// In the LMS's own database: time spent and attempts, set to what Seattime shows; never less than they were.
    SetTimeSpent(commands::set_time_spent::Arguments),
    /// Take back what one of the commands changed in the LMS's own database, in rows that still hold it.
    Undo(commands::undo::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log(arguments.log_format);
    let result = tokio::runtime::Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| {
        let result = runtime.block_on(async {
            match arguments.command {
                Command::Serve(arguments) => commands::serve::run(arguments).await,
                Command::MigrateStore(arguments) => commands::migrate_store::run(arguments).await,
                Command::Import(arguments) => commands::import::run(arguments).await,
                Command::Account(command) => commands::account::run(command).await,
                Command::Tenant(command) => commands::tenant::run(command).await,
                Command::Backup(arguments) => commands::backup::run(arguments).await,
                Command::Restore(arguments) => commands::restore::run(arguments).await,
                Command::Recompute(arguments) => commands::recompute::run(arguments).await,
                Command::Verify(arguments) => commands::verify::run(arguments).await,
                Command::Doctor(arguments) => commands::doctor::run(arguments).await,
                Command::SyncTimeSpent(arguments) => {
                    commands::repair::run(Repair::SyncTimeSpent, arguments).await
                }
                Command::FixScormTime(arguments) => {
                    commands::repair::run(Repair::FixScormTime, arguments).await
                }
                Command::SyncScormAttempts(arguments) => {
                    commands::repair::run(Repair::SyncScormAttempts, arguments).await
                }
                Command::ImportHistory(arguments) => commands::import_history::run(arguments).await,
                Command::SetTimeSpent(arguments) => commands::set_time_spent::run(arguments).await,
                Command::Undo(arguments) => commands::undo::run(arguments).await,
            }
        });
        runtime.shutdown_background(); // A report that is still being read is nobody's any more.
        result
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seattime: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Has warnings and errors logged, or what the environment asks for.
fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).init(),
    }
}
