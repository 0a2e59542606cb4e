//! wasm-bindgen and wasm-pack, and for tests geckodriver, as cargo installs them.

use anyhow::{Context, Result};

use crate::project::Project;
use crate::step;

/// Installs what is not there in the right version.
pub(super) fn ensure(project: &Project) -> Result<()> {
    let lock = std::fs::read_to_string(project.root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let wanted = locked_version(&lock, "wasm-bindgen").context("Cargo.lock names no wasm-bindgen")?;
    let found = project.ask("wasm-bindgen", &["--version"]).ok();
    if found.as_deref().and_then(version_of) != Some(wanted) {
        let mut install = project.cargo();
        // Without --locked: the lock file inside asks for versions that not every registry keeps.
        install.args(["install", "wasm-bindgen-cli", "--version", wanted]);
        if found.is_some() {
            // Another project needs the other one; ours goes where only our own tasks look.
            install.arg("--root").arg(project.target.join("tools"));
        }
        step::run(project, "setup", &format!("installing wasm-bindgen {wanted}"), &mut install)?;
    }
    if project.find_program("wasm-pack").is_none() {
        let mut install = project.cargo();
        step::run(project, "setup", "installing wasm-pack", install.args(["install", "wasm-pack"]))?;
    }
    Ok(())
}

/// Installs the driver of Firefox, for tests.
pub(super) fn ensure_geckodriver(project: &Project) -> Result<()> {
    if project.find_program("geckodriver").is_some() {
        return Ok(());
    }
    let mut install = project.cargo();
    step::run(project, "setup", "installing geckodriver", install.args(["install", "geckodriver"]))
}

fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|it| *it != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// The version in what a program says about itself: `wasm-bindgen 0.2.130 (abc)`.
fn version_of(text: &str) -> Option<&str> {
    text.split_whitespace().nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locked_version_is_that_of_the_package_and_not_of_its_macro() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(lock, "wasm"), None);
    }

    #[test]
    fn a_program_says_its_version_second() {
        assert_eq!(version_of("wasm-bindgen 0.2.130"), Some("0.2.130"));
        assert_eq!(version_of("wasm-bindgen 0.2.130 (abc)"), Some("0.2.130"));
    }
}
