//! What each shard does when the metadata changes: it opens, closes and reconfigures its partitions.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_config::BrokerConfig;
use corelog_metadata::{Configs, MetadataImage, TopicImage, names};
use corelog_model::{PartitionId, PartitionIndex};
use corelog_partition::PartitionConfig;
use corelog_storage::{CreateError, DeleteError, LogConfig, PartitionSpec};
use futures_util::StreamExt as _;
use futures_util::stream;

use super::transactions::Broker;
use crate::cluster::{FIRST, MetadataCache};
use crate::controller::is_metadata_partition;
use crate::logs;
use crate::partitions::log_config::log_config;
use crate::partitions::{Partitions, partition_dirs};
use crate::shard::Shard;

/// Partitions that are created or deleted at a time; their entries share journal frames.
const CONCURRENT_MAX: usize = 64;

/// Why a shard could not follow the metadata. The image is in force all the same; a partition without a log is
/// answered as storage error.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A log could not be made.
    #[error("partition {directory} cannot be created: {source}")]
    Create {
        /// Its directory.
        directory: String,
        /// Why.
        source: CreateError,
    },
    /// A log could not be removed.
    #[error("partition {id:?} cannot be deleted: {source}")]
    Delete {
        /// Which.
        id: PartitionId,
        /// Why.
        source: DeleteError,
    },
}

/// Before any shard has `image`: makes the logs of its new partitions, so that a client that learns of a topic from
/// the first shard to apply the image finds all of its partitions.
///
/// # Errors
/// The first log that could not be made; the others are.
pub(crate) async fn prepare_image(shard: Rc<Shard>, image: Arc<MetadataImage>) -> Result<(), ApplyError> {
    let delta = image.changes_since(&shard.metadata.image());
    create_missing(&shard, &image, &delta.created_partitions).await
}

/// Moves this shard from its image to `image`, whose new partitions have their logs; gone ones lose them.
///
/// # Errors
/// The first log that could not be removed; the others are.
pub(crate) async fn apply_image(shard: Rc<Shard>, image: Arc<MetadataImage>) -> Result<(), ApplyError> {
    let delta = image.changes_since(&shard.metadata.image());
    let mine = |id: &PartitionId| shard.shards.owns(*id);
    let gone: Vec<PartitionId> = delta.deleted_partitions.iter().copied().filter(mine).collect();
    for id in &gone {
        shard.coordinators.unload(*id);
        shard.transactions.unload(*id);
    }
    for topic in &delta.deleted_topics {
        shard.coordinators.topic_deleted(&topic.name);
    }
    // INV-1: a shard has the logs of its own partitions and no others.
    let opened: Vec<PartitionId> = delta.created_partitions.iter().copied().filter(mine).collect();
    // The image first: a request that finds no log then learns whether there should be one.
    shard.metadata.set_image(Arc::clone(&image));
    if !delta.reconfigured_brokers.is_empty() {
        let config = shard.metadata.config();
        reconfigure_broker(&shard, &image, &config);
    }
    for topic in &delta.reconfigured_topics {
        reconfigure(&shard, topic);
    }
    for id in delta.changed_partitions.iter().filter(|id| mine(id)) {
        if let (Some(partition), Some(known)) = (shard.partitions.get(id), image.partition(*id)) {
            partition.assign(known);
        }
    }
    for id in opened {
        load_coordinator(&shard, id);
    }
    delete_all(&shard.partitions, gone).await
}

/// At the start: removes the logs whose topics are gone, which a crash may have left.
///
/// # Errors
/// As [`apply_image`].
pub(crate) async fn remove_orphans(partitions: &Partitions, image: &MetadataImage) -> Result<(), ApplyError> {
    let logs = partitions.storage().partitions().into_iter();
    let orphans = logs.filter(|id| image.partition(*id).is_none() && !is_metadata_partition(*id));
    delete_all(partitions, orphans.collect()).await
}

/// Does what could not be done when `image` came into force: a full disk or a failed write kept a log from being made
/// or removed. Nobody may change the image meanwhile.
///
/// # Errors
/// The first log that still cannot be made or removed; the others are.
pub(crate) async fn mend(shard: Rc<Shard>, image: Arc<MetadataImage>) -> Result<(), ApplyError> {
    let removed = remove_orphans(&shard.partitions, &image).await;
    let all: Vec<PartitionId> = image.topics().flat_map(|topic| topic.partition_ids()).collect();
    let created = create_missing(&shard, &image, &all).await;
    for id in all.into_iter().filter(|id| shard.shards.owns(*id)) {
        load_coordinator(&shard, id);
    }
    removed.and(created)
}

