//! Names of topics that mean something to the broker itself (Kafka's `Topic`).

use corelog_model::TopicName;

/// Where consumer groups keep their state and offsets.
pub const CONSUMER_OFFSETS: &str = "__consumer_offsets";
/// Where transactions keep theirs.
pub const TRANSACTION_STATE: &str = "__transaction_state";
/// Where Kafka's share groups keep theirs.
pub const SHARE_GROUP_STATE: &str = "__share_group_state";
/// The log of the commands of this crate. No client sees it, none may create it.
pub const CLUSTER_METADATA: &str = "__cluster_metadata";

/// Whether the broker alone writes to the topic, and clients are told that it is internal. As in Kafka, a client may
/// create it, delete it, give it more partitions and change its settings, and may neither produce to it nor delete
/// records of it.
pub fn is_internal(name: &str) -> bool {
    matches!(name, CONSUMER_OFFSETS | TRANSACTION_STATE | SHARE_GROUP_STATE)
}

/// Whether no client may have a topic of this name.
pub fn is_reserved(name: &str) -> bool {
    name == CLUSTER_METADATA
}

/// The form in which colliding names are equal: metrics turn `.` into `_`. `None` if the name collides with no other.
pub(crate) fn collision_form(name: &TopicName) -> Option<String> {
    let name = name.as_str();
    name.contains(['.', '_']).then(|| name.replace('.', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collisions() {
        // TopicTest.testTopicHasCollision (Kafka)
        let form = |name| collision_form(&TopicName::new(name).unwrap());
        assert_eq!(form("topic"), None);
        assert_eq!(form("a.b_c"), form("a_b.c"));
        assert_ne!(form("a.b"), form("ab."));
    }

    #[test]
    fn meanings() {
        for name in [CONSUMER_OFFSETS, TRANSACTION_STATE, SHARE_GROUP_STATE] {
            assert!(is_internal(name) && !is_reserved(name), "{name}");
        }
        assert!(is_reserved(CLUSTER_METADATA) && !is_internal(CLUSTER_METADATA));
        assert!(!is_internal("__other") && !is_reserved("__other"));
    }
}
