//! AlterPartitionReassignments (API key 45): replicas do not move yet, so only what already is can be asked for.

use corelog_metadata::MetadataImage;
use corelog_model::{BrokerId, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition,
    ReassignablePartitionResponse, ReassignableTopicResponse,
};

use crate::api::changes;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::Failure;

/// Answers for each partition from this shard's image.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    _context: &RequestContext,
    request: AlterPartitionReassignmentsRequest,
) -> AlterPartitionReassignmentsResponse {
    let image = metadata.image();
    let mut responses = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let partitions = topic.partitions.iter().map(|partition| {
            let checked = check(&image, &topic.name, partition);
            let (error_code, error_message) = changes::code_and_message(&checked);
            ReassignablePartitionResponse {
                partition_index: partition.partition_index,
                error_code,
                error_message,
            }
        });
        responses.push(ReassignableTopicResponse {
            partitions: partitions.collect(),
            name: topic.name,
        });
    }
    AlterPartitionReassignmentsResponse {
        allow_replication_factor_change: request.allow_replication_factor_change,
        error_message: None,
        responses,
        ..Default::default()
    }
}

fn check(image: &MetadataImage, topic: &str, asked: &ReassignablePartition) -> Result<(), Failure> {
    let index = PartitionIndex::new(asked.partition_index);
    let known = image.topic(topic).and_then(|topic| topic.partition(index));
    let partition = known.ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let Some(replicas) = &asked.replicas else {
        return Err(ErrorCode::NoReassignmentInProgress.into());
    };
    if partition
        .replicas
        .iter()
        .map(|id| id.get())
        .eq(replicas.iter().copied())
    {
        return Ok(());
    }
    let stranger = replicas
        .iter()
        .find(|id| image.broker(BrokerId::new(**id)).is_none());
    let text = match stranger {
        Some(id) => format!("there is no broker {id}"),
        None => "replicas cannot be moved".to_owned(),
    };
    Err(Failure::new(ErrorCode::InvalidReplicaAssignment, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::test_image::image;

    #[test]
    fn only_what_is_can_be() {
        let image = image(&[("a", 1)]);
        let cases = [
            ("a", 0, Some(vec![1]), Ok(())),
            ("a", 0, Some(vec![2]), Err(ErrorCode::InvalidReplicaAssignment)),
            ("a", 0, Some(vec![9]), Err(ErrorCode::InvalidReplicaAssignment)),
            ("a", 0, Some(vec![]), Err(ErrorCode::InvalidReplicaAssignment)),
            ("a", 0, None, Err(ErrorCode::NoReassignmentInProgress)),
            ("a", 1, None, Err(ErrorCode::UnknownTopicOrPartition)),
            ("b", 0, Some(vec![1]), Err(ErrorCode::UnknownTopicOrPartition)),
        ];
        for (topic, partition_index, replicas, expected) in cases {
            let asked = ReassignablePartition {
                partition_index,
                replicas,
            };
            let checked = check(&image, topic, &asked).map_err(|failure| failure.code);
            assert_eq!(checked, expected, "{topic} {asked:?}");
        }
    }
}
