//! ElectLeaders (API key 43): leaders do not move yet, so every election is one that is not needed.

use corelog_metadata::MetadataImage;
use corelog_model::PartitionIndex;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
};

use crate::clients::RequestContext;
use crate::cluster::MetadataCache;

/// Kafka's number of the election that makes the first replica the leader.
const PREFERRED: i8 = 0;
/// Of the one that makes any replica the leader of a partition without one.
const UNCLEAN: i8 = 1;

/// Answers for each partition from this shard's image. Asked for all partitions it names, as Kafka does, those alone
/// that need an election: none.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    _context: &RequestContext,
    request: ElectLeadersRequest,
) -> ElectLeadersResponse {
    // Of no partition, nothing is asked (`QuorumController.electLeaders`).
    let is_of_none = request.topic_partitions.as_ref().is_some_and(Vec::is_empty);
    let is_known = is_of_none || matches!(request.election_type, PREFERRED | UNCLEAN);
    let image = metadata.image();
    let topics = request.topic_partitions.unwrap_or_default().into_iter();
    let results: Vec<ReplicaElectionResult> = topics
        .map(|topic| ReplicaElectionResult {
            partition_result: topic
                .partitions
                .iter()
                .map(|index| {
                    if is_known {
                        elect(&image, &topic.topic, *index, request.election_type)
                    } else {
                        refuse(*index)
                    }
                })
                .collect(),
            topic: topic.topic,
        })
        .collect();
    let code = if is_known {
        ErrorCode::None
    } else {
        ErrorCode::InvalidRequest
    };
    ElectLeadersResponse {
        error_code: code.code(),
        replica_election_results: results,
        ..Default::default()
    }
}

/// Of an election that there is not; Kafka tells it of each partition, too (`ElectLeadersRequest.getErrorResponse`).
fn refuse(index: i32) -> PartitionResult {
    PartitionResult {
        partition_id: index,
        error_code: ErrorCode::InvalidRequest.code(),
        error_message: Some(ErrorCode::InvalidRequest.message().to_owned()),
    }
}

fn elect(image: &MetadataImage, topic: &str, index: i32, election: i8) -> PartitionResult {
    let known = image
        .topic(topic)
        .and_then(|topic| topic.partition(PartitionIndex::new(index)));
    let code = match known {
        None => ErrorCode::UnknownTopicOrPartition,
        Some(partition) if election == PREFERRED && partition.replicas.first() != Some(&partition.leader) => {
            ErrorCode::PreferredLeaderNotAvailable
        }
        Some(_) => ErrorCode::ElectionNotNeeded,
    };
    PartitionResult {
        partition_id: index,
        error_code: code.code(),
        error_message: Some(code.message().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::test_image::image;

    #[test]
    fn no_election_is_needed() {
        let image = image(&[("a", 1)]);
        let cases = [
            ("a", 0, ErrorCode::ElectionNotNeeded),
            ("a", 1, ErrorCode::UnknownTopicOrPartition),
            ("b", 0, ErrorCode::UnknownTopicOrPartition),
        ];
        for (topic, index, expected) in cases {
            for election in [PREFERRED, UNCLEAN] {
                let result = elect(&image, topic, index, election);
                assert_eq!((result.partition_id, result.error_code), (index, expected.code()));
            }
        }
    }
}
