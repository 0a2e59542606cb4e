//! The paths of a package, found also where an address does not spell them exactly.

use std::collections::HashMap;

use crate::entries::FileEntry;
use crate::names::folded;

/// The files of a package by their paths.
#[derive(Debug, Default)]
pub(crate) struct Paths<'a> {
    /// Folder of the manifest, with `/` at its end; empty where it is at the root.
    pub(crate) folder: &'a str,
    /// Path of the file that is served under each path.
    exact: HashMap<&'a str, &'a str>,
    /// The same by folded path; nothing where several files have it.
    folded: HashMap<String, Option<&'a str>>,
}

/// How a file was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    /// By its path.
    Exact,
    /// By the only path that differs in case, Unicode normal form or old code page.
    Alike,
}

impl<'a> Paths<'a> {
    /// The paths of these files; `manifest` is the manifest's.
    pub(crate) fn of(files: &'a [FileEntry], manifest: &'a str) -> Paths<'a> {
        let folder = manifest.rfind('/').and_then(|it| manifest.get(..=it)).unwrap_or_default();
        let mut paths = Paths { folder, ..Paths::default() };
        for file in files {
            paths.exact.insert(&file.path, &file.path);
            for name in std::iter::once(&file.path).chain(&file.other_paths) {
                let known = paths.folded.entry(folded(name)).or_insert(Some(&file.path));
                if known.is_some_and(|it| it != file.path) {
                    *known = None;
                }
            }
        }
        paths
    }

    /// The file that one of these paths means, the likelier path first.
    pub(crate) fn find(&self, paths: &[String]) -> Option<(&'a str, Match)> {
        let exact = paths.iter().find_map(|it| self.exact.get(it.as_str()));
        if let Some(path) = exact {
            return Some((path, Match::Exact));
        }
        let alike = paths.iter().find_map(|it| self.folded.get(&folded(it)).copied().flatten());
        alike.map(|it| (it, Match::Alike))
    }
}
