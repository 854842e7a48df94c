//! The coordinators of one shard.

use std::rc::Rc;
use std::time::Duration;

use corelog_config::BrokerConfig;
use corelog_model::{LeaderEpoch, PartitionId};
use corelog_runtime::{Handle, LocalFuture};
use corelog_storage::PartitionLog;
use corelog_transactions::{
    ListTransactionsRequest, Request, Response, TransactionConfig, TransactionCoordinator,
};
use futures_util::future::join_all;

use super::outside::Outside;
use super::refuse::refuse;
use super::shell::TransactionShell;
use crate::own_log::Drivers;

/// One coordinator a partition of `__transaction_state` that this shard owns.
#[derive(Default)]
pub(crate) struct TransactionCoordinators(Drivers<TransactionCoordinator>);

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
        if self.0.has(id) {
            return;
        }
        let machine = TransactionCoordinator::new(transaction_config(config), leader_epoch);
        let shell = TransactionShell::new(handle.clone(), log, machine, outside);
        self.0.begin(id, shell, |_| ());
    }

    /// Ends the coordinator of a partition that is going away; everybody who waits is told.
    pub(crate) fn unload(&self, id: PartitionId) {
        self.0.unload(id);
    }

    /// Hands a request to the coordinator of a partition before this returns.
    pub(crate) fn submit(&self, id: PartitionId, request: Request) -> LocalFuture<Response> {
        self.0.submit(id, request, refuse)
    }

    /// Asks every coordinator of this shard for its transactions.
    pub(crate) fn list(&self, request: &ListTransactionsRequest) -> LocalFuture<Vec<Response>> {
        let shells = self.0.all().into_iter();
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
