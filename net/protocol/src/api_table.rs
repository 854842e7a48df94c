//! Every API there is a codec for. Generated from `schema/`; not to be edited.

use crate::api_key::ApiFacts;

/// A Kafka API.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ApiKey {
    /// Key 0.
    Produce,
    /// Key 1.
    Fetch,
    /// Key 2.
    ListOffsets,
    /// Key 3.
    Metadata,
    /// Key 8.
    OffsetCommit,
    /// Key 9.
    OffsetFetch,
    /// Key 10.
    FindCoordinator,
    /// Key 11.
    JoinGroup,
    /// Key 12.
    Heartbeat,
    /// Key 13.
    LeaveGroup,
    /// Key 14.
    SyncGroup,
    /// Key 15.
    DescribeGroups,
    /// Key 16.
    ListGroups,
    /// Key 17.
    SaslHandshake,
    /// Key 18.
    ApiVersions,
    /// Key 19.
    CreateTopics,
    /// Key 20.
    DeleteTopics,
    /// Key 21.
    DeleteRecords,
    /// Key 22.
    InitProducerId,
    /// Key 23.
    OffsetForLeaderEpoch,
    /// Key 24.
    AddPartitionsToTxn,
    /// Key 25.
    AddOffsetsToTxn,
    /// Key 26.
    EndTxn,
    /// Key 27.
    WriteTxnMarkers,
    /// Key 28.
    TxnOffsetCommit,
    /// Key 29.
    DescribeAcls,
    /// Key 30.
    CreateAcls,
    /// Key 31.
    DeleteAcls,
    /// Key 32.
    DescribeConfigs,
    /// Key 33.
    AlterConfigs,
    /// Key 34.
    AlterReplicaLogDirs,
    /// Key 35.
    DescribeLogDirs,
    /// Key 36.
    SaslAuthenticate,
    /// Key 37.
    CreatePartitions,
    /// Key 38.
    CreateDelegationToken,
    /// Key 39.
    RenewDelegationToken,
    /// Key 40.
    ExpireDelegationToken,
    /// Key 41.
    DescribeDelegationToken,
    /// Key 42.
    DeleteGroups,
    /// Key 43.
    ElectLeaders,
    /// Key 44.
    IncrementalAlterConfigs,
    /// Key 45.
    AlterPartitionReassignments,
    /// Key 46.
    ListPartitionReassignments,
    /// Key 47.
    OffsetDelete,
    /// Key 48.
    DescribeClientQuotas,
    /// Key 49.
    AlterClientQuotas,
    /// Key 50.
    DescribeUserScramCredentials,
    /// Key 51.
    AlterUserScramCredentials,
    /// Key 55.
    DescribeQuorum,
    /// Key 57.
    UpdateFeatures,
    /// Key 60.
    DescribeCluster,
    /// Key 61.
    DescribeProducers,
    /// Key 64.
    UnregisterBroker,
    /// Key 65.
    DescribeTransactions,
    /// Key 66.
    ListTransactions,
    /// Key 68.
    ConsumerGroupHeartbeat,
    /// Key 69.
    ConsumerGroupDescribe,
    /// Key 71.
    GetTelemetrySubscriptions,
    /// Key 72.
    PushTelemetry,
    /// Key 74.
    ListConfigResources,
    /// Key 75.
    DescribeTopicPartitions,
    /// Key 76.
    ShareGroupHeartbeat,
    /// Key 77.
    ShareGroupDescribe,
    /// Key 78.
    ShareFetch,
    /// Key 79.
    ShareAcknowledge,
    /// Key 80.
    AddRaftVoter,
    /// Key 81.
    RemoveRaftVoter,
    /// Key 83.
    InitializeShareGroupState,
    /// Key 84.
    ReadShareGroupState,
    /// Key 85.
    WriteShareGroupState,
    /// Key 86.
    DeleteShareGroupState,
    /// Key 87.
    ReadShareGroupStateSummary,
    /// Key 88.
    StreamsGroupHeartbeat,
    /// Key 89.
    StreamsGroupDescribe,
    /// Key 90.
    DescribeShareGroupOffsets,
    /// Key 91.
    AlterShareGroupOffsets,
    /// Key 92.
    DeleteShareGroupOffsets,
    /// Key 93.
    StreamsGroupTopologyDescriptionUpdate,
    /// Key 94.
    UnregisterController,
}

