//! Ranks by Zipf's law: rank k, from one, has the weight 1 / k^exponent.

use crate::random::Random;

/// A table of cumulative weights; a draw is a binary search in it, exact for any exponent.
#[derive(Clone, Debug)]
pub struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    /// Ranks `0..count`; an exponent of zero makes them equally likely.
    ///
    /// # Panics
    /// If `count` is zero.
    pub fn new(count: usize, exponent: f64) -> Zipf {
        assert!(count > 0, "there is nothing to draw from");
        let mut sum = 0.0;
        let cumulative = (1..=count)
            .map(|rank| {
                sum += (rank as f64).powf(-exponent);
                sum
            })
            .collect();
        Zipf { cumulative }
    }

    /// Draws a rank from zero, the most likely first.
    pub fn draw(&self, random: &mut Random) -> usize {
        let last = self.cumulative.len() - 1;
        let target = random.unit() * self.cumulative[last];
        self.cumulative.partition_point(|sum| *sum < target).min(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_the_law() {
        const DRAWS: u32 = 200_000;
        let zipf = Zipf::new(100, 1.0);
        let mut random = Random::new(42);
        let mut counts = [0u32; 100];
        for _ in 0..DRAWS {
            counts[zipf.draw(&mut random)] += 1;
        }
        let harmonic: f64 = (1..=100).map(|rank| 1.0 / f64::from(rank)).sum();
        for rank in [0u32, 1, 2, 9, 49] {
            let expected = f64::from(DRAWS) / f64::from(rank + 1) / harmonic;
            let found = f64::from(counts[rank as usize]);
            assert!(
                (found - expected).abs() < expected * 0.1,
                "rank {rank}: {found} of {expected}"
            );
        }
    }

    #[test]
    fn exponent_zero_is_uniform() {
        let zipf = Zipf::new(4, 0.0);
        let mut random = Random::new(1);
        let mut counts = [0i32; 4];
        for _ in 0..40_000 {
            counts[zipf.draw(&mut random)] += 1;
        }
        assert!(
            counts.iter().all(|count| (count - 10_000).abs() < 500),
            "{counts:?}"
        );
    }

    #[test]
    fn one_rank_is_always_drawn() {
        let zipf = Zipf::new(1, 2.0);
        assert_eq!(zipf.draw(&mut Random::new(5)), 0);
    }
}
