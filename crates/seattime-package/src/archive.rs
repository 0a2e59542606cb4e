//! The zip of a package: opened, checked, and unpacked file by file.

use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};

use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;

use crate::entries::{self, FileEntry, Limits};
use crate::error::PackageError;
use crate::manifest::Manifest;

const MANIFEST: &str = "imsmanifest.xml";

/// A package that was opened and found sound.
#[derive(Debug)]
pub struct Package<R> {
    archive: ZipArchive<R>,
    files: Vec<FileEntry>,
    manifest: Manifest,
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
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let mut archive = ZipArchive::with_config(config, reader).map_err(damaged)?;
        let files = entries::checked(&mut archive, limits)?;
        let Some(file) = files.iter().find(|it| it.path == MANIFEST) else { return Err(missing(&files)) };
        if file.size_bytes > limits.manifest_bytes {
            let what = format!("{} bytes, at most {} are read", file.size_bytes, limits.manifest_bytes);
            return Err(PackageError::ManifestTooComplex(what));
        }
        let mut bytes = Vec::new();
        unpack(&mut archive, file, &mut bytes)?;
        let manifest = Manifest::parse(&bytes, files.iter().map(|it| it.path.as_str()))?;
        Ok(Package { archive, files, manifest })
    }

    /// What the manifest says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
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

/// Why there is no manifest: it is in a folder, or this is a package of another kind.
fn missing(files: &[FileEntry]) -> PackageError {
    let folders = files.iter().filter_map(|it| it.path.strip_suffix(MANIFEST)?.strip_suffix('/'));
    if let Some(folder) = folders.min_by_key(|it| it.len()) {
        return PackageError::ManifestMissing(Some(folder.to_owned()));
    }
    let has = |ending: &str| files.iter().any(|it| it.path.to_lowercase().ends_with(ending));
    let kind = [("cmi5.xml", "a cmi5"), ("tincan.xml", "an xAPI"), (".crs", "an AICC"), (".au", "an AICC")]
        .into_iter()
        .find(|(ending, _)| has(ending));
    match kind {
        Some((_, kind)) => PackageError::KindUnsupported(format!("{kind} package")),
        None => PackageError::ManifestMissing(None),
    }
}
