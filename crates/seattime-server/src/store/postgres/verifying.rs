//! Whether what is kept of the report is what it is derived from, in PostgreSQL: read at one moment, beside the servers.

use std::collections::BTreeMap;

use deadpool_postgres::Pool;
use tokio_postgres::IsolationLevel;

use super::failure::Failure;
use super::fields::{Columns, Field, row, rows};
use super::packages::reported;
use super::sql_here as sql;
use super::standings::gathered;
use crate::store::listing::{COLUMNS, SortKey, is_text};
use crate::store::rows::column;
use crate::store::verifying::{KeptBeside, VerifiedRows, differing};
use crate::store::{RowKey, StoreError};

/// Looks at up to `most` rows that come after a key.
pub(super) async fn verify(
    pool: &Pool,
    tenant: Option<&str>,
    (after, most): (&RowKey, usize),
) -> Result<VerifiedRows, Failure> {
    let mut connection = pool.get().await?;
    // Whatever is written meanwhile, all of it is read as it was when this began.
    let moment = connection
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let db = moment.client();
    let fields = [
        Field::Text(tenant),
        (&after.learner).into(),
        (&after.course).into(),
        (&after.topic).into(),
        column(most as u64).into(),
    ];
    let mut found = Vec::new();
    for row in &rows(db, sql!("rows_to_verify"), &fields).await? {
        let mut it = Columns::of(row);
        found.push((RowKey { learner: it.text()?, course: it.text()?, topic: it.text()? }, it.text()?));
    }
    let mut verified = VerifiedRows { seen: found.len(), ..VerifiedRows::default() };
    for (key, tenant) in &found {
        let of_row = [(&key.learner).into(), (&key.course).into(), (&key.topic).into()];
        let (stale, kept, reporting) = tokio::try_join!(
            row(db, sql!("is_stale"), &of_row),
            row(db, sql!("standing_columns"), &of_row),
            rows(db, sql!("reporting_of_row"), &of_row)
        )?;
        if stale.is_some() {
            verified.stale += 1;
            continue;
        }
        let columns = kept.map(|it| columns(&mut Columns::of(&it))).transpose()?;
        let reporting = reporting.iter().map(reported).collect::<Result<BTreeMap<_, _>, _>>()?;
        let gathered = gathered(db, &key.learner, &key.course, &key.topic, tenant).await?;
        verified.differing.extend(differing(tenant, &gathered, &KeptBeside { columns, reporting })?);
    }
    moment.commit().await?;
    verified.last = found.into_iter().next_back().map(|it| it.0);
    Ok(verified)
}

fn columns(it: &mut Columns<'_>) -> Result<Vec<SortKey>, StoreError> {
    let column = |name: &&str| match is_text(name) {
        true => Ok(SortKey::Text(it.text()?)),
        false => Ok(SortKey::Number(it.long()?)),
    };
    COLUMNS.iter().map(column).collect()
}
