//! What a server keeps, opened beside it.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use seattime_server::clock::{ServerClock, SystemClock};
use seattime_server::config::{DATABASE_VARIABLE, TENANT};
use seattime_server::store::Store;
use seattime_server::store::postgres::PostgresStore;
use seattime_server::store::sqlite::SqliteStore;

/// Where a tenant's learners are kept.
#[derive(Debug, clap::Args)]
pub(crate) struct Ours {
    /// The folder that Seattime keeps everything in.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The address of Seattime's PostgreSQL database; the file `seattime.db` in the data folder, if left out.
    #[arg(long, env = DATABASE_VARIABLE, hide_env_values = true)]
    database: Option<String>,
    /// Whose learners they are.
    #[arg(long, default_value = TENANT)]
    pub(crate) tenant: String,
}

impl Ours {
    /// Their store, and its time, in ms since 1970.
    pub(crate) async fn open(&self) -> Result<(Box<dyn Store>, i64)> {
        open(&self.data, self.database.as_deref()).await
    }
}

/// The store of a data folder or a database, and its time, in ms since 1970.
pub(crate) async fn open(data: &Path, database: Option<&str>) -> Result<(Box<dyn Store>, i64)> {
    if let Some(url) = database {
        let store = PostgresStore::open(url).await?;
        let now_ms = store.clock().now_ms().await;
        return Ok((Box::new(store), now_ms));
    }
    let path = data.join("seattime.db");
    if !path.is_file() {
        bail!("there is no {}; say with --data where the server keeps everything", path.display());
    }
    Ok((Box::new(SqliteStore::open(&path, None)?), SystemClock.now_ms().await))
}
