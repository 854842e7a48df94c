//! WriteTxnMarkers (API key 27): ends transactions in partitions. A coordinator elsewhere asks for it, or an administrator who
//! ends a transaction that hangs (`kafka-transactions abort`).

use std::collections::BTreeMap;

use corelog_groups::{TransactionEnd, TransactionalProducer};
use corelog_model::{PartitionId, PartitionIndex, ProducerEpoch, ProducerId, TransactionResult};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerPartitionResult, WritableTxnMarkerResult,
    WritableTxnMarkerTopicResult, WriteTxnMarkersRequest, WriteTxnMarkersResponse,
};

use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::shard::Shards;
use crate::transactions::markers::end_in;

/// The level of `transaction.version` from which on the coordinator raises the epoch for a marker.
const RAISES_EPOCH: i8 = 2;

/// Writes the markers one after another.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    _context: &RequestContext,
    request: WriteTxnMarkersRequest,
) -> WriteTxnMarkersResponse {
    let mut markers = Vec::with_capacity(request.markers.len());
    for marker in request.markers {
        markers.push(write(metadata, shards, marker).await);
    }
    WriteTxnMarkersResponse { markers }
}

async fn write(
    metadata: &MetadataCache,
    shards: &Shards,
    marker: WritableTxnMarker,
) -> WritableTxnMarkerResult {
    let image = metadata.image();
    let end = TransactionEnd {
        producer: TransactionalProducer {
            id: ProducerId::new(marker.producer_id),
            epoch: ProducerEpoch::new(marker.producer_epoch),
        },
        result: if marker.transaction_result {
            TransactionResult::Commit
        } else {
            TransactionResult::Abort
        },
        coordinator_epoch: marker.coordinator_epoch,
        raises_epoch: marker.transaction_version >= RAISES_EPOCH,
    };
    let find = |name: &str, index: i32| {
        let index = PartitionIndex::new(index);
        let topic = image
            .topic(name)
            .filter(|topic| topic.partition(index).is_some())?;
        Some(PartitionId {
            topic: topic.id,
            index,
        })
    };
    let named = marker.topics.iter().flat_map(|topic| {
        let indexes = topic.partition_indexes.iter();
        indexes.filter_map(|index| find(&topic.name, *index))
    });
    let ids: Vec<PartitionId> = named.collect();
    let written = end_in(shards, &image, end, &ids).await;
    let codes: BTreeMap<PartitionId, ErrorCode> = ids
        .into_iter()
        .zip(written)
        .map(|(id, result)| {
            (
                id,
                result.map_or_else(|failure| failure.code, |()| ErrorCode::None),
            )
        })
        .collect();
    let topics = marker.topics.into_iter().map(|topic| {
        let partition = |index: i32| {
            let id = find(&topic.name, index);
            let code = id.and_then(|id| codes.get(&id).copied());
            WritableTxnMarkerPartitionResult {
                partition_index: index,
                error_code: code.unwrap_or(ErrorCode::UnknownTopicOrPartition).code(),
            }
        };
        let partitions = topic
            .partition_indexes
            .iter()
            .map(|index| partition(*index))
            .collect();
        WritableTxnMarkerTopicResult {
            name: topic.name.clone(),
            partitions,
        }
    });
    WritableTxnMarkerResult {
        producer_id: marker.producer_id,
        topics: topics.collect(),
    }
}
