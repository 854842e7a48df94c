//! ListPartitionReassignments (API key 46): none, for none can be begun. `kafka-topics --describe` asks.

use corelog_protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};

use crate::clients::RequestContext;

/// Kafka does not complain of unknown partitions either.
pub(crate) async fn handle(
    _context: &RequestContext,
    _request: ListPartitionReassignmentsRequest,
) -> ListPartitionReassignmentsResponse {
    ListPartitionReassignmentsResponse {
        error_message: None,
        ..Default::default()
    }
}
