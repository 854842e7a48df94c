//! InitProducerId (API key 22): a number for an idempotent producer (KIP-98, KIP-360), and the producer of a transactional id,
//! whose earlier ones it fences.

use corelog_model::{ProducerEpoch, ProducerId};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use corelog_transactions::{self as transactions, ProducerIdAndEpoch, Request, Response, TransactionalId};

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::{change_failure, transaction_code};
use crate::metadata::next_producer_id;
use crate::shard::{ControllerChannel, Shards};

/// Gives a producer without a transactional id a new producer id, always with epoch 0. Kafka does the same for one
/// that names its old id: its sequence starts over under the new one. A transactional id's coordinator is asked.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    controller: &ControllerChannel,
    shards: &Shards,
    context: &RequestContext,
    request: InitProducerIdRequest,
) -> InitProducerIdResponse {
    let refuse = |code: ErrorCode| InitProducerIdResponse {
        error_code: code.code(),
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    let give = |producer: ProducerIdAndEpoch| InitProducerIdResponse {
        producer_id: producer.producer_id.get(),
        producer_epoch: producer.epoch.get(),
        ..Default::default()
    };
    let is_half = (request.producer_id == -1) != (request.producer_epoch == -1);
    if is_half || request.transactional_id.as_deref() == Some("") {
        return refuse(ErrorCode::InvalidRequest);
    }
    let Some(transactional_id) = request.transactional_id else {
        return match next_producer_id(controller).await {
            Ok(producer_id) => give(ProducerIdAndEpoch {
                producer_id,
                epoch: ProducerEpoch::new(0),
            }),
            Err(error) => refuse(change_failure(&error).code),
        };
    };
    let init = Request::InitProducerId(transactions::InitProducerIdRequest {
        transactional_id: TransactionalId::new(&transactional_id),
        timeout_ms: request.transaction_timeout_ms,
        expected: (request.producer_id != -1).then(|| ProducerIdAndEpoch {
            producer_id: ProducerId::new(request.producer_id),
            epoch: ProducerEpoch::new(request.producer_epoch),
        }),
    });
    match coordinator::ask_of_transactions(metadata, shards, &transactional_id, init).await {
        Response::InitProducerId(Ok(producer)) => give(producer),
        Response::InitProducerId(Err(error)) => refuse(transaction_code(error, context.api, context.version)),
        _ => unreachable!("an InitProducerId is answered as one"),
    }
}
