//! Topics that ask for compaction. Nothing is compacted yet, so they grow for as long as they are written to: whoever makes
//! one has to hear of it.

use corelog_config::{BrokerConfig, TopicConfig};
use corelog_metadata::{Command, MetadataImage, names};

/// The topics that `commands`, which led to `image`, have made or changed, and that ask for compaction. The broker bounds
/// its own topics by other means.
fn uncompacted<'a>(config: &BrokerConfig, image: &'a MetadataImage, commands: &[Command]) -> Vec<&'a str> {
    let ids = commands.iter().filter_map(|command| match command {
        Command::CreateTopic { id, .. } | Command::SetTopicConfigs { id, .. } => Some(*id),
        Command::RegisterBroker { .. }
        | Command::DeleteTopic { .. }
        | Command::CreatePartitions { .. }
        | Command::SetBrokerConfigs { .. }
        | Command::AllocateProducerIds { .. } => None,
    });
    let topics = ids.filter_map(|id| image.topic_by_id(id));
    let asking = topics.filter(|topic| {
        let effective = TopicConfig::effective(config, &topic.configs);
        effective.is_ok_and(|config| config.cleanup_policy.compact)
    });
    asking
        .map(|topic| topic.name.as_str())
        .filter(|name| !names::is_internal(name))
        .collect()
}

/// Says so of each.
pub(crate) fn warn(config: &BrokerConfig, image: &MetadataImage, commands: &[Command]) {
    for topic in uncompacted(config, image, commands) {
        tracing::warn!(
            topic,
            "cleanup.policy has compact, and this release does not compact: every record is kept, unless delete is in \
             cleanup.policy, too"
        );
    }
}

#[cfg(test)]
mod tests {
    use corelog_metadata::Configs;
    use corelog_model::{BrokerId, TopicId, TopicName};

    use super::*;
    use crate::shard::test_image::image;

    fn check(pairs: &[(&str, &str)], name: &str, policy: Option<&str>, expected: bool) {
        let config = BrokerConfig::from_pairs(pairs).expect("a good configuration");
        let policy = policy.map(|policy| ("cleanup.policy".to_owned(), policy.to_owned()));
        let create = Command::CreateTopic {
            id: TopicId::new([7; 16]),
            name: TopicName::new(name).expect("a good name"),
            assignments: vec![vec![BrokerId::new(1)]],
            configs: Configs::new(),
        };
        let set = Command::SetTopicConfigs {
            id: TopicId::new([7; 16]),
            configs: policy.into_iter().collect(),
        };
        let mut image = image(&[]);
        for command in [&create, &set] {
            image.apply_in_place(command).expect("the command fits");
        }
        for command in [create, set] {
            let found = uncompacted(&config, &image, &[command]);
            assert_eq!(found == [name], expected, "{name} with {pairs:?}: {found:?}");
        }
    }

    #[test]
    fn whoever_asks_for_compaction_is_warned() {
        check(&[], "t", None, false);
        check(&[], "t", Some("delete"), false);
        check(&[], "t", Some("compact"), true);
        check(&[], "t", Some("compact,delete"), true);
        check(&[("log.cleanup.policy", "compact")], "t", None, true);
        check(&[], "__consumer_offsets", Some("compact"), false);
    }
}
