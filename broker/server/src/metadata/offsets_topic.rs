//! The topic that consumer groups keep their state in: made when the first group asks for its coordinator.

use corelog_config::BrokerConfig;
use corelog_controller::{ControllerError, ControllerRequest, NewTopic};
use corelog_metadata::{MetadataImage, names};
use corelog_model::PartitionId;

use super::change::change;
use crate::cluster::MetadataCache;
use crate::controller::ChangeError;
use crate::shard::ControllerChannel;

/// The topic `name` as the broker creates it by itself: internal ones have settings of their own.
pub(crate) fn defaults_for(config: &BrokerConfig, name: &str) -> NewTopic {
    let mut topic = defaulted(name);
    if name == names::CONSUMER_OFFSETS {
        let groups = &config.groups;
        topic.partition_count = i32::try_from(groups.offsets_topic_partitions).unwrap_or(i32::MAX);
        topic
            .configs
            .insert("cleanup.policy".to_owned(), "compact".to_owned());
        topic
            .configs
            .insert("compression.type".to_owned(), "producer".to_owned());
        topic.configs.insert(
            "segment.bytes".to_owned(),
            groups.offsets_topic_segment_bytes.to_string(),
        );
    }
    topic
}

/// The partition that holds the state of `group`; makes the topic if it is not there.
///
/// # Errors
/// When the topic cannot be made.
pub(crate) async fn partition_of(
    metadata: &MetadataCache,
    controller: &ControllerChannel,
    group: &str,
) -> Result<PartitionId, ChangeError> {
    if let Some(id) = known_partition_of(&metadata.image(), group) {
        return Ok(id);
    }
    let topic = defaults_for(&metadata.config(), names::CONSUMER_OFFSETS);
    let results = change(controller, vec![ControllerRequest::CreateTopic(topic)], false).await;
    match results.into_iter().next() {
        // It is there already when another client was faster.
        Some(Ok(_) | Err(ChangeError::Refused(ControllerError::TopicExists(_)))) => {}
        Some(Err(error)) => return Err(error),
        None => return Err(ChangeError::NotLoaded),
    }
    known_partition_of(&metadata.image(), group).ok_or(ChangeError::NotLoaded)
}

/// As [`partition_of`], but never makes the topic.
pub(crate) fn known_partition_of(image: &MetadataImage, group: &str) -> Option<PartitionId> {
    let topic = image.topic(names::CONSUMER_OFFSETS)?;
    let count = i32::try_from(topic.partitions.len()).ok()?;
    let index = corelog_model::partition_for(group, count);
    Some(PartitionId {
        topic: topic.id,
        index,
    })
}

/// A topic with the broker's defaults, as a client's use of its name makes it.
fn defaulted(name: &str) -> NewTopic {
    NewTopic {
        name: name.to_owned(),
        partition_count: -1,
        replication_factor: -1,
        assignments: Vec::new(),
        configs: Default::default(),
    }
}
