//! What goes into a coordinator and what comes out. Plain data, no wire format.

mod admin;
mod event;
mod membership;
mod offsets;
mod transactions;

pub use admin::{DescribedGroup, DescribedMember, ListGroupsRequest, ListedGroup};
pub use event::{Action, Event, Now, Request, Response};
pub use membership::{
    HeartbeatRequest, JoinRequest, JoinedGroup, JoinedMember, LeaveRequest, LeavingMember, LeftMember,
    SyncRequest, SyncedMember,
};
pub use offsets::{
    CommittedPartition, FetchedOffset, OffsetCommitPartition, OffsetCommitRequest, OffsetCommitTopic,
    OffsetDeleteRequest, OffsetFetchRequest, OffsetFetchTopic, PartitionResult, TopicResult,
};
pub use transactions::{TransactionEnd, TransactionalProducer, TxnOffsetCommitRequest};
