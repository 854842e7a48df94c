//! The records of a metadata log (KIP-631). Generated from `schema/`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::messages;

/// A record of the metadata log.
#[derive(Clone, PartialEq, Debug)]
pub enum MetadataRecord {
    /// Key 0.
    RegisterBroker(messages::register_broker_record::RegisterBrokerRecord),
    /// Key 1.
    UnregisterBroker(messages::unregister_broker_record::UnregisterBrokerRecord),
    /// Key 2.
    Topic(messages::topic_record::TopicRecord),
    /// Key 3.
    Partition(messages::partition_record::PartitionRecord),
    /// Key 4.
    Config(messages::config_record::ConfigRecord),
    /// Key 5.
    PartitionChange(messages::partition_change_record::PartitionChangeRecord),
    /// Key 7.
    FenceBroker(messages::fence_broker_record::FenceBrokerRecord),
    /// Key 8.
    UnfenceBroker(messages::unfence_broker_record::UnfenceBrokerRecord),
    /// Key 9.
    RemoveTopic(messages::remove_topic_record::RemoveTopicRecord),
    /// Key 10.
    DelegationToken(messages::delegation_token_record::DelegationTokenRecord),
    /// Key 11.
    UserScramCredential(messages::user_scram_credential_record::UserScramCredentialRecord),
    /// Key 12.
    FeatureLevel(messages::feature_level_record::FeatureLevelRecord),
    /// Key 14.
    ClientQuota(messages::client_quota_record::ClientQuotaRecord),
    /// Key 15.
    ProducerIds(messages::producer_ids_record::ProducerIdsRecord),
    /// Key 17.
    BrokerRegistrationChange(messages::broker_registration_change_record::BrokerRegistrationChangeRecord),
    /// Key 18.
    AccessControlEntry(messages::access_control_entry_record::AccessControlEntryRecord),
    /// Key 19.
    RemoveAccessControlEntry(messages::remove_access_control_entry_record::RemoveAccessControlEntryRecord),
    /// Key 20.
    NoOp(messages::no_op_record::NoOpRecord),
    /// Key 21.
    ZkMigrationState(messages::zk_migration_state_record::ZkMigrationStateRecord),
    /// Key 22.
    RemoveUserScramCredential(messages::remove_user_scram_credential_record::RemoveUserScramCredentialRecord),
    /// Key 23.
    BeginTransaction(messages::begin_transaction_record::BeginTransactionRecord),
    /// Key 24.
    EndTransaction(messages::end_transaction_record::EndTransactionRecord),
    /// Key 25.
    AbortTransaction(messages::abort_transaction_record::AbortTransactionRecord),
    /// Key 26.
    RemoveDelegationToken(messages::remove_delegation_token_record::RemoveDelegationTokenRecord),
    /// Key 27.
    RegisterController(messages::register_controller_record::RegisterControllerRecord),
    /// Key 28.
    ClearElr(messages::clear_elr_record::ClearElrRecord),
    /// Key 29.
    UnregisterController(messages::unregister_controller_record::UnregisterControllerRecord),
}

impl MetadataRecord {
    /// Kafka's key of its kind.
    pub const fn key(&self) -> i16 {
        match self {
            MetadataRecord::RegisterBroker(_) => 0,
            MetadataRecord::UnregisterBroker(_) => 1,
            MetadataRecord::Topic(_) => 2,
            MetadataRecord::Partition(_) => 3,
            MetadataRecord::Config(_) => 4,
            MetadataRecord::PartitionChange(_) => 5,
            MetadataRecord::FenceBroker(_) => 7,
            MetadataRecord::UnfenceBroker(_) => 8,
            MetadataRecord::RemoveTopic(_) => 9,
            MetadataRecord::DelegationToken(_) => 10,
            MetadataRecord::UserScramCredential(_) => 11,
            MetadataRecord::FeatureLevel(_) => 12,
            MetadataRecord::ClientQuota(_) => 14,
            MetadataRecord::ProducerIds(_) => 15,
            MetadataRecord::BrokerRegistrationChange(_) => 17,
            MetadataRecord::AccessControlEntry(_) => 18,
            MetadataRecord::RemoveAccessControlEntry(_) => 19,
            MetadataRecord::NoOp(_) => 20,
            MetadataRecord::ZkMigrationState(_) => 21,
            MetadataRecord::RemoveUserScramCredential(_) => 22,
            MetadataRecord::BeginTransaction(_) => 23,
            MetadataRecord::EndTransaction(_) => 24,
            MetadataRecord::AbortTransaction(_) => 25,
            MetadataRecord::RemoveDelegationToken(_) => 26,
            MetadataRecord::RegisterController(_) => 27,
            MetadataRecord::ClearElr(_) => 28,
            MetadataRecord::UnregisterController(_) => 29,
        }
    }

