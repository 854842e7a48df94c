//! A whole image as bytes, so that the log of commands need not be replayed from its beginning: an rkyv archive in the
//! envelope of commands (see `encoding`), with the magic "CLms".
//!
//! A snapshot takes the place of all commands before it. Epochs and counts are in it as they stood: they cannot be
//! had from fewer commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use corelog_model::{
    BrokerEpoch, BrokerId, DirectoryId, LeaderEpoch, PartitionEpoch, PartitionIndex, ProducerId, TopicId,
    TopicName,
};
use rkyv::vec::ArchivedVec;
use rkyv::{Archive, rancor};

use super::command::endpoint;
use super::encoding::{ConfigV1, DecodeError, from_configs_v1, open};
use crate::change::shared;
use crate::image::{BrokerImage, Endpoint, Incarnation, MetadataImage, PartitionImage, TopicImage};

const MAGIC: [u8; 4] = *b"CLms";
const VERSION: u16 = 1;

/// An image as version 1 stores it, the cluster's id apart. Frozen.
#[derive(Archive)]
#[expect(dead_code, reason = "its archive is read, and it is never made")]
struct ImageV1 {
    commands_applied: u64,
    next_producer_id: i64,
    brokers: Vec<BrokerV1>,
    broker_configs: Vec<BrokerConfigsV1>,
    topics: Vec<TopicV1>,
}

/// Frozen.
#[derive(Archive)]
struct BrokerV1 {
    id: i32,
    host: String,
    port: u16,
    rack: Option<String>,
    incarnation: [u8; 16],
}

/// Frozen.
#[derive(Archive)]
struct BrokerConfigsV1 {
    broker: Option<i32>,
    configs: Vec<ConfigV1>,
}

/// Frozen.
#[derive(Archive)]
struct TopicV1 {
    id: [u8; 16],
    name: String,
    configs: Vec<ConfigV1>,
    partitions: Vec<PartitionV1>,
}

/// A partition; its index is its place. Frozen.
#[derive(Archive)]
struct PartitionV1 {
    leader: i32,
    leader_epoch: i32,
    partition_epoch: i32,
    replicas: Vec<i32>,
    in_sync_replicas: Vec<i32>,
}

/// Whether bytes that a log holds are a snapshot, and not a command.
pub fn is_snapshot(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Decodes a snapshot of the cluster `cluster_id`.
///
/// # Errors
/// `DecodeError`.
pub fn decode_snapshot(bytes: &[u8], cluster_id: &str) -> Result<MetadataImage, DecodeError> {
    let (version, archive, size) = open(MAGIC, "snapshot", bytes)?;
    if size < bytes.len() {
        return Err(DecodeError::Tail(bytes.len() - size));
    }
    match version {
        VERSION => {
            let archived =
                rkyv::access::<ArchivedImageV1, rancor::Error>(archive).map_err(DecodeError::Archive)?;
            from_v1(archived, cluster_id)
        }
        version => Err(DecodeError::Version(version)),
    }
}

fn from_v1(archived: &ArchivedImageV1, cluster_id: &str) -> Result<MetadataImage, DecodeError> {
    let mut image = MetadataImage::new(cluster_id);
    image.next_producer_id = ProducerId::new(archived.next_producer_id.to_native());
    for broker in archived.brokers.iter() {
        let id = BrokerId::new(broker.id.to_native());
        let broker = BrokerImage {
            id,
            epoch: BrokerEpoch::default(),
            incarnation: Incarnation::new(u128::from_be_bytes(broker.incarnation)),
            endpoints: vec![reached_at(broker.host.as_str(), broker.port.to_native())],
            features: BTreeMap::new(),
            rack: broker.rack.as_ref().map(|rack| rack.as_str().to_owned()),
            is_fenced: false,
            is_shutting_down: false,
            log_dirs: Vec::new(),
        };
        image.brokers.insert(id, Arc::new(broker));
    }
    for entry in archived.broker_configs.iter() {
        let broker = entry.broker.as_ref().map(|id| BrokerId::new(id.to_native()));
        image
            .broker_configs
            .insert(broker, Arc::new(from_configs_v1(&entry.configs)));
    }
    for topic in archived.topics.iter() {
        image.put_topic(Arc::new(topic_from_v1(topic)?));
    }
    Ok(image)
}

fn reached_at(host: &str, port: u16) -> Endpoint {
    let record = endpoint(host, port);
    Endpoint {
        name: record.name,
        host: record.host,
        port: record.port,
        security_protocol: record.security_protocol,
    }
}

fn topic_from_v1(topic: &ArchivedTopicV1) -> Result<TopicImage, DecodeError> {
    let mut partitions: Vec<PartitionImage> = Vec::with_capacity(topic.partitions.len());
    for (index, partition) in (0..).zip(topic.partitions.iter()) {
        let brokers = |ids: &ArchivedVec<rkyv::rend::unaligned::i32_ule>| -> Vec<BrokerId> {
            ids.iter().map(|id| BrokerId::new(id.to_native())).collect()
        };
        // Most partitions have the replicas of the one before them: share them.
        let before = partitions.last().map(|last| last.replicas.clone());
        let replicas = shared(brokers(&partition.replicas), before.as_slice());
        let in_sync_replicas = shared(
            brokers(&partition.in_sync_replicas),
            std::slice::from_ref(&replicas),
        );
        let before = partitions.last().map(|last| last.directories.clone());
        let directories = shared(vec![DirectoryId::UNASSIGNED; replicas.len()], before.as_slice());
        partitions.push(PartitionImage {
            index: PartitionIndex::new(index),
            leader: BrokerId::new(partition.leader.to_native()),
            leader_epoch: LeaderEpoch::new(partition.leader_epoch.to_native()),
            partition_epoch: PartitionEpoch::new(partition.partition_epoch.to_native()),
            replicas,
            in_sync_replicas,
            directories,
        });
    }
    Ok(TopicImage {
        name: TopicName::new(topic.name.as_str())?,
        id: TopicId::new(topic.id),
        partitions: Arc::new(partitions),
        configs: Arc::new(from_configs_v1(&topic.configs)),
    })
}
