//! A backup of the data folder: a snapshot of its database and the content of the packages that it knows, in one zip.
//!
//! | entry | what it is |
//! |---|---|
//! | `backup.json` | version of this form, of the schema, and when it was made |
//! | `seattime.db` | the database, as it stood at one moment |
//! | `content/PACKAGE/N` | file `N` of a package, as in the data folder |
//!
//! Where PostgreSQL keeps the data, its own tools make the backup.

mod restore;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

pub use self::restore::{Existing, Restored, restore};
use crate::store::sqlite::SCHEMA;

/// The version of the form that backups have.
const FORMAT: u32 = 1;
/// Name of the entry that describes the others.
const DESCRIPTION: &str = "backup.json";
/// Name of the database, in the data folder as in the backup.
const DATABASE: &str = "seattime.db";
/// How long the snapshot waits for whoever locks the database.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no backup, or nothing was restored: one line each, for whoever asked for it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to back up.
    #[error(
        "there is no database {0}; choose its folder with --data (a PostgreSQL database is backed up by its own tools)"
    )]
    NoDatabase(PathBuf),
    /// Something lies where the backup should.
    #[error("{0} is there already; choose another name")]
    Exists(PathBuf),
    /// Another process writes the same backup.
    #[error("another backup to {0} goes on; wait for it, or choose another name")]
    GoesOn(PathBuf),
    /// The data folder holds what must not be lost.
    #[error("the data folder holds {0} already; choose another folder, or say --replace to keep it aside")]
    Occupied(PathBuf),
    /// A server runs on the data folder.
    #[error("{0} is in use; stop the server before its data are replaced")]
    InUse(PathBuf),
    /// It is none, or not whole.
    #[error("{path} is no whole backup: {found}; use another one")]
    NoBackup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },
    /// A database has a schema that this program does not know.
    #[error("{path} has schema {found}, this version knows 1 to {known}; use the version that wrote it")]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its schema's version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// A database is damaged.
    #[error("the database {path} is damaged: {found}; use another backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What its check found first.
        found: String,
    },
    /// The database cannot be read.
    #[error("cannot read the database {path}: {reason}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("cannot read or write {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The snapshot of the database is being taken, or unpacked.
    Database {
        /// How long the database is, in bytes.
        bytes: u64,
    },
    /// A database is being checked, page by page.
    Checking,
    /// So many packages are done.
    Packages {
        /// How many.
        done: usize,
        /// Of how many.
        of: usize,
    },
}

/// A backup that was made, whole and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its length, in bytes.
    pub bytes: u64,
    /// How many packages are in it.
    pub packages: usize,
    /// Packages that the database knows and whose files are not whole in the data folder: they are left out.
    pub left_out: Vec<String>,
}

/// What a backup says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Description {
    format: u32,
    /// The schema's version.
    schema: i64,
    /// In ms since 1970.
    made_ms: i64,
}

/// Makes a backup of the data folder `data`; a server may be running on it, and is not held up. What is read back is
/// checked, and is on disk once this answers; until then nothing lies at `to`.
///
/// # Errors
///
/// [`BackupError`]; nothing is left behind then.
pub fn back_up(
    data: &Path,
    to: &Path,
    now_ms: i64,
    tell: &mut dyn FnMut(Progress),
) -> Result<Made, BackupError> {
    let database = data.join(DATABASE);
    if !database.is_file() {
        return Err(BackupError::NoDatabase(database));
    }
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let part = beside(to, ".part");
    let file = private().create(true).truncate(false).open(&part).map_err(failed_at(&part))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(BackupError::GoesOn(to.to_owned())),
        Err(TryLockError::Error(reason)) => return Err(failed_at(&part)(reason)),
    }
    // From here on both are ours: what a backup left that was killed is written over.
    let parts = Parts([part.clone(), beside(to, ".snapshot")]);
    let [_, snapshot] = &parts.0;
    file.set_len(0).and_then(|()| make_private(&file)).map_err(failed_at(&part))?;

    tell(Progress::Database { bytes: length(&database)? });
    let schema = take_snapshot(&database, snapshot)?;
    tell(Progress::Checking);
    check(snapshot)?;
    let (packages, left_out) = whole_packages(data, snapshot)?;
    write(&file, &part, snapshot, Description { format: FORMAT, schema, made_ms: now_ms }, |zip| {
        for (n, files) in packages.iter().enumerate() {
            tell(Progress::Packages { done: n, of: packages.len() });
            for (name, path) in files {
                add(zip, name, path, CompressionMethod::Stored)?;
            }
        }
        Ok(())
    })?;
    tell(Progress::Packages { done: packages.len(), of: packages.len() });
    tell(Progress::Checking);
    read_back(&part)?;
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    fs::rename(&part, to).map_err(failed_at(to))?;
    sync_folder(to)?;
    Ok(Made { bytes: length(to)?, packages: packages.len(), left_out })
}

