//! The one source of randomness: xoshiro256++ (Blackman and Vigna, 2018) seeded by SplitMix64.
//!
//! It is written out here because a seed that once found a bug must mean the same run forever, whatever a library's
//! next release does. Each consumer (scheduler, each disk, the network, each shard) draws from a stream of its own, so
//! that one more draw in one of them does not shift all others.

use std::ops::Range;

/// A seeded stream of random numbers. Not for secrets.
#[derive(Clone, Debug)]
pub struct SimRng {
    state: [u64; 4],
}

/// One step of SplitMix64: a bijection that scatters neighbouring inputs.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl SimRng {
    /// The stream of `seed`.
    pub fn new(seed: u64) -> SimRng {
        let mut state = [0; 4];
        let mut word = seed;
        for slot in &mut state {
            word = mix(word);
            *slot = word;
        }
        // All zeros is the one state that never leaves itself; SplitMix64 does not yield it four times in a row.
        assert!(state != [0; 4]);
        SimRng { state }
    }

    /// The stream number `stream` of `seed`.
    pub fn stream(seed: u64, stream: u64) -> SimRng {
        SimRng::new(mix(seed) ^ mix(stream.wrapping_mul(0x2545_f491_4f6c_dd1d)))
    }

    /// Sixty-four random bits.
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number below `bound`, which is not zero (Lemire's multiplication; its bias is below 2⁻³² for our bounds).
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below zero");
        let product = u128::from(self.next_u64()) * u128::from(bound);
        u64::try_from(product >> 64).expect("the upper half of a product")
    }

    /// An index into something of `length` elements, which is not empty.
    pub fn index(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).expect("a length fits 64 bits");
        usize::try_from(self.below(bound)).expect("below a usize")
    }

    /// A number of `range`; its start if the range is empty.
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        if range.start >= range.end {
            return range.start;
        }
        range.start + self.below(range.end - range.start)
    }

    /// True with probability `parts_per_million` / 1,000,000.
    pub fn chance(&mut self, parts_per_million: u32) -> bool {
        // No draw for what never happens, so that switching a fault on does not shift the stream of the others.
        parts_per_million > 0 && self.below(1_000_000) < u64::from(parts_per_million)
    }

    /// True half of the time.
    pub fn coin(&mut self) -> bool {
        self.next_u64() >> 63 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_its_seed() {
        let draw = |mut rng: SimRng| (0..8).map(|_| rng.next_u64()).collect::<Vec<_>>();
        assert_eq!(draw(SimRng::new(7)), draw(SimRng::new(7)));
        assert_ne!(draw(SimRng::new(7)), draw(SimRng::new(8)));
        assert_ne!(draw(SimRng::stream(7, 0)), draw(SimRng::stream(7, 1)));
    }

    #[test]
    fn bounds_hold_and_chances_are_roughly_right() {
        let mut rng = SimRng::new(1);
        for bound in [1, 2, 3, 1_000, u64::MAX] {
            assert!((0..1_000).all(|_| rng.below(bound) < bound));
        }
        let hits = (0..100_000).filter(|_| rng.chance(250_000)).count();
        assert!((24_000..26_000).contains(&hits), "{hits}");
        assert_eq!(rng.within(5..5), 5);
    }
}
