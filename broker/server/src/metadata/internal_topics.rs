//! The topics that coordinators keep their state in: made when the first client asks for a coordinator.

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
    if name == names::TRANSACTION_STATE {
        let transactions = &config.transactions;
        topic.partition_count = i32::try_from(transactions.topic_partitions).unwrap_or(i32::MAX);
        let settings = [
            ("cleanup.policy", "compact".to_owned()),
            ("compression.type", "uncompressed".to_owned()),
            ("segment.bytes", transactions.topic_segment_bytes.to_string()),
        ];
        topic
            .configs
            .extend(settings.map(|(key, value)| (key.to_owned(), value)));
    }
    topic
}

/// The partition of the internal topic `topic_name` that holds what is kept under `key`; makes the topic if it is not there.
///
/// # Errors
/// When the topic cannot be made.
pub(crate) async fn partition_of(
    metadata: &MetadataCache,
    controller: &ControllerChannel,
    topic_name: &str,
    key: &str,
) -> Result<PartitionId, ChangeError> {
    if let Some(id) = known_partition_of(&metadata.image(), topic_name, key) {
        return Ok(id);
    }
    let topic = defaults_for(&metadata.config(), topic_name);
    let results = change(controller, vec![ControllerRequest::CreateTopic(topic)], false).await;
    match results.into_iter().next() {
        // It is there already when another client was faster.
        Some(Ok(_) | Err(ChangeError::Refused(ControllerError::TopicExists(_)))) => {}
        Some(Err(error)) => return Err(error),
        None => return Err(ChangeError::NotLoaded),
    }
    known_partition_of(&metadata.image(), topic_name, key).ok_or(ChangeError::NotLoaded)
}

/// As [`partition_of`], but never makes the topic.
pub(crate) fn known_partition_of(image: &MetadataImage, topic_name: &str, key: &str) -> Option<PartitionId> {
    let topic = image.topic(topic_name)?;
    let count = i32::try_from(topic.partitions.len()).ok()?;
    let index = corelog_model::partition_for(key, count);
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
