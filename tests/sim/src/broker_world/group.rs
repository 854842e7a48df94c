//! Members of a consumer group: they join, share out the partitions, read, commit, and come and go.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use corelog_model::PartitionId;
use corelog_protocol::ErrorCode;
use corelog_protocol::consumer_protocol::PROTOCOL_TYPE;
use corelog_protocol::messages::consumer_protocol::{
    AssignedTopicPartitions, ConsumerProtocolAssignment, ConsumerProtocolSubscription,
};
use corelog_protocol::messages::find_coordinator::FindCoordinatorRequest;
use corelog_protocol::messages::heartbeat::HeartbeatRequest;
use corelog_protocol::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse};
use corelog_protocol::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use corelog_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use corelog_protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use corelog_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};

use super::clients::{Clients, Topic};
use super::commits::Place;
use super::reader::{FetchWish, fetch_request, fetch_version, floors, take};
use super::wire::{Gone, Wire, name_of};
use crate::rng::SimRng;

const FIND_COORDINATOR: i16 = 3;
const JOIN: i16 = 7;
const SYNC: i16 = 5;
const HEARTBEAT: i16 = 4;
const LEAVE: i16 = 4;
const COMMIT: i16 = 8;
const OFFSET_FETCH: i16 = 7;

struct Member {
    clients: Rc<Clients>,
    wire: Wire,
    random: SimRng,
    group: String,
    id: String,
    generation: i32,
}

/// Is a member of `group` until the clients are told to close.
pub(super) async fn run(clients: Rc<Clients>, group: String) {
    let mut member = Member {
        wire: clients.wire(),
        random: clients.random(),
        clients,
        group,
        id: String::new(),
        generation: -1,
    };
    while !member.clients.is_closing.get() && !member.clients.oracle.is_violated() {
        if member.take_part().await.is_err() {
            let most = Duration::from_millis(100);
            member.clients.pause(&mut member.random, most).await;
        }
    }
    // A member that is polite says so; another one is missed after its session timeout.
    if member.random.coin() {
        let _ = member.leave().await;
    }
}

impl Member {
    /// One generation, from the join to a rebalance, a broken connection or an error.
    async fn take_part(&mut self) -> Result<(), Gone> {
        let request = FindCoordinatorRequest {
            key: self.group.clone(),
            ..FindCoordinatorRequest::default()
        };
        if self.wire.call(FIND_COORDINATOR, &request).await?.error_code != 0 {
            return Err(Gone);
        }
        let joined = self.join().await?;
        let mut positions = self.sync(&joined).await?;
        if !positions.is_empty() {
            self.fetch_committed(&mut positions).await?;
        }
        loop {
            if self.clients.is_closing.get() || self.clients.oracle.is_violated() {
                return Ok(());
            }
            self.heartbeat().await?;
            self.read(&mut positions).await?;
            if self.random.below(3) > 0 {
                self.commit(&positions).await?;
            }
            match self.random.below(60) {
                0 => return self.leave().await,
                // A second connection of the same member: requests of the first may come late.
                1 => self.wire.disconnect(),
                2 => self.id.clear(),
                _ => {}
            }
            self.clients
                .pause(&mut self.random, Duration::from_millis(30))
                .await;
        }
    }

    async fn join(&mut self) -> Result<JoinGroupResponse, Gone> {
        let topics = self.clients.topics().into_iter().map(|topic| topic.name);
        let subscription = ConsumerProtocolSubscription {
            topics: topics.collect(),
            ..ConsumerProtocolSubscription::default()
        };
        let metadata = subscription.to_metadata(1).expect("a subscription is encoded");
        for _ in 0..3 {
            let request = JoinGroupRequest {
                group_id: self.group.clone(),
                session_timeout_ms: 6_000,
                rebalance_timeout_ms: 6_000,
                member_id: self.id.clone(),
                protocol_type: PROTOCOL_TYPE.to_owned(),
                protocols: vec![JoinGroupRequestProtocol {
                    name: "range".to_owned(),
                    metadata: metadata.clone(),
                }],
                ..JoinGroupRequest::default()
            };
            let response = self.wire.call(JOIN, &request).await?;
            match ErrorCode::from_code(response.error_code) {
                Some(ErrorCode::None) => {
                    self.id.clone_from(&response.member_id);
                    self.generation = response.generation_id;
                    return Ok(response);
                }
                Some(ErrorCode::MemberIdRequired) => self.id = response.member_id,
                Some(ErrorCode::UnknownMemberId) => self.id.clear(),
                _ => return self.refused("join", response.error_code),
            }
        }
        Err(Gone)
    }

