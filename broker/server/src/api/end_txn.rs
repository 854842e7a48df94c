//! EndTxn (API key 26): commits or aborts a transaction. From version 5 on each end raises the producer's epoch, which is
//! answered (KIP-890).

use corelog_model::{ProducerEpoch, ProducerId, TransactionResult};
use corelog_protocol::messages::end_txn::{EndTxnRequest, EndTxnResponse};
use corelog_transactions::{
    EndTransactionRequest, ProducerIdAndEpoch, Request, Response, TransactionVersion, TransactionalId,
};

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::transaction_code;
use crate::shard::Shards;

/// From this version on each end raises the epoch.
const RAISES_EPOCH: i16 = 5;

/// Asks the coordinator.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    context: &RequestContext,
    request: EndTxnRequest,
) -> EndTxnResponse {
    let end = Request::EndTransaction(EndTransactionRequest {
        transactional_id: TransactionalId::new(&request.transactional_id),
        producer: ProducerIdAndEpoch {
            producer_id: ProducerId::new(request.producer_id),
            epoch: ProducerEpoch::new(request.producer_epoch),
        },
        result: if request.committed {
            TransactionResult::Commit
        } else {
            TransactionResult::Abort
        },
        client_version: if context.version < RAISES_EPOCH {
            TransactionVersion::V0
        } else {
            TransactionVersion::V2
        },
    });
    let answer = |code: i16, producer: Option<ProducerIdAndEpoch>| EndTxnResponse {
        error_code: code,
        producer_id: producer.map_or(-1, |producer| producer.producer_id.get()),
        producer_epoch: producer.map_or(-1, |producer| producer.epoch.get()),
        ..Default::default()
    };
    match coordinator::ask_of_transactions(metadata, shards, &request.transactional_id, end).await {
        Response::EndTransaction(Ok(producer)) => answer(0, producer),
        Response::EndTransaction(Err(error)) => {
            answer(transaction_code(error, context.api, context.version).code(), None)
        }
        _ => unreachable!("an EndTransaction is answered as one"),
    }
}
