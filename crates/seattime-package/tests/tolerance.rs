//! Packages with a fault that leaves one reading only: each is taken, and a warning says what was wrong and where.
#![cfg(test)]

use std::io::Cursor;

use seattime_package::{Package, PackageError, Severity, Warning};

type Opened = Package<Cursor<Vec<u8>>>;

const UTF_8: u16 = 1 << 11;

/// A zip of these files, stored; names are bytes, as tools write them, and may be there more than once.
fn raw_zip(files: &[(&[u8], &[u8])], flags: u16) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let offset = u32::try_from(zip.len()).unwrap();
        let size = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let name_length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let flags = flags.to_le_bytes();
        // Version, flags, method, time, date, checksum, packed and unpacked size, lengths of name and extra field.
        let head = [
            &[20, 0][..],
            &flags,
            &[0, 0],
            &[0, 0, 33, 0],
            &checksum(bytes).to_le_bytes(),
            &size,
            &size,
            &name_length,
            &[0, 0],
        ]
        .concat();
        zip.extend([b"PK\x03\x04", &head[..], name, bytes].concat());
        let place = [&[0; 10][..], &offset.to_le_bytes()].concat();
        directory.extend([b"PK\x01\x02\x14\x00", &head[..], &[0, 0][..], &place[2..], name].concat());
    }
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let (at, length) = (u32::try_from(zip.len()).unwrap(), u32::try_from(directory.len()).unwrap());
    zip.extend(directory);
    zip.extend(
        [b"PK\x05\x06\0\0\0\0", &count[..], &count, &length.to_le_bytes(), &at.to_le_bytes(), &[0, 0]]
            .concat(),
    );
    zip
}

/// CRC-32, as ZIP has it.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

fn open(files: &[(&str, &[u8])]) -> Result<Opened, PackageError> {
    let files: Vec<_> = files.iter().map(|(name, bytes)| (name.as_bytes(), *bytes)).collect();
    Package::open(Cursor::new(raw_zip(&files, UTF_8)))
}

/// A package of this manifest and one page.
fn open_manifest(manifest: &[u8]) -> Result<Opened, PackageError> {
    open(&[("imsmanifest.xml", manifest), ("index.html", b"page")])
}

fn manifest_of(version: &str, items: &str, resources: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="m" version="1.1" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
<metadata><schema>ADL SCORM</schema><schemaversion>{version}</schemaversion></metadata>
<organizations default="o"><organization identifier="o"><title>Course</title>{items}</organization></organizations>
<resources>{resources}</resources></manifest>"#
    )
}

const ITEM: &str = r#"<item identifier="i1" identifierref="r1"><title>One</title></item>"#;

fn manifest(href: &str) -> String {
    let resource =
        format!(r#"<resource identifier="r1" type="webcontent" adlcp:scormtype="sco" href="{href}"/>"#);
    manifest_of("1.2", ITEM, &resource)
}

fn codes(package: &Opened) -> Vec<&'static str> {
    package.warnings().iter().map(|it| it.code).collect()
}

fn warning<'a>(package: &'a Opened, code: &str) -> &'a Warning {
    package.warnings().iter().find(|it| it.code == code).unwrap()
}

fn paths(package: &Opened) -> Vec<&str> {
    package.files().iter().map(|it| it.path.as_str()).collect()
}

#[test]
fn a_sound_package_has_no_warnings() {
    let package = open_manifest(manifest("index.html").as_bytes()).unwrap();
    assert_eq!(package.warnings(), []);
}

