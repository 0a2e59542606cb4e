//! The entries of a zip, each checked before anything is unpacked.

use std::io::{Read, Seek, SeekFrom};

use zip::{CompressionMethod, ZipArchive};

use crate::archive::damaged;
use crate::error::PackageError;

/// How much a package may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Number of entries, folders included.
    pub entries: usize,
    /// Bytes of all files together, unpacked.
    pub total_bytes: u64,
    /// Bytes of one file, unpacked.
    pub file_bytes: u64,
    /// How many times larger than packed a file of more than 10 MiB may be.
    pub ratio: u64,
    /// Bytes of the manifest, unpacked.
    pub manifest_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        const GIB: u64 = 1 << 30;
        Limits { entries: 20_000, total_bytes: 2 * GIB, file_bytes: GIB, ratio: 200, manifest_bytes: 4 << 20 }
    }
}

/// Files up to this size are not asked how well they were packed, in bytes.
const RATIO_FROM: u64 = 10 << 20;

/// One file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its path, relative, with `/` between folders; no two differ only in case.
    pub path: String,
    /// Its length in bytes, unpacked.
    pub size_bytes: u64,
    /// Number of its entry in the zip.
    pub(crate) entry: usize,
}

/// Checks every entry; answers the files.
pub(crate) fn checked<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    limits: &Limits,
) -> Result<Vec<FileEntry>, PackageError> {
    too_many(archive.len() as u64, limits)?;
    // The library keeps one of two entries with one name, but counts both.
    if archive.has_duplicate_names() {
        return Err(PackageError::DuplicateEntry("two files of the same name".to_owned()));
    }
    let mut files = Vec::with_capacity(archive.len());
    let mut places = Vec::with_capacity(archive.len());
    let mut total_bytes = 0_u64;
    for entry in 0..archive.len() {
        let file = archive.by_index_raw(entry).map_err(damaged)?;
        let name = file.name().map_err(damaged)?.into_owned();
        // File, folder or not told; a link or a device is neither.
        if !matches!(file.unix_mode().unwrap_or(0) & 0o170_000, 0 | 0o100_000 | 0o040_000) {
            return Err(PackageError::Symlink(name));
        }
        if !is_plain(name.strip_suffix('/').unwrap_or(&name)) {
            return Err(PackageError::UnsafePath(name));
        }
        if file.is_dir() {
            continue;
        }
        let is_known = matches!(file.compression(), CompressionMethod::Stored | CompressionMethod::Deflated);
        if file.encrypted() || !is_known {
            return Err(PackageError::UnsupportedMethod(name));
        }
        let (size, packed) = (file.size(), file.compressed_size());
        total_bytes = total_bytes.saturating_add(size);
        let is_bomb = size > RATIO_FROM && size / packed.max(1) > limits.ratio;
        if is_bomb || size > limits.file_bytes || total_bytes > limits.total_bytes {
            let what =
                format!("{name:?}: {size} bytes packed to {packed}, {total_bytes} bytes up to this file");
            return Err(PackageError::Bomb(what));
        }
        let start = file.data_start().unwrap_or(u64::MAX);
        places.push((file.header_start(), start.saturating_add(packed)));
        files.push(FileEntry { path: name, size_bytes: size, entry });
    }
    places.sort_unstable();
    let is_past_end = places.last().is_some_and(|(_, end)| *end > archive.central_directory_start());
    if is_past_end || places.windows(2).any(|it| matches!(it, [(_, end), (next, _)] if end > next)) {
        return Err(PackageError::Bomb("entries share their bytes".to_owned()));
    }
    distinct(&files)?;
    Ok(files)
}

/// Refuses more entries than are taken.
pub(crate) fn too_many(found: u64, limits: &Limits) -> Result<(), PackageError> {
    if found > limits.entries as u64 {
        return Err(PackageError::TooManyFiles { found, most: limits.entries });
    }
    Ok(())
}

/// Whether a name means the same file everywhere: relative, no empty, `.` or `..` part, no drive, no NUL.
///
/// Names that only Windows dislikes (`CON`, a dot at the end) pass: the server stores files under names of its
/// own.
fn is_plain(name: &str) -> bool {
    name.len() <= 1_024
        && !name.contains(|it: char| it.is_control() || it == '\\' || it == ':')
        && name.split('/').all(|it| !it.is_empty() && it != "." && it != ".." && it.len() <= 255)
}

