//! The offsets of one group: what is committed and durable, and what is on its way to the log.

use std::collections::BTreeMap;

use corelog_model::{LeaderEpoch, PartitionIndex, TimestampMs, TopicId, TopicName};

use crate::GroupOffset;

/// What a group committed for one partition (Kafka's `OffsetAndMetadata`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommittedOffset {
    /// The next offset to consume.
    pub offset: GroupOffset,
    /// The leader epoch of the last record consumed.
    pub leader_epoch: Option<LeaderEpoch>,
    /// The client's text.
    pub metadata: String,
    /// When it was committed.
    pub commit_timestamp: TimestampMs,
    /// When it expires, if the client said so (OffsetCommit v2 to v4).
    pub expire_timestamp: Option<TimestampMs>,
    /// The topic's id, `TopicId::ZERO` if the client did not give it.
    pub topic_id: TopicId,
}

/// The offsets of one group. Only durable ones are visible; those in flight are counted.
#[derive(Default, Debug)]
pub(crate) struct Offsets {
    committed: BTreeMap<TopicName, BTreeMap<PartitionIndex, CommittedOffset>>,
    in_flight: BTreeMap<TopicName, BTreeMap<PartitionIndex, usize>>,
}

impl Offsets {
    pub(crate) fn get(&self, topic: &TopicName, partition: PartitionIndex) -> Option<&CommittedOffset> {
        self.committed.get(topic)?.get(&partition)
    }

    /// Everything committed, by topic and partition.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&TopicName, PartitionIndex, &CommittedOffset)> {
        self.committed.iter().flat_map(|(topic, partitions)| {
            partitions
                .iter()
                .map(move |(partition, committed)| (topic, *partition, committed))
        })
    }

    /// Everything committed, a topic at a time.
    pub(crate) fn topics(
        &self,
    ) -> impl Iterator<Item = (&TopicName, &BTreeMap<PartitionIndex, CommittedOffset>)> {
        self.committed.iter()
    }

    /// Every partition that has an offset or will have one when the appends in flight are durable.
    pub(crate) fn partitions(&self) -> Vec<(TopicName, PartitionIndex)> {
        let committed = self.iter().map(|(topic, partition, _)| (topic, partition));
        let in_flight = self
            .in_flight
            .iter()
            .flat_map(|(topic, partitions)| partitions.keys().map(move |partition| (topic, *partition)));
        let mut all: Vec<_> = committed
            .chain(in_flight)
            .map(|(topic, partition)| (topic.clone(), partition))
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// Sets or removes a durable offset.
    pub(crate) fn apply(
        &mut self,
        topic: &TopicName,
        partition: PartitionIndex,
        committed: Option<CommittedOffset>,
    ) {
        match committed {
            Some(committed) => {
                self.committed
                    .entry(topic.clone())
                    .or_default()
                    .insert(partition, committed);
            }
            None => {
                if let Some(partitions) = self.committed.get_mut(topic) {
                    partitions.remove(&partition);
                    if partitions.is_empty() {
                        self.committed.remove(topic);
                    }
                }
            }
        }
    }

    /// A commit or removal of this partition goes to the log.
    pub(crate) fn begin_write(&mut self, topic: &TopicName, partition: PartitionIndex) {
        *self
            .in_flight
            .entry(topic.clone())
            .or_default()
            .entry(partition)
            .or_default() += 1;
    }

    /// A commit or removal of this partition is durable, or failed.
    pub(crate) fn end_write(&mut self, topic: &TopicName, partition: PartitionIndex) {
        let Some(partitions) = self.in_flight.get_mut(topic) else {
            return;
        };
        if let Some(count) = partitions.get_mut(&partition) {
            *count -= 1;
            if *count == 0 {
                partitions.remove(&partition);
            }
        }
        if partitions.is_empty() {
            self.in_flight.remove(topic);
        }
    }

    pub(crate) fn is_in_flight(&self, topic: &TopicName, partition: PartitionIndex) -> bool {
        self.in_flight
            .get(topic)
            .is_some_and(|partitions| partitions.contains_key(&partition))
    }

    pub(crate) fn has_any_in_flight(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Nothing is committed and nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.in_flight.is_empty()
    }
}
