//! Consumers without a group: each keeps offsets under a name of its own, sets them, takes them back, and is told by
//! every answer whether the coordinator has kept them. At times it tries to write one behind the coordinator's back.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_metadata::names::CONSUMER_OFFSETS;
use corelog_model::{TimestampMs, TopicId};
use corelog_protocol::messages::delete_groups::DeleteGroupsRequest;
use corelog_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use corelog_protocol::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use corelog_protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use corelog_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use corelog_protocol::{ByteStr, ErrorCode};
use corelog_records::{BatchOptions, NewRecord, RecordBatchBuilder};

use super::clients::Clients;
use super::commits::Place;
use super::topics::describe;
use super::wire::{Gone, Wire, name_of};
use crate::machine::EPOCH_MS;
use crate::rng::SimRng;

const COMMIT: i16 = 8;
const OFFSET_FETCH: i16 = 7;
const OFFSET_DELETE: i16 = 0;
const DELETE_GROUPS: i16 = 2;
const PRODUCE_BY_NAME: i16 = 12;
const PRODUCE_BY_ID: i16 = 13;

struct Loner {
    clients: Rc<Clients>,
    wire: Wire,
    random: SimRng,
    group: String,
}

/// Keeps offsets until the clients are told to close.
pub(super) async fn run(clients: Rc<Clients>, number: u64) {
    let mut loner = Loner {
        wire: clients.wire(),
        random: clients.random(),
        clients,
        group: format!("loner{number}"),
    };
    while !loner.clients.is_closing.get() {
        let (topic, id) = loner.clients.some_partition(&mut loner.random);
        let place = (loner.group.clone(), topic.name, id.index.get());
        let done = match loner.random.below(12) {
            0 => loner.delete(&place).await,
            1 => loner.delete_group().await,
            2..6 => loner.commit(&place).await,
            6 => loner.forge(&place).await,
            _ => loner.fetch(&place).await,
        };
        if done.is_err() {
            loner.wire.disconnect();
        }
        let most = Duration::from_millis(10);
        loner.clients.pause(&mut loner.random, most).await;
    }
}

impl Loner {
    fn acknowledged(&self, place: &Place, sent: u64) {
        self.clients.commits.acknowledged(place, sent);
        let oracle = &self.clients.oracle;
        oracle.commits.set(oracle.commits.get() + 1);
        oracle.milestone();
    }

    async fn commit(&mut self, place: &Place) -> Result<(), Gone> {
        let offset = i64::try_from(self.random.below(1 << 40)).expect("small");
        let request = OffsetCommitRequest {
            group_id: self.group.clone(),
            topics: vec![OffsetCommitRequestTopic {
                name: place.1.clone(),
                partitions: vec![OffsetCommitRequestPartition {
                    partition_index: place.2,
                    committed_offset: offset,
                    ..OffsetCommitRequestPartition::default()
                }],
                ..OffsetCommitRequestTopic::default()
            }],
            ..OffsetCommitRequest::default()
        };
        let sent = self.clients.commits.sent(place, offset);
        let response = self.wire.call(COMMIT, &request).await?;
        let mut answers = response.topics.iter().flat_map(|topic| &topic.partitions);
        if answers.all(|answer| answer.error_code == 0) {
            self.acknowledged(place, sent);
        }
        Ok(())
    }

    async fn fetch(&mut self, place: &Place) -> Result<(), Gone> {
        let asked = self.clients.commits.tick();
        let request = OffsetFetchRequest {
            group_id: self.group.clone(),
            topics: Some(vec![OffsetFetchRequestTopic {
                name: place.1.clone(),
                partition_indexes: vec![place.2],
            }]),
            ..OffsetFetchRequest::default()
        };
        let response = self.wire.call(OFFSET_FETCH, &request).await?;
        if response.error_code != 0 {
            return Ok(());
        }
        for answer in response.topics.iter().flat_map(|topic| &topic.partitions) {
            if answer.error_code == 0
                && let Err(text) = self.clients.commits.check(place, asked, answer.committed_offset)
            {
                self.clients.oracle.violate(text);
            }
        }
        Ok(())
    }

