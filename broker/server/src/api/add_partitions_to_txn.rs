//! AddPartitionsToTxn (API key 24): the partitions that a transaction is about to write to. Before version 4 of one transaction;
//! from then on brokers ask, of many, and may ask whether they have partitions already (KIP-890).

use std::collections::{BTreeMap, BTreeSet};

use corelog_metadata::MetadataImage;
use corelog_model::{PartitionIndex, ProducerEpoch, ProducerId, TopicName};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    AddPartitionsToTxnResult, AddPartitionsToTxnTopic, AddPartitionsToTxnTopicResult,
    AddPartitionsToTxnTransaction,
};
use corelog_transactions::{
    AddPartitionsRequest, ProducerIdAndEpoch, Request, Response, TopicPartition, TransactionVersion,
    TransactionalId, VerifyPartitionsRequest,
};

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::transaction_code;
use crate::shard::Shards;

/// From this version on a request is of many transactions, and a broker's.
const MANY: i16 = 4;

/// Asks the coordinator of each transaction. Where a partition is not there none of that transaction is added.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    context: &RequestContext,
    request: AddPartitionsToTxnRequest,
) -> AddPartitionsToTxnResponse {
    if context.version < MANY {
        let transaction = AddPartitionsToTxnTransaction {
            transactional_id: request.v3_and_below_transactional_id,
            producer_id: request.v3_and_below_producer_id,
            producer_epoch: request.v3_and_below_producer_epoch,
            verify_only: false,
            topics: request.v3_and_below_topics,
        };
        let result = add(metadata, shards, context, transaction).await;
        return AddPartitionsToTxnResponse {
            results_by_topic_v3_and_below: result.topic_results,
            ..Default::default()
        };
    }
    let mut results = Vec::with_capacity(request.transactions.len());
    for transaction in request.transactions {
        results.push(add(metadata, shards, context, transaction).await);
    }
    AddPartitionsToTxnResponse {
        results_by_transaction: results,
        ..Default::default()
    }
}

async fn add(
    metadata: &MetadataCache,
    shards: &Shards,
    context: &RequestContext,
    mut transaction: AddPartitionsToTxnTransaction,
) -> AddPartitionsToTxnResult {
    let image = metadata.image();
    let all = |topics: &[AddPartitionsToTxnTopic]| -> Vec<Result<TopicPartition, ErrorCode>> {
        topics.iter().flat_map(|topic| find(&image, topic)).collect()
    };
    let mut found = all(&transaction.topics);
    if found.iter().any(Result::is_err) {
        transaction.topics = once(transaction.topics);
        found = all(&transaction.topics);
    }
    let known: Option<Vec<TopicPartition>> = found.iter().map(|found| found.clone().ok()).collect();
    let id = TransactionalId::new(&transaction.transactional_id);
    let producer = ProducerIdAndEpoch {
        producer_id: ProducerId::new(transaction.producer_id),
        epoch: ProducerEpoch::new(transaction.producer_epoch),
    };
    let codes: Vec<ErrorCode> = match known {
        // As in Kafka, all or none.
        None => {
            let code = |found: &Result<_, ErrorCode>| match found {
                Ok(_) => ErrorCode::OperationNotAttempted,
                Err(code) => *code,
            };
            found.iter().map(code).collect()
        }
        Some(partitions) => {
            let count = partitions.len();
            let request = if transaction.verify_only {
                Request::VerifyPartitions(VerifyPartitionsRequest {
                    transactional_id: id,
                    producer,
                    partitions,
                })
            } else {
                Request::AddPartitions(AddPartitionsRequest {
                    transactional_id: id,
                    producer,
                    partitions,
                    client_version: if context.version < MANY {
                        TransactionVersion::V0
                    } else {
                        TransactionVersion::V2
                    },
                })
            };
            let code = |result: Result<(), _>| match result {
                Ok(()) => ErrorCode::None,
                Err(error) => transaction_code(error, context.api, context.version),
            };
            let asked =
                coordinator::ask_of_transactions(metadata, shards, &transaction.transactional_id, request);
            match asked.await {
                Response::AddPartitions(result) => vec![code(result); count],
                Response::VerifyPartitions(results) => {
                    results.into_iter().map(|(_, result)| code(result)).collect()
                }
                _ => unreachable!("each request is answered as itself"),
            }
        }
    };
    let mut codes = codes.into_iter();
    let topic_results = transaction.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter();
        AddPartitionsToTxnTopicResult {
            name: topic.name,
            results_by_partition: partitions
                .map(|partition_index| AddPartitionsToTxnPartitionResult {
                    partition_index,
                    partition_error_code: codes.next().expect("one code a partition").code(),
                })
                .collect(),
        }
    });
    AddPartitionsToTxnResult {
        topic_results: topic_results.collect(),
        transactional_id: transaction.transactional_id,
    }
}

/// Each topic and partition once, as Kafka answers where it adds none.
fn once(topics: Vec<AddPartitionsToTxnTopic>) -> Vec<AddPartitionsToTxnTopic> {
    let mut merged: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
    for topic in topics {
        merged.entry(topic.name).or_default().extend(topic.partitions);
    }
    let merged = merged
        .into_iter()
        .map(|(name, partitions)| AddPartitionsToTxnTopic {
            name,
            partitions: partitions.into_iter().collect(),
        });
    merged.collect()
}

fn find(image: &MetadataImage, topic: &AddPartitionsToTxnTopic) -> Vec<Result<TopicPartition, ErrorCode>> {
    let known = image.topic(&topic.name);
    let find = |index: &i32| {
        let partition = PartitionIndex::new(*index);
        let known = known.filter(|known| known.partition(partition).is_some());
        let known = known.ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let topic: TopicName = known.name.clone();
        Ok(TopicPartition { topic, partition })
    };
    topic.partitions.iter().map(find).collect()
}
