//! Why a group request is refused. Wire codes are given elsewhere, by an exhaustive match.

use crate::MemberId;

/// Why a group request, or one partition or member of it, is refused. Named for Kafka's errors.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GroupError {
    /// The group has no such member.
    #[error("the group has no such member")]
    UnknownMemberId,
    /// The request is from another generation than the group's.
    #[error("the generation is not the group's current one")]
    IllegalGeneration,
    /// The members have to join again.
    #[error("the group is rebalancing, so the member has to rejoin")]
    RebalanceInProgress,
    /// The member is to join again with this id (KIP-394).
    #[error("the member is to join again with the id {0}")]
    MemberIdRequired(MemberId),
    /// A newer member has taken over this `group.instance.id`.
    #[error("another member has taken over this group.instance.id")]
    FencedInstanceId,
    /// The protocol type differs from the group's, or no protocol is common to all members.
    #[error("the member's protocols do not fit those of the group")]
    InconsistentGroupProtocol,
    /// The session timeout is outside the configured bounds.
    #[error("the session timeout is outside the broker's bounds")]
    InvalidSessionTimeout,
    /// The group id is empty where it must not be, or too long.
    #[error("the group id is invalid")]
    InvalidGroupId,
    /// There is no such group.
    #[error("there is no such group")]
    GroupIdNotFound,
    /// The group has members, so it cannot be deleted.
    #[error("the group is not empty")]
    NonEmptyGroup,
    /// The group consumes the topic, so its offsets cannot be deleted.
    #[error("the group is subscribed to the topic")]
    GroupSubscribedToTopic,
    /// The group has as many members as it may have.
    #[error("the group has reached its maximum size")]
    GroupMaxSizeReached,
    /// The text of a commit is too long.
    #[error("the metadata of the offset commit is too large")]
    OffsetMetadataTooLarge,
    /// A stable offset was asked for and a newer commit or removal is not durable yet.
    #[error("a newer offset commit is still pending")]
    UnstableOffsetCommit,
    /// The records of a commit do not fit a batch.
    #[error("the offset commit is too large for the log")]
    InvalidCommitOffsetSize,
    /// The coordinator is still reading its log.
    #[error("the coordinator is loading")]
    CoordinatorLoadInProgress,
    /// This broker does not coordinate the group.
    #[error("this is not the group's coordinator")]
    NotCoordinator,
    /// The coordinator cannot serve the group for now.
    #[error("the coordinator is not available")]
    CoordinatorNotAvailable,
    /// The transaction is of an older incarnation of its producer.
    #[error("the producer has been replaced by a newer one")]
    InvalidProducerEpoch,
    /// The producer has a record outside of its open transaction.
    #[error("the producer's transaction does not allow it")]
    InvalidTxnState,
    /// The coordinator of the transaction has been replaced by a newer one.
    #[error("the coordinator of the transaction has been replaced by a newer one")]
    TransactionCoordinatorFenced,
    /// A field of the request is out of range.
    #[error("the request is invalid")]
    InvalidRequest,
    /// The coordinator failed in a way that Kafka has no name for.
    #[error("the group metadata could not be stored")]
    UnknownServerError,
}

/// Why an append did not become durable, as the shell reports it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PersistError {
    /// This shard does not lead the partition any more, or its log is fenced.
    #[error("the partition of __consumer_offsets is not led here")]
    NotLeader,
    /// No replicas, no room, no time: it may be tried again.
    #[error("the append to __consumer_offsets did not become durable")]
    Unavailable,
    /// The batch is larger than the log takes.
    #[error("the batch is too large for __consumer_offsets")]
    TooLarge,
    /// The log knows a newer incarnation of the transaction's producer.
    #[error("the transaction's producer has been replaced by a newer one")]
    InvalidProducerEpoch,
    /// The log knows that the producer's transaction does not allow it.
    #[error("the transaction's producer may not append this now")]
    InvalidTxnState,
    /// The log has a marker of a newer coordinator.
    #[error("the coordinator of the transaction has been replaced by a newer one")]
    TransactionCoordinatorFenced,
}

impl PersistError {
    /// What a member is told when the group's metadata was not stored
    /// (Kafka's `appendGroupMetadataErrorToResponseError`).
    pub(crate) fn for_group(self) -> GroupError {
        match self {
            PersistError::NotLeader => GroupError::NotCoordinator,
            PersistError::Unavailable => GroupError::CoordinatorNotAvailable,
            PersistError::TooLarge => GroupError::UnknownServerError,
            PersistError::InvalidProducerEpoch
            | PersistError::InvalidTxnState
            | PersistError::TransactionCoordinatorFenced => self.for_offsets(),
        }
    }

    /// What a client is told when its offsets were not stored.
    pub(crate) fn for_offsets(self) -> GroupError {
        match self {
            PersistError::NotLeader => GroupError::NotCoordinator,
            PersistError::Unavailable => GroupError::CoordinatorNotAvailable,
            PersistError::TooLarge => GroupError::InvalidCommitOffsetSize,
            PersistError::InvalidProducerEpoch => GroupError::InvalidProducerEpoch,
            PersistError::InvalidTxnState => GroupError::InvalidTxnState,
            PersistError::TransactionCoordinatorFenced => GroupError::TransactionCoordinatorFenced,
        }
    }
}
