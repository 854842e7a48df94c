//! A small image for the tests of this folder: two brokers, topics with given partitions.

use corelog_metadata::{MetadataImage, MetadataRecord};
use corelog_model::{BrokerId, TopicId};
use corelog_protocol::messages::partition_record::PartitionRecord;
use corelog_protocol::messages::register_broker_record::{BrokerEndpoint, RegisterBrokerRecord};
use corelog_protocol::messages::topic_record::TopicRecord;

use super::{Identity, ShardListeners};

/// The broker that leads every partition.
pub(crate) const LEADER: BrokerId = BrokerId::new(1);
/// The listener whose addresses the brokers have.
pub(crate) const LISTENER: &str = "PLAINTEXT";
/// A broker without partitions.
const OTHER: BrokerId = BrokerId::new(2);

/// The id of the topic at this place in the list that [`image`] was given.
pub(crate) fn id(place: u8) -> TopicId {
    TopicId::new([place + 1; 16])
}

/// An image with these topics, each with so many partitions.
pub(crate) fn image(topics: &[(&str, usize)]) -> MetadataImage {
    let mut image = MetadataImage::new("cluster");
    for (broker, port) in [(LEADER, 1), (OTHER, 2)] {
        let register = RegisterBrokerRecord {
            broker_id: broker.get(),
            end_points: vec![BrokerEndpoint {
                name: LISTENER.to_owned(),
                host: "host".to_owned(),
                port,
                ..Default::default()
            }],
            rack: None,
            ..Default::default()
        };
        image.apply_in_place(&[register.into()]).unwrap();
    }
    for (place, (name, count)) in topics.iter().enumerate() {
        let topic_id = id(u8::try_from(place).unwrap());
        let topic = TopicRecord {
            name: (*name).to_owned(),
            topic_id,
        };
        let partition = |partition_id| -> MetadataRecord {
            let record = PartitionRecord {
                partition_id,
                topic_id,
                replicas: vec![LEADER.get()],
                isr: vec![LEADER.get()],
                leader: LEADER.get(),
                leader_epoch: 0,
                partition_epoch: 0,
                ..Default::default()
            };
            record.into()
        };
        let partitions = (0..i32::try_from(*count).unwrap()).map(partition);
        let records: Vec<_> = std::iter::once(topic.into()).chain(partitions).collect();
        image.apply_in_place(&records).unwrap();
    }
    image
}

/// What clients are told of [`LEADER`].
pub(crate) fn identity(shard_listeners: Option<ShardListeners>) -> Identity {
    Identity {
        cluster_id: "cluster".to_owned(),
        broker: LEADER,
        listener: LISTENER.into(),
        shard_listeners,
    }
}
