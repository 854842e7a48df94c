//! Whatever clients, the log and time do, in any order: every request gets one answer, generations grow, and what was
//! committed is what the log says.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use corelog_groups::records::{OffsetCommitValue, RecordKey};
use corelog_groups::{
    Event, Generation, GroupConfig, GroupError, GroupId, GroupStateName, HeartbeatRequest, InstanceId,
    JoinRequest, LeaveRequest, LeavingMember, MemberId, OffsetCommitRequest, OffsetDeleteRequest,
    PersistError, Request, RequestToken, Response, SyncRequest,
};
use corelog_model::PartitionIndex;
use proptest::prelude::*;

use crate::requests::{commit, commit_topic, join, secs, subscription, topic};
use crate::world::World;

const GROUPS: [&str; 2] = ["g", "h"];
const TOPICS: [&str; 3] = ["t", "u", "v"];
/// Clients a group; the last two are static.
const CLIENTS: usize = 5;

/// What a client remembers.
#[derive(Clone, Default)]
struct Client {
    member_id: String,
    generation: Option<Generation>,
    members: Vec<MemberId>,
    joining: Option<RequestToken>,
    beating: Option<RequestToken>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Join {
        known: bool,
        protocols: usize,
    },
    Forget,
    Sync,
    Heartbeat,
    Leave,
    Commit {
        by_member: bool,
        topic: usize,
        offset: i64,
    },
    DeleteOffsets {
        topic: usize,
    },
    DeleteGroup,
    DeleteTopic {
        topic: usize,
    },
    Persist {
        result: Result<(), PersistError>,
    },
    Advance {
        milliseconds: u64,
    },
    Restart {
        durable: bool,
    },
    /// The group's clients do what clients do, for a while.
    Converge {
        rounds: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let result = prop_oneof![
        6 => Just(Ok(())),
        1 => Just(Err(PersistError::Unavailable)),
        1 => Just(Err(PersistError::NotLeader)),
    ];
    prop_oneof![
        8 => (any::<bool>(), 0..4usize).prop_map(|(known, protocols)| Step::Join { known, protocols }),
        1 => Just(Step::Forget),
        8 => Just(Step::Sync),
        4 => Just(Step::Heartbeat),
        2 => Just(Step::Leave),
        6 => (any::<bool>(), 0..TOPICS.len(), 0..1_000i64)
            .prop_map(|(by_member, topic, offset)| Step::Commit { by_member, topic, offset }),
        1 => (0..TOPICS.len()).prop_map(|topic| Step::DeleteOffsets { topic }),
        1 => Just(Step::DeleteGroup),
        1 => (0..TOPICS.len()).prop_map(|topic| Step::DeleteTopic { topic }),
        8 => result.prop_map(|result| Step::Persist { result }),
        8 => prop_oneof![6 => 0..4_000u64, 3 => 0..70_000u64, 1 => Just(8 * 24 * 3_600_000)]
            .prop_map(|milliseconds| Step::Advance { milliseconds }),
        1 => any::<bool>().prop_map(|durable| Step::Restart { durable }),
        4 => (1..6usize).prop_map(|rounds| Step::Converge { rounds }),
    ]
}

/// The protocols that a client joins with; all but the last choice have one in common.
fn protocols(choice: usize) -> Vec<(String, Bytes)> {
    let (names, topics): (&[&str], &[&str]) = match choice {
        0 => (&["range"], &["t"]),
        1 => (&["range", "sticky"], &["t", "u"]),
        2 => (&["sticky", "range"], &["t"]),
        _ => (&["sticky"], &["u"]),
    };
    let metadata = subscription(topics);
    names
        .iter()
        .map(|name| ((*name).to_owned(), metadata.clone()))
        .collect()
}

struct Run {
    world: World,
    clients: Vec<Client>,
}

impl Run {
    fn new() -> Run {
        let mut world = World::with(config());
        world.persist_at_once = false;
        Run {
            world,
            clients: vec![Client::default(); GROUPS.len() * CLIENTS],
        }
    }

