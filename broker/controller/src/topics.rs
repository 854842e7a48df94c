//! Topics: create, delete, add partitions.

use std::sync::Arc;

use corelog_metadata::{
    Configs, MetadataImage, MetadataRecord, RESOURCE_TOPIC, TopicImage, config_changes, directory_uuids,
    names,
};
use corelog_model::{BrokerId, DirectoryId, PartitionIndex, TopicId, TopicName};
use corelog_protocol::messages::partition_record::PartitionRecord;
use corelog_protocol::messages::topic_record::TopicRecord;

use crate::assignment;
use crate::configs::{ConfigRules, ConfigScope};
use crate::controller::Controller;
use crate::decision::{ControllerResponse, CreatedTopic, Decision};
use crate::error::{AssignmentFault, ControllerError};
use crate::registration::only_directory;
use crate::request::{NewTopic, TopicReference};

impl<R: ConfigRules> Controller<R> {
    pub(crate) fn create_topic(
        &self,
        topic: &NewTopic,
        image: &MetadataImage,
        random: &mut dyn FnMut() -> u64,
    ) -> Result<Decision, ControllerError> {
        let name = TopicName::new(&topic.name)?;
        if names::is_reserved(name.as_str()) {
            return Err(ControllerError::TopicReserved(name));
        }
        if image.topic(name.as_str()).is_some() {
            return Err(ControllerError::TopicExists(name));
        }
        if let Some(existing) = image.colliding_topic(&name) {
            let existing = existing.clone();
            return Err(ControllerError::TopicCollides { name, existing });
        }
        self.check_configs(ConfigScope::Topic, &topic.configs)?;
        let assignments = assignment::of_new_topic(
            topic,
            self.default_partition_count,
            self.default_replication_factor,
            image,
            random,
        )?;
        let id = new_topic_id(image, random);
        let record = TopicRecord {
            name: name.as_str().to_owned(),
            topic_id: id,
        };
        let configs = config_changes(RESOURCE_TOPIC, name.as_str(), &Configs::new(), &topic.configs);
        let partitions = partition_records(id, 0, &assignments, image);
        Ok(Decision {
            records: std::iter::once(record.into())
                .chain(configs)
                .chain(partitions)
                .collect(),
            response: ControllerResponse::Created(CreatedTopic {
                id,
                partition_count: assignments.len(),
                replication_factor: assignments.first().map_or(0, Vec::len),
                configs: topic.configs.clone(),
            }),
        })
    }
}

/// Finds the topic that a request means.
pub(crate) fn resolve<'a>(
    topic: &TopicReference,
    image: &'a MetadataImage,
) -> Result<&'a Arc<TopicImage>, ControllerError> {
    match topic {
        TopicReference::Name(name) => by_name(name, image),
        TopicReference::Id(id) => image.topic_by_id(*id).ok_or(ControllerError::UnknownTopicId(*id)),
    }
}

pub(crate) fn by_name<'a>(
    name: &str,
    image: &'a MetadataImage,
) -> Result<&'a Arc<TopicImage>, ControllerError> {
    image
        .topic(name)
        .ok_or_else(|| ControllerError::UnknownTopicName(name.to_owned()))
}

pub(crate) fn create_partitions(
    topic: &str,
    count: i32,
    assignments: Option<&[Vec<BrokerId>]>,
    image: &MetadataImage,
    random: &mut dyn FnMut() -> u64,
) -> Result<Decision, ControllerError> {
    let topic = by_name(topic, image)?;
    if topic.is_internal() {
        return Err(ControllerError::InternalTopic(topic.name.clone()));
    }
    let current = topic.partitions.len();
    let added = usize::try_from(count).unwrap_or(0).saturating_sub(current);
    if added == 0 {
        return Err(ControllerError::NotAnIncrease {
            name: topic.name.clone(),
            current,
            requested: count,
        });
    }
    assignment::check_count(added)?;
    let first = i32::try_from(current).expect("fewer than `count`");
    // New partitions have as many replicas as the first one.
    let replicas = topic
        .partitions
        .first()
        .map_or(1, |partition| partition.replicas.len());
    let assignments = match assignments {
        None => {
            let factor = i16::try_from(replicas).unwrap_or(i16::MAX);
            assignment::place(current, added, factor, image, random)?
        }
        Some(assigned) => {
            if assigned.len() != added {
                let assigned = assigned.len();
                return Err(AssignmentFault::Count { assigned, added }.into());
            }
            for (index, chosen) in (first..count).zip(assigned) {
                assignment::check(PartitionIndex::new(index), chosen, replicas, image)?;
            }
            assigned.to_vec()
        }
    };
    let records = partition_records(topic.id, first, &assignments, image);
    Ok(Decision::done(records.collect()))
}

/// The records of new partitions from `first` on: the first replica of each leads, and all are in sync.
fn partition_records(
    topic_id: TopicId,
    first: i32,
    assignments: &[Vec<BrokerId>],
    image: &MetadataImage,
) -> impl Iterator<Item = MetadataRecord> {
    (first..).zip(assignments).map(move |(partition_id, replicas)| {
        let ids: Vec<i32> = replicas.iter().map(|id| id.get()).collect();
        let directory = |id: &BrokerId| {
            let broker = image.broker(*id);
            broker.map_or(DirectoryId::UNASSIGNED, |broker| only_directory(broker))
        };
        let directories: Vec<DirectoryId> = replicas.iter().map(directory).collect();
        let record = PartitionRecord {
            partition_id,
            topic_id,
            leader: ids
                .first()
                .copied()
                .expect("an assignment without replicas is refused"),
            isr: ids.clone(),
            replicas: ids,
            leader_epoch: 0,
            partition_epoch: 0,
            directories: directory_uuids(&directories),
            ..Default::default()
        };
        record.into()
    })
}

/// A random UUID (RFC 9562, version 4) that no topic has. Kafka keeps the ids of 64 and fewer for itself and avoids
/// those whose text begins with a dash (`Uuid.randomUuid`).
fn new_topic_id(image: &MetadataImage, random: &mut dyn FnMut() -> u64) -> TopicId {
    // Ends however poor the randomness is: each turn looks elsewhere.
    let mut elsewhere = 0u128;
    loop {
        let bits = (u128::from(random()) << 64 | u128::from(random())).wrapping_add(elsewhere);
        elsewhere = elsewhere.wrapping_add(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let version = bits & !(0xf << 76) | 0x4 << 76;
        let uuid = version & !(0x3 << 62) | 0x2 << 62;
        let id = TopicId::new(uuid.to_be_bytes());
        if !id.to_string().starts_with('-') && image.topic_by_id(id).is_none() {
            return id;
        }
    }
}