#[test]
fn names_of_entries_are_tolerated_where_they_mean_one_file() {
    let text = manifest("index.html");
    let nested = manifest("content/index.html");
    let (root, inner) = (("imsmanifest.xml", text.as_bytes()), ("imsmanifest.xml", nested.as_bytes()));
    let page: (&str, &[u8]) = ("index.html", b"page");
    #[rustfmt::skip]
    let cases: [(&[(&str, &[u8])], &[&str], &str); 20] = [
        // entries                                                       paths                               warning
        (&[("./", b""), ("./index.html", b"page"), ("./imsmanifest.xml", text.as_bytes())],
                                                                         &["index.html", "imsmanifest.xml"], "name_not_plain"),
        (&[root, page, ("./", b"")],                                     &["imsmanifest.xml", "index.html"], "name_not_plain"),
        (&[root, page, ("a//b.png", b"x")],                              &["imsmanifest.xml", "index.html", "a/b.png"], "name_not_plain"),
        (&[root, page, ("a/./b.png", b"x")],                             &["imsmanifest.xml", "index.html", "a/b.png"], "name_not_plain"),
        (&[root, page, ("Icon\r", b"")],                                 &["imsmanifest.xml", "index.html", "Icon\r"], "name_odd"),
        (&[root, page, ("10:30.png", b"x")],                             &["imsmanifest.xml", "index.html", "10:30.png"], "name_odd"),
        (&[root, page, ("a\nb.png", b"x")],                              &["imsmanifest.xml", "index.html", "a\nb.png"], "name_odd"),
        (&[root, page, ("CON", b"x")],                                   &["imsmanifest.xml", "index.html", "CON"], "name_odd"),
        (&[root, ("img/", b""), ("img/", b""), page],                    &["imsmanifest.xml", "index.html"], "entry_repeated"),
        (&[root, page, page],                                            &["imsmanifest.xml", "index.html"], "entry_repeated"),
        (&[root, root, page],                                            &["imsmanifest.xml", "index.html"], "entry_repeated"),
        (&[root, page, ("./index.html", b"page")],                       &["imsmanifest.xml", "index.html"], "entry_repeated"),
        (&[root, page, (".DS_Store", b"a"), (".DS_Store", b"b")],        &["imsmanifest.xml", "index.html", ".DS_Store"], "entry_repeated"),
        (&[inner, ("content\\index.html", b"page")],                     &["imsmanifest.xml", "content/index.html"], "name_backslash"),
        (&[inner, ("content\\", b""), ("content\\index.html", b"page")], &["imsmanifest.xml", "content/index.html"], "name_backslash"),
        (&[root, page, ("img\\a.png", b"x")],                            &["imsmanifest.xml", "index.html", "img/a.png"], "name_backslash"),
        (&[root, page, ("A.png", b"x"), ("a.png", b"y")],                &["imsmanifest.xml", "index.html", "A.png", "a.png"], "names_alike"),
        (&[root, page, ("u\u{308}.png", b"x"), ("\u{fc}.png", b"y")],    &["imsmanifest.xml", "index.html", "u\u{308}.png", "\u{fc}.png"], "names_alike"),
        (&[root, page, ("img", b""), ("img/a.png", b"x")],               &["imsmanifest.xml", "index.html", "img/a.png"], "name_file_and_folder"),
        (&[root, page, ("img", b"x"), ("img/a.png", b"x")],              &["imsmanifest.xml", "index.html", "img", "img/a.png"], "name_file_and_folder"),
    ];
    for (entries, expected, code) in cases {
        let names: Vec<_> = entries.iter().map(|it| it.0).collect();
        let mut package = open(entries).unwrap_or_else(|error| panic!("{names:?}: {error}"));
        assert_eq!(paths(&package), expected, "{names:?}");
        assert!(codes(&package).contains(&code), "{names:?}: {:?}", package.warnings());
        let launched = package.manifest().activities[0].href.clone();
        let place = package.files().iter().position(|it| it.path == launched).unwrap();
        let mut bytes = Vec::new();
        package.copy_file(place, &mut bytes).unwrap();
        assert_eq!(bytes, b"page", "{names:?}");
    }
    let long = "n".repeat(300);
    let package = open(&[root, page, (&long, b"x")]).unwrap();
    assert_eq!(codes(&package), ["name_odd"]);
    let longest = format!("{}/x", "n/".repeat(600));
    let package = open(&[root, page, (&longest, b"x")]).unwrap();
    assert_eq!((codes(&package).contains(&"name_too_long"), package.files().len()), (true, 2));
}

/// A second file of a name with other bytes has two readings.
#[test]
fn two_files_of_one_name_with_different_bytes_are_refused_by_name() {
    let text = manifest("index.html");
    let (root, page): ((&str, &[u8]), (&str, &[u8])) =
        (("imsmanifest.xml", text.as_bytes()), ("index.html", b"page"));
    for other in ["index.html", "./index.html", ".\\index.html"] {
        let error = open(&[root, page, (other, b"another")]).unwrap_err();
        assert_eq!(error.code(), "package_duplicate_entry", "{other}");
        assert!(error.to_string().contains("\"index.html\""), "{error}");
    }
    for name in ["../x", "a/../../x", "..\\x", "/etc/x", "C:\\x", "x\0y"] {
        assert_eq!(open(&[root, page, (name, b"x")]).unwrap_err().code(), "package_unsafe_path", "{name}");
    }
}

