//! What is known of the transaction of a connection's producer.

use std::collections::BTreeSet;

use corelog_model::batch::BatchProducer;
use corelog_model::{PartitionId, ProducerEpoch, ProducerId};

/// The partitions that a connection's producer has in its transaction. Each transaction of such a producer has an epoch of its
/// own, so that what is known of one is not taken for the next one.
#[derive(Default)]
pub(crate) struct InTransaction {
    producer: Option<(ProducerId, ProducerEpoch)>,
    partitions: BTreeSet<PartitionId>,
}

impl InTransaction {
    /// Whether the producer's transaction is known to have the partition.
    pub(crate) fn has(&self, producer: BatchProducer, id: PartitionId) -> bool {
        self.producer == Some((producer.id, producer.epoch)) && self.partitions.contains(&id)
    }

    /// The producer's transaction has the partition.
    pub(crate) fn add(&mut self, producer: BatchProducer, id: PartitionId) {
        let known = Some((producer.id, producer.epoch));
        if self.producer != known {
            self.producer = known;
            self.partitions.clear();
        }
        self.partitions.insert(id);
    }
}
