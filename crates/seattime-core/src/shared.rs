//! Data that activities share: one bucket a target, reached through `adl.data`.

use crate::error::Refusal;
use crate::snapshot::{Reader, Writer};

/// How an activity reaches a bucket.
///
/// Spec: CAM, *map* of *data*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    /// Which bucket.
    pub target: String,
    /// Whether it may be read.
    pub reads: bool,
    /// Whether it may be set.
    pub writes: bool,
}

impl Map {
    pub(crate) fn write(&self, to: &mut Writer) {
        to.text(&self.target);
        to.flag(self.reads);
        to.flag(self.writes);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Map {
        Map { target: from.text(), reads: from.flag(), writes: from.flag() }
    }
}

/// A bucket: its text, and the number of its last change.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// What names it.
    pub target: String,
    /// What it holds.
    pub text: String,
    /// Number of its last change; 0: it was there from the start.
    pub seq: u64,
}

/// The buckets of a visit.
#[derive(Debug, Clone, Default)]
pub struct Buckets(Vec<Bucket>);

impl Buckets {
    /// Keeps a text.
    pub fn put(&mut self, target: &str, text: &str, seq: u64) {
        match self.0.iter_mut().find(|it| it.target == target) {
            Some(bucket) => (bucket.text, bucket.seq) = (text.to_owned(), seq),
            None => self.0.push(Bucket { target: target.to_owned(), text: text.to_owned(), seq }),
        }
    }

    /// What a bucket holds, as an activity may see it; one that holds the empty text holds nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal::WriteOnly`], [`Refusal::NoValue`].
    pub fn get(&self, map: &Map) -> Result<&str, Refusal> {
        if !map.reads {
            return Err(Refusal::WriteOnly);
        }
        let bucket = self.0.iter().find(|it| it.target == map.target && !it.text.is_empty());
        bucket.map(|it| it.text.as_str()).ok_or(Refusal::NoValue)
    }

    /// Those that changed after `acked`.
    pub fn changed(&self, acked: u64) -> impl Iterator<Item = &Bucket> {
        self.0.iter().filter(move |it| it.seq > acked)
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.list(&self.0, |to, it| {
            to.text(&it.target);
            to.text(&it.text);
            to.number(it.seq);
        });
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Buckets {
        Buckets(from.list(|from| Bucket { target: from.text(), text: from.text(), seq: from.number() }))
    }
}
