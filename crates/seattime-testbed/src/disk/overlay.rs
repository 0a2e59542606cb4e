//! What was written to a file and is not synced yet: whoever reads sees it, and it is lost with the process.

use std::collections::BTreeMap;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

type Sector = [u8; SECTOR];

/// What survives: the file as the next process finds it. Errors are SQLite's codes.
pub(crate) trait Platter {
    /// Fills the whole buffer, with zeros beyond the file's end.
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), i32>;
    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), i32>;
    fn resize(&self, size: u64) -> Result<(), i32>;
}

/// Decides of each sector, each truncation and each deletion whether it reaches the platter without a sync.
pub(crate) type Survives<'a> = &'a mut dyn FnMut() -> bool;

/// A file as the process sees it, over what survives of it.
#[derive(Debug)]
pub(crate) struct Overlay {
    /// Its length as the process sees it, in bytes.
    size: u64,
    /// Its length on the platter, in bytes.
    kept: u64,
    /// So many bytes of the platter are still to be seen, at most `size`: what was cut off reads as zeros.
    shown: u64,
    /// What is not synced, by number of the sector.
    sectors: BTreeMap<u64, Sector>,
    is_deleted: bool,
}

impl Overlay {
    /// A file of that length, in bytes, of which everything is synced.
    pub(crate) fn over(size: u64) -> Overlay {
        Overlay { size, kept: size, shown: size, sectors: BTreeMap::new(), is_deleted: false }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.is_deleted
    }

    /// Deletes the file, for whoever asks; on the platter it stays until its folder is synced.
    pub(crate) fn delete(&mut self) {
        *self = Overlay { kept: self.kept, is_deleted: true, ..Overlay::over(0) };
    }

    /// It was opened: it is there, and so long is it on the platter, in bytes.
    pub(crate) fn open(&mut self, kept: u64) {
        self.is_deleted = false;
        self.kept = kept;
    }

    /// Fills the buffer, with zeros beyond the end; says whether the file reaches to the buffer's end.
    pub(crate) fn read(&self, platter: &dyn Platter, offset: u64, into: &mut [u8]) -> Result<bool, i32> {
        let end = offset.saturating_add(into.len() as u64);
        let from_platter = length(self.shown.min(end).saturating_sub(offset));
        let (seen, unseen) = into.split_at_mut(from_platter);
        if !seen.is_empty() {
            platter.read(offset, seen)?;
        }
        unseen.fill(0);
        for (number, sector) in self.sectors.range(offset / SECTOR as u64..end.div_ceil(SECTOR as u64)) {
            let start = number * SECTOR as u64;
            let (skipped, at) = (length(offset.saturating_sub(start)), length(start.saturating_sub(offset)));
            let wanted = sector.iter().skip(skipped);
            into.iter_mut().skip(at).zip(wanted).for_each(|(byte, kept)| *byte = *kept);
        }
        Ok(end <= self.size)
    }

    pub(crate) fn write(
        &mut self,
        platter: &dyn Platter,
        offset: u64,
        bytes: &[u8],
        survives: Survives<'_>,
    ) -> Result<(), i32> {
        let (mut at, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            let (number, within) = (at / SECTOR as u64, length(at % SECTOR as u64));
            let (piece, later) = rest.split_at(rest.len().min(SECTOR - within));
            let mut sector = [0; SECTOR];
            if piece.len() < SECTOR {
                self.read(platter, number * SECTOR as u64, &mut sector)?;
            }
            sector.iter_mut().skip(within).zip(piece).for_each(|(byte, new)| *byte = *new);
            self.sectors.insert(number, sector);
            at += piece.len() as u64;
            self.size = self.size.max(at);
            if survives() {
                self.put(platter, number * SECTOR as u64, &sector)?;
            }
            rest = later;
        }
        Ok(())
    }

    pub(crate) fn resize(
        &mut self,
        platter: &dyn Platter,
        size: u64,
        survives: Survives<'_>,
    ) -> Result<(), i32> {
        self.size = size;
        self.shown = self.shown.min(size);
        self.sectors.split_off(&size.div_ceil(SECTOR as u64));
        if let Some(last) = self.sectors.get_mut(&(size / SECTOR as u64)) {
            last.iter_mut().skip(length(size % SECTOR as u64)).for_each(|it| *it = 0);
        }
        if size < self.kept && survives() {
            platter.resize(size)?;
            self.kept = size;
        }
        Ok(())
    }

    /// Everything reaches the platter.
    pub(crate) fn sync(&mut self, platter: &dyn Platter) -> Result<(), i32> {
        if self.shown < self.kept {
            platter.resize(self.shown)?;
            self.kept = self.shown;
        }
        let sectors = std::mem::take(&mut self.sectors);
        let (mut start, mut run) = (0, Vec::new());
        for (number, sector) in sectors {
            if number * SECTOR as u64 != start + run.len() as u64 {
                self.put(platter, start, &run)?;
                (start, run) = (number * SECTOR as u64, Vec::new());
            }
            run.extend(sector);
        }
        self.put(platter, start, &run)?;
        if self.size != self.kept {
            platter.resize(self.size)?;
            self.kept = self.size;
        }
        self.shown = self.size;
        Ok(())
    }

