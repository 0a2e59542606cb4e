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
        let is_alone = findings.iter().any(|it| it.check == "standby" && it.verdict == super::Verdict::Wrong);
        let before_ms = clock.now_ms().await;
        let commit = async {
            if is_alone && waits(&db).await? {
                // It would wait as well, and so would its process of the database once nobody listens.
                let found = "not tried: it would wait, as every commit does now";
                return Ok(Finding::wrong("test_commit", found, "a standby that confirms", "see standby"));
            }
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
    let question = "SELECT application_name, coalesce(sync_state, '') FROM pg_stat_replication ORDER BY 1";
    let column = |row: &SimpleQueryRow, at| row.get(at).unwrap_or_default().to_owned();
    let standbys: Vec<_> =
        rows(db, question).await?.iter().map(|it| (column(it, 0), column(it, 1))).collect();
    Ok(judged(&names, &standbys))
}

/// What is said of the standbys that are connected, each with its name and state; a role that may not see their states is
/// shown them empty.
fn judged(names: &str, standbys: &[(String, String)]) -> Finding {
    const CHECK: &str = "standby";
    let confirming = standbys.iter().filter(|it| matches!(it.1.as_str(), "sync" | "quorum")).count();
    if names.is_empty() {
        let found = match standbys.len() {
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
    if standbys.iter().any(|it| it.1.is_empty()) {
        let found = format!("{names}; this role may not see who confirms");
        return Finding::noted(CHECK, found, "a standby that confirms", "grant it pg_read_all_stats to see");
    }
    let connected = match standbys {
        [] => "nobody is connected".to_owned(),
        some => {
            let told = some.iter().map(|(name, state)| format!("{name} ({state})"));
            format!("connected as {}", told.collect::<Vec<_>>().join(", "))
        }
    };
    Finding::wrong(
        CHECK,
        format!("synchronous_standby_names is {names}, and none of them confirms; {connected}"),
        "a standby that confirms",
        "start the standby, with that name as application_name in its primary_conninfo; or take the name out, and a \
         failover may lose commits",
    )
}

/// Whether a COMMIT waits for standbys, where any are named.
async fn waits(db: &Client) -> Result<bool, tokio_postgres::Error> {
    let word = told(db, "SHOW synchronous_commit").await?;
    Ok(!matches!(word.as_str(), "off" | "local"))
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
    use crate::store::postgres::PostgresStore;
    use seattime_testing::cluster;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_is_looked_at_before_and_after_its_first_server() {
        let Some(programs) = cluster::programs_or_skip() else { return };
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
            let standbys: Vec<_> = states.iter().map(|it| ("other".to_owned(), (*it).to_owned())).collect();
            assert_eq!(judged(names, &standbys).verdict, *expected, "{names}: {states:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_standby_is_missed_once_it_is_gone_and_nobody_waits_for_that() {
        let Some(programs) = cluster::programs_or_skip() else { return };
        let primary = cluster::Cluster::start(&programs, &[]).unwrap();
        let data = tempfile::tempdir().unwrap();
        drop(PostgresStore::open(&primary.url()).await.unwrap());
        let standby = primary.standby("one").unwrap();
        let said = async |url: &str, check: &str| {
            let findings = examine(url, data.path(), &SystemClock).await;
            findings.iter().find(|it| it.check == check).map(ToString::to_string).unwrap_or_default()
        };
        let until = async |question: &str, expected: &str| {
            let reached = async {
                while primary.ask(question).unwrap() != expected {
                    tokio::task::yield_now().await;
                }
            };
            timeout(Duration::from_secs(30), reached).await.unwrap();
        };
        let states = "SELECT string_agg(sync_state, ',') FROM pg_stat_replication WHERE state = 'streaming'";

        until(states, "async").await;
        assert_eq!(
            said(&primary.url(), "standby").await,
            "note  standby: no synchronous standby, 1 that may lag: a failover may lose acknowledged commits; expected \
             a synchronous standby; set synchronous_standby_names on the primary"
        );
        // Under another name than its own it confirms nothing.
        primary.ask("ALTER SYSTEM SET synchronous_standby_names = 'two'").unwrap();
        primary.ask("SELECT pg_reload_conf()").unwrap();
        until("SHOW synchronous_standby_names", "two").await;
        let found = said(&primary.url(), "standby").await;
        assert!(found.starts_with("WRONG standby: synchronous_standby_names is two, and none of them confirms; connected as one (async);"), "{found}");
        primary.ask("ALTER SYSTEM SET synchronous_standby_names = 'one'").unwrap();
        primary.ask("SELECT pg_reload_conf()").unwrap();
        until(states, "sync").await;
        assert_eq!(said(&primary.url(), "standby").await, "fine  standby: 1 that confirm each commit");
        assert!(said(&primary.url(), "test_commit").await.contains("on disk after"));
        assert!(said(&standby.url(), "version").await.contains("a standby; expected a primary"));

        standby.stop().unwrap();
        until("SELECT count(*) FROM pg_stat_replication", "0").await;
        assert_eq!(
            said(&primary.url(), "standby").await,
            "WRONG standby: synchronous_standby_names is one, and none of them confirms; nobody is connected; expected \
             a standby that confirms; start the standby, with that name as application_name in its primary_conninfo; or \
             take the name out, and a failover may lose commits"
        );
        assert_eq!(
            said(&primary.url(), "test_commit").await,
            "WRONG test_commit: not tried: it would wait, as every commit does now; expected a standby that confirms; \
             see standby"
        );
        // Nothing was left waiting.
        assert_eq!(
            primary.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").unwrap(),
            "0"
        );

        standby.start_again().unwrap();
        until(states, "sync").await;
        assert!(said(&primary.url(), "test_commit").await.contains("on disk after"));
    }
}
