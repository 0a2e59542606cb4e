//! Random numbers that are the same for the same seed.

/// A random number generator (SplitMix64).
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Returns the generator that belongs to a seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Rng {
        Rng(seed)
    }

    /// Returns the next number, any that 64 bits can hold.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`, and 0 where that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound.max(1)
    }

    /// Returns one of several values, or [`None`] of an empty slice.
    pub fn choose<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let n = self.below(choices.len() as u64);
        choices.get(usize::try_from(n).unwrap_or(0)).copied()
    }
}
