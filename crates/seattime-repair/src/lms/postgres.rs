//! An LMS on PostgreSQL, or on a database that speaks it.

use std::collections::{HashMap, HashSet};

use seattime_server::store::postgres::{Guest, Word};
use tokio_postgres::Row;

use super::{Cell, Write, Written, quoted, quoted_table};
use crate::error::RepairError;

pub(super) struct Db(Guest);

/// What each table's columns are of.
type Types = HashMap<String, HashMap<String, String>>;

impl Db {
    /// The database at `url`, and what it is called.
    pub(super) async fn open(url: &str) -> Result<(Db, String), RepairError> {
        let guest = Guest::connect(url).await.map_err(|error| RepairError::Reached(error.to_string()))?;
        let place = guest.place().to_owned();
        Ok((Db(guest), place))
    }

    pub(super) async fn columns(&self, table: &str) -> Result<Vec<(String, String)>, String> {
        let statement = "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute
            WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
        let rows = self.0.rows(statement, &[Word::One(Some(quoted_table(table)))]).await?;
        rows.iter()
            .map(|row| Ok((said(row, 0)?.unwrap_or_default(), said(row, 1)?.unwrap_or_default())))
            .collect()
    }

    pub(super) async fn rows(&self, text: &str, bound: &[Cell]) -> Result<Vec<Vec<Cell>>, String> {
        let words: Vec<Word> = bound.iter().map(|it| Word::One(held(it))).collect();
        let rows = self.0.rows(text, &words).await?;
        let cells =
            |row: &Row| (0..row.len()).map(|n| Ok(said(row, n)?.map_or(Cell::Null, Cell::Text))).collect();
        rows.iter().map(cells).collect()
    }

    pub(super) async fn write_all(
        &mut self,
        writes: &[Write],
        types: &Types,
    ) -> Result<Vec<Written>, String> {
        let refused = match self.write(writes, types).await {
            Err(Failed::Refused(reason)) => reason,
            Err(Failed::Lost(reason)) => return Err(reason),
            Ok(written) => return Ok(written),
        };
        if let [_] = writes {
            return Ok(vec![Written::Refused(refused)]);
        }
        let mut written = Vec::with_capacity(writes.len());
        for write in writes {
            written.push(match self.write(std::slice::from_ref(write), types).await {
                Ok(one) => one.into_iter().next().unwrap_or(Written::Moved),
                Err(Failed::Refused(reason)) => Written::Refused(reason),
                Err(Failed::Lost(reason)) => return Err(reason),
            });
        }
        Ok(written)
    }

    /// Changes rows in one transaction.
    async fn write(&mut self, writes: &[Write], types: &Types) -> Result<Vec<Written>, Failed> {
        // Rows whose statement is the same one go together.
        let mut alike: Vec<(Update, Vec<usize>)> = Vec::new();
        for (n, write) in writes.iter().enumerate() {
            let update = Update::of(write);
            match alike.iter_mut().find(|it| it.0 == update) {
                Some((_, some)) => some.push(n),
                None => alike.push((update, vec![n])),
            }
        }
        let mut written = vec![Written::Moved; writes.len()];
        // Under a stricter one, a row that the LMS changes meanwhile would end the transaction.
        self.0.run("BEGIN ISOLATION LEVEL READ COMMITTED").await.map_err(Failed::Lost)?;
        for (update, some) in &alike {
            match self.together(update, some, writes, types).await {
                Ok(changed) => {
                    for n in some {
                        if let (Some(write), Some(it)) = (writes.get(*n), written.get_mut(*n))
                            && changed.contains(&write.id.text())
                        {
                            *it = Written::Done;
                        }
                    }
                }
                Err(reason) => {
                    // Whoever does not even take this is gone.
                    self.0.run("ROLLBACK").await.map_err(|_| Failed::Lost(reason.clone()))?;
                    return Err(Failed::Refused(reason));
                }
            }
        }
        self.0.run("COMMIT").await.map_err(Failed::Lost)?;
        Ok(written)
    }