/// Refuses names that are one on some file systems: equal but for case, or a file and a folder.
fn distinct(files: &[FileEntry]) -> Result<(), PackageError> {
    // With the least character for `/`, what lies under a name follows it at once.
    let mut names: Vec<_> = files.iter().map(|it| it.path.to_lowercase().replace('/', "\0")).collect();
    names.sort_unstable();
    for pair in names.windows(2) {
        if let [name, next] = pair
            && let Some(rest) = next.strip_prefix(name.as_str())
            && (rest.is_empty() || rest.starts_with('\0'))
        {
            let (name, next) = (name.replace('\0', "/"), next.replace('\0', "/"));
            let what = if name == next {
                format!("two files of the name {name:?}, in any case")
            } else {
                format!("the file {name:?} and also the file {next:?}")
            };
            return Err(PackageError::DuplicateEntry(what));
        }
    }
    Ok(())
}

/// How many entries the zip claims to have, read before the library makes room for them.
///
/// The end of the directory is looked for as the library does; of several ends, the largest claim counts.
pub(crate) fn claimed<R: Read + Seek>(reader: &mut R) -> Result<u64, PackageError> {
    const END: u64 = 22;
    const LOCATOR: u64 = 20;
    const END_64: u64 = 56;
    let length = reader.seek(SeekFrom::End(0))?;
    let tail_at = length.saturating_sub(END + 4 + (1 << 16));
    let tail = bytes_at(reader, tail_at, length - tail_at)?;
    let mut most = None;
    for (at, end) in tail.windows(END as usize).enumerate().filter(|it| it.1.starts_with(b"PK\x05\x06")) {
        let mut entries = number(end, 10, 2);
        let is_64 =
            entries == 0xffff || number(end, 12, 4) == 0xffff_ffff || number(end, 16, 4) == 0xffff_ffff;
        if is_64 && let Some(locator_at) = (tail_at + at as u64).checked_sub(LOCATOR) {
            let locator = bytes_at(reader, locator_at, LOCATOR)?;
            if locator.starts_with(b"PK\x06\x07") {
                let record_at = number(&locator, 8, 8);
                // Anywhere else, there could be a second record with another claim.
                if record_at.checked_add(END_64) != Some(locator_at) {
                    return Err(PackageError::Truncated("its ZIP64 directory is misplaced".to_owned()));
                }
                entries = number(&bytes_at(reader, record_at, END_64)?, 32, 8);
            }
        }
        most = most.max(Some(entries));
    }
    most.ok_or_else(|| PackageError::Truncated("the directory at its end is missing".to_owned()))
}

fn bytes_at<R: Read + Seek>(reader: &mut R, at: u64, length: u64) -> Result<Vec<u8>, PackageError> {
    let mut bytes = Vec::new();
    reader.seek(SeekFrom::Start(at))?;
    reader.by_ref().take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A number of `length` bytes, the least first.
fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    bytes.iter().skip(at).take(length).rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::{FileEntry, distinct, is_plain};

    #[test]
    fn a_name_is_plain_when_it_means_one_file_everywhere() {
        #[rustfmt::skip]
        let cases = [
            // name              plain     why it is here
            ("a/b c/ü.html",     true),
            ("CON",              true),  // only Windows dislikes it
            ("a./b .",           true),
            ("..a/b..",          true),
            ("\u{202e}lmth.a",   true),  // shown escaped
            ("",                 false),
            ("../../x",          false),
            ("a/../../b",        false),
            ("..\\x",            false),
            ("a\\b",             false),
            ("/etc/x",           false),
            ("//host/x",         false),
            ("C:\\x",            false),
            ("C:x",              false),
            ("a\0.html",         false),
            ("a\nb",             false),
            ("./a",              false), // a second name for `a`
            ("a//b",             false),
        ];
        for (name, expected) in cases {
            assert_eq!(is_plain(name), expected, "name: {name:?}");
        }
        assert!(!is_plain(&"n".repeat(300)), "longer than file systems take");
    }

    #[test]
    fn names_are_distinct_in_any_case_and_no_file_is_a_folder() {
        #[rustfmt::skip]
        let cases = [
            // names                            distinct
            (["a", "b", "c"].as_slice(),        true),
            (&["a.b", "a/b", "a b"],            true),
            (&["a", "a.b", "a-b", "a b/c"],     true),
            (&["Index.html", "index.html"],     false),
            (&["a", "a b", "a/b"],              false), // ` ` sorts before `/`
            (&["Ä/x", "ä/X"],                   false),
        ];
        for (names, expected) in cases {
            let entry = |path: &&str| FileEntry { path: (*path).to_owned(), size_bytes: 0, entry: 0 };
            let files: Vec<_> = names.iter().map(entry).collect();
            assert_eq!(distinct(&files).is_ok(), expected, "names: {names:?}");
        }
    }
}
