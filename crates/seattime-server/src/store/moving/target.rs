//! The PostgreSQL database that everything is moved to.

use tokio_postgres::Client;

use super::MoveError;
use super::tables::{Cell, Kind, Table};
use crate::store::StoreError;
use crate::store::postgres::failure::{Failure, retried};
use crate::store::postgres::fields::{Columns, Field, row, run};
use crate::store::postgres::{Pool, connected};

const FIND: &str = "SELECT source, tables, rows, last_key, is_checked FROM store_move WHERE id = 1";
const BEGIN: &str = "INSERT INTO store_move (id, source, tables, rows, last_key, is_checked) \
     VALUES (1, $1, 0, 0, '[]', false) ON CONFLICT (id) DO NOTHING";
const NOTE: &str = "UPDATE store_move SET tables = $1, rows = $2, last_key = $3 WHERE id = 1";
const FINISH: &str = "UPDATE store_move SET is_checked = true WHERE id = 1";
/// Whoever has served from it has a key at least.
const IS_USED: &str = "SELECT EXISTS (SELECT 1 FROM secret) OR EXISTS (SELECT 1 FROM learner) \
     OR EXISTS (SELECT 1 FROM package)";

/// The database.
pub(super) struct Target(Pool);

/// How far an earlier move came: tables that are whole, rows of the next one, and the last one's key.
type Begun = (usize, i64, Vec<Cell>);

impl Target {
    /// Connects, and makes the schema.
    pub(super) async fn open(url: &str) -> Result<Target, MoveError> {
        Ok(Target(connected(url).await?))
    }

    /// Begins, or takes an earlier move up.
    pub(super) async fn begin(&self, source: &str) -> Result<Begun, MoveError> {
        let found: Result<_, StoreError> = retried!(tries => begin(&self.0, source));
        let Some((kept, begun, is_checked)) = found? else {
            return Err(MoveError::NotEmpty(source.to_owned()));
        };
        if kept != source {
            return Err(MoveError::NotEmpty(source.to_owned()));
        }
        if is_checked { Err(MoveError::Done(kept)) } else { Ok(begun) }
    }

    /// Keeps some rows of table `n`, and how far that is.
    pub(super) async fn put(
        &self,
        n: usize,
        table: &Table,
        batch: &[Vec<Cell>],
        how_far: (i64, &[Cell]),
    ) -> Result<(), MoveError> {
        let put: Result<(), StoreError> = retried!(tries => put(&self.0, n, table, batch, how_far));
        Ok(put?)
    }

    /// Notes that so many tables are whole.
    pub(super) async fn finish_table(&self, tables: usize) -> Result<(), MoveError> {
        let noted: Result<(), StoreError> = retried!(tries => finish_table(&self.0, tables));
        Ok(noted?)
    }

    /// Notes that everything is here.
    pub(super) async fn finish(&self) -> Result<(), MoveError> {
        let noted: Result<(), StoreError> = retried!(tries => finish(&self.0));
        Ok(noted?)
    }

    /// Count and sums of all rows, those of a table beside it included: they would be missed as well.
    pub(super) async fn sums(&self, table: &Table) -> Result<Vec<i128>, MoveError> {
        let sums: Result<Vec<i128>, StoreError> = retried!(tries => sums(&self.0, table));
        Ok(sums?)
    }
}

async fn begin(pool: &Pool, source: &str) -> Result<Option<(String, Begun, bool)>, Failure> {
    let db = pool.get().await?;
    if row(&db, FIND, &[]).await?.is_none() {
        let used = row(&db, IS_USED, &[]).await?;
        if used.map_or(Ok(false), |it| Columns::of(&it).flag())? {
            return Ok(None);
        }
        run(&db, BEGIN, &[source.into()]).await?;
    }
    let Some(found) = row(&db, FIND, &[]).await? else { return Err(Failure::Raced) };
    let mut it = Columns::of(&found);
    let (kept, tables, rows) = (it.text()?, it.long()?, it.long()?);
    let last = serde_json::from_str(&it.text()?)?;
    Ok(Some((kept, (usize::try_from(tables).unwrap_or(0), rows, last), it.flag()?)))
}

async fn put(
    pool: &Pool,
    n: usize,
    table: &Table,
    batch: &[Vec<Cell>],
    (rows, last): (i64, &[Cell]),
) -> Result<(), Failure> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let db = transaction.client();
    let of =
        |name: &str| table.position(name).zip(table.columns.iter().find(|it| it.0 == name).map(|it| it.1));
    let mut columns: Vec<(&str, Kind, Field<'_>)> = Vec::new();
    for (name, kind) in table.columns.iter().filter(|it| !table.only_beside.contains(&it.0)) {
        if let Some((at, _)) = of(name) {
            columns.push((*name, *kind, column(batch, at, *kind)));
        }
    }
    if let Some((name, holds)) = table.added {
        columns.push((name, Kind::Number, Field::Longs(vec![Some(holds); batch.len()])));
    }
    insert(db, table.name, table.keys, columns).await?;
    if let Some((beside, keys, made_from)) = table.beside {
        let columns = made_from.iter().filter_map(|(name, from)| {
            let (at, kind) = of(from)?;
            Some((*name, kind, column(batch, at, kind)))
        });
        insert(db, beside, keys, columns.collect()).await?;
    }
    let last = serde_json::to_string(last)?;
    run(db, NOTE, &[(n as i64).into(), rows.into(), (&last).into()]).await?;
    transaction.commit().await?;
    Ok(())
}

