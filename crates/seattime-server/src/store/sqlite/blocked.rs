//! Blocked requests of content, in SQLite.

use super::SqliteStore;
use super::sql_here as sql;
use crate::store::blocked::{KEPT_MS, MAX_ROWS};
use crate::store::{Answer, BlockedRequest, BlockedRequests};

impl BlockedRequests for SqliteStore {
    fn add_blocked(
        &self,
        tenant: &str,
        package: &str,
        counts: Vec<(String, String, i64)>,
        now_ms: i64,
    ) -> Answer<'_, ()> {
        let (tenant, package) = (tenant.to_owned(), package.to_owned());
        self.write(move |desk| {
            let old_ms = now_ms.saturating_sub(KEPT_MS);
            desk.db.prepare_cached(sql!("drop_blocked"))?.execute((&tenant, &package, old_ms))?;
            let mut put = desk.db.prepare_cached(sql!("put_blocked"))?;
            for (host, directive, count) in &counts {
                put.execute((&tenant, &package, host, directive, count, now_ms, MAX_ROWS))?;
            }
            Ok(())
        })
    }

    fn blocked_of(&self, tenant: &str, package: &str) -> Answer<'_, Vec<BlockedRequest>> {
        let key = (tenant.to_owned(), package.to_owned());
        self.read(move |db| {
            let mut query = db.prepare_cached(sql!("blocked"))?;
            let rows = query.query_map(key, |row| {
                Ok(BlockedRequest {
                    host: row.get(0)?,
                    directive: row.get(1)?,
                    count: row.get(2)?,
                    first_ms: row.get(3)?,
                    last_ms: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
