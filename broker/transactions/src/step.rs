//! One change of a transactional id: from the request that asks for it to the answer when it is durable. What comes
//! meanwhile waits, or is told that it comes too early.

use std::time::Duration;

use corelog_model::{ProducerId, TimestampMs};

use crate::coordinator::{TransactionCoordinator, refusal};
use crate::decision::{Circumstances, Decision, Settled, completed, fence};
use crate::log::{self, Change, PendingAppend, Then, Transactions};
use crate::state::may_follow;
use crate::timers::TimerKey;
use crate::transaction::{Asked, Busy, Purpose, Transaction};
use crate::{
    NoProducerId, PersistError, ProducerIdAndEpoch, ProducerIdToken, Request, Response, TransactionError,
    TransactionLogValue, TransactionState, TransactionalId, add_partitions, end_transaction,
    init_producer_id,
};

impl TransactionCoordinator {
    /// Decides about a request, with a fresh producer id if it was found to need one.
    pub(crate) fn judge(&mut self, asked: Asked, fresh: Option<ProducerId>) {
        let Some(transactional_id) = changed_by(&asked.request).cloned() else {
            // Only what may change an id is judged.
            let response = refusal(&asked.request, TransactionError::InvalidRequest);
            return self.cx.reply(asked.token, response);
        };
        let transaction = self.transactions.get(&transactional_id).map(Box::as_ref);
        let around = Circumstances {
            config: &self.cx.config,
            now: self.cx.now.wall,
            fresh,
        };
        match decide(&asked.request, transaction, around) {
            Decision::Refuse(TransactionError::ConcurrentTransactions) => self.park(&transactional_id, asked),
            Decision::Refuse(error) => {
                let response = refusal(&asked.request, error);
                self.cx.reply(asked.token, response);
            }
            Decision::Answer(response) => self.cx.reply(asked.token, response),
            Decision::NeedProducerId => {
                self.ask_producer_id(transactional_id, Purpose::Asked(Box::new(asked)));
            }
            Decision::Append(value) => {
                self.begin_step(transactional_id, value, Purpose::Asked(Box::new(asked)));
            }
        }
    }

    /// The timeout of a transaction is over: it is aborted, and its producer fenced.
    pub(crate) fn abort_timed_out(&mut self, transactional_id: TransactionalId) {
        self.decide_timed_out(transactional_id, None);
    }

    fn decide_timed_out(&mut self, transactional_id: TransactionalId, fresh: Option<ProducerId>) {
        let Some(transaction) = self.transactions.get(&transactional_id) else {
            return;
        };
        let Some(metadata) = &transaction.durable else {
            return;
        };
        if metadata.state() != TransactionState::Ongoing {
            return;
        }
        if transaction.is_busy() {
            // It ends, or grows; then it is looked at again.
            let after = self.cx.config.abort_retry_interval;
            return self.cx.schedule(TimerKey::Transaction(transactional_id), after);
        }
        let around = Circumstances {
            config: &self.cx.config,
            now: self.cx.now.wall,
            fresh,
        };
        match fence(&Settled::new(transaction, metadata), around) {
            Decision::Append(value) => self.begin_step(transactional_id, value, Purpose::TimedOut),
            Decision::NeedProducerId => self.ask_producer_id(transactional_id, Purpose::TimedOut),
            Decision::Refuse(_) | Decision::Answer(_) => {}
        }
    }

    fn begin_step(
        &mut self,
        transactional_id: TransactionalId,
        value: TransactionLogValue,
        purpose: Purpose,
    ) {
        let version = self.cx.config.transaction_version;
        let transaction = self.transactions.entry(transactional_id.clone()).or_default();
        let from = transaction.durable.as_ref().map(|metadata| metadata.state());
        assert!(may_follow(from, value.state), "{from:?} to {}", value.state);
        let is_fence = value.state == TransactionState::PrepareAbort && !is_end(&purpose);
        if is_fence && !version.raises_epoch() {
            transaction.set_fenced_epoch(value.producer_epoch);
        }
        transaction.begin(Busy::Append);
        let change = Change {
            transactional_id,
            value: Some(value),
        };
        self.cx.append(vec![change], Then::Step(purpose));
    }

    fn ask_producer_id(&mut self, transactional_id: TransactionalId, purpose: Purpose) {
        let token = ProducerIdToken::new(self.cx.next_token());
        let transaction = self.transactions.entry(transactional_id.clone()).or_default();
        transaction.begin(Busy::ProducerId(purpose));
        self.awaited.insert(token, transactional_id);
        self.cx
            .actions
            .push(crate::Action::AllocateProducerId { then: token });
    }

