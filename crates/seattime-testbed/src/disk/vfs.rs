//! The functions of the file layer itself: opening, deleting and finding files.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{null, null_mut};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use rusqlite::ffi;

use super::file::{Kept, METHODS, OpenFile};
use super::overlay::Overlay;
use super::real::{self, RealFile, default_layer};
use super::{Disk, Kind, SharedOverlay, locked};

/// Makes the disk known to SQLite; answers its code where that fails.
pub(super) fn register(name: &str, disk: &'static Disk) -> Result<(), c_int> {
    let name = CString::new(name).map_err(|_| ffi::SQLITE_MISUSE)?;
    let default = default_layer();
    if default.is_null() {
        return Err(ffi::SQLITE_ERROR);
    }
    // SAFETY: SQLite answered this layer, and keeps it as long as the process lives.
    let longest_path = unsafe { (*default).mxPathname };
    let layer = ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: c_int::try_from(size_of::<OpenFile>()).map_err(|_| ffi::SQLITE_TOOBIG)?,
        mxPathname: longest_path,
        pNext: null_mut(),
        zName: name.into_raw(),
        pAppData: std::ptr::from_ref(disk).cast_mut().cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        // Nothing here loads extensions.
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(last_error),
        xCurrentTimeInt64: Some(current_time_64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    };
    // SAFETY: the layer, its name and the disk live as long as the process.
    match unsafe { ffi::sqlite3_vfs_register(Box::into_raw(Box::new(layer)), 0) } {
        ffi::SQLITE_OK => Ok(()),
        code => Err(code),
    }
}

/// The disk that a layer of ours stands for.
///
/// # Safety
///
/// The layer has to be one that [`register`] made.
unsafe fn disk_of(layer: *mut ffi::sqlite3_vfs) -> &'static Disk {
    // SAFETY: `register` put a reference there that lives as long as the process.
    unsafe { &*(*layer).pAppData.cast::<Disk>() }
}

unsafe extern "C" fn open(
    layer: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes our layer and memory of the size that it names. Without functions, a file that
    // could not be opened is not closed either.
    let disk = unsafe {
        (*file).pMethods = null();
        disk_of(layer)
    };
    let kind = match flags {
        _ if path.is_null() => None,
        _ if flags & ffi::SQLITE_OPEN_MAIN_DB != 0 => Some(Kind::Database),
        _ if flags & ffi::SQLITE_OPEN_WAL != 0 => Some(Kind::Wal),
        _ if flags & (ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL) != 0 => {
            Some(Kind::Journal)
        }
        _ => None,
    };
    // SAFETY: the default layer is registered, and the rest is what SQLite passed.
    let real = || unsafe { RealFile::open(default_layer(), path, flags, flags_out) };
    let is_new = flags & ffi::SQLITE_OPEN_CREATE != 0;
    let opened = match kind {
        None => real().map(|real| (real, None)),
        Some(kind) => {
            // SAFETY: SQLite's paths end with a zero.
            let path = unsafe { CStr::from_ptr(path) }.to_owned();
            open_kept(disk, &path, is_new, real).map(|(real, overlay)| {
                let syncs_folder = AtomicBool::new(is_new && kind != Kind::Database);
                (real, Some(Kept { kind, path, syncs_folder, overlay }))
            })
        }
    };
    match opened {
        Err(code) => code,
        Ok((real, kept)) => {
            let base = ffi::sqlite3_file { pMethods: &raw const METHODS };
            // SAFETY: the memory is as large as the layer's size for files says.
            unsafe { file.cast::<OpenFile>().write(OpenFile { base, disk, real, kept }) };
            ffi::SQLITE_OK
        }
    }
}