    /// Kafka's name of the kind with this key, and its versions; `None` if there is no such kind.
    pub const fn kind(key: i16) -> Option<(&'static str, RangeInclusive<i16>)> {
        Some(match key {
            0 => (
                "RegisterBrokerRecord",
                messages::register_broker_record::RegisterBrokerRecord::VERSIONS,
            ),
            1 => (
                "UnregisterBrokerRecord",
                messages::unregister_broker_record::UnregisterBrokerRecord::VERSIONS,
            ),
            2 => ("TopicRecord", messages::topic_record::TopicRecord::VERSIONS),
            3 => (
                "PartitionRecord",
                messages::partition_record::PartitionRecord::VERSIONS,
            ),
            4 => ("ConfigRecord", messages::config_record::ConfigRecord::VERSIONS),
            5 => (
                "PartitionChangeRecord",
                messages::partition_change_record::PartitionChangeRecord::VERSIONS,
            ),
            7 => (
                "FenceBrokerRecord",
                messages::fence_broker_record::FenceBrokerRecord::VERSIONS,
            ),
            8 => (
                "UnfenceBrokerRecord",
                messages::unfence_broker_record::UnfenceBrokerRecord::VERSIONS,
            ),
            9 => (
                "RemoveTopicRecord",
                messages::remove_topic_record::RemoveTopicRecord::VERSIONS,
            ),
            10 => (
                "DelegationTokenRecord",
                messages::delegation_token_record::DelegationTokenRecord::VERSIONS,
            ),
            11 => (
                "UserScramCredentialRecord",
                messages::user_scram_credential_record::UserScramCredentialRecord::VERSIONS,
            ),
            12 => (
                "FeatureLevelRecord",
                messages::feature_level_record::FeatureLevelRecord::VERSIONS,
            ),
            14 => (
                "ClientQuotaRecord",
                messages::client_quota_record::ClientQuotaRecord::VERSIONS,
            ),
            15 => (
                "ProducerIdsRecord",
                messages::producer_ids_record::ProducerIdsRecord::VERSIONS,
            ),
            17 => (
                "BrokerRegistrationChangeRecord",
                messages::broker_registration_change_record::BrokerRegistrationChangeRecord::VERSIONS,
            ),
            18 => (
                "AccessControlEntryRecord",
                messages::access_control_entry_record::AccessControlEntryRecord::VERSIONS,
            ),
            19 => (
                "RemoveAccessControlEntryRecord",
                messages::remove_access_control_entry_record::RemoveAccessControlEntryRecord::VERSIONS,
            ),
            20 => ("NoOpRecord", messages::no_op_record::NoOpRecord::VERSIONS),
            21 => (
                "ZkMigrationStateRecord",
                messages::zk_migration_state_record::ZkMigrationStateRecord::VERSIONS,
            ),
            22 => (
                "RemoveUserScramCredentialRecord",
                messages::remove_user_scram_credential_record::RemoveUserScramCredentialRecord::VERSIONS,
            ),
            23 => (
                "BeginTransactionRecord",
                messages::begin_transaction_record::BeginTransactionRecord::VERSIONS,
            ),
            24 => (
                "EndTransactionRecord",
                messages::end_transaction_record::EndTransactionRecord::VERSIONS,
            ),
            25 => (
                "AbortTransactionRecord",
                messages::abort_transaction_record::AbortTransactionRecord::VERSIONS,
            ),
            26 => (
                "RemoveDelegationTokenRecord",
                messages::remove_delegation_token_record::RemoveDelegationTokenRecord::VERSIONS,
            ),
            27 => (
                "RegisterControllerRecord",
                messages::register_controller_record::RegisterControllerRecord::VERSIONS,
            ),
            28 => (
                "ClearElrRecord",
                messages::clear_elr_record::ClearElrRecord::VERSIONS,
            ),
            29 => (
                "UnregisterControllerRecord",
                messages::unregister_controller_record::UnregisterControllerRecord::VERSIONS,
            ),
            _ => return None,
        })
    }