    /// A fresh producer id has come, or there is none. One that is not needed any more is never used.
    pub(crate) fn take_producer_id(
        &mut self,
        token: ProducerIdToken,
        result: Result<ProducerId, NoProducerId>,
    ) {
        let Some(transactional_id) = self.awaited.remove(&token) else {
            return;
        };
        let busy = self
            .transactions
            .get_mut(&transactional_id)
            .and_then(|transaction| transaction.end());
        if let Some(Busy::ProducerId(purpose)) = busy {
            match (purpose, result) {
                (Purpose::Asked(asked), Ok(fresh)) => self.judge(*asked, Some(fresh)),
                (Purpose::Asked(asked), Err(NoProducerId)) => {
                    let response = refusal(&asked.request, TransactionError::ProducerIdsUnavailable);
                    self.cx.reply(asked.token, response);
                }
                (Purpose::TimedOut, Ok(fresh)) => {
                    self.decide_timed_out(transactional_id.clone(), Some(fresh));
                }
                (Purpose::TimedOut, Err(NoProducerId)) => self.abort_later(&transactional_id),
            }
        }
        self.settle(&transactional_id);
    }

    /// Makes an append's changes visible if it is durable, and does what was to follow.
    pub(crate) fn complete_append(&mut self, append: PendingAppend, outcome: Result<(), PersistError>) {
        let mut purpose = match append.then {
            Then::Step(purpose) => Some(purpose),
            Then::Complete | Then::Expire => None,
            Then::CompleteAndBegin(asked) => {
                return self.finish_complete_and_begin(append.changes, *asked, outcome);
            }
        };
        for change in append.changes {
            let transactional_id = change.transactional_id.clone();
            if let Some(transaction) = self.transactions.get_mut(&transactional_id) {
                transaction.end();
            }
            match (purpose.take(), outcome) {
                (Some(purpose), Ok(())) => self.finish_step(change, purpose),
                (Some(purpose), Err(error)) => self.fail_step(&transactional_id, purpose, error),
                (None, Ok(())) => log::apply(&mut self.transactions, &mut self.open, change),
                // An expired id stays, and a completion is tried again: it has been decided.
                (None, Err(_)) if change.value.is_none() => {}
                (None, Err(_)) => self.complete_later(&transactional_id),
            }
            self.settle(&transactional_id);
        }
    }

    pub(crate) fn finish_step(&mut self, change: Change, purpose: Purpose) {
        let transactional_id = change.transactional_id.clone();
        let was_ongoing = is_ongoing(&self.transactions, &transactional_id);
        let answer = change
            .value
            .as_ref()
            .and_then(|value| success(value, &purpose, self.cx.now.wall));
        let decided = change.value.as_ref().and_then(|value| value.state.decided());
        if let (true, Some(result)) = (was_ongoing, decided) {
            let is_timed_out = matches!(purpose, Purpose::TimedOut);
            self.counts.ended(result, is_timed_out);
        }
        log::apply(&mut self.transactions, &mut self.open, change);
        let is_ongoing = is_ongoing(&self.transactions, &transactional_id);
        if is_ongoing && !was_ongoing {
            self.schedule_timeout(&transactional_id);
        } else if was_ongoing && !is_ongoing {
            self.cx
                .timers
                .cancel(&TimerKey::Transaction(transactional_id.clone()));
        }
        // What a fence raised in memory is durable now.
        if let Some(transaction) = self.transactions.get_mut(&transactional_id) {
            transaction.clear_fenced_epoch();
        }
        let asked = match (purpose, answer) {
            (Purpose::Asked(asked), Some(response)) => {
                self.cx.reply(asked.token, response);
                None
            }
            (Purpose::Asked(asked), None) => Some(asked),
            (Purpose::TimedOut, _) => None,
        };
        self.begin_completion(&transactional_id);
        if let Some(asked) = asked {
            // The producer that was in the way is fenced; the client goes on when the abort is complete.
            self.park_in_front(&transactional_id, *asked);
        }
    }

    fn fail_step(&mut self, transactional_id: &TransactionalId, purpose: Purpose, error: PersistError) {
        match purpose {
            Purpose::Asked(asked) => {
                let response = refusal(&asked.request, error.for_client());
                self.cx.reply(asked.token, response);
            }
            Purpose::TimedOut => self.abort_later(transactional_id),
        }
    }

