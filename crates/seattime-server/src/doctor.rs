//! What is wrong with a data folder or a database: each finding says what was found, what was expected and what to do.

mod postgres;
mod sqlite;

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::backup::KnownPackages;
use crate::clock::ServerClock;

/// How a finding is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is as it should be.
    Fine,
    /// It works, and whoever runs the server should know it.
    Noted,
    /// It has to be put right.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at; the word stays the same.
    pub check: &'static str,
    /// How it is meant.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What was expected; empty where that was found.
    pub expected: String,
    /// What to do; empty where there is nothing to do.
    pub advice: String,
}

impl Finding {
    fn fine(check: &'static str, found: impl Into<String>) -> Finding {
        Finding {
            check,
            verdict: Verdict::Fine,
            found: found.into(),
            expected: String::new(),
            advice: String::new(),
        }
    }

    fn wrong(
        check: &'static str,
        found: impl Into<String>,
        expected: impl Into<String>,
        advice: impl Into<String>,
    ) -> Finding {
        let (found, expected, advice) = (found.into(), expected.into(), advice.into());
        Finding { check, verdict: Verdict::Wrong, found, expected, advice }
    }

    fn noted(
        check: &'static str,
        found: impl Into<String>,
        expected: impl Into<String>,
        advice: impl Into<String>,
    ) -> Finding {
        Finding { verdict: Verdict::Noted, ..Finding::wrong(check, found, expected, advice) }
    }
}

/// One line.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.verdict {
            Verdict::Fine => "fine ",
            Verdict::Noted => "note ",
            Verdict::Wrong => "WRONG",
        };
        write!(f, "{word} {}: {}", self.check, self.found)?;
        if self.verdict != Verdict::Fine {
            write!(f, "; expected {}; {}", self.expected, self.advice)?;
        }
        Ok(())
    }
}

/// Looks at the data folder, and at the PostgreSQL database at `database` or else the file in the folder. A server may
/// be running on them. What is written is taken away again.
pub async fn examine(data: &Path, database: Option<&str>, clock: &dyn ServerClock) -> Vec<Finding> {
    let mut findings = match database {
        Some(url) => postgres::examine(url, data, clock).await,
        None => sqlite::examine(data, clock).await,
    };
    findings.push(free_space(data, longest_file(data)));
    findings
}

/// A disk with less room than this is as good as full, in bytes.
const LEAST_ROOM: u64 = 256 * 1024 * 1024;

/// The database needs as much again: for a backup beside it, for its log under load.
fn longest_file(data: &Path) -> u64 {
    std::fs::metadata(data.join("seattime.db")).map_or(0, |it| it.len())
}

#[cfg(unix)]
fn free_space(data: &Path, database_bytes: u64) -> Finding {
    const CHECK: &str = "free_space";
    let expected_bytes = LEAST_ROOM.max(database_bytes);
    match rustix::fs::statvfs(data) {
        Ok(told) => room(CHECK, told.f_bavail.saturating_mul(told.f_frsize), expected_bytes),
        Err(error) => Finding::wrong(
            CHECK,
            format!("{} cannot be asked: {error}", data.display()),
            "a folder on a disk",
            "choose the data folder with --data",
        ),
    }
}

#[cfg(not(unix))]
fn free_space(_data: &Path, database_bytes: u64) -> Finding {
    let expected = format!("at least {}", size(LEAST_ROOM.max(database_bytes)));
    Finding::noted("free_space", "this system was not asked", expected, "look at it yourself")
}

/// What is said of the room on the disk, in bytes.
fn room(check: &'static str, found_bytes: u64, expected_bytes: u64) -> Finding {
    let found = format!("{} free", size(found_bytes));
    if found_bytes >= expected_bytes {
        return Finding::fine(check, found);
    }
    let expected = format!("at least {}", size(expected_bytes));
    Finding::wrong(check, found, expected, "make room; a full disk refuses commits with 507")
}

/// A length, for people.
fn size(bytes: u64) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}

/// Whether every file of every package is there with its length.
fn content(data: &Path, packages: &KnownPackages) -> Finding {
    let is_missing = |package: &str, (n, bytes): (i64, u64)| {
        let path = data.join("content").join(package).join(n.to_string());
        !std::fs::metadata(path).is_ok_and(|it| it.len() == bytes)
    };
    let broken: Vec<&str> = packages
        .iter()
        .filter(|(package, files)| files.iter().any(|it| is_missing(package, *it)))
        .map(|it| it.0.as_str())
        .collect();
    match broken.first() {
        None => Finding::fine("content", format!("{} packages, every file of them", packages.len())),
        Some(first) => Finding::wrong(
            "content",
            format!("{} of {} packages are not whole, {first} among them", broken.len(), packages.len()),
            "every file of each with its length",
            "move its folder in content away and import the package again, or restore a backup",
        ),
    }
}

/// What is said of the version of a schema.
fn schema(found: i64, known: usize) -> Finding {
    let known = i64::try_from(known).unwrap_or(i64::MAX);
    let expected = format!("version {known}");
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Finding::fine("schema", expected),
        std::cmp::Ordering::Less => Finding::noted(
            "schema",
            format!("version {found}"),
            expected,
            "make a backup; this version brings it up to date at its next start",
        ),
        std::cmp::Ordering::Greater => Finding::wrong(
            "schema",
            format!("version {found}"),
            expected,
            "use the newer version of seattime that wrote it",
        ),
    }
}

/// What is said of a commit that was made and taken away again, and how long it took.
fn committed(took_ms: i64) -> Finding {
    /// Longer than this is slow for one sync, in ms.
    const SLOW_MS: i64 = 250;
    let found = format!("on disk after {took_ms} ms");
    if took_ms <= SLOW_MS {
        return Finding::fine("test_commit", found);
    }
    let advice = "look at the load of the disk, and of the network where a standby confirms";
    Finding::noted("test_commit", found, format!("at most {SLOW_MS} ms"), advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_has_to_have_room_for_the_database_once_more() {
        const MIB: u64 = 1024 * 1024;
        #[rustfmt::skip]
        let cases = [
            // free        expected      what is said
            (256 * MIB,     256 * MIB,   "fine  free_space: 256 MiB free"),
            (255 * MIB,     256 * MIB,   "WRONG free_space: 255 MiB free; expected at least 256 MiB; make room; a full disk refuses commits with 507"),
            (900 * MIB,     1_000 * MIB, "WRONG free_space: 900 MiB free; expected at least 1000 MiB; make room; a full disk refuses commits with 507"),
        ];
        for (found, expected, line) in cases {
            assert_eq!(room("free_space", found, expected).to_string(), line);
        }
    }

    #[test]
    fn an_older_schema_is_noted_and_a_newer_one_is_wrong() {
        let verdicts = [4, 5, 6].map(|it| schema(it, 5).verdict);
        assert_eq!(verdicts, [Verdict::Noted, Verdict::Fine, Verdict::Wrong]);
    }
}
