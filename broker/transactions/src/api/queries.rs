//! DescribeTransactions and ListTransactions.

use std::fmt;
use std::sync::Arc;

use corelog_model::{ProducerEpoch, ProducerId, TimestampMs};

use crate::{TopicPartition, TransactionState, TransactionalId};

/// DescribeTransactions' answer for one transactional id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedTransaction {
    /// The id.
    pub transactional_id: TransactionalId,
    /// Its state.
    pub state: TransactionState,
    /// How long its transactions may take, in milliseconds.
    pub timeout_ms: i32,
    /// When its last transaction began.
    pub start: Option<TimestampMs>,
    /// Its producer.
    pub producer_id: ProducerId,
    /// The producer's epoch.
    pub producer_epoch: ProducerEpoch,
    /// The partitions of its transaction, in order; of one that is being ended, those without a marker.
    pub partitions: Vec<TopicPartition>,
}

/// Which transactional ids ListTransactions is to tell of (v2): a pattern that the shell has compiled. It is asked once an
/// id, so it is to be quick.
#[derive(Clone)]
pub struct IdFilter(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl IdFilter {
    /// Lets the ids pass for which `passes` is true.
    pub fn new(passes: impl Fn(&str) -> bool + Send + Sync + 'static) -> IdFilter {
        IdFilter(Arc::new(passes))
    }

    pub(crate) fn passes(&self, transactional_id: &TransactionalId) -> bool {
        (self.0)(transactional_id.as_str())
    }
}

impl fmt::Debug for IdFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdFilter")
    }
}

impl PartialEq for IdFilter {
    /// The same filter, not an equal one.
    fn eq(&self, other: &IdFilter) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for IdFilter {}

/// ListTransactions. Empty filters let everything pass.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListTransactionsRequest {
    /// Of these producers.
    pub producer_ids: Vec<ProducerId>,
    /// In these states, by name.
    pub states: Vec<String>,
    /// From v1: begun longer ago than so many milliseconds. Below zero everything passes.
    pub duration_ms: Option<i64>,
    /// From v2: of these ids.
    pub transactional_ids: Option<IdFilter>,
}

/// ListTransactions' answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListedTransactions {
    /// Names of the request that are no state's, in its order.
    pub unknown_states: Vec<String>,
    /// By transactional id.
    pub transactions: Vec<ListedTransaction>,
}

/// One transactional id of ListTransactions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedTransaction {
    /// The id.
    pub transactional_id: TransactionalId,
    /// Its producer.
    pub producer_id: ProducerId,
    /// Its state.
    pub state: TransactionState,
}
