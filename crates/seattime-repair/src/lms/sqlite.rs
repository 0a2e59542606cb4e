//! An LMS on SQLite.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, TransactionBehavior, params_from_iter};

use super::{Cell, Write, Written, quoted, quoted_table};
use crate::error::RepairError;

/// How long a transaction of the LMS is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Db(Connection);

impl Db {
    /// The file at `path`, which has to be there, and what it is called.
    pub(super) fn open(path: &str) -> Result<(Db, String), RepairError> {
        let unreachable =
            |reason: String| RepairError::Unreachable { place: format!("sqlite:{path}"), reason };
        let whole = Path::new(path).canonicalize().map_err(|error| unreachable(error.to_string()))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&whole, flags).and_then(|db| {
            db.busy_timeout(PATIENCE)?;
            db.execute_batch("PRAGMA synchronous = FULL")?;
            db.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
            Ok(db)
        });
        let db = opened.map_err(|error| unreachable(error.to_string()))?;
        Ok((Db(db), format!("sqlite:{}", whole.display())))
    }

    pub(super) fn columns(&self, table: &str) -> Result<Vec<(String, String)>, String> {
        let (schema, name) = table.split_once('.').unwrap_or(("main", table));
        let read = || -> rusqlite::Result<Vec<(String, String)>> {
            let mut statement = self.0.prepare("SELECT name, type FROM pragma_table_info(?1, ?2)")?;
            statement.query_map([name, schema], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        read().map_err(|error| error.to_string())
    }

    pub(super) fn rows(&self, text: &str, bound: &[Cell]) -> Result<Vec<Vec<Cell>>, String> {
        let read = || -> rusqlite::Result<Vec<Vec<Cell>>> {
            let mut statement = self.0.prepare_cached(text)?;
            let width = statement.column_count();
            let rows = statement.query_map(params_from_iter(bound), |row| {
                (0..width).map(|n| Ok(cell(row.get_ref(n)?))).collect()
            })?;
            rows.collect()
        };
        read().map_err(|error| error.to_string())
    }

    pub(super) fn write_all(&mut self, writes: &[Write]) -> Result<Vec<Written>, String> {
        match self.write(writes) {
            Err(error) if is_refused(&error) => {}
            written => return written.map_err(|error| error.to_string()),
        }
        let one = |write| match self.write(std::slice::from_ref(write)) {
            Err(error) if is_refused(&error) => Ok(Written::Refused(error.to_string())),
            written => written.map(|it| it.into_iter().next().unwrap_or(Written::Moved)),
        };
        writes.iter().map(one).collect::<rusqlite::Result<_>>().map_err(|error| error.to_string())
    }

    /// Changes rows in one transaction.
    fn write(&mut self, writes: &[Write]) -> rusqlite::Result<Vec<Written>> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut written = Vec::with_capacity(writes.len());
        for write in writes {
            let mut statement = transaction.prepare_cached(&update(write))?;
            let to = write.set.iter().map(|it| &it.to);
            let read = write.set.iter().map(|it| &it.from).chain(write.guards.iter().map(|it| &it.1));
            let changed = statement.execute(params_from_iter(to.chain([&write.id]).chain(read)))?;
            written.push(if changed == 1 { Written::Done } else { Written::Moved });
        }
        transaction.commit()?;
        Ok(written)
    }
}

/// Whether a rule of the schema is against it.
fn is_refused(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

/// The statement of one row; `IS` also compares what is NULL.
fn update(write: &Write) -> String {
    let set: Vec<String> = write.set.iter().map(|it| format!("{} = ?", quoted(&it.column))).collect();
    let columns = write.set.iter().map(|it| &it.column).chain(write.guards.iter().map(|it| &it.0));
    let read: String = columns.map(|it| format!(" AND {} IS ?", quoted(it))).collect();
    let (table, key) = (quoted_table(&write.table), quoted(&write.key));
    format!("UPDATE {table} SET {} WHERE {key} = ?{read}", set.join(", "))
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(it) => Cell::Whole(it),
        ValueRef::Real(it) => Cell::Real { real: format!("{it:?}") },
        ValueRef::Text(it) | ValueRef::Blob(it) => Cell::Text(String::from_utf8_lossy(it).into_owned()),
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => ToSqlOutput::Owned(Value::Null),
            Cell::Whole(it) => ToSqlOutput::Owned(Value::Integer(*it)),
            Cell::Real { real } => {
                ToSqlOutput::Owned(real.parse().map_or_else(|_| Value::Text(real.clone()), Value::Real))
            }
            Cell::Text(it) => ToSqlOutput::Borrowed(ValueRef::Text(it.as_bytes())),
        })
    }
}
