//! Blocked requests of content, in PostgreSQL.

use deadpool_postgres::Pool;

use super::PostgresStore;
use super::failure::{Failure, retried};
use super::fields::{Columns, rows, run};
use super::sql_here as sql;
use crate::store::blocked::{KEPT_MS, MAX_ROWS};
use crate::store::{Answer, BlockedRequest, BlockedRequests};

async fn add(
    pool: &Pool,
    (tenant, package): (&str, &str),
    counts: &[(String, String, i64)],
    now_ms: i64,
) -> Result<(), Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    let old_ms = now_ms.saturating_sub(KEPT_MS);
    run(db, sql!("drop_blocked"), &[tenant.into(), package.into(), old_ms.into()]).await?;
    for (host, directive, count) in counts {
        let fields = [
            tenant.into(),
            package.into(),
            host.into(),
            directive.into(),
            (*count).into(),
            now_ms.into(),
            MAX_ROWS.into(),
        ];
        run(db, sql!("put_blocked"), &fields).await?;
    }
    transaction.commit().await?;
    Ok(())
}

async fn find(pool: &Pool, tenant: &str, package: &str) -> Result<Vec<BlockedRequest>, Failure> {
    let db = pool.get().await?;
    let mut found = Vec::new();
    for row in &rows(&db, sql!("blocked"), &[tenant.into(), package.into()]).await? {
        let mut it = Columns::of(row);
        let (host, directive) = (it.text()?, it.text()?);
        found.push(BlockedRequest {
            host,
            directive,
            count: it.long()?,
            first_ms: it.long()?,
            last_ms: it.long()?,
        });
    }
    Ok(found)
}

impl BlockedRequests for PostgresStore {
    fn add_blocked(
        &self,
        tenant: &str,
        package: &str,
        mut counts: Vec<(String, String, i64)>,
        now_ms: i64,
    ) -> Answer<'_, ()> {
        let (tenant, package) = (tenant.to_owned(), package.to_owned());
        counts.sort_unstable(); // Two servers that add at once lock rows in the same order.
        Box::pin(async move { retried!(tries => add(&self.pool, (&tenant, &package), &counts, now_ms)) })
    }

    fn blocked_of(&self, tenant: &str, package: &str) -> Answer<'_, Vec<BlockedRequest>> {
        let (tenant, package) = (tenant.to_owned(), package.to_owned());
        Box::pin(async move { retried!(tries => find(&self.pool, &tenant, &package)) })
    }
}
