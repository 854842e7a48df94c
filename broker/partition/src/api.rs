//! What goes into a [`crate::Partition`] and what comes out of it.

use std::time::Duration;

use corelog_model::{BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionEpoch};

/// The role of this broker in the partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It takes the writes.
    Leader,
    /// It copies from the leader, if there is one at present.
    Follower {
        /// Who leads.
        leader: Option<BrokerId>,
    },
}

/// What the metadata says of a partition (PartitionRecord, PartitionChangeRecord).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assignment {
    /// Who leads; `None` if nobody can.
    pub leader: Option<BrokerId>,
    /// The leader epoch.
    pub leader_epoch: LeaderEpoch,
    /// The version of this assignment.
    pub partition_epoch: PartitionEpoch,
    /// The brokers that hold the partition, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// Those of them that keep up.
    pub in_sync_replicas: Vec<BrokerId>,
}

/// The settings that a partition goes by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartitionConfig {
    /// `min.insync.replicas`. A partition with fewer replicas than that needs them all.
    pub min_in_sync_replicas: usize,
    /// `replica.lag.time.max.ms`: how long a follower may be behind before it counts as out of sync.
    pub replica_lag_max: Duration,
}

/// How far the partition's own log reaches. Ends are exclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LogEnds {
    /// The first offset that may be read.
    pub log_start: Offset,
    /// The offset of the next append.
    pub log_end: Offset,
    /// Records before it are stored as the topic's `durability` asks. At most `log_end`.
    pub durable_end: Offset,
    /// Where the oldest open transaction begins.
    pub first_unstable: Option<Offset>,
}

/// A follower's Fetch, which tells how far its log reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FollowerFetch {
    /// Who fetches.
    pub replica: BrokerId,
    /// The registration that it fetches under; `None` if it does not say.
    pub broker_epoch: Option<BrokerEpoch>,
    /// It has everything before this offset; a follower that is a Corelog broker has it on stable storage.
    pub offset: Offset,
    /// Where its log begins.
    pub log_start: Offset,
    /// This log's end when the Fetch was read.
    pub leader_log_end: Offset,
}

/// Which acknowledgement a Produce asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acks {
    /// `acks=1`: the leader has the records.
    Leader,
    /// `acks=all`: every in-sync replica has them.
    All,
}

/// Identifies one waiting acknowledgement; the shell chooses it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AckToken(pub u64);

/// The controller's answer to an [`IsrProposal`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IsrAnswer {
    /// It is so now; the set may differ from what was proposed.
    Changed {
        /// The version of the new set.
        partition_epoch: PartitionEpoch,
        /// The new set.
        in_sync_replicas: Vec<BrokerId>,
    },
    /// INELIGIBLE_REPLICA, OPERATION_NOT_ATTEMPTED: the set is what it was.
    Rejected,
    /// FENCED_LEADER_EPOCH, INVALID_UPDATE_VERSION, NEW_LEADER_ELECTED, UNKNOWN_TOPIC_*, INVALID_REQUEST: this broker is
    /// behind, and the next assignment says what holds. Until then nothing else is proposed.
    Outdated,
    /// Any other error: the same is proposed again.
    Failed,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The metadata says who leads and who follows.
    Assigned(Assignment),
    /// The settings changed.
    Configured(PartitionConfig),
    /// The log grew, more of it became durable, its start moved, or a transaction began or ended.
    LogMoved(LogEnds),
    /// A replica fetched. See [`crate::Partition::check_follower`] for who may.
    Fetched(FollowerFetch),
    /// The leader's answer to this follower's Fetch carried its high watermark.
    LeaderHighWatermark(Offset),
    /// A Produce waits for its acknowledgement: exactly one [`Action::Acknowledge`] with this token follows, at once or
    /// from a later event.
    AcksAwaited {
        /// Comes back in the action.
        token: AckToken,
        /// The offset after the Produce's last record.
        end: Offset,
        /// Who must have it.
        acks: Acks,
    },
    /// The controller answered a proposal. The metadata may have overtaken the answer: one to a proposal that is no longer
    /// under way changes nothing.
    IsrAnswered {
        /// [`IsrProposal::partition_epoch`] of what is answered.
        replaces: PartitionEpoch,
        /// What it says.
        answer: IsrAnswer,
    },
    /// A broker may be in sync under this registration; `None` while it is fenced or shutting down.
    BrokerEligible {
        /// Which broker.
        broker: BrokerId,
        /// Its registration.
        epoch: Option<BrokerEpoch>,
    },
    /// The partition is no longer here.
    Removed,
}