    /// Writes whole sectors to the platter, as far as the file reaches.
    fn put(&mut self, platter: &dyn Platter, start: u64, sectors: &[u8]) -> Result<(), i32> {
        let reaching = length(self.size.saturating_sub(start)).min(sectors.len());
        let (inside, _) = sectors.split_at(reaching);
        if !inside.is_empty() {
            platter.write(start, inside)?;
            self.kept = self.kept.max(start + inside.len() as u64);
        }
        Ok(())
    }
}

fn length(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use seattime_testing::rng::Rng;

    impl Platter for RefCell<Vec<u8>> {
        fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), i32> {
            into.fill(0);
            let file = self.borrow();
            let there = file.get(length(offset)..).unwrap_or_default();
            into.iter_mut().zip(there).for_each(|(byte, kept)| *byte = *kept);
            Ok(())
        }

        fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), i32> {
            let end = length(offset) + bytes.len();
            let mut file = self.borrow_mut();
            if file.len() < end {
                file.resize(end, 0);
            }
            file[length(offset)..end].copy_from_slice(bytes);
            Ok(())
        }

        fn resize(&self, size: u64) -> Result<(), i32> {
            self.borrow_mut().resize(length(size), 0);
            Ok(())
        }
    }

    fn never() -> bool {
        false
    }

    #[test]
    fn what_is_written_is_read_at_once_and_survives_from_its_sync_on() {
        let platter = RefCell::new(b"old".to_vec());
        let mut file = Overlay::over(3);
        file.write(&platter, 1_022, b"new", &mut never).unwrap();
        let mut found = [9; 8];
        assert!(!file.read(&platter, 1_020, &mut found).unwrap(), "the file ends within the buffer");
        assert_eq!(&found, b"\0\0new\0\0\0");
        assert_eq!((file.size(), platter.borrow().as_slice()), (1_025, &b"old"[..]));
        file.sync(&platter).unwrap();
        assert_eq!(platter.borrow().len(), 1_025);
        assert_eq!(&platter.borrow()[1_022..], b"new");
    }

    #[test]
    fn what_was_cut_off_reads_as_zeros_when_the_file_grows_again() {
        let platter = RefCell::new(vec![7; 2_000]);
        let mut file = Overlay::over(2_000);
        file.write(&platter, 600, &[8; 10], &mut never).unwrap();
        file.resize(&platter, 605, &mut never).unwrap();
        file.write(&platter, 1_500, &[9], &mut never).unwrap();
        let mut expected = vec![7; 1_501];
        expected[600..605].fill(8);
        expected[605..1_500].fill(0);
        expected[1_500] = 9;
        let mut found = vec![1; 1_501];
        assert!(file.read(&platter, 0, &mut found).unwrap());
        assert_eq!(found, expected);
        assert_eq!(platter.borrow().as_slice(), vec![7; 2_000], "nothing is synced yet");
        file.sync(&platter).unwrap();
        assert_eq!(platter.borrow().as_slice(), expected);
    }

    #[test]
    fn a_deleted_file_is_empty_and_survives_until_it_is_written_anew() {
        let platter = RefCell::new(vec![7; 1_000]);
        let mut file = Overlay::over(1_000);
        file.delete();
        assert!(file.is_deleted());
        assert_eq!((file.size(), platter.borrow().len()), (0, 1_000));
        file.open(1_000);
        file.write(&platter, 2, &[1], &mut never).unwrap();
        file.sync(&platter).unwrap();
        assert_eq!(platter.borrow().as_slice(), [0, 0, 1]);
    }

    /// Against a plain file, with every mixture of what survives by itself.
    #[test]
    fn whatever_survives_by_itself_readers_see_every_write_and_a_sync_keeps_all() {
        for seed in 0..200 {
            let mut rng = Rng::from_seed(seed);
            let platter = RefCell::new(Vec::new());
            let plain = RefCell::new(Vec::new());
            let mut file = Overlay::over(0);
            for _ in 0..60 {
                let (at, long) = (rng.below(5_000), rng.below(2_000));
                let mut tear = Rng::from_seed(rng.next_u64());
                let mut survives = || tear.below(3) == 0;
                match rng.below(5) {
                    0 => {
                        file.resize(&platter, at, &mut survives).unwrap();
                        plain.resize(at).unwrap();
                    }
                    1 => {
                        file.sync(&platter).unwrap();
                        assert_eq!(*platter.borrow(), *plain.borrow(), "seed {seed}");
                    }
                    _ => {
                        let bytes: Vec<u8> = (0..=long).map(|_| rng.below(256) as u8).collect();
                        file.write(&platter, at, &bytes, &mut survives).unwrap();
                        plain.write(at, &bytes).unwrap();
                    }
                }
                let mut found = vec![1; plain.borrow().len()];
                assert!(file.read(&platter, 0, &mut found).unwrap());
                assert_eq!(found, *plain.borrow(), "seed {seed}");
                assert_eq!(file.size(), plain.borrow().len() as u64);
            }
        }
    }
}
