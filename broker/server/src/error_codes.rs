//! The one place where our errors become Kafka's codes. Every match is exhaustive.

use std::fmt;

use corelog_groups::GroupError;
use corelog_metadata::ControllerError;
use corelog_protocol::ErrorCode;
use corelog_storage::{AppendError, CreateError, DeleteRecordsError, ReadError};

use crate::controller::ChangeError;

/// A code, and what to tell the client besides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Kafka's code.
    pub code: ErrorCode,
    /// A sentence with values, where the API carries one.
    pub message: Option<String>,
    /// The records of the batch that are at fault, by their place in it, where only some are (KIP-467).
    pub records: Vec<i32>,
}

impl Failure {
    /// A code with a sentence of its own.
    pub fn new(code: ErrorCode, message: String) -> Failure {
        Failure {
            code,
            message: Some(message),
            records: Vec::new(),
        }
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Failure {
        Failure {
            code,
            message: None,
            records: Vec::new(),
        }
    }
}

impl From<Failure> for ErrorCode {
    fn from(failure: Failure) -> ErrorCode {
        failure.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {message}", self.code.name()),
            None => write!(f, "{}: {}", self.code.name(), self.code.message()),
        }
    }
}

/// Of a Produce, or of a coordinator's own append.
pub fn append_failure(error: &AppendError) -> Failure {
    let code = match error {
        AppendError::RecordTooLarge { .. } => ErrorCode::MessageTooLarge,
        AppendError::InvalidTimestamp { .. } => ErrorCode::InvalidTimestamp,
        AppendError::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
        // On Produce a stale epoch is this, not PRODUCER_FENCED (KAFKA.md, 10).
        AppendError::InvalidProducerEpoch { .. } => ErrorCode::InvalidProducerEpoch,
        AppendError::DiskFull(_) | AppendError::Fenced(_) | AppendError::Corrupt(_) | AppendError::Io(_) => {
            ErrorCode::KafkaStorageError
        }
        AppendError::Deleted => ErrorCode::UnknownTopicOrPartition,
        AppendError::Closed => ErrorCode::NotLeaderOrFollower,
    };
    Failure::new(code, error.to_string())
}

/// Of a Fetch or a ListOffsets.
pub fn read_failure(error: &ReadError) -> Failure {
    let code = match error {
        ReadError::OffsetOutOfRange { .. } => ErrorCode::OffsetOutOfRange,
        ReadError::Corrupt(_) | ReadError::Io(_) => ErrorCode::KafkaStorageError,
        ReadError::Deleted => ErrorCode::UnknownTopicOrPartition,
    };
    Failure::new(code, error.to_string())
}

/// Of a DeleteRecords.
pub fn delete_records_failure(error: &DeleteRecordsError) -> Failure {
    let code = match error {
        DeleteRecordsError::OffsetOutOfRange { .. } => ErrorCode::OffsetOutOfRange,
        DeleteRecordsError::Fenced(_) => ErrorCode::KafkaStorageError,
        DeleteRecordsError::Deleted => ErrorCode::UnknownTopicOrPartition,
    };
    Failure::new(code, error.to_string())
}

/// Of a CreateTopics or CreatePartitions whose logs could not be made.
pub fn create_failure(error: &CreateError) -> Failure {
    let code = match error {
        CreateError::Exists(_) => ErrorCode::TopicAlreadyExists,
        CreateError::BadDirectory(_) => ErrorCode::InvalidTopicException,
        CreateError::DirectoryInUse(_)
        | CreateError::DiskFull(_)
        | CreateError::Fenced(_)
        | CreateError::Io(_) => ErrorCode::KafkaStorageError,
    };
    Failure::new(code, error.to_string())
}

/// Of a change of the metadata.
pub fn change_failure(error: &ChangeError) -> Failure {
    let code = match error {
        ChangeError::Refused(refused) => controller_code(refused),
        ChangeError::Append(error) => append_failure(error).code,
        ChangeError::Build(_) => ErrorCode::PolicyViolation,
        ChangeError::Incomplete(_) => ErrorCode::KafkaStorageError,
        ChangeError::NotLoaded => ErrorCode::NotController,
    };
    Failure::new(code, error.to_string())
}

