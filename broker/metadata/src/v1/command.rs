//! What release 0.1.0 made of a change, and the records that mean the same.

use corelog_model::{BrokerId, PartitionIndex, ProducerId, TopicId, TopicName};
use corelog_protocol::MetadataRecord;
use corelog_protocol::messages::partition_change_record::PartitionChangeRecord;
use corelog_protocol::messages::partition_record::PartitionRecord;
use corelog_protocol::messages::producer_ids_record::ProducerIdsRecord;
use corelog_protocol::messages::register_broker_record::{BrokerEndpoint, RegisterBrokerRecord};
use corelog_protocol::messages::remove_topic_record::RemoveTopicRecord;
use corelog_protocol::messages::topic_record::TopicRecord;

use crate::image::{Configs, Incarnation, MetadataImage};
use crate::record::{RESOURCE_BROKER, RESOURCE_TOPIC, config_changes};

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// A broker started, or its address changed. A new incarnation begins a new reign in each partition that it leads.
    RegisterBroker {
        /// Its node id.
        id: BrokerId,
        /// Where clients reach it.
        host: String,
        /// Where clients reach it.
        port: u16,
        /// Where it stands.
        rack: Option<String>,
        /// This start of it.
        incarnation: Incarnation,
    },
    /// A topic came to be.
    CreateTopic {
        /// Its identity.
        id: TopicId,
        /// Its name.
        name: TopicName,
        /// The replicas of each partition, the leader first; all are in sync.
        assignments: Vec<Vec<BrokerId>>,
        /// Its settings.
        configs: Configs,
    },
    /// A topic is gone.
    DeleteTopic {
        /// Which.
        id: TopicId,
    },
    /// A topic got more partitions.
    CreatePartitions {
        /// Which topic.
        id: TopicId,
        /// The first of the new partitions.
        first: PartitionIndex,
        /// The replicas of each new partition, the leader first; all are in sync.
        assignments: Vec<Vec<BrokerId>>,
    },
    /// A topic's settings are now these.
    SetTopicConfigs {
        /// Which topic.
        id: TopicId,
        /// All of its settings.
        configs: Configs,
    },
    /// The settings of a broker, or of all brokers by default, are now these.
    SetBrokerConfigs {
        /// Which; `None` for the default.
        broker: Option<BrokerId>,
        /// All of its settings.
        configs: Configs,
    },
    /// A block of producer ids was given out.
    AllocateProducerIds {
        /// The first.
        block_start: ProducerId,
        /// How many.
        count: u32,
    },
}

/// The records that do to `image` what `command` did. There are none of what the image does not have.
pub fn records(command: &Command, image: &MetadataImage) -> Vec<MetadataRecord> {
    match command {
        Command::RegisterBroker {
            id,
            host,
            port,
            rack,
            incarnation,
        } => {
            let record = RegisterBrokerRecord {
                broker_id: id.get(),
                incarnation_id: TopicId::new(incarnation.get().to_be_bytes()),
                end_points: vec![endpoint(host, *port)],
                rack: rack.clone(),
                fenced: false,
                ..Default::default()
            };
            let known = image.broker(*id);
            let is_restart = known.is_some_and(|known| known.incarnation != *incarnation);
            let reigns = if is_restart {
                reigns(image, *id)
            } else {
                Vec::new()
            };
            std::iter::once(record.into()).chain(reigns).collect()
        }
        Command::CreateTopic {
            id,
            name,
            assignments,
            configs,
        } => {
            let topic = TopicRecord {
                name: name.as_str().to_owned(),
                topic_id: *id,
            };
            let configs = config_changes(RESOURCE_TOPIC, name.as_str(), &Configs::new(), configs);
            let partitions = partition_records(*id, PartitionIndex::new(0), assignments);
            std::iter::once(topic.into())
                .chain(configs)
                .chain(partitions)
                .collect()
        }
        Command::DeleteTopic { id } => vec![RemoveTopicRecord { topic_id: *id }.into()],
        Command::CreatePartitions {
            id,
            first,
            assignments,
        } => partition_records(*id, *first, assignments).collect(),
        Command::SetTopicConfigs { id, configs } => match image.topic_by_id(*id) {
            Some(topic) => config_changes(RESOURCE_TOPIC, topic.name.as_str(), &topic.configs, configs),
            None => Vec::new(),
        },
        Command::SetBrokerConfigs { broker, configs } => {
            let name = broker.map_or(String::new(), |id| id.to_string());
            let none = Configs::new();
            let known = image.broker_configs(*broker).map_or(&none, |known| &**known);
            config_changes(RESOURCE_BROKER, &name, known, configs)
        }
        Command::AllocateProducerIds { block_start, count } => {
            let record = ProducerIdsRecord {
                broker_id: -1,
                broker_epoch: -1,
                next_producer_id: block_start.get().saturating_add(i64::from(*count)),
            };
            vec![record.into()]
        }
    }
}

/// The one listener that release 0.1.0 had.
pub(super) fn endpoint(host: &str, port: u16) -> BrokerEndpoint {
    BrokerEndpoint {
        name: "PLAINTEXT".to_owned(),
        host: host.to_owned(),
        port,
        security_protocol: 0,
    }
}

/// A new leader epoch of each partition that `leader` leads.
fn reigns(image: &MetadataImage, leader: BrokerId) -> Vec<MetadataRecord> {
    let mut records = Vec::new();
    for topic in image.topics() {
        for partition in topic.partitions.iter().filter(|p| p.leader == leader) {
            let record = PartitionChangeRecord {
                partition_id: partition.index.get(),
                topic_id: topic.id,
                leader: leader.get(),
                ..Default::default()
            };
            records.push(record.into());
        }
    }
    records
}

fn partition_records(
    topic_id: TopicId,
    first: PartitionIndex,
    assignments: &[Vec<BrokerId>],
) -> impl Iterator<Item = MetadataRecord> {
    let partitions = (first.get()..).zip(assignments);
    partitions.map(move |(partition_id, replicas)| {
        let ids: Vec<i32> = replicas.iter().map(|id| id.get()).collect();
        let record = PartitionRecord {
            partition_id,
            topic_id,
            leader: ids.first().copied().unwrap_or(-1),
            isr: ids.clone(),
            replicas: ids,
            leader_epoch: 0,
            partition_epoch: 0,
            ..Default::default()
        };
        record.into()
    })
}
