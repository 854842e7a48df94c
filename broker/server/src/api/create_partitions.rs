//! CreatePartitions (API key 37): gives topics more partitions (Kafka's `ControllerApis.createPartitions`).

use std::collections::BTreeSet;
use std::rc::Rc;

use corelog_controller::ControllerRequest;
use corelog_model::BrokerId;
use corelog_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic, CreatePartitionsTopicResult,
};

use crate::api::changes::{self, Options, Planned};
use crate::clients::RequestContext;
use crate::shard::ControllerChannel;

/// Answers once per name, in the order of the request.
pub(crate) async fn handle(
    controller: &Rc<ControllerChannel>,
    _context: &RequestContext,
    request: CreatePartitionsRequest,
) -> CreatePartitionsResponse {
    let options = Options {
        validate_only: request.validate_only,
        timeout_ms: request.timeout_ms,
    };
    let (names, planned): (Vec<_>, Vec<_>) = plan(request.topics).into_iter().unzip();
    let outcomes = changes::decide(controller, planned, options).await;
    let results = names.into_iter().zip(outcomes).map(|(name, outcome)| {
        let (error_code, error_message) = changes::code_and_message(&outcome);
        CreatePartitionsTopicResult {
            name,
            error_code,
            error_message,
        }
    });
    CreatePartitionsResponse {
        results: results.collect(),
        ..Default::default()
    }
}

fn plan(topics: Vec<CreatePartitionsTopic>) -> Vec<(String, Planned)> {
    let counts = changes::occurrences(topics.iter().map(|topic| topic.name.clone()));
    let mut seen = BTreeSet::new();
    let distinct = topics.into_iter().filter(|topic| seen.insert(topic.name.clone()));
    distinct
        .map(|topic| {
            let name = topic.name.clone();
            let planned = if counts.get(&name) == Some(&1) {
                Ok(more_partitions(topic))
            } else {
                Err(changes::invalid_request(format!(
                    "the topic {name} is there twice"
                )))
            };
            (name, planned)
        })
        .collect()
}

fn more_partitions(topic: CreatePartitionsTopic) -> ControllerRequest {
    let assignments = topic.assignments.map(|assignments| {
        let brokers = |ids: Vec<i32>| ids.into_iter().map(BrokerId::new).collect();
        assignments
            .into_iter()
            .map(|assigned| brokers(assigned.broker_ids))
            .collect()
    });
    ControllerRequest::CreatePartitions {
        topic: topic.name,
        count: topic.count,
        assignments,
    }
}

#[cfg(test)]
mod tests {
    use corelog_protocol::ErrorCode;
    use corelog_protocol::messages::create_partitions::CreatePartitionsAssignment;

    use super::*;

    fn topic(name: &str, assignments: Option<Vec<CreatePartitionsAssignment>>) -> CreatePartitionsTopic {
        CreatePartitionsTopic {
            name: name.to_owned(),
            count: 4,
            assignments,
        }
    }

    #[test]
    fn assignments_are_taken_over() {
        let assigned = vec![CreatePartitionsAssignment {
            broker_ids: vec![1, 2],
        }];
        let cases = [
            (None, None),
            (Some(Vec::new()), Some(Vec::new())),
            (
                Some(assigned),
                Some(vec![vec![BrokerId::new(1), BrokerId::new(2)]]),
            ),
        ];
        for (asked, expected) in cases {
            let planned = plan(vec![topic("a", asked)]).remove(0).1.unwrap();
            let request = ControllerRequest::CreatePartitions {
                topic: "a".to_owned(),
                count: 4,
                assignments: expected,
            };
            assert_eq!(planned, request);
        }
    }

    #[test]
    fn a_name_that_is_there_twice_is_refused_once() {
        let planned = plan(vec![topic("a", None), topic("b", None), topic("a", None)]);
        let codes: Vec<_> = planned
            .into_iter()
            .map(|(name, planned)| (name, planned.err().map(|failure| failure.code)))
            .collect();
        let expected = [
            ("a".to_owned(), Some(ErrorCode::InvalidRequest)),
            ("b".to_owned(), None),
        ];
        assert_eq!(codes, expected);
    }
}
