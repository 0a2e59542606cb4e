//! The key of the API: from the environment, from its file, or made at the first start.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result};
use seattime_server::config::API_KEY_VARIABLE;
use seattime_server::secret::ServerKey;

/// The key, and where whoever needs it finds it.
pub(crate) fn of(data: &Path) -> Result<(String, String)> {
    if let Ok(key) = std::env::var(API_KEY_VARIABLE) {
        return Ok((key, format!("in {API_KEY_VARIABLE}")));
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
