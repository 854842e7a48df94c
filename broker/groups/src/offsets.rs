//! The offsets of one group: what is committed and durable, what is on its way to the log, and what is durable and waits for
//! the end of a transaction.

use std::collections::{BTreeMap, BTreeSet};

use corelog_model::{
    LeaderEpoch, PartitionIndex, ProducerId, TimestampMs, TopicId, TopicName, TransactionResult,
};

use crate::{GroupOffset, TransactionalProducer};

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

/// An offset of a transaction that has not ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PendingOffset {
    pub(crate) producer: TransactionalProducer,
    pub(crate) committed: CommittedOffset,
    /// Grows with the place in the log.
    sequence: u64,
    /// The log has a later commit of the partition that counts: this one comes to nothing, however its transaction ends.
    pub(crate) is_superseded: bool,
}

/// The offsets of one group. Only durable ones are visible; those in flight are counted.
#[derive(Default, Debug)]
pub(crate) struct Offsets {
    committed: BTreeMap<TopicName, BTreeMap<PartitionIndex, CommittedOffset>>,
    in_flight: BTreeMap<TopicName, BTreeMap<PartitionIndex, usize>>,
    /// By the producers of their transactions.
    pending: BTreeMap<(TopicName, PartitionIndex), BTreeMap<ProducerId, PendingOffset>>,
    /// Where the pending ones of each producer are, and perhaps some that are pending no more.
    pending_of: BTreeMap<ProducerId, BTreeSet<(TopicName, PartitionIndex)>>,
    pending_next: u64,
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

    /// Every partition that has an offset, or may have one when the appends in flight are durable and transactions have ended.
    pub(crate) fn partitions(&self) -> Vec<(TopicName, PartitionIndex)> {
        let committed = self.iter().map(|(topic, partition, _)| (topic, partition));
        let in_flight = self
            .in_flight
            .iter()
            .flat_map(|(topic, partitions)| partitions.keys().map(move |partition| (topic, *partition)));
        let pending = self.pending.keys().map(|(topic, partition)| (topic, *partition));
        let mut all: Vec<_> = committed
            .chain(in_flight)
            .chain(pending)
            .map(|(topic, partition)| (topic.clone(), partition))
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// Sets or removes a durable offset. What transactions have pending for the partition is earlier in the log: of a removal
    /// nothing of it is left.
    pub(crate) fn apply(
        &mut self,
        topic: &TopicName,
        partition: PartitionIndex,
        committed: Option<CommittedOffset>,
    ) {
        match committed {
            Some(committed) => {
                self.supersede(topic, partition, u64::MAX);
                self.set(topic, partition, committed);
            }
            None => {
                self.pending.remove(&(topic.clone(), partition));
                if let Some(partitions) = self.committed.get_mut(topic) {
                    partitions.remove(&partition);
                    if partitions.is_empty() {
                        self.committed.remove(topic);
                    }
                }
            }
        }
    }

    fn set(&mut self, topic: &TopicName, partition: PartitionIndex, committed: CommittedOffset) {
        self.committed
            .entry(topic.clone())
            .or_default()
            .insert(partition, committed);
    }

    /// A commit at the place `sequence` of the log counts for the partition.
    fn supersede(&mut self, topic: &TopicName, partition: PartitionIndex, sequence: u64) {
        if self.pending.is_empty() {
            return;
        }
        let pending = self.pending.get_mut(&(topic.clone(), partition));
        for pending in pending.into_iter().flat_map(BTreeMap::values_mut) {
            pending.is_superseded |= pending.sequence < sequence;
        }
    }

    /// An offset is durable that counts when its transaction is committed.
    pub(crate) fn put_pending(
        &mut self,
        topic: &TopicName,
        partition: PartitionIndex,
        producer: TransactionalProducer,
        committed: CommittedOffset,
    ) {
        let sequence = self.pending_next;
        self.pending_next += 1;
        let pending = PendingOffset {
            producer,
            committed,
            sequence,
            is_superseded: false,
        };
        let place = (topic.clone(), partition);
        let of_producer = self.pending_of.entry(producer.id).or_default();
        of_producer.insert(place.clone());
        self.pending
            .entry(place)
            .or_default()
            .insert(producer.id, pending);
    }

    /// As [`Offsets::apply`], of a record that is read again: a snapshot that was cut short repeats what the log says already,
    /// and what was said in between is not older for that.
    pub(crate) fn replay(
        &mut self,
        topic: &TopicName,
        partition: PartitionIndex,
        committed: Option<CommittedOffset>,
    ) {
        if committed.is_none() || self.get(topic, partition) != committed.as_ref() {
            self.apply(topic, partition, committed);
        }
    }

    /// As [`Offsets::put_pending`], of a record that is read again: see [`Offsets::replay`].
    pub(crate) fn replay_pending(
        &mut self,
        topic: &TopicName,
        partition: PartitionIndex,
        producer: TransactionalProducer,
        committed: CommittedOffset,
    ) {
        let pending = self.pending.get(&(topic.clone(), partition));
        let known = pending.and_then(|pending| pending.get(&producer.id));
        if known.is_none_or(|known| known.committed != committed) {
            self.put_pending(topic, partition, producer, committed);
        }
    }

    /// The transaction of a producer has ended. Of a partition the latest commit in the log counts, not the one whose
    /// transaction ends last (Kafka's `OffsetMetadataManager.replayEndTransactionMarker`).
    pub(crate) fn end_transaction(&mut self, producer: ProducerId, result: TransactionResult) {
        for place in self.pending_of.remove(&producer).unwrap_or_default() {
            let Some(pending_here) = self.pending.get_mut(&place) else {
                continue;
            };
            let ended = pending_here.remove(&producer);
            if pending_here.is_empty() {
                self.pending.remove(&place);
            }
            let (Some(pending), (topic, partition)) = (ended, place) else {
                continue;
            };
            if result == TransactionResult::Commit && !pending.is_superseded {
                self.supersede(&topic, partition, pending.sequence);
                self.set(&topic, partition, pending.committed);
            }
        }
    }

    /// What waits for the ends of transactions, in the order of the log.
    pub(crate) fn pending(&self) -> Vec<(&TopicName, PartitionIndex, &PendingOffset)> {
        let mut all: Vec<_> = self
            .pending
            .iter()
            .flat_map(|((topic, partition), pending)| {
                pending.values().map(move |pending| (topic, *partition, pending))
            })
            .collect();
        all.sort_by_key(|(_, _, pending)| pending.sequence);
        all
    }

    /// The topics of what waits for the ends of transactions.
    pub(crate) fn pending_topics(&self) -> impl Iterator<Item = &TopicName> {
        self.pending.keys().map(|(topic, _)| topic)
    }

    /// Whether any offset waits for the end of a transaction.
    pub(crate) fn has_any_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether a commit or removal of this partition is on its way to the log, or waits for the end of a transaction.
    pub(crate) fn is_unstable(&self, topic: &TopicName, partition: PartitionIndex) -> bool {
        self.is_in_flight(topic, partition)
            || (!self.pending.is_empty() && self.pending.contains_key(&(topic.clone(), partition)))
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

    /// Nothing is committed, on its way, or pending.
    pub(crate) fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.in_flight.is_empty() && self.pending.is_empty()
    }
}
