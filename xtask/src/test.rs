//! `test`: everything that CI checks, as stages, with one sum at the end.

use std::collections::BTreeSet;
use std::env;
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

/// Lists what may not be missing, as `postgres,webkit`.
const REQUIRE: &str = "SEATTIME_REQUIRE";
/// Names the file in which tests of Rust note that they were skipped, as `seattime_testing::need`.
const SKIPS: &str = "SEATTIME_SKIPS";

/// What a file of end-to-end tests brings in if its tests play in real time.
const REAL_TIME: [&str; 2] = ["./real_time.js", "./lms_page.js"];

/// What came of a stage.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// Counts of tests; the output is shown when one failed, and at the very end which ones failed and were skipped.
    Ran { counts: Counts, output: String, failed: Vec<String>, skipped: Vec<String> },
    /// Nothing could run, for this reason.
    Skipped(String),
}

/// How many tests passed, failed and were skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    fn add(&mut self, more: Counts) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.skipped += more.skipped;
    }
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
    let mut all = Counts::default();
    let (mut all_failed, mut all_skipped) = (Vec::new(), Vec::new());

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
            Outcome::Skipped(why) => {
                println!("test: {name} … skipped");
                all.skipped += 1;
                all_skipped.push(format!("{name}: {why}"));
            }
            Outcome::Ran { counts, output, failed, skipped } => {
                let verdict = if counts.failed == 0 { "ok" } else { "FAILED" };
                if counts.failed != 0 {
                    println!("{output}");
                    all_failed.push(format!("{name}: {} failed", counts.failed));
                    all_failed.extend(failed);
                }
                println!("test: {name} … {verdict}, {}", watch.read());
                all.add(counts);
                all_skipped.extend(skipped);
            }
        }
    }
    // Where a long log is shown by its end alone, this is what is seen of it.
    all_skipped.iter().for_each(|it| println!("test: skipped: {it}"));
    all_failed.iter().for_each(|it| println!("test: failed: {it}"));
    println!("test: everything took {}", whole.read());
    println!("{} passed, {} failed, {} skipped", all.passed, all.failed, all.skipped);
    Ok(if all.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
    let project = bench.project;
    build::wasm(project, page)?;
    let chromium = Some((browser.driver.clone(), page.wasm_pack(project)));
    let firefox = project.find_program("geckodriver").map(|it| (it, page.wasm_pack(project)));
    let webkit = setup::webkit(project).map(|(driver, screen)| {
        let mut on_screen = page.program(project, screen);
        on_screen.args(["--auto-servernum", "wasm-pack"]);
        (driver, on_screen)
    });
    // WebKit's driver speaks the protocol of Safari's.
    let engines = [
        ("chromium", ["--chrome", "--chromedriver"], chromium),
        ("firefox", ["--firefox", "--geckodriver"], firefox),
        ("webkit", ["--safari", "--safaridriver"], webkit),
    ];
    let mut outcomes = Vec::new();
    for (name, flags, found) in engines {
        let Some((driver, mut test)) = found else {
            outcomes.push(missing(name, &format!("tests/browser.rs: {name} or its driver is missing")));
            continue;
        };
        test.args(["test", "--headless"]).args(flags).arg(driver);
        // Of tests/, only this file is for a browser; the others run natively.
        test.args(["--", "--test", "browser"]);
        // In seconds; the runner's own 20 are few for a browser that starts on a busy machine.
        test.env("WASM_BINDGEN_TEST_TIMEOUT", "120");
        outcomes.push(counted(bench, &format!("browser-{name}"), &mut test)?);
    }
    Ok(sum(outcomes))
}

/// The outcome of tests whose need is missing: skipped, or failed where [`REQUIRE`] lists the need.
fn missing(need: &str, what: &str) -> Outcome {
    let required = env::var(REQUIRE).unwrap_or_default();
    if required.split(',').any(|it| it.trim() == need) {
        return failure(format!("{what}, and {REQUIRE}={required} requires it"));
    }
    let counts = Counts { skipped: 1, ..Counts::default() };
    Outcome::Ran { counts, output: String::new(), failed: Vec::new(), skipped: vec![what.to_owned()] }
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
        let text = fs::read_to_string(&story)?;
        let is_real = REAL_TIME.iter().any(|it| text.contains(it));
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
    let notes = bench.project.notes().join(format!("skips-{name}"));
    if notes.exists() {
        fs::remove_file(&notes)?;
    }
    let command = command.env(SKIPS, &notes);
    let (succeeded, log) = step::logged(bench.project, &format!("test-{name}"), command)?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let noted = if notes.exists() { fs::read_to_string(&notes)? } else { String::new() };
    let (mut counts, skipped) = count(&text, &noted);
    // A command that fails without a failed test did not get as far as its tests.
    counts.failed = if succeeded { counts.failed } else { counts.failed.max(1) };
    Ok(Outcome::Ran { counts, output: step::tail(&log)?, failed: failed::failed(&text), skipped })
}

