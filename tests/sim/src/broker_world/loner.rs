//! Consumers without a group: each keeps offsets under a name of its own, sets them, takes them back, and is told by
//! every answer whether the coordinator has kept them.

use std::rc::Rc;
use std::time::Duration;

use corelog_protocol::messages::delete_groups::DeleteGroupsRequest;
use corelog_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use corelog_protocol::messages::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use corelog_protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};

use super::clients::Clients;
use super::commits::Place;
use super::wire::{Gone, Wire};
use crate::rng::SimRng;

const COMMIT: i16 = 8;
const OFFSET_FETCH: i16 = 7;
const OFFSET_DELETE: i16 = 0;
const DELETE_GROUPS: i16 = 2;

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
