//! Whether what is kept of the report is what it is derived from, in SQLite: read at one moment, beside the writer.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row};

use super::packages::reported;
use super::sql_here as sql;
use super::standings::gathered;
use crate::store::listing::{COLUMNS, SortKey};
use crate::store::rows::column;
use crate::store::verifying::{KeptBeside, VerifiedRows, differing};
use crate::store::{RowKey, StoreError};

/// Looks at up to `most` rows that come after a key.
pub(super) fn verify(
    db: &Connection,
    tenant: Option<&str>,
    (after, most): (&RowKey, usize),
) -> Result<VerifiedRows, StoreError> {
    // Whatever is written meanwhile, all of it is read as it was when this began.
    let moment = db.unchecked_transaction()?;
    let found = moment
        .prepare_cached(sql!("rows_to_verify"))?
        .query_map((tenant, &after.learner, &after.course, &after.topic, column(most as u64)), |row| {
            let key = RowKey { learner: row.get(0)?, course: row.get(1)?, topic: row.get(2)? };
            Ok((key, row.get::<_, String>(3)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut verified = VerifiedRows { seen: found.len(), ..VerifiedRows::default() };
    for (key, tenant) in &found {
        let of_row = (&key.learner, &key.course, &key.topic);
        let is_stale = moment.prepare_cached(sql!("is_stale"))?.exists(of_row)?;
        if is_stale {
            verified.stale += 1;
            continue;
        }
        let columns =
            moment.prepare_cached(sql!("standing_columns"))?.query_row(of_row, columns).optional()?;
        let mut query = moment.prepare_cached(sql!("reporting_of_row"))?;
        let reporting = query.query_map(of_row, reported)?.collect::<Result<BTreeMap<_, _>, _>>()?;
        let gathered = gathered(&moment, &key.learner, &key.course, &key.topic, tenant)?;
        verified.differing.extend(differing(tenant, &gathered, &KeptBeside { columns, reporting })?);
    }
    verified.last = found.into_iter().next_back().map(|it| it.0);
    Ok(verified)
}

fn columns(row: &Row<'_>) -> rusqlite::Result<Vec<SortKey>> {
    let column = |n| match row.get_ref(n)? {
        rusqlite::types::ValueRef::Integer(number) => Ok(SortKey::Number(number)),
        _ => Ok(SortKey::Text(row.get(n)?)),
    };
    (0..COLUMNS.len()).map(column).collect()
}
