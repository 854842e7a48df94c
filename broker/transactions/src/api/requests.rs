//! InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn and EndTxn.

use corelog_model::{ProducerEpoch, ProducerId};

use crate::{TopicPartition, TransactionResult, TransactionVersion, TransactionalId};

/// A producer id and its epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProducerIdAndEpoch {
    /// The id.
    pub producer_id: ProducerId,
    /// The epoch.
    pub epoch: ProducerEpoch,
}

/// InitProducerId with a transactional id. Without one, the broker answers from its block of producer ids.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InitProducerIdRequest {
    /// The transactional id.
    pub transactional_id: TransactionalId,
    /// How long the producer's transactions may take, in milliseconds.
    pub timeout_ms: i32,
    /// From v3: what the producer has, if it goes on after an error (KIP-360). `None` if both fields are -1; if one of
    /// them is, the request is invalid.
    pub expected: Option<ProducerIdAndEpoch>,
}

/// AddPartitionsToTxn of one transactional id; AddOffsetsToTxn is the same with the group's partition of
/// `__consumer_offsets`, in version 0 always.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddPartitionsRequest {
    /// The transactional id.
    pub transactional_id: TransactionalId,
    /// The producer's.
    pub producer: ProducerIdAndEpoch,
    /// The partitions, which are there.
    pub partitions: Vec<TopicPartition>,
    /// V0 up to AddPartitionsToTxn 3 and of AddOffsetsToTxn, V2 from 4, and of a Produce from 12 and a TxnOffsetCommit
    /// from 5.
    pub client_version: TransactionVersion,
}

/// AddPartitionsToTxn from v4 with `verify_only`: whether partitions are part of a transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyPartitionsRequest {
    /// The transactional id.
    pub transactional_id: TransactionalId,
    /// The producer's.
    pub producer: ProducerIdAndEpoch,
    /// The partitions.
    pub partitions: Vec<TopicPartition>,
}

/// EndTxn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndTransactionRequest {
    /// The transactional id.
    pub transactional_id: TransactionalId,
    /// The producer's.
    pub producer: ProducerIdAndEpoch,
    /// How it is to end.
    pub result: TransactionResult,
    /// V0 up to EndTxn 4, V2 from 5.
    pub client_version: TransactionVersion,
}
