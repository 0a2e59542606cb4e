//! Debian's packages, where this user may install them.

use std::path::Path;

use anyhow::Result;

use crate::project::Project;
use crate::step;

/// Whether this is Debian or one of its children.
pub(super) fn is_here(project: &Project) -> bool {
    Path::new("/etc/debian_version").exists() && project.find_program("apt-get").is_some()
}

/// Whether this user may install packages.
pub(super) fn may_install(project: &Project) -> bool {
    is_here(project) && project.ask("id", &["-u"]).is_ok_and(|it| it == "0")
}

/// What whoever may install them types.
pub(super) fn command_for(packages: &[&str]) -> String {
    format!("sudo apt-get install --no-install-recommends {}", packages.join(" "))
}

/// Installs packages.
pub(super) fn install(project: &Project, packages: &[&str]) -> Result<()> {
    let mut update = project.program("apt-get");
    step::run(project, "setup", "reading Debian's package lists", update.args(["update", "--quiet"]))?;
    let mut install = project.program("apt-get");
    install.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(packages);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    step::run(project, "setup", &format!("installing {}", packages.join(", ")), &mut install)
}
