//! What the tests of the controller share: ids, images, a controller with a small table of settings.
#![allow(dead_code, reason = "each test file uses a part")]

use corelog_controller::{
    BrokerRegistration, ConfigFault, ConfigRules, ConfigScope, Controller, ControllerError,
    ControllerRequest, Decision, NewTopic,
};
use corelog_metadata::{
    Configs, Endpoint, FeatureRange, Incarnation, METADATA_VERSION, METADATA_VERSION_LEVEL, MetadataImage,
    MetadataRecord, RESOURCE_BROKER, RESOURCE_TOPIC, config_changes,
};
use corelog_model::{BrokerId, DirectoryId, Offset, TopicId, TopicName};
use corelog_protocol::messages::partition_record::PartitionRecord;
use corelog_protocol::messages::topic_record::TopicRecord;

pub(crate) const BROKER: BrokerId = BrokerId::new(1);
pub(crate) const DIRECTORY: TopicId = TopicId::new([0xd1; 16]);

pub(crate) fn topic_id(number: u8) -> TopicId {
    let mut bytes = [0; 16];
    bytes[15] = number;
    TopicId::new(bytes)
}

pub(crate) fn name(text: &str) -> TopicName {
    TopicName::new(text).unwrap()
}

pub(crate) fn configs(pairs: &[(&str, &str)]) -> Configs {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

/// What a start of a broker says.
pub(crate) fn registration(id: i32, incarnation: u128) -> BrokerRegistration {
    let level = FeatureRange {
        min: METADATA_VERSION_LEVEL,
        max: METADATA_VERSION_LEVEL,
    };
    BrokerRegistration {
        id: BrokerId::new(id),
        incarnation: Incarnation::new(incarnation),
        endpoints: vec![Endpoint {
            name: "PLAINTEXT".to_owned(),
            host: "broker.example".to_owned(),
            port: 9092,
            security_protocol: 0,
        }],
        features: [(METADATA_VERSION.to_owned(), level)].into(),
        rack: None,
        log_dirs: vec![DirectoryId::new(DIRECTORY.get())],
    }
}

/// The records of a registration on an empty image.
pub(crate) fn register(id: i32, incarnation: u128) -> Vec<MetadataRecord> {
    let request = ControllerRequest::RegisterBroker(registration(id, incarnation));
    ask(&request, &MetadataImage::new("cluster")).unwrap().records
}

/// The records of a topic on broker 1.
pub(crate) fn create(id: u8, text: &str, partitions: usize) -> Vec<MetadataRecord> {
    let topic = TopicRecord {
        name: text.to_owned(),
        topic_id: topic_id(id),
    };
    let partition = |partition_id| {
        let record = PartitionRecord {
            partition_id,
            topic_id: topic_id(id),
            replicas: vec![1],
            isr: vec![1],
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
            directories: vec![DIRECTORY],
            ..Default::default()
        };
        record.into()
    };
    let partitions = (0..i32::try_from(partitions).unwrap()).map(partition);
    std::iter::once(topic.into()).chain(partitions).collect()
}

/// As `create`, of an id that no other topic of these tests has.
pub(crate) fn created(text: &str, partitions: usize) -> Vec<MetadataRecord> {
    create(0xee, text, partitions)
}

/// Gives a topic that has none these settings.
pub(crate) fn set_topic(text: &str, pairs: &[(&str, &str)]) -> Vec<MetadataRecord> {
    config_changes(RESOURCE_TOPIC, text, &Configs::new(), &configs(pairs))
}

/// Gives a broker, or all by default, that has none these settings.
pub(crate) fn set_broker(broker: Option<BrokerId>, pairs: &[(&str, &str)]) -> Vec<MetadataRecord> {
    let resource = broker.map_or(String::new(), |id| id.to_string());
    config_changes(RESOURCE_BROKER, &resource, &Configs::new(), &configs(pairs))
}

/// The image of a cluster whose one broker registered, after `records`.
pub(crate) fn image(records: &[Vec<MetadataRecord>]) -> MetadataImage {
    let records = [register(1, 1), records.concat()].concat();
    MetadataImage::new("cluster").apply(&records).unwrap()
}

/// `cleanup.policy` is a list of which `compact` and `delete` are known; other keys begin with `k`.
pub(crate) struct Rules;

impl ConfigRules for Rules {
    fn check(&self, _: ConfigScope, configs: &Configs) -> Result<(), ConfigFault> {
        let is_known = |(key, value): &(&String, &String)| match key.as_str() {
            "cleanup.policy" => value
                .split(',')
                .all(|policy| matches!(policy, "" | "compact" | "delete")),
            other => other.starts_with('k'),
        };
        match configs.iter().find(|pair| !is_known(pair)) {
            Some((key, value)) => Err(ConfigFault {
                reason: format!("{key} cannot be {value}"),
            }),
            None => Ok(()),
        }
    }

    fn list_default(&self, _: ConfigScope, key: &str) -> Option<String> {
        (key == "cleanup.policy").then(|| "delete".to_owned())
    }
}

pub(crate) fn controller() -> Controller<Rules> {
    Controller {
        rules: Rules,
        default_partition_count: 3,
        default_replication_factor: 1,
    }
}

pub(crate) fn new_topic(text: &str) -> NewTopic {
    NewTopic {
        name: text.to_owned(),
        partition_count: -1,
        replication_factor: -1,
        assignments: Vec::new(),
        configs: Configs::new(),
    }
}

/// Asks the controller with the worst randomness there is.
pub(crate) fn ask(request: &ControllerRequest, image: &MetadataImage) -> Result<Decision, ControllerError> {
    decide_at(request, image, 0)
}

/// As `ask`, with the log's end at this offset.
pub(crate) fn decide_at(
    request: &ControllerRequest,
    image: &MetadataImage,
    offset: i64,
) -> Result<Decision, ControllerError> {
    controller().handle(request, image, Offset::new(offset).unwrap(), &mut || 0)
}
