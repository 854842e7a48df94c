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
use crate::markers::end_in;
use crate::shard::Shards;

/// The level of `transaction.version` from which on the coordinator raises the epoch for a marker.
const RAISES_EPOCH: i8 = 2;

/// Writes the markers one after another.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    _context: &RequestContext,
    request: WriteTxnMarkersRequest,
) -> WriteTxnMarkersResponse {
    let mut results: BTreeMap<i64, Ended> = BTreeMap::new();
    for marker in request.markers {
        let producer_id = marker.producer_id;
        let codes = write(metadata, shards, marker).await;
        if !codes.is_empty() {
            results.entry(producer_id).or_default().extend(codes);
        }
    }
    let markers = results
        .into_iter()
        .map(|(producer_id, codes)| WritableTxnMarkerResult {
            producer_id,
            topics: by_topic(codes),
        });
    WriteTxnMarkersResponse {
        markers: markers.collect(),
    }
}

/// What became of a producer's partitions, each named once, as Kafka answers it.
type Ended = BTreeMap<(String, i32), ErrorCode>;

fn by_topic(codes: Ended) -> Vec<WritableTxnMarkerTopicResult> {
    let mut topics: Vec<WritableTxnMarkerTopicResult> = Vec::new();
    for ((name, partition_index), code) in codes {
        let result = WritableTxnMarkerPartitionResult {
            partition_index,
            error_code: code.code(),
        };
        match topics.last_mut() {
            Some(topic) if topic.name == name => topic.partitions.push(result),
            _ => topics.push(WritableTxnMarkerTopicResult {
                name,
                partitions: vec![result],
            }),
        }
    }
    topics
}

async fn write(metadata: &MetadataCache, shards: &Shards, marker: WritableTxnMarker) -> Ended {
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
    let find = |name: &str, index: i32| image.partition_id(name, PartitionIndex::new(index));
    let mut ended = Ended::new();
    let mut ids = Vec::new();
    for topic in marker.topics {
        for index in topic.partition_indexes {
            ids.extend(find(&topic.name, index).map(|id| (id, topic.name.clone())));
            ended.insert((topic.name.clone(), index), ErrorCode::UnknownTopicOrPartition);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    let (ids, names): (Vec<PartitionId>, Vec<String>) = ids.into_iter().unzip();
    let written = end_in(shards, &image, end, &ids).await;
    for ((id, name), result) in ids.into_iter().zip(names).zip(written) {
        let code = result.map_or_else(|failure| failure.code, |()| ErrorCode::None);
        ended.insert((name, id.index.get()), code);
    }
    ended
}