/// Of a request to a group's coordinator.
pub fn group_code(error: &GroupError) -> ErrorCode {
    match error {
        GroupError::UnknownMemberId => ErrorCode::UnknownMemberId,
        GroupError::IllegalGeneration => ErrorCode::IllegalGeneration,
        GroupError::RebalanceInProgress => ErrorCode::RebalanceInProgress,
        GroupError::MemberIdRequired(_) => ErrorCode::MemberIdRequired,
        GroupError::FencedInstanceId => ErrorCode::FencedInstanceId,
        GroupError::InconsistentGroupProtocol => ErrorCode::InconsistentGroupProtocol,
        GroupError::InvalidSessionTimeout => ErrorCode::InvalidSessionTimeout,
        GroupError::InvalidGroupId => ErrorCode::InvalidGroupId,
        GroupError::GroupIdNotFound => ErrorCode::GroupIdNotFound,
        GroupError::NonEmptyGroup => ErrorCode::NonEmptyGroup,
        GroupError::GroupSubscribedToTopic => ErrorCode::GroupSubscribedToTopic,
        GroupError::GroupMaxSizeReached => ErrorCode::GroupMaxSizeReached,
        GroupError::OffsetMetadataTooLarge => ErrorCode::OffsetMetadataTooLarge,
        GroupError::UnstableOffsetCommit => ErrorCode::UnstableOffsetCommit,
        GroupError::InvalidCommitOffsetSize => ErrorCode::InvalidCommitOffsetSize,
        GroupError::CoordinatorLoadInProgress => ErrorCode::CoordinatorLoadInProgress,
        GroupError::NotCoordinator => ErrorCode::NotCoordinator,
        GroupError::CoordinatorNotAvailable => ErrorCode::CoordinatorNotAvailable,
        GroupError::InvalidRequest => ErrorCode::InvalidRequest,
        GroupError::UnknownServerError => ErrorCode::UnknownServerError,
    }
}

/// Of a request to a group's coordinator: zero if it went well.
pub fn group_result_code<T>(result: &Result<T, GroupError>) -> i16 {
    match result {
        Ok(_) => ErrorCode::None.code(),
        Err(error) => group_code(error).code(),
    }
}

fn controller_code(error: &ControllerError) -> ErrorCode {
    match error {
        ControllerError::TopicName(_) | ControllerError::TopicCollides { .. } => {
            ErrorCode::InvalidTopicException
        }
        ControllerError::TopicExists(_) => ErrorCode::TopicAlreadyExists,
        ControllerError::UnknownTopicName(_) => ErrorCode::UnknownTopicOrPartition,
        ControllerError::UnknownTopicId(_) => ErrorCode::UnknownTopicId,
        ControllerError::PartitionCount(_) | ControllerError::NotAnIncrease { .. } => {
            ErrorCode::InvalidPartitions
        }
        ControllerError::TooManyPartitions { .. } => ErrorCode::PolicyViolation,
        ControllerError::ReplicationFactor { .. } => ErrorCode::InvalidReplicationFactor,
        // As `ControllerApis.createTopics` answers for Kafka's own such topic.
        ControllerError::TopicReserved(_)
        | ControllerError::AssignmentAndNumbers { .. }
        | ControllerError::ConfigRepeated { .. } => ErrorCode::InvalidRequest,
        ControllerError::Assignment(_) => ErrorCode::InvalidReplicaAssignment,
        ControllerError::Config(_)
        | ControllerError::ConfigNotList { .. }
        | ControllerError::ConfigValueTooLong { .. } => ErrorCode::InvalidConfig,
        ControllerError::UnknownBroker(_) => ErrorCode::BrokerIdNotRegistered,
        ControllerError::ProducerIdsExhausted => ErrorCode::UnknownServerError,
    }
}
