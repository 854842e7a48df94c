//! A whole image as records, so that the log need not be replayed from its beginning.
//!
//! A snapshot lies within a transaction of the log (KIP-868) named [`SNAPSHOT`]. Its beginning begins an empty image, its
//! end puts that in force: a replay that meets it needs nothing before it, and a snapshot that a crash cut short changes
//! nothing.

use corelog_model::{BrokerId, DirectoryId, ProducerId, TopicId};
use corelog_protocol::MetadataRecord;
use corelog_protocol::messages::abort_transaction_record::AbortTransactionRecord;
use corelog_protocol::messages::begin_transaction_record::BeginTransactionRecord;
use corelog_protocol::messages::config_record::ConfigRecord;
use corelog_protocol::messages::end_transaction_record::EndTransactionRecord;
use corelog_protocol::messages::feature_level_record::FeatureLevelRecord;
use corelog_protocol::messages::partition_record::PartitionRecord;
use corelog_protocol::messages::producer_ids_record::ProducerIdsRecord;
use corelog_protocol::messages::register_broker_record::{
    BrokerEndpoint, BrokerFeature, RegisterBrokerRecord,
};
use corelog_protocol::messages::topic_record::TopicRecord;

use crate::image::{BrokerImage, Configs, MetadataImage, PartitionImage, TopicImage};
use crate::record::{METADATA_VERSION, RESOURCE_BROKER, RESOURCE_TOPIC};

/// The name of a transaction that is a snapshot.
pub(crate) const SNAPSHOT: &str = "snapshot";

/// Begins a transaction.
pub fn begin_transaction(name: &str) -> MetadataRecord {
    let record = BeginTransactionRecord {
        name: Some(name.to_owned()),
    };
    record.into()
}

/// Ends a transaction: what it holds is in force.
pub fn end_transaction() -> MetadataRecord {
    EndTransactionRecord::default().into()
}

/// Gives up a transaction: what it holds has not been.
pub fn abort_transaction(reason: &str) -> MetadataRecord {
    let record = AbortTransactionRecord {
        reason: Some(reason.to_owned()),
    };
    record.into()
}

/// The records of a snapshot of `image`, from the beginning of its transaction to the end. Equal images give equal
/// records.
pub fn snapshot_records(image: &MetadataImage) -> impl Iterator<Item = MetadataRecord> {
    // The level of metadata.version is first: it says how to read the others.
    let first = image.features.get_key_value(METADATA_VERSION);
    let others = image
        .features
        .iter()
        .filter(|(name, _)| *name != METADATA_VERSION);
    let features = first.into_iter().chain(others).map(|(name, level)| {
        let record = FeatureLevelRecord {
            name: name.clone(),
            feature_level: *level,
        };
        record.into()
    });
    let brokers = image.brokers().map(|broker| broker.record().into());
    let topics = image.topics().flat_map(|topic| topic_records(topic));
    let broker_configs = image.broker_configs.iter().flat_map(|(broker, configs)| {
        let name = broker.map_or(String::new(), |id| id.to_string());
        config_records(RESOURCE_BROKER, name, configs)
    });
    let next = image.next_producer_id;
    let producer_ids = (next > ProducerId::default()).then(|| {
        let record = ProducerIdsRecord {
            broker_id: -1,
            broker_epoch: -1,
            next_producer_id: next.get(),
        };
        record.into()
    });
    std::iter::once(begin_transaction(SNAPSHOT))
        .chain(features)
        .chain(brokers)
        .chain(topics)
        .chain(broker_configs)
        .chain(producer_ids)
        .chain(std::iter::once(end_transaction()))
}

impl BrokerImage {
    /// The record of the registration as it stands.
    pub fn record(&self) -> RegisterBrokerRecord {
        let end_points = self.endpoints.iter().map(|endpoint| BrokerEndpoint {
            name: endpoint.name.clone(),
            host: endpoint.host.clone(),
            port: endpoint.port,
            security_protocol: endpoint.security_protocol,
        });
        let features = self.features.iter().map(|(name, range)| BrokerFeature {
            name: name.clone(),
            min_supported_version: range.min,
            max_supported_version: range.max,
        });
        RegisterBrokerRecord {
            broker_id: self.id.get(),
            incarnation_id: TopicId::new(self.incarnation.get().to_be_bytes()),
            broker_epoch: self.epoch.get(),
            end_points: end_points.collect(),
            features: features.collect(),
            rack: self.rack.clone(),
            fenced: self.is_fenced,
            in_controlled_shutdown: self.is_shutting_down,
            log_dirs: directory_uuids(&self.log_dirs),
            ..Default::default()
        }
    }
}

fn topic_records(topic: &TopicImage) -> impl Iterator<Item = MetadataRecord> {
    let record = TopicRecord {
        name: topic.name.as_str().to_owned(),
        topic_id: topic.id,
    };
    let configs = config_records(RESOURCE_TOPIC, topic.name.as_str().to_owned(), &topic.configs);
    let id = topic.id;
    let partitions = topic.partitions.iter();
    let partitions = partitions.map(move |partition| partition_record(id, partition).into());
    std::iter::once(record.into()).chain(configs).chain(partitions)
}

fn partition_record(topic_id: TopicId, partition: &PartitionImage) -> PartitionRecord {
    let ids = |brokers: &[BrokerId]| brokers.iter().map(|id| id.get()).collect();
    PartitionRecord {
        partition_id: partition.index.get(),
        topic_id,
        replicas: ids(&partition.replicas),
        isr: ids(&partition.in_sync_replicas),
        leader: partition.leader.get(),
        leader_epoch: partition.leader_epoch.get(),
        partition_epoch: partition.partition_epoch.get(),
        directories: directory_uuids(&partition.directories),
        ..Default::default()
    }
}

fn config_records(kind: i8, name: String, configs: &Configs) -> impl Iterator<Item = MetadataRecord> {
    configs.iter().map(move |(key, value)| {
        let record = ConfigRecord {
            resource_type: kind,
            resource_name: name.clone(),
            name: key.clone(),
            value: Some(value.clone()),
        };
        record.into()
    })
}

/// Directories as a record names them.
pub fn directory_uuids(directories: &[DirectoryId]) -> Vec<TopicId> {
    directories.iter().map(|id| TopicId::new(id.get())).collect()
}
