//! Where the project lies, and how its tasks start other programs.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The checkout that a task works on.
pub(crate) struct Project {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder; an absolute path.
    pub(crate) target: PathBuf,
    path: OsString,
}

impl Project {
    /// Finds the project by the manifest that cargo names while it runs xtask.
    pub(crate) fn find() -> Result<Project> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").context("start it as `cargo xtask`")?;
        let root = Path::new(&manifest).parent().context("xtask lies in the workspace")?.to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        // Our own tools come first, so that they win over another project's version of the same;
        // cargo's bin folder comes last, because a shell without rustup's lines may lack it.
        let inherited = env::var_os("PATH").unwrap_or_default();
        let folders =
            std::iter::once(target.join("tools/bin")).chain(env::split_paths(&inherited)).chain(cargo_bin());
        let path = env::join_paths(folders).context("PATH cannot be extended")?;
        Ok(Project { root, target, path })
    }

    /// The folder for stamps and logs.
    pub(crate) fn notes(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// A program of the machine, to be run at the root.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", &self.path).stdin(Stdio::null());
        // What cargo tells xtask about xtask would make other crates' build scripts run again.
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(name.as_ref());
            }
        }
        command
    }

    /// Cargo, in the toolchain that runs xtask.
    pub(crate) fn cargo(&self) -> Command {
        self.program("cargo")
    }

    /// Where a program lies on PATH, if it does.
    pub(crate) fn find_program(&self, name: &str) -> Option<PathBuf> {
        let file_name = format!("{name}{}", env::consts::EXE_SUFFIX);
        env::split_paths(&self.path).map(|it| it.join(&file_name)).find(|it| it.is_file())
    }

    /// What a quick program prints, without blanks at its ends; an error when it fails.
    pub(crate) fn ask(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<String> {
        let program = program.as_ref();
        let output = self.program(program).args(arguments).output();
        let output = output.with_context(|| format!("cannot start {}", program.display()))?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            bail!("{} {} failed: {}", program.display(), arguments.join(" "), complaint.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

fn cargo_bin() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    Some(home.or_else(|| Some(env::home_dir()?.join(".cargo")))?.join("bin"))
}
