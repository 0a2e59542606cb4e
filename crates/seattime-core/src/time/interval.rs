//! Sets of time: sorted, disjoint, half-open intervals of whole milliseconds.

/// A set of moments, kept as sorted, disjoint, half-open intervals `[start, end)` in ms.
///
/// Union is idempotent, commutative and associative, so that a message may arrive twice, late or out
/// of order without adding a minute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntervalSet(Vec<(i64, i64)>);

/// Puts one interval in the place of those from `first` to before `past`, which lie side by side in a list
/// in order.
pub(super) fn replace(list: &mut Vec<(i64, i64)>, first: usize, past: usize, interval: (i64, i64)) {
    if first < past {
        let mut at = 0..;
        list.retain(|_| at.next().is_none_or(|at| at < first || at >= past));
    }
    // Time goes on, so there is hardly ever anything behind it.
    list.push(interval);
    for at in (first..list.len().saturating_sub(1)).rev() {
        if let Some([one, other]) = list.get_mut(at..at + 2) {
            std::mem::swap(one, other);
        }
    }
}

impl IntervalSet {
    /// The empty set.
    pub const fn new() -> IntervalSet {
        IntervalSet(Vec::new())
    }

    /// Adds `[start, end)`; an interval that ends before it starts adds nothing.
    pub fn insert(&mut self, start: i64, end: i64) {
        if start >= end {
            return;
        }
        // Everything that touches the new interval lies between these two places.
        let first = self.0.partition_point(|it| it.1 < start);
        let past = self.0.partition_point(|it| it.0 <= end);
        let touched = self.0.get(first..past).unwrap_or_default();
        let start = touched.first().map_or(start, |it| it.0.min(start));
        let end = touched.last().map_or(end, |it| it.1.max(end));
        replace(&mut self.0, first, past, (start, end));
    }

    /// Adds every interval of another set.
    pub fn union(&mut self, other: &IntervalSet) {
        for &(start, end) in &other.0 {
            self.insert(start, end);
        }
    }

    /// What is in both sets.
    pub fn intersection(&self, other: &IntervalSet) -> IntervalSet {
        let mut both = Vec::new();
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(&&(a, b)), Some(&&(c, d))) = (left.peek(), right.peek()) {
            let (start, end) = (a.max(c), b.min(d));
            if start < end {
                both.push((start, end));
            }
            if b <= d {
                left.next();
            } else {
                right.next();
            }
        }
        IntervalSet(both)
    }

    /// What is in this set and not in the other.
    pub fn difference(&self, other: &IntervalSet) -> IntervalSet {
        let mut rest = Vec::new();
        for &(start, end) in &self.0 {
            let mut from = start;
            for &(a, b) in other.0.iter().skip_while(|it| it.1 <= start).take_while(|it| it.0 < end) {
                if from < a {
                    rest.push((from, a));
                }
                from = from.max(b);
            }
            if from < end {
                rest.push((from, end));
            }
        }
        IntervalSet(rest)
    }

    /// What of the set lies in `[start, end)`.
    pub fn clipped(&self, start: i64, end: i64) -> IntervalSet {
        let mut window = IntervalSet::new();
        window.insert(start, end);
        self.intersection(&window)
    }

    /// The same set, moved by `offset_ms`; what would leave the clock's range stays at its end.
    pub fn shifted(&self, offset_ms: i64) -> IntervalSet {
        let mut moved = IntervalSet::new();
        for &(start, end) in &self.0 {
            moved.insert(start.saturating_add(offset_ms), end.saturating_add(offset_ms));
        }
        moved
    }

    /// How much time is in it, in ms.
    pub fn length_ms(&self) -> i64 {
        self.0.iter().fold(0, |sum, it| sum.saturating_add(it.1.saturating_sub(it.0)))
    }

    /// Its intervals in order, each as start and end in ms, the end not included.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (i64, i64)> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is no time in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its first moment, and the moment after its last, in ms.
    pub fn bounds(&self) -> Option<(i64, i64)> {
        Some((self.0.first()?.0, self.0.last()?.1))
    }
}

impl FromIterator<(i64, i64)> for IntervalSet {
    fn from_iter<I: IntoIterator<Item = (i64, i64)>>(intervals: I) -> IntervalSet {
        let mut set = IntervalSet::new();
        for (start, end) in intervals {
            set.insert(start, end);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(intervals: &[(i64, i64)]) -> IntervalSet {
        intervals.iter().copied().collect()
    }

    #[test]
    fn insert_joins_what_touches_and_nothing_else() {
        #[rustfmt::skip]
        let cases: &[(&[(i64, i64)], &[(i64, i64)])] = &[
            // inserted                         kept                    why it is here
            (&[(0, 5), (7, 9)],                 &[(0, 5), (7, 9)]),   // apart
            (&[(7, 9), (0, 5)],                 &[(0, 5), (7, 9)]),   // out of order
            (&[(0, 5), (5, 9)],                 &[(0, 9)]),           // half-open: touching is one
            (&[(0, 5), (0, 5)],                 &[(0, 5)]),           // twice counts once
            (&[(0, 2), (4, 6), (8, 9), (1, 8)], &[(0, 9)]),           // bridges three
            (&[(0, 9), (2, 3)],                 &[(0, 9)]),           // inside
            (&[(3, 3), (5, 4)],                 &[]),                 // empty, and backwards
        ];
        for (inserted, kept) in cases {
            assert_eq!(set(inserted).iter().collect::<Vec<_>>(), *kept, "inserted: {inserted:?}");
        }
    }

    #[test]
    fn sets_are_combined_as_sets_of_moments() {
        let (a, b) = (set(&[(0, 10), (20, 30)]), set(&[(5, 22), (29, 40)]));
        assert_eq!(a.intersection(&b), set(&[(5, 10), (20, 22), (29, 30)]));
        assert_eq!(a.difference(&b), set(&[(0, 5), (22, 29)]));
        assert_eq!(b.difference(&a), set(&[(10, 20), (30, 40)]));
        assert_eq!(a.clipped(8, 21), set(&[(8, 10), (20, 21)]));
        assert_eq!(a.shifted(-5), set(&[(-5, 5), (15, 25)]));
        assert_eq!((a.length_ms(), a.bounds()), (20, Some((0, 30))));
    }

    /// Against a bitmap, which cannot be wrong in an interesting way.
    #[test]
    fn any_order_and_any_repetition_gives_the_same_set() {
        let mut seed = 1_u64;
        let mut random = move |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for _ in 0..2_000 {
            let mut intervals: Vec<(i64, i64)> = (0..random(8))
                .map(|_| {
                    let start = random(60) as i64;
                    (start, start + random(12) as i64)
                })
                .collect();
            let forward = set(&intervals);
            let moments = |from: &[(i64, i64)]| {
                (0..80).filter(|at| from.iter().any(|it| it.0 <= *at && *at < it.1)).collect::<Vec<i64>>()
            };
            let kept: Vec<(i64, i64)> = forward.iter().collect();
            assert_eq!(moments(&kept), moments(&intervals));
            assert!(kept.windows(2).all(|it| it[0].1 < it[1].0), "sorted and apart: {kept:?}");
            intervals.reverse();
            intervals.extend(intervals.clone());
            assert_eq!(set(&intervals), forward);
        }
    }
}