/// Begins to load the coordinator of a partition of this shard, if it is one of a topic that coordinators keep their state in.
fn load_coordinator(shard: &Shard, id: PartitionId) {
    let metadata = Rc::clone(&shard.metadata);
    let image = metadata.image();
    let is_of = |name: &str| image.topic(name).is_some_and(|topic| topic.id == id.topic);
    // Without a log the shard could not follow the metadata, and has said so.
    let Some(partition) = shard.partitions.get(&id) else {
        return;
    };
    let log = Rc::clone(partition.log());
    let config = metadata.config();
    if is_of(names::CONSUMER_OFFSETS) {
        let coordinators = &shard.coordinators;
        coordinators.load(id, log, &shard.handle, &config.groups, move || metadata.image());
    } else if is_of(names::TRANSACTION_STATE) {
        let leader_epoch = log.leader_epoch();
        let outside = Rc::new(Broker::of(shard));
        shard
            .transactions
            .load(id, leader_epoch, log, &shard.handle, &config, outside);
    }
}

async fn delete_all(partitions: &Partitions, ids: Vec<PartitionId>) -> Result<(), ApplyError> {
    let deletions = ids.into_iter().map(|id| async move {
        match partitions.delete(id).await {
            Ok(()) | Err(DeleteError::NotFound(_)) => Ok(()),
            Err(source) => Err(ApplyError::Delete { id, source }),
        }
    });
    some_at_a_time(deletions).await
}

/// Does all of `work`, and keeps of it no more than the first failure.
async fn some_at_a_time<F>(work: impl Iterator<Item = F>) -> Result<(), ApplyError>
where
    F: Future<Output = Result<(), ApplyError>>,
{
    let first_failure = |so_far: Result<(), ApplyError>, result| std::future::ready(so_far.and(result));
    let done = stream::iter(work).buffer_unordered(CONCURRENT_MAX);
    done.fold(Ok(()), first_failure).await
}

async fn create_missing(
    shard: &Shard,
    image: &MetadataImage,
    created: &[PartitionId],
) -> Result<(), ApplyError> {
    let mine = created.iter().filter(|id| shard.shards.owns(**id));
    let creations = mine.filter_map(|id| {
        let topic = image.topic_by_id(id.topic)?;
        let known = topic.partition(id.index)?;
        let (metadata, partitions) = (&shard.metadata, &shard.partitions);
        let config = partition_config(metadata, topic);
        if let Some(log) = partitions.storage().partition(id) {
            partitions.adopt(log, config, known);
            reconfigure_partition(shard, topic, *id);
            return None;
        }
        let directory = partition_dirs::name(topic.name.as_str(), *id);
        let spec = PartitionSpec {
            id: *id,
            directory: directory.clone(),
            leader_epoch: known.leader_epoch,
            config: topic_log_config(metadata, topic, id.index),
        };
        Some(async move {
            let created = partitions.create(spec, config, known).await;
            created.map_err(|source| ApplyError::Create { directory, source })
        })
    });
    some_at_a_time(creations).await
}

/// How long a follower may be behind (`replica.lag.time.max.ms`), which a lone replica never is.
const REPLICA_LAG_MAX: Duration = Duration::from_secs(30);

fn partition_config(metadata: &MetadataCache, topic: &TopicImage) -> PartitionConfig {
    let least = metadata
        .topic_config(topic)
        .map_or(1, |config| config.min_insync_replicas);
    PartitionConfig {
        min_in_sync_replicas: usize::try_from(least).unwrap_or(usize::MAX),
        replica_lag_max: REPLICA_LAG_MAX,
    }
}

fn topic_log_config(metadata: &MetadataCache, topic: &TopicImage, index: PartitionIndex) -> LogConfig {
    let config = |overrides: &Configs| log_config(&metadata.config(), topic.name.as_str(), index, overrides);
    config(&topic.configs).unwrap_or_else(|error| {
        tracing::error!(topic = %topic.name, %error, "the topic's settings conflict with the broker's; using the broker's");
        config(&Default::default()).unwrap_or_default()
    })
}

fn reconfigure(shard: &Shard, topic: &TopicImage) {
    for id in topic.partition_ids().filter(|id| shard.shards.owns(*id)) {
        reconfigure_partition(shard, topic, id);
    }
}

fn reconfigure_partition(shard: &Shard, topic: &TopicImage, id: PartitionId) {
    if let Some(partition) = shard.partitions.get(&id) {
        let log_config = topic_log_config(&shard.metadata, topic, id.index);
        partition.log().set_config(log_config);
        partition.configure(partition_config(&shard.metadata, topic));
    }
}

/// Has this shard go by another configuration of the start, with what AlterConfigs has set over it.
pub(crate) fn take_config(shard: &Shard, config: &BrokerConfig) {
    reconfigure_broker(shard, &shard.metadata.image(), config);
}

fn reconfigure_broker(shard: &Shard, image: &MetadataImage, config: &BrokerConfig) {
    let empty = Default::default();
    let cluster = image.broker_configs(None).map_or(&empty, |configs| &**configs);
    let broker = image
        .broker_configs(Some(shard.metadata.identity.broker))
        .map_or(&empty, |configs| &**configs);
    match config.with_dynamic(cluster, broker) {
        Ok(config) => {
            if shard.shards.here == FIRST {
                logs::set_level(&config);
            }
            shard.metadata.set_config(Arc::new(config));
        }
        Err(error) => {
            tracing::error!(%error, "the dynamic settings conflict; the earlier ones stay in force")
        }
    }
    for topic in image.topics() {
        reconfigure(shard, topic);
    }
}
