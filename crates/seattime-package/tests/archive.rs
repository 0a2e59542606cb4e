//! Which zips are taken, and that nothing in one makes the reader panic.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use seattime_package::{Limits, Package, PackageError};
use seattime_testing::rng::Rng;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const MANIFEST: &str = r#"<manifest identifier="M" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <organizations><organization><title>C</title><item identifier="I" identifierref="R"/></organization></organizations>
  <resources><resource identifier="R" adlcp:scormtype="sco" href="a.html"/></resources></manifest>"#;

/// A zip of these files, packed; a name that ends in `/` is a folder.
fn zip(files: &[(&str, &[u8])]) -> ZipResult<Vec<u8>> {
    zip_by(CompressionMethod::Deflated, files)
}

fn zip_by(method: CompressionMethod, files: &[(&str, &[u8])]) -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method))?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// A sound package with these files more.
fn package(files: &[(&str, &[u8])]) -> ZipResult<Vec<u8>> {
    let own: [(&str, &[u8]); 2] = [("imsmanifest.xml", MANIFEST.as_bytes()), ("a.html", b"hello")];
    zip(&[&own, files].concat())
}

/// Changes bytes of the directory's record of this number, from 0.
fn patched(mut zip: Vec<u8>, record: usize, at: usize, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut starts = zip.windows(4).enumerate().filter(|(_, it)| it == b"PK\x01\x02");
    let start = starts.nth(record)?.0 + at;
    zip.get_mut(start..start + bytes.len())?.copy_from_slice(bytes);
    Some(zip)
}

/// Puts the directory's end as ZIP64 has it, with this number of entries, this far from where it belongs.
fn zip_64(mut zip: Vec<u8>, entries: u64, gap: usize) -> Option<Vec<u8>> {
    let mut end = zip.split_off(zip.len().checked_sub(22)?);
    let (at, start, size) = (zip.len() as u64, end.get(16..20)?.to_vec(), end.get(12..16)?.to_vec());
    zip.extend(b"PK\x06\x06");
    zip.extend(44_u64.to_le_bytes());
    zip.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    zip.extend(entries.to_le_bytes());
    zip.extend(entries.to_le_bytes());
    zip.extend([size, vec![0; 4], start, vec![0; 4], vec![0; gap]].concat());
    zip.extend(b"PK\x06\x07\0\0\0\0");
    zip.extend(at.to_le_bytes());
    zip.extend([1, 0, 0, 0]);
    end.get_mut(8..12)?.fill(0xff);
    Some([zip, end].concat())
}

fn replaced(zip: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut zip = zip.to_vec();
    for at in 0..zip.len() {
        if zip.get(at..).is_some_and(|it| it.starts_with(from)) && from.len() == to.len() {
            zip.iter_mut().skip(at).zip(to).for_each(|(old, new)| *old = *new);
        }
    }
    zip
}

/// The code, and whether the message has the form of the house.
fn refusal(zip: Vec<u8>) -> Option<(&'static str, String)> {
    let error = Package::open(Cursor::new(zip)).err()?;
    Some((error.code(), error.to_string()))
}

