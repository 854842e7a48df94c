//! A broker's registration and its life (Kafka's `ClusterControlManager`).
//!
//! A start registers, which fences the broker, and serves when a heartbeat says that it is ready: that begins a new reign
//! in each partition that it leads. So whoever led in an earlier start is told from who leads in this one.

use std::sync::Arc;

use corelog_metadata::{BrokerImage, MetadataImage, MetadataRecord, PartitionImage, directory_uuids};
use corelog_model::{BrokerEpoch, DirectoryId, Offset, TopicId};
use corelog_protocol::messages::broker_registration_change_record::BrokerRegistrationChangeRecord;
use corelog_protocol::messages::partition_change_record::PartitionChangeRecord;

use crate::decision::{ControllerResponse, Decision};
use crate::error::ControllerError;
use crate::request::{BrokerHeartbeat, BrokerRegistration};

/// BrokerRegistrationChangeRecord: fenced no more (Kafka's `BrokerRegistrationFencingChange.UNFENCE`).
const UNFENCE: i8 = -1;

/// The epoch of a new registration is the offset of its record, which grows. Within a transaction, one of a start with very
/// many partitions, it is a little less, and still above all before it.
pub(crate) fn register(
    broker: &BrokerRegistration,
    image: &MetadataImage,
    next_offset: Offset,
) -> Result<Decision, ControllerError> {
    for (name, level) in image.features() {
        let range = broker.features.get(name);
        if !range.is_some_and(|range| (range.min..=range.max).contains(&level)) {
            let name = name.to_owned();
            return Err(ControllerError::UnsupportedFeature { name, level });
        }
    }
    let known = image.broker(broker.id);
    // The same start once more: its address may differ, and its standing is kept.
    let known = known.filter(|known| known.incarnation == broker.incarnation);
    let registered = BrokerImage {
        id: broker.id,
        epoch: known.map_or(BrokerEpoch::new(next_offset.get()), |known| known.epoch),
        incarnation: broker.incarnation,
        endpoints: broker.endpoints.clone(),
        features: broker.features.clone(),
        rack: broker.rack.clone(),
        is_fenced: known.is_none_or(|known| known.is_fenced),
        is_shutting_down: known.is_some_and(|known| known.is_shutting_down),
        log_dirs: broker.log_dirs.clone(),
    };
    let records = match known {
        Some(known) if **known == registered => Vec::new(),
        Some(_) | None => vec![registered.record().into()],
    };
    Ok(Decision {
        records,
        response: ControllerResponse::Registered(registered.epoch),
    })
}

/// A broker that is ready is fenced no more.
pub(crate) fn heartbeat(
    heartbeat: BrokerHeartbeat,
    image: &MetadataImage,
) -> Result<Decision, ControllerError> {
    let BrokerHeartbeat { id, epoch } = heartbeat;
    let broker = image.broker(id).ok_or(ControllerError::UnknownBroker(id))?;
    if broker.epoch != epoch {
        return Err(ControllerError::StaleBrokerEpoch {
            id,
            known: broker.epoch,
            found: epoch,
        });
    }
    if !broker.is_fenced {
        return Ok(Decision::done(Vec::new()));
    }
    let unfence = BrokerRegistrationChangeRecord {
        broker_id: id.get(),
        broker_epoch: epoch.get(),
        fenced: UNFENCE,
        ..Default::default()
    };
    let mut records: Vec<MetadataRecord> = vec![unfence.into()];
    for topic in image.topics() {
        let led = topic.partitions.iter().filter(|partition| partition.leader == id);
        records.extend(led.map(|partition| reign(broker, topic.id, partition).into()));
    }
    Ok(Decision::done(records))
}

/// A new reign of `leader`. Where the image does not know which of its directories has the partition, and it has but one,
/// this says so.
fn reign(leader: &Arc<BrokerImage>, topic_id: TopicId, partition: &PartitionImage) -> PartitionChangeRecord {
    let mut directories = partition.directories.to_vec();
    for (replica, directory) in partition.replicas.iter().zip(&mut directories) {
        if *replica == leader.id && *directory == DirectoryId::UNASSIGNED {
            *directory = only_directory(leader);
        }
    }
    let is_known = *directories == *partition.directories;
    PartitionChangeRecord {
        partition_id: partition.index.get(),
        topic_id,
        leader: leader.id.get(),
        directories: (!is_known).then(|| directory_uuids(&directories)),
        ..Default::default()
    }
}

/// Where a broker with one directory puts what it gets.
pub(crate) fn only_directory(broker: &BrokerImage) -> DirectoryId {
    match broker.log_dirs.as_slice() {
        [only] => *only,
        _ => DirectoryId::UNASSIGNED,
    }
}