    /// Changes rows by one statement; answers the ids of those that were changed.
    async fn together(
        &self,
        update: &Update,
        some: &[usize],
        writes: &[Write],
        types: &Types,
    ) -> Result<HashSet<String>, String> {
        let some: Vec<&Write> = some.iter().filter_map(|n| writes.get(*n)).collect();
        let column = |f: &dyn Fn(&Write) -> Option<String>| some.iter().map(|it| f(it)).collect::<Vec<_>>();
        let mut lists = vec![column(&|it| held(&it.id))];
        for n in 0..update.set.len() {
            lists.push(column(&|it| it.set.get(n).and_then(|it| held(&it.from))));
            lists.push(column(&|it| it.set.get(n).and_then(|it| held(&it.to))));
        }
        for n in 0..update.guards.len() {
            lists.push(column(&|it| it.guards.get(n).and_then(|it| held(&it.1))));
        }
        let lists: Vec<Word> = lists.into_iter().map(Word::Many).collect();
        let rows = self.0.rows(&update.statement(types), &lists).await?;
        rows.iter().map(|it| Ok(said(it, 0)?.unwrap_or_default())).collect()
    }
}

/// Why a transaction did not come about.
enum Failed {
    /// The database refused a statement.
    Refused(String),
    /// The connection is gone, or what became of the transaction is not known.
    Lost(String),
}

/// Which columns of which table are changed, and looked at.
#[derive(PartialEq)]
struct Update {
    table: String,
    key: String,
    set: Vec<String>,
    guards: Vec<String>,
}

impl Update {
    fn of(write: &Write) -> Update {
        Update {
            table: write.table.clone(),
            key: write.key.clone(),
            set: write.set.iter().map(|it| it.column.clone()).collect(),
            guards: write.guards.iter().map(|it| it.0.clone()).collect(),
        }
    }

    /// Takes the rows that nobody holds and that still say what was read, and changes those. Whoever waited for a row
    /// that the LMS holds could be waited for by it in turn, and PostgreSQL might end the LMS's transaction for that.
    fn statement(&self, types: &Types) -> String {
        let of = |column: &str| {
            types.get(&self.table).and_then(|it| it.get(column)).map_or("text", String::as_str).to_owned()
        };
        let lists = 1 + 2 * self.set.len() + self.guards.len();
        let arrays: Vec<String> = (1..=lists).map(|n| format!("${n}::text[]")).collect();
        let names: Vec<String> = ["id".to_owned()]
            .into_iter()
            .chain((0..self.set.len()).flat_map(|n| [format!("from{n}"), format!("to{n}")]))
            .chain((0..self.guards.len()).map(|n| format!("guard{n}")))
            .collect();
        // Figures are compared as such, everything else as text: some types cannot be compared.
        let still = |by: &str| -> String {
            let set = self.set.iter().enumerate().map(|(n, it)| {
                format!(" AND t.{} IS NOT DISTINCT FROM {by}.from{n}::{}", quoted(it), of(it))
            });
            let guards = self
                .guards
                .iter()
                .enumerate()
                .map(|(n, it)| format!(" AND t.{}::text IS NOT DISTINCT FROM {by}.guard{n}", quoted(it)));
            set.chain(guards).collect()
        };
        let set: Vec<String> = (self.set.iter().enumerate())
            .map(|(n, it)| format!("{} = free.to{n}::{}", quoted(it), of(it)))
            .collect();
        let (table, key) = (quoted_table(&self.table), quoted(&self.key));
        format!(
            "WITH asked AS (SELECT * FROM unnest({arrays}) AS asked ({names})),
            free AS (SELECT asked.* FROM asked JOIN {table} t ON t.{key} = asked.id::{of_key}
                WHERE true{still_asked} FOR UPDATE OF t SKIP LOCKED)
            UPDATE {table} t SET {set} FROM free WHERE t.{key} = free.id::{of_key}{still_free} RETURNING free.id",
            arrays = arrays.join(", "),
            names = names.join(", "),
            of_key = of(&self.key),
            still_asked = still("asked"),
            set = set.join(", "),
            still_free = still("free"),
        )
    }
}

/// A text out of a row.
fn said(row: &Row, n: usize) -> Result<Option<String>, String> {
    row.try_get(n).map_err(|error| error.to_string())
}

/// A value as it is sent.
fn held(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        cell => Some(cell.text()),
    }
}