fn column<'a>(batch: &'a [Vec<Cell>], at: usize, kind: Kind) -> Field<'a> {
    let cells = batch.iter().map(|it| it.get(at));
    let number = |cell: Option<&Cell>| match cell {
        Some(Cell::Number(number)) => Some(*number),
        _ => None,
    };
    match kind {
        Kind::Text => Field::Texts(
            cells
                .map(|it| if let Some(Cell::Text(text)) = it { Some(text.as_str()) } else { None })
                .collect(),
        ),
        Kind::Number => Field::Longs(cells.map(number).collect()),
        Kind::Flag => Field::Flags(cells.map(|it| number(it) == Some(1)).collect()),
    }
}

/// Keeps rows; those that are there already are kept again.
async fn insert(
    db: &Client,
    table: &str,
    keys: usize,
    columns: Vec<(&str, Kind, Field<'_>)>,
) -> Result<(), Failure> {
    let names: Vec<&str> = columns.iter().map(|it| it.0).collect();
    let arrays = columns.iter().zip(1..).map(|((_, kind, _), n)| {
        let kind = match kind {
            Kind::Text => "text",
            Kind::Number => "bigint",
            Kind::Flag => "boolean",
        };
        format!("${n}::{kind}[]")
    });
    let arrays = arrays.collect::<Vec<_>>().join(", ");
    let (key, rest) = names.split_at(keys.min(names.len()));
    let renewed: Vec<String> = rest.iter().map(|it| format!("{it} = excluded.{it}")).collect();
    let then =
        if renewed.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", renewed.join(", ")) };
    let statement = format!(
        "INSERT INTO {table} ({}) SELECT * FROM unnest({arrays}) ON CONFLICT ({}) DO {then}",
        names.join(", "),
        key.join(", "),
    );
    let fields: Vec<Field<'_>> = columns.into_iter().map(|it| it.2).collect();
    run(db, &statement, &fields).await?;
    Ok(())
}

async fn finish_table(pool: &Pool, tables: usize) -> Result<(), Failure> {
    let db = pool.get().await?;
    run(&db, NOTE, &[(tables as i64).into(), 0_i64.into(), "[]".into()]).await?;
    Ok(())
}

async fn finish(pool: &Pool) -> Result<(), Failure> {
    let db = pool.get().await?;
    run(&db, FINISH, &[]).await?;
    Ok(())
}

async fn sums(pool: &Pool, table: &Table) -> Result<Vec<i128>, Failure> {
    let db = pool.get().await?;
    let mut wanted = vec![("*", None, table.name)];
    for (name, kind) in table.columns {
        let place = if table.only_beside.contains(name) {
            table.beside.map_or(table.name, |it| it.0)
        } else {
            table.name
        };
        wanted.push((*name, Some(*kind), place));
    }
    let mut sums = Vec::new();
    for (name, kind, place) in wanted {
        let what = match kind {
            None => "count(*)".to_owned(),
            Some(Kind::Text) => format!("coalesce(sum(octet_length({name})), 0)"),
            Some(Kind::Number) => format!("coalesce(sum({name}), 0)"),
            Some(Kind::Flag) => format!("count(*) FILTER (WHERE {name})"),
        };
        let found = row(&db, &format!("SELECT ({what})::text FROM {place}"), &[]).await?;
        let text = found.map_or(Ok(String::new()), |it| Columns::of(&it).text())?;
        sums.push(text.parse().map_err(|_| StoreError::Failed(format!("{what} of {place} is {text:?}")))?);
    }
    if let Some((beside, ..)) = table.beside {
        // As many rows beside it, or the count differs.
        let found = row(&db, &format!("SELECT count(*) FROM {beside}"), &[]).await?;
        let count = i128::from(found.map_or(Ok(0), |it| Columns::of(&it).long())?);
        if let Some(first) = sums.first_mut().filter(|it| **it != count) {
            *first = count;
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::super::tables::TABLES;

    #[test]
    fn every_key_and_every_column_beside_is_there() {
        for table in TABLES {
            assert!(table.keys > 0 && table.keys <= table.columns.len(), "{}", table.name);
            for name in table.only_beside {
                assert!(table.position(name).is_some(), "{}.{name}", table.name);
            }
            for (_, from) in table.beside.map_or(&[][..], |it| it.2) {
                assert!(table.position(from).is_some(), "{}.{from}", table.name);
            }
        }
    }
}
