//! Lists of the project's files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::project::Project;

/// Every file under a folder, sorted; none when there is no such folder.
pub(crate) fn under(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The files directly in a folder whose names end so, sorted.
pub(crate) fn directly_in(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = under(folder)?;
    found.retain(|it| it.parent() == Some(folder) && it.to_string_lossy().ends_with(ending));
    Ok(found)
}

/// What git tracks or would track, relative to the root, as git writes paths.
pub(crate) fn tracked(project: &Project) -> Result<Vec<String>> {
    let list = project.ask("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let mut found: Vec<String> = list.split('\0').filter(|it| !it.is_empty()).map(str::to_owned).collect();
    found.retain(|it| project.root.join(it).is_file());
    found.sort();
    found.dedup();
    Ok(found)
}
