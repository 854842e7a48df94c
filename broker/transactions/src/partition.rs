//! Which partition of `__transaction_state` a transactional id lives in.

use corelog_model::PartitionIndex;

/// Finds the partition of `__transaction_state` that holds `transactional_id`:
/// `Utils.abs(transactionalId.hashCode) % partition_count` (Kafka's `TransactionStateManager.partitionFor`).
///
/// # Panics
/// If `partition_count` is not positive.
pub fn partition_for(transactional_id: &str, partition_count: i32) -> PartitionIndex {
    assert!(partition_count > 0, "a topic has partitions");
    // `Utils.abs`, and not `Utils.toPositive`: the magnitude, with zero for i32::MIN.
    let hash = java_hash_code(transactional_id).checked_abs().unwrap_or(0);
    PartitionIndex::new(hash % partition_count)
}

/// Java's `String.hashCode`: over UTF-16 units, wrapping.
fn java_hash_code(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}
