//! What changed between two images, for the shards that act on it.

use std::sync::Arc;

use corelog_model::{BrokerId, PartitionId};

use crate::image::{MetadataImage, PartitionImage, TopicImage};

/// The differences. Costs what changed, not what there is.
///
/// Act on what was deleted first: a topic deleted and created anew has the old name, and the old directories, under
/// another id.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ImageDelta {
    /// Topics that are new, as they are.
    pub created_topics: Vec<Arc<TopicImage>>,
    /// Topics that are gone, as they were.
    pub deleted_topics: Vec<Arc<TopicImage>>,
    /// Partitions that are new, those of new topics included.
    pub created_partitions: Vec<PartitionId>,
    /// Partitions that are gone, all with their topics.
    pub deleted_partitions: Vec<PartitionId>,
    /// Partitions of both images whose leader, epochs or replicas differ.
    pub changed_partitions: Vec<PartitionId>,
    /// Topics of both images whose settings differ, as they are.
    pub reconfigured_topics: Vec<Arc<TopicImage>>,
    /// Brokers that registered anew or differently.
    pub changed_brokers: Vec<BrokerId>,
    /// Brokers whose dynamic settings differ; `None` stands for the default of all.
    pub reconfigured_brokers: Vec<Option<BrokerId>>,
}

impl ImageDelta {
    /// Whether nothing that a shard acts on differs.
    pub fn is_empty(&self) -> bool {
        *self == ImageDelta::default()
    }
}

impl MetadataImage {
    /// Finds what differs between `old`, an earlier image of the same cluster, and this one.
    pub fn changes_since(&self, old: &MetadataImage) -> ImageDelta {
        let mut delta = ImageDelta::default();
        old.topics_by_id
            .compare(&self.topics_by_id, |old, new| match (old, new) {
                (Some(old), Some(new)) if Arc::ptr_eq(old, new) => {}
                (Some(old), Some(new)) => delta.compare_topic(old, new),
                (Some(old), None) => {
                    delta.deleted_partitions.extend(old.partition_ids());
                    delta.deleted_topics.push(old.clone());
                }
                (None, Some(new)) => {
                    delta.created_partitions.extend(new.partition_ids());
                    delta.created_topics.push(new.clone());
                }
                (None, None) => {}
            });
        for broker in self.brokers() {
            let known = old.broker(broker.id);
            if known.is_none_or(|known| !Arc::ptr_eq(known, broker) && known != broker) {
                delta.changed_brokers.push(broker.id);
            }
        }
        let was_configured = old.broker_configs.keys();
        let mut scopes: Vec<_> = self
            .broker_configs
            .keys()
            .chain(was_configured)
            .copied()
            .collect();
        scopes.sort();
        scopes.dedup();
        scopes.retain(|scope| self.broker_configs(*scope) != old.broker_configs(*scope));
        delta.reconfigured_brokers = scopes;
        delta
    }
}

impl ImageDelta {
    fn compare_topic(&mut self, old: &TopicImage, new: &Arc<TopicImage>) {
        if !Arc::ptr_eq(&old.configs, &new.configs) && old.configs != new.configs {
            self.reconfigured_topics.push(new.clone());
        }
        if Arc::ptr_eq(&old.partitions, &new.partitions) {
            return;
        }
        let id = |partition: &PartitionImage| PartitionId {
            topic: new.id,
            index: partition.index,
        };
        for (at, partition) in new.partitions.iter().enumerate() {
            match old.partitions.get(at) {
                None => self.created_partitions.push(id(partition)),
                Some(old) if old != partition => self.changed_partitions.push(id(partition)),
                Some(_) => {}
            }
        }
    }
}
