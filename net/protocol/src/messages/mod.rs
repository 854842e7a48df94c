//! One module an API, those for messages that travel inside others, and for records of the metadata log.
//! Generated; not to be edited.
//!
//! APIs that neither the broker nor a client of ours speaks are there with the feature `unserved` alone.

use crate::message::{api_messages, data_message};

pub mod abort_transaction_record;
pub mod access_control_entry_record;
pub mod add_offsets_to_txn;
pub mod add_partitions_to_txn;
#[cfg(feature = "unserved")]
pub mod add_raft_voter;
#[cfg(feature = "unserved")]
pub mod alter_client_quotas;
pub mod alter_configs;
pub mod alter_partition_reassignments;
#[cfg(feature = "unserved")]
pub mod alter_replica_log_dirs;
#[cfg(feature = "unserved")]
pub mod alter_share_group_offsets;
#[cfg(feature = "unserved")]
pub mod alter_user_scram_credentials;
pub mod api_versions;
pub mod begin_transaction_record;
pub mod broker_registration_change_record;
pub mod clear_elr_record;
pub mod client_quota_record;
pub mod config_record;
#[cfg(feature = "unserved")]
pub mod consumer_group_describe;
#[cfg(feature = "unserved")]
pub mod consumer_group_heartbeat;
pub mod consumer_protocol;
pub mod create_acls;
#[cfg(feature = "unserved")]
pub mod create_delegation_token;
pub mod create_partitions;
pub mod create_topics;
pub mod delegation_token_record;
pub mod delete_acls;
pub mod delete_groups;
pub mod delete_records;
#[cfg(feature = "unserved")]
pub mod delete_share_group_offsets;
#[cfg(feature = "unserved")]
pub mod delete_share_group_state;
pub mod delete_topics;
pub mod describe_acls;
#[cfg(feature = "unserved")]
pub mod describe_client_quotas;
pub mod describe_cluster;
pub mod describe_configs;
#[cfg(feature = "unserved")]
pub mod describe_delegation_token;
pub mod describe_groups;
pub mod describe_log_dirs;
pub mod describe_producers;
#[cfg(feature = "unserved")]
pub mod describe_quorum;
#[cfg(feature = "unserved")]
pub mod describe_share_group_offsets;
pub mod describe_topic_partitions;
pub mod describe_transactions;
#[cfg(feature = "unserved")]
pub mod describe_user_scram_credentials;
pub mod elect_leaders;
pub mod end_transaction_record;
pub mod end_txn;
#[cfg(feature = "unserved")]
pub mod expire_delegation_token;
pub mod feature_level_record;
pub mod fence_broker_record;
pub mod fetch;
pub mod find_coordinator;
#[cfg(feature = "unserved")]
pub mod get_telemetry_subscriptions;
pub mod heartbeat;
pub mod incremental_alter_configs;
pub mod init_producer_id;
#[cfg(feature = "unserved")]
pub mod initialize_share_group_state;
pub mod join_group;
pub mod leave_group;
pub mod list_config_resources;
pub mod list_groups;
pub mod list_offsets;
pub mod list_partition_reassignments;
pub mod list_transactions;
pub mod metadata;
pub mod no_op_record;
pub mod offset_commit;
pub mod offset_delete;
pub mod offset_fetch;
pub mod offset_for_leader_epoch;
pub mod partition_change_record;
pub mod partition_record;
pub mod produce;
pub mod producer_ids_record;
#[cfg(feature = "unserved")]
pub mod push_telemetry;
#[cfg(feature = "unserved")]
pub mod read_share_group_state;
#[cfg(feature = "unserved")]
pub mod read_share_group_state_summary;
pub mod register_broker_record;
pub mod register_controller_record;
pub mod remove_access_control_entry_record;
pub mod remove_delegation_token_record;
#[cfg(feature = "unserved")]
pub mod remove_raft_voter;
pub mod remove_topic_record;
pub mod remove_user_scram_credential_record;
#[cfg(feature = "unserved")]
pub mod renew_delegation_token;
pub mod sasl_authenticate;
pub mod sasl_handshake;
#[cfg(feature = "unserved")]
pub mod share_acknowledge;
#[cfg(feature = "unserved")]
pub mod share_fetch;
#[cfg(feature = "unserved")]
pub mod share_group_describe;
#[cfg(feature = "unserved")]
pub mod share_group_heartbeat;
#[cfg(feature = "unserved")]
pub mod streams_group_describe;
#[cfg(feature = "unserved")]
pub mod streams_group_heartbeat;
#[cfg(feature = "unserved")]
pub mod streams_group_topology_description_update;
pub mod sync_group;
pub mod topic_record;
pub mod txn_offset_commit;
pub mod unfence_broker_record;
#[cfg(feature = "unserved")]
pub mod unregister_broker;
pub mod unregister_broker_record;
#[cfg(feature = "unserved")]
pub mod unregister_controller;
pub mod unregister_controller_record;
#[cfg(feature = "unserved")]
pub mod update_features;
pub mod user_scram_credential_record;
#[cfg(feature = "unserved")]
pub mod write_share_group_state;
pub mod write_txn_markers;
pub mod zk_migration_state_record;