    /// Decodes the message of a record; `None` if there is no kind with this key.
    pub(crate) fn decode_message(
        key: i16,
        reader: &mut Reader,
        version: i16,
    ) -> Result<Option<MetadataRecord>, DecodeError> {
        Ok(Some(match key {
            0 => MetadataRecord::RegisterBroker(
                messages::register_broker_record::RegisterBrokerRecord::decode(reader, version)?,
            ),
            1 => MetadataRecord::UnregisterBroker(
                messages::unregister_broker_record::UnregisterBrokerRecord::decode(reader, version)?,
            ),
            2 => MetadataRecord::Topic(messages::topic_record::TopicRecord::decode(reader, version)?),
            3 => MetadataRecord::Partition(messages::partition_record::PartitionRecord::decode(
                reader, version,
            )?),
            4 => MetadataRecord::Config(messages::config_record::ConfigRecord::decode(reader, version)?),
            5 => MetadataRecord::PartitionChange(
                messages::partition_change_record::PartitionChangeRecord::decode(reader, version)?,
            ),
            7 => MetadataRecord::FenceBroker(messages::fence_broker_record::FenceBrokerRecord::decode(
                reader, version,
            )?),
            8 => MetadataRecord::UnfenceBroker(messages::unfence_broker_record::UnfenceBrokerRecord::decode(
                reader, version,
            )?),
            9 => MetadataRecord::RemoveTopic(messages::remove_topic_record::RemoveTopicRecord::decode(
                reader, version,
            )?),
            10 => MetadataRecord::DelegationToken(
                messages::delegation_token_record::DelegationTokenRecord::decode(reader, version)?,
            ),
            11 => MetadataRecord::UserScramCredential(
                messages::user_scram_credential_record::UserScramCredentialRecord::decode(reader, version)?,
            ),
            12 => MetadataRecord::FeatureLevel(messages::feature_level_record::FeatureLevelRecord::decode(
                reader, version,
            )?),
            14 => MetadataRecord::ClientQuota(messages::client_quota_record::ClientQuotaRecord::decode(
                reader, version,
            )?),
            15 => MetadataRecord::ProducerIds(messages::producer_ids_record::ProducerIdsRecord::decode(
                reader, version,
            )?),
            17 => MetadataRecord::BrokerRegistrationChange(
                messages::broker_registration_change_record::BrokerRegistrationChangeRecord::decode(
                    reader, version,
                )?,
            ),
            18 => MetadataRecord::AccessControlEntry(
                messages::access_control_entry_record::AccessControlEntryRecord::decode(reader, version)?,
            ),
            19 => MetadataRecord::RemoveAccessControlEntry(
                messages::remove_access_control_entry_record::RemoveAccessControlEntryRecord::decode(
                    reader, version,
                )?,
            ),
            20 => MetadataRecord::NoOp(messages::no_op_record::NoOpRecord::decode(reader, version)?),
            21 => MetadataRecord::ZkMigrationState(
                messages::zk_migration_state_record::ZkMigrationStateRecord::decode(reader, version)?,
            ),
            22 => MetadataRecord::RemoveUserScramCredential(
                messages::remove_user_scram_credential_record::RemoveUserScramCredentialRecord::decode(
                    reader, version,
                )?,
            ),
            23 => MetadataRecord::BeginTransaction(
                messages::begin_transaction_record::BeginTransactionRecord::decode(reader, version)?,
            ),
            24 => MetadataRecord::EndTransaction(
                messages::end_transaction_record::EndTransactionRecord::decode(reader, version)?,
            ),
            25 => MetadataRecord::AbortTransaction(
                messages::abort_transaction_record::AbortTransactionRecord::decode(reader, version)?,
            ),
            26 => MetadataRecord::RemoveDelegationToken(
                messages::remove_delegation_token_record::RemoveDelegationTokenRecord::decode(
                    reader, version,
                )?,
            ),
            27 => MetadataRecord::RegisterController(
                messages::register_controller_record::RegisterControllerRecord::decode(reader, version)?,
            ),
            28 => MetadataRecord::ClearElr(messages::clear_elr_record::ClearElrRecord::decode(
                reader, version,
            )?),
            29 => MetadataRecord::UnregisterController(
                messages::unregister_controller_record::UnregisterControllerRecord::decode(reader, version)?,
            ),
            _ => return Ok(None),
        }))
    }

