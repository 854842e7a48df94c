//! OffsetDelete (API key 47): removes offsets of topics that the group no longer reads (KIP-496).

use corelog_groups::{self as groups, GroupId, Request, Response};
use corelog_model::PartitionIndex;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::{group_code, group_result_code};
use crate::shard::Shards;

/// Answers for partitions that are not there and has the group's coordinator remove the rest; a topic that is there and
/// has no partitions in the request is not answered (`KafkaApis.handleOffsetDeleteRequest`).
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    _context: &RequestContext,
    request: OffsetDeleteRequest,
) -> OffsetDeleteResponse {
    let image = metadata.image();
    let mut topics = Vec::with_capacity(request.topics.len());
    let mut answers = Vec::new();
    for topic in request.topics {
        let known = image.topic(&topic.name);
        let indexes = topic.partitions.iter();
        let indexes = indexes.map(|partition| PartitionIndex::new(partition.partition_index));
        let is_there = |index: &PartitionIndex| known.is_some_and(|known| known.partition(*index).is_some());
        let (there, missing): (Vec<_>, Vec<_>) = indexes.partition(is_there);
        if known.is_none() || !missing.is_empty() {
            let unknown = ErrorCode::UnknownTopicOrPartition.code();
            let missing = missing.into_iter().map(|index| (index.get(), unknown));
            add(&mut answers, &topic.name, missing);
        }
        if let Some(known) = known.filter(|_| !there.is_empty()) {
            topics.push((known.name.clone(), there));
        }
    }
    let delete = Request::OffsetDelete(groups::OffsetDeleteRequest {
        group_id: GroupId::new(&request.group_id),
        topics,
    });
    match coordinator::ask(metadata, shards, &request.group_id, delete).await {
        Response::OffsetDelete(Ok(results)) => {
            for topic in results {
                let partitions = topic.partitions.into_iter();
                let codes = partitions.map(|of| (of.partition.get(), group_result_code(&of.result)));
                add(&mut answers, topic.topic.as_str(), codes);
            }
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

/// Adds partitions with their codes to the answer for their topic.
fn add(answers: &mut Vec<OffsetDeleteResponseTopic>, name: &str, codes: impl Iterator<Item = (i32, i16)>) {
    let partitions = codes.map(|(partition_index, error_code)| OffsetDeleteResponsePartition {
        partition_index,
        error_code,
    });
    match answers.iter_mut().find(|answer| answer.name == name) {
        Some(answer) => answer.partitions.extend(partitions),
        None => answers.push(OffsetDeleteResponseTopic {
            name: name.to_owned(),
            partitions: partitions.collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_answered_once() {
        let mut answers = Vec::new();
        add(&mut answers, "a", [(7, 3)].into_iter());
        add(&mut answers, "b", [].into_iter());
        add(&mut answers, "a", [(0, 0), (1, 86)].into_iter());
        let found: Vec<(&str, Vec<(i32, i16)>)> = answers
            .iter()
            .map(|answer| {
                let partitions = answer.partitions.iter();
                let codes = partitions.map(|of| (of.partition_index, of.error_code));
                (answer.name.as_str(), codes.collect())
            })
            .collect();
        assert_eq!(found, [("a", vec![(7, 3), (0, 0), (1, 86)]), ("b", vec![])]);
    }
}