/// Calls a macro with `Api: module::Request => module::Response;` for every API whose messages are there, for code that treats all alike.
#[cfg(not(feature = "unserved"))]
#[macro_export]
macro_rules! for_each_api {
    ($callback:ident) => {
        $callback! {
            AddOffsetsToTxn: add_offsets_to_txn::AddOffsetsToTxnRequest => add_offsets_to_txn::AddOffsetsToTxnResponse;
            AddPartitionsToTxn: add_partitions_to_txn::AddPartitionsToTxnRequest => add_partitions_to_txn::AddPartitionsToTxnResponse;
            AlterConfigs: alter_configs::AlterConfigsRequest => alter_configs::AlterConfigsResponse;
            AlterPartitionReassignments: alter_partition_reassignments::AlterPartitionReassignmentsRequest => alter_partition_reassignments::AlterPartitionReassignmentsResponse;
            ApiVersions: api_versions::ApiVersionsRequest => api_versions::ApiVersionsResponse;
            CreateAcls: create_acls::CreateAclsRequest => create_acls::CreateAclsResponse;
            CreatePartitions: create_partitions::CreatePartitionsRequest => create_partitions::CreatePartitionsResponse;
            CreateTopics: create_topics::CreateTopicsRequest => create_topics::CreateTopicsResponse;
            DeleteAcls: delete_acls::DeleteAclsRequest => delete_acls::DeleteAclsResponse;
            DeleteGroups: delete_groups::DeleteGroupsRequest => delete_groups::DeleteGroupsResponse;
            DeleteRecords: delete_records::DeleteRecordsRequest => delete_records::DeleteRecordsResponse;
            DeleteTopics: delete_topics::DeleteTopicsRequest => delete_topics::DeleteTopicsResponse;
            DescribeAcls: describe_acls::DescribeAclsRequest => describe_acls::DescribeAclsResponse;
            DescribeCluster: describe_cluster::DescribeClusterRequest => describe_cluster::DescribeClusterResponse;
            DescribeConfigs: describe_configs::DescribeConfigsRequest => describe_configs::DescribeConfigsResponse;
            DescribeGroups: describe_groups::DescribeGroupsRequest => describe_groups::DescribeGroupsResponse;
            DescribeLogDirs: describe_log_dirs::DescribeLogDirsRequest => describe_log_dirs::DescribeLogDirsResponse;
            DescribeProducers: describe_producers::DescribeProducersRequest => describe_producers::DescribeProducersResponse;
            DescribeTopicPartitions: describe_topic_partitions::DescribeTopicPartitionsRequest => describe_topic_partitions::DescribeTopicPartitionsResponse;
            DescribeTransactions: describe_transactions::DescribeTransactionsRequest => describe_transactions::DescribeTransactionsResponse;
            ElectLeaders: elect_leaders::ElectLeadersRequest => elect_leaders::ElectLeadersResponse;
            EndTxn: end_txn::EndTxnRequest => end_txn::EndTxnResponse;
            Fetch: fetch::FetchRequest => fetch::FetchResponse;
            FindCoordinator: find_coordinator::FindCoordinatorRequest => find_coordinator::FindCoordinatorResponse;
            Heartbeat: heartbeat::HeartbeatRequest => heartbeat::HeartbeatResponse;
            IncrementalAlterConfigs: incremental_alter_configs::IncrementalAlterConfigsRequest => incremental_alter_configs::IncrementalAlterConfigsResponse;
            InitProducerId: init_producer_id::InitProducerIdRequest => init_producer_id::InitProducerIdResponse;
            JoinGroup: join_group::JoinGroupRequest => join_group::JoinGroupResponse;
            LeaveGroup: leave_group::LeaveGroupRequest => leave_group::LeaveGroupResponse;
            ListConfigResources: list_config_resources::ListConfigResourcesRequest => list_config_resources::ListConfigResourcesResponse;
            ListGroups: list_groups::ListGroupsRequest => list_groups::ListGroupsResponse;
            ListOffsets: list_offsets::ListOffsetsRequest => list_offsets::ListOffsetsResponse;
            ListPartitionReassignments: list_partition_reassignments::ListPartitionReassignmentsRequest => list_partition_reassignments::ListPartitionReassignmentsResponse;
            ListTransactions: list_transactions::ListTransactionsRequest => list_transactions::ListTransactionsResponse;
            Metadata: metadata::MetadataRequest => metadata::MetadataResponse;
            OffsetCommit: offset_commit::OffsetCommitRequest => offset_commit::OffsetCommitResponse;
            OffsetDelete: offset_delete::OffsetDeleteRequest => offset_delete::OffsetDeleteResponse;
            OffsetFetch: offset_fetch::OffsetFetchRequest => offset_fetch::OffsetFetchResponse;
            OffsetForLeaderEpoch: offset_for_leader_epoch::OffsetForLeaderEpochRequest => offset_for_leader_epoch::OffsetForLeaderEpochResponse;
            Produce: produce::ProduceRequest => produce::ProduceResponse;
            SaslAuthenticate: sasl_authenticate::SaslAuthenticateRequest => sasl_authenticate::SaslAuthenticateResponse;
            SaslHandshake: sasl_handshake::SaslHandshakeRequest => sasl_handshake::SaslHandshakeResponse;
            SyncGroup: sync_group::SyncGroupRequest => sync_group::SyncGroupResponse;
            TxnOffsetCommit: txn_offset_commit::TxnOffsetCommitRequest => txn_offset_commit::TxnOffsetCommitResponse;
            WriteTxnMarkers: write_txn_markers::WriteTxnMarkersRequest => write_txn_markers::WriteTxnMarkersResponse;
        }
    };
}

