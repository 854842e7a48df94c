//! DescribeProducers (API key 61): the producers that partitions remember (KIP-664).

use std::rc::Rc;

use corelog_metadata::MetadataImage;
use corelog_model::{Offset, PartitionId, PartitionIndex, TopicName};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::describe_producers::{
    DescribeProducersRequest, DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
};
use corelog_storage::ActiveProducer;

use super::routed::{PartitionAnswer, Routed};
use crate::api::changes;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::{Failure, topic_name_failure};
use crate::memory::Memory;
use crate::partitions::{LogApi, Partitions};
use crate::shard::{Items, OwnerWork, Results, Shards};

/// Asks the owner of each partition.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    memory: &Memory,
    context: &RequestContext,
    request: DescribeProducersRequest,
) -> DescribeProducersResponse {
    // How many producers the partitions remember is not known here.
    memory.answers.begin(context, usize::MAX).await;
    let image = metadata.image();
    let mut asking = Routed::new(Describe);
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let mut partitions = Vec::with_capacity(topic.partition_indexes.len());
        for partition_index in topic.partition_indexes {
            let found = find(&image, &topic.name, PartitionIndex::new(partition_index));
            let (error_code, error_message) = changes::code_and_message(&found);
            if let Ok(id) = found {
                asking.ask(id, ());
            }
            partitions.push(PartitionResponse {
                partition_index,
                error_code,
                error_message,
                ..Default::default()
            });
        }
        topics.push(TopicResponse {
            name: topic.name,
            partitions,
        });
    }
    let answers = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
    let fill = |answer: &mut PartitionResponse, told: Result<Vec<ActiveProducer>, Failure>| {
        (answer.error_code, answer.error_message) = changes::code_and_message(&told);
        answer.active_producers = told.into_iter().flatten().map(state).collect();
    };
    asking.answer(shards, answers, fill).await;
    DescribeProducersResponse {
        topics,
        ..Default::default()
    }
}

fn find(image: &MetadataImage, name: &str, index: PartitionIndex) -> Result<PartitionId, Failure> {
    TopicName::new(name).map_err(|error| topic_name_failure(&error))?;
    let known = image.topic(name).filter(|topic| topic.partition(index).is_some());
    let topic = known.ok_or(ErrorCode::UnknownTopicOrPartition)?.id;
    Ok(PartitionId { topic, index })
}

impl PartitionAnswer for PartitionResponse {
    fn error_code(&self) -> i16 {
        self.error_code
    }
}

/// Has the owners tell their logs' producers.
#[derive(Clone, Copy)]
struct Describe;

impl OwnerWork for Describe {
    type Item = ();
    type Done = Result<Vec<ActiveProducer>, Failure>;

    async fn run(self, partitions: Rc<Partitions>, items: Items<()>) -> Results<Self::Done> {
        let of = |id| {
            let partition = partitions.find(LogApi::DescribeProducers, &id)?;
            Ok(partition.log().active_producers())
        };
        items.into_iter().map(|(id, ())| of(id)).collect()
    }
}

fn state(producer: ActiveProducer) -> ProducerState {
    ProducerState {
        producer_id: producer.id.get(),
        producer_epoch: i32::from(producer.epoch.get()),
        last_sequence: producer.last_sequence.map_or(-1, |sequence| sequence.get()),
        last_timestamp: producer.last_timestamp.get(),
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.transaction_first.map_or(-1, Offset::get),
    }
}

#[cfg(test)]
mod tests {
    use corelog_model::{ProducerEpoch, ProducerId, Sequence, TimestampMs};

    use super::*;
    use crate::cluster::test_image::{id, image};

    #[test]
    fn partitions_are_found() {
        let image = image(&[("a", 1)]);
        let index = PartitionIndex::new;
        let check = |name, at, expected| {
            let found = find(&image, name, index(at)).map_err(|failure| failure.code);
            assert_eq!(found, expected, "{name} {at}");
        };
        let first = PartitionId {
            topic: id(0),
            index: index(0),
        };
        check("a", 0, Ok(first));
        check("a", 1, Err(ErrorCode::UnknownTopicOrPartition));
        check("a", -1, Err(ErrorCode::UnknownTopicOrPartition));
        check("b", 0, Err(ErrorCode::UnknownTopicOrPartition));
        check("?", 0, Err(ErrorCode::InvalidTopicException));
    }

    #[test]
    fn a_producer_on_the_wire() {
        let producer = ActiveProducer {
            id: ProducerId::new(7),
            epoch: ProducerEpoch::new(2),
            last_sequence: Sequence::new(5),
            last_timestamp: TimestampMs::new(9),
            coordinator_epoch: 3,
            transaction_first: Offset::new(11),
        };
        let expected = ProducerState {
            producer_id: 7,
            producer_epoch: 2,
            last_sequence: 5,
            last_timestamp: 9,
            coordinator_epoch: 3,
            current_txn_start_offset: 11,
        };
        assert_eq!(state(producer), expected);
        let fresh = ActiveProducer {
            last_sequence: None,
            transaction_first: None,
            ..producer
        };
        assert_eq!(state(fresh).last_sequence, -1);
        assert_eq!(state(fresh).current_txn_start_offset, -1);
    }
}
