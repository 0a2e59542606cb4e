//! `build`: the run-time for pages, then the binary that carries it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::setup::{self, Page};
use crate::stamp::{self, Fingerprint};
use crate::{files, step};

/// Folders at the root that go into no binary; everything else may.
const NOT_IN_THE_BINARY: &[&str] =
    &[".cargo", ".ci", ".git", "data", "docs", "fuzz", "node_modules", "src", "target", "tests", "xtask"];

/// `cargo xtask build`.
pub(crate) fn command(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    if !arguments.is_empty() {
        bail!("found `{}`, expected no arguments", arguments.join(" "));
    }
    let page = setup::page(project)?;
    wasm(project, &page)?;
    let binary = server(project, RELEASE)?;
    println!("build: {}", binary.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds `pkg/`, unless it is there and nothing that it is made of has changed.
pub(crate) fn wasm(project: &Project, page: &Page) -> Result<()> {
    let note = project.notes().join("pkg.stamp");
    let sources = sources_of_pkg(project, page)?;
    if stamp::says(&note, &made_of(&sources, project)?) {
        return Ok(());
    }
    // Aside at first, so that a build that fails leaves the last good one where it is.
    let made = project.notes().join("pkg");
    let mut pack = page.wasm_pack(project);
    pack.args([
        "build",
        "--target",
        "web",
        "--profile",
        "page",
        "--out-name",
        "wasm",
        "--no-opt",
        "--out-dir",
    ]);
    empty(&made)?;
    step::run(project, "build", "compiling the run-time to wasm", pack.arg(&made))?;

    let wasm = made.join("wasm_bg.wasm");
    let before = fs::metadata(&wasm).context("wasm-pack wrote no wasm_bg.wasm")?.len();
    let mut optimize = project.program("node");
    // After gzip, -O3 is no larger than -Oz. Only the features that rustc used: browsers refuse some that
    // wasm-opt would bring in.
    optimize.args([
        "node_modules/binaryen/bin/wasm-opt",
        "-O3",
        "--strip-producers",
        "--strip-target-features",
    ]);
    optimize.arg(&wasm).arg("-o").arg(&wasm);
    step::run(project, "build", "making the wasm smaller", &mut optimize)?;
    println!("build: the wasm had {before} bytes and has {}", fs::metadata(&wasm)?.len());

    scripts(project, &made)?;
    streams(project, &made)?;
    documents(project, &made)?;
    fs::write(made.join("package.json"), package_json())?;
    // wasm-pack's own, which would keep the folder out of whatever embeds it.
    fs::remove_file(made.join(".gitignore"))?;

    let pkg = project.root.join("pkg");
    empty(&pkg)?;
    for file in files::under(&made)? {
        copy(&file, &made, &pkg)?;
    }
    stamp::write(&note, &made_of(&sources, project)?)
}

/// Puts the modules of `src/js/` and the glue into one file, with their types beside it: what is one file is
/// smaller after gzip, and asked for once.
fn scripts(project: &Project, made: &Path) -> Result<()> {
    let types = project.notes().join("types");
    empty(&types)?;
    let mut declare = project.program("node");
    declare.args(["node_modules/typescript/bin/tsc", "--project", "tsconfig.types.json"]);
    step::run(project, "build", "checking the page's scripts", &mut declare)?;
    let declared = types.join("src/js");
    for file in files::directly_in(&declared, ".d.ts")? {
        copy(&file, &declared, made)?;
    }
    let src = project.root.join("src/js");
    let modules = project.notes().join("modules");
    empty(&modules)?;
    for script in files::directly_in(&src, ".js")? {
        copy(&script, &src, &modules)?;
    }
    let glue = made.join("wasm.js");
    copy(&glue, made, &modules)?;
    fs::remove_file(glue)?;
    // What few visits need is asked for by those.
    for name in ["seattime.js", "players.js", "documents.js", "leftovers.js", "audio_context.js"] {
        let mut bundle = project.program("node");
        bundle.arg("node_modules/esbuild/bin/esbuild").arg(modules.join(name));
        bundle.args(["--bundle", "--format=esm", "--minify", "--target=es2022", "--log-level=warning"]);
        bundle.args(
            ["./players.js", "./documents.js", "./leftovers.js", "./audio_context.js"]
                .map(|it| format!("--external:{it}")),
        );
        let mut file = OsString::from("--outfile=");
        file.push(made.join(name));
        step::run(project, "build", "putting the page's scripts together", bundle.arg(file))?;
    }
    Ok(())
}

/// Puts hls.js beside the run-time, for the page of videos and audios alone: it asks for it where the browser does not
/// play HLS by itself. Its licence asks that its text goes with it.
fn streams(project: &Project, made: &Path) -> Result<()> {
    let hls = Path::new("node_modules/hls.js");
    let mut bundle = project.program("node");
    bundle.arg("node_modules/esbuild/bin/esbuild").arg(hls.join("dist/hls.min.mjs"));
    bundle.args(["--format=esm", "--minify", "--target=es2022", "--log-level=warning"]);
    bundle.arg("--banner:js=// hls.js: see hls.LICENSE.txt");
    let mut file = OsString::from("--outfile=");
    file.push(made.join("hls.js"));
    step::run(project, "build", "putting hls.js beside it", bundle.arg(file))?;
    fs::copy(project.root.join(hls).join("LICENSE"), made.join("hls.LICENSE.txt"))
        .context("hls.js came without its licence")?;
    Ok(fs::write(made.join("hls.d.ts"), "export { default } from \"hls.js\";\n")?)
}

/// What PDF.js loads beside its scripts where a PDF needs it: folder of the package, extensions, and the licences, which
/// have to be copied with the files.
#[rustfmt::skip]
const PDF_DATA: &[(&str, &[&str])] = &[
    // folder            files
    ("cmaps",            &["bcmap", "LICENSE"]),     // character maps of Chinese, Japanese and Korean fonts
    ("standard_fonts",   &["pfb", "ttf", "LICENSE_FOXIT", "LICENSE_LIBERATION"]), // fonts that a PDF need not embed
    ("wasm",             &["wasm", "LICENSE_JBIG2", "LICENSE_OPENJPEG", "LICENSE_PDFJS_JBIG2", "LICENSE_PDFJS_OPENJPEG",
                           "LICENSE_PDFJS_QCMS", "LICENSE_QCMS"]), // decoders of images and colours
    ("iccs",             &["icc", "LICENSE"]),       // a colour profile for CMYK
];

/// Puts PDF.js beside the run-time, for the viewer of PDFs alone: its page, its worker, its styles, and its data, in one
/// folder. The build for older browsers is used: the newer one asks for features that Firefox ESR does not have.
fn documents(project: &Project, made: &Path) -> Result<()> {
    let package = project.root.join("node_modules/pdfjs-dist");
    let folder = made.join("pdf");
    empty(&folder)?;
    let entry = project.notes().join("pdf.js");
    let from = package.join("legacy");
    fs::write(
        &entry,
        // In this order: the second one takes the first one from the global object.
        format!(
            "export * from {:?};\nexport * from {:?};\n",
            from.join("build/pdf.mjs"),
            from.join("web/pdf_viewer.mjs")
        ),
    )?;
    for (source, name) in [
        (entry, "pdf.js"),
        (from.join("build/pdf.worker.mjs"), "worker.js"),
        (from.join("web/pdf_viewer.css"), "pdf.css"),
    ] {
        let mut bundle = project.program("node");
        bundle.arg("node_modules/esbuild/bin/esbuild").arg(&source);
        bundle.args([
            "--bundle",
            "--minify",
            "--target=es2022",
            "--loader:.svg=dataurl",
            "--loader:.gif=dataurl",
            "--log-level=error",
        ]);
        if name.ends_with(".js") {
            bundle.args(["--format=esm", "--legal-comments=none", "--banner:js=// PDF.js: see LICENSE.txt"]);
        }
        let mut file = OsString::from("--outfile=");
        file.push(folder.join(name));
        step::run(project, "build", "putting PDF.js beside it", bundle.arg(file))?;
    }
    fs::copy(package.join("LICENSE"), folder.join("LICENSE.txt"))
        .context("pdfjs-dist came without its licence")?;
    for (data, names) in PDF_DATA {
        for entry in fs::read_dir(package.join(data)).with_context(|| format!("pdfjs-dist has no {data}"))? {
            let file = entry?.path();
            let is_wanted = [file.extension(), file.file_name()]
                .into_iter()
                .flatten()
                .any(|it| names.iter().any(|name| it == *name));
            if is_wanted && let Some(name) = file.file_name() {
                let name = name.to_string_lossy();
                // All licences of one name would become one file.
                let name =
                    if name == "LICENSE" { format!("LICENSE_{}", data.to_uppercase()) } else { name.into() };
                fs::copy(&file, folder.join(name))?;
            }
        }
    }
    let types = "export * from \"pdfjs-dist\";\nexport * from \"pdfjs-dist/legacy/web/pdf_viewer.mjs\";\n";
    Ok(fs::write(folder.join("pdf.d.ts"), types)?)
}

/// Makes a folder that has nothing in it: what an older version had must not be shipped on.
fn empty(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// Copies a file to the same place in another folder.
fn copy(file: &Path, from: &Path, to: &Path) -> Result<()> {
    let target = to.join(file.strip_prefix(from)?);
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(file, &target).with_context(|| format!("cannot write {}", target.display()))?;
    Ok(())
}

/// The profile of what ships.
pub(crate) const RELEASE: &str = "release";
/// The profile of what tests run: as quick as what ships, nearly, and linked in a fraction of the time.
pub(crate) const TESTED: &str = "tested";

/// Builds the binary `seattime`, unless nothing that it is made of has changed; answers its path.
pub(crate) fn server(project: &Project, profile: &str) -> Result<PathBuf> {
    let name = format!("seattime{}", std::env::consts::EXE_SUFFIX);
    let binary = project.target.join(profile).join(name);
    let note = project.notes().join(format!("server-{profile}.stamp"));
    let mut sources = Fingerprint::default().text(&project.ask("rustc", &["-vV"])?);
    for entry in fs::read_dir(&project.root)? {
        let path = entry?.path();
        let is_source = path.file_name().is_some_and(|it| !NOT_IN_THE_BINARY.iter().any(|not| it == *not));
        if is_source && path != project.target {
            sources = sources.tree(&path)?;
        }
    }
    let sources = sources.finish();
    if binary.is_file() && stamp::says(&note, &sources) {
        return Ok(binary);
    }
    let mut build = project.cargo();
    build.args(["build", "--profile", profile, "--package", "seattime-cli"]);
    step::run(project, "build", "compiling the server", &mut build)?;
    stamp::write(&note, &sources)?;
    Ok(binary)
}

/// This file counts too: it says how the rest is put together.
fn sources_of_pkg(project: &Project, page: &Page) -> Result<String> {
    let mut sources = Fingerprint::default().text(page.route().compiler()).text(include_str!("build.rs"));
    for path in [
        "src",
        "crates/seattime-core",
        "crates/seattime-wire",
        "Cargo.toml",
        "Cargo.lock",
        "package-lock.json",
        "tsconfig.json",
        "tsconfig.types.json",
    ] {
        sources = sources.tree(&project.root.join(path))?;
    }
    Ok(sources.finish())
}

/// The stamp: what `pkg/` was made of and what is in it, so that it also notices a file that was lost.
fn made_of(sources: &str, project: &Project) -> Result<String> {
    let pkg: &Path = &project.root.join("pkg");
    Ok(format!("{sources} {}", Fingerprint::default().tree(pkg)?.finish()))
}

/// wasm-pack's own would name its glue as the entry; ours is the module on top of it.
fn package_json() -> String {
    let version = env!("CARGO_PKG_VERSION"); // xtask has the workspace's.
    format!(
        r#"{{
  "name": "seattime",
  "version": "{version}",
  "description": "A SCORM run-time for web pages that keeps honest time",
  "license": "MIT OR Apache-2.0",
  "type": "module",
  "main": "seattime.js",
  "module": "seattime.js",
  "types": "seattime.d.ts",
  "files": ["*.js", "*.d.ts", "wasm_bg.wasm", "!hls.*", "!pdf"]
}}
"#
    )
}
