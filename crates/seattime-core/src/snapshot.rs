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

/// Reads a snapshot. Once the bytes do not fit, every function answers zero or nothing, and
/// [`Reader::is_whole`] says so at the end: a check at each value would be most of the code.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    is_broken: bool,
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes, is_broken: false }
    }

    /// Whether everything was read and fitted.
    pub fn is_whole(&self) -> bool {
        self.rest.is_empty() && !self.is_broken
    }

    fn take(&mut self, bytes: usize) -> &'a [u8] {
        match self.rest.split_at_checked(bytes) {
            Some((taken, rest)) => {
                self.rest = rest;
                taken
            }
            None => {
                (self.rest, self.is_broken) = (&[], true);
                &[]
            }
        }
    }

    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// Reads a number.
    pub fn number(&mut self) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }

    /// Reads a number of 32 bits.
    pub fn small(&mut self) -> u32 {
        self.number() as u32
    }

    /// Reads a number that may be negative.
    pub fn signed(&mut self) -> i64 {
        let value = self.number();
        (value >> 1) as i64 ^ -((value & 1) as i64)
    }

    /// Reads a yes or no.
    pub fn flag(&mut self) -> bool {
        self.byte() != 0
    }

    /// Reads a text.
    pub fn text(&mut self) -> String {
        let bytes = self.number();
        let bytes = self.take(usize::try_from(bytes).unwrap_or(usize::MAX));
        std::str::from_utf8(bytes).map(str::to_owned).unwrap_or_else(|_| {
            self.is_broken = true;
            String::new()
        })
    }

    /// Reads a moment on both clocks.
    pub fn instant(&mut self) -> Instant {
        let mut clock = || f64::from_le_bytes(self.take(8).try_into().unwrap_or_default());
        Instant { monotonic_ms: clock(), wall_ms: clock() }
    }

    /// Reads a list; never more items than there are bytes.
    pub fn list<T>(&mut self, mut each: impl FnMut(&mut Reader<'a>) -> T) -> Vec<T> {
        let (mut items, mut left) = (Vec::new(), self.number());
        while self.has_more(&mut left) {
            items.push(each(self));
        }
        items
    }

    fn has_more(&mut self, left: &mut u64) -> bool {
        self.is_broken |= *left > 0 && self.rest.is_empty();
        let is_next = *left > 0 && !self.is_broken;
        *left = left.saturating_sub(1);
        is_next
    }

    /// Reads what may be missing.
    pub fn option<T>(&mut self, read: impl Fn(&mut Reader<'a>) -> T) -> Option<T> {
        if self.flag() { Some(read(self)) } else { None }
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
        assert_eq!([(); 4].map(|()| reader.number()), [0, 127, 128, u64::MAX]);
        assert_eq!([(); 5].map(|()| reader.signed()), [0, -1, 1, i64::MIN, i64::MAX]);
        assert_eq!(reader.text(), "größer");
        assert_eq!(reader.option(Reader::number), Some(7));
        assert_eq!(reader.instant(), Instant { monotonic_ms: 1.5, wall_ms: -2.0 });
        assert!(reader.is_whole());

        // What is cut short or no text is told, and never read as if it were whole.
        let is_whole = |bytes: &[u8], read: fn(&mut Reader<'_>)| {
            let mut reader = Reader::new(bytes);
            read(&mut reader);
            reader.is_whole()
        };
        assert!(!is_whole(&[5, b'a'], |it| drop(it.text())));
        assert!(!is_whole(&[1, 0xff], |it| drop(it.text())));
        assert!(!is_whole(&[0x80], |it| assert_eq!(it.number(), 0)));
        assert!(!is_whole(&[200], |it| drop(it.list(Reader::number))));
        assert!(!is_whole(&[1, 2], |it| assert!(it.number() < 100)), "something is left over");
        assert!(is_whole(&[2, 7, 8], |it| assert_eq!(it.list(Reader::number), [7, 8])));
    }
}
