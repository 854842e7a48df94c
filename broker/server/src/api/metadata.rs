//! Metadata (API key 3): brokers, topics, and who leads what. Creates missing topics where both sides allow it.

use std::collections::BTreeSet;
use std::sync::Arc;

use corelog_controller::ControllerRequest;
use corelog_metadata::{MetadataImage, PartitionImage, TopicImage, names};
use corelog_model::{TopicId, TopicName};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker,
    MetadataResponsePartition, MetadataResponseTopic,
};

use crate::api::authorized;
use crate::clients::RequestContext;
use crate::cluster::{ClusterView, MetadataCache};
use crate::error_codes::{change_failure, topic_name_failure};
use crate::memory::Memory;
use crate::metadata::change;
use crate::metadata::internal_topics::defaults_for;
use crate::shard::ControllerChannel;

/// From this version on an empty list of topics means none; before, all.
const EMPTY_IS_NONE: i16 = 1;
/// From this version on a topic may be named by its id alone. Versions 10 and 11 have the field, and Kafka takes none.
const TOPIC_IDS: i16 = 12;

/// What a topic and a partition take of an answer, about, in bytes.
const TOPIC_BYTES: usize = 64;
const PARTITION_BYTES: usize = 48;

/// Answers from this shard's image.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    controller: &ControllerChannel,
    memory: &Memory,
    context: &RequestContext,
    request: MetadataRequest,
) -> MetadataResponse {
    let image = metadata.image();
    let view = metadata.identity.seen_from(&context.client.listener);
    let mut response = MetadataResponse {
        brokers: view
            .nodes(&image)
            .into_iter()
            .map(|node| MetadataResponseBroker {
                node_id: node.id,
                host: node.host,
                port: node.port,
                rack: node.rack,
            })
            .collect(),
        cluster_id: Some(metadata.identity.cluster_id.clone()),
        controller_id: metadata.identity.broker.get(),
        cluster_authorized_operations: authorized::report(
            request.include_cluster_authorized_operations,
            authorized::CLUSTER,
        ),
        ..Default::default()
    };
    let operations = authorized::report(request.include_topic_authorized_operations, authorized::TOPIC);
    let asked = match request.topics {
        Some(topics) if context.version < TOPIC_IDS && topics.iter().any(is_without_name) => {
            return refuse(topics);
        }
        Some(topics) if !topics.is_empty() || context.version >= EMPTY_IS_NONE => once(topics),
        Some(_) | None => {
            let bytes = image.topic_count() * TOPIC_BYTES + image.partition_count() * PARTITION_BYTES;
            memory.answers.begin(context, bytes).await;
            let mut all: Vec<&Arc<TopicImage>> = image.topics().collect();
            all.sort_by(|a, b| a.name.cmp(&b.name));
            response.topics = all
                .into_iter()
                .map(|topic| describe(view, topic, operations))
                .collect();
            return response;
        }
    };
    let may_create = request.allow_auto_topic_creation && metadata.config().topics.is_auto_creation_enabled;
    let missing: BTreeSet<String> = asked
        .iter()
        .filter_map(|topic| topic.name.clone().filter(|_| topic.topic_id == TopicId::ZERO))
        .filter(|name| image.topic(name).is_none())
        .collect();
    let (image, refused) = if may_create && !missing.is_empty() {
        create(metadata, controller, missing).await
    } else {
        (image, Vec::new())
    };
    let partitions = |topic| known(&image, topic).map_or(0, |topic| topic.partitions.len());
    let bytes = asked.iter().map(partitions).sum::<usize>() * PARTITION_BYTES;
    memory.answers.begin(context, bytes).await;
    for topic in asked {
        let by_id = topic.topic_id != TopicId::ZERO;
        let known = known(&image, &topic);
        response.topics.push(match known {
            Some(topic) => describe(view, topic, operations),
            // Of an id without a topic Kafka tells neither a name nor what may be done with it.
            None if by_id => MetadataResponseTopic {
                error_code: ErrorCode::UnknownTopicId.code(),
                name: None,
                topic_id: topic.topic_id,
                topic_authorized_operations: authorized::NOT_ASKED,
                ..Default::default()
            },
            None => MetadataResponseTopic {
                error_code: unknown(&topic.name, &refused).code(),
                name: topic.name,
                topic_authorized_operations: operations,
                ..Default::default()
            },
        });
    }
    response
}

