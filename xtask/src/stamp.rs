//! Stamps: what a result was made of, so that it's made again only when that has changed.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result};

use crate::files;

/// A number that changes when anything that was added to it changes.
#[derive(Default)]
pub(crate) struct Fingerprint(DefaultHasher);

impl Fingerprint {
    /// Adds a text, such as a version.
    pub(crate) fn text(mut self, text: &str) -> Fingerprint {
        text.hash(&mut self.0);
        self
    }

    /// Adds a file, or all files under a folder: their paths and their bytes.
    pub(crate) fn tree(mut self, path: &Path) -> Result<Fingerprint> {
        let files = if path.is_file() { vec![path.to_path_buf()] } else { files::under(path)? };
        for file in files {
            let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            file.hash(&mut self.0);
            bytes.hash(&mut self.0);
        }
        Ok(self)
    }

    /// The number in hexadecimal.
    pub(crate) fn finish(self) -> String {
        format!("{:016x}", self.0.finish())
    }
}

/// Whether the stamp says exactly this.
pub(crate) fn says(stamp: &Path, text: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|it| it == text)
}

/// Writes a stamp, with the folders that lead to it.
pub(crate) fn write(stamp: &Path, text: &str) -> Result<()> {
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(stamp, text).with_context(|| format!("cannot write {}", stamp.display()))
}
