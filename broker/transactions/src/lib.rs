//! The transaction coordinator as a state machine, and the records of `__transaction_state`.
//!
//! One `TransactionCoordinator` serves the transactional ids of one partition of `__transaction_state`. It has no clock, no
//! randomness and no I/O: a shell feeds it events with the time, performs its actions and reports what became of them.
//!
//! ```text
//! Empty ─▶ Ongoing ─▶ PrepareCommit ─▶ CompleteCommit ─▶ Ongoing, Empty
//!             │  └──▶ PrepareAbort  ─▶ CompleteAbort  ─▶ Ongoing, Empty
//!             └ timeout, another producer: PrepareAbort with a raised epoch
//! ```
//! Invariants:
//! 1. Every request token gets exactly one reply, at once or from a later event (the last resort is `unload`).
//! 2. What a reply promises is durable: the reply leaves when the append that it rests on was reported durable.
//! 3. Durable state changes in one place, `log::apply`, from the same `Change` that was encoded; replay after a
//!    restart decodes the records back to `Change` and takes the same path.
//! 4. Nothing here panics on bytes from a client or from the log.
//! 5. A transactional id has one change under way at a time; whoever comes meanwhile waits, or is told to try again.
//! 6. Markers are written when the decision is durable, and the transaction is complete when all markers are: what is
//!    decided is never decided otherwise, and is completed however often the coordinator moves in between.
//!
//! Where it differs from Kafka 4.4, whose decisions and answers the tests hold beside ours:
//! - A request that comes amid a change may wait for its end instead of being answered CONCURRENT_TRANSACTIONS.
//! - The last epoch of a client is persisted, in a tag of ours (KAFKA-20357).
//! - InitProducerId with an epoch that is not the present one, when that is the last one: Kafka throws, and answers
//!   UNKNOWN_SERVER_ERROR. Here a repeated request is answered as the first, any other is fenced.
//! - A partition that answers INVALID_PRODUCER_EPOCH to a marker counts as done. Kafka stops writing the markers of that
//!   transaction, which stays open until the coordinator moves.
//! - A transaction is aborted when its timeout is over, not at the next look of an interval.
//! - An id whose first record failed is forgotten; Kafka keeps its producer id.
//! - The size of a transaction's record is bounded when partitions are added, so that its end always fits.

mod add_partitions;
mod api;
mod completion;
mod config;
mod context;
mod coordinator;
mod decision;
mod end_transaction;
mod error;
mod expiry;
mod figures;
mod ids;
mod init_producer_id;
mod load;
mod log;
mod metadata;
mod parking;
mod partitions;
mod queries;
pub mod records;
mod state;
mod step;
mod timers;
mod transaction;
mod version;

pub use api::{
    Action, AddPartitionsRequest, DescribedTransaction, EndTransactionRequest, Event, IdFilter,
    InitProducerIdRequest, ListTransactionsRequest, ListedTransaction, ListedTransactions, MarkerOutcome,
    Now, ProducerIdAndEpoch, Request, Response, VerifyPartitionsRequest, WriteMarkers,
};
pub use config::{Parking, TransactionConfig};
pub use coordinator::TransactionCoordinator;
pub use corelog_model::TransactionResult;
pub use error::{NoProducerId, PersistError, TransactionError};
pub use figures::{MarkerDelays, TransactionCounts, TransactionLevels};
pub use ids::{AppendToken, MarkersToken, ProducerIdToken, RequestToken, TransactionalId};
pub use load::Loaded;
pub use partitions::{Partitions, TopicPartition};
pub use records::{Record, TransactionLogValue};
pub use state::TransactionState;
pub use version::TransactionVersion;
