//! The vocabulary of Corelog: what every other crate names things by. No I/O, no clock, no async.

pub mod batch;
mod ids;
mod java_hash;
mod offset;
mod transaction;

pub use batch::{BatchError, BatchHeader, ValidatedBatch};
pub use ids::{
    BrokerEpoch, BrokerId, DirectoryId, LeaderEpoch, PartitionEpoch, PartitionId, PartitionIndex,
    ProducerEpoch, ProducerId, Sequence, ShardId, TimestampMs, TopicId, TopicName, TopicNameError,
};
pub use java_hash::partition_for;
pub use offset::{FilePosition, Offset, OffsetDelta};
pub use transaction::TransactionResult;
