//! Long steps: one line when they begin, one with their time when they end, their output in a log.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::project::Project;

/// How many lines of a failed step's log are shown.
const TAIL_LINES: usize = 200;

/// Measures how long something takes.
pub(crate) struct Watch(Instant);

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a task tells real time; nothing of it ships")]
    pub(crate) fn start() -> Watch {
        Watch(Instant::now())
    }

    /// The time since the start, for people: `0.4 s`, `43 s`.
    pub(crate) fn read(&self) -> String {
        format_duration(self.0.elapsed())
    }
}

/// Runs a command as a step of `room`, its output in a log; an error shows the log's end.
pub(crate) fn run(project: &Project, room: &str, what: &str, command: &mut Command) -> Result<()> {
    println!("{room}: {what} …");
    let watch = Watch::start();
    let (succeeded, log) = logged(project, &format!("{room}-{what}"), command)?;
    if !succeeded {
        bail!("{room}: {what} failed after {}; {}", watch.read(), tail(&log)?);
    }
    println!("{room}: {what} … {}", watch.read());
    Ok(())
}

/// Runs a command with its output in the log of that name; says whether it succeeded, and the log's path.
pub(crate) fn logged(project: &Project, name: &str, command: &mut Command) -> Result<(bool, PathBuf)> {
    let folder = project.notes().join("logs");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let path = folder.join(format!("{}.log", file_name(name)));
    let log = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    command.stdout(log.try_clone()?).stderr(log);
    let status = command.status();
    let status = status.with_context(|| format!("cannot start {}", command.get_program().display()))?;
    Ok((status.success(), path))
}

/// The end of a log, introduced by its path.
pub(crate) fn tail(log: &Path) -> Result<String> {
    let text = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default();
    Ok(format!("the end of {}:\n{}", log.display(), shown.join("\n")))
}

fn format_duration(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{:.1} s", time.as_secs_f32())
    } else {
        format!("{} s", time.as_secs())
    }
}

fn file_name(name: &str) -> String {
    let cleaned = name.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' });
    cleaned.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_have_a_tenth_and_long_ones_have_not() {
        assert_eq!(format_duration(Duration::from_millis(449)), "0.4 s");
        assert_eq!(format_duration(Duration::from_millis(43_900)), "43 s");
    }

    #[test]
    fn a_log_is_named_after_its_step() {
        assert_eq!(file_name("setup-std for wasm32"), "setup-std-for-wasm32");
    }
}
