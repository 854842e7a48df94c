//! The bodies that messages have, made once and shared by all producers of a run.
//!
//! Which body a message has follows from its place in a sequence alone, so that a batch that is built in the memory of
//! an earlier one finds its bodies there already.

use crate::number::{round_to_usize, to_usize};
use crate::payload::{Body, HEADER_SIZE};
use crate::random::Random;
use crate::workload::Workload;

/// Most bytes of all bodies of one size together, so that they stay in the cache.
const SIZE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most bodies of one size.
const SIZE_COUNT_MAX: usize = 1000;
/// Length of the sequence when sizes are mixed: long enough for their proportions.
const MIX_LENGTH: usize = 16 * 1024;

/// The bodies of a run, in a sequence that repeats.
#[derive(Clone, Debug)]
pub struct Deck {
    bodies: Vec<Body>,
    /// The body at each place.
    order: Vec<u32>,
}

impl Deck {
    /// The bodies that `workload` asks for: those of `records`, which are a payload file's, or ones made up.
    pub fn new(workload: &Workload, records: Option<Vec<Vec<u8>>>) -> Deck {
        let mut random = Random::new(workload.seed);
        if let Some(records) = records {
            return Deck::in_turn(records.into_iter().map(Body::new).collect());
        }
        let ratio = workload.random_bytes_ratio;
        let shares = workload.message_size.shares();
        let pools: Vec<Vec<Body>> = shares
            .iter()
            .map(|share| made_up(to_usize(share.bytes), ratio, &mut random))
            .collect();
        if let [_] = pools.as_slice() {
            return Deck::in_turn(pools.into_iter().flatten().collect());
        }
        let mut sum = 0.0;
        let sums: Vec<f64> = shares
            .iter()
            .map(|share| {
                sum += share.weight;
                sum
            })
            .collect();
        let mut firsts = Vec::with_capacity(pools.len());
        let mut count = 0;
        for pool in &pools {
            firsts.push(count);
            count += pool.len();
        }
        let order = (0..MIX_LENGTH)
            .map(|_| {
                let target = random.unit() * sum;
                let size = sums.partition_point(|sum| *sum < target).min(pools.len() - 1);
                place(firsts[size] + random.below(pools[size].len()))
            })
            .collect();
        Deck {
            bodies: pools.into_iter().flatten().collect(),
            order,
        }
    }

    fn in_turn(bodies: Vec<Body>) -> Deck {
        Deck {
            order: (0..bodies.len()).map(place).collect(),
            bodies,
        }
    }

    /// The body at `place`, which may be beyond the end: then the sequence has begun anew.
    pub fn body(&self, place: usize) -> &Body {
        let length = self.order.len();
        let place = if place < length { place } else { place % length };
        &self.bodies[to_usize(self.order[place])]
    }

    /// Bytes of a message with its header, in the mean.
    pub fn mean_message_size(&self) -> f64 {
        let bytes: usize = (0..self.order.len())
            .map(|place| self.body(place).bytes().len() + HEADER_SIZE)
            .sum();
        bytes as f64 / self.order.len() as f64
    }
}

fn place(index: usize) -> u32 {
    u32::try_from(index).expect("the bodies fit into memory many times over")
}

/// Bodies of messages of `message_size` bytes, header included, of which `random_ratio` (0 to 1) are random.
fn made_up(message_size: usize, random_ratio: f64, random: &mut Random) -> Vec<Body> {
    let size = message_size.saturating_sub(HEADER_SIZE);
    let count = (SIZE_BYTES_MAX / size.max(1)).clamp(1, SIZE_COUNT_MAX);
    let random_size = round_to_usize(size as f64 * random_ratio).min(size);
    (0..count)
        .map(|_| {
            let mut bytes = vec![0; size];
            random.fill(&mut bytes[..random_size]);
            Body::new(bytes)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::parse;

    fn deck(text: &str) -> Deck {
        Deck::new(&parse(text, &[]).unwrap(), None)
    }

    #[test]
    fn sizes_come_in_their_proportion() {
        let deck = deck("message_size = [{ bytes = 132, weight = 3 }, { bytes = 32, weight = 1 }]");
        let sizes: Vec<usize> = (0..10_000).map(|place| deck.body(place).bytes().len()).collect();
        let large = sizes.iter().filter(|size| **size == 132 - HEADER_SIZE).count();
        let small = sizes.iter().filter(|size| **size == 0).count();
        assert_eq!(large + small, 10_000);
        assert!((7_200..7_800).contains(&large), "{large}");
        assert!((deck.mean_message_size() - 107.0).abs() < 2.0);
    }

    #[test]
    fn the_ratio_of_random_bytes_is_kept() {
        let deck = deck("message_size = 1032\nrandom_bytes_ratio = 0.25");
        let body = deck.body(0);
        assert!(body.bytes()[250..].iter().all(|byte| *byte == 0));
        let zeros = body.bytes()[..250].iter().filter(|byte| **byte == 0).count();
        assert!(zeros < 10, "{zeros} zeros in the random part");
        assert_ne!(deck.body(1).bytes()[..250], body.bytes()[..250]);
    }

    #[test]
    fn records_come_in_turn_and_again() {
        let records = vec![b"one".to_vec(), b"three".to_vec()];
        let deck = Deck::new(&parse("", &[]).unwrap(), Some(records));
        let found: Vec<&[u8]> = (0..3).map(|place| deck.body(place).bytes()).collect();
        assert_eq!(found, [&b"one"[..], b"three", b"one"]);
        assert_eq!(deck.mean_message_size(), 36.0);
    }
}
