//! Random numbers that are the same everywhere.

/// Splitmix64 (Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between `low` and `high`.
    pub(crate) fn float(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.bits() >> 40) as f32 / (1u64 << 24) as f32;
        low + (high - low) * unit
    }

    /// From `low` to `high`, both possible.
    pub(crate) fn count(&mut self, low: usize, high: usize) -> usize {
        low + (self.bits() % (high - low + 1) as u64) as usize
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.bits().is_multiple_of(times)
    }

    /// One of `choices`.
    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.count(0, choices.len() - 1)]
    }

    /// An extent: small, odd, prime, or one past a power of two.
    pub(crate) fn extent(&mut self) -> usize {
        self.of(&[1, 1, 2, 3, 4, 5, 7, 8, 11, 13, 16, 17])
    }

    /// A number of channels, from one to more than any vector holds.
    pub(crate) fn channels(&mut self) -> usize {
        self.of(&[1, 2, 3, 4, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 48, 64, 65])
    }

    /// Extents of a tensor of `rank` dimensions.
    pub(crate) fn extents(&mut self, rank: usize) -> Vec<usize> {
        (0..rank).map(|_| if rank > 3 { self.count(1, 5) } else { self.extent() }).collect()
    }
}
