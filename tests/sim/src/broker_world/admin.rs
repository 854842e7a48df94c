//! Administration amid the traffic: topics come, grow and go; records are deleted; settings change.

use std::rc::Rc;
use std::time::Duration;

use corelog_model::{PartitionId, PartitionIndex, TopicId};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use corelog_protocol::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use corelog_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use corelog_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use corelog_protocol::messages::produce::ProduceRequest;

use super::batches;
use super::clients::Clients;
use super::producer::produce_request;
use super::topics::{CONFIG, TOPIC_RESOURCE, create, describe, look, look_at_config};
use super::wire::{Gone, Wire, name_of};
use crate::rng::SimRng;

const DELETE_TOPICS: i16 = 6;
const CREATE_PARTITIONS: i16 = 3;
const DELETE_RECORDS: i16 = 2;
const ALTER_CONFIGS: i16 = 1;
const PRODUCE: i16 = 13;
const TIMEOUT_MS: i32 = 10_000;

struct Admin {
    clients: Rc<Clients>,
    wire: Wire,
    random: SimRng,
    created: u64,
}

/// Administers until the clients are told to close. `number` tells administrators apart.
pub(super) async fn run(clients: Rc<Clients>, number: u64) {
    let mut admin = Admin {
        wire: clients.wire(),
        random: clients.random(),
        clients,
        created: number * 1_000_000,
    };
    while !admin.clients.is_closing.get() && !admin.clients.oracle.is_violated() {
        let habits = admin.clients.habits;
        let done = match admin.random.below(6) {
            0 if habits.passing_topics => admin.passing_topic().await,
            1 if habits.deletes_records => admin.delete_records().await,
            2 if habits.alters_configs => admin.alter_config().await,
            3 if habits.grows_topics => admin.grow_lasting().await,
            4 => admin.read_config().await,
            _ => look(&admin.clients, &mut admin.wire).await,
        };
        if done.is_err() {
            admin.wire.disconnect();
        }
        let most = Duration::from_millis(100);
        admin.clients.pause(&mut admin.random, most).await;
    }
}

impl Admin {
    /// A topic that is made, written to, made larger and deleted.
    async fn passing_topic(&mut self) -> Result<(), Gone> {
        let habits = self.clients.habits;
        if !habits.names_again || self.created.is_multiple_of(1_000_000) || self.random.below(3) == 0 {
            self.created += 1;
        }
        let name = format!("passing{}", self.created);
        // It may be there, if it was made and the answer was lost, or if it was kept.
        if self
            .clients
            .oracle
            .passing
            .borrow()
            .get(&name)
            .is_some_and(Option::is_some)
        {
            self.created += 1;
            return Ok(());
        }
        self.clients.oracle.passing.borrow_mut().remove(&name);
        self.clients.names.borrow_mut().insert(name.clone());
        let partitions = 1 + i32::try_from(self.random.below(3)).expect("small");
        self.clients.oracle.begins();
        let code = create(&mut self.wire, &name, partitions).await?;
        if code == 0 {
            self.clients.oracle.milestone();
        }
        let found = describe(&mut self.wire, &name).await?;
        if code != 0 {
            // A name that is taken has a code of its own.
            if code == ErrorCode::KafkaStorageError.code()
                && found.is_some()
                && !self.clients.oracle.is_shared(&name)
            {
                self.violate(format!("topic {name} was refused for the disk and is there"));
            }
            return Ok(());
        }
        let Some(found) = found else {
            self.violate(format!("topic {name} was created and is not there"));
            return Err(Gone);
        };
        self.clients.oracle.answered_for(&name, Some(found.topic_id));
        if self.random.coin() {
            self.write(found.topic_id, 0).await?;
        }
        if habits.grows_topics && self.random.coin() {
            self.grow(&name, partitions + 1).await?;
        }
        if habits.keeps_topics && self.random.coin() {
            return Ok(());
        }
        self.delete(&name, found.topic_id).await
    }

    fn violate(&self, text: String) {
        self.clients.oracle.violate(text);
    }

    async fn write(&mut self, topic: TopicId, index: i32) -> Result<(), Gone> {
        let oracle = Rc::clone(&self.clients.oracle);
        let partition = PartitionId {
            topic,
            index: PartitionIndex::new(index),
        };
        for _ in 0..self.random.below(4) {
            let number = oracle.next_number();
            let bytes = batches::build(number, 2, 100, None);
            oracle.register(partition, u64::MAX, false, &bytes);
            oracle.sent(number);
            let response = self
                .wire
                .call::<ProduceRequest>(PRODUCE, &produce_request(partition, &bytes, -1))
                .await?;
            let answer = response
                .topics
                .into_iter()
                .flat_map(|topic| topic.partitions)
                .next();
            if let Some(answer) = answer
                && answer.error_code == 0
            {
                oracle.acknowledge(number, 2, Some(answer.base_offset));
            }
        }
        Ok(())
    }

    async fn grow(&mut self, name: &str, count: i32) -> Result<(), Gone> {
        let request = CreatePartitionsRequest {
            topics: vec![CreatePartitionsTopic {
                name: name.to_owned(),
                count,
                assignments: None,
            }],
            timeout_ms: TIMEOUT_MS,
            validate_only: false,
        };
        self.clients.oracle.begins();
        let response = self.wire.call(CREATE_PARTITIONS, &request).await?;
        let is_done = response
            .results
            .first()
            .is_some_and(|result| result.error_code == 0);
        if is_done {
            self.clients.oracle.milestone();
        }
        let found = describe(&mut self.wire, name).await?;
        let known = found.map_or(0, |topic| topic.partitions.len());
        if is_done && i32::try_from(known) != Ok(count) {
            self.violate(format!(
                "topic {name} was made to have {count} partitions and has {known}"
            ));
        }
        Ok(())
    }

