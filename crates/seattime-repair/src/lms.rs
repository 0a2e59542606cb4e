//! The LMS's own database: rows that are read, and columns that are changed as long as they hold what was read.

mod postgres;
mod sqlite;

use std::collections::HashMap;

use crate::cell::Cell;
use crate::error::RepairError;

/// The database of an LMS.
pub struct Lms {
    engine: Engine,
    place: String,
    /// What each table's columns are of, by table and column; a table that was asked for and is not there has none.
    types: HashMap<String, HashMap<String, String>>,
}

enum Engine {
    Sqlite(sqlite::Db),
    Postgres(postgres::Db),
}

/// One row that is to be changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Write {
    pub(crate) table: String,
    /// The column that names the row.
    pub(crate) key: String,
    /// Which row.
    pub(crate) id: Cell,
    /// Columns that are changed: what was read, and what is put there.
    pub(crate) set: Vec<Set>,
    /// Columns that have to hold what was read, and are left alone.
    pub(crate) guards: Vec<(String, Cell)>,
}

/// What became of a row that was to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    /// It was changed.
    Done,
    /// It no longer held what was read, or somebody held it.
    Moved,
    /// The database refused it, and said why.
    Refused(String),
}

/// One column that is changed.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Set {
    pub(crate) column: String,
    pub(crate) from: Cell,
    pub(crate) to: Cell,
}

impl Lms {
    /// Opens the database at `address`: `postgres://…`, `sqlite:PATH`, or the path of a file of SQLite. Its schema is
    /// left as it is.
    ///
    /// # Errors
    ///
    /// [`RepairError::Unreachable`].
    pub async fn open(address: &str) -> Result<Lms, RepairError> {
        let is_postgres = ["postgres://", "postgresql://"].iter().any(|it| address.starts_with(it));
        let (engine, place) = if is_postgres {
            let (db, place) = postgres::Db::open(address).await?;
            (Engine::Postgres(db), place)
        } else {
            let path = address.strip_prefix("sqlite:").unwrap_or(address);
            let (db, place) = sqlite::Db::open(path)?;
            (Engine::Sqlite(db), place)
        };
        Ok(Lms { engine, place, types: HashMap::new() })
    }

    /// Where it is, without secrets.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The columns of a table; none where there is no such table.
    pub(crate) async fn columns(&mut self, table: &str) -> Result<Vec<String>, RepairError> {
        if !self.types.contains_key(table) {
            let found = match &self.engine {
                Engine::Sqlite(db) => db.columns(table),
                Engine::Postgres(db) => db.columns(table).await,
            };
            let found = found.map_err(|reason| self.failed(reason))?;
            self.types.insert(table.to_owned(), found.into_iter().collect());
        }
        let mut names: Vec<String> =
            self.types.get(table).into_iter().flatten().map(|it| it.0.clone()).collect();
        names.sort();
        Ok(names)
    }

    /// Whether a text can be what a column of a table holds; a database would refuse to compare them.
    pub(crate) fn can_hold(&self, table: &str, column: &str, text: &str) -> bool {
        if matches!(self.engine, Engine::Sqlite(_)) {
            return true;
        }
        let of = self.types.get(table).and_then(|it| it.get(column)).map_or("text", String::as_str);
        match of {
            "smallint" | "smallserial" => text.parse::<i16>().is_ok(),
            "integer" => text.parse::<i32>().is_ok(),
            "bigint" => text.parse::<i64>().is_ok(),
            "uuid" => {
                let digits = text.bytes().filter(|it| *it != b'-');
                digits.clone().count() == 32 && digits.clone().all(|it| it.is_ascii_hexdigit())
            }
            _ => true,
        }
    }

    /// Whether it was asked for the table, and there is none.
    pub(crate) fn is_without(&self, table: &str) -> bool {
        self.types.get(table).is_some_and(HashMap::is_empty)
    }

