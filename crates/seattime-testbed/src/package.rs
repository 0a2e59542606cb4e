//! A package of SCORM 2004 with one SCO, `item`, as bytes.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;

/// Zips a package with this title, which must need no escape in XML, and these files; one of them is `index.html`, the
/// SCO's page.
///
/// # Errors
///
/// That of the zip's writer, such as two files of one name.
pub fn zipped(title: &str, files: &[(String, Vec<u8>)]) -> ZipResult<Vec<u8>> {
    let listed: String = files.iter().map(|(path, _)| format!("<file href=\"{path}\"/>")).collect();
    let manifest = format!(
        r#"<?xml version="1.0"?><manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
        xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3"><metadata><schema>ADL SCORM</schema>
        <schemaversion>2004 4th Edition</schemaversion></metadata><organizations default="o">
        <organization identifier="o"><title>{title}</title><item identifier="item" identifierref="r">
        <title>Item</title></item></organization></organizations><resources><resource identifier="r"
        type="webcontent" adlcp:scormType="sco" href="index.html">{listed}</resource></resources></manifest>"#
    );
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("imsmanifest.xml", SimpleFileOptions::default())?;
    zip.write_all(manifest.as_bytes())?;
    for (path, body) in files {
        zip.start_file(path.as_str(), SimpleFileOptions::default())?;
        zip.write_all(body)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The page that says nothing but its title.
pub fn page(title: &str) -> (String, Vec<u8>) {
    ("index.html".to_owned(), format!("<!doctype html><title>{title}</title>").into_bytes())
}
