//! OffsetFetch (API key 9): how far groups have read. Before version 8 one group, then many (KIP-709).

use corelog_groups::{
    self as groups, CommittedOffset, FetchedOffset, GroupId, OffsetFetchTopic, Request, Response,
};
use corelog_metadata::MetadataImage;
use corelog_model::{PartitionIndex, TopicId, TopicName};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponse,
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use futures_util::future::join_all;

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::group_code;
use crate::memory::Memory;
use crate::shard::Shards;

/// From this version on the response has an error of its own.
const GROUP_ERROR: i16 = 2;
/// From this version on a request asks for many groups.
const MANY_GROUPS: i16 = 8;
/// From this version on topics are named by their ids.
const TOPIC_IDS: i16 = 10;

/// Asks the coordinator of each group.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    memory: &Memory,
    context: &RequestContext,
    request: OffsetFetchRequest,
) -> OffsetFetchResponse {
    let (version, require_stable) = (context.version, request.require_stable);
    let asks_for_all = if version >= MANY_GROUPS {
        request.groups.iter().any(|group| group.topics.is_none())
    } else {
        request.topics.is_none()
    };
    if asks_for_all {
        // How much the groups have committed is not known here.
        memory.answers.begin(context, usize::MAX).await;
    }
    if version >= MANY_GROUPS {
        let groups = request.groups.into_iter();
        let fetched = groups.map(|group| fetch(metadata, shards, version, require_stable, group));
        return OffsetFetchResponse {
            groups: join_all(fetched).await,
            ..Default::default()
        };
    }
    let asked = request.topics.map(|topics| {
        let topics = topics.into_iter().map(|topic| OffsetFetchRequestTopics {
            name: topic.name,
            partition_indexes: topic.partition_indexes,
            ..Default::default()
        });
        topics.collect::<Vec<_>>()
    });
    let group = OffsetFetchRequestGroup {
        group_id: request.group_id,
        topics: asked.clone(),
        ..Default::default()
    };
    let group = fetch(metadata, shards, version, require_stable, group).await;
    one_group(group, asked, version)
}

async fn fetch(
    metadata: &MetadataCache,
    shards: &Shards,
    version: i16,
    require_stable: bool,
    group: OffsetFetchRequestGroup,
) -> OffsetFetchResponseGroup {
    let image = metadata.image();
    let mut answers = Vec::new();
    let asks_for_all = group.topics.is_none();
    let topics = group.topics.map(|topics| {
        let known = topics.into_iter().filter_map(|topic| {
            let resolved = resolve(&image, topic, version);
            resolved.map_err(|answer| answers.push(answer)).ok()
        });
        known.collect()
    });
    let request = Request::OffsetFetch(groups::OffsetFetchRequest {
        group_id: GroupId::new(&group.group_id),
        require_stable,
        topics,
    });
    let mut response = OffsetFetchResponseGroup {
        group_id: group.group_id,
        ..Default::default()
    };
    match coordinator::ask(metadata, shards, &response.group_id, request).await {
        Response::OffsetFetch(Ok(topics)) => {
            let fetched = topics.into_iter().filter_map(|topic| {
                let id = wire_id(&image, &topic);
                // Offsets of a topic that has gone cannot be named by an id.
                let is_named = version < TOPIC_IDS || !asks_for_all || id != TopicId::ZERO;
                is_named.then(|| OffsetFetchResponseTopics {
                    name: topic.topic.to_string(),
                    topic_id: id,
                    partitions: topic.partitions.into_iter().map(to_wire).collect(),
                })
            });
            answers.extend(fetched);
            response.topics = answers;
        }
        Response::OffsetFetch(Err(error)) => response.error_code = group_code(&error).code(),
        _ => unreachable!("an OffsetFetch is answered as one"),
    }
    response
}

/// Finds what the coordinator knows the topic by, or the answer for one that nothing can be committed for.
fn resolve(
    image: &MetadataImage,
    topic: OffsetFetchRequestTopics,
    version: i16,
) -> Result<OffsetFetchTopic<PartitionIndex>, OffsetFetchResponseTopics> {
    let by_id = version >= TOPIC_IDS;
    let (name, topic_id) = if by_id {
        match image.topic_by_id(topic.topic_id) {
            Some(known) => (known.name.clone(), known.id),
            None => return Err(nothing(topic, ErrorCode::UnknownTopicId)),
        }
    } else {
        // The id keeps offsets of an earlier topic of this name out.
        let id = image.topic(&topic.name).map_or(TopicId::ZERO, |known| known.id);
        match TopicName::new(&topic.name) {
            Ok(name) => (name, id),
            Err(_) => return Err(nothing(topic, ErrorCode::None)),
        }
    };
    Ok(OffsetFetchTopic {
        topic: name,
        topic_id,
        partitions: topic
            .partition_indexes
            .into_iter()
            .map(PartitionIndex::new)
            .collect(),
    })
}