    fn abort_later(&mut self, transactional_id: &TransactionalId) {
        let after = self.cx.config.abort_retry_interval;
        self.cx
            .schedule(TimerKey::Transaction(transactional_id.clone()), after);
    }

    /// Expects the end of an ongoing transaction. By the wall clock it may have begun long ago, or in the future.
    pub(crate) fn schedule_timeout(&mut self, transactional_id: &TransactionalId) {
        let Some(metadata) = self
            .transactions
            .get(transactional_id)
            .and_then(|transaction| transaction.durable.as_ref())
        else {
            return;
        };
        if metadata.timeout_ms() == i32::MAX {
            // Its client decides, however long it takes (KIP-939).
            return;
        }
        let timeout = i64::from(metadata.timeout_ms().max(0));
        let now = self.cx.now.wall.get();
        let elapsed = metadata
            .start()
            .map_or(0, |start| now.saturating_sub(start.get()));
        let left = timeout.saturating_sub(elapsed).clamp(0, timeout);
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        self.cx
            .schedule(TimerKey::Transaction(transactional_id.clone()), left);
    }

    /// Nothing may be under way any more: those who wait have their turn, one after another.
    pub(crate) fn settle(&mut self, transactional_id: &TransactionalId) {
        while let Some(asked) = self
            .transactions
            .get_mut(transactional_id)
            .filter(|transaction| !transaction.is_busy())
            .and_then(|transaction| transaction.take_parked())
        {
            self.judge(asked, None);
        }
        self.tidy(transactional_id);
    }

    pub(crate) fn tidy(&mut self, transactional_id: &TransactionalId) {
        let transaction = self.transactions.get_mut(transactional_id);
        if transaction.is_some_and(|transaction| transaction.tidy()) {
            self.transactions.remove(transactional_id);
        }
    }
}

fn decide(request: &Request, transaction: Option<&Transaction>, around: Circumstances<'_>) -> Decision {
    match request {
        Request::InitProducerId(request) => init_producer_id::decide(request, transaction, around),
        Request::AddPartitions(request) => add_partitions::decide_add(request, transaction, around),
        Request::EndTransaction(request) => end_transaction::decide(request, transaction, around),
        // These change nothing and are answered where they come in.
        Request::VerifyPartitions(_) | Request::DescribeTransaction(_) | Request::ListTransactions(_) => {
            Decision::Refuse(TransactionError::InvalidRequest)
        }
    }
}

/// The transactional id that a request may change.
fn changed_by(request: &Request) -> Option<&TransactionalId> {
    match request {
        Request::InitProducerId(request) => Some(&request.transactional_id),
        Request::AddPartitions(request) => Some(&request.transactional_id),
        Request::EndTransaction(request) => Some(&request.transactional_id),
        Request::VerifyPartitions(_) | Request::DescribeTransaction(_) | Request::ListTransactions(_) => None,
    }
}

fn is_end(purpose: &Purpose) -> bool {
    match purpose {
        Purpose::Asked(asked) => matches!(asked.request, Request::EndTransaction(_)),
        Purpose::TimedOut => false,
    }
}

fn is_ongoing(transactions: &Transactions, transactional_id: &TransactionalId) -> bool {
    transactions
        .get(transactional_id)
        .and_then(|transaction| transaction.durable.as_ref())
        .is_some_and(|metadata| metadata.state() == TransactionState::Ongoing)
}

/// What a client is told of a durable state; `None` if it has to wait for more.
fn success(value: &TransactionLogValue, purpose: &Purpose, now: TimestampMs) -> Option<Response> {
    let producer_of = |value: &TransactionLogValue| ProducerIdAndEpoch {
        producer_id: value.producer_id,
        epoch: value.producer_epoch,
    };
    let Purpose::Asked(asked) = purpose else {
        return None;
    };
    match &asked.request {
        Request::InitProducerId(_) => {
            (value.state == TransactionState::Empty).then(|| Response::InitProducerId(Ok(producer_of(value))))
        }
        Request::AddPartitions(_) => Some(Response::AddPartitions(Ok(()))),
        Request::EndTransaction(request) => {
            let next = request
                .client_version
                .raises_epoch()
                .then(|| completed(value, now))
                .flatten();
            Some(Response::EndTransaction(Ok(next.as_ref().map(producer_of))))
        }
        Request::VerifyPartitions(_) | Request::DescribeTransaction(_) | Request::ListTransactions(_) => None,
    }
}
