//! Data that activities share: one bucket a target, reached through `adl.data`.

use crate::error::Refusal;
use crate::values::ChangeRange;

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

impl Map {}

/// A bucket: its text, and the number of its last change.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// What names it.
    pub target: String,
    /// What it holds.
    pub text: String,
    /// Number of its last change; 0: it was there from the start.
    pub seq: u64,
}

/// The buckets of a visit.
#[derive(Debug, Clone, Default, PartialEq)]
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

    /// Those that changed within a range.
    pub fn changed(&self, range: ChangeRange) -> impl Iterator<Item = &Bucket> {
        self.0.iter().filter(move |it| range.has(it.seq))
    }
}