/// Ground truth: Python's `"Küche.html".encode("cp437")` and `.encode("cp1252")`.
#[test]
fn names_in_old_code_pages_are_read_and_found() {
    for (raw, other) in
        [(b"K\x81che.html".as_slice(), "K\u{81}che.html"), (b"K\xfcche.html", "K\u{207f}che.html")]
    {
        for href in ["K\u{fc}che.html", "K%C3%BCche.html", "Ku\u{308}che.html", "k\u{fc}che.HTML"] {
            let text = manifest(href);
            let zip = raw_zip(&[(b"imsmanifest.xml", text.as_bytes()), (raw, b"page")], 0);
            let package =
                Package::open(Cursor::new(zip)).unwrap_or_else(|error| panic!("{raw:?} {href}: {error}"));
            assert_eq!(package.manifest().activities[0].href, "K%C3%BCche.html");
            assert!(codes(&package).contains(&"name_code_page"), "{:?}", package.warnings());
            assert_eq!(package.files()[1].other_paths, [other]);
        }
    }
    // Without the flag, but in UTF-8: older tools of macOS.
    let text = manifest("K\u{fc}che.html");
    let zip = raw_zip(&[(b"imsmanifest.xml", text.as_bytes()), ("Ku\u{308}che.html".as_bytes(), b"page")], 0);
    let package = Package::open(Cursor::new(zip)).unwrap();
    assert_eq!(package.manifest().activities[0].href, "Ku%CC%88che.html");
    assert_eq!(codes(&package), ["href_alike"]);
}

#[test]
fn the_manifest_is_found_in_any_case_and_in_one_folder() {
    let text = manifest("index.html");
    let up = manifest("../index.html");
    let (text, up) = (text.as_bytes(), up.as_bytes());
    #[rustfmt::skip]
    let cases: [(&[(&str, &[u8])], &str, &[&str]); 11] = [
        // entries                                                                   launched          warnings
        (&[("imsManifest.xml", text), ("index.html", b"")],                          "index.html",     &["manifest_name"]),
        (&[("IMSMANIFEST.XML", text), ("index.html", b"")],                          "index.html",     &["manifest_name"]),
        (&[("imsmanifest.xml", text), ("IMSMANIFEST.XML", b"x"), ("index.html", b"")], "index.html",   &["names_alike"]),
        (&[("c/imsmanifest.xml", text), ("c/index.html", b"")],                      "c/index.html",   &["manifest_in_folder"]),
        (&[("c/d/ImsManifest.xml", text), ("c/d/index.html", b"")],                  "c/d/index.html", &["manifest_in_folder"]),
        (&[("c/imsmanifest.xml", up), ("index.html", b"")],                          "index.html",     &["manifest_in_folder"]),
        (&[("c/imsmanifest.xml", text), ("c/index.html", b""), ("index.html", b"")], "c/index.html",   &["manifest_in_folder"]),
        (&[("c/imsmanifest.xml", text), ("c/index.html", b""), ("c/d/imsmanifest.xml", b"x")],
                                                                                     "c/index.html",   &["manifest_in_folder"]),
        (&[("imsmanifest.xml", text), ("index.html", b""), ("d/imsmanifest.xml", b"x")], "index.html", &[]),
        (&[("c/imsmanifest.xml", text), ("c/index.html", b""), ("__MACOSX/imsmanifest.xml", b"x")],
                                                                                     "c/index.html",   &["manifest_in_folder"]),
        (&[("c\\imsmanifest.xml", text), ("c\\index.html", b"")],                    "c/index.html",   &["name_backslash", "manifest_in_folder"]),
    ];
    for (entries, launched, expected) in cases {
        let names: Vec<_> = entries.iter().map(|it| it.0).collect();
        let package = open(entries).unwrap_or_else(|error| panic!("{names:?}: {error}"));
        assert_eq!(package.manifest().activities[0].href, launched, "{names:?}");
        assert_eq!(codes(&package), expected, "{names:?}");
    }
    let two: [(&str, &[u8]); 4] = [
        ("A/imsmanifest.xml", text),
        ("A/index.html", b""),
        ("B/imsmanifest.xml", text),
        ("B/index.html", b""),
    ];
    let error = open(&two).unwrap_err();
    assert_eq!(error.code(), "manifest_missing");
    assert!(error.to_string().contains("\"A\", \"B\""), "{error}");
}

