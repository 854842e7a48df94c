//! DescribeTransactions and ListTransactions.

use crate::coordinator::TransactionCoordinator;
use crate::decision::check_id;
use crate::transaction::{Busy, Transaction};
use crate::{
    DescribedTransaction, ListTransactionsRequest, ListedTransaction, ListedTransactions, TransactionError,
    TransactionState, TransactionalId,
};

impl TransactionCoordinator {
    pub(crate) fn describe(
        &self,
        transactional_id: &TransactionalId,
    ) -> Result<Box<DescribedTransaction>, TransactionError> {
        check_id(transactional_id)?;
        self.transactions
            .get(transactional_id)
            .and_then(|transaction| describe(transactional_id, transaction))
            .ok_or(TransactionError::TransactionalIdNotFound)
    }

    pub(crate) fn list(&self, request: &ListTransactionsRequest) -> ListedTransactions {
        let known = |name: &&String| TransactionState::ALL.iter().any(|state| state.as_str() == *name);
        let (_, unknown): (Vec<&String>, Vec<&String>) = request.states.iter().partition(known);
        let now = self.cx.now.wall.get();
        let passes = |transactional_id: &TransactionalId, transaction: &Transaction| {
            let metadata = transaction.durable.as_ref()?;
            let producer_id = metadata.producer().producer_id;
            let state = metadata.state();
            // Of an id that never had a transaction, Kafka counts from -1.
            let began = metadata.start().map_or(-1, |start| start.get());
            let is_listed = (request.producer_ids.is_empty() || request.producer_ids.contains(&producer_id))
                && (request.states.is_empty() || request.states.iter().any(|name| name == state.as_str()))
                && request
                    .duration_ms
                    .is_none_or(|duration| duration < 0 || now.saturating_sub(began) > duration)
                && request
                    .transactional_ids
                    .as_ref()
                    .is_none_or(|filter| filter.passes(transactional_id));
            is_listed.then(|| ListedTransaction {
                transactional_id: transactional_id.clone(),
                producer_id,
                state,
            })
        };
        ListedTransactions {
            unknown_states: unknown.into_iter().cloned().collect(),
            transactions: self
                .transactions
                .iter()
                .filter_map(|(id, transaction)| passes(id, transaction))
                .collect(),
        }
    }
}

fn describe(
    transactional_id: &TransactionalId,
    transaction: &Transaction,
) -> Option<Box<DescribedTransaction>> {
    let metadata = transaction.durable.as_ref()?;
    let producer = metadata.producer();
    let is_prepared = matches!(
        metadata.state(),
        TransactionState::PrepareCommit | TransactionState::PrepareAbort
    );
    let partitions = match transaction.busy() {
        Some(Busy::Markers(markers)) => markers.unwritten.iter().cloned().collect(),
        // All markers are written.
        _ if is_prepared => Vec::new(),
        _ => metadata.partitions().as_slice().to_vec(),
    };
    Some(Box::new(DescribedTransaction {
        transactional_id: transactional_id.clone(),
        state: metadata.state(),
        timeout_ms: metadata.timeout_ms(),
        start: metadata.start(),
        producer_id: producer.producer_id,
        producer_epoch: transaction.effective_epoch(metadata),
        partitions,
    }))
}
