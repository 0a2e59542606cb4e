//! The zip of a package: opened, checked, and unpacked file by file.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};

use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;

use crate::entries::{self, FileEntry, Limits};
use crate::error::PackageError;
use crate::hosts;
use crate::manifest::Manifest;
use crate::names::is_leftover;
use crate::paths::Paths;
use crate::warning::{Severity, Warning, limited, listed};

const MANIFEST: &str = "imsmanifest.xml";

/// A package that was opened and found sound.
#[derive(Debug)]
pub struct Package<R> {
    archive: ZipArchive<R>,
    files: Vec<FileEntry>,
    manifest: Manifest,
    warnings: Vec<Warning>,
}

impl<R: Read + Seek> Package<R> {
    /// Opens a package, checks every entry, and reads its manifest. Of the files, only the manifest is unpacked.
    ///
    /// # Errors
    ///
    /// Any [`PackageError`]: it says what was found, what was expected and what to do.
    pub fn open(reader: R) -> Result<Package<R>, PackageError> {
        Package::open_within(reader, &Limits::default())
    }

    /// As [`Package::open`], within other limits.
    ///
    /// # Errors
    ///
    /// Any [`PackageError`]: it says what was found, what was expected and what to do.
    pub fn open_within(reader: R, limits: &Limits) -> Result<Package<R>, PackageError> {
        Package::checked(reader, limits).map_err(PackageError::shortened)
    }

    fn checked(mut reader: R, limits: &Limits) -> Result<Package<R>, PackageError> {
        let mut start = Vec::new();
        reader.seek(SeekFrom::Start(0))?;
        reader.by_ref().take(4).read_to_end(&mut start)?;
        if !matches!(start.as_slice(), b"PK\x03\x04" | b"PK\x05\x06") {
            return Err(PackageError::NotZip);
        }
        entries::too_many(entries::claimed(&mut reader)?, limits)?;
        let mut archive = opened(reader)?;
        let mut repeated = Vec::new();
        if archive.has_duplicate_names() {
            let directory_at = archive.central_directory_start();
            let mut reader = archive.into_inner();
            repeated = entries::repeated(&mut reader, directory_at, limits)?;
            archive = opened(reader)?;
        }
        let (files, mut warnings) = entries::checked(&mut archive, repeated, limits)?;
        let (file, found_at) = find_manifest(&files)?;
        if file.size_bytes > limits.manifest_bytes {
            let what = format!("{} bytes, at most {} are read", file.size_bytes, limits.manifest_bytes);
            return Err(PackageError::ManifestTooComplex(what));
        }
        warnings.extend(found_at);
        let mut bytes = Vec::new();
        unpack(&mut archive, file, &mut bytes)?;
        let paths = Paths::of(&files, &file.path);
        let (manifest, found) = Manifest::parse(&bytes, &paths)?;
        warnings.extend(found.into_iter().map(|it| it.in_file(&file.path)));
        Ok(Package { archive, files, manifest, warnings: limited(warnings) })
    }

    /// Faults that were tolerated, the worst first.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// What the manifest says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Other hosts that the package loads from, as far as its files name them; sorted.
    ///
    /// Files that cannot be read are left out: unpacking them says why.
    pub fn hosts(&mut self) -> Vec<String> {
        let mut hosts = BTreeSet::new();
        let mut left_bytes = hosts::MOST_BYTES;
        for file in &self.files {
            let is_manifest = name_of(&file.path).eq_ignore_ascii_case(MANIFEST);
            if left_bytes == 0 || !(is_manifest || hosts::is_read(&file.path)) || is_leftover(&file.path) {
                continue;
            }
            let mut bytes = Vec::new();
            let Ok(entry) = self.archive.by_index(file.entry) else { continue };
            if entry.take(hosts::MOST_FILE_BYTES.min(left_bytes)).read_to_end(&mut bytes).is_ok() {
                left_bytes = left_bytes.saturating_sub(bytes.len() as u64);
                hosts::find(&file.path, &bytes, &mut hosts);
            }
        }
        hosts.into_iter().collect()
    }

    /// Its files, in the order of the zip's directory; folders are left out.
    pub fn files(&self) -> &[FileEntry] {
        &self.files
    }

    /// Unpacks the file of this place in [`Package::files`], counted from 0; answers its length in bytes.
    ///
    /// Never writes more than the file's `size_bytes`; what was written before an error is of no use.
    ///
    /// # Errors
    ///
    /// [`PackageError::Bomb`] where it is longer than it said, [`PackageError::Truncated`] where it is damaged,
    /// [`PackageError::Unreadable`] where reading or writing fails, or there is no such place.
    pub fn copy_file(&mut self, index: usize, to: &mut impl Write) -> Result<u64, PackageError> {
        let file = self.files.get(index).ok_or_else(|| std::io::Error::from(ErrorKind::NotFound))?;
        unpack(&mut self.archive, file, to)
    }
}

