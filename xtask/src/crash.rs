//! `crash` and `mutants`: the server dies under load and loses nothing; with a safety of server or page taken out, that is
//! noticed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};

use crate::project::Project;
use crate::{build, files, step};

/// What of the tree a mutant is built from.
const SOURCES: &[&str] =
    &["Cargo.toml", "Cargo.lock", "crates", "src", "xtask", "www", "pkg", "rust-toolchain.toml", "tests"];
/// So many cycles have to be enough to notice a mutant.
const MUTANT_CYCLES: &str = "60";

/// What the first line of a patch says before the command that has to notice it.
const NOTICED_BY: &str = "# noticed by: cargo ";

/// The command that notices a mutant, with its options.
#[derive(Debug, PartialEq)]
enum Notice {
    Crash(Vec<String>),
    Test(Vec<String>),
}

/// `cargo xtask crash [--cycles N] [--seed S] [--learners N] [--power-loss] [--fsync-ms N] [--database postgres]`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let status = driver(project, build::RELEASE)?.args(arguments).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The driver of the crash test, compiled, with the testbed that it kills.
pub(crate) fn driver(project: &Project, profile: &str) -> Result<Command> {
    let mut testbed = project.cargo();
    testbed.args(["build", "--profile", profile, "--package", "seattime-testbed"]);
    step::run(project, "crash", "compiling the testbed", &mut testbed)?;
    Ok(driver_in(&project.target.join(profile)))
}

fn driver_in(folder: &Path) -> Command {
    let binary = |name: &str| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let mut driver = Command::new(binary("seattime-crash"));
    driver.arg("--testbed").arg(binary("seattime-testbed"));
    driver
}

/// `cargo xtask mutants [NAME …]`: applies each patch of `tests/mutations/`, or those of these names, to a copy; the
/// command that it names has to fail there.
pub(crate) fn mutants(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let all = files::directly_in(&project.root.join("tests/mutations"), ".patch")?;
    let name_of = |patch: &Path| patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(unknown) = arguments.iter().find(|it| !all.iter().any(|patch| name_of(patch) == **it)) {
        bail!("found `{unknown}`, expected names of patches in tests/mutations, or none for all");
    }
    let is_wanted = |patch: &PathBuf| arguments.is_empty() || arguments.contains(&name_of(patch));
    let patches: Vec<PathBuf> = all.iter().filter(|it| is_wanted(it)).cloned().collect();
    ensure!(!patches.is_empty(), "tests/mutations has no patches");
    let (copy, target) = (project.target.join("mutants/source"), project.target.join("mutants/target"));
    let mut survivors = Vec::new();
    for patch in &patches {
        let name = name_of(patch);
        let notice = notice(&fs::read_to_string(patch)?).with_context(|| format!("{name}.patch"))?;
        copy_sources(project, &copy)?;
        let mut apply = Command::new("git");
        apply
            .args(["apply", "--unsafe-paths", "--directory"])
            .arg(&copy)
            .arg(patch)
            .current_dir(&project.root);
        let applied = apply.status().context("git is missing: install it")?;
        ensure!(applied.success(), "{name}: the patch does not fit any more; make it anew");
        let cargo = |arguments: &[&str]| {
            let mut cargo = project.cargo();
            // Not optimized: each is compiled to be run once.
            cargo.args(arguments).env("CARGO_PROFILE_DEV_DEBUG", "0");
            cargo.current_dir(&copy).env("CARGO_TARGET_DIR", &target);
            cargo
        };
        let mut command = match notice {
            Notice::Crash(options) => {
                let mut build = cargo(&["build", "--package", "seattime-testbed"]);
                step::run(project, "mutants", &format!("compiling the server with {name}"), &mut build)?;
                let mut crash = driver_in(&target.join("debug"));
                crash.args(["--cycles", MUTANT_CYCLES]).args(options);
                crash
            }
            Notice::Test(options) => {
                let mut build = cargo(&["test", "--no-run"]);
                let what = format!("compiling the tests with {name}");
                step::run(project, "mutants", &what, build.args(&options))?;
                let mut test = cargo(&["test"]);
                test.args(options);
                test
            }
        };
        let (survived, _) = step::logged(project, &format!("mutant-{name}"), &mut command)?;
        println!("mutants: {name} … {}", if survived { "NOT NOTICED" } else { "noticed" });
        if survived {
            survivors.push(name);
        }
    }
    println!("mutants: {} of {} noticed", patches.len() - survivors.len(), patches.len());
    Ok(if survivors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The command that a patch names in its first line, which git does not look at.
fn notice(patch: &str) -> Result<Notice> {
    let first = patch.lines().next().unwrap_or_default();
    let words = first.strip_prefix(NOTICED_BY).unwrap_or_default();
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["xtask", "crash", ..] => Ok(Notice::Crash(words.into_iter().skip(2).collect())),
        ["test", ..] => Ok(Notice::Test(words.into_iter().skip(1).collect())),
        _ => bail!(
            "found `{first}` in its first line, expected `{NOTICED_BY}xtask crash …` or `{NOTICED_BY}test …`"
        ),
    }
}

/// Copies what has changed, so that little is compiled anew.
fn copy_sources(project: &Project, copy: &Path) -> Result<()> {
    for name in SOURCES {
        let path = project.root.join(name);
        if path.is_file() {
            renew(&path, &copy.join(name))?;
        } else if path.is_dir() {
            for file in files::under(&path)? {
                let target: PathBuf = copy.join(file.strip_prefix(&project.root)?);
                renew(&file, &target)?;
            }
        }
    }
    Ok(())
}

fn renew(file: &Path, target: &Path) -> Result<()> {
    let new = fs::read(file)?;
    if fs::read(target).is_ok_and(|old| old == new) {
        return Ok(());
    }
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(target, new).with_context(|| format!("cannot write {}", target.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_says_what_notices_it() {
        let of = |first: &str| notice(&format!("{first}\ndiff --git a/x b/x\n")).ok();
        let words = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(of("# noticed by: cargo xtask crash"), Some(Notice::Crash(Vec::new())));
        let power = Some(Notice::Crash(words(&["--power-loss"])));
        assert_eq!(of("# noticed by: cargo xtask crash --power-loss"), power);
        let test = Some(Notice::Test(words(&["-p", "seattime-core", "outbox"])));
        assert_eq!(of("# noticed by: cargo test -p seattime-core outbox"), test);
        assert_eq!(of("# noticed by: cargo xtask tidy"), None);
        assert_eq!(of("# mode: power-loss"), None);
    }
}