    fn step(&mut self, at: usize, step: Step) {
        let group_id = GroupId::new(GROUPS[at / CLIENTS]);
        let instance = at % CLIENTS;
        let instance_id = (instance >= CLIENTS - 2).then(|| InstanceId::new(&format!("i{instance}")));
        let client = self.clients[at].clone();
        let member_id = MemberId::new(&client.member_id);
        match step {
            Step::Join {
                known,
                protocols: choice,
            } => {
                self.clients[at].joining = Some(self.world.join(JoinRequest {
                    group_id,
                    member_id,
                    group_instance_id: instance_id,
                    require_known_member_id: known,
                    supports_skip_assignment: known,
                    protocols: protocols(choice),
                    ..join()
                }));
            }
            Step::Forget => self.clients[at] = Client::default(),
            Step::Sync => {
                self.world.send(Request::Sync(SyncRequest {
                    group_id,
                    generation: client.generation,
                    member_id,
                    group_instance_id: instance_id,
                    protocol_type: None,
                    protocol_name: None,
                    assignments: client
                        .members
                        .iter()
                        .map(|member| (member.clone(), Bytes::copy_from_slice(member.as_str().as_bytes())))
                        .collect(),
                }));
            }
            Step::Heartbeat => {
                let beating = self.world.send(Request::Heartbeat(HeartbeatRequest {
                    group_id,
                    generation: client.generation,
                    member_id,
                    group_instance_id: instance_id,
                }));
                self.clients[at].beating = Some(beating);
            }
            Step::Leave => {
                self.world.send(Request::Leave(LeaveRequest {
                    group_id,
                    members: vec![LeavingMember {
                        member_id,
                        group_instance_id: instance_id,
                    }],
                }));
            }
            Step::Commit {
                by_member,
                topic,
                offset,
            } => {
                let mut request = OffsetCommitRequest {
                    group_id,
                    topics: vec![commit_topic(TOPICS[topic], offset, "")],
                    ..commit(None, offset)
                };
                if by_member {
                    request.generation = client.generation;
                    request.member_id = member_id;
                }
                self.world.send(Request::OffsetCommit(request));
            }
            Step::DeleteOffsets { topic: index } => {
                self.world.send(Request::OffsetDelete(OffsetDeleteRequest {
                    group_id,
                    topics: vec![(topic(TOPICS[index]), vec![PartitionIndex::new(0)])],
                }));
            }
            Step::DeleteGroup => {
                self.world.send(Request::DeleteGroups(vec![group_id]));
            }
            Step::DeleteTopic { topic: index } => self.world.event(Event::TopicDeleted {
                topic: topic(TOPICS[index]),
            }),
            Step::Persist { result } => self.world.persist_one(result),
            Step::Advance { milliseconds } => self.world.advance(Duration::from_millis(milliseconds)),
            Step::Restart { durable } => self.restart(durable),
            Step::Converge { rounds } => {
                for _ in 0..rounds {
                    self.converge(at / CLIENTS);
                }
            }
        }
        self.learn();
        if self.world.in_flight_count() == 0 {
            self.check_against_log();
        }
    }

    /// One round in which every client of a group joins if it is not in, syncs and commits if it is, and beats.
    fn converge(&mut self, group: usize) {
        let clients = group * CLIENTS..(group + 1) * CLIENTS;
        for at in clients.clone() {
            let client = &self.clients[at];
            if client.joining.is_none() && client.generation.is_none() {
                let protocols = at % 3;
                self.step(
                    at,
                    Step::Join {
                        known: true,
                        protocols,
                    },
                );
            }
        }
        self.step(clients.start, Step::Persist { result: Ok(()) });
        self.step(clients.start, Step::Advance { milliseconds: 3_000 });
        for at in clients.clone() {
            if self.clients[at].generation.is_some() {
                let (by_member, topic, offset) = (true, at % 3, 1);
                self.step(at, Step::Sync);
                self.step(
                    at,
                    Step::Commit {
                        by_member,
                        topic,
                        offset,
                    },
                );
            }
        }
        self.step(clients.start, Step::Persist { result: Ok(()) });
        for at in clients {
            if self.clients[at].generation.is_some() {
                self.step(at, Step::Heartbeat);
            }
        }
    }

