//! The key of the API: from the environment, from its file, or made at the first start.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use seattime_server::config::{API_KEY_VARIABLE, DATABASE_VARIABLE};
use seattime_server::secret::ServerKey;

/// Where everything is kept, and the key of the API.
#[derive(Debug, clap::Args)]
pub(crate) struct Kept {
    /// The folder that everything is kept in.
    #[arg(long, default_value = "data")]
    pub(crate) data: PathBuf,
    /// The address of a PostgreSQL database, `postgres://…`, that several servers may share; the file `seattime.db`
    /// in the data folder, if left out.
    #[arg(long, env = DATABASE_VARIABLE, hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// The key of the API; without it, the one of the file `api-key` in the data folder.
    #[arg(long, env = API_KEY_VARIABLE, hide_env_values = true)]
    api_key: Option<String>,
}

/// The key, and where whoever needs it finds it.
pub(crate) fn of(kept: &Kept) -> Result<(String, String)> {
    let data = &kept.data;
    if let Some(key) = &kept.api_key {
        return Ok((key.clone(), "the one that was given".to_owned()));
    }
    fs::create_dir_all(data).with_context(|| {
        format!("cannot make the data folder {}; choose another with --data", data.display())
    })?;
    let path = data.join("api-key");
    let place = format!("in {}", path.display());
    match fs::read_to_string(&path) {
        Ok(key) => Ok((key.trim().to_owned(), place)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key =
                ServerKey::random().map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?.to_hex();
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let written = options.open(&path).and_then(|mut it| it.write_all(format!("{key}\n").as_bytes()));
            written.with_context(|| {
                format!("cannot write to the data folder {}; choose another with --data", data.display())
            })?;
            Ok((key, place))
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
