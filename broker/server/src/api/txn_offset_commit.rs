//! TxnOffsetCommit (API key 28): stores how far a group has read, once a transaction is committed.

use corelog_groups::{
    self as groups, Generation, GroupId, InstanceId, MemberId, TopicResult, TransactionalProducer,
};
use corelog_metadata::names;
use corelog_model::{ProducerEpoch, ProducerId, TopicName};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use corelog_transactions::{
    AddPartitionsRequest, ProducerIdAndEpoch, Request, Response, TopicPartition, TransactionVersion,
    TransactionalId, VerifyPartitionsRequest,
};

use crate::api::commit::{Commit, Committed, CommittedAnswer, Naming, committed_partition};
use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::{group_code, offsets_transaction_code};
use crate::metadata::internal_topics::known_partition_of;
use crate::shard::Shards;

/// From this version on topics are named by their ids.
const TOPIC_IDS: i16 = 6;
/// From this version on a generation of an unknown group is answered as such (KIP-1319).
const GROUP_ID_NOT_FOUND: i16 = 6;
/// From this version on the group's partition is added to the transaction here (KIP-890).
const ADDS_PARTITION: i16 = 5;

/// Answers for what cannot be committed, asks the transaction's coordinator, and has the group's store the rest.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    context: &RequestContext,
    mut request: TxnOffsetCommitRequest,
) -> TxnOffsetCommitResponse {
    let image = metadata.image();
    let naming = if context.version >= TOPIC_IDS {
        Naming::Ids
    } else {
        Naming::Names
    };
    let mut commit = Commit::default();
    for topic in std::mem::take(&mut request.topics) {
        commit.add(&image, committed(topic), naming);
    }
    if commit.topics.is_empty() {
        return respond(commit, Ok(Vec::new()));
    }
    // Before the transaction is asked about (`GroupCoordinatorService.commitTransactionalOffsets`).
    if request.group_id.is_empty() {
        return respond(commit, Err(ErrorCode::InvalidGroupId));
    }
    if let Err(code) = in_transaction(metadata, shards, context, &request).await {
        return respond(commit, Err(code));
    }
    let asked = groups::Request::TxnOffsetCommit(groups::TxnOffsetCommitRequest {
        producer: TransactionalProducer {
            id: ProducerId::new(request.producer_id),
            epoch: ProducerEpoch::new(request.producer_epoch),
        },
        commit: groups::OffsetCommitRequest {
            group_id: GroupId::new(&request.group_id),
            generation: Generation::new(request.generation_id_or_member_epoch),
            member_id: MemberId::new(&request.member_id),
            group_instance_id: request.group_instance_id.as_deref().map(InstanceId::new),
            retention: None,
            supports_group_id_not_found: context.version >= GROUP_ID_NOT_FOUND,
            topics: std::mem::take(&mut commit.topics),
        },
    });
    match coordinator::ask(metadata, shards, &request.group_id, asked).await {
        groups::Response::TxnOffsetCommit(result) => {
            respond(commit, result.map_err(|error| group_code(&error)))
        }
        _ => unreachable!("a TxnOffsetCommit is answered as one"),
    }
}

/// Whether the transaction has the group's partition; from version 5 on it is added.
async fn in_transaction(
    metadata: &MetadataCache,
    shards: &Shards,
    context: &RequestContext,
    request: &TxnOffsetCommitRequest,
) -> Result<(), ErrorCode> {
    let image = metadata.image();
    let Some(id) = known_partition_of(&image, names::CONSUMER_OFFSETS, &request.group_id) else {
        return Err(ErrorCode::NotCoordinator);
    };
    let partitions = vec![TopicPartition {
        topic: TopicName::new(names::CONSUMER_OFFSETS).expect("a good name"),
        partition: id.index,
    }];
    let transactional_id = TransactionalId::new(&request.transactional_id);
    let producer = ProducerIdAndEpoch {
        producer_id: ProducerId::new(request.producer_id),
        epoch: ProducerEpoch::new(request.producer_epoch),
    };
    let ask = if context.version >= ADDS_PARTITION {
        Request::AddPartitions(AddPartitionsRequest {
            transactional_id,
            producer,
            partitions,
            client_version: TransactionVersion::V2,
        })
    } else {
        Request::VerifyPartitions(VerifyPartitionsRequest {
            transactional_id,
            producer,
            partitions,
        })
    };
    let code = |error| offsets_transaction_code(error, context.version);
    match coordinator::ask_of_transactions(metadata, shards, &request.transactional_id, ask).await {
        Response::AddPartitions(result) => result.map_err(code),
        Response::VerifyPartitions(results) => results
            .into_iter()
            .try_for_each(|(_, result)| result)
            .map_err(code),
        _ => unreachable!("each request is answered as itself"),
    }
}

fn committed(topic: TxnOffsetCommitRequestTopic) -> Committed {
    let partition = |partition: TxnOffsetCommitRequestPartition| {
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

fn respond(commit: Commit, result: Result<Vec<TopicResult>, ErrorCode>) -> TxnOffsetCommitResponse {
    let partition = |(partition_index, error_code)| TxnOffsetCommitResponsePartition {
        partition_index,
        error_code,
    };
    let topic = |answer: CommittedAnswer| TxnOffsetCommitResponseTopic {
        name: answer.name,
        topic_id: answer.topic_id,
        partitions: answer.partitions.into_iter().map(partition).collect(),
    };
    TxnOffsetCommitResponse {
        topics: commit.into_answers(result).map(topic).collect(),
        ..Default::default()
    }
}
