//! The end of a transaction, written into its partitions (WriteTxnMarkers).

use std::rc::Rc;

use corelog_groups::{self as groups, GroupError, TransactionEnd, TransactionalProducer};
use corelog_metadata::{MetadataImage, names};
use corelog_model::PartitionId;
use corelog_protocol::ErrorCode;
use corelog_records::{EndMarker, marker_batch};
use corelog_transactions::{MarkerOutcome, TopicPartition, WriteMarkers};
use futures_util::future::{join, join_all};

use crate::cluster::MetadataCache;
use crate::error_codes::{Failure, group_code};
use crate::groups::Coordinators;
use crate::partitions::{LogApi, Partitions};
use crate::shard::{Items, OwnerWork, Results, Shards};

/// Writes the markers that a coordinator wants; one outcome a partition.
pub(crate) async fn write(
    metadata: &MetadataCache,
    shards: &Shards,
    markers: WriteMarkers,
) -> Vec<(TopicPartition, MarkerOutcome)> {
    let image = metadata.image();
    let end = TransactionEnd {
        producer: TransactionalProducer {
            id: markers.producer.producer_id,
            epoch: markers.producer.epoch,
        },
        result: markers.result,
        coordinator_epoch: markers.coordinator_epoch.get(),
        raises_epoch: markers.version.raises_epoch(),
    };
    let mut outcomes = Vec::with_capacity(markers.partitions.len());
    let mut known = Vec::new();
    for partition in markers.partitions {
        match image.partition_id(partition.topic.as_str(), partition.partition) {
            Some(id) => known.push((partition, id)),
            None => outcomes.push((partition, MarkerOutcome::Gone)),
        }
    }
    let ids: Vec<PartitionId> = known.iter().map(|(_, id)| *id).collect();
    let written = end_in(shards, &image, end, &ids).await;
    for ((partition, id), result) in known.into_iter().zip(written) {
        let is_there = || metadata.image().partition(id).is_some();
        outcomes.push((partition, outcome(&result, is_there)));
    }
    outcomes
}

/// Ends a producer's transaction in these partitions; one result each, in their order. Those of `__consumer_offsets` have
/// their groups' coordinators do it.
pub(crate) async fn end_in(
    shards: &Shards,
    image: &MetadataImage,
    end: TransactionEnd,
    ids: &[PartitionId],
) -> Vec<Result<(), Failure>> {
    let offsets = image.topic(names::CONSUMER_OFFSETS).map(|topic| topic.id);
    let is_of_groups = |id: &PartitionId| Some(id.topic) == offsets;
    let (of_groups, of_data): (Vec<PartitionId>, Vec<PartitionId>) =
        ids.iter().partition(|id| is_of_groups(id));
    let in_data = shards.on_owners(
        EndTransaction(end),
        of_data.into_iter().map(|id| (id, ())).collect(),
    );
    let in_groups = join_all(of_groups.into_iter().map(|id| in_groups(shards, id, end)));
    let (in_data, in_groups) = join(in_data, in_groups).await;
    let (mut in_data, mut in_groups) = (in_data.into_iter(), in_groups.into_iter());
    ids.iter()
        .map(|id| {
            let next = if is_of_groups(id) {
                in_groups.next()
            } else {
                in_data.next()
            };
            next.expect("one result a partition")
        })
        .collect()
}

async fn in_groups(shards: &Shards, id: PartitionId, end: TransactionEnd) -> Result<(), Failure> {
    let submit =
        move |coordinators: Rc<Coordinators>| coordinators.submit(id, groups::Request::EndTransaction(end));
    match shards.submit_to(shards.owner_of(id), submit).await {
        groups::Response::EndTransaction(result) => result.map_err(|error| group_failure_of_end(&error)),
        _ => unreachable!("an EndTransaction is answered as one"),
    }
}

fn group_failure_of_end(error: &GroupError) -> Failure {
    Failure::new(group_code(error), error.to_string())
}

/// Has the owners append a marker to the logs of their partitions.
#[derive(Clone, Copy)]
struct EndTransaction(TransactionEnd);

impl OwnerWork for EndTransaction {
    type Item = ();
    type Done = Result<(), Failure>;

    async fn run(self, partitions: Rc<Partitions>, items: Items<()>) -> Results<Self::Done> {
        let ends = items.into_iter().map(|(id, ())| self.end(&partitions, id));
        join_all(ends).await.into_iter().collect()
    }
}

impl EndTransaction {
    async fn end(self, partitions: &Partitions, id: PartitionId) -> Result<(), Failure> {
        let partition = partitions.find(LogApi::Produce, &id)?;
        let EndTransaction(end) = self;
        let marker = EndMarker {
            result: end.result,
            coordinator_epoch: end.coordinator_epoch,
        };
        let batch = marker_batch(
            end.producer.id,
            end.producer.epoch,
            marker,
            partitions.clock().wall(),
        );
        let batch = batch.map_err(|error| Failure::new(ErrorCode::UnknownServerError, error.to_string()))?;
        partition.append_marker(batch, end.raises_epoch).await.map(drop)
    }
}

/// What a coordinator is to know of a partition's answer.
fn outcome(result: &Result<(), Failure>, is_there: impl FnOnce() -> bool) -> MarkerOutcome {
    match result.as_ref().map_err(|failure| failure.code) {
        Ok(()) => MarkerOutcome::Written,
        Err(ErrorCode::InvalidProducerEpoch) => MarkerOutcome::ProducerFenced,
        Err(ErrorCode::TransactionCoordinatorFenced) => MarkerOutcome::CoordinatorFenced,
        Err(ErrorCode::UnknownTopicOrPartition) if !is_there() => MarkerOutcome::Gone,
        Err(_) => MarkerOutcome::Retry,
    }
}
