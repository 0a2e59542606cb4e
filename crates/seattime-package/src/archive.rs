//! The zip of a package: what is in it, checked before anything is unpacked.

use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom, Write};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::PackageError;
use crate::manifest::Manifest;

/// How much a package may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Entries, folders included.
    pub entries: usize,
    /// Bytes of all files, unpacked.
    pub total_bytes: u64,
    /// Bytes of one file, unpacked.
    pub file_bytes: u64,
    /// How many times larger than packed a file of more than 10 MiB may be.
    pub ratio: u64,
    /// Bytes of the manifest.
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
const MANIFEST: &str = "imsmanifest.xml";

/// One file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its path, with `/` between folders.
    pub path: String,
    /// Its length, unpacked.
    pub size_bytes: u64,
    /// Number of its entry in the zip.
    entry: usize,
}

/// A package that was opened and found sound.
#[derive(Debug)]
pub struct Package<R> {
    archive: ZipArchive<R>,
    limits: Limits,
    files: Vec<FileEntry>,
    manifest: Manifest,
}

impl<R: Read + Seek> Package<R> {
    /// Opens a package, checks every entry, and reads its manifest.
    ///
    /// # Errors
    ///
    /// [`PackageError`] says what is wrong and what to do.
    pub fn open(reader: R) -> Result<Package<R>, PackageError> {
        Package::open_within(reader, Limits::default())
    }

    /// As [`Package::open`], within other limits.
    ///
    /// # Errors
    ///
    /// [`PackageError`] says what is wrong and what to do.
    pub fn open_within(mut reader: R, limits: Limits) -> Result<Package<R>, PackageError> {
        let mut start = [0; 4];
        reader.seek(SeekFrom::Start(0))?;
        let is_zip = reader.read_exact(&mut start).is_ok() && matches!(&start, b"PK\x03\x04" | b"PK\x05\x06");
        if !is_zip {
            return Err(PackageError::NotZip);
        }
        let records = central_records(&mut reader)?;
        reader.seek(SeekFrom::Start(0))?;
        let mut archive = ZipArchive::new(reader).map_err(|error| damaged(&error))?;
        let files = entries(&mut archive, &limits)?;
        // The library keeps one of two entries with one name; the directory tells how many there were.
        if records != archive.len() {
            return Err(PackageError::DuplicateEntry(format!(
                "({records} entries, {} names)",
                archive.len()
            )));
        }
        let manifest = read_manifest(&mut archive, &files, &limits)?;
        Ok(Package { archive, limits, files, manifest })
    }

    /// What the manifest says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its files, in the order of the zip; folders are left out.
    pub fn files(&self) -> &[FileEntry] {
        &self.files
    }

    /// Unpacks the file of this number in [`Package::files`]; answers its length in bytes.
    ///
    /// # Errors
    ///
    /// [`PackageError::Bomb`] where it is longer than it said, [`PackageError::Truncated`],
    /// [`PackageError::Unreadable`].
    pub fn copy_file(&mut self, index: usize, to: &mut impl Write) -> Result<u64, PackageError> {
        let file = self.files.get(index).ok_or_else(|| PackageError::Truncated("no such file".to_owned()))?;
        let entry = self.archive.by_index(file.entry).map_err(|error| damaged(&error))?;
        let most = file.size_bytes.min(self.limits.file_bytes);
        let copied = std::io::copy(&mut entry.take(most + 1), to).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => {
                PackageError::Truncated(format!("{}: {error}", file.path))
            }
            _ => PackageError::Unreadable(error),
        })?;
        if copied > most {
            return Err(PackageError::Bomb(format!("{} is longer than the archive says", file.path)));
        }
        Ok(copied)
    }
}

