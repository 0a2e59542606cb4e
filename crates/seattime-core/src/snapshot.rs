//! A visit's state as bytes, so that a new instance of the run-time goes on where the last one trapped.
//!
//! Written and read by the same build of the same page, so there is no version and no tolerance: bytes
//! that do not fit are refused whole.

use crate::ports::Instant;

/// Writes a snapshot.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// The bytes written.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// Writes a number, seven bits a byte.
    pub fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Writes a number that may be negative.
    pub fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)) as u64);
    }

    /// Writes a yes or no.
    pub fn flag(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    /// Writes a text.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Writes a moment on both clocks.
    pub fn instant(&mut self, at: Instant) {
        self.0.extend_from_slice(&at.monotonic_ms.to_le_bytes());
        self.0.extend_from_slice(&at.wall_ms.to_le_bytes());
    }

    /// Writes each item of a list.
    pub fn list<T>(&mut self, items: &[T], each: impl Fn(&mut Writer, &T)) {
        self.number(items.len() as u64);
        for item in items {
            each(self, item);
        }
    }

    /// Writes what may be missing.
    pub fn option<T>(&mut self, item: Option<&T>, write: impl Fn(&mut Writer, &T)) {
        self.flag(item.is_some());
        if let Some(item) = item {
            write(self, item);
        }
    }
}

/// Reads a snapshot; every function answers `None` once the bytes do not fit.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    /// Whether everything was read.
    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    /// Reads a number.
    pub fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// Reads a number that has to fit into 32 bits.
    pub fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    /// Reads a number that may be negative.
    pub fn signed(&mut self) -> Option<i64> {
        let value = self.number()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Reads a yes or no.
    pub fn flag(&mut self) -> Option<bool> {
        match self.take(1)?.first()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// Reads a text.
    pub fn text(&mut self) -> Option<String> {
        let bytes = usize::try_from(self.number()?).ok()?;
        Some(std::str::from_utf8(self.take(bytes)?).ok()?.to_owned())
    }

    /// Reads a moment on both clocks.
    pub fn instant(&mut self) -> Option<Instant> {
        let mut clock = || Some(f64::from_le_bytes(self.take(8)?.try_into().ok()?));
        Some(Instant { monotonic_ms: clock()?, wall_ms: clock()? })
    }

    /// Reads a list.
    pub fn list<T>(&mut self, each: impl Fn(&mut Reader<'a>) -> Option<T>) -> Option<Vec<T>> {
        (0..self.number()?).map(|_| each(self)).collect()
    }

    /// Reads what may be missing.
    pub fn option<T>(&mut self, read: impl Fn(&mut Reader<'a>) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { read(self).map(Some) } else { Some(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_nothing_else() {
        let mut writer = Writer::default();
        for value in [0, 127, 128, u64::MAX] {
            writer.number(value);
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            writer.signed(value);
        }
        writer.text("größer");
        writer.option(Some(&7_u64), |to, it| to.number(*it));
        writer.instant(Instant { monotonic_ms: 1.5, wall_ms: -2.0 });
        let bytes = writer.finish();

        let mut reader = Reader::new(&bytes);
        assert_eq!([(); 4].map(|()| reader.number()), [Some(0), Some(127), Some(128), Some(u64::MAX)]);
        assert_eq!(
            [(); 5].map(|()| reader.signed()),
            [Some(0), Some(-1), Some(1), Some(i64::MIN), Some(i64::MAX)]
        );
        assert_eq!(reader.text().as_deref(), Some("größer"));
        assert_eq!(reader.option(Reader::number), Some(Some(7)));
        assert_eq!(reader.instant(), Some(Instant { monotonic_ms: 1.5, wall_ms: -2.0 }));
        assert!(reader.is_at_end());

        // Cut short, it ends in `None`, not in a panic.
        assert_eq!(Reader::new(&[5, b'a']).text(), None);
        assert_eq!(Reader::new(&[0x80]).number(), None);
    }
}
