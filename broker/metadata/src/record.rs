//! Records as this release writes them.

use std::collections::BTreeSet;

use bytes::Bytes;
use corelog_protocol::messages::config_record::ConfigRecord;
use corelog_protocol::messages::feature_level_record::FeatureLevelRecord;
use corelog_protocol::{EncodeError, MetadataRecord, metadata_log};

use crate::image::Configs;

/// The feature whose level says which records, and which versions of them, the log may hold.
pub const METADATA_VERSION: &str = "metadata.version";
/// The level of [`METADATA_VERSION`] that this release writes and reads: Kafka's 4.3-IV0.
pub const METADATA_VERSION_LEVEL: i16 = 30;

/// Kafka's `ConfigResource.Type.TOPIC`.
pub const RESOURCE_TOPIC: i8 = 2;
/// Kafka's `ConfigResource.Type.BROKER`.
pub const RESOURCE_BROKER: i8 = 4;

/// The value that a metadata log holds for `record`.
///
/// # Errors
/// When a text is longer than Kafka's form allows.
pub fn encode(record: &MetadataRecord) -> Result<Bytes, EncodeError> {
    metadata_log::encode(record, version(record))
}

/// The record that sets the level of [`METADATA_VERSION`]: the first of every log and of every snapshot.
pub fn feature_level(level: i16) -> MetadataRecord {
    let record = FeatureLevelRecord {
        name: METADATA_VERSION.to_owned(),
        feature_level: level,
    };
    record.into()
}

/// The records that lead from the settings `current` of a resource to `configs`.
pub fn config_changes(kind: i8, resource: &str, current: &Configs, configs: &Configs) -> Vec<MetadataRecord> {
    let keys: BTreeSet<&String> = current.keys().chain(configs.keys()).collect();
    let changed = keys
        .into_iter()
        .filter(|key| current.get(*key) != configs.get(*key));
    let record = |key: &String| {
        let record = ConfigRecord {
            resource_type: kind,
            resource_name: resource.to_owned(),
            name: key.clone(),
            // Null takes the setting away.
            value: configs.get(key).cloned(),
        };
        record.into()
    };
    changed.map(record).collect()
}

/// The version of the record's message at [`METADATA_VERSION_LEVEL`] (Kafka's `MetadataVersion.partitionRecordVersion`
/// and the like).
fn version(record: &MetadataRecord) -> i16 {
    match record {
        MetadataRecord::RegisterBroker(_) => 4,
        MetadataRecord::BrokerRegistrationChange(_) => 3,
        MetadataRecord::Partition(_) | MetadataRecord::PartitionChange(_) => 2,
        MetadataRecord::UnregisterBroker(_)
        | MetadataRecord::Topic(_)
        | MetadataRecord::Config(_)
        | MetadataRecord::FenceBroker(_)
        | MetadataRecord::UnfenceBroker(_)
        | MetadataRecord::RemoveTopic(_)
        | MetadataRecord::DelegationToken(_)
        | MetadataRecord::UserScramCredential(_)
        | MetadataRecord::FeatureLevel(_)
        | MetadataRecord::ClientQuota(_)
        | MetadataRecord::ProducerIds(_)
        | MetadataRecord::AccessControlEntry(_)
        | MetadataRecord::RemoveAccessControlEntry(_)
        | MetadataRecord::NoOp(_)
        | MetadataRecord::ZkMigrationState(_)
        | MetadataRecord::RemoveUserScramCredential(_)
        | MetadataRecord::BeginTransaction(_)
        | MetadataRecord::EndTransaction(_)
        | MetadataRecord::AbortTransaction(_)
        | MetadataRecord::RemoveDelegationToken(_)
        | MetadataRecord::RegisterController(_)
        | MetadataRecord::ClearElr(_)
        | MetadataRecord::UnregisterController(_) => 0,
    }
}
