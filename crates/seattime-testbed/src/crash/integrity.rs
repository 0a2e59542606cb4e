//! What lies in a dead server's files, seen in a copy: the server itself has to recover them.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;

/// Checks the database, and answers the version of its schema.
pub(crate) fn version(database: &Path) -> Result<i64> {
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("copy.db");
    for end in ["", "-wal", "-journal"] {
        let with_end = |path: &Path| format!("{}{end}", path.display());
        if Path::new(&with_end(database)).is_file() {
            std::fs::copy(with_end(database), with_end(&copy)).context("copying the database")?;
        }
    }
    let connection = Connection::open(&copy)?;
    connection.execute_batch("PRAGMA synchronous = OFF")?;
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(verdict == "ok", "the database is damaged: {verdict}");
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}
