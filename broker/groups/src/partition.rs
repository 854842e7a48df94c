//! Which partition of `__consumer_offsets` a group lives in.

use corelog_model::PartitionIndex;

/// Finds the partition of `__consumer_offsets` that holds `group_id`: `Utils.abs(groupId.hashCode) % partition_count`
/// (Kafka's `GroupCoordinatorService.partitionFor`).
///
/// # Panics
/// If `partition_count` is not positive.
pub fn partition_for(group_id: &str, partition_count: i32) -> PartitionIndex {
    assert!(partition_count > 0, "a topic has partitions");
    // `Utils.abs`, and not `Utils.toPositive`: the magnitude, with zero for i32::MIN.
    let hash = java_hash_code(group_id).checked_abs().unwrap_or(0);
    PartitionIndex::new(hash % partition_count)
}

/// Java's `String.hashCode`: over UTF-16 units, wrapping.
fn java_hash_code(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}
