//! What goes into a coordinator and what comes out: events, requests, responses, actions. Plain data, no wire format.

use std::time::Duration;

use bytes::Bytes;
use corelog_model::{LeaderEpoch, Offset, PartitionIndex, TimestampMs, TopicId, TopicName};

use crate::{
    AppendToken, CommittedOffset, Generation, GroupError, GroupId, GroupStateName, InstanceId, MemberId,
    PersistError, Record, RequestToken,
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
    /// Append these records, as one batch, behind those of every earlier `Append`, and report with
    /// `Event::Persisted`.
    Append {
        /// At least one.
        records: Vec<Record>,
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

/// JoinGroup.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JoinRequest {
    /// The group.
    pub group_id: GroupId,
    /// Empty at a member's first request.
    pub member_id: MemberId,
    /// A static member's instance id.
    pub group_instance_id: Option<InstanceId>,
    /// From the request's header.
    pub client_id: String,
    /// The connection's address, as Kafka prints it: `/127.0.0.1`.
    pub client_host: String,
    /// How long the member may be silent.
    pub session_timeout: Duration,
    /// How long the member may take to rejoin. The session timeout in v0.
    pub rebalance_timeout: Duration,
    /// `consumer`, `connect`, `sr`, ...: opaque.
    pub protocol_type: String,
    /// The member's protocols and their opaque metadata, the preferred one first.
    pub protocols: Vec<(String, Bytes)>,
    /// From v4 a dynamic member without an id is given one and has to come back with it (KIP-394).
    pub require_known_member_id: bool,
    /// From v9 a static leader can be told to skip the assignment (KIP-814).
    pub supports_skip_assignment: bool,
    /// Why the client joins (KIP-800), for logs alone.
    pub reason: Option<String>,
    /// Fresh random bits: the UUID of the member id, if one is given.
    pub random: u128,
}

/// JoinGroup's success.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JoinedGroup {
    /// The member's id.
    pub member_id: MemberId,
    /// The group's generation.
    pub generation: Generation,
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The chosen protocol.
    pub protocol_name: Option<String>,
    /// The leader, who assigns.
    pub leader: Option<MemberId>,
    /// The leader need not assign (KIP-814).
    pub skip_assignment: bool,
    /// Everybody, for the leader alone.
    pub members: Vec<JoinedMember>,
}

/// One member as the leader sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JoinedMember {
    /// Its id.
    pub member_id: MemberId,
    /// Its instance id, if it is static.
    pub group_instance_id: Option<InstanceId>,
    /// Its metadata for the chosen protocol.
    pub metadata: Bytes,
}

/// SyncGroup.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncRequest {
    /// The group.
    pub group_id: GroupId,
    /// As JoinGroup answered; `None` for a negative one.
    pub generation: Option<Generation>,
    /// The member.
    pub member_id: MemberId,
    /// Its instance id, if it is static.
    pub group_instance_id: Option<InstanceId>,
    /// From v5; checked if present.
    pub protocol_type: Option<String>,
    /// From v5; checked if present.
    pub protocol_name: Option<String>,
    /// Everybody's assignment, from the leader alone.
    pub assignments: Vec<(MemberId, Bytes)>,
}

/// SyncGroup's success.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncedMember {
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The chosen protocol.
    pub protocol_name: Option<String>,
    /// The member's own assignment, opaque.
    pub assignment: Bytes,
}

/// Heartbeat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeartbeatRequest {
    /// The group.
    pub group_id: GroupId,
    /// As JoinGroup answered; `None` for a negative one.
    pub generation: Option<Generation>,
    /// The member.
    pub member_id: MemberId,
    /// Its instance id, if it is static.
    pub group_instance_id: Option<InstanceId>,
}

/// LeaveGroup. Before v3 it names one member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaveRequest {
    /// The group.
    pub group_id: GroupId,
    /// Who leaves.
    pub members: Vec<LeavingMember>,
}

/// Who leaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeavingMember {
    /// Empty: whoever holds the instance id.
    pub member_id: MemberId,
    /// Its instance id, if it is static.
    pub group_instance_id: Option<InstanceId>,
}

/// How it went for one of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftMember {
    /// As in the request.
    pub member: LeavingMember,
    /// Gone, or why not.
    pub result: Result<(), GroupError>,
}

