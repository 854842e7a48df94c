//! The durable state of a transactional id, as it is kept: small, since there may be a million of them.

use corelog_model::{ProducerEpoch, ProducerId, TimestampMs};

use crate::{Partitions, ProducerIdAndEpoch, TransactionLogValue, TransactionState, TransactionVersion};

/// What the last durable record of a transactional id says. Kafka's -1 stands for what is not there, which saves eight
/// bytes each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Metadata {
    producer_id: ProducerId,
    previous_producer_id: i64,
    next_producer_id: i64,
    start: i64,
    last_update: TimestampMs,
    partitions: Partitions,
    timeout_ms: i32,
    producer_epoch: ProducerEpoch,
    last_producer_epoch: i16,
    state: TransactionState,
    client_version: TransactionVersion,
}

impl From<TransactionLogValue> for Metadata {
    fn from(value: TransactionLogValue) -> Metadata {
        Metadata {
            producer_id: value.producer_id,
            previous_producer_id: value.previous_producer_id.map_or(-1, ProducerId::get),
            next_producer_id: value.next_producer_id.map_or(-1, ProducerId::get),
            start: value.start.map_or(-1, TimestampMs::get),
            last_update: value.last_update,
            partitions: value.partitions,
            timeout_ms: value.timeout_ms,
            producer_epoch: value.producer_epoch,
            last_producer_epoch: value.last_producer_epoch.map_or(-1, ProducerEpoch::get),
            state: value.state,
            client_version: value.client_version,
        }
    }
}

impl Metadata {
    /// The same as a record has it.
    pub(crate) fn value(&self) -> TransactionLogValue {
        self.value_with(self.partitions.clone())
    }

    /// The same as a record has it, apart from the partitions.
    pub(crate) fn value_with(&self, partitions: Partitions) -> TransactionLogValue {
        TransactionLogValue {
            producer_id: self.producer_id,
            previous_producer_id: self.previous_producer_id(),
            next_producer_id: self.next_producer_id(),
            producer_epoch: self.producer_epoch,
            last_producer_epoch: self.last_producer_epoch(),
            timeout_ms: self.timeout_ms,
            state: self.state,
            partitions,
            last_update: self.last_update,
            start: self.start(),
            client_version: self.client_version,
        }
    }

    pub(crate) fn producer(&self) -> ProducerIdAndEpoch {
        ProducerIdAndEpoch {
            producer_id: self.producer_id,
            epoch: self.producer_epoch,
        }
    }

    pub(crate) fn previous_producer_id(&self) -> Option<ProducerId> {
        (self.previous_producer_id != -1).then(|| ProducerId::new(self.previous_producer_id))
    }

    pub(crate) fn next_producer_id(&self) -> Option<ProducerId> {
        (self.next_producer_id != -1).then(|| ProducerId::new(self.next_producer_id))
    }

    pub(crate) fn last_producer_epoch(&self) -> Option<ProducerEpoch> {
        (self.last_producer_epoch != -1).then(|| ProducerEpoch::new(self.last_producer_epoch))
    }

    pub(crate) fn start(&self) -> Option<TimestampMs> {
        (self.start != -1).then(|| TimestampMs::new(self.start))
    }

    pub(crate) fn last_update(&self) -> TimestampMs {
        self.last_update
    }

    pub(crate) fn partitions(&self) -> &Partitions {
        &self.partitions
    }

    pub(crate) fn timeout_ms(&self) -> i32 {
        self.timeout_ms
    }

    pub(crate) fn state(&self) -> TransactionState {
        self.state
    }

    pub(crate) fn client_version(&self) -> TransactionVersion {
        self.client_version
    }
}
