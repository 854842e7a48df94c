//! Events and actions, requests and responses by API.

use std::time::Duration;

use corelog_model::{LeaderEpoch, ProducerId, TimestampMs};

use super::{
    AddPartitionsRequest, DescribedTransaction, EndTransactionRequest, InitProducerIdRequest,
    ListTransactionsRequest, ListedTransactions, ProducerIdAndEpoch, VerifyPartitionsRequest,
};
use crate::{
    AppendToken, MarkersToken, NoProducerId, PersistError, ProducerIdToken, Record, RequestToken,
    TopicPartition, TransactionError, TransactionResult, TransactionVersion, TransactionalId,
};

/// The time of an event. The two clocks never mix: timeouts are monotonic, what is stored is wall time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Since an arbitrary start; never goes back.
    pub monotonic: Duration,
    /// The wall clock; may jump.
    pub wall: TimestampMs,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A client asked for something. Exactly one `Action::Reply` with this token follows, now or later.
    Request {
        /// Comes back in the reply. Not in use by another request.
        token: RequestToken,
        /// What was asked.
        request: Request,
    },
    /// An append of `Action::Append` is durable, or never will be.
    Persisted {
        /// The append's. Reports may come in any order; they take effect in the order of the appends.
        token: AppendToken,
        /// Durable, or why not. After an error the records must not be in the log.
        result: Result<(), PersistError>,
    },
    /// A producer id that nobody has had, or that there is none.
    ProducerIdAllocated {
        /// Of `Action::AllocateProducerId`.
        token: ProducerIdToken,
        /// The id.
        result: Result<ProducerId, NoProducerId>,
    },
    /// What became of markers. Every partition of an `Action::WriteMarkers` is reported once, together or apart; a report
    /// that is repeated or late does no harm.
    MarkersWritten {
        /// Of `Action::WriteMarkers`.
        token: MarkersToken,
        /// By partition.
        outcomes: Vec<(TopicPartition, MarkerOutcome)>,
    },
}

/// What became of one partition's marker.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MarkerOutcome {
    /// It is durable, or had been before (KAFKA-19999).
    Written,
    /// The partition is no more, so that there is nothing to end in it. Not while its leader is merely unknown.
    Gone,
    /// It may be tried again: the leader is elsewhere or not known, too few replicas, no room, no time, a log that fails.
    Retry,
    /// The partition has seen a later epoch of the producer (INVALID_PRODUCER_EPOCH), so that nothing of this transaction
    /// is open in it.
    ProducerFenced,
    /// The partition has seen a marker of a later coordinator (TRANSACTION_COORDINATOR_FENCED), who ends the transaction.
    CoordinatorFenced,
}

/// What the shell is to do, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Answer a request.
    Reply {
        /// The request's.
        token: RequestToken,
        /// The answer.
        response: Response,
    },
    /// Append these records, as one batch, behind those of every earlier `Append`, and report with
    /// `Event::Persisted`.
    Append {
        /// At least one.
        records: Vec<Record>,
        /// To report with.
        then: AppendToken,
    },
    /// Take a producer id from the broker's block, and report with `Event::ProducerIdAllocated`.
    AllocateProducerId {
        /// To report with.
        then: ProducerIdToken,
    },
    /// Write the end of a transaction into its partitions, and report with `Event::MarkersWritten`.
    WriteMarkers(Box<WriteMarkers>),
}

/// The end of a transaction, to be written into partitions wherever they are led (WriteTxnMarkers).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WriteMarkers {
    /// To report with.
    pub then: MarkersToken,
    /// Whose transaction, for logs.
    pub transactional_id: TransactionalId,
    /// The marker's producer. Under V2 its epoch is above that of the transaction's records.
    pub producer: ProducerIdAndEpoch,
    /// The leader epoch of the coordinator's partition.
    pub coordinator_epoch: LeaderEpoch,
    /// How the transaction ends.
    pub result: TransactionResult,
    /// By which rule the partition compares epochs (KIP-1228).
    pub version: TransactionVersion,
    /// Where; at least one.
    pub partitions: Vec<TopicPartition>,
}

/// A request, decoded and with its versions' differences spelt out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// InitProducerId with a transactional id.
    InitProducerId(InitProducerIdRequest),
    /// AddPartitionsToTxn of one transactional id, or AddOffsetsToTxn.
    AddPartitions(AddPartitionsRequest),
    /// AddPartitionsToTxn of one transactional id, to verify only.
    VerifyPartitions(VerifyPartitionsRequest),
    /// EndTxn.
    EndTransaction(EndTransactionRequest),
    /// DescribeTransactions of one transactional id.
    DescribeTransaction(TransactionalId),
    /// ListTransactions: this coordinator's part of it.
    ListTransactions(ListTransactionsRequest),
}

/// The answer to the request of the same name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Response {
    /// To `Request::InitProducerId`.
    InitProducerId(Result<ProducerIdAndEpoch, TransactionError>),
    /// To `Request::AddPartitions`: all of them, or none.
    AddPartitions(Result<(), TransactionError>),
    /// To `Request::VerifyPartitions`, in the request's order.
    VerifyPartitions(Vec<(TopicPartition, Result<(), TransactionError>)>),
    /// To `Request::EndTransaction`: from EndTxn 5 with what the producer goes on with, before with `None`.
    EndTransaction(Result<Option<ProducerIdAndEpoch>, TransactionError>),
    /// To `Request::DescribeTransaction`.
    DescribeTransaction(Result<Box<DescribedTransaction>, TransactionError>),
    /// To `Request::ListTransactions`.
    ListTransactions(Result<ListedTransactions, TransactionError>),
}
