//! OffsetForLeaderEpoch (API key 23): where a leader's reign ended (KIP-101, KIP-320).

use std::rc::Rc;

use corelog_model::{LeaderEpoch, PartitionId, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};
use corelog_runtime::LocalFuture;

use crate::clients::RequestContext;
use crate::error_codes::{epoch_failure, read_failure};
use crate::partitions::LogApi;
use crate::shard::Shard;

/// Asks the owner of each partition for the end of the largest epoch not above the one asked for.
pub(crate) async fn handle(
    shard: Rc<Shard>,
    _context: RequestContext,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let image = shard.image();
    let mut items = Vec::new();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let known = image.topic(&topic.topic);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in topic.partitions {
            let index = PartitionIndex::new(asked.partition);
            let mut answer = EpochEndOffset {
                partition: index.get(),
                ..Default::default()
            };
            match known.filter(|topic| topic.partition(index).is_some()) {
                Some(topic) => {
                    let id = PartitionId {
                        topic: topic.id,
                        index,
                    };
                    items.push((id, (asked.leader_epoch, asked.current_leader_epoch)));
                }
                None => answer.error_code = ErrorCode::UnknownTopicOrPartition.code(),
            }
            partitions.push(answer);
        }
        topics.push(OffsetForLeaderTopicResult {
            topic: topic.topic,
            partitions,
        });
    }
    let mut found = shard.on_owners(items, look_up).await.into_iter();
    for answer in topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        if answer.error_code != 0 {
            continue;
        }
        match found.next().expect("one result a partition that is known") {
            Ok((epoch, end)) => {
                answer.leader_epoch = epoch;
                answer.end_offset = end;
            }
            Err(code) => answer.error_code = code.code(),
        }
    }
    OffsetForLeaderEpochResponse {
        topics,
        ..Default::default()
    }
}

fn look_up(
    shard: &Rc<Shard>,
    items: Vec<(PartitionId, (i32, i32))>,
) -> LocalFuture<Vec<Result<(i32, i64), ErrorCode>>> {
    let answers = items.into_iter().map(|(id, (asked, current))| {
        let partition = shard.partition(LogApi::OffsetForLeaderEpoch, &id)?;
        partition
            .check_epoch(current)
            .map_err(|error| epoch_failure(&error).code)?;
        let end = partition.log().end_offset_for_epoch(LeaderEpoch::new(asked));
        let end = end.map_err(|error| read_failure(&error).code)?;
        Ok(end.map_or((-1, -1), |(epoch, end)| (epoch.get(), end.get())))
    });
    let answers: Vec<_> = answers.collect();
    Box::pin(std::future::ready(answers))
}
