//! OffsetForLeaderEpoch (API key 23): where a leader's reign ended (KIP-101, KIP-320).

use std::rc::Rc;

use corelog_model::{LeaderEpoch, PartitionId, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};

use super::routed::{PartitionAnswer, Routed};
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::{epoch_failure, read_failure};
use crate::partitions::{LogApi, Partitions};
use crate::shard::{Items, OwnerWork, Results, Shards};

/// Asks the owner of each partition for the end of the largest epoch not above the one asked for.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    _context: &RequestContext,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let image = metadata.image();
    let mut asking = Routed::new(FindEnd);
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let known = image.topic(&topic.topic).map(|topic| &**topic);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in topic.partitions {
            let index = PartitionIndex::new(asked.partition);
            let question = Question {
                leader_epoch: asked.leader_epoch,
                current_leader_epoch: asked.current_leader_epoch,
            };
            partitions.push(EpochEndOffset {
                partition: index.get(),
                error_code: asking.ask_of(known, index, question).code(),
                ..Default::default()
            });
        }
        topics.push(OffsetForLeaderTopicResult {
            topic: topic.topic,
            partitions,
        });
    }
    let answers = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
    let fill = |answer: &mut EpochEndOffset, found| match found {
        Ok((epoch, end)) => {
            answer.leader_epoch = epoch;
            answer.end_offset = end;
        }
        Err(code) => answer.error_code = ErrorCode::code(code),
    };
    asking.answer(shards, answers, fill).await;
    OffsetForLeaderEpochResponse {
        topics,
        ..Default::default()
    }
}

/// What is asked of a partition.
struct Question {
    leader_epoch: i32,
    current_leader_epoch: i32,
}

/// Has the owners find where an epoch ended; -1 for none in both parts of a result.
#[derive(Clone, Copy)]
struct FindEnd;

impl OwnerWork for FindEnd {
    type Item = Question;
    type Done = Result<(i32, i64), ErrorCode>;

    async fn run(self, partitions: Rc<Partitions>, items: Items<Question>) -> Results<Self::Done> {
        let find = |(id, question): (PartitionId, Question)| {
            let partition = partitions.find(LogApi::OffsetForLeaderEpoch, &id)?;
            partition
                .check_epoch(question.current_leader_epoch)
                .map_err(|error| epoch_failure(&error).code)?;
            let asked = LeaderEpoch::new(question.leader_epoch);
            let end = partition.log().end_offset_for_epoch(asked);
            let end = end.map_err(|error| read_failure(&error).code)?;
            Ok(end.map_or((-1, -1), |(epoch, end)| (epoch.get(), end.get())))
        };
        items.into_iter().map(find).collect()
    }
}

impl PartitionAnswer for EpochEndOffset {
    fn error_code(&self) -> i16 {
        self.error_code
    }
}
