//! Which shard of a broker owns a partition.

use corelog_model::{PartitionId, ShardId};

/// The shard that owns `partition` on a broker of `shard_count` shards. Depends on nothing else, so it is the same
/// after a restart; the partitions of a topic go round the shards, from a start that the topic's id gives.
///
/// # Panics
/// If `shard_count` is zero.
pub fn shard_of(partition: PartitionId, shard_count: u16) -> ShardId {
    // INV-1: nothing but the arguments decides, so every shard names the same owner, also after a restart.
    assert!(shard_count > 0, "a broker has a shard");
    let topic = u128::from_be_bytes(partition.topic.get());
    let half = |shift: u32| u64::try_from((topic >> shift) & u128::from(u64::MAX)).expect("64 bits");
    let start = mix(mix(half(64)) ^ half(0));
    let index = u64::from(partition.index.get().cast_unsigned());
    let count = u64::from(shard_count);
    let shard = (start % count + index % count) % count;
    ShardId::new(u16::try_from(shard).expect("less than the count"))
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): each bit of the result depends on each of `value`.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use corelog_model::{PartitionIndex, TopicId};
    use proptest::prelude::*;

    use super::*;

    fn partition(topic: u128, index: i32) -> PartitionId {
        PartitionId {
            topic: TopicId::new(topic.to_be_bytes()),
            index: PartitionIndex::new(index),
        }
    }

    #[test]
    fn the_map_stays_as_it_is() {
        // A change here moves partitions between the shards of every installed broker.
        let check = |topic: u128, index, shard_count, expected| {
            let shard = shard_of(partition(topic, index), shard_count);
            assert_eq!(shard.get(), expected, "{topic} {index} {shard_count}");
        };
        check(0, 0, 1, 0);
        check(0, 0, 128, 111);
        check(1, 0, 128, 14);
        check(u128::MAX, 7, 128, 61);
        check(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef, i32::MAX, 64, 24);
    }

    proptest! {
        #[test]
        fn a_topics_partitions_go_round(topic: u128, shard_count in 1..200u16, first in 0..1_000_000i32) {
            let mut seen = vec![0; usize::from(shard_count)];
            for index in first..first + i32::from(shard_count) {
                seen[usize::from(shard_of(partition(topic, index), shard_count).get())] += 1;
            }
            prop_assert!(seen.iter().all(|count| *count == 1));
        }

        #[test]
        fn topics_of_one_partition_spread(seed: u128, step in 1..u128::MAX, shard_count in 1..64u16) {
            // Ids in a row or at any distance: worse than the random ones that a controller gives.
            let topics_a_shard = 200;
            let mut seen = vec![0i32; usize::from(shard_count)];
            for topic in 0..u128::from(shard_count) * topics_a_shard {
                let id = seed.wrapping_add(topic.wrapping_mul(step));
                seen[usize::from(shard_of(partition(id, 0), shard_count).get())] += 1;
            }
            // Mean 200, standard deviation 14: six of them.
            prop_assert!(seen.iter().all(|count| (115..=285).contains(count)), "{seen:?}");
        }
    }
}