impl ApiKey {
    /// Every API, ordered by key.
    pub const ALL: &[ApiKey] = &[
        ApiKey::Produce,
        ApiKey::Fetch,
        ApiKey::ListOffsets,
        ApiKey::Metadata,
        ApiKey::OffsetCommit,
        ApiKey::OffsetFetch,
        ApiKey::FindCoordinator,
        ApiKey::JoinGroup,
        ApiKey::Heartbeat,
        ApiKey::LeaveGroup,
        ApiKey::SyncGroup,
        ApiKey::DescribeGroups,
        ApiKey::ListGroups,
        ApiKey::SaslHandshake,
        ApiKey::ApiVersions,
        ApiKey::CreateTopics,
        ApiKey::DeleteTopics,
        ApiKey::DeleteRecords,
        ApiKey::InitProducerId,
        ApiKey::OffsetForLeaderEpoch,
        ApiKey::AddPartitionsToTxn,
        ApiKey::AddOffsetsToTxn,
        ApiKey::EndTxn,
        ApiKey::WriteTxnMarkers,
        ApiKey::TxnOffsetCommit,
        ApiKey::DescribeAcls,
        ApiKey::CreateAcls,
        ApiKey::DeleteAcls,
        ApiKey::DescribeConfigs,
        ApiKey::AlterConfigs,
        ApiKey::AlterReplicaLogDirs,
        ApiKey::DescribeLogDirs,
        ApiKey::SaslAuthenticate,
        ApiKey::CreatePartitions,
        ApiKey::CreateDelegationToken,
        ApiKey::RenewDelegationToken,
        ApiKey::ExpireDelegationToken,
        ApiKey::DescribeDelegationToken,
        ApiKey::DeleteGroups,
        ApiKey::ElectLeaders,
        ApiKey::IncrementalAlterConfigs,
        ApiKey::AlterPartitionReassignments,
        ApiKey::ListPartitionReassignments,
        ApiKey::OffsetDelete,
        ApiKey::DescribeClientQuotas,
        ApiKey::AlterClientQuotas,
        ApiKey::DescribeUserScramCredentials,
        ApiKey::AlterUserScramCredentials,
        ApiKey::DescribeQuorum,
        ApiKey::UpdateFeatures,
        ApiKey::DescribeCluster,
        ApiKey::DescribeProducers,
        ApiKey::UnregisterBroker,
        ApiKey::DescribeTransactions,
        ApiKey::ListTransactions,
        ApiKey::ConsumerGroupHeartbeat,
        ApiKey::ConsumerGroupDescribe,
        ApiKey::GetTelemetrySubscriptions,
        ApiKey::PushTelemetry,
        ApiKey::ListConfigResources,
        ApiKey::DescribeTopicPartitions,
        ApiKey::ShareGroupHeartbeat,
        ApiKey::ShareGroupDescribe,
        ApiKey::ShareFetch,
        ApiKey::ShareAcknowledge,
        ApiKey::AddRaftVoter,
        ApiKey::RemoveRaftVoter,
        ApiKey::InitializeShareGroupState,
        ApiKey::ReadShareGroupState,
        ApiKey::WriteShareGroupState,
        ApiKey::DeleteShareGroupState,
        ApiKey::ReadShareGroupStateSummary,
        ApiKey::StreamsGroupHeartbeat,
        ApiKey::StreamsGroupDescribe,
        ApiKey::DescribeShareGroupOffsets,
        ApiKey::AlterShareGroupOffsets,
        ApiKey::DeleteShareGroupOffsets,
        ApiKey::StreamsGroupTopologyDescriptionUpdate,
        ApiKey::UnregisterController,
    ];