    pub(crate) fn encode_message(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        match self {
            MetadataRecord::RegisterBroker(message) => message.encode(writer, version),
            MetadataRecord::UnregisterBroker(message) => message.encode(writer, version),
            MetadataRecord::Topic(message) => message.encode(writer, version),
            MetadataRecord::Partition(message) => message.encode(writer, version),
            MetadataRecord::Config(message) => message.encode(writer, version),
            MetadataRecord::PartitionChange(message) => message.encode(writer, version),
            MetadataRecord::FenceBroker(message) => message.encode(writer, version),
            MetadataRecord::UnfenceBroker(message) => message.encode(writer, version),
            MetadataRecord::RemoveTopic(message) => message.encode(writer, version),
            MetadataRecord::DelegationToken(message) => message.encode(writer, version),
            MetadataRecord::UserScramCredential(message) => message.encode(writer, version),
            MetadataRecord::FeatureLevel(message) => message.encode(writer, version),
            MetadataRecord::ClientQuota(message) => message.encode(writer, version),
            MetadataRecord::ProducerIds(message) => message.encode(writer, version),
            MetadataRecord::BrokerRegistrationChange(message) => message.encode(writer, version),
            MetadataRecord::AccessControlEntry(message) => message.encode(writer, version),
            MetadataRecord::RemoveAccessControlEntry(message) => message.encode(writer, version),
            MetadataRecord::NoOp(message) => message.encode(writer, version),
            MetadataRecord::ZkMigrationState(message) => message.encode(writer, version),
            MetadataRecord::RemoveUserScramCredential(message) => message.encode(writer, version),
            MetadataRecord::BeginTransaction(message) => message.encode(writer, version),
            MetadataRecord::EndTransaction(message) => message.encode(writer, version),
            MetadataRecord::AbortTransaction(message) => message.encode(writer, version),
            MetadataRecord::RemoveDelegationToken(message) => message.encode(writer, version),
            MetadataRecord::RegisterController(message) => message.encode(writer, version),
            MetadataRecord::ClearElr(message) => message.encode(writer, version),
            MetadataRecord::UnregisterController(message) => message.encode(writer, version),
        }
    }
}

impl From<messages::register_broker_record::RegisterBrokerRecord> for MetadataRecord {
    fn from(message: messages::register_broker_record::RegisterBrokerRecord) -> MetadataRecord {
        MetadataRecord::RegisterBroker(message)
    }
}

impl From<messages::unregister_broker_record::UnregisterBrokerRecord> for MetadataRecord {
    fn from(message: messages::unregister_broker_record::UnregisterBrokerRecord) -> MetadataRecord {
        MetadataRecord::UnregisterBroker(message)
    }
}

impl From<messages::topic_record::TopicRecord> for MetadataRecord {
    fn from(message: messages::topic_record::TopicRecord) -> MetadataRecord {
        MetadataRecord::Topic(message)
    }
}

impl From<messages::partition_record::PartitionRecord> for MetadataRecord {
    fn from(message: messages::partition_record::PartitionRecord) -> MetadataRecord {
        MetadataRecord::Partition(message)
    }
}

impl From<messages::config_record::ConfigRecord> for MetadataRecord {
    fn from(message: messages::config_record::ConfigRecord) -> MetadataRecord {
        MetadataRecord::Config(message)
    }
}

impl From<messages::partition_change_record::PartitionChangeRecord> for MetadataRecord {
    fn from(message: messages::partition_change_record::PartitionChangeRecord) -> MetadataRecord {
        MetadataRecord::PartitionChange(message)
    }
}

impl From<messages::fence_broker_record::FenceBrokerRecord> for MetadataRecord {
    fn from(message: messages::fence_broker_record::FenceBrokerRecord) -> MetadataRecord {
        MetadataRecord::FenceBroker(message)
    }
}

impl From<messages::unfence_broker_record::UnfenceBrokerRecord> for MetadataRecord {
    fn from(message: messages::unfence_broker_record::UnfenceBrokerRecord) -> MetadataRecord {
        MetadataRecord::UnfenceBroker(message)
    }
}

impl From<messages::remove_topic_record::RemoveTopicRecord> for MetadataRecord {
    fn from(message: messages::remove_topic_record::RemoveTopicRecord) -> MetadataRecord {
        MetadataRecord::RemoveTopic(message)
    }
}

impl From<messages::delegation_token_record::DelegationTokenRecord> for MetadataRecord {
    fn from(message: messages::delegation_token_record::DelegationTokenRecord) -> MetadataRecord {
        MetadataRecord::DelegationToken(message)
    }
}

