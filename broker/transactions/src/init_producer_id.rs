//! InitProducerId (Kafka's `TransactionCoordinator.handleInitProducerId`).

use corelog_model::ProducerEpoch;

use crate::decision::{Circumstances, Decision, Settled, check_id, fence, is_exhausted, raised};
use crate::transaction::Transaction;
use crate::{
    InitProducerIdRequest, Partitions, ProducerIdAndEpoch, TransactionConfig, TransactionError,
    TransactionLogValue, TransactionState, TransactionVersion,
};

pub(crate) fn decide(
    request: &InitProducerIdRequest,
    transaction: Option<&Transaction>,
    around: Circumstances<'_>,
) -> Decision {
    if let Err(error) = check(request, around.config) {
        return Decision::Refuse(error);
    }
    if transaction.is_some_and(Transaction::is_busy) {
        return Decision::Refuse(TransactionError::ConcurrentTransactions);
    }
    let durable = transaction.and_then(|transaction| Some((transaction, transaction.durable.as_ref()?)));
    let Some((transaction, metadata)) = durable else {
        return first(request, around);
    };
    let settled = Settled::new(transaction, metadata);
    if request
        .expected
        .is_some_and(|expected| !may_go_on(&settled, expected))
    {
        return Decision::Refuse(TransactionError::ProducerFenced);
    }
    match metadata.state() {
        TransactionState::Empty | TransactionState::CompleteCommit | TransactionState::CompleteAbort => {
            renew(request, &settled, around)
        }
        // The client that asked goes on once the abort is complete.
        TransactionState::Ongoing => fence(&settled, around),
        TransactionState::PrepareCommit
        | TransactionState::PrepareAbort
        | TransactionState::Dead
        | TransactionState::PrepareEpochFence => Decision::Refuse(TransactionError::ConcurrentTransactions),
    }
}

fn check(request: &InitProducerIdRequest, config: &TransactionConfig) -> Result<(), TransactionError> {
    check_id(&request.transactional_id)?;
    let timeout = u128::try_from(request.timeout_ms).unwrap_or(0);
    if timeout == 0 || timeout > config.timeout_max.as_millis() {
        return Err(TransactionError::InvalidTransactionTimeout);
    }
    Ok(())
}

/// A transactional id that is not known begins, whatever its client had (KIP-360).
fn first(request: &InitProducerIdRequest, around: Circumstances<'_>) -> Decision {
    let Some(producer_id) = around.fresh else {
        return Decision::NeedProducerId;
    };
    Decision::Append(TransactionLogValue {
        producer_id,
        previous_producer_id: Some(producer_id),
        next_producer_id: None,
        producer_epoch: ProducerEpoch::new(0),
        last_producer_epoch: None,
        timeout_ms: request.timeout_ms,
        state: TransactionState::Empty,
        partitions: Partitions::default(),
        last_update: around.now,
        start: None,
        client_version: TransactionVersion::V0,
    })
}

/// Whether a client that goes on has what the id has, or had it before its epochs were used up.
fn may_go_on(settled: &Settled<'_>, expected: ProducerIdAndEpoch) -> bool {
    expected.producer_id == settled.producer.producer_id
        || (settled.metadata.previous_producer_id() == Some(expected.producer_id) && is_exhausted(expected))
}

/// Gives the producer its next epoch, or the next producer id when it had the last one.
fn renew(request: &InitProducerIdRequest, settled: &Settled<'_>, around: Circumstances<'_>) -> Decision {
    let producer = settled.producer;
    let value = TransactionLogValue {
        timeout_ms: request.timeout_ms,
        start: None,
        ..settled.next(TransactionState::Empty, around.now)
    };
    match request.expected {
        // A repeated request whose answer was lost: had another producer begun since, there would be no last epoch.
        Some(expected)
            if expected.epoch != producer.epoch
                && settled.metadata.last_producer_epoch() == Some(expected.epoch) =>
        {
            Decision::Append(value)
        }
        Some(expected) if expected.epoch != producer.epoch => {
            Decision::Refuse(TransactionError::ProducerFenced)
        }
        expected => {
            // What a client that goes on had, it may say again.
            let last_producer_epoch = expected.map(|_| producer.epoch);
            if is_exhausted(producer) {
                let Some(fresh) = around.fresh else {
                    return Decision::NeedProducerId;
                };
                return Decision::Append(TransactionLogValue {
                    producer_id: fresh,
                    producer_epoch: ProducerEpoch::new(0),
                    last_producer_epoch,
                    ..value
                });
            }
            Decision::Append(TransactionLogValue {
                producer_epoch: raised(producer).epoch,
                last_producer_epoch,
                ..value
            })
        }
    }
}
