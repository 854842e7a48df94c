//! Whether a transaction has the partitions that a Produce writes to (KIP-890): the coordinator is asked before the first
//! record of a transaction in a partition. Until Produce 11 the client has told it, and it says whether; from 12 on it adds
//! them.

use std::rc::Rc;

use corelog_model::batch::BatchProducer;
use corelog_model::{PartitionId, ValidatedBatch};
use corelog_protocol::ErrorCode;
use corelog_transactions::{
    AddPartitionsRequest, ProducerIdAndEpoch, Request, Response, TopicPartition, TransactionVersion,
    TransactionalId, VerifyPartitionsRequest,
};

use super::append::Checked;
use crate::api::coordinator;
use crate::clients::Client;
use crate::cluster::MetadataCache;
use crate::error_codes::{Failure, produce_transaction_failure};
use crate::partitions::{LogApi, Partitions};
use crate::shard::{Items, OwnerWork, Results, Shards};

/// From this version on a Produce adds its partitions to the transaction by itself.
const ADDS_PARTITIONS: i16 = 12;

/// The request that batches came in.
pub(super) struct Asked {
    pub version: i16,
    pub transactional_id: Option<String>,
    pub client: Rc<Client>,
}

impl Asked {
    fn adds_partitions(&self) -> bool {
        self.version >= ADDS_PARTITIONS
    }

    /// Whether somebody has to be asked before these batches are appended.
    pub(super) fn is_unknown(&self, batches: &Items<Checked>) -> bool {
        batches
            .iter()
            .any(|(id, checked)| self.unknown(*id, checked).is_some())
    }

    /// The producer of a batch of a transaction that is not known to have the partition.
    fn unknown(&self, id: PartitionId, checked: &Checked) -> Option<BatchProducer> {
        let producer = checked.as_ref().ok().and_then(transactional)?;
        let is_known = self.adds_partitions() && self.client.in_transaction.borrow().has(producer, id);
        (!is_known).then_some(producer)
    }

    /// Refuses the batches whose transaction does not have their partition.
    pub(super) async fn verify(
        &self,
        metadata: &MetadataCache,
        shards: &Shards,
        batches: &mut Items<Checked>,
    ) {
        let mut sought: Vec<(usize, PartitionId, BatchProducer)> = Vec::new();
        for (slot, (id, checked)) in batches.iter().enumerate() {
            sought.extend(self.unknown(*id, checked).map(|producer| (slot, *id, producer)));
        }
        if !self.adds_partitions() {
            let items = sought.iter().map(|(_, id, producer)| (*id, *producer)).collect();
            let mut open = shards.on_owners(IsOpen, items).await.into_iter();
            sought.retain(|_| !open.next().expect("one result an item"));
        }
        while let Some((_, _, producer)) = sought.first().copied() {
            let (of_it, rest): (Vec<_>, Vec<_>) = sought
                .into_iter()
                .partition(|(_, _, other)| (other.id, other.epoch) == (producer.id, producer.epoch));
            sought = rest;
            let ids: Vec<PartitionId> = of_it.iter().map(|(_, id, _)| *id).collect();
            let results = self.ask(metadata, shards, producer, &ids).await;
            for ((slot, id, _), result) in of_it.into_iter().zip(results) {
                match result {
                    Ok(()) if self.adds_partitions() => {
                        self.client.in_transaction.borrow_mut().add(producer, id);
                    }
                    Ok(()) => {}
                    Err(failure) => batches[slot].1 = Err(failure),
                }
            }
        }
    }

    /// Asks the coordinator about these partitions; one result each.
    async fn ask(
        &self,
        metadata: &MetadataCache,
        shards: &Shards,
        producer: BatchProducer,
        ids: &[PartitionId],
    ) -> Vec<Result<(), Failure>> {
        let Some(transactional_id) = &self.transactional_id else {
            let refused: Failure = ErrorCode::TransactionalIdAuthorizationFailed.into();
            return vec![Err(refused); ids.len()];
        };
        let image = metadata.image();
        let named = |id: &PartitionId| {
            let topic = image.topic_by_id(id.topic)?;
            Some(TopicPartition {
                topic: topic.name.clone(),
                partition: id.index,
            })
        };
        let Some(partitions) = ids.iter().map(named).collect::<Option<Vec<_>>>() else {
            return vec![Err(ErrorCode::UnknownTopicOrPartition.into()); ids.len()];
        };
        let id = TransactionalId::new(transactional_id);
        let producer = ProducerIdAndEpoch {
            producer_id: producer.id,
            epoch: producer.epoch,
        };
        let request = if self.adds_partitions() {
            Request::AddPartitions(AddPartitionsRequest {
                transactional_id: id,
                producer,
                partitions,
                client_version: TransactionVersion::V2,
            })
        } else {
            Request::VerifyPartitions(VerifyPartitionsRequest {
                transactional_id: id,
                producer,
                partitions,
            })
        };
        let failed = |error| produce_transaction_failure(error, self.version);
        match coordinator::ask_of_transactions(metadata, shards, transactional_id, request).await {
            Response::AddPartitions(result) => vec![result.map_err(failed); ids.len()],
            Response::VerifyPartitions(results) => results
                .into_iter()
                .map(|(_, result)| result.map_err(failed))
                .collect(),
            _ => unreachable!("each request is answered as itself"),
        }
    }
}

/// The producer of a batch that is a part of a transaction.
fn transactional(batch: &ValidatedBatch) -> Option<BatchProducer> {
    let header = batch.header();
    header.producer.filter(|_| header.is_transactional)
}

/// Has the owners say whether their partitions have records of a producer's open transaction.
#[derive(Clone, Copy)]
struct IsOpen;

impl OwnerWork for IsOpen {
    type Item = BatchProducer;
    type Done = bool;

    async fn run(self, partitions: Rc<Partitions>, items: Items<BatchProducer>) -> Results<bool> {
        let is_open = |(id, producer): (PartitionId, BatchProducer)| {
            let partition = partitions.find(LogApi::Produce, &id).ok()?;
            partition.log().open_transaction(producer.id, producer.epoch)
        };
        items.into_iter().map(|item| is_open(item).is_some()).collect()
    }
}
