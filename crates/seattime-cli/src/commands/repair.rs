//! `sync-time-spent`, `fix-scorm-time` and `sync-scorm-attempts`: the LMS's own rows put right, and each explained.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use seattime_repair::{Asked, Command, Listener, Lms, Map, Outcome, Recording, Summary, Told};
use seattime_server::clock::SystemClock;
use seattime_server::config::{LMS_VARIABLE, USER_VARIABLE};
use serde_json::json;

/// The database of an LMS, and what its tables are called.
#[derive(Debug, clap::Args)]
pub(crate) struct Reached {
    /// The LMS's own database: `postgres://…`, or the path of a file of SQLite.
    #[arg(long, env = LMS_VARIABLE, hide_env_values = true)]
    pub(crate) lms: String,
    /// A TOML file with the names of its tables and columns, as far as they are not those that Django gives; see
    /// docs/repair.md.
    #[arg(long)]
    pub(crate) map: Option<PathBuf>,
}

impl Reached {
    pub(crate) fn names(&self) -> Result<Map> {
        Ok(self.map.as_deref().map_or_else(Map::django, Map::read)?)
    }
}

/// How changes are made and told.
#[derive(Debug, clap::Args)]
pub(crate) struct Manner {
    /// Show every change, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Tell each row as a JSON object on a line of its own, and the summary as the last one.
    #[arg(long)]
    pub(crate) json: bool,
    /// Tell only rows that are changed, not those of which nothing can be told, or which are right.
    #[arg(long)]
    pub(crate) changes_only: bool,
    /// Ask no question before writing.
    #[arg(long)]
    pub(crate) yes: bool,
    /// The folder of undo files, and of the record of who did what and when.
    #[arg(long, default_value = "seattime-records")]
    pub(crate) records: PathBuf,
    /// Who asks, as that record says it.
    #[arg(long, env = USER_VARIABLE, default_value = "unknown")]
    by: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    reached: Reached,
    /// Only rows of this learner, by the LMS's own id.
    #[arg(long)]
    user_id: Option<String>,
    /// Only rows that were changed since: a day as 2026-01-31, or a moment as 2026-01-31T18:00:00Z.
    #[arg(long)]
    since: Option<String>,
    #[command(flatten)]
    manner: Manner,
}

pub(crate) async fn run(command: Command, arguments: Arguments) -> Result<()> {
    let Arguments { reached, user_id, since, manner } = arguments;
    let map = reached.names()?;
    let asked = Asked::new(user_id, since.as_deref())?;
    let mut lms = Lms::open(&reached.lms).await?;
    if !manner.dry_run {
        let what =
            format!("{} changes {} in {}", command.word(), command.writes(&map).join(", "), lms.place());
        confirm(&what, &manner)?;
    }
    let recording = manner.recording();
    let mut screen = Screen::new(&manner);
    let ran =
        seattime_repair::repair(&mut lms, &map, command, &asked, recording, &SystemClock, &mut screen).await;
    screen.end(ran.map_err(anyhow::Error::from), &manner)
}

impl Manner {
    /// Where changes are recorded; nowhere in a dry run, which makes none.
    pub(crate) fn recording(&self) -> Option<Recording<'_>> {
        (!self.dry_run).then_some(Recording { folder: &self.records, by: &self.by })
    }
}

/// Asks whether that may be done.
pub(crate) fn confirm(what: &str, manner: &Manner) -> Result<()> {
    if manner.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        bail!(
            "{what}; nobody is there to be asked: say --yes to go on, or --dry-run to see every change first"
        );
    }
    eprint!(
        "{what}.\nEvery change goes into an undo file in {} first; --dry-run shows them all. Go on? [y/N] ",
        manner.records.display()
    );
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if !matches!(answer.trim(), "y" | "Y" | "yes") {
        bail!("nothing was changed");
    }
    Ok(())
}

/// Rows on standard output, and how far it is on standard error.
pub(crate) struct Screen {
    bar: ProgressBar,
    is_json: bool,
    is_dry: bool,
    changes_only: bool,
    out: std::io::BufWriter<std::io::Stdout>,
    /// Whether whoever reads is gone.
    is_broken: bool,
    /// What was told of how far it is, in tenths.
    tenths: u64,
}

