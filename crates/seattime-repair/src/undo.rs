//! Takes back what a command changed, as long as nobody changed it since.

use std::path::Path;

use seattime_server::clock::ServerClock;
use serde_json::json;

use crate::cell::Cell;
use crate::error::RepairError;
use crate::lms::{Lms, Set, Write, Written};
use crate::records::{Changed, Undoing, audit};
use crate::repair::{Listener, Recording, Summary, now};
use crate::told::{Outcome, Told};

/// So many rows are looked at in one statement.
const AT_ONCE: usize = 1_000;

/// Puts back what an undo file says, from its end to its beginning, in each row that still holds what was written; says
/// of each row what is to become of it, and with a recording also does it.
///
/// # Errors
///
/// [`RepairError`]; what was written before is whole, and the same again goes on.
pub async fn undo(
    lms: &mut Lms,
    file: &Path,
    recording: Option<Recording<'_>>,
    clock: &dyn ServerClock,
    listener: &mut dyn Listener,
) -> Result<Summary, RepairError> {
    let mut undoing = Undoing::open(file)?;
    if undoing.header.place != lms.place() {
        return Err(RepairError::OtherDatabase {
            path: file.to_owned(),
            expected: undoing.header.place.clone(),
            found: lms.place().to_owned(),
        });
    }
    let header = undoing.header.clone();
    let line = |what: &str, at: String, by: &str, summary: &Summary| {
        json!({
            "what": what, "at": at, "by": by, "command": "undo", "place": header.place, "undo": file,
            "of": header.command, "of_asked": header.asked, "summary": summary,
        })
    };
    let mut summary = Summary::default();
    if let Some(Recording { folder, by }) = &recording {
        audit(folder, &line("began", now(clock).await, by, &summary))?;
    }
    let of = undoing.rows;
    while let Some(rows) = undoing.before()? {
        for some in rows.chunks(AT_ONCE) {
            let is_back = put_back(lms, some, recording.is_some()).await?;
            for (row, is_back) in some.iter().zip(is_back) {
                let it = told_of(row, is_back);
                *summary.outcomes.entry(it.outcome.word()).or_default() += 1;
                summary.looked_at += 1;
                listener.row(&it);
            }
            listener.progress(summary.looked_at, of);
        }
    }
    if let Some(Recording { folder, by }) = &recording {
        audit(folder, &line("finished", now(clock).await, by, &summary))?;
    }
    Ok(summary)
}

/// Puts rows back, or says which would be.
async fn put_back(lms: &mut Lms, rows: &[Changed], is_written: bool) -> Result<Vec<Written>, RepairError> {
    if is_written {
        let writes: Vec<Write> = rows.iter().map(reversed).collect();
        return lms.write(&writes).await;
    }
    let mut would = Vec::with_capacity(rows.len());
    for row in rows {
        let names: Vec<&str> = row.set.iter().map(|it| it.column.as_str()).collect();
        lms.columns(&row.table).await?;
        let statement =
            lms.statement().say("SELECT ").read_all("r", &names).say(" FROM ").table(&row.table, "r");
        let statement = statement.say(" WHERE ").column("r", &row.key).say(" = ");
        let found = lms.rows(statement.value(&row.table, &row.key, row.id.clone()).done()).await?;
        let holds = |cells: &Vec<Cell>| {
            cells.len() == row.set.len() && cells.iter().zip(&row.set).all(|(it, set)| it.is_same(&set.to))
        };
        would.push(if found.first().is_some_and(holds) { Written::Done } else { Written::Moved });
    }
    Ok(would)
}

fn reversed(row: &Changed) -> Write {
    let back = |it: &Set| Set { column: it.column.clone(), from: it.to.clone(), to: it.from.clone() };
    Write {
        table: row.table.clone(),
        key: row.key.clone(),
        id: row.id.clone(),
        set: row.set.iter().map(back).collect(),
        guards: Vec::new(),
    }
}

fn told_of(row: &Changed, is_back: Written) -> Told {
    let (outcome, changes, why) = match is_back {
        Written::Done => (Outcome::Changed, reversed(row).set, "as it was before".to_owned()),
        Written::Moved => {
            let why = "it no longer holds what was written, or is held, and is left alone";
            (Outcome::Moved, Vec::new(), why.to_owned())
        }
        Written::Refused(reason) => {
            (Outcome::Refused, Vec::new(), format!("the database refused it: {reason}"))
        }
    };
    Told {
        table: row.table.clone(),
        id: row.id.clone(),
        learner: row.learner.clone(),
        topic: row.topic.clone(),
        outcome,
        changes,
        basis: None,
        why,
    }
}