fn wire_id(image: &MetadataImage, topic: &OffsetFetchTopic<FetchedOffset>) -> TopicId {
    if topic.topic_id != TopicId::ZERO {
        return topic.topic_id;
    }
    let known = image.topic(topic.topic.as_str());
    known.map_or(TopicId::ZERO, |known| known.id)
}

fn nothing(topic: OffsetFetchRequestTopics, code: ErrorCode) -> OffsetFetchResponseTopics {
    let partitions = topic.partition_indexes.into_iter();
    OffsetFetchResponseTopics {
        name: topic.name,
        topic_id: topic.topic_id,
        partitions: partitions
            .map(|index| partition(index, None, code.code()))
            .collect(),
    }
}

fn to_wire(fetched: FetchedOffset) -> OffsetFetchResponsePartitions {
    let index = fetched.partition.get();
    match fetched.committed {
        Ok(committed) => partition(index, committed, ErrorCode::None.code()),
        Err(error) => partition(index, None, group_code(&error).code()),
    }
}

fn partition(index: i32, committed: Option<CommittedOffset>, code: i16) -> OffsetFetchResponsePartitions {
    let epoch = committed.as_ref().and_then(|committed| committed.leader_epoch);
    OffsetFetchResponsePartitions {
        partition_index: index,
        committed_offset: committed.as_ref().map_or(-1, |committed| committed.offset.get()),
        committed_leader_epoch: epoch.map_or(-1, |epoch| epoch.get()),
        metadata: Some(committed.map(|committed| committed.metadata).unwrap_or_default()),
        error_code: code,
    }
}

/// The response of the versions that ask for one group.
fn one_group(
    group: OffsetFetchResponseGroup,
    asked: Option<Vec<OffsetFetchRequestTopics>>,
    version: i16,
) -> OffsetFetchResponse {
    let topics = if group.error_code != 0 && version < GROUP_ERROR {
        let each = asked.unwrap_or_default().into_iter().map(|topic| {
            let partitions = topic.partition_indexes.into_iter();
            OffsetFetchResponseTopics {
                name: topic.name,
                partitions: partitions
                    .map(|index| partition(index, None, group.error_code))
                    .collect(),
                ..Default::default()
            }
        });
        each.collect()
    } else {
        group.topics
    };
    let topics = topics.into_iter().map(|topic| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic
            .partitions
            .into_iter()
            .map(|partition| OffsetFetchResponsePartition {
                partition_index: partition.partition_index,
                committed_offset: partition.committed_offset,
                committed_leader_epoch: partition.committed_leader_epoch,
                metadata: partition.metadata,
                error_code: partition.error_code,
            })
            .collect(),
    });
    OffsetFetchResponse {
        topics: topics.collect(),
        error_code: group.error_code,
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> OffsetFetchRequestTopics {
        OffsetFetchRequestTopics {
            name: "t".to_owned(),
            partition_indexes: vec![0, 7],
            ..Default::default()
        }
    }

    #[test]
    fn without_an_offset_minus_one_and_an_empty_text_are_answered() {
        let fetched = to_wire(FetchedOffset {
            partition: PartitionIndex::new(3),
            committed: Ok(None),
        });
        assert_eq!((fetched.partition_index, fetched.committed_offset), (3, -1));
        assert_eq!(fetched.committed_leader_epoch, -1);
        assert_eq!(fetched.metadata.as_deref(), Some(""));
    }

    #[test]
    fn version_1_has_a_groups_error_on_each_partition() {
        let group = || OffsetFetchResponseGroup {
            error_code: ErrorCode::NotCoordinator.code(),
            ..Default::default()
        };
        let old = one_group(group(), Some(vec![asked()]), 1);
        let codes = old.topics[0]
            .partitions
            .iter()
            .map(|partition| partition.error_code);
        assert_eq!(codes.collect::<Vec<_>>(), [16, 16]);
        let newer = one_group(group(), Some(vec![asked()]), 2);
        assert_eq!((newer.error_code, newer.topics.len()), (16, 0));
    }

    #[test]
    fn unknown_ids_are_errors_and_unknown_names_are_not() {
        let image = MetadataImage::new("cluster");
        let unknown = resolve(&image, asked(), TOPIC_IDS).expect_err("no such id");
        assert_eq!(unknown.partitions[1].error_code, ErrorCode::UnknownTopicId.code());
        let resolved = resolve(&image, asked(), TOPIC_IDS - 1).expect("any name");
        assert_eq!(resolved.topic_id, TopicId::ZERO);
        let bad = OffsetFetchRequestTopics {
            name: "no/name".to_owned(),
            ..asked()
        };
        let nothing = resolve(&image, bad, 9).expect_err("no topic can have this name");
        assert_eq!(nothing.partitions[0].error_code, 0);
        assert_eq!(nothing.partitions[0].committed_offset, -1);
    }
}
