//! TxnOffsetCommit, and the markers that end transactions with offsets.

use corelog_model::{ProducerEpoch, ProducerId, TransactionResult};

use crate::OffsetCommitRequest;

/// The producer of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TransactionalProducer {
    /// Who.
    pub id: ProducerId,
    /// Which incarnation.
    pub epoch: ProducerEpoch,
}

/// TxnOffsetCommit: offsets that count when a transaction is committed. That the transaction is open and has the group's
/// partition is the business of whoever asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TxnOffsetCommitRequest {
    /// Whose transaction.
    pub producer: TransactionalProducer,
    /// The offsets. They have no retention of their own.
    pub commit: OffsetCommitRequest,
}

/// A coordinator of transactions ends one (WriteTxnMarkers).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TransactionEnd {
    /// Whose transaction, with the marker's epoch.
    pub producer: TransactionalProducer,
    /// How it ends.
    pub result: TransactionResult,
    /// The leader epoch of the coordinator's partition.
    pub coordinator_epoch: i32,
    /// The coordinator raised the producer's epoch for this marker (KIP-890).
    pub raises_epoch: bool,
}
