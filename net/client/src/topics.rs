//! Creating, growing and deleting topics, and deleting records.

use std::collections::BTreeMap;
use std::time::Duration;

use corelog_model::{Offset, PartitionIndex};
use corelog_protocol::ApiKey;
use corelog_protocol::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use corelog_protocol::messages::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use corelog_protocol::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use corelog_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};

use crate::api_error::ApiError;
use crate::client::{Client, Target};
use crate::error::ClientError;

/// How long the broker may take for an operation on topics.
const TOPIC_WAIT: Duration = Duration::from_secs(30);
const TOPIC_WAIT_MS: i32 = 30_000;
/// From this version DeleteTopics takes names or ids in one list.
const DELETE_BY_STATE: i16 = 6;

/// A topic to be created.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// Its partitions; `None`: the broker's default.
    pub partitions: Option<i32>,
    /// Its replicas; `None`: the broker's default.
    pub replication_factor: Option<i16>,
    /// Its own settings.
    pub configs: BTreeMap<String, String>,
}

/// A topic that was created.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreatedTopic {
    /// Its partitions; `None` if the broker is too old to say.
    pub partitions: Option<i32>,
    /// Its replicas; `None` if the broker is too old to say.
    pub replication_factor: Option<i16>,
}

/// The broker's word on each item of a request, by name.
pub type Outcomes<T> = BTreeMap<String, Result<T, ApiError>>;

impl Client {
    /// Creates topics, or with `validate_only` checks that they could be.
    ///
    /// # Errors
    /// See [`ClientError`]; what the broker says against single topics is in the result.
    pub fn create_topics(
        &mut self,
        topics: &[NewTopic],
        validate_only: bool,
    ) -> Result<Outcomes<CreatedTopic>, ClientError> {
        let response = self.retrying(|client| {
            client.call(&Target::Controller, TOPIC_WAIT, |_| CreateTopicsRequest {
                topics: topics.iter().map(creatable).collect(),
                timeout_ms: TOPIC_WAIT_MS,
                validate_only,
            })
        })?;
        let outcome = |topic: &corelog_protocol::messages::create_topics::CreatableTopicResult| {
            ApiError::check(topic.error_code, topic.error_message.as_ref()).map(|()| CreatedTopic {
                partitions: Some(topic.num_partitions).filter(|count| *count >= 0),
                replication_factor: Some(topic.replication_factor).filter(|count| *count >= 0),
            })
        };
        Ok(response
            .topics
            .iter()
            .map(|topic| (topic.name.clone(), outcome(topic)))
            .collect())
    }

    /// Deletes topics.
    ///
    /// # Errors
    /// See [`ClientError`]; what the broker says against single topics is in the result.
    pub fn delete_topics(&mut self, names: &[String]) -> Result<Outcomes<()>, ClientError> {
        let response = self.retrying(|client| {
            client.call(&Target::Controller, TOPIC_WAIT, |version| {
                let mut request = DeleteTopicsRequest {
                    timeout_ms: TOPIC_WAIT_MS,
                    ..DeleteTopicsRequest::default()
                };
                if version >= DELETE_BY_STATE {
                    let state = |name: &String| DeleteTopicState {
                        name: Some(name.clone()),
                        ..DeleteTopicState::default()
                    };
                    request.topics = names.iter().map(state).collect();
                } else {
                    request.topic_names = names.to_vec();
                }
                request
            })
        })?;
        Ok(response
            .responses
            .iter()
            .map(|topic| {
                let outcome = ApiError::check(topic.error_code, topic.error_message.as_ref());
                (topic.name.clone().unwrap_or_default(), outcome)
            })
            .collect())
    }

    /// Grows a topic to `count` partitions, or with `validate_only` checks that it could be.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn create_partitions(
        &mut self,
        topic: &str,
        count: i32,
        validate_only: bool,
    ) -> Result<(), ClientError> {
        let response = self.retrying(|client| {
            client.call(&Target::Controller, TOPIC_WAIT, |_| CreatePartitionsRequest {
                topics: vec![CreatePartitionsTopic {
                    name: topic.to_owned(),
                    count,
                    assignments: None,
                }],
                timeout_ms: TOPIC_WAIT_MS,
                validate_only,
            })
        })?;
        let result = response.results.first().ok_or_else(|| ClientError::Missing {
            api: ApiKey::CreatePartitions,
            subject: format!("topic {topic}"),
        })?;
        ApiError::check(result.error_code, result.error_message.as_ref())
            .map_err(|error| ClientError::refused(format!("topic {topic}"), error))
    }

    /// Deletes a partition's records before `before`; `None` deletes all. Returns the new log start offset.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn delete_records(
        &mut self,
        topic: &str,
        partition: PartitionIndex,
        before: Option<Offset>,
    ) -> Result<i64, ClientError> {
        let subject = || format!("partition {partition} of topic {topic}");
        self.retrying(|client| {
            let leader = client.cluster().leader(topic, partition)?;
            let response = client.call(&Target::Broker(leader), TOPIC_WAIT, |_| DeleteRecordsRequest {
                topics: vec![DeleteRecordsTopic {
                    name: topic.to_owned(),
                    partitions: vec![DeleteRecordsPartition {
                        partition_index: partition.get(),
                        offset: before.map_or(-1, Offset::get),
                    }],
                }],
                timeout_ms: TOPIC_WAIT_MS,
            })?;
            let result = response
                .topics
                .first()
                .and_then(|topic| topic.partitions.first())
                .ok_or_else(|| ClientError::Missing {
                    api: ApiKey::DeleteRecords,
                    subject: subject(),
                })?;
            ApiError::check(result.error_code, None)
                .map_err(|error| ClientError::refused(subject(), error))?;
            Ok(result.low_watermark)
        })
    }
}

fn creatable(topic: &NewTopic) -> CreatableTopic {
    CreatableTopic {
        name: topic.name.clone(),
        num_partitions: topic.partitions.unwrap_or(-1),
        replication_factor: topic.replication_factor.unwrap_or(-1),
        assignments: Vec::new(),
        configs: topic
            .configs
            .iter()
            .map(|(name, value)| CreatableTopicConfig {
                name: name.clone(),
                value: Some(value.clone()),
            })
            .collect(),
    }
}
