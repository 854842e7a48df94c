//! OffsetCommit, OffsetFetch and OffsetDelete.

use std::time::Duration;

use corelog_model::{LeaderEpoch, PartitionIndex, TopicId, TopicName};

use crate::{CommittedOffset, Generation, GroupError, GroupId, GroupOffset, InstanceId, MemberId};

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
    pub offset: GroupOffset,
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
