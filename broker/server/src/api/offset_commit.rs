//! OffsetCommit (API key 8): stores how far a group has read. Answered when the offsets are durable.

use std::time::Duration;

use corelog_groups::{
    self as groups, Generation, GroupId, InstanceId, MemberId, Request, Response, TopicResult,
};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse,
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};

use crate::api::commit::{Commit, Committed, CommittedAnswer, Naming, committed_partition};
use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::group_code;
use crate::shard::Shards;

/// From this version on topics are named by their ids.
const TOPIC_IDS: i16 = 10;
/// From this version on a generation of an unknown group is answered as such (KIP-848).
const GROUP_ID_NOT_FOUND: i16 = 9;

/// Answers for what cannot be committed and has the group's coordinator store the rest.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    context: &RequestContext,
    request: OffsetCommitRequest,
) -> OffsetCommitResponse {
    let naming = if context.version >= TOPIC_IDS {
        Naming::Ids
    } else {
        Naming::Names
    };
    let mut commit = Commit::default();
    let image = metadata.image();
    for topic in request.topics {
        commit.add(&image, committed(topic), naming);
    }
    if commit.topics.is_empty() {
        return respond(commit, Ok(Vec::new()));
    }
    let asked = Request::OffsetCommit(groups::OffsetCommitRequest {
        group_id: GroupId::new(&request.group_id),
        generation: Generation::new(request.generation_id_or_member_epoch),
        member_id: MemberId::new(&request.member_id),
        group_instance_id: request.group_instance_id.as_deref().map(InstanceId::new),
        // -1: as the broker is configured.
        retention: u64::try_from(request.retention_time_ms)
            .ok()
            .map(Duration::from_millis),
        supports_group_id_not_found: context.version >= GROUP_ID_NOT_FOUND,
        topics: std::mem::take(&mut commit.topics),
    });
    match coordinator::ask(metadata, shards, &request.group_id, asked).await {
        Response::OffsetCommit(result) => respond(commit, result.map_err(|error| group_code(&error))),
        _ => unreachable!("an OffsetCommit is answered as one"),
    }
}

fn committed(topic: OffsetCommitRequestTopic) -> Committed {
    let partition = |partition: OffsetCommitRequestPartition| {
        committed_partition(
            partition.partition_index,
            partition.committed_offset,
            partition.committed_leader_epoch,
            partition.committed_metadata,
        )
    };
    Committed {
        name: topic.name,
        topic_id: topic.topic_id,
        partitions: topic.partitions.into_iter().map(partition).collect(),
    }
}

fn respond(commit: Commit, result: Result<Vec<TopicResult>, ErrorCode>) -> OffsetCommitResponse {
    let partition = |(partition_index, error_code)| OffsetCommitResponsePartition {
        partition_index,
        error_code,
    };
    let topic = |answer: CommittedAnswer| OffsetCommitResponseTopic {
        name: answer.name,
        topic_id: answer.topic_id,
        partitions: answer.partitions.into_iter().map(partition).collect(),
    };
    OffsetCommitResponse {
        topics: commit.into_answers(result).map(topic).collect(),
        ..Default::default()
    }
}