/// Calls a macro with `Api: module::Request => module::Response;` for every API whose messages are there, for code that treats all alike.
#[cfg(feature = "unserved")]
#[macro_export]
macro_rules! for_each_api {
    ($callback:ident) => {
        $callback! {
            AddOffsetsToTxn: add_offsets_to_txn::AddOffsetsToTxnRequest => add_offsets_to_txn::AddOffsetsToTxnResponse;
            AddPartitionsToTxn: add_partitions_to_txn::AddPartitionsToTxnRequest => add_partitions_to_txn::AddPartitionsToTxnResponse;
            AddRaftVoter: add_raft_voter::AddRaftVoterRequest => add_raft_voter::AddRaftVoterResponse;
            AlterClientQuotas: alter_client_quotas::AlterClientQuotasRequest => alter_client_quotas::AlterClientQuotasResponse;
            AlterConfigs: alter_configs::AlterConfigsRequest => alter_configs::AlterConfigsResponse;
            AlterPartitionReassignments: alter_partition_reassignments::AlterPartitionReassignmentsRequest => alter_partition_reassignments::AlterPartitionReassignmentsResponse;
            AlterReplicaLogDirs: alter_replica_log_dirs::AlterReplicaLogDirsRequest => alter_replica_log_dirs::AlterReplicaLogDirsResponse;
            AlterShareGroupOffsets: alter_share_group_offsets::AlterShareGroupOffsetsRequest => alter_share_group_offsets::AlterShareGroupOffsetsResponse;
            AlterUserScramCredentials: alter_user_scram_credentials::AlterUserScramCredentialsRequest => alter_user_scram_credentials::AlterUserScramCredentialsResponse;
            ApiVersions: api_versions::ApiVersionsRequest => api_versions::ApiVersionsResponse;
            ConsumerGroupDescribe: consumer_group_describe::ConsumerGroupDescribeRequest => consumer_group_describe::ConsumerGroupDescribeResponse;
            ConsumerGroupHeartbeat: consumer_group_heartbeat::ConsumerGroupHeartbeatRequest => consumer_group_heartbeat::ConsumerGroupHeartbeatResponse;
            CreateAcls: create_acls::CreateAclsRequest => create_acls::CreateAclsResponse;
            CreateDelegationToken: create_delegation_token::CreateDelegationTokenRequest => create_delegation_token::CreateDelegationTokenResponse;
            CreatePartitions: create_partitions::CreatePartitionsRequest => create_partitions::CreatePartitionsResponse;
            CreateTopics: create_topics::CreateTopicsRequest => create_topics::CreateTopicsResponse;
            DeleteAcls: delete_acls::DeleteAclsRequest => delete_acls::DeleteAclsResponse;
            DeleteGroups: delete_groups::DeleteGroupsRequest => delete_groups::DeleteGroupsResponse;
            DeleteRecords: delete_records::DeleteRecordsRequest => delete_records::DeleteRecordsResponse;
            DeleteShareGroupOffsets: delete_share_group_offsets::DeleteShareGroupOffsetsRequest => delete_share_group_offsets::DeleteShareGroupOffsetsResponse;
            DeleteShareGroupState: delete_share_group_state::DeleteShareGroupStateRequest => delete_share_group_state::DeleteShareGroupStateResponse;
            DeleteTopics: delete_topics::DeleteTopicsRequest => delete_topics::DeleteTopicsResponse;
            DescribeAcls: describe_acls::DescribeAclsRequest => describe_acls::DescribeAclsResponse;
            DescribeClientQuotas: describe_client_quotas::DescribeClientQuotasRequest => describe_client_quotas::DescribeClientQuotasResponse;
            DescribeCluster: describe_cluster::DescribeClusterRequest => describe_cluster::DescribeClusterResponse;
            DescribeConfigs: describe_configs::DescribeConfigsRequest => describe_configs::DescribeConfigsResponse;
            DescribeDelegationToken: describe_delegation_token::DescribeDelegationTokenRequest => describe_delegation_token::DescribeDelegationTokenResponse;
            DescribeGroups: describe_groups::DescribeGroupsRequest => describe_groups::DescribeGroupsResponse;
            DescribeLogDirs: describe_log_dirs::DescribeLogDirsRequest => describe_log_dirs::DescribeLogDirsResponse;
            DescribeProducers: describe_producers::DescribeProducersRequest => describe_producers::DescribeProducersResponse;
            DescribeQuorum: describe_quorum::DescribeQuorumRequest => describe_quorum::DescribeQuorumResponse;
            DescribeShareGroupOffsets: describe_share_group_offsets::DescribeShareGroupOffsetsRequest => describe_share_group_offsets::DescribeShareGroupOffsetsResponse;
            DescribeTopicPartitions: describe_topic_partitions::DescribeTopicPartitionsRequest => describe_topic_partitions::DescribeTopicPartitionsResponse;
            DescribeTransactions: describe_transactions::DescribeTransactionsRequest => describe_transactions::DescribeTransactionsResponse;
            DescribeUserScramCredentials: describe_user_scram_credentials::DescribeUserScramCredentialsRequest => describe_user_scram_credentials::DescribeUserScramCredentialsResponse;
            ElectLeaders: elect_leaders::ElectLeadersRequest => elect_leaders::ElectLeadersResponse;
            EndTxn: end_txn::EndTxnRequest => end_txn::EndTxnResponse;
            ExpireDelegationToken: expire_delegation_token::ExpireDelegationTokenRequest => expire_delegation_token::ExpireDelegationTokenResponse;
            Fetch: fetch::FetchRequest => fetch::FetchResponse;
            FindCoordinator: find_coordinator::FindCoordinatorRequest => find_coordinator::FindCoordinatorResponse;
            GetTelemetrySubscriptions: get_telemetry_subscriptions::GetTelemetrySubscriptionsRequest => get_telemetry_subscriptions::GetTelemetrySubscriptionsResponse;
            Heartbeat: heartbeat::HeartbeatRequest => heartbeat::HeartbeatResponse;
            IncrementalAlterConfigs: incremental_alter_configs::IncrementalAlterConfigsRequest => incremental_alter_configs::IncrementalAlterConfigsResponse;
            InitProducerId: init_producer_id::InitProducerIdRequest => init_producer_id::InitProducerIdResponse;
            InitializeShareGroupState: initialize_share_group_state::InitializeShareGroupStateRequest => initialize_share_group_state::InitializeShareGroupStateResponse;
            JoinGroup: join_group::JoinGroupRequest => join_group::JoinGroupResponse;
            LeaveGroup: leave_group::LeaveGroupRequest => leave_group::LeaveGroupResponse;
            ListConfigResources: list_config_resources::ListConfigResourcesRequest => list_config_resources::ListConfigResourcesResponse;
            ListGroups: list_groups::ListGroupsRequest => list_groups::ListGroupsResponse;
            ListOffsets: list_offsets::ListOffsetsRequest => list_offsets::ListOffsetsResponse;
            ListPartitionReassignments: list_partition_reassignments::ListPartitionReassignmentsRequest => list_partition_reassignments::ListPartitionReassignmentsResponse;
            ListTransactions: list_transactions::ListTransactionsRequest => list_transactions::ListTransactionsResponse;
            Metadata: metadata::MetadataRequest => metadata::MetadataResponse;
            OffsetCommit: offset_commit::OffsetCommitRequest => offset_commit::OffsetCommitResponse;
            OffsetDelete: offset_delete::OffsetDeleteRequest => offset_delete::OffsetDeleteResponse;
            OffsetFetch: offset_fetch::OffsetFetchRequest => offset_fetch::OffsetFetchResponse;
            OffsetForLeaderEpoch: offset_for_leader_epoch::OffsetForLeaderEpochRequest => offset_for_leader_epoch::OffsetForLeaderEpochResponse;
            Produce: produce::ProduceRequest => produce::ProduceResponse;
            PushTelemetry: push_telemetry::PushTelemetryRequest => push_telemetry::PushTelemetryResponse;
            ReadShareGroupState: read_share_group_state::ReadShareGroupStateRequest => read_share_group_state::ReadShareGroupStateResponse;
            ReadShareGroupStateSummary: read_share_group_state_summary::ReadShareGroupStateSummaryRequest => read_share_group_state_summary::ReadShareGroupStateSummaryResponse;
            RemoveRaftVoter: remove_raft_voter::RemoveRaftVoterRequest => remove_raft_voter::RemoveRaftVoterResponse;
            RenewDelegationToken: renew_delegation_token::RenewDelegationTokenRequest => renew_delegation_token::RenewDelegationTokenResponse;
            SaslAuthenticate: sasl_authenticate::SaslAuthenticateRequest => sasl_authenticate::SaslAuthenticateResponse;
            SaslHandshake: sasl_handshake::SaslHandshakeRequest => sasl_handshake::SaslHandshakeResponse;
            ShareAcknowledge: share_acknowledge::ShareAcknowledgeRequest => share_acknowledge::ShareAcknowledgeResponse;
            ShareFetch: share_fetch::ShareFetchRequest => share_fetch::ShareFetchResponse;
            ShareGroupDescribe: share_group_describe::ShareGroupDescribeRequest => share_group_describe::ShareGroupDescribeResponse;
            ShareGroupHeartbeat: share_group_heartbeat::ShareGroupHeartbeatRequest => share_group_heartbeat::ShareGroupHeartbeatResponse;
            StreamsGroupDescribe: streams_group_describe::StreamsGroupDescribeRequest => streams_group_describe::StreamsGroupDescribeResponse;
            StreamsGroupHeartbeat: streams_group_heartbeat::StreamsGroupHeartbeatRequest => streams_group_heartbeat::StreamsGroupHeartbeatResponse;
            StreamsGroupTopologyDescriptionUpdate: streams_group_topology_description_update::StreamsGroupTopologyDescriptionUpdateRequest => streams_group_topology_description_update::StreamsGroupTopologyDescriptionUpdateResponse;
            SyncGroup: sync_group::SyncGroupRequest => sync_group::SyncGroupResponse;
            TxnOffsetCommit: txn_offset_commit::TxnOffsetCommitRequest => txn_offset_commit::TxnOffsetCommitResponse;
            UnregisterBroker: unregister_broker::UnregisterBrokerRequest => unregister_broker::UnregisterBrokerResponse;
            UnregisterController: unregister_controller::UnregisterControllerRequest => unregister_controller::UnregisterControllerResponse;
            UpdateFeatures: update_features::UpdateFeaturesRequest => update_features::UpdateFeaturesResponse;
            WriteShareGroupState: write_share_group_state::WriteShareGroupStateRequest => write_share_group_state::WriteShareGroupStateResponse;
            WriteTxnMarkers: write_txn_markers::WriteTxnMarkersRequest => write_txn_markers::WriteTxnMarkersResponse;
        }
    };
}

