//! DeleteRecords (API key 21): moves the start of logs (KIP-107).

use std::collections::BTreeMap;
use std::rc::Rc;

use corelog_model::{Offset, PartitionId, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::delete_records::{
    DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopic,
    DeleteRecordsTopicResult,
};
use corelog_runtime::LocalFuture;
use futures_util::future::join_all;

use crate::clients::RequestContext;
use crate::error_codes::delete_records_failure;
use crate::partitions::LogApi;
use crate::shard::Shard;

/// The offset that stands for the high watermark.
const HIGH_WATERMARK: i64 = -1;

/// Has the owner of each partition move its log's start, durably.
pub(crate) async fn handle(
    shard: Rc<Shard>,
    _context: RequestContext,
    request: DeleteRecordsRequest,
) -> DeleteRecordsResponse {
    let image = shard.image();
    let mut items = Vec::new();
    let mut topics = Vec::with_capacity(request.topics.len());
    for (name, offsets) in by_topic(request.topics) {
        let known = image.topic(&name);
        let mut partitions = Vec::with_capacity(offsets.len());
        for (index, offset) in offsets {
            let index = PartitionIndex::new(index);
            let mut answer = DeleteRecordsPartitionResult {
                partition_index: index.get(),
                low_watermark: -1,
                ..Default::default()
            };
            match known.filter(|topic| topic.partition(index).is_some()) {
                Some(topic) if topic.is_internal() => {
                    answer.error_code = ErrorCode::InvalidTopicException.code();
                }
                Some(topic) => items.push((
                    PartitionId {
                        topic: topic.id,
                        index,
                    },
                    offset,
                )),
                None => answer.error_code = ErrorCode::UnknownTopicOrPartition.code(),
            }
            partitions.push(answer);
        }
        topics.push(DeleteRecordsTopicResult { name, partitions });
    }
    let mut results = shard.on_owners(items, delete).await.into_iter();
    for answer in topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        if answer.error_code != 0 {
            continue;
        }
        match results.next().expect("one result a partition that is known") {
            Ok(start) => answer.low_watermark = start,
            Err(code) => answer.error_code = code.code(),
        }
    }
    DeleteRecordsResponse {
        topics,
        ..Default::default()
    }
}

/// What is asked of each partition. Of a partition that is named twice the last offset counts, and a topic without
/// partitions is not answered (`KafkaApis.handleDeleteRecordsRequest`).
fn by_topic(asked: Vec<DeleteRecordsTopic>) -> BTreeMap<String, BTreeMap<i32, i64>> {
    let mut topics: BTreeMap<String, BTreeMap<i32, i64>> = BTreeMap::new();
    for topic in asked.into_iter().filter(|topic| !topic.partitions.is_empty()) {
        let partitions = topic.partitions.into_iter();
        let offsets = partitions.map(|asked| (asked.partition_index, asked.offset));
        topics.entry(topic.name).or_default().extend(offsets);
    }
    topics
}

fn delete(shard: &Rc<Shard>, items: Vec<(PartitionId, i64)>) -> LocalFuture<Vec<Result<i64, ErrorCode>>> {
    let deletions = items.into_iter().map(move |(id, offset)| {
        let shard = Rc::clone(shard);
        async move {
            let partition = shard.partition(LogApi::DeleteRecords, &id)?;
            let log = partition.log();
            let config = log.config();
            if config.compact && !config.delete {
                // A compacted log keeps the last record of every key (`Partition.deleteRecordsOnLeader`).
                return Err(ErrorCode::PolicyViolation);
            }
            let before = match offset {
                HIGH_WATERMARK => None,
                offset => Some(Offset::new(offset).ok_or(ErrorCode::OffsetOutOfRange)?),
            };
            log.delete_records(before)
                .await
                .map(|_| partition.low_watermark().get())
                .map_err(|error| delete_records_failure(&error).code)
        }
    });
    Box::pin(join_all(deletions))
}
