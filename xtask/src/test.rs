//! `test`: everything that CI checks, as stages, with one sum at the end.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;

use anyhow::{Result, bail};

use crate::project::Project;
use crate::setup::{Browser, Page};
use crate::{build, crash, failed, files, setup, size, step, tidy};

/// What is ready by the time a stage runs.
struct Bench<'a> {
    project: &'a Project,
    ready: Option<(Page, Browser)>,
}

/// What a stage needs before it can run.
#[derive(Clone, Copy, PartialEq)]
enum Needs {
    Nothing,
    Setup,
}

use Needs::{Nothing, Setup};

type Stage = (&'static str, Needs, fn(&Bench) -> Result<Outcome>);

/// The stages, cheapest first, save that the binary embeds `pkg/`: whatever compiles it comes later.
#[rustfmt::skip]
const STAGES: &[Stage] = &[
    // name      needs    what it runs
    ("fmt",      Nothing, fmt),
    ("tidy",     Nothing, check_tidy),
    ("wasm",     Setup,   wasm),
    ("size",     Nothing, check_size),
    ("types",    Setup,   types),
    ("clippy",   Nothing, clippy),
    ("native",   Nothing, native),
    ("doc",      Nothing, doc),
    ("crash",    Nothing, crash),
    ("browser",  Setup,   browser),
    ("e2e",      Setup,   end_to_end),
];

/// What a file of end-to-end tests brings in if its tests play in real time.
const REAL_TIME: &str = "./real_time.js";

/// What came of a stage.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// So many tests passed and failed; the text is shown when one failed, and which ones at the very end.
    Ran { passed: u64, failed: u64, output: String, named: Vec<String> },
    /// There is nothing to run yet, for this reason.
    Skipped(String),
}

/// `cargo xtask test [STAGE…]`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    if let Some(unknown) = arguments.iter().find(|it| !STAGES.iter().any(|(name, ..)| name == it)) {
        let names: Vec<&str> = STAGES.iter().map(|(name, ..)| *name).collect();
        bail!("found stage `{unknown}`, expected one of {}", names.join(", "));
    }
    let is_wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|it| it == name);
    let stages: Vec<&Stage> = STAGES.iter().filter(|(name, ..)| is_wanted(name)).collect();
    let whole = step::Watch::start();
    let (mut all_passed, mut all_failed) = (0, 0);
    let mut all_named = Vec::new();

    let mut bench = Bench { project, ready: None };
    if stages.iter().any(|(_, needs, _)| *needs == Setup) {
        match setup::everything(project) {
            Ok(ready) => bench.ready = Some(ready),
            Err(error) => println!("test: setup … FAILED\n{error:#}"),
        }
    }
    // Whatever embeds the folder asks for it even where nothing of it is tested.
    fs::create_dir_all(project.root.join("pkg"))?;

    for (name, needs, run) in stages {
        println!("test: {name} …");
        let watch = step::Watch::start();
        let outcome = if *needs == Setup && bench.ready.is_none() {
            failure("it needs what setup could not install".to_owned())
        } else {
            run(&bench).unwrap_or_else(|error| failure(format!("{error:#}")))
        };
        match outcome {
            Outcome::Skipped(why) => println!("test: {name} … skipped, {why}"),
            Outcome::Ran { passed, failed, output, named } => {
                let verdict = if failed == 0 { "ok" } else { "FAILED" };
                if failed != 0 {
                    println!("{output}");
                }
                println!("test: {name} … {verdict}, {}", watch.read());
                all_passed += passed;
                all_failed += failed;
                if failed != 0 {
                    all_named.push(format!("{name}: {failed} failed"));
                    all_named.extend(named);
                }
            }
        }
    }
    // Where a long log is shown by its end alone, this is what is seen of it.
    all_named.iter().for_each(|it| println!("test: failed: {it}"));
    println!("test: everything took {}", whole.read());
    println!("{all_passed} passed, {all_failed} failed");
    Ok(if all_failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn fmt(bench: &Bench) -> Result<Outcome> {
    one(bench, "fmt", bench.project.cargo().args(["fmt", "--all", "--check"]))
}

fn check_tidy(bench: &Bench) -> Result<Outcome> {
    let findings = tidy::findings(bench.project)?;
    Ok(verdict(findings.is_empty(), findings.join("\n")))
}

fn wasm(bench: &Bench) -> Result<Outcome> {
    if let Some((page, _)) = &bench.ready {
        build::wasm(bench.project, page)?;
    }
    Ok(verdict(true, String::new()))
}

fn check_size(bench: &Bench) -> Result<Outcome> {
    let (report, is_within) = size::weigh(bench.project)?;
    if is_within {
        println!("{report}");
    }
    Ok(verdict(is_within, report))
}

fn types(bench: &Bench) -> Result<Outcome> {
    let mut check = bench.project.program("node");
    one(bench, "types", check.args(["node_modules/typescript/bin/tsc", "--project", "tsconfig.json"]))
}

fn clippy(bench: &Bench) -> Result<Outcome> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    one(bench, "clippy", bench.project.cargo().args(arguments))
}