/// The outcome of a stage that runs several commands.
fn sum(outcomes: Vec<Outcome>) -> Outcome {
    let (mut all, mut shown) = (Counts::default(), String::new());
    let (mut all_failed, mut all_skipped) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        if let Outcome::Ran { counts, output, failed, skipped } = outcome {
            all.add(counts);
            all_failed.extend(failed);
            all_skipped.extend(skipped);
            if counts.failed != 0 {
                shown.push_str(&output);
            }
        }
    }
    Outcome::Ran { counts: all, output: shown, failed: all_failed, skipped: all_skipped }
}

fn verdict(is_good: bool, output: String) -> Outcome {
    if !is_good {
        return failure(output);
    }
    let counts = Counts { passed: 1, ..Counts::default() };
    Outcome::Ran { counts, output, failed: Vec::new(), skipped: Vec::new() }
}

fn failure(output: String) -> Outcome {
    let counts = Counts { failed: 1, ..Counts::default() };
    Outcome::Ran { counts, output, failed: Vec::new(), skipped: Vec::new() }
}

/// Sums the counts that test runners print: cargo's once for each binary, Node's once at the end. `noted` are the skips
/// of tests of Rust, a line each: their runner counts them as passed.
fn count(output: &str, noted: &str) -> (Counts, Vec<String>) {
    let mut counts = Counts::default();
    let mut skipped: Vec<String> = Vec::new();
    let number = |text: &str| text.trim().parse().unwrap_or(0);
    for line in output.lines() {
        if let Some(result) = line.strip_prefix("test result: ") {
            counts.passed += before(result, " passed");
            counts.failed += before(result, " failed");
            counts.skipped += before(result, " ignored");
        } else if let Some(text) = line.strip_prefix("# pass ") {
            counts.passed += number(text);
        } else if let Some(text) = line.strip_prefix("# fail ").or(line.strip_prefix("# cancelled ")) {
            counts.failed += number(text);
        } else if let Some(text) = line.strip_prefix("# skipped ").or(line.strip_prefix("# todo ")) {
            counts.skipped += number(text);
        } else if let Some((name, why)) = line.split_once(" # SKIP ").filter(|_| line.starts_with("ok ")) {
            let name = name.split_once(" - ").map_or(name, |it| it.1);
            skipped.push(format!("{name}: {why}"));
        } else if let Some(name) = line.strip_suffix(" ... ignored").and_then(|it| it.strip_prefix("test ")) {
            skipped.push(format!("{name}: ignored"));
        }
    }
    // A test that needs the same thing twice notes it twice.
    let noted: BTreeSet<&str> = noted.lines().collect();
    counts.passed = counts.passed.saturating_sub(noted.len() as u64);
    counts.skipped += noted.len() as u64;
    skipped.extend(noted.into_iter().map(str::to_owned));
    (counts, skipped)
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
        let counts = Counts { passed: 9, failed: 3, skipped: 0 };
        assert_eq!(count(output, ""), (counts, Vec::new()), "what took too long was cancelled");
    }

    #[test]
    fn skipped_tests_are_neither_passed_nor_failed() {
        let output = "test slow ... ignored\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            ok 1 - in a browser # SKIP adl is missing: name it\n# pass 4\n# fail 0\n# skipped 1\n";
        let noted = "suite: in_postgres: postgres is missing: install it\n".repeat(2);
        let (counts, skipped) = count(output, &noted);
        assert_eq!(counts, Counts { passed: 6, failed: 0, skipped: 3 });
        assert_eq!(
            skipped,
            [
                "slow: ignored",
                "in a browser: adl is missing: name it",
                "suite: in_postgres: postgres is missing: install it",
            ]
        );
    }

    #[test]
    fn output_without_a_sum_counts_nothing() {
        let output = "error: could not compile `x`\ntest result: garbage\n";
        assert_eq!(count(output, "").0, Counts::default());
    }
}
