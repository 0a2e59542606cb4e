//! Moves everything from SQLite to PostgreSQL: table by table, in batches that can be taken up again, and checked by
//! counts and sums at the end.

mod source;
mod tables;
mod target;

use std::path::Path;

use self::source::Source;
use self::tables::TABLES;
use self::target::Target;
use super::StoreError;
use crate::error::StartError;

/// Why the move did not come to its end; what was moved stays, and the same command goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The database in the file cannot be read.
    #[error("cannot read {path}: {reason}")]
    Source {
        /// Where it lies.
        path: String,
        /// What SQLite said.
        reason: String,
    },
    /// Somebody has the database open.
    #[error("{path} is in use; stop the server, and move then")]
    InUse {
        /// Where it lies.
        path: String,
    },
    /// It was written by another version.
    #[error(
        "{path} has schema {found}, expected {expected}; start this version's server on it once, and stop it"
    )]
    Schema {
        /// Where it lies.
        path: String,
        /// The schema that it has.
        found: i64,
        /// The schema that this version has.
        expected: i64,
    },
    /// It has a table or column that this version would leave behind.
    #[error("{0} is not known to this version; use the version that wrote the database")]
    Unknown(String),
    /// The target cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The target failed.
    #[error("the target failed: {0}; the same command goes on from here")]
    Target(#[from] StoreError),
    /// The target has data of its own.
    #[error("the target holds data that did not come from {0}; move into an empty database")]
    NotEmpty(String),
    /// It was moved before.
    #[error(
        "everything was moved from {0} before, and the target may have gone on since; start the server on it"
    )]
    Done(String),
    /// Something arrived that was not sent, or the other way round.
    #[error(
        "{table}: {what} is {source_has} in the source and {target_has} in the target; empty the target, and move again"
    )]
    Differs {
        /// The table.
        table: &'static str,
        /// What was counted or summed.
        what: String,
        /// What the source has.
        source_has: String,
        /// What the target has.
        target_has: String,
    },
}

/// How far the move is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// An earlier move is taken up.
    TakenUp {
        /// The table that comes next.
        table: &'static str,
        /// Rows of it that are moved.
        rows: i64,
    },
    /// A table is being moved.
    Moving {
        /// Its name.
        table: &'static str,
        /// Rows of it that are moved.
        rows: i64,
        /// Rows that it has.
        of: i64,
    },
    /// A table has the same count and sums on both sides.
    Checked {
        /// Its name.
        table: &'static str,
        /// Rows that it has.
        rows: i64,
    },
}

/// Moves everything from the database in the file `from` to the one at `to`; answers how many rows there were.
///
/// The source is locked meanwhile, and is left as it was.
///
/// # Errors
///
/// [`MoveError`], one line that says what to do.
pub async fn migrate(
    from: &Path,
    to: &str,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<i64, MoveError> {
    let source = Source::open(from)?;
    let name = std::fs::canonicalize(from).unwrap_or_else(|_| from.to_owned()).display().to_string();
    let target = Target::open(to).await?;
    let (done, mut rows, mut last) = target.begin(&name).await?;
    if let Some(table) = TABLES.get(done).filter(|_| done > 0 || rows > 0) {
        tell(Progress::TakenUp { table: table.name, rows });
    }
    for (n, table) in TABLES.iter().enumerate().skip(done) {
        let of = source.count(table)?;
        loop {
            let batch = source.after(table, &last)?;
            let Some(latest) = batch.last() else { break };
            last = latest.iter().take(table.keys).cloned().collect();
            rows += i64::try_from(batch.len()).unwrap_or(i64::MAX);
            target.put(n, table, &batch, (rows, &last)).await?;
            tell(Progress::Moving { table: table.name, rows, of });
        }
        (rows, last) = (0, Vec::new());
        target.finish_table(n + 1).await?;
    }
    let mut all = 0;
    for table in TABLES {
        let (here, there) = (source.sums(table)?, target.sums(table).await?);
        for ((what, source_has), target_has) in table.sum_names().into_iter().zip(&here).zip(&there) {
            if source_has != target_has {
                let (source_has, target_has) = (source_has.to_string(), target_has.to_string());
                return Err(MoveError::Differs { table: table.name, what, source_has, target_has });
            }
        }
        let rows = here.first().and_then(|it| i64::try_from(*it).ok()).unwrap_or(0);
        all += rows;
        tell(Progress::Checked { table: table.name, rows });
    }
    target.finish().await?;
    Ok(all)
}
