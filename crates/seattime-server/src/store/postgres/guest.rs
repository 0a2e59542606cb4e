//! A connection to somebody else's database: nothing of ours is looked for in it, and nothing is made.

use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::connection::{Way, shown};
use super::failure::told;
use crate::error::StartError;

/// One connection to a database that is not ours, reached with the same care for TLS as our own.
pub struct Guest {
    client: deadpool_postgres::Object,
    place: String,
}

/// A value that a statement is told, always as text: the statement says what it is of.
#[derive(Debug, Clone)]
pub enum Word {
    /// One.
    One(Option<String>),
    /// Many.
    Many(Vec<Option<String>>),
}

impl Word {
    fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Word::One(it) => (it, Type::TEXT),
            Word::Many(it) => (it, Type::TEXT_ARRAY),
        }
    }
}

impl Guest {
    /// Connects to the database at `url`; what the address says of TLS holds as for the server's own.
    ///
    /// # Errors
    ///
    /// [`StartError::Database`].
    pub async fn connect(url: &str) -> Result<Guest, StartError> {
        let place = shown(url);
        let failed = |reason: String| StartError::Database { path: place.clone(), reason };
        let client = Way::to(url)?.pool()?.get().await;
        let client = client.map_err(|error| match error {
            deadpool_postgres::PoolError::Backend(error) => failed(told(&error)),
            other => failed(other.to_string()),
        })?;
        Ok(Guest { client, place })
    }

    /// Its address as it may be shown: without user, password and settings.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The rows that a statement answers. It is planned for these values, and nothing of it stays in the session.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn rows(&self, statement: &str, words: &[Word]) -> Result<Vec<Row>, String> {
        let typed: Vec<_> = words.iter().map(Word::typed).collect();
        self.client.query_typed(statement, &typed).await.map_err(|error| told(&error))
    }

    /// Runs statements that answer nothing.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn run(&self, statements: &str) -> Result<(), String> {
        self.client.batch_execute(statements).await.map_err(|error| told(&error))
    }
}
