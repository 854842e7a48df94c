//! Events and actions, requests and responses by API.

use std::time::Duration;

use corelog_model::{TimestampMs, TopicName};

use super::{
    DescribedGroup, FetchedOffset, HeartbeatRequest, JoinRequest, JoinedGroup, LeaveRequest, LeftMember,
    ListGroupsRequest, ListedGroup, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
    OffsetFetchTopic, SyncRequest, SyncedMember, TopicResult, TransactionEnd, TransactionalProducer,
    TxnOffsetCommitRequest,
};
use crate::{AppendToken, GroupError, GroupId, PersistError, Record, RequestToken};

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
    /// A topic was deleted: its committed offsets go.
    TopicDeleted {
        /// The topic's name.
        topic: TopicName,
    },
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
    /// Append these records, as one batch, behind those of every earlier append, and report with
    /// `Event::Persisted`.
    Append {
        /// At least one.
        records: Vec<Record>,
        /// The transaction that the batch is a part of.
        transaction: Option<TransactionalProducer>,
        /// To report with.
        then: AppendToken,
    },
    /// Append the marker that ends a transaction, in the order of the appends, and report with `Event::Persisted`.
    AppendMarker {
        /// What it says.
        end: TransactionEnd,
        /// To report with.
        then: AppendToken,
    },
}

/// A request, decoded and with its versions' differences spelt out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// JoinGroup.
    Join(Box<JoinRequest>),
    /// SyncGroup.
    Sync(SyncRequest),
    /// Heartbeat.
    Heartbeat(HeartbeatRequest),
    /// LeaveGroup.
    Leave(LeaveRequest),
    /// OffsetCommit.
    OffsetCommit(OffsetCommitRequest),
    /// TxnOffsetCommit.
    TxnOffsetCommit(TxnOffsetCommitRequest),
    /// WriteTxnMarkers: one transaction that may have offsets of this partition's groups.
    EndTransaction(TransactionEnd),
    /// OffsetFetch of one group.
    OffsetFetch(OffsetFetchRequest),
    /// OffsetDelete.
    OffsetDelete(OffsetDeleteRequest),
    /// DeleteGroups: those of the groups that live in this partition.
    DeleteGroups(Vec<GroupId>),
    /// DescribeGroups of one group.
    DescribeGroup(GroupId),
    /// ListGroups: this coordinator's part of it.
    ListGroups(ListGroupsRequest),
}

/// The answer to the request of the same name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Response {
    /// To `Request::Join`.
    Join(Result<JoinedGroup, GroupError>),
    /// To `Request::Sync`.
    Sync(Result<SyncedMember, GroupError>),
    /// To `Request::Heartbeat`.
    Heartbeat(Result<(), GroupError>),
    /// To `Request::Leave`; one entry for each that the request names, in its order.
    Leave(Result<Vec<LeftMember>, GroupError>),
    /// To `Request::OffsetCommit`; in the request's order.
    OffsetCommit(Result<Vec<TopicResult>, GroupError>),
    /// To `Request::TxnOffsetCommit`; in the request's order.
    TxnOffsetCommit(Result<Vec<TopicResult>, GroupError>),
    /// To `Request::EndTransaction`: the marker is durable, and the offsets count or are gone.
    EndTransaction(Result<(), GroupError>),
    /// To `Request::OffsetFetch`; in the request's order, or by name if it asked for all.
    OffsetFetch(Result<Vec<OffsetFetchTopic<FetchedOffset>>, GroupError>),
    /// To `Request::OffsetDelete`; in the request's order.
    OffsetDelete(Result<Vec<TopicResult>, GroupError>),
    /// To `Request::DeleteGroups`; in the request's order.
    DeleteGroups(Vec<(GroupId, Result<(), GroupError>)>),
    /// To `Request::DescribeGroup`. Before v6 `GroupIdNotFound` goes on the wire as a Dead group without an error.
    DescribeGroup(Result<DescribedGroup, GroupError>),
    /// To `Request::ListGroups`.
    ListGroups(Result<Vec<ListedGroup>, GroupError>),
}
