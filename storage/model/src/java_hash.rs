//! Where Kafka puts what it finds by a name.

use crate::PartitionIndex;

/// The partition of a topic that holds what is kept under `name`: `Utils.abs(name.hashCode) % partition_count` (Kafka's
/// `GroupCoordinatorService.partitionFor` and `TransactionStateManager.partitionFor`).
///
/// # Panics
/// If `partition_count` is not positive.
pub fn partition_for(name: &str, partition_count: i32) -> PartitionIndex {
    assert!(partition_count > 0, "a topic has partitions");
    // `Utils.abs`, and not `Utils.toPositive`: the magnitude, with zero for i32::MIN.
    let hash = java_hash_code(name).checked_abs().unwrap_or(0);
    PartitionIndex::new(hash % partition_count)
}

/// Java's `String.hashCode`: over UTF-16 units, wrapping.
fn java_hash_code(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}