    fn refused<T>(&self, what: &str, code: i16) -> Result<T, Gone> {
        let is_expected = matches!(
            ErrorCode::from_code(code),
            Some(
                ErrorCode::RebalanceInProgress
                    | ErrorCode::IllegalGeneration
                    | ErrorCode::UnknownMemberId
                    | ErrorCode::CoordinatorLoadInProgress
                    | ErrorCode::CoordinatorNotAvailable
                    | ErrorCode::NotCoordinator
                    | ErrorCode::KafkaStorageError
                    | ErrorCode::UnknownServerError
                    | ErrorCode::RequestTimedOut
            )
        );
        if !is_expected {
            let name = name_of(code);
            self.clients.oracle.violate(format!("{what} answers {name}"));
        }
        Err(Gone)
    }

    async fn sync(&mut self, joined: &JoinGroupResponse) -> Result<BTreeMap<PartitionId, i64>, Gone> {
        let topics = self.clients.topics();
        let assignments = if joined.leader == self.id {
            share_out(&topics, joined)
        } else {
            Vec::new()
        };
        let request = SyncGroupRequest {
            group_id: self.group.clone(),
            generation_id: self.generation,
            member_id: self.id.clone(),
            protocol_type: Some(PROTOCOL_TYPE.to_owned()),
            protocol_name: Some("range".to_owned()),
            assignments,
            group_instance_id: None,
        };
        let response = self.wire.call(SYNC, &request).await?;
        if response.error_code != 0 {
            return self.refused("sync", response.error_code);
        }
        let mut positions = BTreeMap::new();
        if response.assignment.is_empty() {
            return Ok(positions);
        }
        let Ok(assignment) = ConsumerProtocolAssignment::from_assignment(response.assignment) else {
            self.clients
                .oracle
                .violate("an assignment is not what the leader sent".to_owned());
            return Err(Gone);
        };
        for assigned in assignment.assigned_partitions {
            if let Some(topic) = topics.iter().find(|topic| topic.name == assigned.topic) {
                positions.extend(
                    assigned
                        .partitions
                        .iter()
                        .map(|index| (topic.partition(*index), 0)),
                );
            }
        }
        Ok(positions)
    }

    fn place(&self, id: PartitionId) -> Place {
        let topics = self.clients.topics();
        let name = topics.iter().find(|topic| topic.id == id.topic);
        let name = name.map(|topic| topic.name.clone()).unwrap_or_default();
        (self.group.clone(), name, id.index.get())
    }

    async fn fetch_committed(&mut self, positions: &mut BTreeMap<PartitionId, i64>) -> Result<(), Gone> {
        let asked = self.clients.commits.tick();
        let topics = by_topic(&self.clients.topics(), positions);
        let request = OffsetFetchRequest {
            group_id: self.group.clone(),
            topics: Some(
                topics
                    .into_iter()
                    .map(|(topic, partitions)| OffsetFetchRequestTopic {
                        name: topic.name,
                        partition_indexes: partitions.iter().map(|(index, _)| *index).collect(),
                    })
                    .collect(),
            ),
            ..OffsetFetchRequest::default()
        };
        let response = self.wire.call(OFFSET_FETCH, &request).await?;
        if response.error_code != 0 {
            return self.refused("offset fetch", response.error_code);
        }
        for topic in response.topics {
            for partition in topic.partitions {
                if partition.error_code != 0 {
                    return self.refused("offset fetch", partition.error_code);
                }
                let place = (self.group.clone(), topic.name.clone(), partition.partition_index);
                let offset = partition.committed_offset;
                if let Err(text) = self.clients.commits.check(&place, asked, offset) {
                    self.clients.oracle.violate(text);
                }
                let known = positions.iter_mut().find(|(id, _)| self.place(**id) == place);
                if let Some((id, position)) = known {
                    *position = offset.max(self.clients.oracle.floor(*id).start);
                }
            }
        }
        Ok(())
    }

    async fn heartbeat(&mut self) -> Result<(), Gone> {
        let request = HeartbeatRequest {
            group_id: self.group.clone(),
            generation_id: self.generation,
            member_id: self.id.clone(),
            group_instance_id: None,
        };
        match self.wire.call(HEARTBEAT, &request).await?.error_code {
            0 => Ok(()),
            code => self.refused("heartbeat", code),
        }
    }

