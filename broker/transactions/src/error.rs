//! Why a request to a transaction coordinator is refused. Wire codes are given elsewhere, by an exhaustive match.

/// Why a request, or one partition of it, is refused. Named for Kafka's errors.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
pub enum TransactionError {
    /// The transactional id is empty or too long.
    #[error("the transactional id is empty or too long")]
    InvalidRequest,
    /// The transaction timeout is not positive, or longer than the broker allows.
    #[error("the transaction timeout is outside the broker's bounds")]
    InvalidTransactionTimeout,
    /// The transactional id is not there, or has another producer id.
    #[error("the producer id is not that of the transactional id")]
    InvalidProducerIdMapping,
    /// A newer producer has taken over the transactional id.
    #[error("the producer's epoch is not that of the transactional id")]
    ProducerFenced,
    /// A change of the transactional id is under way; the client is to try again.
    #[error("the transactional id is in the middle of a change")]
    ConcurrentTransactions,
    /// The transaction cannot be ended in this way now.
    #[error("the transaction is in a state that does not allow this")]
    InvalidTxnState,
    /// The partition is not part of the transaction, which can only be aborted.
    #[error("the partition is not part of the transaction")]
    TransactionAbortable,
    /// There is no such transactional id.
    #[error("there is no such transactional id")]
    TransactionalIdNotFound,
    /// The coordinator is still reading its log.
    #[error("the coordinator is loading")]
    CoordinatorLoadInProgress,
    /// This broker does not coordinate the transactional id.
    #[error("this is not the transactional id's coordinator")]
    NotCoordinator,
    /// The change could not be stored; it may be tried again.
    #[error("the coordinator is not available")]
    CoordinatorNotAvailable,
    /// There is no fresh producer id at the moment. Kafka answers COORDINATOR_LOAD_IN_PROGRESS.
    #[error("the broker has no fresh producer id at the moment")]
    ProducerIdsUnavailable,
    /// The coordinator failed in a way that Kafka has no name for: the record would be too large.
    #[error("the transaction's state could not be stored")]
    UnknownServerError,
}

/// Why an append did not become durable, as the shell reports it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PersistError {
    /// This shard does not lead the partition any more, or its log is fenced.
    #[error("the partition of __transaction_state is not led here")]
    NotLeader,
    /// No replicas, no room, no time: it may be tried again.
    #[error("the append to __transaction_state did not become durable")]
    Unavailable,
    /// The batch is larger than the log takes.
    #[error("the batch is too large for __transaction_state")]
    TooLarge,
}

impl PersistError {
    /// What a client is told (Kafka's `TransactionStateManager.appendTransactionToLog`).
    pub(crate) const fn for_client(self) -> TransactionError {
        match self {
            PersistError::NotLeader => TransactionError::NotCoordinator,
            PersistError::Unavailable => TransactionError::CoordinatorNotAvailable,
            PersistError::TooLarge => TransactionError::UnknownServerError,
        }
    }
}

/// There is no fresh producer id: the block is used up and the next one has not come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no fresh producer id at the moment")]
pub struct NoProducerId;
