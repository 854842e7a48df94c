//! DeleteRecords (API key 21): moves the start of logs (KIP-107).

use std::collections::BTreeMap;
use std::rc::Rc;

use corelog_model::{Offset, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::delete_records::{
    DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopic,
    DeleteRecordsTopicResult,
};
use futures_util::future::join_all;

use super::routed::{PartitionAnswer, Routed};
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::delete_records_failure;
use crate::partitions::{LogApi, Partitions};
use crate::shard::{Items, OwnerWork, Results, Shards};

/// The offset that stands for the high watermark.
const HIGH_WATERMARK: i64 = -1;

/// Has the owner of each partition move its log's start, durably.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    _context: &RequestContext,
    request: DeleteRecordsRequest,
) -> DeleteRecordsResponse {
    let image = metadata.image();
    let mut asking = Routed::new(DeleteBefore);
    let mut topics = Vec::with_capacity(request.topics.len());
    for (name, offsets) in by_topic(request.topics) {
        let known = image.topic(&name).map(|topic| &**topic);
        let mut partitions = Vec::with_capacity(offsets.len());
        for (index, offset) in offsets {
            let index = PartitionIndex::new(index);
            let is_internal =
                known.is_some_and(|topic| topic.is_internal() && topic.partition(index).is_some());
            let error = if is_internal {
                ErrorCode::InvalidTopicException
            } else {
                asking.ask_of(known, index, offset)
            };
            partitions.push(DeleteRecordsPartitionResult {
                partition_index: index.get(),
                low_watermark: -1,
                error_code: error.code(),
            });
        }
        topics.push(DeleteRecordsTopicResult { name, partitions });
    }
    let answers = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
    let fill = |answer: &mut DeleteRecordsPartitionResult, deleted| match deleted {
        Ok(start) => answer.low_watermark = start,
        Err(code) => answer.error_code = ErrorCode::code(code),
    };
    asking.answer(shards, answers, fill).await;
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

impl PartitionAnswer for DeleteRecordsPartitionResult {
    fn error_code(&self) -> i16 {
        self.error_code
    }
}

/// Has the owners move the starts of their logs to an offset.
#[derive(Clone, Copy)]
struct DeleteBefore;

impl OwnerWork for DeleteBefore {
    type Item = i64;
    type Done = Result<i64, ErrorCode>;

    async fn run(self, partitions: Rc<Partitions>, items: Items<i64>) -> Results<Self::Done> {
        let delete = async |(id, offset)| {
            let partition = partitions.find(LogApi::DeleteRecords, &id)?;
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
        };
        join_all(items.into_iter().map(delete)).await.into()
    }
}
