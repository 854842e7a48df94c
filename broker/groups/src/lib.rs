//! The classic consumer group protocol as a state machine, and the records of __consumer_offsets.
//!
//! One `GroupCoordinator` serves the groups of one partition of `__consumer_offsets`. It has no clock, no
//! randomness and no I/O: a shell feeds it events with the time, performs its actions and reports what became durable.
//!
//! Invariants:
//! 1. Every request token gets exactly one reply, at once or from a later event (the last resort is `unload`).
//! 2. What a reply promises is durable: the reply leaves when the append that it rests on was reported durable.
//! 3. Durable state changes in one place, `log::apply`, from the same `Change` that was encoded; replay after a
//!    restart decodes the records back to `Change` and takes the same path.
//! 4. Nothing here panics on bytes from a client or from the log.

mod admin;
mod api;
mod commit;
mod config;
mod context;
mod coordinator;
mod error;
mod expiry;
mod group;
mod group_record;
mod heartbeat;
mod ids;
mod join;
mod leave;
mod load;
mod log;
mod member;
mod offset_queries;
mod offsets;
mod rebalance;
pub mod records;
mod state;
mod static_join;
mod subscription;
mod sync;
mod timers;

pub use api::{
    Action, CommittedPartition, DescribedGroup, DescribedMember, Event, FetchedOffset, HeartbeatRequest,
    JoinRequest, JoinedGroup, JoinedMember, LeaveRequest, LeavingMember, LeftMember, ListGroupsRequest,
    ListedGroup, Now, OffsetCommitPartition, OffsetCommitRequest, OffsetCommitTopic, OffsetDeleteRequest,
    OffsetFetchRequest, OffsetFetchTopic, PartitionResult, Request, Response, SyncRequest, SyncedMember,
    TopicResult, TransactionEnd, TransactionalProducer, TxnOffsetCommitRequest,
};
pub use config::GroupConfig;
pub use coordinator::GroupCoordinator;
pub use error::{GroupError, PersistError};
pub use ids::{AppendToken, Generation, GroupId, GroupOffset, InstanceId, MemberId, RequestToken};
pub use load::{Loaded, SnapshotBatch};
pub use offsets::CommittedOffset;
pub use records::Record;
pub use state::GroupStateName;