/// Opens a file that is expected to survive; on a disk that may lose power, with what is not synced of it.
fn open_kept(
    disk: &Disk,
    path: &CStr,
    is_new: bool,
    real: impl FnOnce() -> Result<RealFile, c_int>,
) -> Result<(RealFile, Option<SharedOverlay>), c_int> {
    if !disk.holds_back() {
        return Ok((real()?, None));
    }
    // Held until the end, so that two connections find the same.
    let mut files = locked(&disk.files);
    let known = files.get(path);
    if known.is_some_and(|it| locked(it).is_deleted()) && !is_new {
        return Err(ffi::SQLITE_CANTOPEN);
    }
    let real = real()?;
    let size = real.size()?;
    let overlay = match known {
        Some(known) => {
            locked(known).open(size);
            Arc::clone(known)
        }
        None => {
            let overlay = Arc::new(Mutex::new(Overlay::over(size)));
            files.insert(path.to_owned(), Arc::clone(&overlay));
            overlay
        }
    };
    Ok((real, Some(overlay)))
}

/// A deletion survives once its folder is synced: by this call if it says so, or else by the first sync of a log or
/// journal that is made in the folder afterwards.
unsafe extern "C" fn delete(layer: *mut ffi::sqlite3_vfs, path: *const c_char, syncs_folder: c_int) -> c_int {
    // SAFETY: SQLite passes our layer and a path that ends with a zero.
    let (disk, path) = unsafe { (disk_of(layer), CStr::from_ptr(path)) };
    disk.begin_deletion(path);
    // SAFETY: the default layer is registered.
    let for_good = |path: &CStr| unsafe { real::delete(default_layer(), path, syncs_folder) };
    if !disk.holds_back() || disk.survives() {
        locked(&disk.files).remove(path);
        return for_good(path);
    }
    {
        let mut files = locked(&disk.files);
        let known = files.entry(path.to_owned()).or_insert_with(|| Arc::new(Mutex::new(Overlay::over(0))));
        if locked(known).is_deleted() {
            return ffi::SQLITE_IOERR_DELETE_NOENT;
        }
        locked(known).delete();
    }
    if syncs_folder != 0 {
        disk.sync_folder(path, |path| {
            for_good(path);
        });
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn access(
    layer: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    flags: c_int,
    found: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes our layer, a path that ends with a zero, and where it wants the answer.
    let (disk, name) = unsafe { (disk_of(layer), CStr::from_ptr(path)) };
    if let Some(overlay) = locked(&disk.files).get(name) {
        let overlay = locked(overlay);
        // As the system's own layer has it, an empty file is none.
        let is_there = !overlay.is_deleted() && (flags != ffi::SQLITE_ACCESS_EXISTS || overlay.size() > 0);
        // SAFETY: as above.
        unsafe { *found = c_int::from(is_there) };
        return ffi::SQLITE_OK;
    }
    let default = default_layer();
    // SAFETY: as above; the default layer is registered.
    unsafe {
        match (*default).xAccess {
            Some(access) => access(default, path, flags, found),
            None => ffi::SQLITE_IOERR_ACCESS,
        }
    }
}

/// Declares functions that are left to the system's own layer.
macro_rules! left {
    ($($name:ident = $function:ident($($argument:ident: $type:ty),*);)*) => {$(
        unsafe extern "C" fn $name(_: *mut ffi::sqlite3_vfs $(, $argument: $type)*) -> c_int {
            let default = default_layer();
            // SAFETY: the default layer is registered, and the arguments are what SQLite passed.
            unsafe {
                match (*default).$function {
                    Some(function) => function(default $(, $argument)*),
                    None => ffi::SQLITE_ERROR,
                }
            }
        }
    )*};
}

left! {
    full_pathname = xFullPathname(path: *const c_char, length: c_int, found: *mut c_char);
    randomness = xRandomness(length: c_int, found: *mut c_char);
    sleep = xSleep(microseconds: c_int);
    current_time = xCurrentTime(found: *mut f64);
    current_time_64 = xCurrentTimeInt64(found: *mut i64);
    last_error = xGetLastError(length: c_int, found: *mut c_char);
}
