//! Requests that come while their transactional id is in the middle of a change. Kafka answers CONCURRENT_TRANSACTIONS and
//! has the client ask again and again; here they may wait for the end of the change, in the order of their arrival.

use crate::coordinator::{TransactionCoordinator, refusal};
use crate::timers::TimerKey;
use crate::transaction::Asked;
use crate::{TransactionError, TransactionalId};

impl TransactionCoordinator {
    /// Has a request wait behind those who came before it.
    pub(crate) fn park(&mut self, transactional_id: &TransactionalId, asked: Asked) {
        if self.may_park(transactional_id, &asked)
            && let Some(transaction) = self.transactions.get_mut(transactional_id)
        {
            transaction.park_last(asked);
            self.schedule_overdue(transactional_id);
        } else {
            self.answer_concurrent(&asked);
        }
    }

    /// Has the request wait that came before all others, since it set off what is under way.
    pub(crate) fn park_in_front(&mut self, transactional_id: &TransactionalId, asked: Asked) {
        if self.may_park(transactional_id, &asked)
            && let Some(transaction) = self.transactions.get_mut(transactional_id)
        {
            transaction.park_first(asked);
            self.schedule_overdue(transactional_id);
        } else {
            self.answer_concurrent(&asked);
        }
    }

    /// Answers those who have waited long enough.
    pub(crate) fn answer_overdue(&mut self, transactional_id: &TransactionalId) {
        let now = self.cx.now.monotonic;
        while let Some(asked) = self
            .transactions
            .get_mut(transactional_id)
            .filter(|transaction| {
                transaction
                    .parked_deadline()
                    .is_some_and(|deadline| deadline <= now)
            })
            .and_then(|transaction| transaction.take_parked())
        {
            self.answer_concurrent(&asked);
        }
        self.schedule_overdue(transactional_id);
        self.tidy(transactional_id);
    }

    fn may_park(&self, transactional_id: &TransactionalId, asked: &Asked) -> bool {
        let Some(parking) = &self.cx.config.parking else {
            return false;
        };
        // Nobody waits for nothing: it would never end.
        self.transactions
            .get(transactional_id)
            .is_some_and(|transaction| {
                transaction.is_busy() && transaction.parked_count() < parking.requests_max
            })
            && asked.deadline > self.cx.now.monotonic
    }

    fn schedule_overdue(&mut self, transactional_id: &TransactionalId) {
        let transaction = self.transactions.get(transactional_id);
        if let Some(deadline) = transaction.and_then(|transaction| transaction.parked_deadline()) {
            self.cx
                .timers
                .schedule(TimerKey::Parked(transactional_id.clone()), deadline);
        }
    }

    fn answer_concurrent(&mut self, asked: &Asked) {
        let response = refusal(&asked.request, TransactionError::ConcurrentTransactions);
        self.cx.reply(asked.token, response);
    }
}
