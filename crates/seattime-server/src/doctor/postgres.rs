//! A PostgreSQL database, as several servers share it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::{Finding, committed, content, schema};
use crate::backup::{KnownPackages, by_package};
use crate::clock::ServerClock;
use crate::config::MOST_OFF_MS;
use crate::store::postgres::clock::PostgresClock;
use crate::store::postgres::connection::{Way, shown};
use crate::store::postgres::schema::SCHEMA;

/// The oldest version that the tests run on, as the server numbers it.
const OLDEST: i64 = 150_000;
/// How long each answer is waited for: a commit may wait for a standby that is gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// A row that no server reads.
const ROW: &str = "doctor";
/// So many transactions tell whether a pooler hands out connections by the transaction.
const TRANSACTIONS: usize = 8;

pub(super) async fn examine(url: &str, data: &Path, clock: &dyn ServerClock) -> Vec<Finding> {
    let place = shown(url);
    let unreachable = |reason: String| {
        let advice = "check the address, the role and its password, and that the database runs";
        vec![Finding::wrong("connection", reason, format!("an answer of {place}"), advice)]
    };
    let pool = match Way::to(url).and_then(|it| it.pool()) {
        Ok(pool) => pool,
        Err(error) => return unreachable(error.to_string()),
    };
    let db = match pool.get().await {
        Ok(db) => db,
        Err(error) => return unreachable(error.to_string()),
    };
    let mut findings = vec![Finding::fine("connection", place)];
    findings.push(asked("version", version(&db)).await);
    findings.extend(asked_all("settings", settings(&db)).await);
    findings.push(asked("standby", standby(&db)).await);
    findings.push(asked("pooler", pooler(&db)).await);
    findings.push(against_clock(PostgresClock::ask_first(pool.clone()).await, clock).await);
    let found = asked_all("schema", async { Ok(vec![schema(schema_version(&db).await?, SCHEMA)]) }).await;
    let is_current = found.iter().all(|it| it.verdict == super::Verdict::Fine);
    findings.extend(found);
    if is_current {
        findings.push(asked("content", async { Ok(content(data, &packages(&db).await?)) }).await);
        let before_ms = clock.now_ms().await;
        let commit = async {
            commit(&db).await?;
            Ok(committed(clock.now_ms().await.saturating_sub(before_ms)))
        };
        findings.push(asked("test_commit", commit).await);
    }
    findings
}

/// A finding, or why there is none.
async fn asked(
    check: &'static str,
    question: impl Future<Output = Result<Finding, tokio_postgres::Error>>,
) -> Finding {
    let found = asked_all(check, async { Ok(vec![question.await?]) }).await;
    found.into_iter().next().unwrap_or_else(|| Finding::fine(check, "nothing"))
}

