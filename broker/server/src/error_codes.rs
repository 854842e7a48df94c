//! The one place where our errors become Kafka's codes. Every match on an error is exhaustive.
//!
//! How a request is refused for the state of a log, which is no error of its own, is the table in
//! `partitions/log_state.rs`. A code without an error before it is chosen where the request is judged.

use std::fmt;

use corelog_config::ConfigError;
use corelog_controller::{ControllerError, ControllerRequest};
use corelog_groups::GroupError;
use corelog_model::{BatchError, TopicNameError};
use corelog_partition::{AckError, EpochError, NotEnoughReplicas};
use corelog_protocol::{ApiKey, ErrorCode};
use corelog_records::{
    DecompressError, HeaderFault, PayloadError, PayloadFault, RecompressError, RecordsFault,
};
use corelog_storage::{AppendError, DeleteRecordsError, ReadError};
use corelog_transactions::TransactionError;

use crate::clients::fetch_session::SessionError;
use crate::controller::ChangeError;
use crate::own_log::LogAppendError;

/// The longest sentence that a client is told, in bytes. Some quote what the client sent, which may be as long as a
/// string can be on the wire; the sentence around it would make an answer that cannot be encoded.
const MESSAGE_BYTES_MAX: usize = 1_000;

/// A code, and what to tell the client besides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Kafka's code.
    pub code: ErrorCode,
    /// A sentence with values, where the API carries one.
    pub(crate) message: Option<String>,
    /// The records of the batch that are at fault, by their place in it, where only some are (KIP-467).
    pub(crate) records: Vec<i32>,
}

