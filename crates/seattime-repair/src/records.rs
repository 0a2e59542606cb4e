//! What was done, on disk before it is done: undo files, and a record of who did what and when.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cell::Cell;
use crate::error::RepairError;
use crate::lms::{Set, Written};
use crate::repair::Asked;

/// The record of who did what and when, in the folder of records.
const AUDIT: &str = "audit.jsonl";

/// A line of an undo file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// The first one.
    Undo(Header),
    /// What a transaction is about to change.
    Batch(Vec<Changed>),
    /// Which rows of the batch before were not changed after all, by their place in it.
    Moved(Vec<usize>),
    /// The last one.
    Finished {
        /// How many rows were changed.
        changed: u64,
    },
}

/// What an undo file belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// Which form the file has.
    pub(crate) v: u32,
    pub(crate) command: String,
    /// The database, without secrets.
    pub(crate) place: String,
    pub(crate) asked: Asked,
    /// Who asked, and when.
    pub(crate) by: String,
    pub(crate) began: String,
}

impl Header {
    /// Whether a run goes on with what another began.
    fn is_same_job(&self, other: &Header) -> bool {
        (self.v, &self.command, &self.place, &self.asked)
            == (other.v, &other.command, &other.place, &other.asked)
    }
}

/// A row that was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Changed {
    pub(crate) table: String,
    pub(crate) key: String,
    pub(crate) id: Cell,
    pub(crate) learner: Cell,
    pub(crate) topic: Cell,
    pub(crate) set: Vec<Set>,
}

/// An undo file that is being written.
pub(crate) struct UndoFile {
    file: File,
    path: PathBuf,
    /// How many rows were changed, by this run and by one that was broken off.
    changed: u64,
    /// How many of them by that one.
    pub(crate) changed_before: u64,
    /// Whether it says of any row how it was before.
    has_batches: bool,
}