/// A change of the in-sync set that the controller is asked for (AlterPartition).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IsrProposal {
    /// The leader epoch of the proposal.
    pub leader_epoch: LeaderEpoch,
    /// The version that it is to replace.
    pub partition_epoch: PartitionEpoch,
    /// The set, each with the registration that it fetched under.
    pub in_sync_replicas: Vec<(BrokerId, Option<BrokerEpoch>)>,
}

/// What the shell is to do, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Have the log note that this epoch begins at this offset, before anything is appended in it.
    StartEpoch {
        /// The epoch.
        epoch: LeaderEpoch,
        /// Where it begins: the log's end.
        offset: Offset,
    },
    /// Tell the log where the high watermark and the last stable offset are now.
    Committed {
        /// Records before it are on every in-sync replica.
        high_watermark: Offset,
        /// Records before it belong to no open transaction. At most the high watermark.
        last_stable: Offset,
    },
    /// Answer a Produce.
    Acknowledge {
        /// Which.
        token: AckToken,
        /// Whether its records are acknowledged.
        result: Result<(), AckError>,
    },
    /// Ask the controller, and report with [`Event::IsrAnswered`].
    ProposeIsr(IsrProposal),
    /// Copy from this leader from now on, or from nobody.
    Follow {
        /// Who leads.
        leader: Option<BrokerId>,
        /// Its leader epoch.
        epoch: LeaderEpoch,
    },
}

/// Why a Produce that was appended is not acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AckError {
    /// NOT_ENOUGH_REPLICAS_AFTER_APPEND.
    #[error(
        "the records are stored, and only {in_sync} of the {needed} replicas that are needed are in sync"
    )]
    NotEnoughReplicasAfterAppend {
        /// How many are in sync.
        in_sync: usize,
        /// How many must be.
        needed: usize,
    },
    /// NOT_LEADER_OR_FOLLOWER.
    #[error("another broker leads the partition since")]
    NotLeader,
}

/// NOT_ENOUGH_REPLICAS: an append with `acks=all` is refused before it is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{in_sync} replicas are in sync and min.insync.replicas is {needed}")]
pub struct NotEnoughReplicas {
    /// How many are in sync.
    pub in_sync: usize,
    /// How many must be.
    pub needed: usize,
}

/// A request names another leader epoch than this broker knows (KIP-320).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EpochError {
    /// FENCED_LEADER_EPOCH: the asker must renew its metadata.
    #[error("the leader epoch {asked} is older than {current}")]
    Fenced {
        /// The asker's.
        asked: LeaderEpoch,
        /// This broker's.
        current: LeaderEpoch,
    },
    /// UNKNOWN_LEADER_EPOCH: this broker has not heard of it yet.
    #[error("the leader epoch {asked} is newer than {current}")]
    Unknown {
        /// The asker's.
        asked: LeaderEpoch,
        /// This broker's.
        current: LeaderEpoch,
    },
}

/// UNKNOWN_LEADER_EPOCH or NOT_LEADER_OR_FOLLOWER: a broker that is no replica fetches as one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("broker {replica} is not a replica of the partition in leader epoch {epoch}")]
pub struct UnknownReplica {
    /// Who fetched.
    pub replica: BrokerId,
    /// The leader epoch that this broker knows.
    pub epoch: LeaderEpoch,
}
