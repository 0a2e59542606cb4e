//! The project's own tasks: `cargo xtask <command>`.

mod bench;
mod build;
mod crash;
mod deny;
mod exits;
mod failed;
mod files;
mod fuzz;
mod load;
mod project;
mod serve;
mod setup;
mod size;
mod stamp;
mod step;
mod test;
mod tidy;
mod truth;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::project::Project;

/// One command: its name, what `cargo xtask` says about it, what it does with the words after it.
type Command = (&'static str, &'static str, fn(&Project, &[String]) -> Result<ExitCode>);

#[rustfmt::skip]
const COMMANDS: &[Command] = &[
    // name    what it does                                                               its room
    ("setup",  "install or explain whatever is missing [--for serve|test]",               setup::command),
    ("build",  "build the run-time for pages (pkg/) and the binary `seattime`",           build::command),
    ("serve",  "build, then serve the demo course [--port N] [--data DIR]",               serve::command),
    ("test",   "everything that CI checks, or only the stages named [STAGE…]",            test::command),
    ("tidy",   "check the invariants that no compiler checks",                            tidy::command),
    ("size",   "weigh pkg/ and the player page against their budgets",                    size::command),
    ("bench",  "measure against a peer or a limit [api|time|cost|commits]; not part of `test`", bench::command),
    ("load",   "tens of thousands of learners before one server [--learners N] [--minutes N]", load::command),
    ("crash",  "kill the server under load [--cycles N] [--seed S] [--database postgres]; five cycles in `test`", crash::command),
    ("mutants", "take the server's safety out, and see that `crash` notices; not part of `test`", crash::mutants),
    ("exits",  "every exit of the page in real browsers [--browser B]; not part of `test`", exits::command),
    ("truth",  "the rules of time against a model that counts seconds, 100,000 cases; fewer in `test`", truth::command),
    ("fuzz",   "random input against the core [--minutes N]; not part of `test`",         fuzz::command),
    ("deny",   "check licences, sources and bans of dependencies; not part of `test`",    deny::command),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    run(&words).unwrap_or_else(|error| {
        // The text alone: whoever is told what to install has no use for a backtrace.
        eprintln!("xtask: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(words: &[String]) -> Result<ExitCode> {
    let Some((name, arguments)) = words.split_first() else {
        println!("cargo xtask <command>, one of:");
        for (name, meaning, _) in COMMANDS {
            println!("  {name:<7} {meaning}");
        }
        return Ok(ExitCode::SUCCESS);
    };
    match COMMANDS.iter().find(|(it, ..)| it == name) {
        Some((_, _, room)) => room(&Project::find()?, arguments),
        None => bail!("no command `{name}`; `cargo xtask` lists those that there are"),
    }
}
