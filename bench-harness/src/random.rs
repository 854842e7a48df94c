//! Seeded pseudo-random numbers for workloads (SplitMix64, Steele et al. 2014): fast, reproducible, not for secrets.

/// A generator; equal seeds give equal sequences.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Begins the sequence of `seed`.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// Sixty-four random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from zero to `end`, exclusive; zero if `end` is.
    pub fn below(&mut self, end: usize) -> usize {
        let wide = u128::from(self.next_u64()) * u128::try_from(end).expect("usize fits into 128 bits");
        usize::try_from(wide >> 64).expect("smaller than `end`")
    }

    /// A fraction above zero and at most one.
    pub fn unit(&mut self) -> f64 {
        // 53 bits, as many as an f64 holds exactly.
        ((self.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_are_equal_sequences() {
        let (mut a, mut b) = (Random::new(7), Random::new(7));
        assert!((0..100).all(|_| a.next_u64() == b.next_u64()));
        assert_ne!(Random::new(1).next_u64(), Random::new(2).next_u64());
    }

    #[test]
    fn the_first_numbers_are_those_of_the_reference() {
        // splitmix64.c of Vigna, seed 1234567.
        let mut random = Random::new(1_234_567);
        assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(random.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn bounds_are_kept() {
        let mut random = Random::new(3);
        for _ in 0..10_000 {
            assert!(random.below(10) < 10);
            let unit = random.unit();
            assert!(unit > 0.0 && unit <= 1.0);
        }
        assert_eq!(random.below(0), 0);
    }
}
