//! InitProducerId (API key 22): a number for an idempotent producer (KIP-98, KIP-360).

use corelog_protocol::ErrorCode;
use corelog_protocol::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};

use crate::clients::RequestContext;
use crate::error_codes::change_failure;
use crate::metadata::next_producer_id;
use crate::shard::ControllerChannel;

/// Gives a producer without a transactional id a new producer id, always with epoch 0. Kafka does the same for one
/// that names its old id: its sequence starts over under the new one.
pub(crate) async fn handle(
    controller: &ControllerChannel,
    _context: &RequestContext,
    request: InitProducerIdRequest,
) -> InitProducerIdResponse {
    let refuse = |code: ErrorCode| InitProducerIdResponse {
        error_code: code.code(),
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    match request.transactional_id.as_deref() {
        Some("") => return refuse(ErrorCode::InvalidRequest),
        // There are no transactions, which FindCoordinator has said already. Whoever has not asked it takes this code
        // for final, where librdkafka tries again after UNSUPPORTED_VERSION.
        Some(_) => return refuse(ErrorCode::TransactionalIdAuthorizationFailed),
        None => {}
    }
    if (request.producer_id == -1) != (request.producer_epoch == -1) {
        return refuse(ErrorCode::InvalidRequest);
    }
    match next_producer_id(controller).await {
        Ok(id) => InitProducerIdResponse {
            producer_id: id.get(),
            producer_epoch: 0,
            ..Default::default()
        },
        Err(error) => refuse(change_failure(&error).code),
    }
}