#[test]
fn what_is_no_sound_package_is_refused_by_its_code() {
    let sound = package(&[("b.html", b"b")]).unwrap();
    let zeros = vec![0; 12 << 20];
    let with = |name| package(&[(name, b"x")]).unwrap();
    let only = |name| zip(&[(name, b"x")]).unwrap();
    let patch = |record, at, bytes: &[u8]| patched(sound.clone(), record, at, bytes).unwrap();
    let offset_of_first = [0; 4];
    let mut linked = ZipWriter::new(Cursor::new(Vec::new()));
    linked.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let linked = linked.finish().unwrap().into_inner();
    let many: Vec<(String, &[u8])> = (0..20_001).map(|it| (format!("f{it}"), b"".as_slice())).collect();
    let many: Vec<_> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    #[rustfmt::skip]
    let cases = [
        // zip                                                  code                          part of the message
        (Vec::new(),                                            "package_not_zip",            "not a ZIP"),
        (b"GIF89a, and so on".to_vec(),                         "package_not_zip",            ""),
        ([b"MZ".as_slice(), &sound].concat(),                   "package_not_zip",            ""), // unpacks itself
        (sound[..sound.len() / 2].to_vec(),                     "package_truncated",          ""),
        (sound[..sound.len() - 1].to_vec(),                     "package_truncated",          ""),
        ([&sound[..40], &sound[50..]].concat(),                 "package_truncated",          ""), // bytes lost inside
        (zip(&[]).unwrap(),                                     "manifest_missing",           "left out"),
        (zip(&[("a/imsmanifest.xml", b""), ("b/imsmanifest.xml", b"")]).unwrap(),
                                                                "manifest_missing",           "\"a\", \"b\""),
        (only("a/b/imsmanifest.xml"),                           "manifest_not_xml",           ""),
        (only("IMSManifest.xml"),                               "manifest_not_xml",           ""),
        (only("tincan.xml"),                                    "package_kind_unsupported",   "xAPI"),
        (only("cmi5.xml"),                                      "package_kind_unsupported",   "cmi5"),
        (only("x/COURSE.CRS"),                                  "package_kind_unsupported",   "AICC"),
        (replaced(&sound, b"b.html", b"a.html"),                "package_duplicate_entry",    "two different files"),
        (replaced(&package(&[("imsmanifesT.xml", b"x")]).unwrap(), b"imsmanifesT", b"imsmanifest"),
                                                                "package_duplicate_entry",    "two different files"),
        (with("A.html"),                                        "",                           ""),
        (with("a.html/b"),                                      "",                           ""),
        (with("../../x"),                                       "package_unsafe_path",        "../../x"),
        (with("..\\x"),                                         "package_unsafe_path",        ""),
        (with("a/../../b"),                                     "package_unsafe_path",        ""),
        (replaced(&with("#etc/x"), b"#etc/x", b"/etc/x"),       "package_unsafe_path",        "/etc/x"),
        (with("C:\\x.txt"),                                     "package_unsafe_path",        ""),
        (replaced(&with("nul_.txt"), b"nul_", b"nul\0"),        "package_unsafe_path",        "nul\\0"),
        (with(&"n".repeat(300)),                                "",                           ""),
        (with("../folder/"),                                    "package_unsafe_path",        "../folder/"),
        (linked,                                                "package_symlink",            "link"),
        (patch(2, 38, &(0o020_644_u32 << 16).to_le_bytes()),    "package_symlink",            "device"),
        (package(&[("zeros", zeros.as_slice())]).unwrap(),      "package_bomb",               "zeros"),
        (patch(2, 24, &[0xff, 0xff, 0xff, 0x7f]),               "package_bomb",               "b.html"), // 2 GiB, it says
        (patch(2, 42, &offset_of_first),                        "package_bomb",               "share"),
        (patch(2, 20, &[0xff, 0, 0, 0]),                        "package_bomb",               "share"), // reaches into the directory
        (zip(&many).unwrap(),                                   "package_too_many_files",     "20001"),
        (zip_64(sound.clone(), 1 << 40, 0).unwrap(),            "package_too_many_files",     "1099511627776"),
        (zip_64(sound.clone(), 3, 1).unwrap(),                  "package_truncated",          "ZIP64"),
        (zip_64(sound.clone(), 3, 0).unwrap(),                  "",                           ""),
        (patch(2, 8, &[1, 0]),                                  "package_unsupported_method", "b.html"),
        (patch(2, 10, &[12, 0]),                                "package_unsupported_method", "b.html"),
        (sound.clone(),                                         "",                           ""),
        (package(&[("folder/", b""), ("folder/CON", b"")]).unwrap(), "",                      ""),
    ];
    for (place, (zip, expected, part)) in cases.into_iter().enumerate() {
        let (code, message) = refusal(zip).unwrap_or_default();
        assert_eq!(code, expected, "case {place}: {message}");
        assert!(message.contains(part), "case {place}: {message}");
        let begins_low = message.chars().next().is_none_or(|it| !it.is_uppercase());
        assert!(begins_low && !message.ends_with('.'), "case {place}: {message}");
    }
}

#[test]
fn limits_are_those_that_were_asked_for() {
    let zip = package(&[("b.html", b"0123456789")]).unwrap();
    let usual = Limits::default();
    #[rustfmt::skip]
    let cases = [
        // limits                                           code
        (usual,                                             None),
        (Limits { entries: 2, ..usual },                    Some("package_too_many_files")),
        (Limits { total_bytes: 100, ..usual },              Some("package_bomb")),
        (Limits { file_bytes: 9, ..usual },                 Some("package_bomb")),
        (Limits { manifest_bytes: 9, ..usual },             Some("manifest_too_complex")),
    ];
    for (limits, expected) in cases {
        let actual = Package::open_within(Cursor::new(&zip), &limits).err().map(|it| it.code());
        assert_eq!(actual, expected, "{limits:?}");
    }
}