impl Screen {
    pub(crate) fn new(manner: &Manner) -> Screen {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) =
            ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} rows, {eta} left")
        {
            bar.set_style(style);
        }
        Screen {
            bar,
            is_json: manner.json,
            is_dry: manner.dry_run,
            changes_only: manner.changes_only,
            out: std::io::BufWriter::new(std::io::stdout()),
            is_broken: false,
            tenths: 0,
        }
    }

    fn say(&mut self, line: &str) {
        self.is_broken = self.is_broken || writeln!(self.out, "{line}").is_err();
    }

    /// Tells what it came to.
    pub(crate) fn end(mut self, ran: Result<Summary>, manner: &Manner) -> Result<()> {
        self.bar.finish_and_clear();
        let told = ran.map(|summary| {
            if self.is_json {
                self.say(&json!({ "summary": summary, "dry_run": self.is_dry }).to_string());
            } else {
                lines(&summary, self.is_dry, &manner.records).iter().for_each(|it| self.say(it));
            }
        });
        self.out.flush().ok(); // Whoever reads may be gone; the work is done all the same.
        told
    }
}

impl Listener for Screen {
    fn row(&mut self, told: &Told) {
        if self.changes_only && !matches!(told.outcome, Outcome::Changed | Outcome::Moved | Outcome::Refused)
        {
            return;
        }
        let line = if self.is_json {
            serde_json::to_string(told).unwrap_or_default()
        } else {
            let would = if self.is_dry && told.outcome == Outcome::Changed { "would be " } else { "" };
            format!("{would}{told}")
        };
        self.say(&line);
    }

    fn progress(&mut self, done: u64, of: u64) {
        self.bar.suspend(|| self.out.flush()).ok();
        self.bar.set_length(of);
        self.bar.set_position(done);
        let tenths = (done * 10).checked_div(of).unwrap_or(10);
        if self.bar.is_hidden() && tenths > self.tenths && of > 10_000 {
            eprintln!("{done} of {of} rows");
        }
        self.tenths = if done >= of { 0 } else { tenths };
    }
}

/// The summary, for people.
fn lines(summary: &Summary, is_dry: bool, records: &Path) -> Vec<String> {
    const WORDS: [(Outcome, &str); 10] = [
        (Outcome::Changed, "changed"),
        (Outcome::Right, "right as they are"),
        (Outcome::Higher, "say more already, and stay"),
        (Outcome::NotRecoverable, "cannot be recovered: nothing was ever sent"),
        (Outcome::Malformed, "hold what cannot be read"),
        (Outcome::Implausible, "say more than is believed"),
        (Outcome::Ambiguous, "stand for the same learner and topic as others"),
        (Outcome::Moved, "were changed or held by others meanwhile: run it again"),
        (Outcome::NoTopic, "belong to no row of the report"),
        (Outcome::Refused, "were refused by the database, which says why"),
    ];
    let mut lines = vec![String::new()];
    for (outcome, words) in WORDS {
        let count = summary.count(outcome);
        if count > 0 {
            let would = if is_dry && outcome == Outcome::Changed { "would be " } else { "" };
            lines.push(format!("{count:>10} {would}{words}"));
        }
    }
    if summary.seconds_more > 0 {
        let (hours, minutes) = (summary.seconds_more / 3_600, summary.seconds_more / 60 % 60);
        let more = if is_dry { "would show" } else { "shows" };
        lines.push(format!("the report {more} {hours}h {minutes}m {}s more", summary.seconds_more % 60));
    }
    if summary.changed_before > 0 {
        lines.push(format!(
            "{} rows were changed by the run that this one went on with",
            summary.changed_before
        ));
    }
    if is_dry {
        lines.push("nothing was written: a dry run".to_owned());
    } else if let Some(undo) = &summary.undo {
        lines.push(format!("to take it back: seattime undo {} --lms …", undo.display()));
    }
    if !is_dry {
        lines.push(format!("who did what and when: {}", records.join("audit.jsonl").display()));
    }
    lines
}
