//! Instructions per commit: what the processor counts, or else what valgrind does, or nothing.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::commits::Arguments;
use crate::measure::{Load, Writes};

/// So many learners send at once.
const LEARNERS: usize = 64;
/// Each of them sends so many commits in the shorter of two runs, and in the longer: what both have in common, such as
/// the start and the opening of visits, is not counted.
const COMMITS: (u64, u64) = (2, 6);

/// What counts instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    /// The processor; `perf` reads its counters, where the machine has them.
    Processor,
    /// Valgrind, which interprets every instruction.
    Valgrind,
}

impl Counter {
    /// The best that this machine has.
    pub(crate) fn find() -> Option<Counter> {
        let perf =
            std::process::Command::new("perf").args(["stat", "-x,", "-e", "instructions:u", "true"]).output();
        if perf.is_ok_and(|it| number(&String::from_utf8_lossy(&it.stderr), Counter::Processor).is_some()) {
            return Some(Counter::Processor);
        }
        let valgrind = std::process::Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
        valgrind.is_ok_and(|it| it.success()).then_some(Counter::Valgrind)
    }

    /// The program that runs another one and writes into a file what it counted.
    pub(crate) fn program(self, into: &Path) -> Command {
        match self {
            Counter::Processor => {
                let mut perf = Command::new("perf");
                perf.args(["stat", "-x,", "-e", "instructions:u", "-o"]).arg(into).arg("--");
                perf
            }
            Counter::Valgrind => {
                let mut valgrind = Command::new("valgrind");
                valgrind.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
                valgrind.arg(format!("--log-file={}", into.display()));
                valgrind
            }
        }
    }

    /// Counts, and says what was found.
    pub(crate) async fn count(self, arguments: &Arguments) -> Result<String> {
        let shorter = self.total(arguments, COMMITS.0).await?;
        let longer = self.total(arguments, COMMITS.1).await?;
        let commits = (COMMITS.1 - COMMITS.0) * LEARNERS as u64;
        let by = match self {
            Counter::Processor => "the processor",
            Counter::Valgrind => "valgrind",
        };
        let each = longer.saturating_sub(shorter) / commits;
        Ok(format!(
            "instructions per commit: {each}, counted by {by} over {commits} commits of {LEARNERS} learners"
        ))
    }

    /// All instructions of a server that keeps so many commits of each learner.
    async fn total(self, arguments: &Arguments, commits: u64) -> Result<u64> {
        let data = format!("counted-{commits}");
        let into: PathBuf = arguments.folder.join(format!("{data}.txt"));
        let program = arguments.counted(&self, &data, &into);
        Load::start(program, Writes::NotTold, LEARNERS).await?.send_and_end(commits).await?;
        let told =
            std::fs::read_to_string(&into).with_context(|| format!("{} is missing", into.display()))?;
        number(&told, self).with_context(|| format!("nothing was counted: {told}"))
    }
}

/// The number of instructions in what a counter wrote.
fn number(told: &str, counter: Counter) -> Option<u64> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok();
    told.lines().find_map(|line| match counter {
        // count,unit,event,…
        Counter::Processor => {
            let (count, rest) = line.split_once(',')?;
            let is_count = !count.is_empty() && count.chars().all(|it| it.is_ascii_digit());
            (is_count && rest.contains("instructions")).then(|| digits(count))?
        }
        // ==pid== I refs: 1,234
        Counter::Valgrind => {
            let (name, count) = line.split_once("refs:")?;
            name.trim_end().ends_with('I').then(|| digits(count))?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_read_and_what_is_no_count_is_none() {
        #[rustfmt::skip]
        let cases = [
            // what was written                                          by                  number
            ("# started\n\n1234567,,instructions:u,812,100.00,,\n",       Counter::Processor, Some(1_234_567)),
            ("<not supported>,,instructions:u,0,100.00,,\n",              Counter::Processor, None),
            ("<not counted>,,instructions:u,0,0.00,,\n",                  Counter::Processor, None),
            ("==7== Cachegrind\n==7== \n==7== I   refs:      1,234,567\n", Counter::Valgrind,  Some(1_234_567)),
            ("==7== I refs:        5\n",                                  Counter::Valgrind,  Some(5)),
            ("==7== Cachegrind\n",                                        Counter::Valgrind,  None),
        ];
        for (told, counter, expected) in cases {
            assert_eq!(number(told, counter), expected, "{told}");
        }
    }
}