#[test]
fn files_are_copied_as_they_were_packed_and_never_longer() {
    let long = b"0123456789".repeat(20_000);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let files: [(&str, &[u8]); 3] =
            [("imsmanifest.xml", MANIFEST.as_bytes()), ("sub/long.txt", &long), ("a.html", b"hello")];
        let bytes = zip_by(method, &files).unwrap();
        let mut package = Package::open(Cursor::new(&bytes)).unwrap();
        assert_eq!(package.manifest().activities[0].href, "a.html");
        let listed: Vec<_> = package.files().iter().map(|it| (it.path.clone(), it.size_bytes)).collect();
        let expected = files.map(|(path, bytes)| (path.to_owned(), bytes.len() as u64));
        assert_eq!(listed, expected);
        for (place, (path, expected)) in files.into_iter().enumerate() {
            let mut copy = Vec::new();
            assert_eq!(package.copy_file(place, &mut copy).unwrap(), expected.len() as u64, "{path}");
            assert!(copy == expected, "{path}");
        }
        assert_eq!(package.copy_file(3, &mut Vec::new()).unwrap_err().code(), "package_unreadable");
        // A writer that takes only the start: the disk is full.
        let mut full = Cursor::new([0; 100]);
        assert_eq!(package.copy_file(1, &mut full).unwrap_err().code(), "package_unreadable");
    }
}

#[test]
fn a_file_that_is_not_as_it_says_is_not_copied() {
    let long = b"0123456789".repeat(20_000);
    let sound = package(&[("long", &long)]).unwrap();
    #[rustfmt::skip]
    let cases = [
        // zip                                                    code                 why it is here
        (patched(sound.clone(), 2, 24, &[10, 0, 0, 0]),           "package_bomb"),      // says 10 bytes, has 200,000
        (patched(sound.clone(), 2, 24, &[0x41, 0x0d, 3, 0]),      "package_truncated"), // says one byte more
        (patched(sound.clone(), 2, 16, &[1, 2, 3, 4]),            "package_truncated"), // another sum
        (patched(sound.clone(), 2, 20, &[9, 0, 0, 0]),            "package_truncated"), // packed bytes end early
    ];
    for (zip, expected) in cases {
        let mut package = Package::open(Cursor::new(zip.unwrap())).unwrap();
        let mut copy = Vec::new();
        let error = package.copy_file(2, &mut copy).unwrap_err();
        assert_eq!(error.code(), expected, "{error}");
        assert!(copy.len() as u64 <= package.files()[2].size_bytes, "{expected}");
    }
}

#[derive(Debug)]
struct BrokenDisk;

impl Read for BrokenDisk {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is broken"))
    }
}

impl Seek for BrokenDisk {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn a_broken_disk_is_no_broken_package() {
    let error = Package::open(BrokenDisk).unwrap_err();
    assert_eq!(error.code(), "package_unreadable");
    assert!(error.to_string().contains("the disk is broken"), "{error}");
}

/// Changes, removes or doubles a few bytes.
fn damage(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let mut below = |most: usize| usize::try_from(rng.below(most as u64)).unwrap_or(0);
    for _ in 0..=below(6) {
        let (at, length) = (below(bytes.len()), below(12));
        let end = (at + length).min(bytes.len());
        let value = u8::try_from(below(256)).unwrap_or(0);
        match below(4) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.extend_from_within(at..end),
            2 => {
                bytes.iter_mut().skip(at).take(1).for_each(|it| *it = if value < 128 { b'<' } else { b'&' });
            }
            _ => bytes.iter_mut().skip(at).take(1).for_each(|it| *it = value),
        }
    }
}

fn open_and_copy(zip: Vec<u8>) -> Result<u64, PackageError> {
    let mut package = Package::open(Cursor::new(zip))?;
    (0..package.files().len()).map(|it| package.copy_file(it, &mut io::sink())).sum()
}

#[test]
fn no_damage_makes_the_reader_panic() {
    let mut rng = Rng::from_seed(0x5ea7_713e);
    let sound = package(&[("b.html", b"0123456789"), ("folder/", b"")]).unwrap();
    let sound_64 = zip_64(sound.clone(), 4, 0).unwrap();
    let mut opened = [0; 2];
    for round in 0..6_000 {
        let mut bytes = if round % 3 == 0 { sound_64.clone() } else { sound.clone() };
        damage(&mut rng, &mut bytes);
        opened[0] += usize::from(open_and_copy(bytes).is_ok());
        let mut manifest = MANIFEST.as_bytes().to_vec();
        damage(&mut rng, &mut manifest);
        let bytes = zip(&[("imsmanifest.xml", &manifest), ("a.html", b"")]).unwrap();
        opened[1] += usize::from(open_and_copy(bytes).is_ok());
    }
    // Otherwise nothing but the first check was shown.
    assert!(opened.iter().all(|it| (60..5_940).contains(it)), "{opened:?}");
}
