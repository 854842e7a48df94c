//! TxnOffsetCommit (API key 28): stores how far a group has read, once a transaction is committed.

use corelog_groups::{
    self as groups, Generation, GroupId, GroupOffset, InstanceId, MemberId, OffsetCommitPartition,
    OffsetCommitTopic, TopicResult, TransactionalProducer,
};
use corelog_metadata::{MetadataImage, TopicImage, names};
use corelog_model::{LeaderEpoch, PartitionIndex, ProducerEpoch, ProducerId, TopicName};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use corelog_transactions::{
    AddPartitionsRequest, ProducerIdAndEpoch, Request, Response, TopicPartition, TransactionVersion,
    TransactionalId, VerifyPartitionsRequest,
};

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::{group_code, group_result_code, offsets_transaction_code};
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
    let mut sorted = Sorted::default();
    for topic in std::mem::take(&mut request.topics) {
        sorted.add(&image, topic, context.version);
    }
    if sorted.topics.is_empty() {
        return sorted.into_response(Ok(Vec::new()));
    }
    // Before the transaction is asked about (`GroupCoordinatorService.commitTransactionalOffsets`).
    if request.group_id.is_empty() {
        return sorted.into_response(Err(ErrorCode::InvalidGroupId));
    }
    if let Err(code) = in_transaction(metadata, shards, context, &request).await {
        return sorted.into_response(Err(code));
    }
    let commit = groups::Request::TxnOffsetCommit(groups::TxnOffsetCommitRequest {
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
            topics: std::mem::take(&mut sorted.topics),
        },
    });
    match coordinator::ask(metadata, shards, &request.group_id, commit).await {
        groups::Response::TxnOffsetCommit(result) => {
            sorted.into_response(result.map_err(|error| group_code(&error)))
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

/// A partition's answer: known, or the next of the coordinator's.
type Slot = (i32, Option<ErrorCode>);

/// The request's partitions: those for the coordinator, and the frame of the response.
#[derive(Default)]
struct Sorted {
    topics: Vec<OffsetCommitTopic>,
    answers: Vec<(TxnOffsetCommitResponseTopic, Vec<Slot>)>,
}

impl Sorted {
    /// Whether topic and partition are there is judged before the group and its member; a topic that is there and has no
    /// partitions in the request is not answered (`KafkaApis.handleTxnOffsetCommitRequest`).
    fn add(&mut self, image: &MetadataImage, topic: TxnOffsetCommitRequestTopic, version: i16) {
        let (known, unknown) = if version >= TOPIC_IDS {
            (image.topic_by_id(topic.topic_id), ErrorCode::UnknownTopicId)
        } else {
            (image.topic(&topic.name), ErrorCode::UnknownTopicOrPartition)
        };
        if known.is_some() && topic.partitions.is_empty() {
            return;
        }
        let mut slots = Vec::with_capacity(topic.partitions.len());
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in topic.partitions {
            let index = partition.partition_index;
            let slot = match known {
                None => Some(unknown),
                Some(known) if known.partition(PartitionIndex::new(index)).is_none() => {
                    Some(ErrorCode::UnknownTopicOrPartition)
                }
                Some(_) => {
                    partitions.push(to_machine(partition));
                    None
                }
            };
            slots.push((index, slot));
        }
        if let Some(known) = known.filter(|_| !partitions.is_empty()) {
            self.topics.push(commit_topic(known, partitions));
        }
        let answer = TxnOffsetCommitResponseTopic {
            name: topic.name,
            topic_id: topic.topic_id,
            partitions: Vec::new(),
        };
        self.answers.push((answer, slots));
    }

    fn into_response(self, result: Result<Vec<TopicResult>, ErrorCode>) -> TxnOffsetCommitResponse {
        let (refused, results) = match result {
            Ok(topics) => (None, topics),
            Err(code) => (Some(code.code()), Vec::new()),
        };
        let mut results = results.into_iter().flat_map(|topic| topic.partitions);
        let topics = self.answers.into_iter().map(|(mut answer, slots)| {
            let partitions =
                slots
                    .into_iter()
                    .map(|(partition_index, known)| TxnOffsetCommitResponsePartition {
                        partition_index,
                        error_code: match (known, refused) {
                            (Some(code), _) => code.code(),
                            (None, Some(code)) => code,
                            (None, None) => {
                                let result = results.next().expect("one result a partition");
                                group_result_code(&result.result)
                            }
                        },
                    });
            answer.partitions = partitions.collect();
            answer
        });
        TxnOffsetCommitResponse {
            topics: topics.collect(),
            ..Default::default()
        }
    }
}

fn commit_topic(topic: &TopicImage, partitions: Vec<OffsetCommitPartition>) -> OffsetCommitTopic {
    OffsetCommitTopic {
        topic: topic.name.clone(),
        topic_id: topic.id,
        partitions,
    }
}

fn to_machine(partition: TxnOffsetCommitRequestPartition) -> OffsetCommitPartition {
    OffsetCommitPartition {
        partition: PartitionIndex::new(partition.partition_index),
        offset: GroupOffset::new(partition.committed_offset),
        leader_epoch: Some(partition.committed_leader_epoch)
            .filter(|epoch| *epoch >= 0)
            .map(LeaderEpoch::new),
        metadata: partition.committed_metadata.unwrap_or_default(),
    }
}
