//! Findings of an import: warnings about a package, and the hosts that it refers to.

use seattime_package::folded;
use serde::{Deserialize, Serialize};

use super::StoredPackage;

/// How much a warning matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The package works; other systems may refuse it.
    Info,
    /// The package works as it was most likely meant, or in part.
    Warning,
    /// A part of the package does not work.
    Error,
}

/// A fault of a package that did not keep it from being imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportWarning {
    /// Its stable code.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// Path of the file in the package, if it concerns one file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line in that file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in that line in characters, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What was found, and how it was read.
    pub text: String,
}

/// A row of a package's files.
pub(crate) struct FileRow<'a> {
    pub(crate) path: &'a str,
    /// Name of the file on disk.
    pub(crate) n: i64,
    pub(crate) size_bytes: i64,
    /// The path without its case and normal form.
    pub(crate) folded: String,
}

impl StoredPackage {
    /// The rows of its files: one for each path that a file answers to.
    pub(crate) fn file_rows(&self) -> impl Iterator<Item = FileRow<'_>> {
        let own = self.files.iter().enumerate().map(|(n, (path, size_bytes))| (path, n, *size_bytes));
        let others = self.aliases.iter().filter_map(|(path, n)| Some((path, *n, self.files.get(*n)?.1)));
        own.chain(others).map(|(path, n, size_bytes)| FileRow {
            path,
            n: i64::try_from(n).unwrap_or(i64::MAX),
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            folded: folded(path),
        })
    }
}

/// Returns the file that was found, if it is the only one.
pub(crate) fn only(found: &[(u64, u64)]) -> Option<(u64, u64)> {
    match found {
        [file] => Some(*file),
        _ => None,
    }
}

/// Findings of an import; empty for packages imported by earlier versions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImportFindings {
    /// Faults that did not keep the package from being imported.
    pub warnings: Vec<ImportWarning>,
    /// Other hosts that the package loads from, sorted.
    pub hosts: Vec<String>,
}
