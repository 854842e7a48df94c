//! AddPartitionsToTxn, to add and to verify only, and AddOffsetsToTxn
//! (Kafka's `TransactionCoordinator.handleAddPartitionsToTransaction` and `handleVerifyPartitionsInTransaction`).

use crate::decision::{Circumstances, Decision, Settled, check_id};
use crate::transaction::Transaction;
use crate::{
    AddPartitionsRequest, Partitions, ProducerIdAndEpoch, Response, TransactionError, TransactionLogValue,
    TransactionState, VerifyPartitionsRequest,
};

pub(crate) fn decide_add(
    request: &AddPartitionsRequest,
    transaction: Option<&Transaction>,
    around: Circumstances<'_>,
) -> Decision {
    if let Err(error) = check_id(&request.transactional_id) {
        return Decision::Refuse(error);
    }
    // Judged before the producer: with V2 the client may have one that is still on its way to the log (KAFKA-18660).
    if transaction.is_some_and(Transaction::is_busy) {
        return Decision::Refuse(TransactionError::ConcurrentTransactions);
    }
    let settled = match find(transaction, request.producer) {
        Ok(settled) => settled,
        Err(error) => return Decision::Refuse(error),
    };
    let metadata = settled.metadata;
    let (partitions, start) = match metadata.state() {
        TransactionState::Ongoing if metadata.partitions().contains_all(&request.partitions) => {
            return Decision::Answer(Response::AddPartitions(Ok(())));
        }
        TransactionState::Ongoing => (metadata.partitions().with(&request.partitions), metadata.start()),
        TransactionState::Empty | TransactionState::CompleteCommit | TransactionState::CompleteAbort => {
            (Partitions::default().with(&request.partitions), Some(around.now))
        }
        TransactionState::PrepareCommit
        | TransactionState::PrepareAbort
        | TransactionState::Dead
        | TransactionState::PrepareEpochFence => {
            return Decision::Refuse(TransactionError::ConcurrentTransactions);
        }
    };
    if partitions.record_bytes() > around.config.partitions_bytes_max {
        return Decision::Refuse(TransactionError::UnknownServerError);
    }
    Decision::Append(TransactionLogValue {
        partitions,
        start,
        client_version: request.client_version,
        ..settled.next(TransactionState::Ongoing, around.now)
    })
}

/// What is under way is not waited for: what counts is what the partition sees when it appends.
pub(crate) fn verify(request: &VerifyPartitionsRequest, transaction: Option<&Transaction>) -> Response {
    let found = check_id(&request.transactional_id).and_then(|()| {
        let settled = find(transaction, request.producer)?;
        match settled.metadata.state() {
            TransactionState::PrepareCommit | TransactionState::PrepareAbort => {
                Err(TransactionError::ConcurrentTransactions)
            }
            TransactionState::Empty
            | TransactionState::Ongoing
            | TransactionState::CompleteCommit
            | TransactionState::CompleteAbort
            | TransactionState::Dead
            | TransactionState::PrepareEpochFence => Ok(settled.metadata.partitions()),
        }
    });
    let result_of = |partition| match found {
        Ok(partitions) if partitions.contains(partition) => Ok(()),
        Ok(_) => Err(TransactionError::TransactionAbortable),
        Err(error) => Err(error),
    };
    Response::VerifyPartitions(
        request
            .partitions
            .iter()
            .map(|partition| (partition.clone(), result_of(partition)))
            .collect(),
    )
}

fn find(
    transaction: Option<&Transaction>,
    producer: ProducerIdAndEpoch,
) -> Result<Settled<'_>, TransactionError> {
    let settled = transaction
        .and_then(|transaction| Some(Settled::new(transaction, transaction.durable.as_ref()?)))
        .filter(|settled| settled.producer.producer_id == producer.producer_id)
        .ok_or(TransactionError::InvalidProducerIdMapping)?;
    if settled.producer.epoch != producer.epoch {
        return Err(TransactionError::ProducerFenced);
    }
    Ok(settled)
}