async fn asked_all(
    check: &'static str,
    question: impl Future<Output = Result<Vec<Finding>, tokio_postgres::Error>>,
) -> Vec<Finding> {
    let reason = match timeout(PATIENCE, question).await {
        Ok(Ok(findings)) => return findings,
        Ok(Err(error)) => crate::store::postgres::failure::told(&error),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    let advice = "look at the database's log; a commit without an answer waits for a standby that is gone";
    vec![Finding::wrong(check, reason, "an answer of the database", advice)]
}

/// The rows of a question without fields: nothing of it stays in the session.
async fn rows(db: &Client, question: &str) -> Result<Vec<SimpleQueryRow>, tokio_postgres::Error> {
    let messages = db.simple_query(question).await?;
    let row = |it| if let SimpleQueryMessage::Row(row) = it { Some(row) } else { None };
    Ok(messages.into_iter().filter_map(row).collect())
}

/// The first column of the first row.
async fn told(db: &Client, question: &str) -> Result<String, tokio_postgres::Error> {
    let rows = rows(db, question).await?;
    Ok(rows.first().and_then(|it| it.get(0)).unwrap_or_default().to_owned())
}

async fn version(db: &Client) -> Result<Finding, tokio_postgres::Error> {
    let number: i64 = told(db, "SHOW server_version_num").await?.parse().unwrap_or(0);
    let name = told(db, "SHOW server_version").await?;
    if told(db, "SELECT pg_is_in_recovery()").await? == "t" {
        let advice = "give the address of the primary, or promote this one";
        return Ok(Finding::wrong("version", format!("{name}, a standby"), "a primary", advice));
    }
    Ok(if number >= OLDEST {
        Finding::fine("version", name)
    } else {
        Finding::wrong("version", name, "15 or newer", "move to a newer version of PostgreSQL")
    })
}

/// What makes the word of a COMMIT good.
async fn settings(db: &Client) -> Result<Vec<Finding>, tokio_postgres::Error> {
    let mut findings = Vec::new();
    for name in ["fsync", "full_page_writes", "synchronous_commit"] {
        let found = told(db, &format!("SHOW {name}")).await?;
        findings.push(if found == "off" {
            let advice = "switch it on: as it is, a crash loses commits that were acknowledged";
            Finding::wrong(name, found, "on", advice)
        } else if found == "local" || found == "remote_write" {
            let advice = "set it to on for a failover that loses nothing";
            Finding::noted(name, found, "on", advice)
        } else {
            Finding::fine(name, found)
        });
    }
    Ok(findings)
}

/// Whether a failover loses nothing.
async fn standby(db: &Client) -> Result<Finding, tokio_postgres::Error> {
    let names = told(db, "SHOW synchronous_standby_names").await?;
    let streaming = rows(db, "SELECT coalesce(sync_state, '') FROM pg_stat_replication").await?;
    let states: Vec<String> = streaming.iter().filter_map(|it| it.get(0)).map(str::to_owned).collect();
    Ok(judged(&names, &states))
}

/// What is said of the standbys; a role that may not see their states is shown them empty.
fn judged(names: &str, states: &[String]) -> Finding {
    const CHECK: &str = "standby";
    let confirming = states.iter().filter(|it| matches!(it.as_str(), "sync" | "quorum")).count();
    if names.is_empty() {
        let found = match states.len() {
            0 => "no standby: if this machine is lost, so is what came after the last backup".to_owned(),
            n => {
                format!("no synchronous standby, {n} that may lag: a failover may lose acknowledged commits")
            }
        };
        let advice = "set synchronous_standby_names on the primary";
        return Finding::noted(CHECK, found, "a synchronous standby", advice);
    }
    if confirming > 0 {
        return Finding::fine(CHECK, format!("{confirming} that confirm each commit"));
    }
    if states.iter().any(String::is_empty) {
        let found = format!("{names}; this role may not see who confirms");
        return Finding::noted(CHECK, found, "a standby that confirms", "grant it pg_read_all_stats to see");
    }
    let found = format!("{names}, and none of them confirms: commits wait for it");
    Finding::wrong(CHECK, found, "a standby that confirms", "start a standby, or take its name out")
}

/// Both ways work: no statement leaves anything in the session.
async fn pooler(db: &Client) -> Result<Finding, tokio_postgres::Error> {
    let mut backends = BTreeSet::new();
    for _ in 0..TRANSACTIONS {
        let rows = rows(db, "BEGIN; SELECT pg_backend_pid(); COMMIT").await?;
        backends.extend(rows.first().and_then(|it| it.get(0)).map(str::to_owned));
    }
    Ok(Finding::fine(
        "pooler",
        match backends.len() {
            1 => format!("one connection for {TRANSACTIONS} transactions: none, or one by session"),
            n => format!("{n} connections for {TRANSACTIONS} transactions: one by transaction"),
        },
    ))
}

async fn against_clock(
    asked: Result<PostgresClock, crate::store::StoreError>,
    machine: &dyn ServerClock,
) -> Finding {
    const CHECK: &str = "clock";
    let expected = format!("at most {} s off from the database's", MOST_OFF_MS / 1_000);
    match asked {
        Ok(database) => {
            let off_ms = machine.now_ms().await.saturating_sub(database.now_ms().await);
            if off_ms.abs() <= MOST_OFF_MS {
                return Finding::fine(CHECK, format!("{off_ms} ms off from the database's"));
            }
            let advice = "set this machine's clock; a server on it answers /readyz with clock_off";
            Finding::wrong(CHECK, format!("{off_ms} ms off from the database's"), expected, advice)
        }
        Err(error) => Finding::wrong(CHECK, error.to_string(), expected, "look at the database's log"),
    }
}

/// The version of the schema; 0 where there is none yet.
async fn schema_version(db: &Client) -> Result<i64, tokio_postgres::Error> {
    if told(db, "SELECT to_regclass('schema_version') IS NULL").await? == "t" {
        return Ok(0);
    }
    Ok(told(db, "SELECT version FROM schema_version WHERE id = 1").await?.parse().unwrap_or(0))
}

async fn packages(db: &Client) -> Result<KnownPackages, tokio_postgres::Error> {
    let question = "SELECT package, n, size_bytes FROM package_file ORDER BY package, n";
    let rows = rows(db, question).await?;
    let file = |row: &SimpleQueryRow| {
        let number = |at: usize| row.get(at).and_then(|it| it.parse().ok()).unwrap_or(0);
        (row.get(0).unwrap_or_default().to_owned(), number(1), number(2))
    };
    Ok(by_package(rows.iter().map(file).collect()))
}

/// A transaction, confirmed by whoever has to, and another that takes it away.
async fn commit(db: &Client) -> Result<(), tokio_postgres::Error> {
    let put = format!(
        "BEGIN; INSERT INTO secret (name, value) VALUES ('{ROW}', '') ON CONFLICT (name) DO NOTHING; COMMIT"
    );
    db.batch_execute(&put).await?;
    db.batch_execute(&format!("BEGIN; DELETE FROM secret WHERE name = '{ROW}'; COMMIT")).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::doctor::Verdict;
    use crate::store::contract::cluster;
    use crate::store::postgres::PostgresStore;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_is_looked_at_before_and_after_its_first_server() {
        let Some(programs) = cluster::programs() else {
            eprintln!("left out: there is no PostgreSQL; `cargo xtask setup` installs it");
            return;
        };
        let cluster = cluster::Cluster::start(&programs, &[]).unwrap();
        let data = tempfile::tempdir().unwrap();
        let verdicts = async || {
            let findings = examine(&cluster.url(), data.path(), &SystemClock).await;
            findings.iter().map(|it| (it.check, it.verdict)).collect::<Vec<_>>()
        };
        #[rustfmt::skip]
        let empty = [
            ("connection",         Verdict::Fine),
            ("version",            Verdict::Fine),
            ("fsync",              Verdict::Fine),
            ("full_page_writes",   Verdict::Fine),
            ("synchronous_commit", Verdict::Fine),
            ("standby",            Verdict::Noted), // There is none.
            ("pooler",             Verdict::Fine),
            ("clock",              Verdict::Fine),
            ("schema",             Verdict::Noted), // The first server makes it.
        ];
        assert_eq!(verdicts().await, empty);
        drop(PostgresStore::open(&cluster.url()).await.unwrap());
        let found = verdicts().await;
        assert_eq!(found.len(), 11);
        let rest = [("schema", Verdict::Fine), ("content", Verdict::Fine), ("test_commit", Verdict::Fine)];
        assert_eq!(found[8..], rest);
    }

    #[test]
    fn standbys_are_judged_by_whether_they_confirm() {
        #[rustfmt::skip]
        let cases: &[(&str, &[&str], Verdict)] = &[
            // names    states              what is said
            ("",        &[],                Verdict::Noted),
            ("",        &["async"],         Verdict::Noted),
            ("one",     &["sync"],          Verdict::Fine),
            ("ANY 1 (a, b)", &["quorum", "quorum"], Verdict::Fine),
            ("one",     &["async"],         Verdict::Wrong),
            ("one",     &[],                Verdict::Wrong),
            ("one",     &[""],              Verdict::Noted),
        ];
        for (names, states, expected) in cases {
            let states: Vec<String> = states.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(judged(names, &states).verdict, *expected, "{names}: {states:?}");
        }
    }
}
