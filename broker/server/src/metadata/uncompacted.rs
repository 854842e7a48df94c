//! Topics that ask for compaction. Nothing is compacted yet, so they grow for as long as they are written to: whoever makes
//! one has to hear of it.

use std::sync::Arc;

use corelog_config::{BrokerConfig, TopicConfig};
use corelog_metadata::{ImageDelta, TopicImage, names};

/// The topics that are made or changed and that ask for compaction. The broker bounds its own topics by other means.
fn uncompacted<'a>(config: &BrokerConfig, delta: &'a ImageDelta) -> Vec<&'a str> {
    let topics = delta.created_topics.iter().chain(&delta.reconfigured_topics);
    let asking = topics.filter(|topic: &&Arc<TopicImage>| {
        let effective = TopicConfig::effective(config, &topic.configs);
        effective.is_ok_and(|config| config.cleanup_policy.compact)
    });
    asking
        .map(|topic| topic.name.as_str())
        .filter(|name| !names::is_internal(name))
        .collect()
}

/// Says so of each.
pub(crate) fn warn(config: &BrokerConfig, delta: &ImageDelta) {
    for topic in uncompacted(config, delta) {
        tracing::warn!(
            topic,
            "cleanup.policy has compact, and this release does not compact: every record is kept, unless delete is in \
             cleanup.policy, too"
        );
    }
}

#[cfg(test)]
mod tests {
    use corelog_metadata::{Configs, MetadataImage, RESOURCE_TOPIC, config_changes};
    use corelog_protocol::messages::topic_record::TopicRecord;

    use super::*;
    use crate::cluster::test_image;

    fn check(pairs: &[(&str, &str)], name: &str, policy: Option<&str>, expected: bool) {
        let config = BrokerConfig::from_pairs(pairs).expect("a good configuration");
        let policy = policy.map(|policy| ("cleanup.policy".to_owned(), policy.to_owned()));
        let topic = TopicRecord {
            name: name.to_owned(),
            topic_id: test_image::id(6),
        };
        let set = config_changes(
            RESOURCE_TOPIC,
            name,
            &Configs::new(),
            &policy.into_iter().collect(),
        );
        let before = test_image::image(&[]);
        let created = before.apply(&[topic.into()]).expect("the record fits");
        let changed = created.apply(&set).expect("the records fit");
        let check = |old: &MetadataImage, expected: bool| {
            let delta = changed.changes_since(old);
            let found = uncompacted(&config, &delta);
            assert_eq!(found == [name], expected, "{name} with {pairs:?}: {found:?}");
        };
        check(&before, expected);
        check(&created, expected && !set.is_empty());
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
