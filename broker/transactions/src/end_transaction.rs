//! EndTxn (Kafka's `TransactionCoordinator.endTransaction`).
//!
//! Under V2 a client that did not hear of an end repeats it with the epoch before the one that the end raised to. With the
//! id's present epoch it means the transaction after that, of which the coordinator may know nothing, so that it can be
//! aborted, and cannot be committed:
//!
//! ```text
//!                  abort                     commit
//!                  repeated     present      repeated     present
//! Empty            fenced       raises       fenced       invalid
//! CompleteAbort    done         raises       invalid      invalid
//! CompleteCommit   invalid      raises       done         invalid
//! ```
//! Under V1 the epoch is the present one or fenced; what is complete may be ended in the same way again.

use crate::decision::{Circumstances, Decision, Settled, check_id, end, is_from_before_rotation, raised};
use crate::transaction::Transaction;
use crate::{EndTransactionRequest, Response, TransactionError, TransactionResult, TransactionState};

pub(crate) fn decide(
    request: &EndTransactionRequest,
    transaction: Option<&Transaction>,
    around: Circumstances<'_>,
) -> Decision {
    if let Err(error) = check_id(&request.transactional_id) {
        return Decision::Refuse(error);
    }
    let Some(transaction) = transaction else {
        return Decision::Refuse(TransactionError::InvalidProducerIdMapping);
    };
    let is_v2 = request.client_version.raises_epoch();
    // Judged before the producer: with V2 the client may have one that is still on its way to the log (KAFKA-18660).
    if is_v2 && transaction.is_busy() {
        return Decision::Refuse(TransactionError::ConcurrentTransactions);
    }
    let Some(metadata) = &transaction.durable else {
        // Its first record is under way.
        return Decision::Refuse(TransactionError::InvalidProducerIdMapping);
    };
    let settled = Settled::new(transaction, metadata);
    if is_v2 {
        decide_v2(request, &settled, around)
    } else {
        decide_v1(request, &settled, transaction.is_busy(), around)
    }
}

fn decide_v1(
    request: &EndTransactionRequest,
    settled: &Settled<'_>,
    is_busy: bool,
    around: Circumstances<'_>,
) -> Decision {
    if settled.producer.producer_id != request.producer.producer_id {
        return Decision::Refuse(TransactionError::InvalidProducerIdMapping);
    }
    if settled.producer.epoch != request.producer.epoch {
        return Decision::Refuse(TransactionError::ProducerFenced);
    }
    if is_busy {
        return Decision::Refuse(TransactionError::ConcurrentTransactions);
    }
    match (settled.metadata.state(), request.result) {
        (TransactionState::Ongoing, result) => end(settled, result, request.client_version, around),
        (TransactionState::CompleteCommit, TransactionResult::Commit)
        | (TransactionState::CompleteAbort, TransactionResult::Abort) => {
            Decision::Answer(Response::EndTransaction(Ok(None)))
        }
        (TransactionState::PrepareCommit, TransactionResult::Commit)
        | (TransactionState::PrepareAbort, TransactionResult::Abort)
        | (TransactionState::Dead | TransactionState::PrepareEpochFence, _) => {
            Decision::Refuse(TransactionError::ConcurrentTransactions)
        }
        (TransactionState::PrepareCommit | TransactionState::CompleteCommit, TransactionResult::Abort)
        | (TransactionState::PrepareAbort | TransactionState::CompleteAbort, TransactionResult::Commit)
        | (TransactionState::Empty, _) => Decision::Refuse(TransactionError::InvalidTxnState),
    }
}

fn decide_v2(request: &EndTransactionRequest, settled: &Settled<'_>, around: Circumstances<'_>) -> Decision {
    let producer = request.producer;
    let is_rotated = is_from_before_rotation(settled, producer);
    if settled.producer.producer_id != producer.producer_id && !is_rotated {
        return Decision::Refuse(TransactionError::InvalidProducerIdMapping);
    }
    let is_present = settled.producer.epoch == producer.epoch;
    let is_repeated = is_rotated || (!is_present && settled.producer.epoch == raised(producer).epoch);
    let state = settled.metadata.state();
    let is_valid = match state {
        TransactionState::Empty
        | TransactionState::Ongoing
        | TransactionState::Dead
        | TransactionState::PrepareEpochFence => is_present,
        TransactionState::PrepareCommit | TransactionState::PrepareAbort => is_repeated,
        TransactionState::CompleteCommit | TransactionState::CompleteAbort => is_present || is_repeated,
    };
    if !is_valid {
        return Decision::Refuse(TransactionError::ProducerFenced);
    }
    match (state, request.result) {
        (TransactionState::Ongoing, result) => end(settled, result, request.client_version, around),
        (TransactionState::CompleteCommit, TransactionResult::Commit)
        | (TransactionState::CompleteAbort, TransactionResult::Abort)
            if is_repeated =>
        {
            Decision::Answer(Response::EndTransaction(Ok(Some(settled.producer))))
        }
        (
            TransactionState::Empty | TransactionState::CompleteCommit | TransactionState::CompleteAbort,
            TransactionResult::Abort,
        ) if !is_repeated => end(settled, TransactionResult::Abort, request.client_version, around),
        (TransactionState::PrepareCommit, TransactionResult::Commit)
        | (TransactionState::PrepareAbort, TransactionResult::Abort)
        | (TransactionState::Dead | TransactionState::PrepareEpochFence, _) => {
            Decision::Refuse(TransactionError::ConcurrentTransactions)
        }
        (
            TransactionState::Empty
            | TransactionState::PrepareCommit
            | TransactionState::PrepareAbort
            | TransactionState::CompleteCommit
            | TransactionState::CompleteAbort,
            _,
        ) => Decision::Refuse(TransactionError::InvalidTxnState),
    }
}