fn native(bench: &Bench) -> Result<Outcome> {
    counted(bench, "native", bench.project.cargo().args(["test", "--workspace", "--no-fail-fast"]))
}

fn doc(bench: &Bench) -> Result<Outcome> {
    let mut doc = bench.project.cargo();
    one(bench, "doc", doc.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

fn crash(bench: &Bench) -> Result<Outcome> {
    const MODES: [(&str, &[&str]); 3] = [
        ("crash", &[]),
        ("crash-power-loss", &["--power-loss"]),
        ("crash-postgres", &["--database", "postgres"]),
    ];
    let mut outcomes = Vec::new();
    for (name, mode) in MODES {
        let mut command = crash::driver(bench.project, build::TESTED)?;
        outcomes.push(counted(bench, name, command.args(["--cycles", "5"]).args(mode))?);
    }
    Ok(sum(outcomes))
}

fn browser(bench: &Bench) -> Result<Outcome> {
    let Some((page, browser)) = &bench.ready else { bail!("setup has not run") };
    if !bench.project.root.join("tests/browser.rs").is_file() {
        return Ok(Outcome::Skipped("there is no tests/browser.rs".to_owned()));
    }
    let mut test = page.wasm_pack(bench.project);
    test.args(["test", "--headless", "--chrome", "--chromedriver"]).arg(&browser.driver);
    // Of tests/, only this file is for a browser; the others run natively.
    test.args(["--", "--test", "browser"]);
    // In seconds; the runner's own 20 are few for a browser that starts on a busy machine.
    test.env("WASM_BINDGEN_TEST_TIMEOUT", "120");
    counted(bench, "browser", &mut test)
}

fn end_to_end(bench: &Bench) -> Result<Outcome> {
    let Some((page, browser)) = &bench.ready else { bail!("setup has not run") };
    let project = bench.project;
    let stories = files::directly_in(&project.root.join("tests/e2e"), ".test.js")?;
    if stories.is_empty() {
        return Ok(Outcome::Skipped("there is no tests/e2e/*.test.js".to_owned()));
    }
    build::wasm(project, page)?;
    let binary = build::server(project, build::TESTED)?;
    // By itself, or else the testbed's needs would change how the shipped binary's crates are built.
    let mut testbed = project.cargo();
    testbed.args(["build", "--profile", build::TESTED, "--package", "seattime-testbed"]);
    step::run(project, "test", "compiling the testbed", &mut testbed)?;
    let mut in_real_time = Vec::new();
    let mut under_a_set_clock = Vec::new();
    for story in stories {
        let is_real = fs::read_to_string(&story)?.contains(REAL_TIME);
        if is_real { &mut in_real_time } else { &mut under_a_set_clock }.push(story);
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut outcomes = Vec::new();
    // What no clock stretches runs side by side, a file a core; what plays for real has the machine for itself.
    for (name, at_once, stories) in [("e2e", cores, under_a_set_clock), ("e2e-real-time", 1, in_real_time)] {
        if stories.is_empty() {
            continue; // Without a file, node looks for some.
        }
        let mut test = project.program("node");
        // A story that hangs must not take all of CI's time with it; in milliseconds. The stories of time, one file,
        // are nights of seconds.
        test.args(["--test", "--test-reporter=tap", "--test-timeout=1500000"]);
        test.arg(format!("--test-concurrency={at_once}")).args(stories);
        test.env("SEATTIME_BIN", &binary).env("SEATTIME_TESTBED", beside(&binary, "seattime-testbed"));
        test.env("CHROMIUM", &browser.program);
        outcomes.push(counted(bench, name, &mut test)?);
    }
    Ok(sum(outcomes))
}

fn beside(binary: &Path, name: &str) -> std::path::PathBuf {
    binary.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// A stage that is one check.
fn one(bench: &Bench, name: &str, command: &mut Command) -> Result<Outcome> {
    let (succeeded, log) = step::logged(bench.project, &format!("test-{name}"), command)?;
    Ok(verdict(succeeded, step::tail(&log)?))
}

/// A stage whose tests count themselves.
fn counted(bench: &Bench, name: &str, command: &mut Command) -> Result<Outcome> {
    let (succeeded, log) = step::logged(bench.project, &format!("test-{name}"), command)?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let (passed, failed) = count(&text);
    // A command that fails without a failed test did not get as far as its tests.
    let failed = if succeeded { failed } else { failed.max(1) };
    Ok(Outcome::Ran { passed, failed, output: step::tail(&log)?, named: failed::failed(&text) })
}

/// What came of a stage that runs several commands.
fn sum(outcomes: Vec<Outcome>) -> Outcome {
    let (mut all_passed, mut all_failed, mut shown, mut all_named) = (0, 0, String::new(), Vec::new());
    for outcome in outcomes {
        if let Outcome::Ran { passed, failed, output, named } = outcome {
            all_passed += passed;
            all_failed += failed;
            all_named.extend(named);
            if failed != 0 {
                shown.push_str(&output);
            }
        }
    }
    Outcome::Ran { passed: all_passed, failed: all_failed, output: shown, named: all_named }
}

fn verdict(is_good: bool, output: String) -> Outcome {
    if is_good { Outcome::Ran { passed: 1, failed: 0, output, named: Vec::new() } } else { failure(output) }
}

fn failure(output: String) -> Outcome {
    Outcome::Ran { passed: 0, failed: 1, output, named: Vec::new() }
}

/// Sums what test runners say: cargo's once for each binary, Node's once at the end.
fn count(output: &str) -> (u64, u64) {
    let (mut passed, mut failed) = (0, 0);
    for line in output.lines() {
        if let Some(result) = line.strip_prefix("test result: ") {
            passed += before(result, " passed");
            failed += before(result, " failed");
        } else if let Some(number) = line.strip_prefix("# pass ") {
            passed += number.trim().parse().unwrap_or(0);
        } else if let Some(number) = line.strip_prefix("# fail ").or(line.strip_prefix("# cancelled ")) {
            failed += number.trim().parse().unwrap_or(0);
        }
    }
    (passed, failed)
}

/// The number that stands before a word.
fn before(text: &str, word: &str) -> u64 {
    let number = text.split_once(word).and_then(|(front, _)| front.rsplit(' ').next());
    number.and_then(|it| it.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_summed_over_runners_and_binaries() {
        let output = "running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            # tests 6\n# pass 4\n# fail 1\n# cancelled 1\n";
        assert_eq!(count(output), (9, 3), "what took too long was cancelled");
    }

    #[test]
    fn output_without_a_sum_counts_nothing() {
        assert_eq!(count("error: could not compile `x`\ntest result: garbage\n"), (0, 0));
    }
}
