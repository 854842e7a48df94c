//! AddOffsetsToTxn (API key 25): a transaction is about to commit offsets of a group. That is to add the partition of
//! `__consumer_offsets` that has the group.

use corelog_metadata::names;
use corelog_model::{ProducerEpoch, ProducerId, TopicName};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::add_offsets_to_txn::{AddOffsetsToTxnRequest, AddOffsetsToTxnResponse};
use corelog_transactions::{
    AddPartitionsRequest, ProducerIdAndEpoch, Request, Response, TopicPartition, TransactionVersion,
    TransactionalId,
};

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::{internal_topic_failure, transaction_code};
use crate::metadata::internal_topics::partition_of;
use crate::shard::{ControllerChannel, Shards};

/// Asks the coordinator; makes `__consumer_offsets` if it is not there.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    controller: &ControllerChannel,
    shards: &Shards,
    context: &RequestContext,
    request: AddOffsetsToTxnRequest,
) -> AddOffsetsToTxnResponse {
    let code = match partition_of(metadata, controller, names::CONSUMER_OFFSETS, &request.group_id).await {
        Err(error) => internal_topic_failure(&error).code,
        Ok(id) => {
            let partition = TopicPartition {
                topic: TopicName::new(names::CONSUMER_OFFSETS).expect("a good name"),
                partition: id.index,
            };
            let producer = ProducerIdAndEpoch {
                producer_id: ProducerId::new(request.producer_id),
                epoch: ProducerEpoch::new(request.producer_epoch),
            };
            let add = Request::AddPartitions(AddPartitionsRequest {
                transactional_id: TransactionalId::new(&request.transactional_id),
                producer,
                partitions: vec![partition],
                client_version: TransactionVersion::V0,
            });
            match coordinator::ask_of_transactions(metadata, shards, &request.transactional_id, add).await {
                Response::AddPartitions(Ok(())) => ErrorCode::None,
                Response::AddPartitions(Err(error)) => transaction_code(error, context.api, context.version),
                _ => unreachable!("an AddPartitions is answered as one"),
            }
        }
    };
    AddOffsetsToTxnResponse {
        error_code: code.code(),
        ..Default::default()
    }
}
