//! Raw SQLite: the statements that keep a commit, in transactions as large as the server's, and nothing else.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::Connection;

/// A statement of the server's own.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!("../../../seattime-server/src/store/sqlite/", $name, ".sql"))
    };
}

/// A visit, and everything that a commit of it writes.
struct Row {
    learner: String,
    visit: String,
    tenant: String,
    attempt: String,
    policy: String,
    opened_ms: i64,
    raw: String,
    course: String,
    topic: String,
}

/// How many commits a second SQLite keeps, in transactions of `batch`, on a database that a server has filled with
/// visits, each of which has committed at least once. `lease` and `seq` go on from where the server was.
#[allow(clippy::disallowed_methods, reason = "how long it takes is what is asked")]
pub(crate) fn rate(database: &Path, batch: usize, length: Duration, first_seq: i64) -> Result<f64> {
    let mut db = Connection::open(database)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA wal_autocheckpoint = 16384; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;",
    )?;
    db.set_prepared_statement_cache_capacity(128);
    let rows = db
        .prepare(
            "SELECT visit.learner, visit.id, visit.tenant, visit.attempt, policy, opened_ms, raw, course, topic
             FROM visit JOIN attempt ON attempt.learner = visit.learner AND attempt.id = visit.attempt",
        )?
        .query_map([], |row| {
            Ok(Row {
                learner: row.get(0)?,
                visit: row.get(1)?,
                tenant: row.get(2)?,
                attempt: row.get(3)?,
                policy: row.get(4)?,
                opened_ms: row.get(5)?,
                raw: row.get(6)?,
                course: row.get(7)?,
                topic: row.get(8)?,
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let suspended = "x".repeat(300);
    let (mut kept, mut seq) = (0_u32, first_seq);
    let mut next = rows.iter().cycle();
    let start = Instant::now();
    while start.elapsed() < length {
        let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for row in next.by_ref().take(batch) {
            seq += 10;
            transaction.prepare_cached("SAVEPOINT change")?.execute([])?;
            for (element, text) in
                [("cmi.location", "page"), ("cmi.score.raw", "80"), ("cmi.suspend_data", suspended.as_str())]
            {
                let key = (&row.learner, &row.attempt, "item", 1, element);
                let values = (key.0, key.1, key.2, key.3, key.4, text, 1, seq);
                transaction.prepare_cached(sql!("put_value"))?.execute(values)?;
            }
            transaction.prepare_cached(sql!("put_visit"))?.execute((
                &row.learner,
                &row.visit,
                &row.tenant,
                &row.attempt,
                1,
                &row.policy,
                row.opened_ms,
                row.opened_ms + seq,
                row.opened_ms + seq,
                seq,
                true,
                &row.raw,
            ))?;
            let stale = (&row.learner, &row.course, &row.topic, &row.tenant);
            transaction.prepare_cached(sql!("put_stale"))?.execute(stale)?;
            transaction.prepare_cached("RELEASE change")?.execute([])?;
            kept += 1;
        }
        transaction.commit()?;
    }
    Ok(f64::from(kept) / start.elapsed().as_secs_f64())
}
