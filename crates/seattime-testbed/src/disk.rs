//! A file layer of SQLite that counts, delays and interrupts what a database asks of its disk, and that may lose
//! power: then whatever is not synced lies in the process and dies with it.

mod file;
mod overlay;
mod real;
mod vfs;

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::overlay::Overlay;
use seattime_testing::rng::Rng;

/// What becomes of unsynced writes when the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerLoss {
    /// They survive, as they do when a process is killed and the machine goes on.
    Never,
    /// They are lost.
    LosesAll,
    /// Some survive, in sectors of 512 bytes; which, is made of this seed.
    KeepsSome(u64),
}

/// How a disk behaves.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// What becomes of unsynced writes.
    pub power_loss: PowerLoss,
    /// So much longer each sync takes.
    pub sync_takes: Duration,
}

/// Told before each write, sync and deletion what is about to happen: `write-db`, `sync-db`, `write-wal`, `sync-wal`,
/// `write-journal`, `sync-journal`, `delete-journal` or `delete-wal`.
pub type Reached = dyn Fn(&'static str) + Send + Sync;

/// A disk that is known to SQLite by a name.
pub struct Disk {
    settings: Settings,
    reached: Box<Reached>,
    syncs: AtomicU64,
    rng: Mutex<Option<Rng>>,
    /// By path: what is not synced, of every file that was opened or deleted.
    files: Mutex<HashMap<CString, SharedOverlay>>,
}

type SharedOverlay = Arc<Mutex<Overlay>>;

/// SQLite does not know the name of a disk, or has no file layer of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRegistered(pub i32);

impl std::fmt::Display for NotRegistered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SQLite refused the disk with code {}", self.0)
    }
}

impl std::error::Error for NotRegistered {}

/// What a file is to its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Database,
    Wal,
    Journal,
}

impl Disk {
    /// Makes a disk known to SQLite under that name, for as long as the process lives.
    ///
    /// # Errors
    ///
    /// [`NotRegistered`], with SQLite's code.
    pub fn register(
        name: &str,
        settings: Settings,
        reached: Box<Reached>,
    ) -> Result<&'static Disk, NotRegistered> {
        let rng = match settings.power_loss {
            PowerLoss::KeepsSome(seed) => Some(Rng::from_seed(seed)),
            PowerLoss::Never | PowerLoss::LosesAll => None,
        };
        let (rng, files) = (Mutex::new(rng), Mutex::default());
        let disk = Disk { settings, reached, syncs: AtomicU64::new(0), rng, files };
        // SQLite may ask it as long as the process lives.
        let disk: &'static Disk = Box::leak(Box::new(disk));
        vfs::register(name, disk).map_err(NotRegistered)?;
        Ok(disk)
    }

    /// How many syncs of databases, write-ahead logs and journals there were.
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    fn holds_back(&self) -> bool {
        self.settings.power_loss != PowerLoss::Never
    }

    /// Whether something reaches the platter without a sync.
    fn survives(&self) -> bool {
        locked(&self.rng).as_mut().is_some_and(|it| it.below(2) == 0)
    }

    /// A sync is about to happen.
    fn begin_sync(&self, kind: Kind) {
        (self.reached)(match kind {
            Kind::Database => "sync-db",
            Kind::Wal => "sync-wal",
            Kind::Journal => "sync-journal",
        });
        if !self.settings.sync_takes.is_zero() {
            std::thread::sleep(self.settings.sync_takes);
        }
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }

    /// A write is about to happen.
    fn begin_write(&self, kind: Kind) {
        (self.reached)(match kind {
            Kind::Database => "write-db",
            Kind::Wal => "write-wal",
            Kind::Journal => "write-journal",
        });
    }

    /// A deletion is about to happen; databases are never deleted.
    fn begin_deletion(&self, path: &CStr) {
        (self.reached)(if path.to_bytes().ends_with(b"-wal") { "delete-wal" } else { "delete-journal" });
    }

    /// Takes away for good what was deleted in a folder, by `delete`.
    fn sync_folder(&self, path: &CStr, delete: impl Fn(&CStr)) {
        locked(&self.files).retain(|other, it| {
            let is_over = folder(other) == folder(path) && locked(it).is_deleted();
            if is_over {
                delete(other);
            }
            !is_over
        });
    }
}

/// The folder of a path, with the slash.
fn folder(path: &CStr) -> &[u8] {
    let path = path.to_bytes();
    let end = path.iter().rposition(|it| *it == b'/').map_or(0, |it| it + 1);
    path.split_at(end).0
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
