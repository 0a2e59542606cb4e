//! `recompute`: what is kept, judged by the policy of now.

use std::path::PathBuf;

use anyhow::Result;
use seattime_server::config::{DATABASE_VARIABLE, TENANT, USER_VARIABLE};
use seattime_server::recompute::recompute;
use seattime_server::store::{Judged, JudgedOf, Judging};

use super::{kept, policy};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder that everything is kept in.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The address of a PostgreSQL database, `postgres://…`; the file `seattime.db` in the data folder, if left out.
    #[arg(long, env = DATABASE_VARIABLE, hide_env_values = true)]
    database: Option<String>,
    #[command(flatten)]
    judged: policy::Judged,
    /// Only tell what would change.
    #[arg(long)]
    dry_run: bool,
    /// Only this course, by its name.
    #[arg(long)]
    course: Option<String>,
    /// Only this learner, by the LMS's own id.
    #[arg(long)]
    learner: Option<String>,
    /// Who the record says it was.
    #[arg(long, env = USER_VARIABLE, default_value = "unknown")]
    by: String,
    /// Tell the changed rows as JSON: a list of objects with learner, course, topic, visits, why, before and after.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let (store, now_ms) = kept::open(&arguments.data, arguments.database.as_deref()).await?;
    let is_dry = arguments.dry_run;
    let judging = Judging { policy: policy::of(&arguments.judged), who: arguments.by, now_ms, is_dry };
    let of = JudgedOf { lms_id: arguments.learner, course: arguments.course };
    let mut told = Vec::new();
    let mut row = |it: Judged| {
        if arguments.json {
            told.push(it);
        } else {
            println!("{}", line(&it));
        }
    };
    let mut progress = |seen| eprintln!("{seen} rows looked at");
    let done = recompute(&*store, TENANT, &of, &judging, &mut row, &mut progress).await?;
    store.settle().await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&told)?);
        return Ok(());
    }
    let written = if is_dry { "; nothing was written" } else { "" };
    println!(
        "{} rows looked at: {} change, and {} more are under another policy with the same result{written}",
        done.seen, done.changed, done.same
    );
    Ok(())
}

/// One changed row.
fn line(it: &Judged) -> String {
    let (before, after) = (&it.before, &it.after);
    let mut text = format!(
        "{}, {}, {}: {} → {} ({})",
        it.learner.id,
        it.course,
        it.topic,
        before.time_spent,
        after.time_spent,
        it.why.join(", ")
    );
    if before.status != after.status {
        text.push_str(&format!("; status {} → {}", before.status, after.status));
    }
    if before.score != after.score {
        let score = |it: &Option<String>| it.clone().unwrap_or_else(|| "none".to_owned());
        text.push_str(&format!("; score {} → {}", score(&before.score), score(&after.score)));
    }
    if before.attempts != after.attempts {
        text.push_str(&format!("; attempts {} → {}", before.attempts, after.attempts));
    }
    if before.provenance != after.provenance {
        text.push_str(&format!("; {} → {}", before.provenance, after.provenance));
    }
    if before.flags != after.flags {
        text.push_str(&format!("; flags {:?} → {:?}", before.flags, after.flags));
    }
    text
}
