//! A whole image as bytes, so that the log of commands need not be replayed from its beginning: an rkyv archive in the
//! envelope of commands (see `encoding`), with the magic "CLms".
//!
//! A snapshot takes the place of all commands before it. Epochs and counts are in it as they stood: they cannot be
//! had from fewer commands.

use std::sync::Arc;

use corelog_model::{BrokerId, LeaderEpoch, PartitionEpoch, PartitionIndex, ProducerId, TopicId, TopicName};
use rkyv::vec::ArchivedVec;
use rkyv::{Archive, Serialize, rancor};

use crate::encoding::{ConfigV1, DecodeError, configs_v1, from_configs_v1, open, seal};
use crate::image::{BrokerImage, Incarnation, MetadataImage, PartitionImage, TopicImage};

const MAGIC: [u8; 4] = *b"CLms";
const VERSION: u16 = 1;

/// An image as version 1 stores it, the cluster's id apart. Frozen.
#[derive(Archive, Serialize)]
struct ImageV1 {
    commands_applied: u64,
    next_producer_id: i64,
    brokers: Vec<BrokerV1>,
    broker_configs: Vec<BrokerConfigsV1>,
    topics: Vec<TopicV1>,
}

/// Frozen.
#[derive(Archive, Serialize)]
struct BrokerV1 {
    id: i32,
    host: String,
    port: u16,
    rack: Option<String>,
    incarnation: [u8; 16],
}

/// Frozen.
#[derive(Archive, Serialize)]
struct BrokerConfigsV1 {
    broker: Option<i32>,
    configs: Vec<ConfigV1>,
}

/// Frozen.
#[derive(Archive, Serialize)]
struct TopicV1 {
    id: [u8; 16],
    name: String,
    configs: Vec<ConfigV1>,
    partitions: Vec<PartitionV1>,
}

/// A partition; its index is its place. Frozen.
#[derive(Archive, Serialize)]
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

/// Encodes `image` in the newest version. Equal images give equal bytes.
///
/// # Panics
/// If the archive would have 2 GiB.
pub fn encode_snapshot(image: &MetadataImage) -> Vec<u8> {
    let archive = rkyv::to_bytes::<rancor::Error>(&ImageV1::from(image))
        .expect("memory alone limits an archive below 2 GiB");
    seal(MAGIC, VERSION, &archive)
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

impl From<&MetadataImage> for ImageV1 {
    fn from(image: &MetadataImage) -> ImageV1 {
        let ids = |replicas: &[BrokerId]| replicas.iter().map(|id| id.get()).collect();
        let partition = |partition: &PartitionImage| PartitionV1 {
            leader: partition.leader.get(),
            leader_epoch: partition.leader_epoch.get(),
            partition_epoch: partition.partition_epoch.get(),
            replicas: ids(&partition.replicas),
            in_sync_replicas: ids(&partition.in_sync_replicas),
        };
        ImageV1 {
            commands_applied: image.commands_applied,
            next_producer_id: image.next_producer_id.get(),
            brokers: image
                .brokers()
                .map(|broker| BrokerV1 {
                    id: broker.id.get(),
                    host: broker.host.clone(),
                    port: broker.port,
                    rack: broker.rack.clone(),
                    incarnation: broker.incarnation.get().to_be_bytes(),
                })
                .collect(),
            broker_configs: image
                .broker_configs
                .iter()
                .map(|(broker, configs)| BrokerConfigsV1 {
                    broker: broker.map(BrokerId::get),
                    configs: configs_v1(configs),
                })
                .collect(),
            topics: image
                .topics()
                .map(|topic| TopicV1 {
                    id: topic.id.get(),
                    name: topic.name.as_str().to_owned(),
                    configs: configs_v1(&topic.configs),
                    partitions: topic.partitions.iter().map(partition).collect(),
                })
                .collect(),
        }
    }
}

fn from_v1(archived: &ArchivedImageV1, cluster_id: &str) -> Result<MetadataImage, DecodeError> {
    let mut image = MetadataImage::new(cluster_id);
    image.commands_applied = archived.commands_applied.to_native();
    image.next_producer_id = ProducerId::new(archived.next_producer_id.to_native());
    for broker in archived.brokers.iter() {
        let id = BrokerId::new(broker.id.to_native());
        let broker = BrokerImage {
            id,
            host: broker.host.as_str().to_owned(),
            port: broker.port.to_native(),
            rack: broker.rack.as_ref().map(|rack| rack.as_str().to_owned()),
            incarnation: Incarnation::new(u128::from_be_bytes(broker.incarnation)),
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

fn topic_from_v1(topic: &ArchivedTopicV1) -> Result<TopicImage, DecodeError> {
    let mut partitions: Vec<PartitionImage> = Vec::with_capacity(topic.partitions.len());
    for (index, partition) in (0..).zip(topic.partitions.iter()) {
        // Most partitions have the replicas of the one before them: share them.
        let shared = |ids: &ArchivedVec<rkyv::rend::unaligned::i32_ule>, known: &[Arc<[BrokerId]>]| {
            let ids: Vec<_> = ids.iter().map(|id| BrokerId::new(id.to_native())).collect();
            let same = known.iter().find(|known| ***known == *ids);
            same.cloned().unwrap_or_else(|| ids.into())
        };
        let before = partitions.last().map(|last| last.replicas.clone());
        let replicas = shared(&partition.replicas, before.as_slice());
        let in_sync_replicas = shared(&partition.in_sync_replicas, std::slice::from_ref(&replicas));
        partitions.push(PartitionImage {
            index: PartitionIndex::new(index),
            leader: BrokerId::new(partition.leader.to_native()),
            leader_epoch: LeaderEpoch::new(partition.leader_epoch.to_native()),
            partition_epoch: PartitionEpoch::new(partition.partition_epoch.to_native()),
            replicas,
            in_sync_replicas,
        });
    }
    Ok(TopicImage {
        name: TopicName::new(topic.name.as_str())?,
        id: TopicId::new(topic.id),
        partitions: Arc::new(partitions),
        configs: Arc::new(from_configs_v1(&topic.configs)),
    })
}
