//! `seattime import` prints title, topic and warnings of each package, and a sum at the end.

use std::io::{Cursor, Write};
use std::path::Path;
use std::process::Command;

const MANIFEST: &str = r#"<manifest identifier="m" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
<metadata><schemaversion>1.2</schemaversion></metadata>
<organizations><organization><title>Fire &amp; water</title><item identifier="i" identifierref="r"/></organization></organizations>
<resources><resource identifier="r" adlcp:scormtype="sco" href="index.html"/></resources></manifest>"#;

fn write_zip(path: &Path, manifest: &str) -> Option<()> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [("imsmanifest.xml", manifest), ("index.html", "page")] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).ok()?;
        zip.write_all(text.as_bytes()).ok()?;
    }
    std::fs::write(path, zip.finish().ok()?.into_inner()).ok()
}

#[test]
fn titles_warnings_and_a_sum_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let [sound, loose, broken] = ["sound.zip", "loose.zip", "broken.zip"].map(|it| folder.path().join(it));
    write_zip(&sound, MANIFEST).unwrap();
    write_zip(&loose, &MANIFEST.replace("&amp;", "&").replace("\"index.html\"", "\"/index.html\"")).unwrap();
    write_zip(&broken, "<manifest>").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_seattime"))
        .arg("import")
        .args([&sound, &loose, &broken])
        .arg("--data")
        .arg(folder.path().join("data"))
        .env_remove("SEATTIME_API_KEY")
        .output()
        .unwrap();
    let (told, errors) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 5, "{told}{errors}");
    for (line, path) in [(lines[0], &sound), (lines[1], &loose)] {
        let start = format!("{}: topic ", path.display());
        assert!(line.starts_with(&start) && line.ends_with(", \"Fire & water\", 1 part"), "{line}");
    }
    assert!(
        lines[2].starts_with("  warning: ")
            && lines[2].ends_with("(manifest_bare_ampersand at imsmanifest.xml:3:42)"),
        "{told}"
    );
    assert!(
        lines[3].starts_with("  note: ")
            && lines[3].ends_with("(href_leading_slash at imsmanifest.xml:4:59)"),
        "{told}"
    );
    assert_eq!(lines[4], "2 imported (1 with 2 warnings), 1 refused");
    assert!(errors.contains("broken.zip: imsmanifest.xml is not well-formed XML"), "{errors}");
    assert_eq!(output.status.code(), Some(1));
}
