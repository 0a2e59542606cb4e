//! `backup`, `restore` and `doctor` as whoever runs a server meets them: lines and exit codes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn seattime(arguments: &[&str], data: &Path) -> Option<Output> {
    Command::new(env!("CARGO_BIN_EXE_seattime"))
        .args(arguments)
        .arg("--data")
        .arg(data)
        .env_remove("SEATTIME_API_KEY")
        .env_remove("SEATTIME_DATABASE")
        .output()
        .ok()
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// A data folder with one package.
fn data(folder: &Path) -> Option<PathBuf> {
    let path = folder.join("course.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).ok()?);
    for (name, text) in [
        (
            "imsmanifest.xml",
            r#"<?xml version="1.0"?><manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
            xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><metadata><schemaversion>1.2</schemaversion></metadata>
            <organizations default="o"><organization identifier="o"><title>T</title><item identifier="i" identifierref="r">
            <title>I</title></item></organization></organizations><resources><resource identifier="r" type="webcontent"
            adlcp:scormtype="sco" href="index.html"/></resources></manifest>"#,
        ),
        ("index.html", "<!doctype html><title>T</title>"),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).ok()?;
        zip.write_all(text.as_bytes()).ok()?;
    }
    zip.finish().ok()?;
    let data = folder.join("data");
    seattime(&["import", path.to_str()?], &data)?.status.success().then_some(data)
}

#[test]
fn a_backup_is_made_and_restored_and_each_refusal_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path()).unwrap();
    let (to, new) = (folder.path().join("b.zip"), folder.path().join("new"));
    let to = to.to_str().unwrap();
    let (code, text) = said(&seattime(&["backup", "--to", to], &data).unwrap());
    assert!(code == Some(0) && text.contains("packages: 1 of 1"), "{text}");
    let (code, text) = said(&seattime(&["backup", "--to", to], &data).unwrap());
    assert!(code == Some(1) && text.contains("is there already"), "{text}");
    let (code, text) = said(&seattime(&["backup", "--to", "x.zip"], folder.path()).unwrap());
    assert!(code == Some(1) && text.contains("--data"), "{text}");

    let (code, text) = said(&seattime(&["restore", "--from", to], &new).unwrap());
    assert!(code == Some(0) && text.contains("with 1 packages") && !text.contains("is kept"), "{text}");
    let (code, text) = said(&seattime(&["restore", "--from", to], &new).unwrap());
    assert!(code == Some(1) && text.contains("--replace"), "{text}");
    let (code, text) = said(&seattime(&["restore", "--replace", "--from", to], &new).unwrap());
    assert!(code == Some(0) && text.contains("seattime.db.replaced-"), "{text}");
    let (code, text) = said(&seattime(&["doctor"], &new).unwrap());
    assert!(code == Some(0) && text.contains("fine  integrity"), "{text}");
}

#[test]
fn the_doctor_says_in_one_line_each_what_is_wrong_and_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path()).unwrap();
    std::fs::remove_dir_all(data.join("content")).unwrap();
    let (code, text) = said(&seattime(&["doctor"], &data).unwrap());
    let line = text.lines().find(|it| it.starts_with("WRONG content: 1 of 1 packages are not whole"));
    assert!(code == Some(1) && line.is_some_and(|it| it.contains("; expected ")), "{text}");

    let output = seattime(&["doctor", "--json"], &data).unwrap();
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |check: &str| {
        let all = findings.as_array().into_iter().flatten();
        all.filter(|it| it["check"] == check).map(|it| it["verdict"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((of("content"), of("schema")), (vec!["wrong".into()], vec!["fine".into()]));
    assert_eq!(output.status.code(), Some(1));

    let (code, text) = said(&seattime(&["doctor"], &folder.path().join("none")).unwrap());
    assert!(code == Some(1) && text.contains("WRONG database"), "{text}");
    let nowhere = ["doctor", "--database", "postgres://user:secret@127.0.0.1:1/none"];
    let (code, text) = said(&seattime(&nowhere, &data).unwrap());
    assert!(code == Some(1) && text.contains("WRONG connection") && !text.contains("secret"), "{text}");
}