/// Checks every entry; answers the files.
fn entries<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    limits: &Limits,
) -> Result<Vec<FileEntry>, PackageError> {
    if archive.len() > limits.entries {
        return Err(PackageError::TooManyFiles { found: archive.len(), most: limits.entries });
    }
    let mut files = Vec::with_capacity(archive.len());
    let mut names = HashSet::new();
    let mut places = Vec::with_capacity(archive.len());
    let mut total_bytes = 0_u64;
    for entry in 0..archive.len() {
        let file = archive.by_index_raw(entry).map_err(|error| damaged(&error))?;
        let name = file.name().map_err(|error| damaged(&error))?.into_owned();
        if file.is_symlink() {
            return Err(PackageError::Symlink(name));
        }
        if !is_plain(name.strip_suffix('/').unwrap_or(&name)) {
            return Err(PackageError::UnsafePath(name));
        }
        if file.is_dir() {
            continue;
        }
        let is_known =
            matches!(file.compression(), zip::CompressionMethod::Stored | zip::CompressionMethod::Deflated);
        if file.encrypted() || !is_known {
            return Err(PackageError::UnsupportedMethod(name));
        }
        let (size, packed) = (file.size(), file.compressed_size());
        total_bytes = total_bytes.saturating_add(size);
        let is_bomb = size > RATIO_FROM && size / packed.max(1) > limits.ratio;
        if is_bomb || size > limits.file_bytes || total_bytes > limits.total_bytes {
            return Err(PackageError::Bomb(format!(
                "{name}: {size} bytes of {packed}, {total_bytes} so far"
            )));
        }
        if !names.insert(name.to_lowercase()) {
            return Err(PackageError::DuplicateEntry(name));
        }
        places.push((file.data_start().unwrap_or_default(), packed));
        files.push(FileEntry { path: name, size_bytes: size, entry });
    }
    places.sort_unstable();
    let overlaps =
        places.windows(2).any(|it| matches!(it, [(start, size), (next, _)] if start + size > *next));
    if overlaps {
        return Err(PackageError::Bomb("two files share their bytes".to_owned()));
    }
    Ok(files)
}

/// Whether a name means the same file everywhere: relative, no empty, `.` or `..` part, no drive, no NUL.
fn is_plain(name: &str) -> bool {
    name.len() <= 1_024
        && !name.contains(['\\', '\0', ':'])
        && name.split('/').all(|it| !it.is_empty() && it != "." && it != ".." && it.len() <= 255)
}

fn read_manifest<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    files: &[FileEntry],
    limits: &Limits,
) -> Result<Manifest, PackageError> {
    let Some(file) = files.iter().find(|it| it.path == MANIFEST) else {
        let nested = files.iter().find_map(|it| it.path.strip_suffix(MANIFEST)?.strip_suffix('/'));
        let names = |name: &str| files.iter().any(|it| it.path.rsplit('/').next() == Some(name));
        return Err(match nested {
            Some(folder) => PackageError::ManifestMissing(Some(folder.to_owned())),
            None if names("tincan.xml") => PackageError::KindUnsupported("an xAPI package".to_owned()),
            None if names("cmi5.xml") => PackageError::KindUnsupported("a cmi5 package".to_owned()),
            None if files.iter().any(|it| it.path.to_lowercase().ends_with(".crs")) => {
                PackageError::KindUnsupported("an AICC package".to_owned())
            }
            None => PackageError::ManifestMissing(None),
        });
    };
    if file.size_bytes > limits.manifest_bytes {
        return Err(PackageError::ManifestTooComplex(format!("{} bytes", file.size_bytes)));
    }
    let mut bytes = Vec::new();
    let entry = archive.by_index(file.entry).map_err(|error| damaged(&error))?;
    let read = entry.take(limits.manifest_bytes).read_to_end(&mut bytes);
    read.map_err(|error| PackageError::Truncated(format!("{MANIFEST}: {error}")))?;
    Manifest::parse(&bytes, |path| files.iter().any(|it| it.path == path))
}

fn damaged(error: &ZipError) -> PackageError {
    PackageError::Truncated(error.to_string())
}

/// How many records the central directory says it has.
fn central_records<R: Read + Seek>(reader: &mut R) -> Result<usize, PackageError> {
    const RECORD: usize = 22;
    let length = reader.seek(SeekFrom::End(0))?;
    let tail = length.min(RECORD as u64 + u64::from(u16::MAX));
    reader.seek(SeekFrom::End(-i64::try_from(tail).unwrap_or(0)))?;
    let mut bytes = Vec::new();
    reader.take(tail).read_to_end(&mut bytes)?;
    let found = bytes.windows(RECORD).rev().find(|it| it.starts_with(b"PK\x05\x06"));
    let count = found.and_then(|it| it.get(10..12)?.try_into().ok()).map(u16::from_le_bytes);
    count.map(usize::from).ok_or_else(|| PackageError::Truncated("its directory is missing".to_owned()))
}
