//! Kafka's error codes (`org.apache.kafka.common.protocol.Errors` of Kafka 4.4).

use std::fmt;

/// Declares the enum and its table: variant, code, Kafka's name, whether a client may simply try again, message.
macro_rules! error_codes {
    ($($variant:ident $code:literal $name:literal $retriable:literal $message:literal,)+) => {
        /// Why a request, or a part of it, failed. Responses carry [`ErrorCode::code`] in their `error_code` fields.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum ErrorCode {
            $(
                #[doc = concat!("`", $name, "`, ", stringify!($code), ": ", $message, ".")]
                $variant,
            )+
        }

        impl ErrorCode {
            /// Every code in ascending order.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$variant,)+];

            /// The code on the wire.
            pub const fn code(self) -> i16 {
                match self {
                    $(ErrorCode::$variant => $code,)+
                }
            }

            /// Kafka's name, such as `UNKNOWN_TOPIC_OR_PARTITION`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(ErrorCode::$variant => $name,)+
                }
            }

            /// What to put into `error_message` when there is nothing more precise to say.
            pub const fn message(self) -> &'static str {
                match self {
                    $(ErrorCode::$variant => $message,)+
                }
            }

            /// Tells whether Kafka's clients try the same request again (`RetriableException`).
            pub const fn is_retriable(self) -> bool {
                match self {
                    $(ErrorCode::$variant => $retriable,)+
                }
            }

            /// The same of a code on the wire. One that Kafka 4.4 does not have is not tried again.
            pub fn is_retriable_code(code: i16) -> bool {
                ErrorCode::from_code(code).is_some_and(ErrorCode::is_retriable)
            }

            /// The error of a code; `None` for a code that Kafka 4.4 does not have.
            pub const fn from_code(code: i16) -> Option<ErrorCode> {
                match code {
                    $($code => Some(ErrorCode::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

error_codes! {
    UnknownServerError -1 "UNKNOWN_SERVER_ERROR" false "the server met an error that it did not expect",
    None 0 "NONE" false "no error",
    OffsetOutOfRange 1 "OFFSET_OUT_OF_RANGE" false "the offset lies outside the log",
    CorruptMessage 2 "CORRUPT_MESSAGE" true "the records are corrupt: wrong checksum, size or format, or a null key on a compacted topic",
    UnknownTopicOrPartition 3 "UNKNOWN_TOPIC_OR_PARTITION" true "this server does not host this topic partition",
    InvalidFetchSize 4 "INVALID_FETCH_SIZE" false "the fetch size is invalid",
    LeaderNotAvailable 5 "LEADER_NOT_AVAILABLE" true "the partition has no leader, for its election is under way",
    NotLeaderOrFollower 6 "NOT_LEADER_OR_FOLLOWER" true "this broker is not the leader, or not a replica, of the partition",
    RequestTimedOut 7 "REQUEST_TIMED_OUT" true "the request timed out",
    BrokerNotAvailable 8 "BROKER_NOT_AVAILABLE" false "the broker is not available",
    ReplicaNotAvailable 9 "REPLICA_NOT_AVAILABLE" true "the replica is not available",
    MessageTooLarge 10 "MESSAGE_TOO_LARGE" false "the message is larger than the server accepts",
    StaleControllerEpoch 11 "STALE_CONTROLLER_EPOCH" false "the controller has moved to another broker",
    OffsetMetadataTooLarge 12 "OFFSET_METADATA_TOO_LARGE" false "the metadata of the offset is too large",
    NetworkException 13 "NETWORK_EXCEPTION" true "the server disconnected before it answered",
    CoordinatorLoadInProgress 14 "COORDINATOR_LOAD_IN_PROGRESS" true "the coordinator is loading its state",
    CoordinatorNotAvailable 15 "COORDINATOR_NOT_AVAILABLE" true "the coordinator is not available",
    NotCoordinator 16 "NOT_COORDINATOR" true "this broker is not the coordinator",
    InvalidTopicException 17 "INVALID_TOPIC_EXCEPTION" false "the topic is invalid",
    RecordListTooLarge 18 "RECORD_LIST_TOO_LARGE" false "the record batch is larger than a segment",
    NotEnoughReplicas 19 "NOT_ENOUGH_REPLICAS" true "fewer replicas are in sync than required, nothing was written",
    NotEnoughReplicasAfterAppend 20 "NOT_ENOUGH_REPLICAS_AFTER_APPEND" true "the records were written to fewer in-sync replicas than required",
    InvalidRequiredAcks 21 "INVALID_REQUIRED_ACKS" false "the number of required acknowledgements is invalid",
    IllegalGeneration 22 "ILLEGAL_GENERATION" false "the generation is not the group's current one",
    InconsistentGroupProtocol 23 "INCONSISTENT_GROUP_PROTOCOL" false "the member's protocol type or protocols do not fit those of the group",
    InvalidGroupId 24 "INVALID_GROUP_ID" false "the group id is invalid",
    UnknownMemberId 25 "UNKNOWN_MEMBER_ID" false "the coordinator does not know this member",
    InvalidSessionTimeout 26 "INVALID_SESSION_TIMEOUT" false "the session timeout is outside the range that the broker allows",
    RebalanceInProgress 27 "REBALANCE_IN_PROGRESS" false "the group is rebalancing, rejoin it",
    InvalidCommitOffsetSize 28 "INVALID_COMMIT_OFFSET_SIZE" false "the offset's data is too large to be committed",
    TopicAuthorizationFailed 29 "TOPIC_AUTHORIZATION_FAILED" false "access to the topic is denied",
    GroupAuthorizationFailed 30 "GROUP_AUTHORIZATION_FAILED" false "access to the group is denied",
    ClusterAuthorizationFailed 31 "CLUSTER_AUTHORIZATION_FAILED" false "the cluster operation is denied",
    InvalidTimestamp 32 "INVALID_TIMESTAMP" false "a record's timestamp is outside the accepted range",
    UnsupportedSaslMechanism 33 "UNSUPPORTED_SASL_MECHANISM" false "the broker does not support this SASL mechanism",
    IllegalSaslState 34 "ILLEGAL_SASL_STATE" false "the request is not valid in this SASL state",
    UnsupportedVersion 35 "UNSUPPORTED_VERSION" false "the version of the API is not supported",
    TopicAlreadyExists 36 "TOPIC_ALREADY_EXISTS" false "a topic of this name exists already",
    InvalidPartitions 37 "INVALID_PARTITIONS" false "the number of partitions is invalid",
    InvalidReplicationFactor 38 "INVALID_REPLICATION_FACTOR" false "the replication factor is below 1 or above the number of brokers",
    InvalidReplicaAssignment 39 "INVALID_REPLICA_ASSIGNMENT" false "the replica assignment is invalid",
    InvalidConfig 40 "INVALID_CONFIG" false "the configuration is invalid",
    NotController 41 "NOT_CONTROLLER" true "this broker is not the controller",
    InvalidRequest 42 "INVALID_REQUEST" false "the request is malformed or contradicts itself",
    UnsupportedForMessageFormat 43 "UNSUPPORTED_FOR_MESSAGE_FORMAT" false "the message format on the broker does not support the request",
    PolicyViolation 44 "POLICY_VIOLATION" false "the request violates a policy",
    OutOfOrderSequenceNumber 45 "OUT_OF_ORDER_SEQUENCE_NUMBER" false "the producer's sequence number is out of order",
    DuplicateSequenceNumber 46 "DUPLICATE_SEQUENCE_NUMBER" false "the producer's sequence number was used before",
    InvalidProducerEpoch 47 "INVALID_PRODUCER_EPOCH" false "the producer's epoch is older than the one known",
    InvalidTxnState 48 "INVALID_TXN_STATE" false "the operation is not allowed in the transaction's state",
    InvalidProducerIdMapping 49 "INVALID_PRODUCER_ID_MAPPING" false "the producer id does not belong to the transactional id",
    InvalidTransactionTimeout 50 "INVALID_TRANSACTION_TIMEOUT" false "the transaction timeout exceeds what the broker allows",
    ConcurrentTransactions 51 "CONCURRENT_TRANSACTIONS" true "another operation on the transaction is under way",
    TransactionCoordinatorFenced 52 "TRANSACTION_COORDINATOR_FENCED" false "the transaction coordinator that sent this is not the current one",
    TransactionalIdAuthorizationFailed 53 "TRANSACTIONAL_ID_AUTHORIZATION_FAILED" false "access to the transactional id is denied",
    SecurityDisabled 54 "SECURITY_DISABLED" false "security features are disabled",
    OperationNotAttempted 55 "OPERATION_NOT_ATTEMPTED" false "the operation was not attempted, because another part of the request failed",
    KafkaStorageError 56 "KAFKA_STORAGE_ERROR" true "the log could not be read or written",
    LogDirNotFound 57 "LOG_DIR_NOT_FOUND" false "the log directory is not in the broker's configuration",
    SaslAuthenticationFailed 58 "SASL_AUTHENTICATION_FAILED" false "SASL authentication failed",
    UnknownProducerId 59 "UNKNOWN_PRODUCER_ID" false "nothing is known of the producer, its records may have been deleted",
    ReassignmentInProgress 60 "REASSIGNMENT_IN_PROGRESS" false "the partition is being reassigned",
    DelegationTokenAuthDisabled 61 "DELEGATION_TOKEN_AUTH_DISABLED" false "delegation tokens are not enabled",
    DelegationTokenNotFound 62 "DELEGATION_TOKEN_NOT_FOUND" false "the delegation token does not exist",
    DelegationTokenOwnerMismatch 63 "DELEGATION_TOKEN_OWNER_MISMATCH" false "the principal is not an owner or renewer of the delegation token",
    DelegationTokenRequestNotAllowed 64 "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED" false "delegation tokens cannot be requested on this connection",
    DelegationTokenAuthorizationFailed 65 "DELEGATION_TOKEN_AUTHORIZATION_FAILED" false "access to the delegation token is denied",
    DelegationTokenExpired 66 "DELEGATION_TOKEN_EXPIRED" false "the delegation token has expired",
    InvalidPrincipalType 67 "INVALID_PRINCIPAL_TYPE" false "the type of the principal is not supported",
    NonEmptyGroup 68 "NON_EMPTY_GROUP" false "the group is not empty",
    GroupIdNotFound 69 "GROUP_ID_NOT_FOUND" false "the group does not exist",
    FetchSessionIdNotFound 70 "FETCH_SESSION_ID_NOT_FOUND" true "the fetch session does not exist",
    InvalidFetchSessionEpoch 71 "INVALID_FETCH_SESSION_EPOCH" true "the epoch of the fetch session is invalid",
    ListenerNotFound 72 "LISTENER_NOT_FOUND" true "the leader has no listener like the one that was asked",
    TopicDeletionDisabled 73 "TOPIC_DELETION_DISABLED" false "deletion of topics is disabled",
    FencedLeaderEpoch 74 "FENCED_LEADER_EPOCH" true "the leader epoch of the request is older than the broker's",
    UnknownLeaderEpoch 75 "UNKNOWN_LEADER_EPOCH" true "the leader epoch of the request is newer than the broker's",
    UnsupportedCompressionType 76 "UNSUPPORTED_COMPRESSION_TYPE" false "the client does not support the compression of the partition",
    StaleBrokerEpoch 77 "STALE_BROKER_EPOCH" false "the broker's epoch has changed",
    OffsetNotAvailable 78 "OFFSET_NOT_AVAILABLE" true "the new leader does not know its high watermark yet",
    MemberIdRequired 79 "MEMBER_ID_REQUIRED" false "join again with the member id that this response gives",
    PreferredLeaderNotAvailable 80 "PREFERRED_LEADER_NOT_AVAILABLE" true "the preferred leader is not available",
    GroupMaxSizeReached 81 "GROUP_MAX_SIZE_REACHED" false "the group has as many members as it may have",
    FencedInstanceId 82 "FENCED_INSTANCE_ID" false "another member has registered with the same group instance id",
    EligibleLeadersNotAvailable 83 "ELIGIBLE_LEADERS_NOT_AVAILABLE" true "no eligible leader is available",
    ElectionNotNeeded 84 "ELECTION_NOT_NEEDED" true "the partition needs no election",
    NoReassignmentInProgress 85 "NO_REASSIGNMENT_IN_PROGRESS" false "the partition is not being reassigned",
    GroupSubscribedToTopic 86 "GROUP_SUBSCRIBED_TO_TOPIC" false "the group's offsets cannot be deleted while it is subscribed to the topic",
    InvalidRecord 87 "INVALID_RECORD" false "a record failed the broker's validation",
    UnstableOffsetCommit 88 "UNSTABLE_OFFSET_COMMIT" true "offsets are part of a transaction that is not decided",
    ThrottlingQuotaExceeded 89 "THROTTLING_QUOTA_EXCEEDED" true "the throttling quota is exceeded",
    ProducerFenced 90 "PRODUCER_FENCED" false "a newer producer with the same transactional id has fenced this one",
    ResourceNotFound 91 "RESOURCE_NOT_FOUND" false "the request names a resource that does not exist",
    DuplicateResource 92 "DUPLICATE_RESOURCE" false "the request names the same resource twice",
    UnacceptableCredential 93 "UNACCEPTABLE_CREDENTIAL" false "the credential does not meet the requirements",
    InconsistentVoterSet 94 "INCONSISTENT_VOTER_SET" false "the sender or the receiver is not among the expected voters",
    InvalidUpdateVersion 95 "INVALID_UPDATE_VERSION" false "the version of the update is invalid",
    FeatureUpdateFailed 96 "FEATURE_UPDATE_FAILED" false "the features could not be updated",
    PrincipalDeserializationFailure 97 "PRINCIPAL_DESERIALIZATION_FAILURE" false "the principal of a forwarded request could not be read",
    SnapshotNotFound 98 "SNAPSHOT_NOT_FOUND" false "the snapshot does not exist",
    PositionOutOfRange 99 "POSITION_OUT_OF_RANGE" false "the position lies outside the snapshot",
    UnknownTopicId 100 "UNKNOWN_TOPIC_ID" true "this server does not host the topic of this id",
    DuplicateBrokerRegistration 101 "DUPLICATE_BROKER_REGISTRATION" false "the broker id is in use",
    BrokerIdNotRegistered 102 "BROKER_ID_NOT_REGISTERED" false "the broker id is not registered",
    InconsistentTopicId 103 "INCONSISTENT_TOPIC_ID" true "the log belongs to a topic of another id",
    InconsistentClusterId 104 "INCONSISTENT_CLUSTER_ID" false "the cluster id is not that of this server",
    TransactionalIdNotFound 105 "TRANSACTIONAL_ID_NOT_FOUND" false "the transactional id does not exist",
    FetchSessionTopicIdError 106 "FETCH_SESSION_TOPIC_ID_ERROR" true "the fetch session names topics both by id and by name",
    IneligibleReplica 107 "INELIGIBLE_REPLICA" false "the new set of in-sync replicas has one that is not eligible",
    NewLeaderElected 108 "NEW_LEADER_ELECTED" false "the partition was changed and has a new leader",
    OffsetMovedToTieredStorage 109 "OFFSET_MOVED_TO_TIERED_STORAGE" false "the offset has moved to tiered storage",
    FencedMemberEpoch 110 "FENCED_MEMBER_EPOCH" false "the member's epoch is fenced, it must give up its partitions and rejoin",
    UnreleasedInstanceId 111 "UNRELEASED_INSTANCE_ID" false "another member still uses the instance id",
    UnsupportedAssignor 112 "UNSUPPORTED_ASSIGNOR" false "the group does not support the assignor",
    StaleMemberEpoch 113 "STALE_MEMBER_EPOCH" false "the member's epoch is stale, it must heartbeat and try again",
    MismatchedEndpointType 114 "MISMATCHED_ENDPOINT_TYPE" false "the request was sent to an endpoint of the wrong type",
    UnsupportedEndpointType 115 "UNSUPPORTED_ENDPOINT_TYPE" false "the type of endpoint is not supported",
    UnknownControllerId 116 "UNKNOWN_CONTROLLER_ID" false "the controller id is not known",
    UnknownSubscriptionId 117 "UNKNOWN_SUBSCRIPTION_ID" false "the telemetry subscription is not the current one",
    TelemetryTooLarge 118 "TELEMETRY_TOO_LARGE" false "the telemetry is larger than the broker accepts",
    InvalidRegistration 119 "INVALID_REGISTRATION" false "the controller refuses the broker's registration",
    TransactionAbortable 120 "TRANSACTION_ABORTABLE" false "the transaction failed and can be aborted",
    InvalidRecordState 121 "INVALID_RECORD_STATE" false "the record cannot be acknowledged in its state",
    ShareSessionNotFound 122 "SHARE_SESSION_NOT_FOUND" true "the share session does not exist",
    InvalidShareSessionEpoch 123 "INVALID_SHARE_SESSION_EPOCH" true "the epoch of the share session is invalid",
    FencedStateEpoch 124 "FENCED_STATE_EPOCH" false "the state epoch is not the current one",
    InvalidVoterKey 125 "INVALID_VOTER_KEY" false "the voter key is not that of this replica",
    DuplicateVoter 126 "DUPLICATE_VOTER" false "the voter is in the set already",
    VoterNotFound 127 "VOTER_NOT_FOUND" false "the voter is not in the set",
    InvalidRegularExpression 128 "INVALID_REGULAR_EXPRESSION" false "the regular expression is invalid",
    RebootstrapRequired 129 "REBOOTSTRAP_REQUIRED" false "the client's metadata is stale, it must bootstrap again",
    StreamsInvalidTopology 130 "STREAMS_INVALID_TOPOLOGY" false "the topology is invalid",
    StreamsInvalidTopologyEpoch 131 "STREAMS_INVALID_TOPOLOGY_EPOCH" false "the topology's epoch is invalid",
    StreamsTopologyFenced 132 "STREAMS_TOPOLOGY_FENCED" false "the topology's epoch is outdated",
    ShareSessionLimitReached 133 "SHARE_SESSION_LIMIT_REACHED" true "there are as many share sessions as there may be",
    GroupDeletionFailed 134 "GROUP_DELETION_FAILED" false "a group could not be deleted",
    StreamsTopologyDescriptionUpdateFailed 135 "STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED" false "the topology description could not be updated",
    ControllerIdNotRegistered 136 "CONTROLLER_ID_NOT_REGISTERED" false "the controller id is not registered",
}

impl Default for ErrorCode {
    /// `None`.
    fn default() -> ErrorCode {
        ErrorCode::None
    }
}

impl From<ErrorCode> for i16 {
    fn from(error: ErrorCode) -> i16 {
        error.code()
    }
}

impl fmt::Display for ErrorCode {
    /// Kafka's name and the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_one_run_and_find_their_way_back() {
        let codes: Vec<i16> = ErrorCode::ALL.iter().map(|error| error.code()).collect();
        assert_eq!(codes, (-1..=136).collect::<Vec<i16>>());
        for error in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_code(error.code()), Some(*error));
        }
        assert_eq!(ErrorCode::from_code(137), None);
        assert_eq!(ErrorCode::default(), ErrorCode::None);
    }

    #[test]
    fn names_follow_the_variants() {
        for error in ErrorCode::ALL {
            let name = error.name().replace('_', "").to_lowercase();
            assert_eq!(name, format!("{error:?}").to_lowercase());
        }
    }
}
