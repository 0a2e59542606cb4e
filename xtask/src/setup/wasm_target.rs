//! A compiler with a standard library for `wasm32-unknown-unknown`.

use std::path::Path;
use std::process::Command;
use std::{fmt, fs};

use anyhow::{Context, Result};

use super::{Missing, debian};
use crate::project::Project;
use crate::{stamp, step};

const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler that is kept up for browsers, its sources, and the linker that fits it.
const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "lld-22"];
const LINKER: &str = "wasm-ld-22";

/// The name under which rustup knows Debian's compiler.
const TOOLCHAIN: &str = "debian-wasm";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_TARGET: &str = "/usr/lib/rustlib/wasm32-unknown-unknown";

/// The stamp beside a standard library of ours: the compiler that built it.
const BUILT_BY: &str = "built-by";

/// Where the wasm target comes from.
pub(crate) enum Route {
    /// The toolchain that runs xtask has it; its version.
    Own(String),
    /// Debian's compiler, with a standard library built from its sources; its version.
    Debian(String),
}

impl Route {
    /// Makes a command compile by this route.
    pub(crate) fn apply(&self, command: &mut Command) {
        if let Route::Debian(_) = self {
            command.env("RUSTUP_TOOLCHAIN", TOOLCHAIN);
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", LINKER);
            // These two are the other toolchain's: its libraries, and its cargo.
            command.env_remove("LD_LIBRARY_PATH").env_remove("CARGO");
        }
    }

    /// The compiler's version, for stamps.
    pub(crate) fn compiler(&self) -> &str {
        match self {
            Route::Own(version) | Route::Debian(version) => version,
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        let version = self.compiler().lines().next().unwrap_or_default();
        match self {
            Route::Own(_) => write!(to, "the toolchain in use, {version}"),
            Route::Debian(_) => write!(to, "Debian's rustc-web, {version}"),
        }
    }
}

/// Finds a route, or paves one.
pub(super) fn ensure(project: &Project, missing: &mut Missing) -> Result<Option<Route>> {
    if let Some(route) = own(project)? {
        return Ok(Some(route));
    }
    if let Some(route) = paved_by_debian(project) {
        return Ok(Some(route));
    }
    let has_rustup = project.find_program("rustup").is_some();
    if has_rustup {
        println!("setup: asking rustup for {TARGET} …");
        let watch = step::Watch::start();
        let mut add = project.program("rustup");
        let (is_added, _) = step::logged(project, "setup-rustup", add.args(["target", "add", TARGET]))?;
        if let (true, Some(route)) = (is_added, own(project)?) {
            println!("setup: asking rustup for {TARGET} … {}", watch.read());
            return Ok(Some(route));
        }
        println!("setup: asking rustup for {TARGET} … it cannot get it, {}", watch.read());
    }
    // The library is put beside Debian's own: that takes the same rights as installing packages.
    if !debian::may_install(project) {
        missing.push(by_hand(project));
        return Ok(None);
    }
    println!("setup: the wasm target comes from Debian's rustc-web, its library built from source");
    if !has_debian(project) {
        debian::install(project, PACKAGES)?;
    }
    build_std(project)?;
    if has_rustup {
        project.ask("rustup", &["toolchain", "link", TOOLCHAIN, "/usr"])?;
    }
    paved_by_debian(project)
        .map(Some)
        .context("Debian's compiler for wasm is set up and still does not answer")
}

fn by_hand(project: &Project) -> String {
    let add = format!("- a compiler for wasm: run `rustup target add {TARGET}`");
    if debian::is_here(project) {
        format!(
            "{add}; where the download servers are out of reach, run `cargo xtask setup` once as root instead"
        )
    } else {
        format!("{add} where the download servers can be reached")
    }
}

fn own(project: &Project) -> Result<Option<Route>> {
    let root = project.ask("rustc", &["--print", "sysroot"])?;
    let folder = Path::new(&root).join("lib/rustlib").join(TARGET);
    // What build_std() put there is the other route's, which knows whether it has grown old.
    if !has_std(&folder) || folder.join(BUILT_BY).exists() {
        return Ok(None);
    }
    Ok(Some(Route::Own(project.ask("rustc", &["-vV"])?)))
}

fn paved_by_debian(project: &Project) -> Option<Route> {
    let version = project.ask(DEBIAN_RUSTC, &["-vV"]).ok()?;
    let folder = Path::new(DEBIAN_TARGET);
    let is_linked = project.find_program("rustup").is_none()
        || project.ask("rustup", &["run", TOOLCHAIN, "rustc", "-vV"]).is_ok_and(|it| it == version);
    let is_ready = has_debian(project) && has_std(folder) && stamp::says(&folder.join(BUILT_BY), &version);
    (is_ready && is_linked).then_some(Route::Debian(version))
}

fn has_debian(project: &Project) -> bool {
    Path::new(DEBIAN_RUSTC).is_file()
        && Path::new(DEBIAN_CARGO).is_file()
        && project.find_program(LINKER).is_some()
        && Path::new("/usr/lib/rustlib/src/rust/library/std").exists()
}

fn has_std(target: &Path) -> bool {
    fs::read_dir(target.join("lib")).is_ok_and(|entries| {
        entries.flatten().any(|it| it.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

/// Builds the standard library beside Debian's own, where its compiler looks for it.
fn build_std(project: &Project) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("seattime-std-{}", std::process::id()));
    fs::create_dir_all(folder.join("src"))?;
    fs::write(
        folder.join("Cargo.toml"),
        "[package]\nname = \"nothing\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    fs::write(folder.join("src/lib.rs"), "#![no_std]\n")?;
    let mut build = project.program(DEBIAN_CARGO);
    build.current_dir(&folder).args(["build", "--release", "--target", TARGET]);
    build.arg("-Zbuild-std=std,panic_abort,panic_unwind,test,proc_macro");
    build
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC", DEBIAN_RUSTC)
        .env("CARGO_TARGET_DIR", folder.join("target"));
    build.env_remove("LD_LIBRARY_PATH").env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    step::run(project, "setup", "building std for wasm32", &mut build)?;

    let library = Path::new(DEBIAN_TARGET).join("lib");
    // Two versions side by side would be one too many for the compiler.
    if library.is_dir() {
        fs::remove_dir_all(&library)?;
    }
    fs::create_dir_all(&library).with_context(|| format!("cannot create {}", library.display()))?;
    for entry in fs::read_dir(folder.join("target").join(TARGET).join("release/deps"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libnothing-") {
            fs::copy(entry.path(), library.join(&name))?;
        }
    }
    let version = project.ask(DEBIAN_RUSTC, &["-vV"])?;
    stamp::write(&Path::new(DEBIAN_TARGET).join(BUILT_BY), &version)?;
    fs::remove_dir_all(&folder)?;
    Ok(())
}
