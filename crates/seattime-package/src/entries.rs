//! The entries of a zip, each checked before anything is unpacked.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::{Read, Seek, SeekFrom};

use zip::{CompressionMethod, ZipArchive};

use crate::archive::damaged;
use crate::error::PackageError;
use crate::names::{self, CodePage, Plain, folded, is_leftover};
use crate::warning::{Severity, Warning, listed};

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

/// Longest path that is kept, in bytes.
const LONGEST_PATH_BYTES: usize = 1_024;
/// Files up to this size are not asked how well they were packed, in bytes.
const RATIO_FROM: u64 = 10 << 20;

/// One file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its path, relative, with `/` between folders; no other file has it.
    pub path: String,
    /// Other readings of its name, where the encoding of the name is not declared.
    pub other_paths: Vec<String>,
    /// Its length in bytes, unpacked.
    pub size_bytes: u64,
    /// Number of its entry in the zip.
    pub(crate) entry: usize,
    /// Checksum of its bytes, as the zip declares it.
    crc: u32,
}

/// Checks every entry; returns the files, and a warning for each kind of fault.
///
/// `repeated` are names of entries that the zip holds more than once with the same bytes.
pub(crate) fn checked<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    repeated: Vec<String>,
    limits: &Limits,
) -> Result<(Vec<FileEntry>, Vec<Warning>), PackageError> {
    too_many(archive.len() as u64, limits)?;
    let page = CodePage::likely(archive.file_names_raw().filter(|it| std::str::from_utf8(it).is_err()));
    let mut faults = Faults { repeated, ..Faults::default() };
    let mut files = Files::default();
    let mut places = Vec::with_capacity(archive.len());
    let mut total_bytes = 0_u64;
    for entry in 0..archive.len() {
        let file = archive.by_index_raw(entry).map_err(damaged)?;
        let (name, other) = faults.decoded(file.name_raw(), page);
        // File, folder or unknown; a link or a device is neither.
        if !matches!(file.unix_mode().unwrap_or(0) & 0o170_000, 0 | 0o100_000 | 0o040_000) {
            return Err(PackageError::Symlink(name));
        }
        let Some(plain) = names::plain(&name) else { return Err(PackageError::UnsafePath(name)) };
        faults.note(&name, &plain);
        if plain.is_folder || file.is_dir() {
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
        if plain.path.len() > LONGEST_PATH_BYTES {
            faults.too_long.push(name);
            continue;
        }
        let other = other.and_then(|it| names::plain(&it)).map(|it| it.path).filter(|it| *it != plain.path);
        let path = plain.path;
        let other_paths = other.into_iter().collect();
        files
            .put(FileEntry { path, other_paths, size_bytes: size, entry, crc: file.crc32() }, &mut faults)?;
    }
    places.sort_unstable();
    let is_past_end = places.last().is_some_and(|(_, end)| *end > archive.central_directory_start());
    if is_past_end || places.windows(2).any(|it| matches!(it, [(_, end), (next, _)] if end > next)) {
        return Err(PackageError::Bomb("entries share their bytes".to_owned()));
    }
    let files = files.distinct(&mut faults);
    Ok((files, faults.warnings()))
}

/// The files found so far.
#[derive(Default)]
struct Files {
    files: Vec<FileEntry>,
    /// Place in `files` of each path.
    places: HashMap<String, usize>,
}

impl Files {
    /// Adds a file. One that is there already under this path has to have the same bytes.
    fn put(&mut self, file: FileEntry, faults: &mut Faults) -> Result<(), PackageError> {
        let found = self.places.get(&file.path).and_then(|it| self.files.get(*it));
        match found {
            None => {
                self.places.insert(file.path.clone(), self.files.len());
                self.files.push(file);
            }
            Some(it) if (it.crc, it.size_bytes) == (file.crc, file.size_bytes) || is_leftover(&it.path) => {
                faults.repeated.push(file.path);
            }
            Some(_) => return Err(different_bytes(&file.path)),
        }
        Ok(())
    }

    /// The files. Entries without bytes that have the name of a folder stand for it, and are left out.
    fn distinct(self, faults: &mut Faults) -> Vec<FileEntry> {
        let Files { mut files, places } = self;
        let mut folders = BTreeSet::new();
        let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for path in files.iter().map(|it| it.path.as_str()) {
            let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
            folders.extend(above.filter(|it| places.contains_key(*it)).map(str::to_owned));
            if !is_leftover(path) {
                alike.entry(folded(path)).or_default().push(path);
            }
        }
        let alike = alike.into_values().filter(|it| it.len() > 1);
        faults.alike = alike.flatten().map(str::to_owned).collect();
        faults.also_folders = folders.iter().cloned().collect();
        files.retain(|it| it.size_bytes > 0 || !folders.contains(&it.path));
        let mut taken: HashSet<String> = places.into_keys().collect();
        for file in &mut files {
            file.other_paths.retain(|it| taken.insert(it.clone()));
        }
        files
    }
}

/// The refusal of two entries with one name and different bytes.
pub(crate) fn different_bytes(path: &str) -> PackageError {
    PackageError::DuplicateEntry(format!("two different files of the name {path:?}"))
}

/// Names that are not as they should be, by the kind of fault.
#[derive(Default)]
struct Faults {
    backslashes: Vec<String>,
    idle_parts: Vec<String>,
    dos: Vec<String>,
    windows: Vec<String>,
    repeated: Vec<String>,
    alike: Vec<String>,
    also_folders: Vec<String>,
    odd: Vec<String>,
    too_long: Vec<String>,
}

impl Faults {
    /// Decodes a name, as UTF-8 if it is, else in the package's code page; returns its other reading too.
    fn decoded(&mut self, raw: &[u8], page: CodePage) -> (String, Option<String>) {
        if let Ok(name) = std::str::from_utf8(raw) {
            return (name.to_owned(), None);
        }
        let name = page.decode(raw);
        match page {
            CodePage::Dos => self.dos.push(name.clone()),
            CodePage::Windows => self.windows.push(name.clone()),
        }
        (name, Some(page.other().decode(raw)))
    }

    fn note(&mut self, name: &str, plain: &Plain) {
        if plain.had_backslashes {
            self.backslashes.push(name.to_owned());
        }
        if plain.had_idle_parts {
            self.idle_parts.push(name.to_owned());
        }
        if !plain.is_folder && names::is_odd_on_windows(&plain.path) {
            self.odd.push(name.to_owned());
        }
    }

    fn warnings(self) -> Vec<Warning> {
        #[rustfmt::skip]
        let kinds = [
            // code, severity, names, text before the names, text behind them
            ("name_backslash", Severity::Info, self.backslashes, "names in the archive have backslashes between folders",
                "they were read as \"/\", as the ZIP format has it"),
            ("name_not_plain", Severity::Info, self.idle_parts, "names in the archive have \"./\" or \"//\" in them",
                "they were read without"),
            ("name_code_page", Severity::Info, self.dos, "names in the archive are not in UTF-8",
                "they were read in code page 437, and answer to their reading in Windows-1252 too"),
            ("name_code_page", Severity::Info, self.windows, "names in the archive are not in UTF-8",
                "they were read in Windows-1252, and answer to their reading in code page 437 too"),
            ("entry_repeated", Severity::Info, self.repeated, "names are in the archive more than once with the same bytes",
                "they were taken once"),
            ("names_alike", Severity::Warning, self.alike, "files in the archive have names that differ only in case or Unicode form",
                "all were kept, but on a disk of Windows or macOS one overwrites the other"),
            ("name_file_and_folder", Severity::Info, self.also_folders, "names in the archive are both a file and a folder",
                "files without content were left out"),
            ("name_odd", Severity::Info, self.odd, "names in the archive are not possible on Windows",
                "they were kept"),
            ("name_too_long", Severity::Warning, self.too_long, "names in the archive are longer than 1,024 bytes",
                "these files were left out"),
        ];
        kinds
            .into_iter()
            .filter(|(_, _, names, ..)| !names.is_empty())
            .map(|(code, severity, names, before, behind)| {
                let names = listed(names.iter().map(String::as_str));
                Warning::new(code, severity, format!("{before}: {names}; {behind}"))
            })
            .collect()
    }
}

/// Refuses more entries than are taken.
pub(crate) fn too_many(found: u64, limits: &Limits) -> Result<(), PackageError> {
    if found > limits.entries as u64 {
        return Err(PackageError::TooManyFiles { found, most: limits.entries });
    }
    Ok(())
}

/// The names of entries that the directory of a zip lists more than once with the same bytes.
///
/// The library keeps one of two entries with one name, so this reads the directory itself.
///
/// # Errors
///
/// [`PackageError::DuplicateEntry`] where two entries of one name have different bytes.
pub(crate) fn repeated<R: Read + Seek>(
    reader: &mut R,
    directory_at: u64,
    limits: &Limits,
) -> Result<Vec<String>, PackageError> {
    const RECORD: u64 = 46;
    let mut seen: HashMap<Vec<u8>, (u64, u64)> = HashMap::new();
    let mut repeated = Vec::new();
    let mut at = directory_at;
    for _ in 0..limits.entries {
        let record = bytes_at(reader, at, RECORD)?;
        if !record.starts_with(b"PK\x01\x02") {
            break;
        }
        let lengths = [28, 30, 32].map(|it| number(&record, it, 2));
        let name = bytes_at(reader, at + RECORD, lengths[0])?;
        at += RECORD + lengths.iter().sum::<u64>();
        let bytes = (number(&record, 16, 4), number(&record, 24, 4));
        let is_folder = name.ends_with(b"/");
        let shown = String::from_utf8_lossy(&name).into_owned();
        match seen.insert(name, bytes) {
            None => {}
            Some(other) if is_folder || other == bytes || is_leftover(&shown) => repeated.push(shown),
            Some(_) => return Err(different_bytes(&shown)),
        }
    }
    Ok(repeated)
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