#[test]
fn addresses_in_the_manifest_are_tolerated_where_they_mean_one_file() {
    #[rustfmt::skip]
    let cases = [
        // href                          file                        warning
        ("content\\index.html",          "content/index.html",       Some("href_backslash")),
        ("content\\\\index.html",        "content/index.html",       Some("href_backslash")),
        (".\\content\\index.html?a=\\b", "content/index.html",       Some("href_backslash")),
        ("/index.html",                  "index.html",               Some("href_leading_slash")),
        ("\\index.html",                 "index.html",               Some("href_leading_slash")),
        ("/content/index.html",          "content/index.html",       Some("href_leading_slash")),
        ("Index.html",                   "index.html",               Some("href_alike")),
        ("CONTENT/INDEX.HTML",           "Content/index.html",       Some("href_alike")),
        ("k%C3%BCche.html",              "ku\u{308}che.html",        Some("href_alike")),
        ("ku\u{308}che.html",            "k\u{fc}che.html",          Some("href_alike")),
        ("10:30.html",                   "10:30.html",               None),
        ("content//index.html",          "content/index.html",       None),
        (" index.html ",                 "index.html",               None),
    ];
    for (href, file, expected) in cases {
        let text = manifest(href);
        let package = open(&[("imsmanifest.xml", text.as_bytes()), (file, b"page")]);
        let package = package.unwrap_or_else(|error| panic!("{href}: {error}"));
        let launched = package.manifest().activities[0].href.clone();
        let path = launched.split('?').next().unwrap().replace("%3A", ":");
        let path = path.replace("%CC%88", "\u{308}").replace("%C3%BC", "\u{fc}");
        assert_eq!(path, file, "{href}");
        let found: Vec<_> = codes(&package).into_iter().filter(|it| it.starts_with("href_")).collect();
        assert!(
            expected.is_none_or(|it| found.contains(&it)) && expected.is_none() == found.is_empty(),
            "{href} {found:?}"
        );
        if let Some(code) = expected {
            let it = warning(&package, code);
            let column = u32::try_from(text.lines().nth(4).unwrap().find("href=").unwrap() + 1).unwrap();
            assert_eq!(
                (it.file.as_deref(), it.place),
                (Some("imsmanifest.xml"), Some((5, column))),
                "{href}"
            );
        }
    }
    // Two files that differ in case are both meant by neither spelling.
    let text = manifest("INDEX.html");
    let two: [(&str, &[u8]); 3] =
        [("imsmanifest.xml", text.as_bytes()), ("index.html", b"a"), ("Index.html", b"b")];
    assert_eq!(open(&two).unwrap_err().code(), "resource_missing");
    for href in [
        "//evil.example/index.html",
        "\\\\evil.example\\index.html",
        "https://evil.example/index.html",
        "..\\index.html",
    ] {
        assert_eq!(
            open_manifest(manifest(href).as_bytes()).unwrap_err().code(),
            "manifest_bad_href",
            "{href}"
        );
    }
}

