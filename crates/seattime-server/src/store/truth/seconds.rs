//! A set of seconds, one bit each: it knows nothing of intervals.

/// Seconds from 0; how far they go is up to the last that was inserted.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seconds(Vec<u64>);

impl Seconds {
    pub(crate) fn insert(&mut self, second: i64) {
        let (word, bit) = place(second);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= bit;
    }

    pub(crate) fn contains(&self, second: i64) -> bool {
        let (word, bit) = place(second);
        self.0.get(word).is_some_and(|it| it & bit != 0)
    }

    /// Adds those of another set.
    pub(crate) fn join(&mut self, other: &Seconds) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (ours, theirs) in self.0.iter_mut().zip(&other.0) {
            *ours |= theirs;
        }
    }

    /// Those before one.
    pub(crate) fn before(&self, second: i64) -> Seconds {
        let (word, bit) = place(second);
        let mut words = self.0.clone();
        words.truncate(word + 1);
        if let Some(last) = words.get_mut(word) {
            *last &= bit - 1;
        }
        Seconds(words)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> i64 {
        self.0.iter().map(|it| i64::from(it.count_ones())).sum()
    }
}

/// Which word a second is in, and which bit of it.
fn place(second: i64) -> (usize, u64) {
    let second = usize::try_from(second).unwrap();
    (second / 64, 1 << (second % 64))
}

impl Extend<i64> for Seconds {
    fn extend<I: IntoIterator<Item = i64>>(&mut self, seconds: I) {
        seconds.into_iter().for_each(|it| self.insert(it));
    }
}

impl FromIterator<i64> for Seconds {
    fn from_iter<I: IntoIterator<Item = i64>>(seconds: I) -> Seconds {
        let mut set = Seconds::default();
        set.extend(seconds);
        set
    }
}
