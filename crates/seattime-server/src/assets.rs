//! Pages and the run-time, as the server is given them.

use std::borrow::Cow;
use std::path::PathBuf;

/// Gives the files of `www/` and `pkg/` by their path, such as `www/player/index.html`.
pub trait Assets: Send + Sync {
    /// The file's bytes, if there is one.
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>>;
}

/// Reads them from two folders, anew each time.
#[derive(Debug, Clone)]
pub struct FolderAssets {
    /// The folder of the pages.
    pub www: PathBuf,
    /// The folder of the run-time.
    pub pkg: PathBuf,
}

impl Assets for FolderAssets {
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        let (folder, rest) = path.split_once('/')?;
        let folder = match folder {
            "www" => &self.www,
            "pkg" => &self.pkg,
            _ => return None,
        };
        let is_plain = rest.split('/').all(|it| !it.is_empty() && !it.starts_with('.') && !it.contains('\\'));
        is_plain.then(|| std::fs::read(folder.join(rest)).ok().map(Cow::Owned))?
    }
}