#[test]
fn a_manifest_that_is_not_well_formed_is_read_where_it_has_one_reading() {
    let sound = manifest("index.html");
    let with = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        sound.replacen(from, to, 1).into_bytes()
    };
    let declared = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
    let named = |name: &str| with("encoding=\"UTF-8\"", &format!("encoding=\"{name}\""));
    let latin = |text: Vec<u8>| {
        let text = String::from_utf8(text).unwrap();
        text.chars().map(|it| u8::try_from(u32::from(it)).unwrap()).collect::<Vec<_>>()
    };
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let ending = [sound.as_bytes(), b"\0\0\0"].concat();
    #[rustfmt::skip]
    let cases = [
        // manifest                                                          title            warning                        place
        (format!("\r\n{sound}").into_bytes(),                                "Course",        "manifest_text_before",        (1, 1)),
        (format!("\n{sound}").into_bytes(),                                  "Course",        "manifest_text_before",        (1, 1)),
        (format!(" {sound}").into_bytes(),                                   "Course",        "manifest_text_before",        (1, 1)),
        (format!("<!-- made by hand -->\n{sound}").into_bytes(),             "Course",        "manifest_text_before",        (1, 1)),
        (format!("\n\u{feff}{sound}").into_bytes(),                          "Course",        "manifest_text_before",        (1, 1)),
        (format!("\u{feff}\n{sound}").into_bytes(),                          "Course",        "manifest_text_before",        (1, 1)),
        (format!("Notice: x in y on line 3\n{sound}").into_bytes(),          "Course",        "manifest_text_before",        (1, 1)),
        (ending,                                                             "Course",        "",                            (0, 0)),
        (format!("{sound}\nthe end").into_bytes(),                           "Course",        "manifest_text_behind",        (6, 1)),
        (with("<title>Course", "<title>Health & Safety"),                    "Health & Safety", "manifest_bare_ampersand",   (4, 71)),
        (with("<title>Course", "<title>AT&T &c"),                            "AT&T &c",       "manifest_bare_ampersand",     (4, 66)),
        (with("<title>Course", "<title>1 < 2"),                              "1 < 2",         "manifest_bare_bracket",       (4, 66)),
        (with("<title>Course", "<title>a&nbsp;&uuml;"),                      "a\u{a0}\u{fc}", "manifest_html_entity",        (4, 65)),
        (with("<title>Course", "<title>a\u{b}b"),                            "a b",           "manifest_control_character",  (4, 65)),
        (with("xmlns:adlcp=", "xsi:schemaLocation=\"a b\" xmlns:adlcp="),    "Course",        "manifest_undeclared_prefix",  (2, 95)),
        (with("</metadata>", "<lom:lom><lom:x/></lom:lom></metadata>"),      "Course",        "manifest_undeclared_prefix",  (3, 71)),
        (with("<title>Course</title>", "<title>Course</title><imsss:sequencing/>"), "Course", "manifest_undeclared_prefix",  (4, 78)),
        (with("<manifest ", "<!DOCTYPE manifest SYSTEM \"imscp.dtd\"><manifest "), "Course",  "manifest_doctype",            (2, 1)),
        (named("utf-16"),                                                    "Course",        "manifest_encoding",           (1, 1)),
        (named("UTF-16LE"),                                                  "Course",        "manifest_encoding",           (1, 1)),
        (named("unicode"),                                                   "Course",        "manifest_encoding",           (1, 1)),
        (named("Klingon"),                                                   "Course",        "manifest_encoding",           (1, 1)),
        (latin(with("<title>Course", "<title>Größe")),                       "Größe",         "manifest_windows_1252",       (4, 66)),
        (with("<title>Course", "<title>Größe"),                              "Größe",         "",                            (0, 0)),
        (wide(&sound),                                                       "Course",        "",                            (0, 0)),
        (wide(&format!("\u{feff}{sound}\0\0")),                              "Course",        "",                            (0, 0)),
        (with(declared, ""),                                                 "Course",        "",                            (0, 0)),
        (with("<schemaversion>1.2", "<schemaversion>SCORM 1.2"),             "Course",        "schema_version",              (3, 37)),
        (with("<schemaversion>1.2", "<schemaversion>1.2.0"),                 "Course",        "schema_version",              (3, 37)),
        (with("<schemaversion>1.2", "<schemaversion>2004 3rd"),              "Course",        "schema_version",              (3, 37)),
        (with("<schemaversion>1.2", "<schemaversion>CAM1.3"),                "Course",        "schema_version",              (3, 37)),
        (with("identifier=\"r1\"", "identifier=\" r1 \""),                   "Course",        "identifier_blanks",           (5, 22)),
        (with("identifierref=\"r1\"", "identifierref=\"r1\n\""),             "Course",        "identifier_blanks",           (4, 100)),
        (with("identifier=\"i1\"", "identifier=\" i1\""),                    "Course",        "identifier_blanks",           (4, 84)),
        (with("identifierref=\"r1\"", "identifierref=\"R1\""),               "Course",        "identifier_case",             (4, 100)),
    ];
    for (bytes, title, code, place) in cases {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let package = open_manifest(&bytes).unwrap_or_else(|error| panic!("{error}: {shown}"));
        assert_eq!(package.manifest().title, title, "{shown}");
        assert_eq!(package.manifest().activities[0].href, "index.html", "{shown}");
        assert_eq!(package.manifest().activities[0].id, "i1", "{shown}");
        let expected: Vec<_> = Some(code).into_iter().filter(|it| !it.is_empty()).collect();
        assert_eq!(codes(&package), expected, "{shown}");
        if let Some(it) = package.warnings().first() {
            assert_eq!(
                (it.file.as_deref(), it.place),
                (Some("imsmanifest.xml"), Some(place)),
                "{code}: {shown}"
            );
        }
    }
    #[rustfmt::skip]
    let refused = [
        (with("<manifest ", "<!DOCTYPE m [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]><manifest "), "manifest_dtd_forbidden"),
        (with("<title>Course", "<title>&unknown;"),                                        "manifest_not_xml"),
        (with("</organizations>", ""),                                                     "manifest_not_xml"),
        (latin(with("<title>Course", "<title>\u{81}")),                                    "manifest_encoding"),
    ];
    for (bytes, code) in refused {
        assert_eq!(open_manifest(&bytes).unwrap_err().code(), code);
    }
    // The place of an error is that of the author's text, behind what was repaired before it.
    let broken = with("<title>Course</title>", "<title>R&D</title></x>");
    let error = open_manifest(&[b"\n", broken.as_slice()].concat()).unwrap_err().to_string();
    assert!(error.contains("at 5:75"), "{error}");
}

