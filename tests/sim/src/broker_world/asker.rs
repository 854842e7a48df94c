//! Asks where logs begin and end, where a time is in them, and where a leader's reign ended; and keeps places that it was
//! told, to come back to them as a consumer does that has been away.

use std::rc::Rc;
use std::time::Duration;

use corelog_model::PartitionId;
use corelog_protocol::messages::list_offsets::ListOffsetsPartitionResponse;
use corelog_protocol::messages::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};

use super::clients::Clients;
use super::position::{EARLIEST, LATEST, MAX_TIMESTAMP, Position, Positions, doubt, list_offset, validate};
use super::wire::{Gone, Wire};
use crate::machine::EPOCH_MS;
use crate::rng::SimRng;

const OFFSET_FOR_LEADER_EPOCH: i16 = 4;

struct Asker {
    clients: Rc<Clients>,
    wire: Wire,
    random: SimRng,
    /// Offsets that it was told, with their epochs.
    kept: Positions,
}

/// Asks until the clients are told to close.
pub(super) async fn run(clients: Rc<Clients>) {
    let mut asker = Asker {
        wire: clients.wire(),
        random: clients.random(),
        clients,
        kept: Positions::new(),
    };
    while !asker.clients.is_closing.get() {
        let (topic, id) = asker.clients.some_partition(&mut asker.random);
        let done = match asker.random.below(6) {
            0 => asker.end(&topic.name, id).await,
            1 => asker.start(&topic.name, id).await,
            2 => asker.newest(&topic.name, id).await,
            3 => asker.epoch(&topic.name, id).await,
            4 => asker.come_back().await,
            _ => asker.time(&topic.name, id).await,
        };
        if done.is_err() {
            asker.wire.disconnect();
        }
        let most = Duration::from_millis(20);
        asker.clients.pause(&mut asker.random, most).await;
    }
}

/// The batch's number and the offset that an answer names.
fn found(answer: &ListOffsetsPartitionResponse) -> Option<(u64, i64)> {
    let number = u64::try_from(answer.timestamp - EPOCH_MS).ok()?;
    (answer.offset >= 0).then_some((number, answer.offset))
}

impl Asker {
    async fn end(&mut self, topic: &str, id: PartitionId) -> Result<(), Gone> {
        let (floor, leader) = (
            self.clients.oracle.floor(id),
            self.clients.oracle.leader_floor(id),
        );
        if let Some(answer) = list_offset(&mut self.wire, topic, id, LATEST).await? {
            self.clients.oracle.offsets(id, floor, answer.offset, -1);
            self.clients.oracle.leader_told(id, leader, answer.leader_epoch);
            self.keep(id, &answer);
        }
        Ok(())
    }

    async fn start(&mut self, topic: &str, id: PartitionId) -> Result<(), Gone> {
        let floor = self.clients.oracle.floor(id);
        if let Some(answer) = list_offset(&mut self.wire, topic, id, EARLIEST).await? {
            self.clients.oracle.offsets(id, floor, -1, answer.offset);
            self.told_epoch(id, &answer);
        }
        Ok(())
    }

    async fn newest(&mut self, topic: &str, id: PartitionId) -> Result<(), Gone> {
        if let Some(answer) = list_offset(&mut self.wire, topic, id, MAX_TIMESTAMP).await?
            && let Some((number, offset)) = found(&answer)
        {
            let oracle = &self.clients.oracle;
            oracle.time_found(id, number, None, Some((number, offset)));
            self.told_epoch(id, &answer);
        }
        Ok(())
    }

    async fn time(&mut self, topic: &str, id: PartitionId) -> Result<(), Gone> {
        let oracle = Rc::clone(&self.clients.oracle);
        let number = self.random.below(oracle.next_number() + 1);
        let timestamp = EPOCH_MS + i64::try_from(number).expect("a run has fewer batches");
        let known = oracle.first_since(id, number);
        if let Some(answer) = list_offset(&mut self.wire, topic, id, timestamp).await? {
            oracle.time_found(id, number, known, found(&answer));
            self.told_epoch(id, &answer);
        }
        Ok(())
    }

    /// An answer names a record and its epoch.
    fn told_epoch(&mut self, id: PartitionId, answer: &ListOffsetsPartitionResponse) {
        if answer.offset >= 0 {
            let oracle = &self.clients.oracle;
            oracle.epoch_told(id, answer.offset, answer.leader_epoch);
            self.keep(id, answer);
        }
    }

    fn keep(&mut self, id: PartitionId, answer: &ListOffsetsPartitionResponse) {
        let (offset, epoch) = (answer.offset, answer.leader_epoch);
        if epoch < 0 {
            let oracle = &self.clients.oracle;
            oracle.violate(format!("{id:?}: {offset} is told without an epoch"));
        }
        self.kept.insert(id, Position::of(offset, epoch));
    }

    /// Whoever comes back to a place that it was told is told of no truncation.
    async fn come_back(&mut self) -> Result<(), Gone> {
        doubt(&mut self.kept);
        validate(&self.clients.oracle, &mut self.wire, &mut self.kept).await
    }

    async fn epoch(&mut self, topic: &str, id: PartitionId) -> Result<(), Gone> {
        let asked = i32::try_from(self.random.below(6)).expect("small");
        let leader = self.clients.oracle.leader_floor(id);
        let request = OffsetForLeaderEpochRequest {
            topics: vec![OffsetForLeaderTopic {
                topic: topic.to_owned(),
                partitions: vec![OffsetForLeaderPartition {
                    partition: id.index.get(),
                    leader_epoch: asked,
                    ..OffsetForLeaderPartition::default()
                }],
            }],
            ..OffsetForLeaderEpochRequest::default()
        };
        let response = self.wire.call(OFFSET_FOR_LEADER_EPOCH, &request).await?;
        let mut answers = response.topics.into_iter().flat_map(|topic| topic.partitions);
        if let Some(answer) = answers.find(|answer| answer.error_code == 0) {
            let found = (answer.leader_epoch, answer.end_offset);
            self.clients.oracle.epoch_found(id, asked, leader, found);
        }
        Ok(())
    }
}
