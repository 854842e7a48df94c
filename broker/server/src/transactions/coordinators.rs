//! The coordinators of one shard.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use corelog_config::BrokerConfig;
use corelog_model::{LeaderEpoch, PartitionId, TimestampMs};
use corelog_runtime::{Handle, LocalFuture};
use corelog_storage::PartitionLog;
use corelog_transactions::{
    ListTransactionsRequest, Request, Response, TransactionConfig, TransactionCoordinator, TransactionCounts,
};
use futures_util::future::join_all;

use super::outside::Outside;
use super::refuse::refuse;
use super::report::TransactionReport;
use super::shell::TransactionShell;
use crate::own_log::Drivers;

/// One coordinator a partition of `__transaction_state` that this shard owns.
#[derive(Default)]
pub(crate) struct TransactionCoordinators {
    drivers: Drivers<TransactionCoordinator>,
    /// What was counted by those that are gone: counters never go back.
    counted: RefCell<TransactionCounts>,
}

impl TransactionCoordinators {
    /// Begins to load the transactions of a partition of `__transaction_state` that this shard now owns, led in
    /// `leader_epoch`, unless it has begun already. Requests are answered meanwhile, most of them with the error that it loads.
    pub(crate) fn load(
        &self,
        id: PartitionId,
        leader_epoch: LeaderEpoch,
        log: Rc<PartitionLog>,
        handle: &Handle,
        config: &BrokerConfig,
        outside: Rc<dyn Outside>,
    ) {
        if self.drivers.has(id) {
            return;
        }
        let machine = TransactionCoordinator::new(transaction_config(config), leader_epoch);
        let shell = TransactionShell::new(handle.clone(), log, machine, outside);
        self.drivers.begin(id, shell, |_| ());
    }

    /// Ends the coordinator of a partition that is going away; everybody who waits is told.
    pub(crate) fn unload(&self, id: PartitionId) {
        if let Some(shell) = self.drivers.get(id) {
            let counts = shell.with_machine(|machine| machine.counts().clone());
            self.counted.borrow_mut().add(&counts);
        }
        self.drivers.unload(id);
    }

    /// Hands a request to the coordinator of a partition before this returns.
    pub(crate) fn submit(&self, id: PartitionId, request: Request) -> LocalFuture<Response> {
        self.drivers.submit(id, request, refuse)
    }

    /// What metrics are told of the coordinators of this shard; `wall` is the time. Takes a look at each coordinator, at none
    /// of their transactional ids.
    pub(crate) fn report(&self, wall: TimestampMs) -> TransactionReport {
        let mut sum = TransactionReport {
            counts: self.counted.borrow().clone(),
            ..TransactionReport::default()
        };
        for shell in self.drivers.all() {
            sum.add(&shell.with_machine(|machine| TransactionReport::of(machine, wall)));
        }
        sum
    }

    /// Asks every coordinator of this shard for its transactions.
    pub(crate) fn list(&self, request: &ListTransactionsRequest) -> LocalFuture<Vec<Response>> {
        let shells = self.drivers.all().into_iter();
        let asked: Vec<_> = shells
            .map(|shell| shell.submit(Request::ListTransactions(request.clone())))
            .collect();
        Box::pin(join_all(asked))
    }
}

/// The settings of a coordinator. Those that Kafka does not let anyone configure keep their defaults.
fn transaction_config(config: &BrokerConfig) -> TransactionConfig {
    let transactions = &config.transactions;
    TransactionConfig {
        timeout_max: Duration::from_millis(transactions.timeout_max_ms),
        transactional_id_expiration: Duration::from_millis(transactions.id_expiration_ms),
        ..TransactionConfig::default()
    }
}