/// OffsetCommit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetCommitRequest {
    /// The group; may be empty.
    pub group_id: GroupId,
    /// `None` from whoever is not a member.
    pub generation: Option<Generation>,
    /// Empty from whoever is not a member.
    pub member_id: MemberId,
    /// Its instance id, if it is static.
    pub group_instance_id: Option<InstanceId>,
    /// v2 to v4: how long to keep the offsets, instead of the broker's retention.
    pub retention: Option<Duration>,
    /// From v9 a generation of an unknown group is `GroupIdNotFound`; before, `IllegalGeneration`.
    pub supports_group_id_not_found: bool,
    /// What is committed.
    pub topics: Vec<OffsetCommitTopic>,
}

/// The offsets of one topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetCommitTopic {
    /// The topic's name. It need not exist.
    pub topic: TopicName,
    /// Its id, `TopicId::ZERO` if that is not known.
    pub topic_id: TopicId,
    /// The partitions.
    pub partitions: Vec<OffsetCommitPartition>,
}

/// The offset of one partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetCommitPartition {
    /// Which.
    pub partition: PartitionIndex,
    /// The next offset to consume.
    pub offset: Offset,
    /// The leader epoch of the last record consumed.
    pub leader_epoch: Option<LeaderEpoch>,
    /// Any text of the client's; null on the wire is empty.
    pub metadata: String,
}

/// How it went for the partitions of one topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicResult {
    /// The topic's name.
    pub topic: TopicName,
    /// As in the request; `TopicId::ZERO` if it had none.
    pub topic_id: TopicId,
    /// In the request's order.
    pub partitions: Vec<PartitionResult>,
}

/// How it went for one partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionResult {
    /// Which.
    pub partition: PartitionIndex,
    /// Done, or why not.
    pub result: Result<(), GroupError>,
}

/// OffsetFetch of one group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetFetchRequest {
    /// The group; may be empty.
    pub group_id: GroupId,
    /// Refuse partitions with a commit on its way, instead of answering with the former offset (KIP-447).
    pub require_stable: bool,
    /// What is asked for; `None` is everything that the group has committed.
    pub topics: Option<Vec<OffsetFetchTopic<PartitionIndex>>>,
}

/// One topic of an OffsetFetch, asked for or answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetFetchTopic<P> {
    /// The topic's name.
    pub topic: TopicName,
    /// Its id, `TopicId::ZERO` if not given. Offsets committed under another id of this name are not answered.
    pub topic_id: TopicId,
    /// The partitions.
    pub partitions: Vec<P>,
}

/// The answer for one partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FetchedOffset {
    /// Which.
    pub partition: PartitionIndex,
    /// `None`: nothing was committed (-1 on the wire). The only error is `UnstableOffsetCommit`.
    pub committed: Result<Option<CommittedOffset>, GroupError>,
}

/// OffsetDelete.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetDeleteRequest {
    /// The group.
    pub group_id: GroupId,
    /// What to delete.
    pub topics: Vec<(TopicName, Vec<PartitionIndex>)>,
}

/// ListGroups. Empty filters let everything pass; comparisons ignore case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListGroupsRequest {
    /// From v4 (KIP-518): states by name.
    pub states: Vec<String>,
    /// From v5 (KIP-848): group types by name; all groups here are `classic`.
    pub types: Vec<String>,
}

/// One group of ListGroups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedGroup {
    /// Its name.
    pub group_id: GroupId,
    /// Empty for a group that only stores offsets.
    pub protocol_type: String,
    /// Its state.
    pub state: GroupStateName,
    /// `classic`, as Kafka writes it.
    pub group_type: &'static str,
}

/// DescribeGroups' answer for one group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedGroup {
    /// Its name.
    pub group_id: GroupId,
    /// Its state.
    pub state: GroupStateName,
    /// Empty for a group that only stores offsets.
    pub protocol_type: String,
    /// The chosen protocol; empty unless the group is stable.
    pub protocol_name: String,
    /// The members, by id. Metadata and assignments are empty unless the group is stable.
    pub members: Vec<DescribedMember>,
}

/// One member of a described group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedMember {
    /// Its id.
    pub member_id: MemberId,
    /// Its instance id, if it is static.
    pub group_instance_id: Option<InstanceId>,
    /// Its client id.
    pub client_id: String,
    /// Its address.
    pub client_host: String,
    /// Its metadata for the chosen protocol, opaque.
    pub metadata: Bytes,
    /// Its assignment, opaque.
    pub assignment: Bytes,
}

/// One committed offset with its place, for metrics such as consumer lag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommittedPartition<'a> {
    /// The group.
    pub group_id: &'a GroupId,
    /// The topic.
    pub topic: &'a TopicName,
    /// The partition.
    pub partition: PartitionIndex,
    /// What is committed and durable.
    pub committed: &'a CommittedOffset,
}