/// What lies there while a backup is made, and is taken away however that ends.
struct Parts([PathBuf; 2]);

impl Drop for Parts {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_file(path); // It may have been moved into place.
        }
    }
}

/// A copy of the database as it stands at one moment, on disk; answers its schema's version. Whoever writes goes on.
fn take_snapshot(database: &Path, to: &Path) -> Result<i64, BackupError> {
    let failed = database_failed(database);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(database, flags).map_err(&failed)?;
    db.busy_timeout(PATIENCE).map_err(&failed)?;
    let schema = schema_of(&db, database)?;
    // Learners' names and the server's key are in it: it is made for nobody else before it is filled.
    let made = private().create(true).truncate(true).open(to).map_err(failed_at(to))?;
    make_private(&made).map_err(failed_at(to))?;
    let text = to.to_str().ok_or_else(|| failed_at(to)(io::Error::other("the name is not UTF-8")))?;
    db.execute("VACUUM INTO ?1", [text]).map_err(&failed)?;
    made.sync_all().map_err(failed_at(to))?;
    Ok(schema)
}

/// The version of a database's schema, if this program knows it.
fn schema_of(db: &Connection, path: &Path) -> Result<i64, BackupError> {
    let found = db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(database_failed(path))?;
    let known = i64::try_from(SCHEMA).unwrap_or(i64::MAX);
    if (1..=known).contains(&found) {
        Ok(found)
    } else {
        Err(BackupError::Schema { path: path.to_owned(), found, known })
    }
}

/// Refuses a database that is damaged anywhere; answers its schema's version.
fn check(path: &Path) -> Result<i64, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(database_failed(path))?;
    let found: String =
        db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(database_failed(path))?;
    if found != "ok" {
        let found = found.lines().last().unwrap_or_default().to_owned();
        return Err(BackupError::Damaged { path: path.to_owned(), found });
    }
    schema_of(&db, path)
}

/// Files of a package: name in the backup, and where each lies.
type Files = Vec<(String, PathBuf)>;

/// The packages that a database knows: the files of those that are whole, and the names of the others.
fn whole_packages(data: &Path, database: &Path) -> Result<(Vec<Files>, Vec<String>), BackupError> {
    let (mut whole, mut left_out) = (Vec::new(), Vec::new());
    for (package, files) in known_packages(database)? {
        let folder = data.join("content").join(&package);
        let found: Option<Files> = files
            .into_iter()
            .map(|(n, bytes)| {
                let path = folder.join(n.to_string());
                let is_whole = fs::metadata(&path).is_ok_and(|it| it.is_file() && it.len() == bytes);
                is_whole.then(|| (format!("content/{package}/{n}"), path))
            })
            .collect();
        match found {
            Some(files) => whole.push(files),
            None => left_out.push(package),
        }
    }
    Ok((whole, left_out))
}

/// Number and length in bytes of each file, by package.
pub(crate) type KnownPackages = Vec<(String, Vec<(i64, u64)>)>;

/// The packages that a database knows, with their files.
pub(crate) fn known_packages(database: &Path) -> Result<KnownPackages, BackupError> {
    let failed = database_failed(database);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(database, flags).map_err(&failed)?;
    let mut query =
        db.prepare("SELECT package, n, size_bytes FROM package_file ORDER BY package, n").map_err(&failed)?;
    let rows = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .and_then(Iterator::collect::<rusqlite::Result<Vec<(String, i64, i64)>>>)
        .map_err(&failed)?;
    Ok(by_package(rows))
}

/// Package, number and length of each file, in the order of the packages, as files by package.
pub(crate) fn by_package(rows: Vec<(String, i64, i64)>) -> KnownPackages {
    let mut packages = KnownPackages::new();
    for (package, n, bytes) in rows {
        let file = (n, bytes.unsigned_abs());
        match packages.last_mut().filter(|it| it.0 == package) {
            // A file may answer to several paths.
            Some((_, files)) if files.last() == Some(&file) => {}
            Some((_, files)) => files.push(file),
            None => packages.push((package, vec![file])),
        }
    }
    packages
}

