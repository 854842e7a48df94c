//! Which key a message has, and which partition a key goes to: Java's default partitioner, so that keyed workloads
//! spread as they do with real clients.

use crate::number::to_usize;
use crate::random::Random;
use crate::workload::KeyDistributor;
use crate::zipf::Zipf;

/// A key and where it goes.
#[derive(Clone, Debug)]
struct Key {
    bytes: Vec<u8>,
    partition: u32,
}

/// Chooses keys.
#[derive(Clone, Debug)]
pub struct Keys {
    keys: Vec<Key>,
    choice: Choice,
}

#[derive(Clone, Debug)]
enum Choice {
    RoundRobin { next: usize },
    Random,
    Zipf(Zipf),
}

impl Keys {
    /// `count` keys over `partitions` partitions; `None` for messages without a key.
    pub fn new(distributor: KeyDistributor, count: u32, exponent: f64, partitions: u32) -> Option<Keys> {
        let count = count.max(1);
        let choice = match distributor {
            KeyDistributor::None => return None,
            KeyDistributor::RoundRobin => Choice::RoundRobin { next: 0 },
            KeyDistributor::Random => Choice::Random,
            KeyDistributor::Zipf => Choice::Zipf(Zipf::new(to_usize(count), exponent)),
        };
        let keys = (0..count)
            .map(|index| {
                let bytes = format!("key-{index:07}").into_bytes();
                let partition = (murmur2(&bytes) & 0x7fff_ffff) % partitions.max(1);
                Key { bytes, partition }
            })
            .collect();
        Some(Keys { keys, choice })
    }

    /// The next message's key and its partition.
    pub fn choose(&mut self, random: &mut Random) -> (&[u8], u32) {
        let count = self.keys.len();
        let index = match &mut self.choice {
            Choice::RoundRobin { next } => {
                let index = *next;
                *next = if index + 1 == count { 0 } else { index + 1 };
                index
            }
            Choice::Random => random.below(count),
            Choice::Zipf(zipf) => zipf.draw(random),
        };
        let key = &self.keys[index];
        (&key.bytes, key.partition)
    }
}

/// Kafka's hash of a key (`org.apache.kafka.common.utils.Utils.murmur2`).
pub fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut hash = 0x9747_b28c ^ length;
    let (words, tail) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    if !tail.is_empty() {
        for (shift, byte) in [0, 8, 16].iter().zip(tail) {
            hash ^= u32::from(*byte) << shift;
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_kafkas() {
        // UtilsTest.testMurmur2 of Apache Kafka.
        let check = |key: &str, expected: i32| {
            assert_eq!(murmur2(key.as_bytes()), expected.cast_unsigned(), "{key}");
        };
        check("21", -973_932_308);
        check("foobar", -790_332_482);
        check("a-little-bit-long-string", -985_981_536);
        check("a-little-bit-longer-string", -1_486_304_829);
        check("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971);
        check("abc", 479_470_107);
    }

    #[test]
    fn keys_go_round_and_keep_their_partition() {
        let mut keys = Keys::new(KeyDistributor::RoundRobin, 3, 0.0, 7).unwrap();
        let mut random = Random::new(0);
        let mut draw = || {
            let (key, partition) = keys.choose(&mut random);
            (key.to_vec(), partition)
        };
        let first: Vec<_> = (0..3).map(|_| draw()).collect();
        let second: Vec<_> = (0..3).map(|_| draw()).collect();
        assert_eq!(first, second);
        assert!(first.iter().all(|(_, partition)| *partition < 7));
        assert!(Keys::new(KeyDistributor::None, 3, 0.0, 7).is_none());
    }
}