impl From<messages::user_scram_credential_record::UserScramCredentialRecord> for MetadataRecord {
    fn from(message: messages::user_scram_credential_record::UserScramCredentialRecord) -> MetadataRecord {
        MetadataRecord::UserScramCredential(message)
    }
}

impl From<messages::feature_level_record::FeatureLevelRecord> for MetadataRecord {
    fn from(message: messages::feature_level_record::FeatureLevelRecord) -> MetadataRecord {
        MetadataRecord::FeatureLevel(message)
    }
}

impl From<messages::client_quota_record::ClientQuotaRecord> for MetadataRecord {
    fn from(message: messages::client_quota_record::ClientQuotaRecord) -> MetadataRecord {
        MetadataRecord::ClientQuota(message)
    }
}

impl From<messages::producer_ids_record::ProducerIdsRecord> for MetadataRecord {
    fn from(message: messages::producer_ids_record::ProducerIdsRecord) -> MetadataRecord {
        MetadataRecord::ProducerIds(message)
    }
}

impl From<messages::broker_registration_change_record::BrokerRegistrationChangeRecord> for MetadataRecord {
    fn from(
        message: messages::broker_registration_change_record::BrokerRegistrationChangeRecord,
    ) -> MetadataRecord {
        MetadataRecord::BrokerRegistrationChange(message)
    }
}

impl From<messages::access_control_entry_record::AccessControlEntryRecord> for MetadataRecord {
    fn from(message: messages::access_control_entry_record::AccessControlEntryRecord) -> MetadataRecord {
        MetadataRecord::AccessControlEntry(message)
    }
}

impl From<messages::remove_access_control_entry_record::RemoveAccessControlEntryRecord> for MetadataRecord {
    fn from(
        message: messages::remove_access_control_entry_record::RemoveAccessControlEntryRecord,
    ) -> MetadataRecord {
        MetadataRecord::RemoveAccessControlEntry(message)
    }
}

impl From<messages::no_op_record::NoOpRecord> for MetadataRecord {
    fn from(message: messages::no_op_record::NoOpRecord) -> MetadataRecord {
        MetadataRecord::NoOp(message)
    }
}

impl From<messages::zk_migration_state_record::ZkMigrationStateRecord> for MetadataRecord {
    fn from(message: messages::zk_migration_state_record::ZkMigrationStateRecord) -> MetadataRecord {
        MetadataRecord::ZkMigrationState(message)
    }
}

impl From<messages::remove_user_scram_credential_record::RemoveUserScramCredentialRecord> for MetadataRecord {
    fn from(
        message: messages::remove_user_scram_credential_record::RemoveUserScramCredentialRecord,
    ) -> MetadataRecord {
        MetadataRecord::RemoveUserScramCredential(message)
    }
}

impl From<messages::begin_transaction_record::BeginTransactionRecord> for MetadataRecord {
    fn from(message: messages::begin_transaction_record::BeginTransactionRecord) -> MetadataRecord {
        MetadataRecord::BeginTransaction(message)
    }
}

impl From<messages::end_transaction_record::EndTransactionRecord> for MetadataRecord {
    fn from(message: messages::end_transaction_record::EndTransactionRecord) -> MetadataRecord {
        MetadataRecord::EndTransaction(message)
    }
}

impl From<messages::abort_transaction_record::AbortTransactionRecord> for MetadataRecord {
    fn from(message: messages::abort_transaction_record::AbortTransactionRecord) -> MetadataRecord {
        MetadataRecord::AbortTransaction(message)
    }
}

impl From<messages::remove_delegation_token_record::RemoveDelegationTokenRecord> for MetadataRecord {
    fn from(
        message: messages::remove_delegation_token_record::RemoveDelegationTokenRecord,
    ) -> MetadataRecord {
        MetadataRecord::RemoveDelegationToken(message)
    }
}

impl From<messages::register_controller_record::RegisterControllerRecord> for MetadataRecord {
    fn from(message: messages::register_controller_record::RegisterControllerRecord) -> MetadataRecord {
        MetadataRecord::RegisterController(message)
    }
}

impl From<messages::clear_elr_record::ClearElrRecord> for MetadataRecord {
    fn from(message: messages::clear_elr_record::ClearElrRecord) -> MetadataRecord {
        MetadataRecord::ClearElr(message)
    }
}

impl From<messages::unregister_controller_record::UnregisterControllerRecord> for MetadataRecord {
    fn from(message: messages::unregister_controller_record::UnregisterControllerRecord) -> MetadataRecord {
        MetadataRecord::UnregisterController(message)
    }
}