fn unpack<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    file: &FileEntry,
    to: &mut impl Write,
) -> Result<u64, PackageError> {
    let mut entry = archive.by_index(file.entry).map_err(damaged)?;
    let mut buffer = vec![0; 64 << 10];
    let mut copied = 0_u64;
    loop {
        let read = match entry.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(&file.path, error)),
        };
        copied += read as u64;
        if copied > file.size_bytes {
            return Err(PackageError::Bomb(format!("{:?} is longer than it says", file.path)));
        }
        to.write_all(buffer.get(..read).unwrap_or_default())?;
    }
    if copied < file.size_bytes {
        return Err(PackageError::Truncated(format!("{:?} is shorter than it says", file.path)));
    }
    Ok(copied)
}

/// What an error while unpacking means: the library tells a wrong length and a wrong sum by one kind.
fn broken(path: &str, error: std::io::Error) -> PackageError {
    match error.kind() {
        ErrorKind::InvalidData if error.to_string().contains("larger than its declared") => {
            PackageError::Bomb(format!("{path:?} is longer than it says"))
        }
        ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
            PackageError::Truncated(format!("{path:?}: {error}"))
        }
        _ => PackageError::Unreadable(error),
    }
}

/// What an error of the library means.
pub(crate) fn damaged(error: ZipError) -> PackageError {
    match error {
        ZipError::Io(error) if error.kind() != ErrorKind::UnexpectedEof => PackageError::Unreadable(error),
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            PackageError::UnsupportedMethod(error.to_string())
        }
        error => PackageError::Truncated(error.to_string()),
    }
}

fn opened<R: Read + Seek>(reader: R) -> Result<ZipArchive<R>, PackageError> {
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    ZipArchive::with_config(config, reader).map_err(damaged)
}

/// Finds the manifest, in any case: at the root, else in the one folder that holds all others with one.
fn find_manifest(files: &[FileEntry]) -> Result<(&FileEntry, Option<Warning>), PackageError> {
    let is_named = |it: &&FileEntry| name_of(&it.path).eq_ignore_ascii_case(MANIFEST);
    let found: Vec<_> = files.iter().filter(|it| !is_leftover(&it.path)).filter(is_named).collect();
    let folder =
        |it: &FileEntry| it.path.get(..it.path.len() - MANIFEST.len()).unwrap_or_default().to_owned();
    let Some(outermost) = found.iter().map(|it| folder(it)).min_by_key(String::len) else {
        return Err(missing(files));
    };
    let mut folders: Vec<_> = found.iter().map(|it| folder(it)).collect();
    folders.sort_unstable();
    folders.dedup();
    if folders.iter().any(|it| !it.starts_with(&outermost)) {
        // Of folders within one another, the outer one stands for both.
        let is_outer =
            |it: &&String| !folders.iter().any(|other| *it != other && it.starts_with(other.as_str()));
        let outer = folders.iter().filter(is_outer).map(|it| it.trim_end_matches('/').to_owned());
        return Err(PackageError::SeveralCourses(outer.collect()));
    }
    let here: Vec<_> = found.into_iter().filter(|it| folder(it) == outermost).collect();
    let exact = here.iter().find(|it| name_of(&it.path) == MANIFEST);
    let file = match (exact, here.as_slice()) {
        (Some(exact), _) => *exact,
        (None, [only]) => *only,
        (None, _) => {
            let names = listed(here.iter().map(|it| it.path.as_str()));
            return Err(PackageError::DuplicateEntry(format!("several manifests: {names}")));
        }
    };
    let text = match (outermost.is_empty(), name_of(&file.path) == MANIFEST) {
        (true, true) => return Ok((file, None)),
        (true, false) => format!("the manifest is called {:?}; expected {MANIFEST:?}", file.path),
        (false, _) => format!(
            "the manifest is in the folder {:?}, expected it at the root; addresses were read from that folder on",
            outermost.trim_end_matches('/')
        ),
    };
    let code = if outermost.is_empty() { "manifest_name" } else { "manifest_in_folder" };
    Ok((file, Some(Warning::new(code, Severity::Info, text).in_file(&file.path))))
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The reason why there is no manifest: this may be a package of another kind.
fn missing(files: &[FileEntry]) -> PackageError {
    let has = |ending: &str| files.iter().any(|it| it.path.to_lowercase().ends_with(ending));
    let kind = [("cmi5.xml", "a cmi5"), ("tincan.xml", "an xAPI"), (".crs", "an AICC"), (".au", "an AICC")]
        .into_iter()
        .find(|(ending, _)| has(ending));
    match kind {
        Some((_, kind)) => PackageError::KindUnsupported(format!("{kind} package")),
        None => PackageError::ManifestMissing,
    }
}
