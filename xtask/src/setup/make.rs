//! `make`, which the server's allocator is built with.

use anyhow::Result;

use super::{Missing, debian};
use crate::project::Project;

const MAKE: &str = "make";

/// Installs it, or says how, unless it is there. On Windows the server has the system's allocator.
pub(super) fn ensure(project: &Project, missing: &mut Missing) -> Result<()> {
    if cfg!(windows) || project.find_program(MAKE).is_some() {
        return Ok(());
    }
    if debian::may_install(project) {
        return debian::install(project, &[MAKE]);
    }
    let how = if debian::is_here(project) {
        format!("type `{}`", debian::command_for(&[MAKE]))
    } else {
        "install it from your system's packages; on macOS, `xcode-select --install` brings it".to_owned()
    };
    missing.push(format!("- make: found none, and the server's allocator is built with it: {how}"));
    Ok(())
}