    async fn read(&mut self, positions: &mut BTreeMap<PartitionId, i64>) -> Result<(), Gone> {
        if positions.is_empty() {
            return Ok(());
        }
        let wait = i32::try_from(self.random.below(50)).expect("small");
        let floors = floors(&self.clients.oracle, positions);
        let request = fetch_request(FetchWish::once(wait, 50_000), positions);
        let response = self.wire.call(fetch_version(), &request).await?;
        take(&self.clients.oracle, &floors, positions, response);
        Ok(())
    }

    async fn commit(&mut self, positions: &BTreeMap<PartitionId, i64>) -> Result<(), Gone> {
        if positions.is_empty() {
            return Ok(());
        }
        let topics = by_topic(&self.clients.topics(), positions);
        let mut sent: BTreeMap<Place, u64> = BTreeMap::new();
        for (topic, partitions) in &topics {
            for (index, offset) in partitions {
                let place = (self.group.clone(), topic.name.clone(), *index);
                sent.insert(place.clone(), self.clients.commits.sent(&place, *offset));
            }
        }
        let request = OffsetCommitRequest {
            group_id: self.group.clone(),
            generation_id_or_member_epoch: self.generation,
            member_id: self.id.clone(),
            topics: topics
                .into_iter()
                .map(|(topic, partitions)| OffsetCommitRequestTopic {
                    name: topic.name,
                    partitions: partitions
                        .into_iter()
                        .map(
                            |(partition_index, committed_offset)| OffsetCommitRequestPartition {
                                partition_index,
                                committed_offset,
                                ..OffsetCommitRequestPartition::default()
                            },
                        )
                        .collect(),
                    ..OffsetCommitRequestTopic::default()
                })
                .collect(),
            ..OffsetCommitRequest::default()
        };
        let response = self.wire.call(COMMIT, &request).await?;
        for topic in response.topics {
            for partition in topic.partitions {
                let place = (self.group.clone(), topic.name.clone(), partition.partition_index);
                match (partition.error_code, sent.get(&place)) {
                    (0, Some(sent)) => {
                        self.clients.commits.acknowledged(&place, *sent);
                        let oracle = &self.clients.oracle;
                        oracle.commits.set(oracle.commits.get() + 1);
                        oracle.milestone();
                    }
                    (0, None) => self
                        .clients
                        .oracle
                        .violate(format!("{place:?}: committed unasked")),
                    (code, _) => return self.refused("commit", code),
                }
            }
        }
        Ok(())
    }

    async fn leave(&mut self) -> Result<(), Gone> {
        let request = LeaveGroupRequest {
            group_id: self.group.clone(),
            members: vec![MemberIdentity {
                member_id: std::mem::take(&mut self.id),
                ..MemberIdentity::default()
            }],
            ..LeaveGroupRequest::default()
        };
        self.wire.call(LEAVE, &request).await.map(drop)
    }
}

/// Positions by topic, as requests by name want them.
fn by_topic(topics: &[Topic], positions: &BTreeMap<PartitionId, i64>) -> Vec<(Topic, Vec<(i32, i64)>)> {
    topics
        .iter()
        .filter_map(|topic| {
            let partitions: Vec<(i32, i64)> = positions
                .iter()
                .filter(|(id, _)| id.topic == topic.id)
                .map(|(id, offset)| (id.index.get(), *offset))
                .collect();
            (!partitions.is_empty()).then(|| (topic.clone(), partitions))
        })
        .collect()
}

/// What the leader does: partitions go round the members.
fn share_out(topics: &[Topic], joined: &JoinGroupResponse) -> Vec<SyncGroupRequestAssignment> {
    let count = joined.members.len().max(1);
    let all = topics
        .iter()
        .flat_map(|topic| (0..topic.partitions).map(move |index| (topic.name.clone(), index)));
    let mut shares: Vec<BTreeMap<String, Vec<i32>>> = vec![BTreeMap::new(); count];
    for (turn, (topic, index)) in all.enumerate() {
        shares[turn % count].entry(topic).or_default().push(index);
    }
    joined
        .members
        .iter()
        .zip(shares)
        .map(|(member, share)| SyncGroupRequestAssignment {
            member_id: member.member_id.clone(),
            assignment: ConsumerProtocolAssignment {
                assigned_partitions: share
                    .into_iter()
                    .map(|(topic, partitions)| AssignedTopicPartitions { topic, partitions })
                    .collect(),
                user_data: None,
            }
            .to_assignment(1)
            .expect("an assignment is encoded"),
        })
        .collect()
}
