//! The coordinator of the transactional ids in one partition of `__transaction_state`: where events come in and deadlines
//! fall due.

use std::collections::BTreeMap;
use std::time::Duration;

use corelog_model::LeaderEpoch;

use crate::context::Context;
use crate::figures::{OpenTransactions, TransactionCounts};
use crate::log::Transactions;
use crate::timers::TimerKey;
use crate::transaction::Asked;
use crate::{
    Action, Event, MarkersToken, Now, ProducerIdToken, Request, RequestToken, Response, TransactionConfig,
    TransactionError, TransactionVersion, TransactionalId, add_partitions,
};

/// Deadlines that one call of `handle_timeout` takes: after a restart there may be many at once.
const TIMERS_MAX: usize = 1_000;

/// Whether the coordinator serves requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// The log is being replayed.
    Loading,
    /// Requests are served.
    Active,
    /// The partition is led elsewhere.
    Unloaded,
}

/// Coordinates the transactional ids of one partition of `__transaction_state`.
///
/// A new one is loading: feed it the partition's records with `load`, then call `finish_load`. From then on, call
/// `handle` for each event and `handle_timeout` when `next_timeout` has come, and perform the actions in order. When the
/// partition moves away, call `unload`. Reports belong to the coordinator whose action they answer: the next one of the
/// same partition counts its tokens from the beginning.
#[derive(Debug)]
pub struct TransactionCoordinator {
    pub(crate) phase: Phase,
    pub(crate) transactions: Transactions,
    /// Those of them with a transaction that is not complete, by its start.
    pub(crate) open: OpenTransactions,
    /// Which id waits for which fresh producer id.
    pub(crate) awaited: BTreeMap<ProducerIdToken, TransactionalId>,
    /// Which id waits for which markers.
    pub(crate) marking: BTreeMap<MarkersToken, TransactionalId>,
    /// Partitions of theirs that have no marker yet.
    pub(crate) markers_pending: usize,
    pub(crate) counts: TransactionCounts,
    /// Where the look for expired ids goes on; `None` is at the beginning.
    pub(crate) expiry_cursor: Option<TransactionalId>,
    pub(crate) cx: Context,
}

impl TransactionCoordinator {
    /// Makes a coordinator that waits for its partition's records. `coordinator_epoch` is the leader epoch of the
    /// partition: it goes into every marker, so that those of a former coordinator are refused.
    pub fn new(config: TransactionConfig, coordinator_epoch: LeaderEpoch) -> TransactionCoordinator {
        TransactionCoordinator {
            phase: Phase::Loading,
            transactions: Transactions::new(),
            open: OpenTransactions::default(),
            awaited: BTreeMap::new(),
            marking: BTreeMap::new(),
            markers_pending: 0,
            counts: TransactionCounts::default(),
            expiry_cursor: None,
            cx: Context::new(config, coordinator_epoch),
        }
    }

    /// Takes one event and returns what the shell is to do.
    pub fn handle(&mut self, event: Event, now: Now) -> Vec<Action> {
        self.cx.now = now;
        match event {
            Event::Request { token, request } => self.handle_request(token, request),
            Event::Persisted { token, result } => {
                self.cx.log.report(token, result);
                while let Some((append, outcome)) = self.cx.log.pop_known() {
                    self.complete_append(append, outcome);
                }
            }
            Event::ProducerIdAllocated { token, result } => self.take_producer_id(token, result),
            Event::MarkersWritten { token, outcomes } => self.note_markers(token, outcomes),
        }
        std::mem::take(&mut self.cx.actions)
    }

    /// When to call `handle_timeout`, as `Now::monotonic`. Ask again after every call.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.cx.timers.next()
    }

    /// Does what has fallen due by `now`, or the first part of it, and returns what the shell is to do. Too early a call does
    /// nothing.
    pub fn handle_timeout(&mut self, now: Now) -> Vec<Action> {
        self.cx.now = now;
        for _ in 0..TIMERS_MAX {
            let Some(key) = self.cx.timers.pop_due(now.monotonic) else {
                break;
            };
            match key {
                TimerKey::Expiry => self.expire_some(),
                TimerKey::Transaction(transactional_id) => self.abort_timed_out(transactional_id),
                TimerKey::Retry(transactional_id) => self.retry_completion(&transactional_id),
                TimerKey::Parked(transactional_id) => self.answer_overdue(&transactional_id),
            }
        }
        std::mem::take(&mut self.cx.actions)
    }

    /// Takes another level of the feature `transaction.version`: for what is decided from now on.
    pub fn set_transaction_version(&mut self, version: TransactionVersion) {
        self.cx.config.transaction_version = version;
    }

    /// The number of transactional ids, those included whose first record is on its way.
    pub fn transactional_id_count(&self) -> usize {
        self.transactions.len()
    }

    /// The number of transactions whose markers are being written.
    pub fn completing_count(&self) -> usize {
        self.marking.len()
    }

    fn handle_request(&mut self, token: RequestToken, request: Request) {
        match self.phase {
            Phase::Loading => {
                let response = refusal(&request, TransactionError::CoordinatorLoadInProgress);
                return self.cx.reply(token, response);
            }
            Phase::Unloaded => {
                let response = refusal(&request, TransactionError::NotCoordinator);
                return self.cx.reply(token, response);
            }
            Phase::Active => {}
        }
        match &request {
            Request::InitProducerId(_) | Request::AddPartitions(_) | Request::EndTransaction(_) => {
                let wait_max = self.cx.config.parking.as_ref().map(|parking| parking.wait_max);
                let deadline = self.cx.now.monotonic.saturating_add(wait_max.unwrap_or_default());
                self.judge(
                    Asked {
                        token,
                        request,
                        deadline,
                    },
                    None,
                );
            }
            Request::VerifyPartitions(request) => {
                let transaction = self.transactions.get(&request.transactional_id);
                let response = add_partitions::verify(request, transaction.map(Box::as_ref));
                self.cx.reply(token, response);
            }
            Request::DescribeTransaction(transactional_id) => {
                let response = Response::DescribeTransaction(self.describe(transactional_id));
                self.cx.reply(token, response);
            }
            Request::ListTransactions(request) => {
                let response = Response::ListTransactions(Ok(self.list(request)));
                self.cx.reply(token, response);
            }
        }
    }
}

/// The response that refuses a request as a whole.
pub(crate) fn refusal(request: &Request, error: TransactionError) -> Response {
    match request {
        Request::InitProducerId(_) => Response::InitProducerId(Err(error)),
        Request::AddPartitions(_) => Response::AddPartitions(Err(error)),
        Request::VerifyPartitions(request) => Response::VerifyPartitions(
            request
                .partitions
                .iter()
                .map(|partition| (partition.clone(), Err(error)))
                .collect(),
        ),
        Request::EndTransaction(_) => Response::EndTransaction(Err(error)),
        Request::DescribeTransaction(_) => Response::DescribeTransaction(Err(error)),
        Request::ListTransactions(_) => Response::ListTransactions(Err(error)),
    }
}
