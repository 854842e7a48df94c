//! Where a client sends a request about a partition: to the leader that Metadata names. Every client of ours asks here.

use crate::ErrorCode;
use crate::messages::metadata::MetadataResponsePartition;

/// The node that leads the partition; `None` if nobody does, and the client is to ask again.
pub fn leader(partition: &MetadataResponsePartition) -> Option<i32> {
    let is_led = partition.leader_id >= 0 && partition.error_code != ErrorCode::LeaderNotAvailable.code();
    is_led.then_some(partition.leader_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_is_a_node_that_is_available() {
        let check = |leader_id: i32, error: ErrorCode, expected: Option<i32>| {
            let partition = MetadataResponsePartition {
                leader_id,
                error_code: error.code(),
                ..MetadataResponsePartition::default()
            };
            assert_eq!(leader(&partition), expected, "{leader_id} {error}");
        };
        check(0, ErrorCode::None, Some(0));
        check(7, ErrorCode::ReplicaNotAvailable, Some(7));
        check(7, ErrorCode::LeaderNotAvailable, None);
        check(-1, ErrorCode::LeaderNotAvailable, None);
        check(-1, ErrorCode::None, None);
    }
}