    pub(crate) const fn facts(self) -> ApiFacts {
        match self {
            ApiKey::Produce => ApiFacts {
                key: 0,
                name: "Produce",
                versions: (3, 13),
                advertised: (0, 13),
                flexible: Some(9),
            },
            ApiKey::Fetch => ApiFacts {
                key: 1,
                name: "Fetch",
                versions: (4, 18),
                advertised: (4, 18),
                flexible: Some(12),
            },
            ApiKey::ListOffsets => ApiFacts {
                key: 2,
                name: "ListOffsets",
                versions: (1, 11),
                advertised: (1, 11),
                flexible: Some(6),
            },
            ApiKey::Metadata => ApiFacts {
                key: 3,
                name: "Metadata",
                versions: (0, 13),
                advertised: (0, 13),
                flexible: Some(9),
            },
            ApiKey::OffsetCommit => ApiFacts {
                key: 8,
                name: "OffsetCommit",
                versions: (2, 10),
                advertised: (2, 10),
                flexible: Some(8),
            },
            ApiKey::OffsetFetch => ApiFacts {
                key: 9,
                name: "OffsetFetch",
                versions: (1, 10),
                advertised: (1, 10),
                flexible: Some(6),
            },
            ApiKey::FindCoordinator => ApiFacts {
                key: 10,
                name: "FindCoordinator",
                versions: (0, 6),
                advertised: (0, 6),
                flexible: Some(3),
            },
            ApiKey::JoinGroup => ApiFacts {
                key: 11,
                name: "JoinGroup",
                versions: (0, 9),
                advertised: (0, 9),
                flexible: Some(6),
            },
            ApiKey::Heartbeat => ApiFacts {
                key: 12,
                name: "Heartbeat",
                versions: (0, 4),
                advertised: (0, 4),
                flexible: Some(4),
            },
            ApiKey::LeaveGroup => ApiFacts {
                key: 13,
                name: "LeaveGroup",
                versions: (0, 5),
                advertised: (0, 5),
                flexible: Some(4),
            },
            ApiKey::SyncGroup => ApiFacts {
                key: 14,
                name: "SyncGroup",
                versions: (0, 5),
                advertised: (0, 5),
                flexible: Some(4),
            },
            ApiKey::DescribeGroups => ApiFacts {
                key: 15,
                name: "DescribeGroups",
                versions: (0, 6),
                advertised: (0, 6),
                flexible: Some(5),
            },
            ApiKey::ListGroups => ApiFacts {
                key: 16,
                name: "ListGroups",
                versions: (0, 5),
                advertised: (0, 5),
                flexible: Some(3),
            },
            ApiKey::SaslHandshake => ApiFacts {
                key: 17,
                name: "SaslHandshake",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: None,
            },
            ApiKey::ApiVersions => ApiFacts {
                key: 18,
                name: "ApiVersions",
                versions: (0, 5),
                advertised: (0, 5),
                flexible: Some(3),
            },
            ApiKey::CreateTopics => ApiFacts {
                key: 19,
                name: "CreateTopics",
                versions: (2, 7),
                advertised: (2, 7),
                flexible: Some(5),
            },
            ApiKey::DeleteTopics => ApiFacts {
                key: 20,
                name: "DeleteTopics",
                versions: (1, 6),
                advertised: (1, 6),
                flexible: Some(4),
            },
            ApiKey::DeleteRecords => ApiFacts {
                key: 21,
                name: "DeleteRecords",
                versions: (0, 2),
                advertised: (0, 2),
                flexible: Some(2),
            },
            ApiKey::InitProducerId => ApiFacts {
                key: 22,
                name: "InitProducerId",
                versions: (0, 6),
                advertised: (0, 5),
                flexible: Some(2),
            },
            ApiKey::OffsetForLeaderEpoch => ApiFacts {
                key: 23,
                name: "OffsetForLeaderEpoch",
                versions: (2, 4),
                advertised: (2, 4),
                flexible: Some(4),
            },
            ApiKey::AddPartitionsToTxn => ApiFacts {
                key: 24,
                name: "AddPartitionsToTxn",
                versions: (0, 5),
                advertised: (0, 5),
                flexible: Some(3),
            },
            ApiKey::AddOffsetsToTxn => ApiFacts {
                key: 25,
                name: "AddOffsetsToTxn",
                versions: (0, 4),
                advertised: (0, 4),
                flexible: Some(3),
            },
            ApiKey::EndTxn => ApiFacts {
                key: 26,
                name: "EndTxn",
                versions: (0, 5),
                advertised: (0, 5),
                flexible: Some(3),
            },
            ApiKey::WriteTxnMarkers => ApiFacts {
                key: 27,
                name: "WriteTxnMarkers",
                versions: (1, 2),
                advertised: (1, 2),
                flexible: Some(1),
            },
            ApiKey::TxnOffsetCommit => ApiFacts {
                key: 28,
                name: "TxnOffsetCommit",
                versions: (0, 6),
                advertised: (0, 6),
                flexible: Some(3),
            },
            ApiKey::DescribeAcls => ApiFacts {
                key: 29,
                name: "DescribeAcls",
                versions: (1, 3),
                advertised: (1, 3),
                flexible: Some(2),
            },
            ApiKey::CreateAcls => ApiFacts {
                key: 30,
                name: "CreateAcls",
                versions: (1, 3),
                advertised: (1, 3),
                flexible: Some(2),
            },
            ApiKey::DeleteAcls => ApiFacts {
                key: 31,
                name: "DeleteAcls",
                versions: (1, 3),
                advertised: (1, 3),
                flexible: Some(2),
            },
            ApiKey::DescribeConfigs => ApiFacts {
                key: 32,
                name: "DescribeConfigs",
                versions: (1, 4),
                advertised: (1, 4),
                flexible: Some(4),
            },
            ApiKey::AlterConfigs => ApiFacts {
                key: 33,
                name: "AlterConfigs",
                versions: (0, 2),
                advertised: (0, 2),
                flexible: Some(2),
            },
            ApiKey::AlterReplicaLogDirs => ApiFacts {
                key: 34,
                name: "AlterReplicaLogDirs",
                versions: (1, 2),
                advertised: (1, 2),
                flexible: Some(2),
            },
            ApiKey::DescribeLogDirs => ApiFacts {
                key: 35,
                name: "DescribeLogDirs",
                versions: (1, 5),
                advertised: (1, 5),
                flexible: Some(2),
            },
            ApiKey::SaslAuthenticate => ApiFacts {
                key: 36,
                name: "SaslAuthenticate",
                versions: (0, 2),
                advertised: (0, 2),
                flexible: Some(2),
            },
            ApiKey::CreatePartitions => ApiFacts {
                key: 37,
                name: "CreatePartitions",
                versions: (0, 3),
                advertised: (0, 3),
                flexible: Some(2),
            },
            ApiKey::CreateDelegationToken => ApiFacts {
                key: 38,
                name: "CreateDelegationToken",
                versions: (1, 3),
                advertised: (1, 3),
                flexible: Some(2),
            },
            ApiKey::RenewDelegationToken => ApiFacts {
                key: 39,
                name: "RenewDelegationToken",
                versions: (1, 2),
                advertised: (1, 2),
                flexible: Some(2),
            },
            ApiKey::ExpireDelegationToken => ApiFacts {
                key: 40,
                name: "ExpireDelegationToken",
                versions: (1, 2),
                advertised: (1, 2),
                flexible: Some(2),
            },
            ApiKey::DescribeDelegationToken => ApiFacts {
                key: 41,
                name: "DescribeDelegationToken",
                versions: (1, 3),
                advertised: (1, 3),
                flexible: Some(2),
            },
            ApiKey::DeleteGroups => ApiFacts {
                key: 42,
                name: "DeleteGroups",
                versions: (0, 3),
                advertised: (0, 3),
                flexible: Some(2),
            },
            ApiKey::ElectLeaders => ApiFacts {
                key: 43,
                name: "ElectLeaders",
                versions: (0, 2),
                advertised: (0, 2),
                flexible: Some(2),
            },
            ApiKey::IncrementalAlterConfigs => ApiFacts {
                key: 44,
                name: "IncrementalAlterConfigs",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(1),
            },
            ApiKey::AlterPartitionReassignments => ApiFacts {
                key: 45,
                name: "AlterPartitionReassignments",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(0),
            },
            ApiKey::ListPartitionReassignments => ApiFacts {
                key: 46,
                name: "ListPartitionReassignments",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::OffsetDelete => ApiFacts {
                key: 47,
                name: "OffsetDelete",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: None,
            },
            ApiKey::DescribeClientQuotas => ApiFacts {
                key: 48,
                name: "DescribeClientQuotas",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(1),
            },
            ApiKey::AlterClientQuotas => ApiFacts {
                key: 49,
                name: "AlterClientQuotas",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(1),
            },
            ApiKey::DescribeUserScramCredentials => ApiFacts {
                key: 50,
                name: "DescribeUserScramCredentials",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::AlterUserScramCredentials => ApiFacts {
                key: 51,
                name: "AlterUserScramCredentials",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::DescribeQuorum => ApiFacts {
                key: 55,
                name: "DescribeQuorum",
                versions: (0, 2),
                advertised: (0, 2),
                flexible: Some(0),
            },
            ApiKey::UpdateFeatures => ApiFacts {
                key: 57,
                name: "UpdateFeatures",
                versions: (0, 2),
                advertised: (0, 2),
                flexible: Some(0),
            },
            ApiKey::DescribeCluster => ApiFacts {
                key: 60,
                name: "DescribeCluster",
                versions: (0, 2),
                advertised: (0, 2),
                flexible: Some(0),
            },
            ApiKey::DescribeProducers => ApiFacts {
                key: 61,
                name: "DescribeProducers",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::UnregisterBroker => ApiFacts {
                key: 64,
                name: "UnregisterBroker",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::DescribeTransactions => ApiFacts {
                key: 65,
                name: "DescribeTransactions",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::ListTransactions => ApiFacts {
                key: 66,
                name: "ListTransactions",
                versions: (0, 2),
                advertised: (0, 2),
                flexible: Some(0),
            },
            ApiKey::ConsumerGroupHeartbeat => ApiFacts {
                key: 68,
                name: "ConsumerGroupHeartbeat",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(0),
            },
            ApiKey::ConsumerGroupDescribe => ApiFacts {
                key: 69,
                name: "ConsumerGroupDescribe",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(0),
            },
            ApiKey::GetTelemetrySubscriptions => ApiFacts {
                key: 71,
                name: "GetTelemetrySubscriptions",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::PushTelemetry => ApiFacts {
                key: 72,
                name: "PushTelemetry",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::ListConfigResources => ApiFacts {
                key: 74,
                name: "ListConfigResources",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(0),
            },
            ApiKey::DescribeTopicPartitions => ApiFacts {
                key: 75,
                name: "DescribeTopicPartitions",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::ShareGroupHeartbeat => ApiFacts {
                key: 76,
                name: "ShareGroupHeartbeat",
                versions: (1, 1),
                advertised: (1, 1),
                flexible: Some(1),
            },
            ApiKey::ShareGroupDescribe => ApiFacts {
                key: 77,
                name: "ShareGroupDescribe",
                versions: (1, 1),
                advertised: (1, 1),
                flexible: Some(1),
            },
            ApiKey::ShareFetch => ApiFacts {
                key: 78,
                name: "ShareFetch",
                versions: (1, 2),
                advertised: (1, 2),
                flexible: Some(1),
            },
            ApiKey::ShareAcknowledge => ApiFacts {
                key: 79,
                name: "ShareAcknowledge",
                versions: (1, 2),
                advertised: (1, 2),
                flexible: Some(1),
            },
            ApiKey::AddRaftVoter => ApiFacts {
                key: 80,
                name: "AddRaftVoter",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(0),
            },
            ApiKey::RemoveRaftVoter => ApiFacts {
                key: 81,
                name: "RemoveRaftVoter",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::InitializeShareGroupState => ApiFacts {
                key: 83,
                name: "InitializeShareGroupState",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::ReadShareGroupState => ApiFacts {
                key: 84,
                name: "ReadShareGroupState",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::WriteShareGroupState => ApiFacts {
                key: 85,
                name: "WriteShareGroupState",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(0),
            },
            ApiKey::DeleteShareGroupState => ApiFacts {
                key: 86,
                name: "DeleteShareGroupState",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::ReadShareGroupStateSummary => ApiFacts {
                key: 87,
                name: "ReadShareGroupStateSummary",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(0),
            },
            ApiKey::StreamsGroupHeartbeat => ApiFacts {
                key: 88,
                name: "StreamsGroupHeartbeat",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(0),
            },
            ApiKey::StreamsGroupDescribe => ApiFacts {
                key: 89,
                name: "StreamsGroupDescribe",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(0),
            },
            ApiKey::DescribeShareGroupOffsets => ApiFacts {
                key: 90,
                name: "DescribeShareGroupOffsets",
                versions: (0, 1),
                advertised: (0, 1),
                flexible: Some(0),
            },
            ApiKey::AlterShareGroupOffsets => ApiFacts {
                key: 91,
                name: "AlterShareGroupOffsets",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::DeleteShareGroupOffsets => ApiFacts {
                key: 92,
                name: "DeleteShareGroupOffsets",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::StreamsGroupTopologyDescriptionUpdate => ApiFacts {
                key: 93,
                name: "StreamsGroupTopologyDescriptionUpdate",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
            ApiKey::UnregisterController => ApiFacts {
                key: 94,
                name: "UnregisterController",
                versions: (0, 0),
                advertised: (0, 0),
                flexible: Some(0),
            },
        }
    }

    pub(crate) const fn from_key(key: i16) -> Option<ApiKey> {
        Some(match key {
            0 => ApiKey::Produce,
            1 => ApiKey::Fetch,
            2 => ApiKey::ListOffsets,
            3 => ApiKey::Metadata,
            8 => ApiKey::OffsetCommit,
            9 => ApiKey::OffsetFetch,
            10 => ApiKey::FindCoordinator,
            11 => ApiKey::JoinGroup,
            12 => ApiKey::Heartbeat,
            13 => ApiKey::LeaveGroup,
            14 => ApiKey::SyncGroup,
            15 => ApiKey::DescribeGroups,
            16 => ApiKey::ListGroups,
            17 => ApiKey::SaslHandshake,
            18 => ApiKey::ApiVersions,
            19 => ApiKey::CreateTopics,
            20 => ApiKey::DeleteTopics,
            21 => ApiKey::DeleteRecords,
            22 => ApiKey::InitProducerId,
            23 => ApiKey::OffsetForLeaderEpoch,
            24 => ApiKey::AddPartitionsToTxn,
            25 => ApiKey::AddOffsetsToTxn,
            26 => ApiKey::EndTxn,
            27 => ApiKey::WriteTxnMarkers,
            28 => ApiKey::TxnOffsetCommit,
            29 => ApiKey::DescribeAcls,
            30 => ApiKey::CreateAcls,
            31 => ApiKey::DeleteAcls,
            32 => ApiKey::DescribeConfigs,
            33 => ApiKey::AlterConfigs,
            34 => ApiKey::AlterReplicaLogDirs,
            35 => ApiKey::DescribeLogDirs,
            36 => ApiKey::SaslAuthenticate,
            37 => ApiKey::CreatePartitions,
            38 => ApiKey::CreateDelegationToken,
            39 => ApiKey::RenewDelegationToken,
            40 => ApiKey::ExpireDelegationToken,
            41 => ApiKey::DescribeDelegationToken,
            42 => ApiKey::DeleteGroups,
            43 => ApiKey::ElectLeaders,
            44 => ApiKey::IncrementalAlterConfigs,
            45 => ApiKey::AlterPartitionReassignments,
            46 => ApiKey::ListPartitionReassignments,
            47 => ApiKey::OffsetDelete,
            48 => ApiKey::DescribeClientQuotas,
            49 => ApiKey::AlterClientQuotas,
            50 => ApiKey::DescribeUserScramCredentials,
            51 => ApiKey::AlterUserScramCredentials,
            55 => ApiKey::DescribeQuorum,
            57 => ApiKey::UpdateFeatures,
            60 => ApiKey::DescribeCluster,
            61 => ApiKey::DescribeProducers,
            64 => ApiKey::UnregisterBroker,
            65 => ApiKey::DescribeTransactions,
            66 => ApiKey::ListTransactions,
            68 => ApiKey::ConsumerGroupHeartbeat,
            69 => ApiKey::ConsumerGroupDescribe,
            71 => ApiKey::GetTelemetrySubscriptions,
            72 => ApiKey::PushTelemetry,
            74 => ApiKey::ListConfigResources,
            75 => ApiKey::DescribeTopicPartitions,
            76 => ApiKey::ShareGroupHeartbeat,
            77 => ApiKey::ShareGroupDescribe,
            78 => ApiKey::ShareFetch,
            79 => ApiKey::ShareAcknowledge,
            80 => ApiKey::AddRaftVoter,
            81 => ApiKey::RemoveRaftVoter,
            83 => ApiKey::InitializeShareGroupState,
            84 => ApiKey::ReadShareGroupState,
            85 => ApiKey::WriteShareGroupState,
            86 => ApiKey::DeleteShareGroupState,
            87 => ApiKey::ReadShareGroupStateSummary,
            88 => ApiKey::StreamsGroupHeartbeat,
            89 => ApiKey::StreamsGroupDescribe,
            90 => ApiKey::DescribeShareGroupOffsets,
            91 => ApiKey::AlterShareGroupOffsets,
            92 => ApiKey::DeleteShareGroupOffsets,
            93 => ApiKey::StreamsGroupTopologyDescriptionUpdate,
            94 => ApiKey::UnregisterController,
            _ => return None,
        })
    }
}
