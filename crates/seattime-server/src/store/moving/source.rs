//! The database in a file, locked and read in the order of its keys.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, params_from_iter};

use super::MoveError;
use super::tables::{Cell, TABLES, Table};
use crate::store::sqlite::SCHEMA;

/// So many rows are moved at once.
const ROWS: usize = 1_000;
/// A batch ends with the row that makes it longer than this.
const BYTES: i128 = 4 * 1024 * 1024;

/// The database, which nobody else has open.
pub(super) struct Source {
    db: Connection,
    path: String,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Source, MoveError> {
        let name = path.display().to_string();
        let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                MoveError::InUse { path: name.clone() }
            }
            _ => MoveError::Source { path: name.clone(), reason: error.to_string() },
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(failed)?;
        // Exclusively: every server keeps a shared lock on its file for as long as it runs.
        let lock = "PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE";
        db.execute_batch(lock).map_err(failed)?;
        let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
        let expected = i64::try_from(SCHEMA).unwrap_or(i64::MAX);
        if found != expected {
            return Err(MoveError::Schema { path: name, found, expected });
        }
        let source = Source { db, path: name.clone() };
        source.check_known()?;
        Ok(source)
    }

    fn failed(&self, error: rusqlite::Error) -> MoveError {
        MoveError::Source { path: self.path.clone(), reason: error.to_string() }
    }

    /// Nothing may be left behind: every table and column has to be known.
    fn check_known(&self) -> Result<(), MoveError> {
        let mut query = self
            .db
            .prepare(
                "SELECT m.name, p.name FROM sqlite_master AS m, pragma_table_info(m.name) AS p
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
            )
            .map_err(|it| self.failed(it))?;
        let found = query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<(String, String)>>>)
            .map_err(|it| self.failed(it))?;
        for (table, column) in found {
            let known = TABLES.iter().find(|it| it.name == table);
            if known.and_then(|it| it.position(&column)).is_none() {
                return Err(MoveError::Unknown(format!("{table}.{column}")));
            }
        }
        Ok(())
    }

    pub(super) fn count(&self, table: &Table) -> Result<i64, MoveError> {
        let query = format!("SELECT count(*) FROM {}", table.name);
        self.db.query_row(&query, [], |row| row.get(0)).map_err(|it| self.failed(it))
    }

    /// The rows behind a key, or from the first one on.
    pub(super) fn after(&self, table: &Table, last: &[Cell]) -> Result<Vec<Vec<Cell>>, MoveError> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        self.each(table, last, ROWS, |row| {
            bytes += row.iter().map(Cell::weight_in_bytes).sum::<i128>();
            batch.push(row);
            bytes < BYTES
        })?;
        Ok(batch)
    }

    /// Count and sums of all rows.
    pub(super) fn sums(&self, table: &Table) -> Result<Vec<i128>, MoveError> {
        let mut sums = vec![0; table.columns.len() + 1];
        self.each(table, &[], usize::MAX, |row| {
            for (sum, more) in sums.iter_mut().zip(std::iter::once(1).chain(row.iter().map(Cell::weight))) {
                *sum += more;
            }
            true
        })?;
        Ok(sums)
    }

    fn each(
        &self,
        table: &Table,
        last: &[Cell],
        most: usize,
        mut take: impl FnMut(Vec<Cell>) -> bool,
    ) -> Result<(), MoveError> {
        let columns: Vec<&str> = table.columns.iter().map(|it| it.0).collect();
        let key = columns.get(..table.keys).unwrap_or_default().join(", ");
        let behind = if last.is_empty() {
            String::new()
        } else {
            format!("WHERE ({key}) > ({})", vec!["?"; last.len()].join(", "))
        };
        let most = i64::try_from(most).unwrap_or(-1);
        let query =
            format!("SELECT {} FROM {} {behind} ORDER BY {key} LIMIT {most}", columns.join(", "), table.name);
        let mut run = || -> rusqlite::Result<()> {
            let mut query = self.db.prepare(&query)?;
            let last = last.iter().map(|it| match it {
                Cell::Number(number) => rusqlite::types::Value::Integer(*number),
                Cell::Text(text) => rusqlite::types::Value::Text(text.clone()),
                Cell::Nothing => rusqlite::types::Value::Null,
            });
            let mut rows = query.query(params_from_iter(last))?;
            while let Some(row) = rows.next()? {
                if !take(cells(row, columns.len())?) {
                    break;
                }
            }
            Ok(())
        };
        run().map_err(|it| self.failed(it))
    }
}

fn cells(row: &Row<'_>, columns: usize) -> rusqlite::Result<Vec<Cell>> {
    let cell = |n| {
        Ok(match row.get_ref(n)? {
            ValueRef::Integer(number) => Cell::Number(number),
            ValueRef::Null => Cell::Nothing,
            _ => Cell::Text(row.get(n)?),
        })
    };
    (0..columns).map(cell).collect()
}

impl Cell {
    fn weight_in_bytes(&self) -> i128 {
        match self {
            Cell::Text(text) => text.len() as i128,
            Cell::Number(_) | Cell::Nothing => 8,
        }
    }
}