    /// The coordinator moves away and comes back; what was in flight is in the log or is not.
    fn restart(&mut self, durable: bool) {
        if durable {
            self.world.persist(Ok(()));
        }
        let actions = self.world.coordinator.unload();
        self.world.perform(actions);
        self.world.lose_in_flight();
        assert_eq!(self.world.unanswered(), [], "an unload leaves nobody waiting");
        self.learn();
        for client in &mut self.clients {
            client.joining = None;
            client.beating = None;
        }
        self.world = self.world.restart();
        self.world.persist_at_once = false;
    }

    /// Clients take in the answers to their heartbeats and joins.
    fn learn(&mut self) {
        for client in &mut self.clients {
            match client.beating.take().and_then(|token| self.world.answer(token)) {
                Some(Response::Heartbeat(Err(
                    GroupError::UnknownMemberId | GroupError::FencedInstanceId,
                ))) => {
                    let joining = client.joining;
                    *client = Client {
                        joining,
                        ..Client::default()
                    };
                }
                Some(Response::Heartbeat(Err(_))) => client.generation = None,
                Some(_) | None => {}
            }
            let Some(answer) = client.joining.and_then(|token| self.world.answer(token)) else {
                continue;
            };
            match answer {
                Response::Join(Ok(joined)) => {
                    client.member_id = joined.member_id.as_str().to_owned();
                    client.generation = Some(joined.generation);
                    client.members = joined
                        .members
                        .iter()
                        .map(|member| member.member_id.clone())
                        .collect();
                }
                Response::Join(Err(GroupError::MemberIdRequired(member_id))) => {
                    client.member_id = member_id.as_str().to_owned();
                }
                Response::Join(Err(GroupError::UnknownMemberId | GroupError::FencedInstanceId)) => {
                    *client = Client::default();
                }
                Response::Join(Err(_)) => {}
                other => panic!("not a JoinGroup answer: {other:?}"),
            }
            client.joining = None;
        }
    }

    /// The state is what the durable records say: by replay, and by a reading of the log that shares nothing with it.
    fn check_against_log(&mut self) {
        let replayed = self.world.restart();
        assert_eq!(
            self.world.coordinator.snapshot_records(),
            replayed.coordinator.snapshot_records()
        );
        let mut offsets = BTreeMap::new();
        for record in &self.world.log {
            if let RecordKey::OffsetCommit { group_id, topic, .. } =
                RecordKey::decode(&record.key).expect("our own")
            {
                match &record.value {
                    Some(value) => {
                        let committed = OffsetCommitValue::decode(value).expect("our own");
                        offsets.insert((group_id, topic), committed.offset);
                    }
                    None => {
                        offsets.remove(&(group_id, topic));
                    }
                }
            }
        }
        let visible: BTreeMap<_, _> = self
            .world
            .coordinator
            .committed_offsets()
            .map(|found| {
                let place = (found.group_id.clone(), found.topic.clone());
                (place, found.committed.offset)
            })
            .collect();
        assert_eq!(visible, offsets);
    }

    /// All clients fall silent and the log works: nobody waits any more, and the groups are empty.
    fn wind_down(&mut self) {
        self.world.persist(Ok(()));
        self.world.persist_at_once = true;
        self.world.advance(secs(3_600));
        assert_eq!(self.world.unanswered(), []);
        for group in GROUPS {
            if let Ok(described) = self.world.describe(group) {
                assert_eq!(described.state, GroupStateName::Empty, "{described:?}");
            }
        }
        self.check_against_log();
    }
}

fn config() -> GroupConfig {
    GroupConfig {
        group_size_max: 4,
        ..GroupConfig::default()
    }
}

proptest! {
    #[test]
    fn every_history_keeps_the_invariants(
        steps in proptest::collection::vec((0..GROUPS.len() * CLIENTS, step()), 1..120)
    ) {
        let mut run = Run::new();
        for (client, step) in steps {
            run.step(client, step);
        }
        run.wind_down();
    }
}
