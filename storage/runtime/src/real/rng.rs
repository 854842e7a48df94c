//! xoshiro256++ 1.0 (Blackman and Vigna, public domain), seeded by the kernel. Not for secrets.

use std::cell::Cell;
use std::io;

use crate::ring;
use crate::seams::Rng;

/// See [`Rng`].
pub(crate) struct RealRng(Cell<[u64; 4]>);

impl RealRng {
    /// Seeds from getrandom(2).
    pub(crate) fn new() -> io::Result<RealRng> {
        let bytes = ring::random_bytes()?;
        let mut state = [0u64; 4];
        for (word, chunk) in state.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_le_bytes(chunk.try_into().expect("chunks of eight"));
        }
        // The one state that the generator never leaves.
        if state == [0; 4] {
            state[0] = 1;
        }
        Ok(RealRng(Cell::new(state)))
    }
}

impl Rng for RealRng {
    fn next_u64(&self) -> u64 {
        let mut s = self.0.get();
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        self.0.set(s);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs from state [1, 2, 3, 4], as the reference implementation and the crate `rand_xoshiro` have
    /// them.
    #[test]
    fn follows_the_reference() {
        let rng = RealRng(Cell::new([1, 2, 3, 4]));
        let got: Vec<u64> = (0..4).map(|_| rng.next_u64()).collect();
        assert_eq!(got, [41943041, 58720359, 3588806011781223, 3591011842654386]);
    }

    #[test]
    fn two_seeds_differ() {
        let (a, b) = (RealRng::new().unwrap(), RealRng::new().unwrap());
        assert_ne!(a.next_u64(), b.next_u64());
    }
}
