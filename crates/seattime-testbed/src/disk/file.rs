//! The functions of an open file, as SQLite calls them.

use std::ffi::{CString, c_int, c_void};
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::ffi;

use super::overlay::Platter;
use super::real::{self, RealFile, call, default_layer};
use super::{Disk, Kind, SharedOverlay, locked};

/// An open file: SQLite's part stands first, where SQLite looks for it.
#[repr(C)]
pub(super) struct OpenFile {
    pub(super) base: ffi::sqlite3_file,
    pub(super) disk: &'static Disk,
    pub(super) real: RealFile,
    /// None for temporary files, which nobody expects to survive.
    pub(super) kept: Option<Kept>,
}

/// A file that is expected to survive.
pub(super) struct Kept {
    pub(super) kind: Kind,
    pub(super) path: CString,
    /// Whether its next sync makes the folder's entries safe too; it does for a log or journal that was just made.
    pub(super) syncs_folder: AtomicBool,
    /// What is not synced, on a disk that may lose power.
    pub(super) overlay: Option<SharedOverlay>,
}

/// The table of these functions. Version 2: with shared memory, which a write-ahead log needs, and without mapping
/// the database itself, which would go past the functions for reading.
pub(super) static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

impl OpenFile {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<bool, c_int> {
        match &self.kept {
            Some(Kept { overlay: Some(overlay), .. }) => locked(overlay).read(&self.real, offset, into),
            _ => {
                let whole = into.len() as u64;
                self.real.read(offset, into)?;
                Ok(offset.saturating_add(whole) <= self.real.size()?)
            }
        }
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), c_int> {
        let Some(kept) = &self.kept else { return self.real.write(offset, bytes) };
        self.disk.begin_write(kept.kind);
        match &kept.overlay {
            Some(overlay) => locked(overlay).write(&self.real, offset, bytes, &mut || self.disk.survives()),
            None => self.real.write(offset, bytes),
        }
    }

    fn truncate(&self, size: u64) -> Result<(), c_int> {
        match &self.kept {
            Some(Kept { overlay: Some(overlay), .. }) => {
                locked(overlay).resize(&self.real, size, &mut || self.disk.survives())
            }
            _ => self.real.resize(size),
        }
    }

    /// A sync, whatever its flags ask for.
    fn sync(&self, flags: c_int) -> c_int {
        let Some(kept) = &self.kept else { return call!(self.real, xSync, flags) };
        self.disk.begin_sync(kept.kind);
        let Some(overlay) = &kept.overlay else { return call!(self.real, xSync, flags) };
        // What lies in the system's memory outlives the process: a real sync would add nothing but time.
        if let Err(code) = locked(overlay).sync(&self.real) {
            return code;
        }
        if kept.syncs_folder.swap(false, Ordering::Relaxed) {
            self.disk.sync_folder(&kept.path, |path| {
                // SAFETY: the default layer is registered. It may be gone already.
                unsafe { real::delete(default_layer(), path, 0) };
            });
        }
        ffi::SQLITE_OK
    }

    fn size(&self) -> Result<u64, c_int> {
        match &self.kept {
            Some(Kept { overlay: Some(overlay), .. }) => Ok(locked(overlay).size()),
            _ => self.real.size(),
        }
    }

    fn control(&self, operation: c_int, argument: *mut c_void) -> c_int {
        let is_held_back = self.kept.as_ref().is_some_and(|it| it.overlay.is_some());
        let goes_past =
            [ffi::SQLITE_FCNTL_SIZE_HINT, ffi::SQLITE_FCNTL_CHUNK_SIZE, ffi::SQLITE_FCNTL_MMAP_SIZE];
        if is_held_back && goes_past.contains(&operation) {
            return ffi::SQLITE_NOTFOUND; // It would change the platter without a sync.
        }
        call!(self.real, xFileControl, operation, argument)
    }
}

/// Declares functions of the table, each with what it does with the open file.
macro_rules! functions {
    ($($name:ident($file:ident $(, $argument:ident: $type:ty)*) $body:expr;)*) => {$(
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $type)*) -> c_int {
            // SAFETY: SQLite calls these functions only with a file that our `xOpen` filled in and that was not
            // closed since, and not two of them at once on the same file.
            let $file: &OpenFile = unsafe { &*file.cast::<OpenFile>() };
            $body
        }
    )*};
}

functions! {
    read(file, into: *mut c_void, amount: c_int, offset: i64) {
        let length = usize::try_from(amount).unwrap_or(0);
        // SAFETY: SQLite passes a buffer of that length, which nobody else uses meanwhile.
        let into = unsafe { slice::from_raw_parts_mut(into.cast::<u8>(), length) };
        match file.read(unsigned(offset), into) {
            Ok(true) => ffi::SQLITE_OK,
            Ok(false) => ffi::SQLITE_IOERR_SHORT_READ,
            Err(code) => code,
        }
    };
    write(file, bytes: *const c_void, amount: c_int, offset: i64) {
        let length = usize::try_from(amount).unwrap_or(0);
        // SAFETY: SQLite passes a buffer of that length, and leaves it alone meanwhile.
        let bytes = unsafe { slice::from_raw_parts(bytes.cast::<u8>(), length) };
        code_of(file.write(unsigned(offset), bytes))
    };
    truncate(file, size: i64) code_of(file.truncate(unsigned(size)));
    sync(file, flags: c_int) file.sync(flags);
    file_size(file, size: *mut i64) code_of(file.size().map(|found| {
        // SAFETY: SQLite passes where it wants the size.
        unsafe { *size = i64::try_from(found).unwrap_or(i64::MAX) };
    }));
    file_control(file, operation: c_int, argument: *mut c_void) file.control(operation, argument);
    lock(file, level: c_int) call!(file.real, xLock, level);
    unlock(file, level: c_int) call!(file.real, xUnlock, level);
    check_reserved_lock(file, is_reserved: *mut c_int) call!(file.real, xCheckReservedLock, is_reserved);
    sector_size(file) call!(file.real, xSectorSize);
    device_characteristics(file) call!(file.real, xDeviceCharacteristics);
    // The index of the write-ahead log is the system's business: it outlives a process that is killed, but the first
    // connection of the next one finds nobody else there, empties it and builds it anew from the log.
    shm_map(file, region: c_int, size: c_int, extends: c_int, found: *mut *mut c_void)
        call!(file.real, xShmMap, region, size, extends, found);
    shm_lock(file, offset: c_int, n: c_int, flags: c_int) call!(file.real, xShmLock, offset, n, flags);
    shm_unmap(file, deletes: c_int) call!(file.real, xShmUnmap, deletes);
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: as for every function of the table; the real file is open as long as ours is.
    unsafe {
        let real = (*file.cast::<OpenFile>()).real.pointer();
        if let Some(barrier) = (*real).pMethods.as_ref().and_then(|it| it.xShmBarrier) {
            barrier(real);
        }
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: as for every function of the table; SQLite does not look at the file again after this.
    drop(unsafe { file.cast::<OpenFile>().read() });
    ffi::SQLITE_OK
}

fn code_of(result: Result<(), c_int>) -> c_int {
    result.err().unwrap_or(ffi::SQLITE_OK)
}

/// SQLite has no offsets and sizes below 0.
fn unsigned(offset: i64) -> u64 {
    u64::try_from(offset).unwrap_or(0)
}