for_each_api!(api_messages);
data_message!(abort_transaction_record::AbortTransactionRecord);
data_message!(access_control_entry_record::AccessControlEntryRecord);
data_message!(begin_transaction_record::BeginTransactionRecord);
data_message!(broker_registration_change_record::BrokerRegistrationChangeRecord);
data_message!(clear_elr_record::ClearElrRecord);
data_message!(client_quota_record::ClientQuotaRecord);
data_message!(config_record::ConfigRecord);
data_message!(consumer_protocol::ConsumerProtocolSubscription);
data_message!(consumer_protocol::ConsumerProtocolAssignment);
data_message!(delegation_token_record::DelegationTokenRecord);
data_message!(end_transaction_record::EndTransactionRecord);
data_message!(feature_level_record::FeatureLevelRecord);
data_message!(fence_broker_record::FenceBrokerRecord);
data_message!(no_op_record::NoOpRecord);
data_message!(partition_change_record::PartitionChangeRecord);
data_message!(partition_record::PartitionRecord);
data_message!(producer_ids_record::ProducerIdsRecord);
data_message!(register_broker_record::RegisterBrokerRecord);
data_message!(register_controller_record::RegisterControllerRecord);
data_message!(remove_access_control_entry_record::RemoveAccessControlEntryRecord);
data_message!(remove_delegation_token_record::RemoveDelegationTokenRecord);
data_message!(remove_topic_record::RemoveTopicRecord);
data_message!(remove_user_scram_credential_record::RemoveUserScramCredentialRecord);
data_message!(topic_record::TopicRecord);
data_message!(unfence_broker_record::UnfenceBrokerRecord);
data_message!(unregister_broker_record::UnregisterBrokerRecord);
data_message!(unregister_controller_record::UnregisterControllerRecord);
data_message!(user_scram_credential_record::UserScramCredentialRecord);
data_message!(zk_migration_state_record::ZkMigrationStateRecord);
