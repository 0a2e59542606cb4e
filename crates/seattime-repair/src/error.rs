//! Why a repair was not made, or not to its end.

use std::path::PathBuf;

/// What ends a command. Whatever was written before is whole, and stands in the undo file.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The file of names is not one.
    #[error("map_unreadable: {path} is not what --map takes: {reason}")]
    Map {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The database is not there, or not to be reached.
    #[error(
        "database_unreachable: {place}: {reason}; say with --lms where the LMS keeps its rows, as postgres://… or as a file of SQLite"
    )]
    Unreachable {
        /// Its address, without secrets.
        place: String,
        /// What it said.
        reason: String,
    },
    /// The same of PostgreSQL, which says itself where it is.
    #[error("database_unreachable: {0}")]
    Reached(String),
    /// There is no such table.
    #[error(
        "missing_table: the database has no table {table}; name the one that it has in the file of --map, as {key} under [{section}]"
    )]
    MissingTable {
        /// What was looked for.
        table: String,
        /// Where it is named.
        section: &'static str,
        /// What it is called there.
        key: &'static str,
    },
    /// There is no such column.
    #[error(
        "missing_column: {table} has no column {column:?}, only {found}; name the one that it has in the file of --map, as {key} under [{section}]"
    )]
    MissingColumn {
        /// The table.
        table: String,
        /// What was looked for.
        column: String,
        /// What there is.
        found: String,
        /// Where the table is named.
        section: &'static str,
        /// What the column is called in the file of names.
        key: &'static str,
    },
    /// The database refused a statement.
    #[error("database_failed: {place}: {reason}")]
    Database {
        /// Its address, without secrets.
        place: String,
        /// What it said.
        reason: String,
    },
    /// A record of the repair could not be written or read; nothing is changed without one.
    #[error("record_failed: {path}: {reason}; nothing is changed that could not be undone")]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The undo file belongs to another database.
    #[error(
        "other_database: {path} says what was changed in {expected}, and --lms is {found}; name the same database"
    )]
    OtherDatabase {
        /// The undo file.
        path: PathBuf,
        /// What it was made for.
        expected: String,
        /// What was named.
        found: String,
    },
    /// Somebody else is at it.
    #[error("already_running: another process holds {path}; wait until it has ended")]
    Busy {
        /// The record that it holds.
        path: PathBuf,
    },
    /// What was asked for cannot be.
    #[error("bad_question: {0}")]
    Asked(String),
    /// Seattime's own store.
    #[error("store_failed: {0}")]
    Store(#[from] seattime_server::store::StoreError),
}
