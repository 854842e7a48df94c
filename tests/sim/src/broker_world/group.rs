//! Members of a consumer group: they join, share out the partitions, read, commit, and come and go.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use corelog_model::PartitionId;
use corelog_protocol::ErrorCode;
use corelog_protocol::consumer_protocol::PROTOCOL_TYPE;
use corelog_protocol::messages::consumer_protocol::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription,
};
use corelog_protocol::messages::find_coordinator::FindCoordinatorRequest;
use corelog_protocol::messages::heartbeat::HeartbeatRequest;
use corelog_protocol::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse};
use corelog_protocol::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use corelog_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use corelog_protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use corelog_protocol::messages::sync_group::SyncGroupRequest;

use super::assignment::{by_topic, share_out};
use super::clients::Clients;
use super::commits::Place;
use super::loner::delete_group;
use super::position::{Position, Positions, doubt, validate};
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

/// Who a member is to the coordinator.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Identity {
    id: String,
    generation: i32,
    instance: Option<String>,
}

struct Member {
    clients: Rc<Clients>,
    wire: Wire,
    random: SimRng,
    group: String,
    me: Identity,
    /// Who this was in a generation that is over.
    ghost: Option<Identity>,
    /// Took part since the clients were told to close.
    is_served: bool,
}

/// Is a member of `group` until the clients are told to close and it has been one once more.
pub(super) async fn run(clients: Rc<Clients>, group: String, number: u64) {
    let mut member = Member {
        wire: clients.wire(),
        random: clients.random(),
        me: Identity {
            id: String::new(),
            generation: -1,
            instance: clients.habits.is_static.then(|| format!("instance{number}")),
        },
        clients,
        group,
        ghost: None,
        is_served: false,
    };
    while !member.is_over() {
        if member.take_part().await.is_err() {
            let most = Duration::from_millis(100);
            member.clients.pause(&mut member.random, most).await;
        }
        member
            .clients
            .complain(|| format!("{} {:?} takes part no more", member.group, member.me));
    }
    // A member that is polite says so; another one is missed after its session timeout.
    if member.random.coin() {
        let _ = member.leave().await;
    }
}

impl Member {
    fn is_over(&self) -> bool {
        self.clients.is_closing.get() && self.is_served || self.clients.oracle.is_violated()
    }

    /// One generation, from the join to a rebalance, a broken connection or an error.
    async fn take_part(&mut self) -> Result<(), Gone> {
        let request = FindCoordinatorRequest {
            key: self.group.clone(),
            ..FindCoordinatorRequest::default()
        };
        if self.wire.call(FIND_COORDINATOR, &request).await?.error_code != 0 {
            return Err(Gone);
        }
        let before = self.me.clone();
        let joined = self.join().await?;
        let mut positions = self.sync(&joined).await?;
        // What a sync has answered is durable, so whoever this was before is nobody any more.
        if before.generation >= 0 && before != self.me && before.instance == self.me.instance {
            let is_former = before.id == self.me.id || before.instance.is_some();
            self.ghost = is_former.then_some(before);
        }
        if !positions.is_empty() {
            self.fetch_committed(&mut positions).await?;
        }
        loop {
            let is_closing = self.clients.is_closing.get();
            self.heartbeat().await?;
            self.read(&mut positions).await?;
            if is_closing || self.random.below(3) > 0 {
                self.commit(&self.me.clone(), &positions).await?;
                self.is_served |= is_closing;
            }
            if self.is_over() {
                return Ok(());
            }
            if self.clients.habits.haunts
                && self.random.below(8) == 0
                && let Some(ghost) = self.ghost.clone()
            {
                self.haunt(&ghost, &positions).await?;
            }
            match self.random.below(60) {
                0 => return self.leave().await,
                // A second connection of the same member: requests of the first may come late.
                1 => {
                    self.wire.disconnect();
                    doubt(&mut positions);
                }
                2 => self.me.id.clear(),
                3 => return Ok(()),
                4 if self.clients.habits.deletes_groups => {
                    let group = self.group.clone();
                    delete_group(&self.clients, &mut self.wire, &group).await?;
                }
                _ => {}
            }
            self.clients
                .pause(&mut self.random, Duration::from_millis(30))
                .await;
        }
    }

