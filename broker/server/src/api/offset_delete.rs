//! OffsetDelete (API key 47): removes offsets of topics that the group no longer reads (KIP-496).

use std::rc::Rc;

use corelog_groups::{self as groups, GroupId, Request, Response};
use corelog_model::PartitionIndex;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestTopic, OffsetDeleteResponse, OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
};

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::error_codes::{group_code, group_result_code};
use crate::shard::Shard;

/// Answers for topics that are not there and has the group's coordinator remove the rest.
pub(crate) async fn handle(
    shard: Rc<Shard>,
    _context: RequestContext,
    request: OffsetDeleteRequest,
) -> OffsetDeleteResponse {
    let image = shard.image();
    let mut topics = Vec::with_capacity(request.topics.len());
    let mut answers = Vec::new();
    for topic in request.topics {
        match image.topic(&topic.name) {
            Some(known) => {
                let partitions = topic.partitions.iter();
                let partitions = partitions.map(|partition| PartitionIndex::new(partition.partition_index));
                topics.push((known.name.clone(), partitions.collect()));
            }
            None => answers.push(unknown(topic)),
        }
    }
    let delete = Request::OffsetDelete(groups::OffsetDeleteRequest {
        group_id: GroupId::new(&request.group_id),
        topics,
    });
    match coordinator::ask(&shard, &request.group_id, delete).await {
        Response::OffsetDelete(Ok(results)) => {
            let results = results.into_iter().map(|topic| OffsetDeleteResponseTopic {
                name: topic.topic.to_string(),
                partitions: topic
                    .partitions
                    .into_iter()
                    .map(|partition| OffsetDeleteResponsePartition {
                        partition_index: partition.partition.get(),
                        error_code: group_result_code(&partition.result),
                    })
                    .collect(),
            });
            answers.extend(results);
            OffsetDeleteResponse {
                topics: answers,
                ..Default::default()
            }
        }
        Response::OffsetDelete(Err(error)) => OffsetDeleteResponse {
            error_code: group_code(&error).code(),
            ..Default::default()
        },
        _ => unreachable!("an OffsetDelete is answered as one"),
    }
}

fn unknown(topic: OffsetDeleteRequestTopic) -> OffsetDeleteResponseTopic {
    let partitions = topic
        .partitions
        .into_iter()
        .map(|partition| OffsetDeleteResponsePartition {
            partition_index: partition.partition_index,
            error_code: ErrorCode::UnknownTopicOrPartition.code(),
        });
    OffsetDeleteResponseTopic {
        name: topic.name,
        partitions: partitions.collect(),
    }
}
