//! DescribeTopicPartitions (API key 75): topics in pages (KIP-966; Kafka's `DescribeTopicPartitionsRequestHandler`).
//!
//! Pages follow the order of the names. The cursor of an answer is the first partition that did not fit; a client sends
//! it back with the same topics.

use std::collections::BTreeSet;

use corelog_metadata::{MetadataImage, PartitionImage, TopicImage, names};
use corelog_model::TopicName;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::describe_topic_partitions::{
    CursorResponse, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};

use crate::api::authorized;
use crate::clients::RequestContext;
use crate::cluster::{ClusterView, MetadataCache};
use crate::error_codes::topic_name_failure;
use crate::memory::Memory;

/// What a partition takes of an answer, about, in bytes.
const PARTITION_BYTES: usize = 64;

/// Answers from this shard's image.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    memory: &Memory,
    context: &RequestContext,
    request: DescribeTopicPartitionsRequest,
) -> DescribeTopicPartitionsResponse {
    let max = usize::try_from(metadata.config().network.described_partitions_max).unwrap_or(usize::MAX);
    let asked = usize::try_from(request.response_partition_limit).unwrap_or(0);
    let bytes = asked.min(max).saturating_mul(PARTITION_BYTES);
    memory.answers.begin(context, bytes).await;
    let view = metadata.identity.seen_from(&context.client.listener);
    describe(&request, &metadata.image(), view, max)
}

fn describe(
    request: &DescribeTopicPartitionsRequest,
    image: &MetadataImage,
    view: ClusterView<'_>,
    partitions_max: usize,
) -> DescribeTopicPartitionsResponse {
    let (start, start_partition) = match &request.cursor {
        Some(cursor) => match usize::try_from(cursor.partition_index) {
            Ok(partition) => (cursor.topic_name.as_str(), partition),
            Err(_) => return refuse(request),
        },
        None => ("", 0),
    };
    let are_all_asked = request.topics.is_empty();
    let asked: BTreeSet<&str> = if are_all_asked {
        image.topics().map(|topic| topic.name.as_str()).collect()
    } else {
        request.topics.iter().map(|topic| topic.name.as_str()).collect()
    };
    if !are_all_asked && request.cursor.is_some() && !asked.contains(start) {
        return refuse(request);
    }
    let limit = usize::try_from(request.response_partition_limit).unwrap_or(0);
    let mut remaining = limit.min(partitions_max).max(1);
    let mut response = DescribeTopicPartitionsResponse::default();
    for name in asked.range(start..) {
        if remaining == 0 {
            response.next_cursor = Some(cursor(name, 0));
            break;
        }
        let Some(topic) = image.topic(name) else {
            response.topics.push(unknown(name));
            continue;
        };
        let from = if *name == start { start_partition } else { 0 };
        let count = topic.partitions.len();
        let end = from.saturating_add(remaining).min(count);
        let page = topic.partitions.get(from..end).unwrap_or_default();
        response.topics.push(described(view, topic, page));
        if end < count {
            response.next_cursor = Some(cursor(name, end));
            break;
        }
        remaining -= page.len();
    }
    response
}

fn cursor(name: &str, partition: usize) -> CursorResponse {
    CursorResponse {
        topic_name: name.to_owned(),
        partition_index: i32::try_from(partition).unwrap_or(i32::MAX),
    }
}

/// The answer has no error of its own, so that of the request stands with each topic.
fn refuse(request: &DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
    let topics = request
        .topics
        .iter()
        .map(|topic| DescribeTopicPartitionsResponseTopic {
            error_code: ErrorCode::InvalidRequest.code(),
            name: Some(topic.name.clone()),
            ..Default::default()
        });
    DescribeTopicPartitionsResponse {
        topics: topics.collect(),
        ..Default::default()
    }
}

fn unknown(name: &str) -> DescribeTopicPartitionsResponseTopic {
    let code = match TopicName::new(name) {
        Ok(_) => ErrorCode::UnknownTopicOrPartition,
        Err(error) => topic_name_failure(&error).code,
    };
    DescribeTopicPartitionsResponseTopic {
        error_code: code.code(),
        name: Some(name.to_owned()),
        is_internal: names::is_internal(name),
        topic_authorized_operations: authorized::TOPIC,
        ..Default::default()
    }
}

