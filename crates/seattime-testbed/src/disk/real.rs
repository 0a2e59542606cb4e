//! An open file of the system's own file layer.

use std::ffi::{CStr, c_int, c_void};
use std::ptr::null_mut;

use rusqlite::ffi;

use super::overlay::Platter;

/// Calls one of a file's functions.
macro_rules! call {
    ($file:expr, $function:ident $(, $argument:expr)*) => {{
        let file: *mut ffi::sqlite3_file = $file.pointer();
        // SAFETY: `RealFile::open` let the file's own layer fill it in, and it is closed only when it is dropped;
        // the arguments are those that SQLite's contract for the function asks for.
        unsafe {
            match (*file).pMethods.as_ref().and_then(|it| it.$function) {
                Some(function) => function(file $(, $argument)*),
                None => ffi::SQLITE_IOERR,
            }
        }
    }};
}
pub(super) use call;

/// SQLite never writes more than its largest page at once, and its own layers count on that; in bytes.
const MOST_AT_ONCE: usize = 65_536;

/// A file that was opened, and is closed when it is dropped.
pub(super) struct RealFile {
    /// What the file's layer keeps of it; as aligned as SQLite's own allocations are.
    memory: *mut [u64],
}

impl RealFile {
    /// Opens a file; answers SQLite's code where that fails.
    ///
    /// # Safety
    ///
    /// `vfs` has to be a registered file layer, and `path` null or a name as SQLite passes it to `xOpen`, which
    /// lives until the file is closed.
    pub(super) unsafe fn open(
        vfs: *mut ffi::sqlite3_vfs,
        path: ffi::sqlite3_filename,
        flags: c_int,
        flags_out: *mut c_int,
    ) -> Result<RealFile, c_int> {
        // SAFETY: a registered layer can be read.
        let (size, open) = unsafe { ((*vfs).szOsFile, (*vfs).xOpen) };
        let open = open.ok_or(ffi::SQLITE_CANTOPEN)?;
        let words = usize::try_from(size).unwrap_or(0).div_ceil(size_of::<u64>()).max(1);
        // Zeros: until the layer has filled it in, it has no functions, and dropping it closes nothing.
        let file = RealFile { memory: Box::into_raw(vec![0; words].into_boxed_slice()) };
        // SAFETY: the memory is as large as the layer asks for; the rest is what our caller promises.
        match unsafe { open(vfs, path, file.pointer(), flags, flags_out) } {
            ffi::SQLITE_OK => Ok(file),
            code => Err(code),
        }
    }

    pub(super) fn pointer(&self) -> *mut ffi::sqlite3_file {
        self.memory.cast()
    }

    pub(super) fn size(&self) -> Result<u64, c_int> {
        let mut size = 0;
        done(call!(self, xFileSize, &raw mut size))?;
        Ok(u64::try_from(size).unwrap_or(0))
    }
}

impl Drop for RealFile {
    fn drop(&mut self) {
        call!(self, xClose); // What has no functions was never opened.
        // SAFETY: the memory came from a box, and nobody else has it.
        drop(unsafe { Box::from_raw(self.memory) });
    }
}

impl Platter for RealFile {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), i32> {
        match call!(self, xRead, into.as_mut_ptr().cast::<c_void>(), amount(into.len())?, place(offset)?) {
            ffi::SQLITE_IOERR_SHORT_READ => Ok(()), // The rest is filled with zeros.
            code => done(code),
        }
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), i32> {
        let mut at = place(offset)?;
        for piece in bytes.chunks(MOST_AT_ONCE) {
            let length = amount(piece.len())?;
            done(call!(self, xWrite, piece.as_ptr().cast::<c_void>(), length, at))?;
            at += i64::from(length);
        }
        Ok(())
    }

    fn resize(&self, size: u64) -> Result<(), i32> {
        done(call!(self, xTruncate, place(size)?))
    }
}

/// Deletes a file by the system's own layer; answers SQLite's code.
///
/// # Safety
///
/// `vfs` has to be a registered file layer.
pub(super) unsafe fn delete(vfs: *mut ffi::sqlite3_vfs, path: &CStr, syncs_folder: c_int) -> c_int {
    // SAFETY: a registered layer can be read and called; the path ends with a zero.
    unsafe {
        match (*vfs).xDelete {
            Some(delete) => delete(vfs, path.as_ptr(), syncs_folder),
            None => ffi::SQLITE_IOERR_DELETE,
        }
    }
}

/// The system's own layer.
pub(super) fn default_layer() -> *mut ffi::sqlite3_vfs {
    // SAFETY: null asks for the default; SQLite initializes itself if need be.
    unsafe { ffi::sqlite3_vfs_find(null_mut::<std::ffi::c_char>()) }
}

fn done(code: c_int) -> Result<(), c_int> {
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(code) }
}

fn amount(bytes: usize) -> Result<c_int, c_int> {
    c_int::try_from(bytes).map_err(|_| ffi::SQLITE_TOOBIG)
}

fn place(offset: u64) -> Result<i64, c_int> {
    i64::try_from(offset).map_err(|_| ffi::SQLITE_TOOBIG)
}
