//! The partitions of a transaction.

use corelog_model::{PartitionIndex, TopicName};

/// A partition by the name of its topic, as the records of `__transaction_state` have it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition within it.
    pub partition: PartitionIndex,
}

/// A set of partitions, in order. Most transactions have few, and an id without a transaction has none and takes no memory
/// for them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Partitions(Box<[TopicPartition]>);

impl Partitions {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Them, in order.
    pub fn as_slice(&self) -> &[TopicPartition] {
        &self.0
    }

    /// Whether `partition` is one of them.
    pub fn contains(&self, partition: &TopicPartition) -> bool {
        self.0.binary_search(partition).is_ok()
    }

    /// Whether all of `others` are among them.
    pub fn contains_all(&self, others: &[TopicPartition]) -> bool {
        others.iter().all(|partition| self.contains(partition))
    }

    /// What they take in a record, in bytes, or a little less than what is said here.
    pub(crate) fn record_bytes(&self) -> usize {
        // A topic has two lengths and no tags, a partition four bytes.
        const TOPIC_OVERHEAD: usize = 8;
        let by_topic = self.0.chunk_by(|a, b| a.topic == b.topic);
        by_topic
            .map(|of_topic| of_topic[0].topic.as_str().len() + TOPIC_OVERHEAD + 4 * of_topic.len())
            .sum()
    }

    /// These and `added`.
    pub(crate) fn with(&self, added: &[TopicPartition]) -> Partitions {
        self.0.iter().chain(added).cloned().collect()
    }
}

impl FromIterator<TopicPartition> for Partitions {
    fn from_iter<I: IntoIterator<Item = TopicPartition>>(partitions: I) -> Partitions {
        let mut partitions: Vec<TopicPartition> = partitions.into_iter().collect();
        partitions.sort_unstable();
        partitions.dedup();
        Partitions(partitions.into_boxed_slice())
    }
}