/// The zip in the making.
type Zip<'a> = ZipWriter<BufWriter<&'a File>>;

/// Writes the backup into `file`, down to the disk.
fn write(
    file: &File,
    path: &Path,
    snapshot: &Path,
    description: Description,
    add_content: impl FnOnce(&mut Zip<'_>) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let broken = |reason: zip::result::ZipError| failed_at(path)(reason.into());
    let mut zip = ZipWriter::new(BufWriter::with_capacity(1 << 20, file));
    let text = serde_json::to_string(&description).map_err(|it| failed_at(path)(it.into()))?;
    zip.start_file(DESCRIPTION, SimpleFileOptions::default()).map_err(broken)?;
    zip.write_all(text.as_bytes()).map_err(failed_at(path))?;
    // The database is text for the most part; content is packed already.
    add(&mut zip, DATABASE, snapshot, CompressionMethod::Deflated)?;
    add_content(&mut zip)?;
    let written = zip.finish().map_err(broken)?;
    written.into_inner().map_err(|it| failed_at(path)(it.into_error()))?;
    file.sync_all().map_err(failed_at(path))
}

fn add(zip: &mut Zip<'_>, name: &str, path: &Path, method: CompressionMethod) -> Result<(), BackupError> {
    let options = SimpleFileOptions::default().compression_method(method).large_file(true);
    let options =
        if method == CompressionMethod::Deflated { options.compression_level(Some(1)) } else { options };
    let mut from = BufReader::with_capacity(1 << 20, File::open(path).map_err(failed_at(path))?);
    zip.start_file(name, options).map_err(|it| failed_at(path)(it.into()))?;
    io::copy(&mut from, zip).map_err(failed_at(path))?;
    Ok(())
}

/// A backup, and what it says of itself.
fn opened(path: &Path) -> Result<(ZipArchive<BufReader<File>>, Description), BackupError> {
    let none = |found: String| BackupError::NoBackup { path: path.to_owned(), found };
    let mut file = File::open(path).map_err(failed_at(path))?;
    file.rewind().map_err(failed_at(path))?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|it| none(it.to_string()))?;
    let description = zip.by_name(DESCRIPTION).map_err(|it| none(format!("{DESCRIPTION}: {it}")))?;
    let description: Description =
        serde_json::from_reader(description).map_err(|it| none(format!("{DESCRIPTION}: {it}")))?;
    if description.format != FORMAT {
        let found = description.format;
        return Err(none(format!("it has form {found}, this version reads {FORMAT}")));
    }
    Ok((zip, description))
}

/// Reads every byte of a backup, so that each entry's check sum is compared.
fn read_back(path: &Path) -> Result<(), BackupError> {
    let (mut zip, _) = opened(path)?;
    for n in 0..zip.len() {
        let none = |found: String| BackupError::NoBackup { path: path.to_owned(), found };
        let mut entry = zip.by_index(n).map_err(|it| none(it.to_string()))?;
        let read = io::copy(&mut entry, &mut io::sink());
        read.map_err(|it| none(format!("entry {n}: {it}")))?;
    }
    Ok(())
}

/// A path beside another one.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes files that only their owner reads and writes.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes a file that lay there from everybody but its owner.
#[cfg(unix)]
fn make_private(file: &File) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

#[cfg(not(unix))]
fn make_private(_file: &File) -> io::Result<()> {
    Ok(())
}

fn length(path: &Path) -> Result<u64, BackupError> {
    Ok(fs::metadata(path).map_err(failed_at(path))?.len())
}

/// Brings the name of a file down to the disk.
fn sync_folder(of: &Path) -> Result<(), BackupError> {
    let folder = of.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|it| it.sync_all()).map_err(failed_at(folder))
}

fn failed_at(path: &Path) -> impl Fn(io::Error) -> BackupError + '_ {
    move |reason| BackupError::File { path: path.to_owned(), reason }
}

fn database_failed(path: &Path) -> impl Fn(rusqlite::Error) -> BackupError + '_ {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            BackupError::Damaged { path: path.to_owned(), found: error.to_string() }
        }
        _ => BackupError::Database { path: path.to_owned(), reason: error.to_string() },
    }
}