/// Each topic once. If one is asked for by its id, those that are asked for by name are left out
/// (`KafkaApis.handleTopicMetadataRequest`).
fn once(mut topics: Vec<MetadataRequestTopic>) -> Vec<MetadataRequestTopic> {
    let has_id = |topic: &MetadataRequestTopic| topic.topic_id != TopicId::ZERO;
    if topics.iter().any(has_id) {
        let mut ids = BTreeSet::new();
        topics.retain(|topic| has_id(topic) && ids.insert(topic.topic_id));
    } else {
        let mut names = BTreeSet::new();
        topics.retain(|topic| names.insert(topic.name.clone()));
    }
    topics
}

/// The topic that is asked for, if there is one: by its id when it has one, else by its name.
fn known<'a>(image: &'a MetadataImage, topic: &MetadataRequestTopic) -> Option<&'a Arc<TopicImage>> {
    match &topic.name {
        Some(name) if topic.topic_id == TopicId::ZERO => image.topic(name),
        Some(_) | None => image.topic_by_id(topic.topic_id),
    }
}

fn is_without_name(topic: &MetadataRequestTopic) -> bool {
    topic.name.is_none() || topic.topic_id != TopicId::ZERO
}

/// Refuses a request as a whole, as Kafka's `MetadataRequest.getErrorResponse` does: a name that is null is empty, since
/// the answer's may not be null in these versions.
fn refuse(topics: Vec<MetadataRequestTopic>) -> MetadataResponse {
    let refused = topics.into_iter().map(|topic| MetadataResponseTopic {
        error_code: ErrorCode::InvalidRequest.code(),
        name: Some(topic.name.unwrap_or_default()),
        topic_id: topic.topic_id,
        ..Default::default()
    });
    MetadataResponse {
        topics: refused.collect(),
        ..Default::default()
    }
}

/// Creates topics with the defaults; returns the image after that and the names that were refused, with the reason.
async fn create(
    metadata: &MetadataCache,
    controller: &ControllerChannel,
    missing: BTreeSet<String>,
) -> (Arc<MetadataImage>, Vec<(String, ErrorCode)>) {
    let config = metadata.config();
    let requests = missing
        .iter()
        .map(|name| ControllerRequest::CreateTopic(defaults_for(&config, name)))
        .collect();
    let results = change(controller, requests, false).await;
    let refused = missing
        .into_iter()
        .zip(results)
        .filter_map(|(name, result)| match result {
            Ok(_) => None,
            Err(error) => Some((name, change_failure(&error).code)),
        });
    (metadata.image(), refused.collect())
}

fn unknown(name: &Option<String>, refused: &[(String, ErrorCode)]) -> ErrorCode {
    let Some(name) = name else {
        return ErrorCode::InvalidRequest;
    };
    if let Err(error) = TopicName::new(name) {
        return topic_name_failure(&error).code;
    }
    if names::is_reserved(name) {
        return ErrorCode::InvalidTopicException;
    }
    let code = refused
        .iter()
        .find(|(refused, _)| refused == name)
        .map(|(_, code)| *code);
    match code {
        // Another client was faster, and its topic has gone again.
        Some(ErrorCode::TopicAlreadyExists) | None => ErrorCode::UnknownTopicOrPartition,
        Some(code) => code,
    }
}

fn describe(view: ClusterView<'_>, topic: &TopicImage, operations: i32) -> MetadataResponseTopic {
    MetadataResponseTopic {
        error_code: 0,
        name: Some(topic.name.to_string()),
        topic_id: topic.id,
        is_internal: topic.is_internal(),
        partitions: topic
            .partitions
            .iter()
            .map(|of| partition(view, topic, of))
            .collect(),
        topic_authorized_operations: operations,
    }
}

fn partition(
    view: ClusterView<'_>,
    topic: &TopicImage,
    partition: &PartitionImage,
) -> MetadataResponsePartition {
    MetadataResponsePartition {
        error_code: 0,
        partition_index: partition.index.get(),
        leader_id: view.node_for(partition.leader, topic, partition),
        leader_epoch: partition.leader_epoch.get(),
        replica_nodes: view.nodes_for(&partition.replicas, topic, partition),
        isr_nodes: view.nodes_for(&partition.in_sync_replicas, topic, partition),
        offline_replicas: Vec::new(),
    }
}