    /// Commits as who this was in a generation that is over: it must be refused.
    async fn haunt(&mut self, ghost: &Identity, positions: &Positions) -> Result<(), Gone> {
        if ghost.id == self.me.id && ghost.generation >= self.me.generation {
            return Ok(());
        }
        let oracle = Rc::clone(&self.clients.oracle);
        let before = oracle.commits.get();
        let refused = self.commit(ghost, positions).await;
        if refused.is_ok() && oracle.commits.get() > before && !positions.is_empty() {
            let (group, me) = (&self.group, &self.me);
            oracle.violate(format!(
                "{group}: a commit of {ghost:?} was taken, who is {me:?} by now"
            ));
        }
        Ok(())
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
                member_id: self.me.id.clone(),
                group_instance_id: self.me.instance.clone(),
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
                    self.me.id.clone_from(&response.member_id);
                    self.me.generation = response.generation_id;
                    return Ok(response);
                }
                Some(ErrorCode::MemberIdRequired) => self.me.id = response.member_id,
                Some(ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId) => self.me.id.clear(),
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
                    | ErrorCode::FencedInstanceId
                    | ErrorCode::CoordinatorLoadInProgress
                    | ErrorCode::CoordinatorNotAvailable
                    | ErrorCode::NotCoordinator
                    | ErrorCode::KafkaStorageError
                    | ErrorCode::UnknownServerError
                    | ErrorCode::RequestTimedOut
            )
        );
        let name = name_of(code);
        self.clients.complain(|| format!("{what} answers {name}"));
        if !is_expected {
            self.clients.oracle.violate(format!("{what} answers {name}"));
        }
        Err(Gone)
    }

    async fn sync(&mut self, joined: &JoinGroupResponse) -> Result<Positions, Gone> {
        let topics = self.clients.topics();
        let assignments = if joined.leader == self.me.id {
            share_out(&topics, joined)
        } else {
            Vec::new()
        };
        let request = SyncGroupRequest {
            group_id: self.group.clone(),
            generation_id: self.me.generation,
            member_id: self.me.id.clone(),
            protocol_type: Some(PROTOCOL_TYPE.to_owned()),
            protocol_name: Some("range".to_owned()),
            assignments,
            group_instance_id: self.me.instance.clone(),
        };
        let response = self.wire.call(SYNC, &request).await?;
        if response.error_code != 0 {
            return self.refused("sync", response.error_code);
        }
        let mut positions = Positions::new();
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
                        .map(|index| (topic.partition(*index), Position::at(0))),
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

    async fn fetch_committed(&mut self, positions: &mut Positions) -> Result<(), Gone> {
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
                    let next = offset.max(self.clients.oracle.floor(*id).start);
                    *position = Position::of(next, partition.committed_leader_epoch);
                }
            }
        }
        Ok(())
    }

    async fn heartbeat(&mut self) -> Result<(), Gone> {
        let request = HeartbeatRequest {
            group_id: self.group.clone(),
            generation_id: self.me.generation,
            member_id: self.me.id.clone(),
            group_instance_id: self.me.instance.clone(),
        };
        match self.wire.call(HEARTBEAT, &request).await?.error_code {
            0 => Ok(()),
            code => self.refused("heartbeat", code),
        }
    }

    async fn read(&mut self, positions: &mut Positions) -> Result<(), Gone> {
        if positions.is_empty() {
            return Ok(());
        }
        validate(&self.clients.oracle, &mut self.wire, positions).await?;
        let wait = i32::try_from(self.random.below(50)).expect("small");
        let floors = floors(&self.clients.oracle, positions);
        let request = fetch_request(FetchWish::once(wait, 50_000), positions);
        let response = self.wire.call(fetch_version(), &request).await?;
        take(&self.clients.oracle, &floors, positions, response);
        Ok(())
    }

    async fn commit(&mut self, who: &Identity, positions: &Positions) -> Result<(), Gone> {
        if positions.is_empty() {
            return Ok(());
        }
        let topics = by_topic(&self.clients.topics(), positions);
        let mut sent: BTreeMap<Place, u64> = BTreeMap::new();
        for (topic, partitions) in &topics {
            for (index, position) in partitions {
                let place = (self.group.clone(), topic.name.clone(), *index);
                sent.insert(place.clone(), self.clients.commits.sent(&place, position.next));
            }
        }
        let request = OffsetCommitRequest {
            group_id: self.group.clone(),
            generation_id_or_member_epoch: who.generation,
            member_id: who.id.clone(),
            group_instance_id: who.instance.clone(),
            topics: topics
                .into_iter()
                .map(|(topic, partitions)| OffsetCommitRequestTopic {
                    name: topic.name,
                    partitions: partitions
                        .into_iter()
                        .map(|(partition_index, position)| OffsetCommitRequestPartition {
                            partition_index,
                            committed_offset: position.next,
                            committed_leader_epoch: position.epoch,
                            ..OffsetCommitRequestPartition::default()
                        })
                        .collect(),
                    ..OffsetCommitRequestTopic::default()
                })
                .collect(),
            ..OffsetCommitRequest::default()
        };
        let response = self.wire.call(COMMIT, &request).await?;
        let mut is_refused = None;
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
                    (code, sent) => {
                        // Not so after an error of the storage: the offset may come yet.
                        if let Some(
                            ErrorCode::IllegalGeneration
                            | ErrorCode::UnknownMemberId
                            | ErrorCode::FencedInstanceId
                            | ErrorCode::RebalanceInProgress,
                        ) = ErrorCode::from_code(code)
                            && let Some(sent) = sent
                        {
                            self.clients.commits.refused(&place, *sent);
                        }
                        is_refused.get_or_insert(code);
                    }
                }
            }
        }
        match is_refused {
            Some(code) => self.refused("commit", code),
            None => Ok(()),
        }
    }

    async fn leave(&mut self) -> Result<(), Gone> {
        let request = LeaveGroupRequest {
            group_id: self.group.clone(),
            members: vec![MemberIdentity {
                member_id: std::mem::take(&mut self.me.id),
                group_instance_id: self.me.instance.clone(),
                ..MemberIdentity::default()
            }],
            ..LeaveGroupRequest::default()
        };
        self.wire.call(LEAVE, &request).await.map(drop)
    }
}
