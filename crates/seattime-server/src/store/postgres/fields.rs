//! What goes into PostgreSQL's statements and comes out of its rows, U+0000 included.
//!
//! Every statement is sent unnamed and with the types of its fields, so that nothing of it stays in the session:
//! the next one may run on another connection, behind a proxy that hands them out by the transaction.

use std::borrow::Cow;
use std::error::Error;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};
use tokio_postgres::{Client, Row};

use super::failure::Failure;
use crate::store::StoreError;

/// Begins what stands for a character that PostgreSQL's texts cannot hold, or that this one itself is.
const ESCAPE: char = '\u{1}';

/// A text as PostgreSQL can hold it: content may send U+0000, and gets it back.
pub(super) fn holdable(text: &str) -> Cow<'_, str> {
    // As bytes, which is quicker: neither is a part of another character.
    if memchr::memchr2(0, ESCAPE as u8, text.as_bytes()).is_some() {
        Cow::Owned(text.replace(ESCAPE, "\u{1}1").replace('\0', "\u{1}0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A text as it was before [`holdable`].
fn unescaped(text: &str) -> String {
    if text.contains(ESCAPE) {
        text.replace("\u{1}0", "\0").replace("\u{1}1", "\u{1}")
    } else {
        text.to_owned()
    }
}

/// A statement's field.
#[derive(Debug)]
pub(crate) enum Field<'a> {
    Text(Option<&'a str>),
    Long(Option<i64>),
    Flag(bool),
    Texts(Vec<Option<&'a str>>),
    Longs(Vec<Option<i64>>),
    Flags(Vec<bool>),
}

impl Field<'_> {
    fn kind(&self) -> Type {
        match self {
            Field::Text(_) => Type::TEXT,
            Field::Long(_) => Type::INT8,
            Field::Flag(_) => Type::BOOL,
            Field::Texts(_) => Type::TEXT_ARRAY,
            Field::Longs(_) => Type::INT8_ARRAY,
            Field::Flags(_) => Type::BOOL_ARRAY,
        }
    }
}

impl ToSql for Field<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Field::Text(text) => text.map(holdable).to_sql(kind, out),
            Field::Long(number) => number.to_sql(kind, out),
            Field::Flag(flag) => flag.to_sql(kind, out),
            Field::Texts(texts) => {
                texts.iter().map(|it| it.map(holdable)).collect::<Vec<_>>().to_sql(kind, out)
            }
            Field::Longs(numbers) => numbers.to_sql(kind, out),
            Field::Flags(flags) => flags.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true // Each field says its own type.
    }

    fn to_sql_checked(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(kind, out)
    }
}

impl<'a> From<&'a str> for Field<'a> {
    fn from(text: &'a str) -> Field<'a> {
        Field::Text(Some(text))
    }
}

impl<'a> From<&'a String> for Field<'a> {
    fn from(text: &'a String) -> Field<'a> {
        Field::Text(Some(text))
    }
}

impl<'a> From<&'a Option<String>> for Field<'a> {
    fn from(text: &'a Option<String>) -> Field<'a> {
        Field::Text(text.as_deref())
    }
}

impl From<i64> for Field<'_> {
    fn from(number: i64) -> Self {
        Field::Long(Some(number))
    }
}

impl From<u32> for Field<'_> {
    fn from(number: u32) -> Self {
        Field::Long(Some(i64::from(number)))
    }
}

impl From<bool> for Field<'_> {
    fn from(flag: bool) -> Self {
        Field::Flag(flag)
    }
}

/// A column of texts, for a statement that is told many rows.
pub(crate) fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Field<'a> {
    Field::Texts(texts.map(Some).collect())
}

/// A column of numbers, for a statement that is told many rows.
pub(crate) fn longs<'a>(numbers: impl Iterator<Item = i64>) -> Field<'a> {
    Field::Longs(numbers.map(Some).collect())
}

/// Runs a statement; answers its rows.
pub(crate) async fn rows(db: &Client, statement: &str, fields: &[Field<'_>]) -> Result<Vec<Row>, Failure> {
    let typed: Vec<(&(dyn ToSql + Sync), Type)> =
        fields.iter().map(|it| (it as &(dyn ToSql + Sync), it.kind())).collect();
    Ok(db.query_typed(statement, &typed).await?)
}

/// Runs a statement; answers its first row.
pub(crate) async fn row(db: &Client, statement: &str, fields: &[Field<'_>]) -> Result<Option<Row>, Failure> {
    Ok(rows(db, statement, fields).await?.into_iter().next())
}

/// Runs a statement; answers how many rows it changed.
pub(crate) async fn run(db: &Client, statement: &str, fields: &[Field<'_>]) -> Result<u64, Failure> {
    let typed: Vec<(&(dyn ToSql + Sync), Type)> =
        fields.iter().map(|it| (it as &(dyn ToSql + Sync), it.kind())).collect();
    Ok(db.execute_typed(statement, &typed).await?)
}

/// A text out of a row.
struct Told(String);

impl<'a> FromSql<'a> for Told {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Told, Box<dyn Error + Sync + Send>> {
        <&str as FromSql>::from_sql(kind, raw).map(|it| Told(unescaped(it)))
    }

    fn accepts(kind: &Type) -> bool {
        <&str as FromSql>::accepts(kind)
    }
}

/// The columns of a row, in their order.
pub(crate) struct Columns<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Columns<'a> {
    /// From the first one on.
    pub(crate) fn of(row: &'a Row) -> Columns<'a> {
        Columns { row, next: 0 }
    }

    fn take<T: FromSql<'a>>(&mut self) -> Result<T, StoreError> {
        let found = self.row.try_get(self.next);
        self.next += 1;
        found.map_err(|error| StoreError::Failed(format!("a row cannot be read: {error}")))
    }

    /// A text.
    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        Ok(self.take::<Told>()?.0)
    }

    /// A text, or none.
    pub(crate) fn some_text(&mut self) -> Result<Option<String>, StoreError> {
        Ok(self.take::<Option<Told>>()?.map(|it| it.0))
    }

    /// A number.
    pub(crate) fn long(&mut self) -> Result<i64, StoreError> {
        self.take()
    }

    /// A number, or none.
    pub(crate) fn some_long(&mut self) -> Result<Option<i64>, StoreError> {
        self.take()
    }

    /// A small number that is not negative.
    pub(crate) fn count(&mut self) -> Result<u32, StoreError> {
        let found = self.long()?;
        u32::try_from(found)
            .map_err(|_| StoreError::Failed(format!("a row cannot be read: {found} is no u32")))
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self) -> Result<bool, StoreError> {
        self.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_as_it_was_and_holds_no_zero_meanwhile() {
        for text in ["", "plain", "\0", "a\0b\0", "\u{1}", "\u{1}0", "\u{1}1", "\0\u{1}1\u{1}0\0", "ä\u{1}\0"]
        {
            let held = holdable(text);
            assert!(!held.contains('\0'), "{text:?}");
            assert_eq!(unescaped(&held), text, "{text:?}");
        }
    }
}
