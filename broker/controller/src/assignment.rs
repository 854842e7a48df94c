//! Which brokers hold a partition: chosen by the client and checked, or chosen here.

use corelog_metadata::MetadataImage;
use corelog_model::{BrokerId, PartitionIndex};

use crate::error::{AssignmentFault, ControllerError};
use crate::limits::PARTITIONS_PER_REQUEST_MAX;
use crate::request::NewTopic;

/// The replicas of each partition of a new topic.
pub(crate) fn of_new_topic(
    topic: &NewTopic,
    default_partition_count: i32,
    default_replication_factor: i16,
    image: &MetadataImage,
    random: &mut dyn FnMut() -> u64,
) -> Result<Vec<Vec<BrokerId>>, ControllerError> {
    if !topic.assignments.is_empty() {
        return manual(topic, image);
    }
    // In Kafka's order: of two faults the replication factor is reported.
    if topic.replication_factor < -1 || topic.replication_factor == 0 {
        return Err(ControllerError::ReplicationFactor {
            requested: topic.replication_factor,
            brokers: image.brokers().len(),
        });
    }
    let partition_count = match topic.partition_count {
        -1 => default_partition_count,
        count => count,
    };
    let replication_factor = match topic.replication_factor {
        -1 => default_replication_factor,
        factor => factor,
    };
    let count = usize::try_from(partition_count).unwrap_or(0);
    if count == 0 {
        return Err(ControllerError::PartitionCount(partition_count));
    }
    place(0, count, replication_factor, image, random)
}

fn manual(topic: &NewTopic, image: &MetadataImage) -> Result<Vec<Vec<BrokerId>>, ControllerError> {
    if topic.partition_count != -1 || topic.replication_factor != -1 {
        return Err(ControllerError::AssignmentAndNumbers {
            partition_count: topic.partition_count,
            replication_factor: topic.replication_factor,
        });
    }
    let count = topic.assignments.len();
    check_count(count)?;
    let mut by_index: Vec<_> = topic.assignments.iter().collect();
    by_index.sort_by_key(|(index, _)| *index);
    let expected = topic.assignments[0].1.len();
    let mut assignments = Vec::with_capacity(count);
    for (at, (index, replicas)) in by_index.into_iter().enumerate() {
        if usize::try_from(index.get()) != Ok(at) {
            return Err(AssignmentFault::Indices(count - 1).into());
        }
        check(*index, replicas, expected, image)?;
        assignments.push(replicas.clone());
    }
    Ok(assignments)
}

/// Checks what a client chose for one partition.
pub(crate) fn check(
    index: PartitionIndex,
    replicas: &[BrokerId],
    expected: usize,
    image: &MetadataImage,
) -> Result<(), AssignmentFault> {
    if replicas.is_empty() {
        return Err(AssignmentFault::Empty(index));
    }
    if replicas.len() != expected {
        let count = replicas.len();
        return Err(AssignmentFault::Uneven {
            index,
            count,
            expected,
        });
    }
    let mut sorted = replicas.to_vec();
    sorted.sort();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        let broker = pair[0];
        return Err(AssignmentFault::Repeated { index, broker });
    }
    match sorted.into_iter().find(|id| image.broker(*id).is_none()) {
        Some(broker) => Err(AssignmentFault::UnknownBroker { index, broker }),
        None => Ok(()),
    }
}

/// Chooses replicas for `count` partitions from `first` on: round the brokers, from a random start.
pub(crate) fn place(
    first: usize,
    count: usize,
    replication_factor: i16,
    image: &MetadataImage,
    random: &mut dyn FnMut() -> u64,
) -> Result<Vec<Vec<BrokerId>>, ControllerError> {
    check_count(count)?;
    let brokers: Vec<_> = image.brokers().map(|broker| broker.id).collect();
    let replicas = usize::try_from(replication_factor).unwrap_or(0);
    if replicas == 0 || replicas > brokers.len() {
        return Err(ControllerError::ReplicationFactor {
            requested: replication_factor,
            brokers: brokers.len(),
        });
    }
    let broker_count = u64::try_from(brokers.len()).expect("a count of brokers");
    let start = usize::try_from(random() % broker_count).expect("less than the brokers");
    let chosen = |partition: usize| {
        let from = start + partition;
        (from..from + replicas)
            .map(|at| brokers[at % brokers.len()])
            .collect()
    };
    Ok((first..first + count).map(chosen).collect())
}

pub(crate) fn check_count(count: usize) -> Result<(), ControllerError> {
    let max = PARTITIONS_PER_REQUEST_MAX;
    if count > max {
        return Err(ControllerError::TooManyPartitions { count, max });
    }
    Ok(())
}
