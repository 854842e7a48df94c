//! A small image for the tests of this folder: two brokers, topics with given partitions.

use corelog_metadata::{Command, Configs, Incarnation, MetadataImage};
use corelog_model::{BrokerId, TopicId, TopicName};

use crate::shard::{Identity, ShardListeners};

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
        let register = Command::RegisterBroker {
            id: broker,
            host: "host".to_owned(),
            port,
            rack: None,
            incarnation: Incarnation::new(u128::from(port)),
        };
        image.apply_in_place(&register).unwrap();
    }
    for (place, (name, count)) in topics.iter().enumerate() {
        let create = Command::CreateTopic {
            id: id(u8::try_from(place).unwrap()),
            name: TopicName::new(name).unwrap(),
            assignments: vec![vec![LEADER]; *count],
            configs: Configs::new(),
        };
        image.apply_in_place(&create).unwrap();
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
