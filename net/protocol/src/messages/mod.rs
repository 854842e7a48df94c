//! One module an API, and those for messages that travel inside others. Generated; not to be edited.

use crate::message::{api_messages, data_message};

pub mod add_offsets_to_txn;
pub mod add_partitions_to_txn;
pub mod alter_client_quotas;
pub mod alter_configs;
pub mod alter_partition_reassignments;
pub mod alter_replica_log_dirs;
pub mod alter_user_scram_credentials;
pub mod api_versions;
pub mod consumer_group_describe;
pub mod consumer_group_heartbeat;
pub mod consumer_protocol;
pub mod create_acls;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_acls;
pub mod delete_groups;
pub mod delete_records;
pub mod delete_topics;
pub mod describe_acls;
pub mod describe_client_quotas;
pub mod describe_cluster;
pub mod describe_configs;
pub mod describe_groups;
pub mod describe_log_dirs;
pub mod describe_producers;
pub mod describe_quorum;
pub mod describe_topic_partitions;
pub mod describe_transactions;
pub mod describe_user_scram_credentials;
pub mod elect_leaders;
pub mod end_txn;
pub mod fetch;
pub mod find_coordinator;
pub mod heartbeat;
pub mod incremental_alter_configs;
pub mod init_producer_id;
pub mod join_group;
pub mod leave_group;
pub mod list_config_resources;
pub mod list_groups;
pub mod list_offsets;
pub mod list_partition_reassignments;
pub mod list_transactions;
pub mod metadata;
pub mod offset_commit;
pub mod offset_delete;
pub mod offset_fetch;
pub mod offset_for_leader_epoch;
pub mod produce;
pub mod sasl_authenticate;
pub mod sasl_handshake;
pub mod sync_group;
pub mod txn_offset_commit;
pub mod unregister_broker;
pub mod update_features;
pub mod write_txn_markers;

/// Calls a macro with `Api: module::Request => module::Response;` for every API, for code that treats all alike.
#[macro_export]
macro_rules! for_each_api {
    ($callback:ident) => {
        $callback! {
            AddOffsetsToTxn: add_offsets_to_txn::AddOffsetsToTxnRequest => add_offsets_to_txn::AddOffsetsToTxnResponse;
            AddPartitionsToTxn: add_partitions_to_txn::AddPartitionsToTxnRequest => add_partitions_to_txn::AddPartitionsToTxnResponse;
            AlterClientQuotas: alter_client_quotas::AlterClientQuotasRequest => alter_client_quotas::AlterClientQuotasResponse;
            AlterConfigs: alter_configs::AlterConfigsRequest => alter_configs::AlterConfigsResponse;
            AlterPartitionReassignments: alter_partition_reassignments::AlterPartitionReassignmentsRequest => alter_partition_reassignments::AlterPartitionReassignmentsResponse;
            AlterReplicaLogDirs: alter_replica_log_dirs::AlterReplicaLogDirsRequest => alter_replica_log_dirs::AlterReplicaLogDirsResponse;
            AlterUserScramCredentials: alter_user_scram_credentials::AlterUserScramCredentialsRequest => alter_user_scram_credentials::AlterUserScramCredentialsResponse;
            ApiVersions: api_versions::ApiVersionsRequest => api_versions::ApiVersionsResponse;
            ConsumerGroupDescribe: consumer_group_describe::ConsumerGroupDescribeRequest => consumer_group_describe::ConsumerGroupDescribeResponse;
            ConsumerGroupHeartbeat: consumer_group_heartbeat::ConsumerGroupHeartbeatRequest => consumer_group_heartbeat::ConsumerGroupHeartbeatResponse;
            CreateAcls: create_acls::CreateAclsRequest => create_acls::CreateAclsResponse;
            CreatePartitions: create_partitions::CreatePartitionsRequest => create_partitions::CreatePartitionsResponse;
            CreateTopics: create_topics::CreateTopicsRequest => create_topics::CreateTopicsResponse;
            DeleteAcls: delete_acls::DeleteAclsRequest => delete_acls::DeleteAclsResponse;
            DeleteGroups: delete_groups::DeleteGroupsRequest => delete_groups::DeleteGroupsResponse;
            DeleteRecords: delete_records::DeleteRecordsRequest => delete_records::DeleteRecordsResponse;
            DeleteTopics: delete_topics::DeleteTopicsRequest => delete_topics::DeleteTopicsResponse;
            DescribeAcls: describe_acls::DescribeAclsRequest => describe_acls::DescribeAclsResponse;
            DescribeClientQuotas: describe_client_quotas::DescribeClientQuotasRequest => describe_client_quotas::DescribeClientQuotasResponse;
            DescribeCluster: describe_cluster::DescribeClusterRequest => describe_cluster::DescribeClusterResponse;
            DescribeConfigs: describe_configs::DescribeConfigsRequest => describe_configs::DescribeConfigsResponse;
            DescribeGroups: describe_groups::DescribeGroupsRequest => describe_groups::DescribeGroupsResponse;
            DescribeLogDirs: describe_log_dirs::DescribeLogDirsRequest => describe_log_dirs::DescribeLogDirsResponse;
            DescribeProducers: describe_producers::DescribeProducersRequest => describe_producers::DescribeProducersResponse;
            DescribeQuorum: describe_quorum::DescribeQuorumRequest => describe_quorum::DescribeQuorumResponse;
            DescribeTopicPartitions: describe_topic_partitions::DescribeTopicPartitionsRequest => describe_topic_partitions::DescribeTopicPartitionsResponse;
            DescribeTransactions: describe_transactions::DescribeTransactionsRequest => describe_transactions::DescribeTransactionsResponse;
            DescribeUserScramCredentials: describe_user_scram_credentials::DescribeUserScramCredentialsRequest => describe_user_scram_credentials::DescribeUserScramCredentialsResponse;
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
            UnregisterBroker: unregister_broker::UnregisterBrokerRequest => unregister_broker::UnregisterBrokerResponse;
            UpdateFeatures: update_features::UpdateFeaturesRequest => update_features::UpdateFeaturesResponse;
            WriteTxnMarkers: write_txn_markers::WriteTxnMarkersRequest => write_txn_markers::WriteTxnMarkersResponse;
        }
    };
}

for_each_api!(api_messages);
data_message!(consumer_protocol::ConsumerProtocolSubscription);
data_message!(consumer_protocol::ConsumerProtocolAssignment);
