//! Which partition a record goes to: as Java's `BuiltInPartitioner` for records with a key, else a partition that is
//! kept until enough bytes went to it.

use corelog_model::PartitionIndex;

/// Bytes after which records without a key move on to the next partition (Java's default `batch.size`).
const STICKY_BYTES: usize = 16 * 1024;

/// The murmur2 of Kafka's `Utils.murmur2`: 32 bits, seed 0x9747b28c.
pub fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    // Java's arrays hold at most 2^31 - 1 bytes: the length wraps beyond, as in the reference code.
    let length = u32::try_from(data.len() & 0xffff_ffff).unwrap_or(u32::MAX);
    let mut hash = SEED ^ length;
    let (words, tail) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        let mut last = [0; 4];
        last[..tail.len()].copy_from_slice(tail);
        hash = (hash ^ u32::from_le_bytes(last)).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// The partition of a key among `partitions`, as Java's producer computes it. `partitions` is at least one.
pub fn partition_of_key(key: &[u8], partitions: u32) -> PartitionIndex {
    let index = (murmur2(key) & 0x7fff_ffff) % partitions;
    PartitionIndex::new(i32::try_from(index).expect("the sign bit is masked"))
}

/// Chooses partitions for records of one topic.
#[derive(Clone, Debug, Default)]
pub struct Partitioner {
    current: u32,
    bytes: usize,
}

impl Partitioner {
    /// Begins with the partition `start` modulo the number of partitions.
    pub fn starting_at(start: u32) -> Partitioner {
        Partitioner {
            current: start,
            bytes: 0,
        }
    }

    /// The partition of a record of `size` bytes. `partitions` is at least one.
    pub fn choose(&mut self, key: Option<&[u8]>, size: usize, partitions: u32) -> PartitionIndex {
        if let Some(key) = key {
            return partition_of_key(key, partitions);
        }
        if self.bytes >= STICKY_BYTES {
            self.current = self.current.wrapping_add(1);
            self.bytes = 0;
        }
        self.bytes += size;
        let index = self.current % partitions;
        PartitionIndex::new(i32::try_from(index).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_is_javas() {
        // org.apache.kafka.common.utils.UtilsTest.testMurmur2, Kafka 4.
        let check = |text: &str, expected: i32| {
            assert_eq!(murmur2(text.as_bytes()).cast_signed(), expected, "{text}");
        };
        check("21", -973_932_308);
        check("foobar", -790_332_482);
        check("a-little-bit-long-string", -985_981_536);
        check("a-little-bit-longer-string", -1_486_304_829);
        check("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971);
        check("abc", 479_470_107);
    }

    #[test]
    fn records_without_a_key_stick_for_a_while() {
        let mut partitioner = Partitioner::starting_at(2);
        let mut choose = |size| partitioner.choose(None, size, 3).get();
        assert_eq!(choose(10_000), 2);
        assert_eq!(choose(10_000), 2);
        assert_eq!(choose(10_000), 0);
        assert_eq!(choose(STICKY_BYTES), 0);
        assert_eq!(choose(1), 1);
    }

    #[test]
    fn a_key_always_goes_to_its_partition() {
        let mut partitioner = Partitioner::default();
        let first = partitioner.choose(Some(b"k"), 1 << 20, 12);
        assert_eq!(partitioner.choose(Some(b"k"), 1 << 20, 12), first);
    }
}
