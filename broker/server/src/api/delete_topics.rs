//! DeleteTopics (API key 20): removes topics, by name or by id (Kafka's `ControllerApis.deleteTopics`).

use std::collections::BTreeSet;
use std::rc::Rc;

use corelog_controller::{ControllerRequest, TopicReference};
use corelog_metadata::MetadataImage;
use corelog_model::TopicId;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};

use crate::api::changes::{self, Options, Planned};
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::Failure;
use crate::shard::ControllerChannel;

/// Before this version there was no code for a broker that deletes nothing.
const DELETION_DISABLED: i16 = 3;

/// Answers once per topic. Internal topics are deleted too, as in Kafka.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    controller: &Rc<ControllerChannel>,
    context: &RequestContext,
    request: DeleteTopicsRequest,
) -> DeleteTopicsResponse {
    let by_name = request.topic_names.into_iter().map(|name| DeleteTopicState {
        name: Some(name),
        topic_id: TopicId::ZERO,
    });
    let asked: Vec<DeleteTopicState> = by_name.chain(request.topics).collect();
    let parts = if metadata.config().topics.is_deletion_enabled {
        plan(asked, &metadata.image())
    } else {
        refuse(asked, context.version)
    };
    let (answers, planned): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    let options = Options {
        validate_only: false,
        timeout_ms: request.timeout_ms,
    };
    let outcomes = changes::decide(controller, planned, options).await;
    let results = answers.into_iter().zip(outcomes).map(|(answer, outcome)| {
        let (error_code, error_message) = changes::code_and_message(&outcome);
        DeletableTopicResult {
            error_code,
            error_message,
            ..answer
        }
    });
    DeleteTopicsResponse {
        responses: results.collect(),
        ..Default::default()
    }
}

type Part = (DeletableTopicResult, Planned);

fn part(name: Option<String>, topic_id: TopicId, planned: Planned) -> Part {
    let answer = DeletableTopicResult {
        name,
        topic_id,
        ..Default::default()
    };
    (answer, planned)
}

fn refuse(asked: Vec<DeleteTopicState>, version: i16) -> Vec<Part> {
    let code = if version < DELETION_DISABLED {
        ErrorCode::InvalidRequest
    } else {
        ErrorCode::TopicDeletionDisabled
    };
    asked
        .into_iter()
        .map(|topic| part(topic.name, topic.topic_id, Err(code.into())))
        .collect()
}

/// What to ask for each topic, once. Whoever names a topic twice, in whatever ways, has it deleted in none.
fn plan(asked: Vec<DeleteTopicState>, image: &MetadataImage) -> Vec<Part> {
    let key = |topic: &DeleteTopicState| (topic.name.clone(), topic.topic_id);
    let id_of = |topic: &DeleteTopicState| match &topic.name {
        Some(name) => image.topic(name).map(|known| known.id),
        None => Some(topic.topic_id),
    };
    let same = changes::occurrences(asked.iter().map(key));
    let mut seen = BTreeSet::new();
    let distinct: Vec<DeleteTopicState> = asked
        .into_iter()
        .filter(|topic| seen.insert(key(topic)))
        .collect();
    let ids = changes::occurrences(distinct.iter().filter_map(id_of));
    distinct
        .into_iter()
        .map(|topic| {
            let is_repeated = same.get(&key(&topic)) != Some(&1);
            let is_aliased = id_of(&topic).is_some_and(|id| ids.get(&id) != Some(&1));
            let fault = match (&topic.name, topic.topic_id) {
                (None, TopicId::ZERO) => Some("a topic has neither a name nor an id"),
                (Some(_), id) if id != TopicId::ZERO => Some("a topic has both a name and an id"),
                _ if is_repeated => Some("the topic is there twice"),
                _ if is_aliased => Some("the topic is there by name and by id"),
                _ => None,
            };
            match fault {
                Some(text) => part(topic.name, topic.topic_id, Err(changes::invalid_request(text))),
                None => deletion(topic, image),
            }
        })
        .collect()
}

fn deletion(topic: DeleteTopicState, image: &MetadataImage) -> Part {
    let delete = |topic| Ok(ControllerRequest::DeleteTopic { topic });
    let known = match &topic.name {
        Some(name) => image.topic(name),
        None => image.topic_by_id(topic.topic_id),
    };
    match (known, topic.name) {
        (Some(known), Some(name)) => {
            let reference = TopicReference::Name(name.clone());
            part(Some(name), known.id, delete(reference))
        }
        (Some(known), None) => {
            let reference = TopicReference::Id(known.id);
            part(Some(known.name.to_string()), known.id, delete(reference))
        }
        (None, Some(name)) => {
            let unknown = Failure::from(ErrorCode::UnknownTopicOrPartition);
            part(Some(name), TopicId::ZERO, Err(unknown))
        }
        (None, None) => part(None, topic.topic_id, Err(ErrorCode::UnknownTopicId.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::test_image::{id, image};

    const UNKNOWN: TopicId = TopicId::new([9; 16]);

    fn check(asked: &[(Option<&str>, TopicId)], expected: &[(Option<&str>, TopicId, Option<ErrorCode>)]) {
        let asked = asked.iter().map(|(name, topic_id)| DeleteTopicState {
            name: name.map(str::to_owned),
            topic_id: *topic_id,
        });
        let planned: Vec<_> = plan(asked.collect(), &image(&[("a", 1), ("b", 1)]))
            .into_iter()
            .map(|(answer, planned)| (answer.name, answer.topic_id, planned.err().map(|f| f.code)))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, id, code)| (name.map(str::to_owned), *id, *code))
            .collect();
        assert_eq!(planned, expected);
    }

    #[test]
    fn topics_by_name_and_by_id() {
        let (zero, a, b) = (TopicId::ZERO, id(0), id(1));
        let invalid = Some(ErrorCode::InvalidRequest);
        check(
            &[(Some("a"), zero), (None, b)],
            &[(Some("a"), a, None), (Some("b"), b, None)],
        );
        check(
            &[(Some("c"), zero), (None, UNKNOWN)],
            &[
                (Some("c"), zero, Some(ErrorCode::UnknownTopicOrPartition)),
                (None, UNKNOWN, Some(ErrorCode::UnknownTopicId)),
            ],
        );
        check(
            &[(None, zero), (Some("a"), a)],
            &[(None, zero, invalid), (Some("a"), a, invalid)],
        );
    }

    #[test]
    fn a_topic_named_twice_stays() {
        let (zero, a, b) = (TopicId::ZERO, id(0), id(1));
        let invalid = Some(ErrorCode::InvalidRequest);
        check(
            &[(Some("a"), zero), (Some("b"), zero), (Some("a"), zero)],
            &[(Some("a"), zero, invalid), (Some("b"), b, None)],
        );
        check(&[(None, a), (None, a)], &[(None, a, invalid)]);
        check(
            &[(Some("a"), zero), (None, a)],
            &[(Some("a"), zero, invalid), (None, a, invalid)],
        );
    }

    #[test]
    fn a_broker_that_deletes_nothing_says_so() {
        let asked = vec![DeleteTopicState {
            name: Some("a".to_owned()),
            topic_id: TopicId::ZERO,
        }];
        let code = |version| refuse(asked.clone(), version).remove(0).1.unwrap_err().code;
        assert_eq!(code(2), ErrorCode::InvalidRequest);
        assert_eq!(code(3), ErrorCode::TopicDeletionDisabled);
    }
}