impl UndoFile {
    /// Begins one in a folder, or goes on with the one that a run of the same job left behind when it was broken off.
    pub(crate) fn begin(folder: &Path, header: &Header) -> Result<UndoFile, RepairError> {
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        for n in 1_u32.. {
            let path = folder.join(format!("{}-{n}.undo.jsonl", header.command));
            if is_finished(&path)? {
                continue;
            }
            let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = opened.map_err(|error| failed(&path, &error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(RepairError::Busy { path }),
                Err(TryLockError::Error(error)) => return Err(failed(&path, &error)),
            }
            let left = Left::read(&file, &path)?;
            match &left.header {
                Some(other) if !other.is_same_job(header) => {}
                Some(_) => return UndoFile::go_on(file, path, &left),
                None => {
                    // Also where half a first line was written: what was read of it moved where is written next.
                    file.set_len(0).and_then(|()| file.rewind()).map_err(|error| failed(&path, &error))?;
                    let mut undo = UndoFile { file, path, changed: 0, changed_before: 0, has_batches: false };
                    undo.write(&Line::Undo(header.clone()))?;
                    undo.sync()?;
                    sync_folder(folder)?;
                    return Ok(undo);
                }
            }
        }
        Err(RepairError::Record { path: folder.to_owned(), reason: "it holds too many records".to_owned() })
    }

    /// Cuts off what was being written when the run was broken off, and goes on behind it.
    fn go_on(mut file: File, path: PathBuf, left: &Left) -> Result<UndoFile, RepairError> {
        let ready = file.set_len(left.whole).and_then(|()| file.seek(SeekFrom::End(0)));
        ready.map_err(|error| failed(&path, &error))?;
        let changed = left.changed + left.open;
        Ok(UndoFile { file, path, changed, changed_before: changed, has_batches: left.has_batches })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down what is about to be changed; it is on disk once this returns.
    pub(crate) fn batch(&mut self, rows: Vec<Changed>) -> Result<(), RepairError> {
        self.has_batches = true;
        self.write(&Line::Batch(rows))?;
        self.sync()
    }

    /// Writes down how the last batch came out.
    pub(crate) fn came_out(&mut self, written: &[Written]) -> Result<(), RepairError> {
        let moved: Vec<usize> =
            written.iter().enumerate().filter(|it| *it.1 != Written::Done).map(|it| it.0).collect();
        self.changed += u64::try_from(written.len() - moved.len()).unwrap_or(u64::MAX);
        self.write(&Line::Moved(moved))
    }

    /// Ends it. One in which nothing was changed is taken away again: there is nothing to undo.
    pub(crate) fn finish(mut self) -> Result<Option<PathBuf>, RepairError> {
        if !self.has_batches {
            std::fs::remove_file(&self.path).map_err(|error| failed(&self.path, &error))?;
            return Ok(None);
        }
        self.write(&Line::Finished { changed: self.changed })?;
        self.sync()?;
        Ok((self.changed > 0).then_some(self.path))
    }

    fn write(&mut self, line: &Line) -> Result<(), RepairError> {
        let mut text = serde_json::to_string(line)
            .map_err(|error| RepairError::Record { path: self.path.clone(), reason: error.to_string() })?;
        text.push('\n');
        self.file.write_all(text.as_bytes()).map_err(|error| failed(&self.path, &error))
    }

    fn sync(&self) -> Result<(), RepairError> {
        self.file.sync_data().map_err(|error| failed(&self.path, &error))
    }
}

/// Whether an undo file is there and has its last line; nothing else of it is read.
fn is_finished(path: &Path) -> Result<bool, RepairError> {
    /// Longer than a last line is.
    const END_BYTES: u64 = 256;
    let read = || {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        let bytes = file.metadata()?.len();
        file.seek(SeekFrom::Start(bytes.saturating_sub(END_BYTES)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        let last = end.strip_suffix(b"\n").and_then(|it| it.rsplit(|it| *it == b'\n').next());
        Ok(last.is_some_and(|it| matches!(serde_json::from_slice(it), Ok(Line::Finished { .. }))))
    };
    read().map_err(|error| failed(path, &error))
}

/// What is in an undo file that is there already.
#[derive(Default)]
struct Left {
    header: Option<Header>,
    /// How many bytes of whole lines there are.
    whole: u64,
    changed: u64,
    /// How many rows the last batch has if nothing says how it came out: they may have been changed.
    open: u64,
    has_batches: bool,
}

impl Left {
    fn read(file: &File, path: &Path) -> Result<Left, RepairError> {
        let mut left = Left::default();
        for line in Lines::new(file, path) {
            let (at, line) = line?;
            match line {
                Line::Undo(header) => left.header = Some(header),
                Line::Batch(rows) => {
                    left.changed += left.open;
                    left.open = u64::try_from(rows.len()).unwrap_or(0);
                    left.has_batches = true;
                }
                Line::Moved(moved) => {
                    left.changed += left.open.saturating_sub(u64::try_from(moved.len()).unwrap_or(0));
                    left.open = 0;
                }
                Line::Finished { .. } => {}
            }
            left.whole = at.1;
        }
        Ok(left)
    }
}

/// The whole lines of an undo file, each with where it begins and ends; what was broken off is none.
struct Lines<'a> {
    reader: BufReader<&'a File>,
    path: &'a Path,
    at: u64,
}

impl<'a> Lines<'a> {
    fn new(file: &'a File, path: &'a Path) -> Lines<'a> {
        Lines { reader: BufReader::new(file), path, at: 0 }
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<((u64, u64), Line), RepairError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut text = Vec::new();
        match self.reader.read_until(b'\n', &mut text) {
            Ok(0) => None,
            Ok(_) if text.last() != Some(&b'\n') => None,
            Ok(read) => {
                let begins = self.at;
                self.at += u64::try_from(read).unwrap_or(0);
                let line = serde_json::from_slice(&text).map_err(|error| RepairError::Record {
                    path: self.path.to_owned(),
                    reason: format!("what stands at byte {begins} is no line of an undo file: {error}"),
                });
                Some(line.map(|it| ((begins, self.at), it)))
            }
            Err(error) => Some(Err(failed(self.path, &error))),
        }
    }
}

/// An undo file that is read from its end, batch by batch, however long it is.
pub(crate) struct Undoing {
    file: File,
    path: PathBuf,
    pub(crate) header: Header,
    /// Where each batch begins, how long it is, and which of its rows were not changed.
    batches: Vec<(u64, u64, Vec<usize>)>,
    /// How many rows there are in all.
    pub(crate) rows: u64,
}

impl Undoing {
    pub(crate) fn open(path: &Path) -> Result<Undoing, RepairError> {
        let file = File::open(path).map_err(|error| failed(path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RepairError::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(failed(path, &error)),
        }
        let (mut header, mut batches, mut rows) = (None, Vec::new(), 0_u64);
        for line in Lines::new(&file, path) {
            match line? {
                (_, Line::Undo(it)) => header = Some(it),
                ((begins, ends), Line::Batch(some)) => {
                    rows += u64::try_from(some.len()).unwrap_or(0);
                    batches.push((begins, ends - begins, Vec::new()));
                }
                (_, Line::Moved(moved)) => {
                    rows = rows.saturating_sub(u64::try_from(moved.len()).unwrap_or(0));
                    batches.last_mut().into_iter().for_each(|it| it.2.clone_from(&moved));
                }
                (_, Line::Finished { .. }) => {}
            }
        }
        let header = header.ok_or_else(|| RepairError::Record {
            path: path.to_owned(),
            reason: "it is no undo file: its first line does not say what it belongs to".to_owned(),
        })?;
        Ok(Undoing { file, path: path.to_owned(), header, batches, rows })
    }

    /// The batch before, and so on; none once the first was taken.
    pub(crate) fn before(&mut self) -> Result<Option<Vec<Changed>>, RepairError> {
        let Some((begins, bytes, moved)) = self.batches.pop() else { return Ok(None) };
        let mut text = vec![0; usize::try_from(bytes).unwrap_or(0)];
        let read = self.file.seek(SeekFrom::Start(begins)).and_then(|_| self.file.read_exact(&mut text));
        read.map_err(|error| failed(&self.path, &error))?;
        let line = serde_json::from_slice(&text)
            .map_err(|error| RepairError::Record { path: self.path.clone(), reason: error.to_string() })?;
        let rows = if let Line::Batch(rows) = line { rows } else { Vec::new() };
        let moved: HashSet<usize> = moved.into_iter().collect();
        let rows = rows.into_iter().enumerate().filter(|(n, _)| !moved.contains(n)).map(|it| it.1);
        Ok(Some(rows.collect()))
    }
}

/// Adds a line to the record of who did what and when.
pub(crate) fn audit(folder: &Path, line: &serde_json::Value) -> Result<(), RepairError> {
    let path = folder.join(AUDIT);
    let write = || {
        std::fs::create_dir_all(folder)?;
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_data()
    };
    write().map_err(|error| failed(&path, &error))
}

fn sync_folder(folder: &Path) -> Result<(), RepairError> {
    File::open(folder).and_then(|it| it.sync_all()).map_err(|error| failed(folder, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> RepairError {
    RepairError::Record { path: path.to_owned(), reason: error.to_string() }
}