impl Failure {
    /// A code with a sentence of its own, cut at [`MESSAGE_BYTES_MAX`].
    pub(crate) fn new(code: ErrorCode, mut message: String) -> Failure {
        if message.len() > MESSAGE_BYTES_MAX {
            message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
            message.push_str("...");
        }
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
pub(crate) fn append_failure(error: &AppendError) -> Failure {
    let code = match error {
        AppendError::RecordTooLarge { .. } => ErrorCode::MessageTooLarge,
        AppendError::InvalidTimestamp { .. } => ErrorCode::InvalidTimestamp,
        // Of a follower's own append, which no client asks for.
        AppendError::OutOfPlace { .. } => ErrorCode::UnknownServerError,
        AppendError::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
        // On Produce a stale epoch is this, not PRODUCER_FENCED, as in Kafka.
        AppendError::InvalidProducerEpoch { .. } => ErrorCode::InvalidProducerEpoch,
        AppendError::InvalidTransactionState { .. } => ErrorCode::InvalidTxnState,
        AppendError::CoordinatorFenced { .. } => ErrorCode::TransactionCoordinatorFenced,
        AppendError::DiskFull(_) | AppendError::Fenced(_) | AppendError::Corrupt(_) | AppendError::Io(_) => {
            ErrorCode::KafkaStorageError
        }
        AppendError::Deleted => ErrorCode::UnknownTopicOrPartition,
        AppendError::Closed => ErrorCode::NotLeaderOrFollower,
    };
    Failure::new(code, error.to_string())
}

/// Of a Produce with `acks=all` that is refused before anything is appended.
pub(crate) fn replicas_failure(error: &NotEnoughReplicas) -> Failure {
    Failure::new(ErrorCode::NotEnoughReplicas, error.to_string())
}

/// Of a Produce that was appended and is not acknowledged.
pub(crate) fn ack_failure(error: &AckError) -> Failure {
    let code = match error {
        AckError::NotEnoughReplicasAfterAppend { .. } => ErrorCode::NotEnoughReplicasAfterAppend,
        AckError::NotLeader => ErrorCode::NotLeaderOrFollower,
    };
    Failure::new(code, error.to_string())
}

/// Of a request that was made under another leader epoch (KIP-320).
pub(crate) fn epoch_failure(error: &EpochError) -> Failure {
    let code = match error {
        EpochError::Fenced { .. } => ErrorCode::FencedLeaderEpoch,
        EpochError::Unknown { .. } => ErrorCode::UnknownLeaderEpoch,
    };
    Failure::new(code, error.to_string())
}

/// Of bytes that are no batch.
pub(crate) fn batch_failure(error: &BatchError) -> Failure {
    let code = match error {
        BatchError::Crc { .. } | BatchError::Length(_) => ErrorCode::CorruptMessage,
        // Kafka throws what it has no code for when it comes upon a codec that there is not.
        BatchError::Field {
            field: "attributes", ..
        } => ErrorCode::UnknownServerError,
        BatchError::Truncated { .. } | BatchError::Magic(_) | BatchError::Field { .. } => {
            ErrorCode::InvalidRecord
        }
    };
    Failure::new(code, error.to_string())
}

/// Of a batch that says of itself what no client's may say.
pub(crate) fn header_failure(fault: &HeaderFault) -> Failure {
    let code = match fault {
        HeaderFault::Control
        | HeaderFault::BaseOffset(_)
        | HeaderFault::Count { .. }
        | HeaderFault::NoSequence { .. }
        | HeaderFault::NegativeEpoch { .. }
        | HeaderFault::TransactionalWithoutProducer => ErrorCode::InvalidRecord,
    };
    Failure::new(code, fault.to_string())
}

/// Of a Produce to a topic whose settings do not go with the broker's.
pub(crate) fn topic_config_failure(error: &ConfigError) -> Failure {
    let code = match error {
        ConfigError::UnknownKey { .. }
        | ConfigError::Replaced { .. }
        | ConfigError::InvalidValue { .. }
        | ConfigError::Conflict { .. }
        | ConfigError::NotAList { .. }
        | ConfigError::NoValue { .. }
        | ConfigError::NeedsRestart { .. } => ErrorCode::InvalidConfig,
    };
    Failure::new(code, error.to_string())
}

/// Of a name that no topic can have.
pub(crate) fn topic_name_failure(error: &TopicNameError) -> Failure {
    let code = match error {
        TopicNameError::Empty
        | TopicNameError::Dots
        | TopicNameError::TooLong(_)
        | TopicNameError::Character(_) => ErrorCode::InvalidTopicException,
    };
    Failure::new(code, error.to_string())
}

/// Of records that are none, or break a rule of their topic.
pub(crate) fn records_failure(fault: &RecordsFault) -> Failure {
    let (code, records) = match fault {
        RecordsFault::Malformed(_) => (ErrorCode::InvalidRecord, Vec::new()),
        RecordsFault::NullKey { indexes } => (ErrorCode::InvalidRecord, indexes.clone()),
        RecordsFault::Timestamp { indexes, .. } => (ErrorCode::InvalidTimestamp, indexes.clone()),
    };
    Failure {
        code,
        message: Some(fault.to_string()),
        records,
    }
}

/// Of a compressed batch. Kafka answers UNKNOWN_SERVER_ERROR to records that do not decompress.
pub(crate) fn payload_failure(fault: &PayloadFault) -> Failure {
    match fault {
        PayloadFault::Records(fault) => records_failure(fault),
        PayloadFault::Decompress(_) => Failure::new(ErrorCode::UnknownServerError, fault.to_string()),
        PayloadFault::TooLarge { .. } => Failure::new(ErrorCode::MessageTooLarge, fault.to_string()),
    }
}

/// Of a batch that is stored otherwise than it came.
pub(crate) fn recompress_failure(error: &RecompressError) -> Failure {
    let code = match error {
        RecompressError::Records(fault) => return records_failure(fault),
        RecompressError::Payload(PayloadError::Truncated { .. }) => ErrorCode::InvalidRecord,
        RecompressError::Payload(PayloadError::Decompress(DecompressError::TooLarge { .. }))
        | RecompressError::TooLarge { .. } => ErrorCode::MessageTooLarge,
        RecompressError::Payload(PayloadError::Decompress(
            DecompressError::Malformed(_) | DecompressError::Snappy(_) | DecompressError::SnappyFrame,
        ))
        | RecompressError::Compress(_)
        | RecompressError::Invalid(_) => ErrorCode::UnknownServerError,
    };
    Failure::new(code, error.to_string())
}

/// Of a Fetch or a ListOffsets.
pub(crate) fn read_failure(error: &ReadError) -> Failure {
    let code = match error {
        ReadError::OffsetOutOfRange { .. } => ErrorCode::OffsetOutOfRange,
        ReadError::Corrupt(_) | ReadError::Io(_) => ErrorCode::KafkaStorageError,
        ReadError::Deleted => ErrorCode::UnknownTopicOrPartition,
        // Of a broker that no longer leads, and a client that asks again is told.
        ReadError::CutOff => ErrorCode::NotLeaderOrFollower,
    };
    Failure::new(code, error.to_string())
}

/// Of a Fetch that goes on with a session.
pub(crate) fn session_code(error: &SessionError) -> ErrorCode {
    match error {
        SessionError::NotFound(_) => ErrorCode::FetchSessionIdNotFound,
        SessionError::Epoch { .. } => ErrorCode::InvalidFetchSessionEpoch,
        SessionError::TopicIds => ErrorCode::FetchSessionTopicIdError,
    }
}

/// Of a DeleteRecords.
pub(crate) fn delete_records_failure(error: &DeleteRecordsError) -> Failure {
    let code = match error {
        DeleteRecordsError::OffsetOutOfRange { .. } => ErrorCode::OffsetOutOfRange,
        DeleteRecordsError::Fenced(_) => ErrorCode::KafkaStorageError,
        DeleteRecordsError::Deleted => ErrorCode::UnknownTopicOrPartition,
    };
    Failure::new(code, error.to_string())
}

/// Of a change of the metadata.
pub(crate) fn change_failure(error: &ChangeError) -> Failure {
    failure_about(Subject::Other, error)
}

/// Of a change that a client has asked for in these words, of which a few have codes of their own.
pub(crate) fn request_failure(request: &ControllerRequest, error: &ChangeError) -> Failure {
    failure_about(Subject::of(request), error)
}

/// Of the topic that groups keep their state in, when it cannot be made: clients try again after this, as they do while
/// Kafka creates it.
pub(crate) fn internal_topic_failure(error: &ChangeError) -> Failure {
    let code = match error {
        ChangeError::Refused(_)
        | ChangeError::Append(_)
        | ChangeError::Encode(_)
        | ChangeError::NotLoaded => ErrorCode::CoordinatorNotAvailable,
    };
    Failure::new(code, error.to_string())
}

/// What a change is about, where that has a say in the code.
#[derive(Clone, Copy)]
enum Subject {
    /// The settings of the topic without a name, which would stand for all topics.
    AllTopics,
    /// The settings of a broker, or of all.
    Broker,
    Other,
}

impl Subject {
    fn of(request: &ControllerRequest) -> Subject {
        match request {
            ControllerRequest::ReplaceTopicConfigs { topic, .. }
            | ControllerRequest::AlterTopicConfigs { topic, .. }
                if topic.is_empty() =>
            {
                Subject::AllTopics
            }
            ControllerRequest::ReplaceBrokerConfigs { .. } | ControllerRequest::AlterBrokerConfigs { .. } => {
                Subject::Broker
            }
            ControllerRequest::ReplaceTopicConfigs { .. }
            | ControllerRequest::AlterTopicConfigs { .. }
            | ControllerRequest::RegisterBroker(_)
            | ControllerRequest::BrokerHeartbeat(_)
            | ControllerRequest::CreateTopic(_)
            | ControllerRequest::DeleteTopic { .. }
            | ControllerRequest::CreatePartitions { .. }
            | ControllerRequest::AllocateProducerIds { .. } => Subject::Other,
        }
    }
}

fn failure_about(subject: Subject, error: &ChangeError) -> Failure {
    let code = match error {
        ChangeError::Refused(refused) => return controller_failure(subject, refused),
        ChangeError::Append(LogAppendError::Append(error)) => append_failure(error).code,
        ChangeError::Append(LogAppendError::Build(_)) | ChangeError::Encode(_) => ErrorCode::PolicyViolation,
        ChangeError::NotLoaded => ErrorCode::NotController,
    };
    Failure::new(code, error.to_string())
}

/// Of a request to a transactional id's coordinator, of the API `api` in this version (Kafka's `KafkaApis`).
pub(crate) fn transaction_code(error: TransactionError, api: ApiKey, version: i16) -> ErrorCode {
    match error {
        TransactionError::InvalidRequest => ErrorCode::InvalidRequest,
        TransactionError::InvalidTransactionTimeout => ErrorCode::InvalidTransactionTimeout,
        TransactionError::InvalidProducerIdMapping => ErrorCode::InvalidProducerIdMapping,
        // Clients before KIP-588 know this one alone.
        TransactionError::ProducerFenced => {
            let last_old = match api {
                ApiKey::InitProducerId => 3,
                ApiKey::AddPartitionsToTxn | ApiKey::AddOffsetsToTxn | ApiKey::EndTxn => 1,
                _ => -1,
            };
            if version <= last_old {
                ErrorCode::InvalidProducerEpoch
            } else {
                ErrorCode::ProducerFenced
            }
        }
        TransactionError::ConcurrentTransactions => ErrorCode::ConcurrentTransactions,
        TransactionError::InvalidTxnState => ErrorCode::InvalidTxnState,
        TransactionError::TransactionAbortable => ErrorCode::TransactionAbortable,
        TransactionError::TransactionalIdNotFound => ErrorCode::TransactionalIdNotFound,
        TransactionError::CoordinatorLoadInProgress | TransactionError::ProducerIdsUnavailable => {
            ErrorCode::CoordinatorLoadInProgress
        }
        TransactionError::NotCoordinator => ErrorCode::NotCoordinator,
        TransactionError::CoordinatorNotAvailable => ErrorCode::CoordinatorNotAvailable,
        TransactionError::UnknownServerError => ErrorCode::UnknownServerError,
    }
}

/// Of the question that a Produce of this version has for the coordinator of its transaction (Kafka's
/// `AddPartitionsToTxnManager` and `ReplicaManager.handleProduceAppend`).
pub(crate) fn produce_transaction_failure(error: TransactionError, version: i16) -> Failure {
    /// From this version on a client knows TRANSACTION_ABORTABLE.
    const ABORTABLE: i16 = 11;
    /// From this version on it tries again after CONCURRENT_TRANSACTIONS.
    const CONCURRENT: i16 = 12;
    let code = match error {
        TransactionError::ProducerFenced => ErrorCode::InvalidProducerEpoch,
        TransactionError::TransactionAbortable if version < ABORTABLE => ErrorCode::InvalidTxnState,
        TransactionError::ConcurrentTransactions if version < CONCURRENT => ErrorCode::NotEnoughReplicas,
        TransactionError::CoordinatorLoadInProgress
        | TransactionError::ProducerIdsUnavailable
        | TransactionError::NotCoordinator
        | TransactionError::CoordinatorNotAvailable => ErrorCode::NotEnoughReplicas,
        TransactionError::TransactionAbortable
        | TransactionError::ConcurrentTransactions
        | TransactionError::InvalidRequest
        | TransactionError::InvalidTransactionTimeout
        | TransactionError::InvalidProducerIdMapping
        | TransactionError::InvalidTxnState
        | TransactionError::TransactionalIdNotFound
        | TransactionError::UnknownServerError => transaction_code(error, ApiKey::Produce, version),
    };
    Failure::new(code, error.to_string())
}

/// Of the question that a TxnOffsetCommit of this version has for the coordinator of its transaction.
pub(crate) fn offsets_transaction_code(error: TransactionError, version: i16) -> ErrorCode {
    /// From this version on a client knows TRANSACTION_ABORTABLE.
    const ABORTABLE: i16 = 4;
    match error {
        TransactionError::ProducerFenced => ErrorCode::InvalidProducerEpoch,
        TransactionError::TransactionAbortable if version < ABORTABLE => ErrorCode::InvalidTxnState,
        error => transaction_code(error, ApiKey::TxnOffsetCommit, version),
    }
}

/// Of a request to a group's coordinator.
pub(crate) fn group_code(error: &GroupError) -> ErrorCode {
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
        GroupError::InvalidProducerEpoch => ErrorCode::InvalidProducerEpoch,
        GroupError::InvalidTxnState => ErrorCode::InvalidTxnState,
        GroupError::TransactionCoordinatorFenced => ErrorCode::TransactionCoordinatorFenced,
        GroupError::InvalidRequest => ErrorCode::InvalidRequest,
        GroupError::UnknownServerError => ErrorCode::UnknownServerError,
    }
}

/// As [`group_code`], with a sentence that names the group.
pub(crate) fn group_failure(group: &str, error: &GroupError) -> Failure {
    let message = if *error == GroupError::GroupIdNotFound {
        format!("there is no group {group}")
    } else {
        format!("group {group}: {error}")
    };
    Failure::new(group_code(error), message)
}

/// Of a request to a group's coordinator: zero if it went well.
pub(crate) fn group_result_code<T>(result: &Result<T, GroupError>) -> i16 {
    match result {
        Ok(_) => ErrorCode::None.code(),
        Err(error) => group_code(error).code(),
    }
}

fn controller_failure(subject: Subject, error: &ControllerError) -> Failure {
    let code = match error {
        ControllerError::TopicName(name) => match subject {
            // `ControllerConfigurationValidator.validateTopicName`.
            Subject::AllTopics => {
                let text = "there are no settings of all topics";
                return Failure::new(ErrorCode::InvalidRequest, text.to_owned());
            }
            Subject::Broker | Subject::Other => return topic_name_failure(name),
        },
        ControllerError::TopicCollides { .. } => ErrorCode::InvalidTopicException,
        ControllerError::TopicExists(_) => ErrorCode::TopicAlreadyExists,
        ControllerError::UnknownTopicName(_) => ErrorCode::UnknownTopicOrPartition,
        ControllerError::UnknownTopicId(_) => ErrorCode::UnknownTopicId,
        ControllerError::PartitionCount(_)
        | ControllerError::NotAnIncrease { .. }
        | ControllerError::InternalTopic(_) => ErrorCode::InvalidPartitions,
        ControllerError::TooManyPartitions { .. } | ControllerError::TooManyChanges { .. } => {
            ErrorCode::PolicyViolation
        }
        ControllerError::ReplicationFactor { .. } => ErrorCode::InvalidReplicationFactor,
        // As `ControllerApis.createTopics` answers for Kafka's own such topic.
        ControllerError::TopicReserved(_)
        | ControllerError::AssignmentAndNumbers { .. }
        | ControllerError::ConfigRepeated { .. } => ErrorCode::InvalidRequest,
        ControllerError::Assignment(_) => ErrorCode::InvalidReplicaAssignment,
        ControllerError::Config(_) => match subject {
            // Kafka calls a broker's setting that cannot be an invalid request (KAFKA-13609).
            Subject::Broker => ErrorCode::InvalidRequest,
            Subject::AllTopics | Subject::Other => ErrorCode::InvalidConfig,
        },
        ControllerError::ConfigNotList { .. } | ControllerError::ConfigValueTooLong { .. } => {
            ErrorCode::InvalidConfig
        }
        ControllerError::UnknownBroker(_) => ErrorCode::BrokerIdNotRegistered,
        ControllerError::StaleBrokerEpoch { .. } => ErrorCode::StaleBrokerEpoch,
        ControllerError::UnsupportedFeature { .. } => ErrorCode::UnsupportedVersion,
        ControllerError::ProducerIdsExhausted => ErrorCode::UnknownServerError,
    };
    Failure::new(code, error.to_string())
}
