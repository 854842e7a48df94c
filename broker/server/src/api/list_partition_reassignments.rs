//! ListPartitionReassignments (API key 46): none, for none can be begun. `kafka-topics --describe` asks.

use std::rc::Rc;

use corelog_protocol::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};

use crate::clients::RequestContext;
use crate::shard::Shard;

/// Kafka does not complain of unknown partitions either.
pub(crate) async fn handle(
    _shard: Rc<Shard>,
    _context: RequestContext,
    _request: ListPartitionReassignmentsRequest,
) -> ListPartitionReassignmentsResponse {
    ListPartitionReassignmentsResponse {
        error_message: None,
        ..Default::default()
    }
}