fn described(
    view: ClusterView<'_>,
    topic: &TopicImage,
    page: &[PartitionImage],
) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic {
        error_code: 0,
        name: Some(topic.name.to_string()),
        topic_id: topic.id,
        is_internal: topic.is_internal(),
        partitions: page.iter().map(|of| partition(view, topic, of)).collect(),
        topic_authorized_operations: authorized::TOPIC,
    }
}

fn partition(
    view: ClusterView<'_>,
    topic: &TopicImage,
    partition: &PartitionImage,
) -> DescribeTopicPartitionsResponsePartition {
    DescribeTopicPartitionsResponsePartition {
        error_code: 0,
        partition_index: partition.index.get(),
        leader_id: view.node_for(partition.leader, topic, partition),
        leader_epoch: partition.leader_epoch.get(),
        replica_nodes: view.nodes_for(&partition.replicas, topic, partition),
        isr_nodes: view.nodes_for(&partition.in_sync_replicas, topic, partition),
        eligible_leader_replicas: Some(Vec::new()),
        last_known_elr: Some(Vec::new()),
        offline_replicas: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use corelog_protocol::messages::describe_topic_partitions::{CursorRequest, TopicRequest};

    use super::*;
    use crate::cluster::test_image::{LISTENER, identity, image};

    const TOPICS: &[(&str, usize)] = &[("c", 2), ("a", 3), ("b", 1)];

    struct Case {
        topics: &'static [&'static str],
        cursor: Option<(&'static str, i32)>,
        limit: i32,
    }

    /// Checks topics as `name:first-partition+count` or `name!code`, and the cursor.
    fn check(case: &Case, expected: &str, next: Option<(&str, i32)>) {
        let request = DescribeTopicPartitionsRequest {
            topics: case
                .topics
                .iter()
                .map(|name| TopicRequest {
                    name: (*name).to_owned(),
                })
                .collect(),
            response_partition_limit: case.limit,
            cursor: case.cursor.map(|(name, partition_index)| CursorRequest {
                topic_name: name.to_owned(),
                partition_index,
            }),
        };
        let response = describe(&request, &image(TOPICS), identity(None).seen_from(LISTENER), 5);
        let text: Vec<String> = response
            .topics
            .iter()
            .map(|topic| {
                let name = topic.name.as_deref().unwrap();
                let first = topic
                    .partitions
                    .first()
                    .map_or(-1, |partition| partition.partition_index);
                match topic.error_code {
                    0 => format!("{name}:{first}+{}", topic.partitions.len()),
                    code => format!("{name}!{code}"),
                }
            })
            .collect();
        assert_eq!(text.join(" "), expected);
        let cursor = response.next_cursor.as_ref();
        assert_eq!(
            cursor.map(|cursor| (cursor.topic_name.as_str(), cursor.partition_index)),
            next
        );
    }

    #[test]
    fn pages() {
        let all = |cursor, limit| Case {
            topics: &[],
            cursor,
            limit,
        };
        check(&all(None, 2000), "a:0+3 b:0+1 c:0+1", Some(("c", 1)));
        check(&all(Some(("c", 1)), 2000), "c:1+1", None);
        check(&all(None, 2), "a:0+2", Some(("a", 2)));
        check(&all(Some(("a", 2)), 2), "a:2+1 b:0+1", Some(("c", 0)));
        check(&all(Some(("c", 0)), 2), "c:0+2", None);
        check(&all(None, 0), "a:0+1", Some(("a", 1)));
        check(&all(None, -1), "a:0+1", Some(("a", 1)));
        // The topic of the cursor is gone, or has no such partition.
        check(&all(Some(("bb", 7)), 9), "c:0+2", None);
        check(&all(Some(("c", 7)), 9), "c:-1+0", None);
        check(&all(Some(("z", 0)), 9), "", None);
    }

    #[test]
    fn chosen_topics() {
        let some = |topics, cursor| Case {
            topics,
            cursor,
            limit: 9,
        };
        check(&some(&["c", "a", "c"], None), "a:0+3 c:0+2", None);
        check(&some(&["c", "a"], Some(("c", 1))), "c:1+1", None);
        check(&some(&["x", "b", "?"], None), "?!17 b:0+1 x!3", None);
        check(&some(&["a", "b"], Some(("c", 0))), "a!42 b!42", None);
        check(&some(&["a"], Some(("a", -1))), "a!42", None);
    }
}
