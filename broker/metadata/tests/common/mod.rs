//! What the tests of the metadata share: ids, records, images.
#![allow(dead_code, reason = "each test file uses a part")]

use corelog_metadata::{
    Configs, MetadataImage, MetadataRecord, RESOURCE_BROKER, RESOURCE_TOPIC, config_changes,
};
use corelog_model::{BrokerId, TopicId, TopicName};
use corelog_protocol::messages::partition_change_record::PartitionChangeRecord;
use corelog_protocol::messages::partition_record::PartitionRecord;
use corelog_protocol::messages::producer_ids_record::ProducerIdsRecord;
use corelog_protocol::messages::register_broker_record::{
    BrokerEndpoint, BrokerFeature, RegisterBrokerRecord,
};
use corelog_protocol::messages::remove_topic_record::RemoveTopicRecord;
use corelog_protocol::messages::topic_record::TopicRecord;

pub(crate) const BROKER: BrokerId = BrokerId::new(1);
pub(crate) const DIRECTORY: TopicId = TopicId::new([0xd1; 16]);

pub(crate) fn topic_id(number: u8) -> TopicId {
    let mut bytes = [0; 16];
    bytes[15] = number;
    TopicId::new(bytes)
}

pub(crate) fn name(text: &str) -> TopicName {
    TopicName::new(text).unwrap()
}

pub(crate) fn configs(pairs: &[(&str, &str)]) -> Configs {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

pub(crate) fn register(id: i32, epoch: i64) -> MetadataRecord {
    let record = RegisterBrokerRecord {
        broker_id: id,
        incarnation_id: topic_id(u8::try_from(epoch).unwrap()),
        broker_epoch: epoch,
        end_points: vec![BrokerEndpoint {
            name: "PLAINTEXT".to_owned(),
            host: "broker.example".to_owned(),
            port: 9092,
            security_protocol: 0,
        }],
        features: vec![BrokerFeature {
            name: "metadata.version".to_owned(),
            min_supported_version: 30,
            max_supported_version: 30,
        }],
        rack: None,
        log_dirs: vec![DIRECTORY],
        ..Default::default()
    };
    record.into()
}

pub(crate) fn partition_record(id: u8, index: i32, replicas: &[i32]) -> PartitionRecord {
    PartitionRecord {
        partition_id: index,
        topic_id: topic_id(id),
        replicas: replicas.to_vec(),
        isr: replicas.to_vec(),
        leader: replicas.first().copied().unwrap_or(-1),
        leader_epoch: 0,
        partition_epoch: 0,
        directories: vec![DIRECTORY; replicas.len()],
        ..Default::default()
    }
}

pub(crate) fn topic(id: u8, text: &str) -> MetadataRecord {
    let record = TopicRecord {
        name: text.to_owned(),
        topic_id: topic_id(id),
    };
    record.into()
}

pub(crate) fn create(id: u8, text: &str, partitions: i32) -> Vec<MetadataRecord> {
    let partitions = grow(id, 0, partitions);
    std::iter::once(topic(id, text)).chain(partitions).collect()
}

pub(crate) fn grow(id: u8, first: i32, partitions: i32) -> Vec<MetadataRecord> {
    let indices = first..first + partitions;
    indices
        .map(|index| partition_record(id, index, &[BROKER.get()]).into())
        .collect()
}

pub(crate) fn remove(id: u8) -> MetadataRecord {
    let record = RemoveTopicRecord {
        topic_id: topic_id(id),
    };
    record.into()
}

/// A new reign of the leader.
pub(crate) fn reign(id: u8, index: i32, leader: i32) -> MetadataRecord {
    let record = PartitionChangeRecord {
        partition_id: index,
        topic_id: topic_id(id),
        leader,
        ..Default::default()
    };
    record.into()
}

/// Gives a topic that has none these settings.
pub(crate) fn set_topic(text: &str, pairs: &[(&str, &str)]) -> Vec<MetadataRecord> {
    config_changes(RESOURCE_TOPIC, text, &Configs::new(), &configs(pairs))
}

/// Gives a broker, or all by default, that has none these settings.
pub(crate) fn set_broker(broker: Option<BrokerId>, pairs: &[(&str, &str)]) -> Vec<MetadataRecord> {
    let resource = broker.map_or(String::new(), |id| id.to_string());
    config_changes(RESOURCE_BROKER, &resource, &Configs::new(), &configs(pairs))
}

pub(crate) fn producer_ids(next: i64) -> MetadataRecord {
    let record = ProducerIdsRecord {
        broker_id: BROKER.get(),
        broker_epoch: 1,
        next_producer_id: next,
    };
    record.into()
}

/// The image of a cluster whose one broker registered, after `records`.
pub(crate) fn image(records: &[Vec<MetadataRecord>]) -> MetadataImage {
    let records: Vec<MetadataRecord> = std::iter::once(register(1, 1))
        .chain(records.iter().flatten().cloned())
        .collect();
    MetadataImage::new("cluster").apply(&records).unwrap()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| u8::try_from(char::from(c).to_digit(16).unwrap()).unwrap();
    let byte = |pair: &[u8]| digit(pair[0]) << 4 | digit(pair[1]);
    text.as_bytes().chunks(2).map(byte).collect()
}