#[test]
fn of_several_parts_one_may_be_missing() {
    let item =
        |n: u32| format!(r#"<item identifier="i{n}" identifierref="r{n}"><title>Part {n}</title></item>"#);
    let resource = |n: u32, href: &str| {
        format!(r#"<resource identifier="r{n}" type="webcontent" adlcp:scormtype="sco" {href}/>"#)
    };
    let sound = resource(1, r#"href="index.html""#);
    #[rustfmt::skip]
    let cases = [
        // second resource                               what is missing       code                 part of the text
        (resource(2, r#"href="part2.html""#),            "part2.html",         "resource_missing",  "\"part2.html\" (resource \"r2\", item \"i2\")"),
        (resource(2, ""),                                "r2",                 "manifest_bad_href", "the resource \"r2\" in imsmanifest.xml, which the item \"i2\" launches, has no href"),
        (resource(2, r#"href="https://a.test.org/x""#),  "https://a.test.org/x", "manifest_bad_href", "has the href \"https://a.test.org/x\""),
        (String::new(),                                  "r2",                 "resource_missing",  "the resource \"r2\" (item \"i2\")"),
    ];
    for (second, missing, code, text) in cases {
        let whole = manifest_of("1.2", &(item(1) + &item(2)), &(sound.clone() + &second));
        let package = open_manifest(whole.as_bytes()).unwrap();
        let parts: Vec<_> = package
            .manifest()
            .activities
            .iter()
            .map(|it| (it.id.as_str(), it.missing_file.as_deref()))
            .collect();
        assert_eq!(parts, [("i1", None), ("i2", Some(missing))]);
        let it = warning(&package, code);
        assert_eq!(it.severity, Severity::Error);
        assert!(it.text.contains("\"Part 2\"") && it.text.contains(text), "{}", it.text);
        assert!(it.place.is_some_and(|it| it.0 == 4 || it.0 == 5), "{:?}", it.place);
        // Alone, it is refused: there would be nothing to launch.
        let alone = manifest_of("1.2", &item(2), &(sound.clone() + &second));
        let error = open_manifest(alone.as_bytes()).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(text), "{error}");
    }
    let none =
        manifest_of("1.2", &(item(2) + &item(3)), &(resource(2, "href=\"x\"") + &resource(3, "href=\"y\"")));
    assert_eq!(open_manifest(none.as_bytes()).unwrap_err().code(), "resource_missing");
}

/// Spec: CAM, *manifest*: a manifest may hold others; content packages that were put together have them.
#[test]
fn a_manifest_within_the_manifest_is_read_where_it_is_the_only_one() {
    let resource = |id: &str, href: &str| {
        format!(r#"<resource identifier="{id}" adlcp:scormtype="sco" href="{href}"/>"#)
    };
    let inner = |items: &str, resources: &str| {
        format!(
            r#"<manifest identifier="in"><organizations><organization identifier="p"><title>Inner</title>{items}</organization></organizations><resources xml:base="sub/">{resources}</resources></manifest>"#
        )
    };
    let one = r#"<item identifier="a" identifierref="x"><title>A</title></item>"#;
    let to_manifest = r#"<item identifier="b" identifierref="in"><title>B</title></item>"#;
    let with = |items: &str, resources: &str, inner: &str| {
        manifest_of("1.2", items, resources).replace("</manifest>", &format!("{inner}</manifest>"))
    };
    let sub = inner(one, &resource("x", "c.html"));
    let loops = inner(to_manifest, &resource("x", "c.html"));
    #[rustfmt::skip]
    let cases = [
        // manifest                                                              activities
        (with(ITEM, &resource("r1", "index.html"), &sub),                        vec![("i1", "index.html", 0)]),
        (with("", "", &sub),                                                     vec![("a", "sub/c.html", 0)]),
        (with(&(ITEM.to_owned() + to_manifest), &resource("r1", "index.html"), &sub), vec![("i1", "index.html", 0), ("a", "sub/c.html", 1)]),
        // The item takes a resource of the other manifest.
        (with(one, "", &inner("", &resource("x", "c.html"))),                    vec![("a", "sub/c.html", 0)]),
        // Each manifest has identifiers of its own.
        (with(&(ITEM.to_owned() + to_manifest), &resource("r1", "index.html"), &inner(&one.replace("\"x\"", "\"r1\""), &resource("r1", "c.html"))),
                                                                                 vec![("i1", "index.html", 0), ("a", "sub/c.html", 1)]),
        // A manifest that refers to itself is entered once.
        (with(&(ITEM.to_owned() + to_manifest), &resource("r1", "index.html"), &loops), vec![("i1", "index.html", 0), ("b", "in", 1)]),
    ];
    for (text, expected) in cases {
        let files: [(&str, &[u8]); 3] =
            [("imsmanifest.xml", text.as_bytes()), ("index.html", b""), ("sub/c.html", b"")];
        let package = open(&files).unwrap_or_else(|error| panic!("{error}: {text}"));
        let found: Vec<_> = package
            .manifest()
            .activities
            .iter()
            .map(|it| (it.id.as_str(), it.href.as_str(), it.depth))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

/// What a package of thousands of faults says is bounded.
#[test]
fn warnings_are_bounded() {
    let items: String =
        (0..5_000).map(|n| format!("<item identifier=' i{n}' identifierref='r1'/>")).collect();
    let resource = "<resource identifier='r1' adlcp:scormtype='sco' href='index.html'/>";
    let package = open_manifest(manifest_of("1.2", &items, resource).as_bytes()).unwrap();
    assert_eq!((package.manifest().activities.len(), package.warnings().len()), (5_000, 100));
    assert_eq!(package.warnings().last().map(|it| it.code), Some("more_warnings"));
    let text = manifest("index.html");
    let names: Vec<String> = (0..5_000).map(|n| format!("{}\\{n}.png", "x".repeat(200))).collect();
    let mut files: Vec<(&str, &[u8])> = vec![("imsmanifest.xml", text.as_bytes()), ("index.html", b"")];
    files.extend(names.iter().map(|it| (it.as_str(), b"".as_slice())));
    let package = open(&files).unwrap();
    assert_eq!(codes(&package), ["name_backslash"]);
    assert!(package.warnings()[0].text.len() < 800 && package.warnings()[0].text.contains(" and 4997 more"));
}

#[test]
fn hosts_are_found_in_the_manifest_and_in_pages_styles_and_scripts() {
    let text = manifest("index.html")
        .replace("<resources>", r#"<resources><resource identifier="w" href="https://sco.test.org/a"/>"#);
    let page = br#"<script src="https://cdn.test.org/a.js"></script><a href="https://link.test.org/">x</a>
        <img src="https://cdn.test.org/b.png"><iframe src="//www.youtube.com/embed/x"></iframe>"#;
    let files: [(&str, &[u8]); 6] = [
        ("imsmanifest.xml", text.as_bytes()),
        ("index.html", page),
        ("a.css", b"@import url(https://fonts.test.org/x)"),
        ("lib/a.JS", b"fetch('https://api.test.org:8443/x')"),
        ("a.bin", b"<script src='https://no.test.org/a.js'></script>"),
        ("__MACOSX/._a.html", b"<script src='https://no.test.org/a.js'></script>"),
    ];
    let hosts = open(&files).unwrap().hosts();
    let expected = ["api.test.org:8443", "cdn.test.org", "fonts.test.org", "sco.test.org", "www.youtube.com"];
    assert_eq!(hosts, expected);
    let far = [vec![b' '; 1 << 20], b"<script src='https://far.test.org/a.js'></script>".to_vec()].concat();
    let files: [(&str, &[u8]); 2] = [("imsmanifest.xml", text.as_bytes()), ("index.html", &far)];
    assert_eq!(open(&files).unwrap().hosts(), ["sco.test.org"], "the first MiB of a file is read");
}
