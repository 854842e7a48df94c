//! What the tests of the metadata share: ids, images, a controller with a small table of settings.
#![allow(dead_code, reason = "each test file uses a part")]

use corelog_metadata::controller::{
    ConfigFault, ConfigRules, ConfigScope, Controller, ControllerError, ControllerRequest, NewTopic,
};
use corelog_metadata::{Command, Configs, Incarnation, MetadataImage};
use corelog_model::{BrokerId, PartitionIndex, TopicId, TopicName};

pub(crate) const BROKER: BrokerId = BrokerId::new(1);

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

pub(crate) fn register(id: i32, incarnation: u128) -> Command {
    Command::RegisterBroker {
        id: BrokerId::new(id),
        host: "broker.example".to_owned(),
        port: 9092,
        rack: None,
        incarnation: Incarnation::new(incarnation),
    }
}

pub(crate) fn create(id: u8, text: &str, partitions: usize) -> Command {
    Command::CreateTopic {
        id: topic_id(id),
        name: name(text),
        assignments: vec![vec![BROKER]; partitions],
        configs: Configs::new(),
    }
}

pub(crate) fn grow(id: u8, first: i32, partitions: usize) -> Command {
    Command::CreatePartitions {
        id: topic_id(id),
        first: PartitionIndex::new(first),
        assignments: vec![vec![BROKER]; partitions],
    }
}

/// The image of a cluster whose one broker registered, after `commands`.
pub(crate) fn image(commands: &[Command]) -> MetadataImage {
    let mut image = MetadataImage::new("cluster");
    image.apply_in_place(&register(1, 1)).unwrap();
    for command in commands {
        image.apply_in_place(command).unwrap();
    }
    image
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
pub(crate) fn ask(
    request: &ControllerRequest,
    image: &MetadataImage,
) -> Result<Vec<Command>, ControllerError> {
    controller().handle(request, image, &mut || 0)
}