    async fn delete(&mut self, name: &str, id: TopicId) -> Result<(), Gone> {
        self.clients.oracle.doom(id);
        self.clients.oracle.passing.borrow_mut().remove(name);
        let request = DeleteTopicsRequest {
            topics: vec![DeleteTopicState {
                name: Some(name.to_owned()),
                ..DeleteTopicState::default()
            }],
            timeout_ms: TIMEOUT_MS,
            ..DeleteTopicsRequest::default()
        };
        let oracle = &self.clients.oracle;
        oracle.begins();
        oracle.deletions.set(oracle.deletions.get() + 1);
        let response = self.wire.call(DELETE_TOPICS, &request).await?;
        let is_done = response
            .responses
            .first()
            .is_some_and(|topic| topic.error_code == 0);
        if is_done {
            self.clients.oracle.answered_for(name, None);
            self.clients.oracle.milestone();
        }
        let found = describe(&mut self.wire, name).await?;
        if is_done && found.is_some() && !self.clients.oracle.is_shared(name) {
            self.violate(format!("topic {name} was deleted and is there"));
        }
        Ok(())
    }

    /// A lasting topic gets one partition more.
    async fn grow_lasting(&mut self) -> Result<(), Gone> {
        if self.random.below(3) > 0 {
            return Ok(());
        }
        let (name, count) = {
            let mut topics = self.clients.topics.borrow_mut();
            let nth = self.random.index(topics.len());
            let topic = &mut topics[nth];
            // Several administrators may ask for the same, and one of them is refused.
            topic.partitions_max = topic.partitions_max.max(topic.partitions + 1);
            (topic.name.clone(), topic.partitions + 1)
        };
        let request = CreatePartitionsRequest {
            topics: vec![CreatePartitionsTopic {
                name: name.clone(),
                count,
                assignments: None,
            }],
            timeout_ms: TIMEOUT_MS,
            validate_only: false,
        };
        self.clients.oracle.begins();
        let response = self.wire.call(CREATE_PARTITIONS, &request).await?;
        if response.results.iter().all(|result| result.error_code == 0) {
            self.clients.oracle.milestone();
            let mut topics = self.clients.topics.borrow_mut();
            for topic in topics.iter_mut().filter(|topic| topic.name == name) {
                topic.partitions = topic.partitions.max(count);
            }
        }
        Ok(())
    }

    async fn delete_records(&mut self) -> Result<(), Gone> {
        let topics = self.clients.topics();
        let topic = &topics[self.random.index(topics.len())];
        let index = self
            .random
            .below(u64::try_from(topic.partitions).expect("positive"));
        let index = i32::try_from(index).expect("small");
        let (id, oracle) = (topic.partition(index), Rc::clone(&self.clients.oracle));
        let floor = oracle.floor(id);
        let room = u64::try_from(floor.end - floor.start).expect("the end is after the start");
        let offset = floor.start + i64::try_from(self.random.below(room / 2 + 1)).expect("small");
        oracle.start_asked(id, offset);
        let request = DeleteRecordsRequest {
            topics: vec![DeleteRecordsTopic {
                name: topic.name.clone(),
                partitions: vec![DeleteRecordsPartition {
                    partition_index: index,
                    offset,
                }],
            }],
            timeout_ms: TIMEOUT_MS,
        };
        let response = self.wire.call(DELETE_RECORDS, &request).await?;
        let answer = response
            .topics
            .into_iter()
            .flat_map(|topic| topic.partitions)
            .next();
        match answer {
            Some(answer) if answer.error_code == 0 => {
                if answer.low_watermark < offset {
                    self.violate(format!(
                        "{id:?}: deleted up to {offset}, and the log begins at {}",
                        answer.low_watermark
                    ));
                }
                oracle.milestone();
                oracle.offsets(id, floor, -1, answer.low_watermark);
            }
            Some(answer)
                if ErrorCode::from_code(answer.error_code) == Some(ErrorCode::OffsetOutOfRange)
                    && oracle.floor(id).start <= offset =>
            {
                let name = name_of(answer.error_code);
                self.violate(format!(
                    "{id:?}: DeleteRecords to {offset} answers {name} at {floor:?}"
                ));
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    async fn alter_config(&mut self) -> Result<(), Gone> {
        let topics = self.clients.topics();
        let topic = &topics[self.random.index(topics.len())];
        let value = 1_000 + self.random.below(100_000);
        let place = (CONFIG.to_owned(), topic.name.clone(), 0);
        let asked = i64::try_from(value).expect("small");
        let sent = self.clients.configs.sent(&place, asked);
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: TOPIC_RESOURCE,
                resource_name: topic.name.clone(),
                configs: vec![AlterableConfig {
                    name: CONFIG.to_owned(),
                    config_operation: 0,
                    value: Some(value.to_string()),
                }],
            }],
            validate_only: false,
        };
        let response = self.wire.call(ALTER_CONFIGS, &request).await?;
        if response.responses.iter().all(|answer| answer.error_code == 0) {
            self.clients.configs.acknowledged(&place, sent);
            self.clients.oracle.milestone();
        }
        Ok(())
    }

    async fn read_config(&mut self) -> Result<(), Gone> {
        let (topic, _) = self.clients.some_partition(&mut self.random);
        look_at_config(&self.clients, &mut self.wire, &topic.name).await
    }
}