    /// Writes a commit of its own into `__consumer_offsets` as a record. It would count at the next start, whatever the
    /// coordinator had told its members, so it has to be refused, by name and by id.
    async fn forge(&mut self, place: &Place) -> Result<(), Gone> {
        let Some(topic) = describe(&mut self.wire, CONSUMER_OFFSETS).await? else {
            return Ok(());
        };
        let by_id = self.random.coin();
        let data = PartitionProduceData {
            index: i32::try_from(self.random.index(topic.partitions.len())).expect("few partitions"),
            records: Some(forged_commit(place)),
        };
        let request = ProduceRequest {
            acks: -1,
            timeout_ms: 10_000,
            topics: vec![TopicProduceData {
                name: if by_id {
                    ByteStr::default()
                } else {
                    CONSUMER_OFFSETS.into()
                },
                topic_id: if by_id { topic.topic_id } else { TopicId::ZERO },
                partitions: vec![data],
            }],
            ..ProduceRequest::default()
        };
        let version = if by_id { PRODUCE_BY_ID } else { PRODUCE_BY_NAME };
        let response = self.wire.call(version, &request).await?;
        let answers = response.topics.iter().flat_map(|topic| &topic.partitions);
        for answer in answers.filter(|answer| answer.error_code != ErrorCode::InvalidTopicException.code()) {
            let name = name_of(answer.error_code);
            self.clients.oracle.violate(format!(
                "{place:?}: a client's record in {CONSUMER_OFFSETS} is answered with {name}"
            ));
        }
        Ok(())
    }

    async fn delete(&mut self, place: &Place) -> Result<(), Gone> {
        let request = OffsetDeleteRequest {
            group_id: self.group.clone(),
            topics: vec![OffsetDeleteRequestTopic {
                name: place.1.clone(),
                partitions: vec![OffsetDeleteRequestPartition {
                    partition_index: place.2,
                }],
            }],
        };
        let sent = self.clients.commits.sent(place, -1);
        let response = self.wire.call(OFFSET_DELETE, &request).await?;
        let mut answers = response.topics.iter().flat_map(|topic| &topic.partitions);
        if response.error_code == 0 && answers.all(|answer| answer.error_code == 0) {
            self.acknowledged(place, sent);
        }
        Ok(())
    }

    async fn delete_group(&mut self) -> Result<(), Gone> {
        delete_group(&self.clients, &mut self.wire, &self.group).await
    }
}

/// The batch of a commit of offset 1, as a coordinator writes it (Kafka's `OffsetCommitKey` version 1 and
/// `OffsetCommitValue` version 3).
fn forged_commit(place: &Place) -> Bytes {
    let (group, topic, partition) = place;
    let mut key = vec![0, 1];
    for text in [group, topic] {
        let size = u16::try_from(text.len()).expect("short");
        key.extend_from_slice(&size.to_be_bytes());
        key.extend_from_slice(text.as_bytes());
    }
    key.extend_from_slice(&partition.to_be_bytes());
    let mut value = vec![0, 3];
    value.extend_from_slice(&1_i64.to_be_bytes());
    value.extend_from_slice(&(-1_i32).to_be_bytes());
    value.extend_from_slice(&0_u16.to_be_bytes());
    value.extend_from_slice(&EPOCH_MS.to_be_bytes());
    let mut builder = RecordBatchBuilder::new(BatchOptions::default());
    let record = NewRecord {
        timestamp: TimestampMs::new(EPOCH_MS),
        key: Some(&key),
        value: Some(&value),
        headers: &[],
    };
    builder.append(&record).expect("a small record fits");
    builder.build().expect("a batch has records").bytes().clone()
}

/// Deletes a group with all of its offsets.
pub(super) async fn delete_group(clients: &Clients, wire: &mut Wire, group: &str) -> Result<(), Gone> {
    let mut sent: Vec<(Place, u64)> = Vec::new();
    for topic in clients.topics() {
        // A topic may grow meanwhile.
        for index in 0..topic.partitions_max + 2 {
            let place = (group.to_owned(), topic.name.clone(), index);
            let when = clients.commits.sent(&place, -1);
            sent.push((place, when));
        }
    }
    let request = DeleteGroupsRequest {
        groups_names: vec![group.to_owned()],
    };
    let response = wire.call(DELETE_GROUPS, &request).await?;
    if response.results.iter().all(|result| result.error_code == 0) {
        for (place, when) in sent {
            clients.commits.acknowledged(&place, when);
        }
        clients.oracle.milestone();
    }
    Ok(())
}
