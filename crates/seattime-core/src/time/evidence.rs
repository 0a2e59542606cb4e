//! Evidence: signs that the learner is there, kept as bursts so that a later policy can judge them anew.

use super::interval::replace;

/// Signs at most this far apart, in ms, are one burst.
pub const JOIN_MS: i64 = 10_000;

/// What a sign of the learner came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceKind {
    /// A pointer, key, touch or wheel, and what came of it within a second.
    Human,
    /// Media whose clock advances.
    Media,
    /// The page was opened, shown, hidden or left. It bears presence out as the others do, but a
    /// program that only follows links makes it too, so it begins no attempt.
    Page,
}

impl EvidenceKind {
    /// Every kind, in the order in which the wire lists them.
    pub const ALL: [EvidenceKind; 3] = [EvidenceKind::Human, EvidenceKind::Media, EvidenceKind::Page];
}

/// Bursts of evidence within one stretch: sorted, first and last moment both included, in ms.
///
/// Two bursts are joined when at most [`JOIN_MS`] lie between them; the join is the same in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bursts(Vec<(i64, i64)>);

impl Bursts {
    /// No evidence.
    pub const fn new() -> Bursts {
        Bursts(Vec::new())
    }

    /// Adds a burst from `first` to `last`, both included; one that ends before it starts adds nothing.
    pub fn insert(&mut self, first: i64, last: i64) {
        if first > last {
            return;
        }
        let from = self.0.partition_point(|it| it.1.saturating_add(JOIN_MS) < first);
        let past = self.0.partition_point(|it| it.0 <= last.saturating_add(JOIN_MS));
        let touched = self.0.get(from..past).unwrap_or_default();
        let first = touched.first().map_or(first, |it| it.0.min(first));
        let last = touched.last().map_or(last, |it| it.1.max(last));
        replace(&mut self.0, from, past, (first, last));
    }

    /// Adds every burst of another set.
    pub fn union(&mut self, other: &Bursts) {
        for &(first, last) in &other.0 {
            self.insert(first, last);
        }
    }

    /// The bursts in order, each as its first and last moment in ms, both included.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (i64, i64)> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(i64, i64)> for Bursts {
    fn from_iter<I: IntoIterator<Item = (i64, i64)>>(bursts: I) -> Bursts {
        let mut set = Bursts::new();
        for (first, last) in bursts {
            set.insert(first, last);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_up_to_ten_seconds_apart_are_one_burst_in_any_order() {
        #[rustfmt::skip]
        let cases: &[(&[(i64, i64)], &[(i64, i64)])] = &[
            // inserted                            kept
            (&[(0, 0), (10_000, 10_000)],          &[(0, 10_000)]),
            (&[(0, 0), (10_001, 10_001)],          &[(0, 0), (10_001, 10_001)]),
            (&[(0, 0), (18_000, 20_000), (9_000, 9_000)], &[(0, 20_000)]), // the one between joins both
            (&[(5, 4)],                            &[]),
        ];
        for (inserted, kept) in cases {
            let forward: Bursts = inserted.iter().copied().collect();
            let backward: Bursts = inserted.iter().rev().copied().collect();
            assert_eq!(forward.iter().collect::<Vec<_>>(), *kept, "inserted: {inserted:?}");
            assert_eq!(forward, backward);
        }
    }
}