    /// Begins a statement.
    pub(crate) fn statement(&self) -> Statement<'_> {
        let is_postgres = matches!(self.engine, Engine::Postgres(_));
        Statement { is_postgres, types: &self.types, text: String::new(), bound: Vec::new() }
    }

    /// The rows that a statement answers.
    pub(crate) async fn rows(&self, asked: (String, Vec<Cell>)) -> Result<Vec<Vec<Cell>>, RepairError> {
        let (text, bound) = asked;
        let rows = match &self.engine {
            Engine::Sqlite(db) => db.rows(&text, &bound),
            Engine::Postgres(db) => db.rows(&text, &bound).await,
        };
        rows.map_err(|reason| self.failed(reason))
    }

    /// Changes rows in one transaction, each as long as its columns hold what was read; answers what became of each. On
    /// PostgreSQL, rows that the LMS holds at this moment are left alone. Where the database refuses any of them, each is a
    /// transaction of its own, so that the others are changed all the same.
    pub(crate) async fn write(&mut self, writes: &[Write]) -> Result<Vec<Written>, RepairError> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        for write in writes {
            if !self.types.contains_key(&write.table) {
                self.columns(&write.table).await?;
            }
        }
        let written = match &mut self.engine {
            Engine::Sqlite(db) => db.write_all(writes),
            Engine::Postgres(db) => db.write_all(writes, &self.types).await,
        };
        written.map_err(|reason| self.failed(reason))
    }

    fn failed(&self, reason: String) -> RepairError {
        RepairError::Database { place: self.place.clone(), reason }
    }
}

/// A statement that is put together, in the words of the database.
pub(crate) struct Statement<'a> {
    is_postgres: bool,
    types: &'a HashMap<String, HashMap<String, String>>,
    text: String,
    bound: Vec<Cell>,
}

impl Statement<'_> {
    /// Words of SQL as they are.
    pub(crate) fn say(mut self, words: &str) -> Self {
        self.text.push_str(words);
        self
    }

    /// A table under an alias.
    pub(crate) fn table(self, table: &str, alias: &str) -> Self {
        let name = format!("{} {alias}", quoted_table(table));
        self.say(&name)
    }

    /// A column that is compared.
    pub(crate) fn column(self, alias: &str, name: &str) -> Self {
        let column = format!("{alias}.{}", quoted(name));
        self.say(&column)
    }

    /// A column that is compared, and by whose index nothing is looked up. SQLite knows nothing of how many rows say the
    /// same, and might go through all rows of a topic for each of them.
    pub(crate) fn column_beside(self, alias: &str, name: &str) -> Self {
        let plus = if self.is_postgres { "" } else { "+" };
        self.say(plus).column(alias, name)
    }

    /// A column of a table that says this, and by whose index nothing is looked up.
    pub(crate) fn says_beside(self, alias: &str, table: &str, column: &str, text: &str) -> Self {
        let value = Cell::Text(text.to_owned());
        if self.is_postgres {
            return self.column(alias, column).say(" = ").value(table, column, value);
        }
        // What is no plain column any more is not read as a number for a number's sake.
        self.say("CAST(").column(alias, column).say(" AS TEXT) = ").value(table, column, value)
    }

    /// A column that is read; NULL where it has no name.
    pub(crate) fn read(self, alias: &str, name: &str) -> Self {
        match name {
            "" => self.say("NULL"),
            _ if self.is_postgres => self.column(alias, name).say("::text"),
            _ => self.column(alias, name),
        }
    }

    /// Columns that are read, with commas between them.
    pub(crate) fn read_all(self, alias: &str, names: &[&str]) -> Self {
        names.iter().enumerate().fold(self, |it, (n, name)| {
            let it = if n == 0 { it } else { it.say(", ") };
            it.read(alias, name)
        })
    }

    /// A value that a column of a table is compared with.
    pub(crate) fn value(mut self, table: &str, column: &str, value: Cell) -> Self {
        self.bound.push(value);
        let n = self.bound.len();
        if !self.is_postgres {
            return self.say(&format!("?{n}"));
        }
        let of = self.types.get(table).and_then(|it| it.get(column)).map_or("text", String::as_str);
        self.say(&format!("(${n}::text)::{of}"))
    }

    /// A moment of UTC that a column of a table is compared with, as `2026-01-31 00:00:00`.
    pub(crate) fn moment(self, table: &str, column: &str, utc: &str) -> Self {
        // Columns of SQLite hold it as text, and without a zone.
        let zone = if self.is_postgres { "+00" } else { "" };
        self.value(table, column, Cell::Text(format!("{utc}{zone}")))
    }

    /// What a database calls its numbers that are read.
    pub(crate) fn counted(self) -> Self {
        let word = if self.is_postgres { "count(*)::text" } else { "count(*)" };
        self.say(word)
    }

    pub(crate) fn done(self) -> (String, Vec<Cell>) {
        (self.text, self.bound)
    }
}

/// A name as SQL reads it, whatever is in it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table, which may lie in a schema.
pub(crate) fn quoted_table(name: &str) -> String {
    name.split('.').map(quoted).collect::<Vec<_>>().join(".")
}
