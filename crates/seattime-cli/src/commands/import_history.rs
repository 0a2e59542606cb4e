//! `import-history`: what an LMS kept before its courses ran here, taken over.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use seattime_repair::{Asked, Into, Lms, Taken, TakenAs};
use serde_json::json;

use super::kept::Ours;
use super::repair::Reached;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    reached: Reached,
    #[command(flatten)]
    ours: Ours,
    /// Only rows of this learner, by the LMS's own id.
    #[arg(long)]
    user_id: Option<String>,
    /// Only rows that were changed since: a day as 2026-01-31, or a moment as 2026-01-31T18:00:00Z.
    #[arg(long)]
    since: Option<String>,
    /// Take over also learners of whom nothing was before, and who have begun here: only while the LMS's columns were never
    /// set from here, or their minutes count twice.
    #[arg(long)]
    even_begun: bool,
    /// Show every row that would be taken over, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Tell each row as a JSON object on a line of its own, and the summary as the last one.
    #[arg(long)]
    json: bool,
}

/// What it came to, in the order in which it is told.
const WORDS: [(TakenAs, &str); 6] = [
    (TakenAs::Kept, "taken over"),
    (TakenAs::Same, "here already"),
    (TakenAs::Replaced, "took the place of other figures"),
    (TakenAs::AfterStart, "left as they are here: the learner has begun"),
    (TakenAs::Implausible, "say more than is believed"),
    (TakenAs::Twin, "stand for the same learner and topic as another, which says as much or more"),
];

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let map = arguments.reached.names()?;
    let asked = Asked::new(arguments.user_id, arguments.since.as_deref())?;
    let (store, now_ms) = arguments.ours.open().await?;
    let mut lms = Lms::open(&arguments.reached.lms).await?;
    let (is_dry, is_json) = (arguments.dry_run, arguments.json);
    let into = Into {
        store: &*store,
        tenant: &arguments.ours.tenant,
        now_ms,
        is_dry,
        even_begun: arguments.even_begun,
    };
    let mut counts: BTreeMap<TakenAs, u64> = BTreeMap::new();
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let mut row = |it: &Taken| {
        *counts.entry(it.outcome).or_default() += 1;
        let line = if is_json { serde_json::to_string(it).unwrap_or_default() } else { it.to_string() };
        writeln!(out, "{line}").ok(); // Whoever reads may be gone; the work is done all the same.
    };
    let mut tenths = 0;
    let mut progress = |done: u64, of: u64| {
        let now = (done * 10).checked_div(of).unwrap_or(10);
        if now > tenths && of > 1_000 {
            eprintln!("{done} of {of} rows");
        }
        tenths = now;
    };
    let done = seattime_repair::import_history(&mut lms, &map, &asked, &into, &mut row, &mut progress).await;
    store.settle().await?;
    let looked_at = done?;
    if is_json {
        let summary = json!({ "looked_at": looked_at, "outcomes": counts });
        writeln!(out, "{}", json!({ "summary": summary, "dry_run": is_dry }))?;
    } else {
        for (outcome, words) in WORDS {
            if let Some(count) = counts.get(&outcome) {
                let would = if is_dry && outcome == TakenAs::Kept { "would be " } else { "" };
                writeln!(out, "{count:>10} {would}{words}")?;
            }
        }
    }
    out.flush()?;
    Ok(())
}
