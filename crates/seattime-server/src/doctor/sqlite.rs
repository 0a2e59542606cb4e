//! The database in a file.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::{Finding, committed, content, schema};
use crate::backup::known_packages;
use crate::clock::ServerClock;
use crate::config::MOST_OFF_MS;
use crate::store::sqlite::{OLDEST_SQLITE, SCHEMA};

/// How long the server's own transactions are waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// A row that no server reads.
const ROW: &str = "doctor";

pub(super) async fn examine(data: &Path, clock: &dyn ServerClock) -> Vec<Finding> {
    let mut findings = vec![library(rusqlite::version_number(), rusqlite::version())];
    let path = data.join("seattime.db");
    let db = match open(&path) {
        Ok(db) => db,
        Err(finding) => return [findings, vec![finding]].concat(),
    };
    findings.push(integrity(&db));
    let version = db.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    let is_current = version.as_ref().is_ok_and(|it| usize::try_from(*it) == Ok(SCHEMA));
    findings.extend(version.ok().map(|it| schema(it, SCHEMA)));
    if !is_current {
        return findings;
    }
    let now_ms = clock.now_ms().await;
    findings.push(latest(&db).map_or_else(|it| failed("clock", &it), |it| against_clock(it, now_ms)));
    findings.push(match known_packages(&path) {
        Ok(packages) => content(data, &packages),
        Err(error) => failed("content", &error),
    });
    let before_ms = clock.now_ms().await;
    findings.push(match commit(&db) {
        Ok(()) => committed(clock.now_ms().await.saturating_sub(before_ms)),
        Err(error) => failed("test_commit", &error),
    });
    findings
}

/// The library that is built in.
fn library(found: i32, name: &str) -> Finding {
    if found >= OLDEST_SQLITE {
        return Finding::fine("sqlite", name);
    }
    let advice = "do not run this build: two connections can corrupt the database";
    Finding::wrong("sqlite", name, "3.51.3 or newer", advice)
}

fn open(path: &Path) -> Result<Connection, Finding> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(|db| {
        db.busy_timeout(PATIENCE)?;
        Ok(db)
    });
    opened.map_err(|error| {
        Finding::wrong(
            "database",
            format!("{} cannot be opened: {error}", path.display()),
            "a database that may be read and written",
            "choose the data folder with --data, restore a backup, or start the server once to make one",
        )
    })
}

fn integrity(db: &Connection) -> Finding {
    let found = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    let found = found.unwrap_or_else(|error| error.to_string());
    if found == "ok" {
        return Finding::fine("integrity", "every page is as it should be");
    }
    let found = found.lines().last().unwrap_or_default().to_owned();
    Finding::wrong("integrity", found, "no damage", "stop the server, and restore a backup with --replace")
}

fn latest(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row(include_str!("../store/sqlite/latest.sql"), [], |row| row.get(0))
}

/// The server's time never runs backwards: a clock that stands before what is on disk was set back.
fn against_clock(latest_ms: i64, now_ms: i64) -> Finding {
    let ahead_ms = latest_ms.saturating_sub(now_ms);
    if ahead_ms <= MOST_OFF_MS {
        return Finding::fine("clock", "not before the latest time on disk");
    }
    Finding::wrong(
        "clock",
        format!("{} s before the latest time on disk", ahead_ms / 1_000),
        format!("at most {} s before it", MOST_OFF_MS / 1_000),
        "set the machine's clock; until then no time goes by for the server's rows",
    )
}

/// A transaction down to the disk, and another that takes it away.
fn commit(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch("PRAGMA synchronous = FULL")?;
    db.execute("INSERT OR REPLACE INTO secret (name, value) VALUES (?1, '')", [ROW])?;
    let found: Option<String> =
        db.query_row("SELECT value FROM secret WHERE name = ?1", [ROW], |row| row.get(0)).optional()?;
    db.execute("DELETE FROM secret WHERE name = ?1", [ROW])?;
    found.map(|_| ()).ok_or(rusqlite::Error::QueryReturnedNoRows)
}

fn failed(check: &'static str, error: &dyn std::fmt::Display) -> Finding {
    Finding::wrong(
        check,
        error.to_string(),
        "an answer of the database",
        "look at the disk, and at who may write",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn what_this_machine_cannot_show_is_judged_all_the_same() {
        assert_eq!(library(3_051_002, "3.51.2").verdict, Verdict::Wrong);
        assert_eq!(library(3_051_003, "3.51.3").verdict, Verdict::Fine);
        assert_eq!(against_clock(10_000, 8_000).verdict, Verdict::Fine);
        assert_eq!(against_clock(10_001, 8_000).verdict, Verdict::Wrong);
    }
}
