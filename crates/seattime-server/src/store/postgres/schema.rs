//! The schema of PostgreSQL, brought up to date by one server at a time.

use std::time::Duration;

use deadpool_postgres::Pool;

use super::connection::shown;
use super::failure::{Failure, retried};
use super::fields::{Columns, row, run};
use crate::error::StartError;
use crate::store::StoreError;

/// The schema, a step a version: never changed once released, only added to.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/postgres/0001_spine.sql"),
    include_str!("../../../migrations/postgres/0002_totals.sql"),
    include_str!("../../../migrations/postgres/0003_reporting.sql"),
    include_str!("../../../migrations/postgres/0004_report.sql"),
    include_str!("../../../migrations/postgres/0005_zone.sql"),
    include_str!("../../../migrations/postgres/0006_accounts.sql"),
    include_str!("../../../migrations/postgres/0007_history.sql"),
    include_str!("../../../migrations/postgres/0008_record.sql"),
    include_str!("../../../migrations/postgres/0009_imports.sql"),
    include_str!("../../../migrations/postgres/0010_blocked.sql"),
    include_str!("../../../migrations/postgres/0011_completion.sql"),
];

/// The version of the schema.
pub(crate) const SCHEMA: usize = MIGRATIONS.len();

/// How long a server may take for a step before another one may go on in its place, in ms.
const LEASE_MS: i64 = 600_000;
/// How long a server waits before it looks again whether another one is done.
const WAIT: Duration = Duration::from_millis(200);

const MAKE: &str = "CREATE TABLE IF NOT EXISTS schema_version (id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1), \
     version BIGINT NOT NULL, holder TEXT NOT NULL, until_ms BIGINT NOT NULL)";
const MAKE_ROW: &str = "INSERT INTO schema_version (id, version, holder, until_ms) VALUES (1, 0, '', 0) ON CONFLICT (id) DO NOTHING";
const FIND: &str = "SELECT version FROM schema_version WHERE id = 1";
const HOLD: &str = "UPDATE schema_version SET holder = $1, until_ms = $2 WHERE id = 1 AND (until_ms < $3 OR holder = $1) \
     AND version < $4";
const STEP: &str =
    "UPDATE schema_version SET version = version + 1 WHERE id = 1 AND holder = $1 AND version = $2";
const RELEASE: &str = "UPDATE schema_version SET until_ms = 0 WHERE id = 1 AND holder = $1";

/// Brings the schema up to date; `now_ms` is the database's own time.
pub(super) async fn migrate(pool: &Pool, url: &str, now_ms: i64) -> Result<(), StartError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let failed = |error: StoreError| StartError::Database { path: shown(url), reason: error.to_string() };
    let made: Result<(), StoreError> = retried!(tries => make(pool));
    made.map_err(failed)?;
    let holder = uuid::Uuid::new_v4().to_string();
    let mut waited_ms = 0;
    loop {
        let found: Result<i64, StoreError> = retried!(tries => found(pool));
        let found = found.map_err(failed)?;
        if found > known {
            return Err(StartError::Newer { path: shown(url), found, known });
        }
        if found == known {
            return Ok(());
        }
        let held: Result<bool, StoreError> =
            retried!(tries => hold(pool, &holder, now_ms + waited_ms, known));
        if held.map_err(failed)? {
            let stepped: Result<(), StoreError> = retried!(tries => step(pool, &holder, found));
            stepped.map_err(failed)?;
        } else {
            tokio::time::sleep(WAIT).await;
            waited_ms += i64::try_from(WAIT.as_millis()).unwrap_or(0);
        }
    }
}

async fn make(pool: &Pool) -> Result<(), Failure> {
    let connection = pool.get().await?;
    // Of two servers that make the table at once, one may be told that its name is taken already.
    if let Err(error) = run(&connection, MAKE, &[]).await {
        return if row(&connection, FIND, &[]).await.is_ok() { Ok(()) } else { Err(error) };
    }
    run(&connection, MAKE_ROW, &[]).await?;
    Ok(())
}

async fn found(pool: &Pool) -> Result<i64, Failure> {
    let connection = pool.get().await?;
    match row(&connection, FIND, &[]).await? {
        Some(row) => Ok(Columns::of(&row).long()?),
        None => run(&connection, MAKE_ROW, &[]).await.map(|_| 0),
    }
}

async fn hold(pool: &Pool, holder: &str, now_ms: i64, known: i64) -> Result<bool, Failure> {
    let connection = pool.get().await?;
    let fields = [holder.into(), now_ms.saturating_add(LEASE_MS).into(), now_ms.into(), known.into()];
    Ok(run(&connection, HOLD, &fields).await? > 0)
}

/// One step, whole or not at all; whoever lost the lease meanwhile does nothing.
async fn step(pool: &Pool, holder: &str, found: i64) -> Result<(), Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    if run(db, STEP, &[holder.into(), found.into()]).await? > 0 {
        let statements = usize::try_from(found).ok().and_then(|it| MIGRATIONS.get(it));
        db.batch_execute(statements.copied().unwrap_or_default()).await?;
    }
    run(db, RELEASE, &[holder.into()]).await?;
    transaction.commit().await?;
    Ok(())
}
