//! Restoring a backup: everything is unpacked and checked beside what is there, then moved into place.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use zip::ZipArchive;

use super::{
    BackupError, DATABASE, DESCRIPTION, Progress, beside, check, database_failed, failed_at, opened, private,
    sync_folder,
};
use crate::store::sqlite::SCHEMA;

/// What becomes of a database that is in the data folder already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is restored.
    Refused,
    /// It is kept aside, under another name.
    KeptAside,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was made, in ms since 1970.
    pub made_ms: i64,
    /// How many packages are in it.
    pub packages: usize,
    /// Where the database lies that was there before.
    pub kept_aside: Option<PathBuf>,
}

/// Restores the backup `from` into the data folder `data`, on which no server may run. What was there is kept under a
/// name that ends with `now_ms`; what is restored was checked, and is on disk once this answers.
///
/// # Errors
///
/// [`BackupError`]; the database of the data folder is as it was then.
pub fn restore(
    from: &Path,
    data: &Path,
    existing: Existing,
    now_ms: i64,
    tell: &mut dyn FnMut(Progress),
) -> Result<Restored, BackupError> {
    let (mut zip, description) = opened(from)?;
    let known = i64::try_from(SCHEMA).unwrap_or(i64::MAX);
    if !(1..=known).contains(&description.schema) {
        return Err(BackupError::Schema { path: from.to_owned(), found: description.schema, known });
    }
    let database = data.join(DATABASE);
    let is_occupied = database.exists() || beside(&database, "-wal").exists();
    if is_occupied && existing == Existing::Refused {
        return Err(BackupError::Occupied(database));
    }
    let held = hold(&database)?;

    let (content, incoming) = (data.join("content"), data.join("incoming"));
    for folder in [&content, &incoming] {
        fs::create_dir_all(folder).map_err(failed_at(folder))?;
    }
    let aside = Aside(incoming.join(format!("restored-{}", uuid::Uuid::new_v4())));
    fs::create_dir(&aside.0).map_err(failed_at(&aside.0))?;
    let unpacked = aside.0.join(DATABASE);
    tell(Progress::Database { bytes: unpack(&mut zip, from, DATABASE, (&unpacked, private()))? });
    tell(Progress::Checking);
    let found = check(&unpacked)?;
    if found != description.schema {
        return Err(BackupError::Schema { path: from.to_owned(), found, known });
    }
    let packages = packages_of(&zip, from)?;
    for (n, (package, files)) in packages.iter().enumerate() {
        tell(Progress::Packages { done: n, of: packages.len() });
        // A package is named by its bytes, and moved into place whole: one that is there is the same.
        let place = content.join(package);
        if place.is_dir() {
            continue;
        }
        let folder = aside.0.join(package);
        fs::create_dir(&folder).map_err(failed_at(&folder))?;
        for file in files {
            let mut options = OpenOptions::new();
            options.write(true);
            unpack(&mut zip, from, &format!("content/{package}/{file}"), (&folder.join(file), options))?;
        }
        sync_folder(&folder.join("any"))?;
        fs::rename(&folder, &place).map_err(failed_at(&place))?;
    }
    sync_folder(&content.join("any"))?;
    tell(Progress::Packages { done: packages.len(), of: packages.len() });
    let kept_aside = if is_occupied { Some(keep_aside(&database, now_ms, held)?) } else { None };
    if let Err(reason) = fs::rename(&unpacked, &database) {
        if let Some(kept) = &kept_aside {
            fs::rename(kept, &database).map_err(failed_at(kept))?;
        }
        return Err(failed_at(&database)(reason));
    }
    sync_folder(&database)?;
    Ok(Restored { made_ms: description.made_ms, packages: packages.len(), kept_aside })
}

/// A folder that is taken away in the end.
struct Aside(PathBuf);

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Locks a database, so that no server begins with it; none where there is no database, or one that cannot be read,
/// with which none runs. Every server keeps a shared lock on its file for as long as it runs.
fn hold(database: &Path) -> Result<Option<Connection>, BackupError> {
    if !database.is_file() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(database, flags).map_err(database_failed(database))?;
    // Without a write-ahead log it is one file, which can be moved while it is locked.
    let lock = "PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE";
    match db.execute_batch(lock) {
        Ok(()) => Ok(Some(db)),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Err(BackupError::InUse(database.to_owned()))
            }
            _ => Ok(None),
        },
    }
}

/// Gives a database another name, with all that belongs to it.
fn keep_aside(database: &Path, now_ms: i64, held: Option<Connection>) -> Result<PathBuf, BackupError> {
    let kept = beside(database, &format!(".replaced-{now_ms}"));
    for suffix in ["", "-wal", "-shm"] {
        let (from, to) = (beside(database, suffix), beside(&kept, suffix));
        if from.exists() {
            fs::rename(&from, &to).map_err(failed_at(&from))?;
        }
    }
    drop(held);
    Ok(kept)
}

/// Unpacks one entry, down to the disk; answers its length in bytes.
fn unpack(
    zip: &mut ZipArchive<BufReader<File>>,
    from: &Path,
    name: &str,
    (to, mut options): (&Path, OpenOptions),
) -> Result<u64, BackupError> {
    let none =
        |found: String| BackupError::NoBackup { path: from.to_owned(), found: format!("{name}: {found}") };
    let mut entry = zip.by_name(name).map_err(|it| none(it.to_string()))?;
    let file = options.create_new(true).open(to).map_err(failed_at(to))?;
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let bytes = io::copy(&mut entry, &mut file).map_err(|it| match it.kind() {
        io::ErrorKind::StorageFull => failed_at(to)(it),
        _ => none(it.to_string()),
    })?;
    let file = file.into_inner().map_err(|it| failed_at(to)(it.into_error()))?;
    file.sync_all().map_err(failed_at(to))?;
    Ok(bytes)
}

/// The packages in a backup, each with the names of its files. Nothing else may be in it: names become paths.
fn packages_of(
    zip: &ZipArchive<BufReader<File>>,
    from: &Path,
) -> Result<BTreeMap<String, Vec<String>>, BackupError> {
    let mut packages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in zip.file_names() {
        let none = |found: String| BackupError::NoBackup { path: from.to_owned(), found };
        let name = name.map_err(|it| none(it.to_string()))?;
        if [DESCRIPTION, DATABASE].contains(&name.as_ref()) {
            continue;
        }
        let strange = || none(format!("{name:?} is in it"));
        let (package, file) =
            name.strip_prefix("content/").and_then(|it| it.split_once('/')).ok_or_else(strange)?;
        let is_hash = package.len() == 64 && package.bytes().all(|it| it.is_ascii_hexdigit());
        let is_number = !file.is_empty() && file.bytes().all(|it| it.is_ascii_digit());
        if !is_hash || !is_number {
            return Err(strange());
        }
        packages.entry(package.to_owned()).or_default().push(file.to_owned());
    }
    Ok(packages)
}
