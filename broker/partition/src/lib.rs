//! A partition as its leader and its followers see it: a state machine between the log and the cluster.
//!
//! The log knows how far it reaches and how much of that is durable. A [`Partition`] knows what that means: who leads, who
//! is in sync, which records are committed, and whose Produce may be answered. It has no clock and no I/O: a shell feeds it
//! events with the time and performs its actions.
//!
//! The rules are those of Kafka's `Partition.scala`, with one difference: a replica counts what is durable on it, where
//! Kafka's counts what it has in memory.
//!
//! Invariants:
//! 1. `log_start <= last_stable <= high_watermark <= log_end`, checked wherever one of them moves.
//! 2. A leader's high watermark never falls. A follower's falls only with its log's end, when it cuts off what its leader
//!    does not have.
//! 3. A leader's high watermark passes a record only when every member of the largest set that may be in sync has it:
//!    a pending addition counts as in, a pending removal still counts as in (KIP-497).
//! 4. One change of the in-sync set is under way at a time.
//! 5. Every waiting acknowledgement is answered once.

mod api;
mod follower;
mod in_sync;
mod partition;
mod waiters;

pub use api::{
    AckError, AckToken, Acks, Action, Assignment, EpochError, Event, FollowerFetch, IsrAnswer, IsrProposal,
    LogEnds, NotEnoughReplicas, PartitionConfig, Role, UnknownReplica,
};
pub use partition::Partition;
