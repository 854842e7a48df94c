//! A shell in miniature: virtual time, a log in memory, and a ledger that sees to it that every request has one answer.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use corelog_groups::records::{GroupMetadataValue, RecordKey};
use corelog_groups::{
    Action, AppendToken, DescribedGroup, Event, FetchedOffset, Generation, GroupConfig, GroupCoordinator,
    GroupError, GroupId, GroupStateName, HeartbeatRequest, InstanceId, JoinRequest, JoinedGroup,
    LeaveRequest, LeavingMember, LeftMember, ListGroupsRequest, ListedGroup, MemberId, Now,
    OffsetDeleteRequest, OffsetFetchRequest, OffsetFetchTopic, PersistError, Record, Request, RequestToken,
    Response, SyncedMember, TopicResult, TransactionEnd, TransactionalProducer,
};
use corelog_model::{PartitionIndex, TimestampMs, TopicId};

use crate::requests::{join, secs, sync, topic};

pub(crate) const START_MS: i64 = 1_700_000_000_000;

/// One append of the log.
#[derive(Clone, Debug)]
pub(crate) enum Logged {
    Records(Vec<Record>, Option<TransactionalProducer>),
    Marker(TransactionEnd),
}

/// Replays a log into a coordinator.
pub(crate) fn replay(coordinator: &mut GroupCoordinator, log: &[Logged]) {
    for logged in log {
        match logged {
            Logged::Records(records, transaction) => {
                for record in records {
                    let loaded = coordinator.load(&record.key, record.value.as_deref(), *transaction);
                    loaded.expect("our own record");
                }
            }
            Logged::Marker(end) => coordinator.load_end(end.producer.id, end.result),
        }
    }
}

/// A coordinator, its clock and its log.
pub(crate) struct World {
    pub(crate) coordinator: GroupCoordinator,
    pub(crate) config: GroupConfig,
    pub(crate) monotonic: Duration,
    next_token: u64,
    answers: BTreeMap<RequestToken, Option<Response>>,
    in_flight: VecDeque<(AppendToken, Logged)>,
    /// Appends are durable at once.
    pub(crate) persist_at_once: bool,
    /// The records that became durable.
    pub(crate) log: Vec<Record>,
    /// The appends that became durable, of this coordinator.
    pub(crate) history: Vec<Logged>,
    generations: BTreeMap<GroupId, Generation>,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(GroupConfig::default())
    }

    pub(crate) fn with(config: GroupConfig) -> World {
        World::restarted(config, Vec::new(), Duration::ZERO)
    }

    /// A coordinator that has replayed `log`.
    pub(crate) fn restarted(config: GroupConfig, log: Vec<Record>, monotonic: Duration) -> World {
        let mut world = World::loading(config, log, monotonic);
        let actions = world.coordinator.finish_load(world.now());
        world.perform(actions);
        world
    }

    pub(crate) fn loading(config: GroupConfig, log: Vec<Record>, monotonic: Duration) -> World {
        let history = vec![Logged::Records(log.clone(), None)];
        let mut world = World::loading_history(config, history, monotonic);
        world.log = log;
        world
    }

    fn loading_history(config: GroupConfig, history: Vec<Logged>, monotonic: Duration) -> World {
        let mut coordinator = GroupCoordinator::new(config.clone());
        replay(&mut coordinator, &history);
        World {
            coordinator,
            config,
            monotonic,
            next_token: 0,
            answers: BTreeMap::new(),
            in_flight: VecDeque::new(),
            persist_at_once: true,
            log: Vec::new(),
            history,
            generations: BTreeMap::new(),
        }
    }

    /// The same log, a new coordinator.
    pub(crate) fn restart(&self) -> World {
        let mut world = World::loading_history(self.config.clone(), self.history.clone(), self.monotonic);
        world.log.clone_from(&self.log);
        let actions = world.coordinator.finish_load(world.now());
        world.perform(actions);
        // Random bits do not repeat in a new process.
        world.next_token = self.next_token;
        world
    }

    pub(crate) fn now(&self) -> Now {
        let passed = i64::try_from(self.monotonic.as_millis()).expect("tests are short");
        Now {
            monotonic: self.monotonic,
            wall: TimestampMs::new(START_MS + passed),
        }
    }

    /// Sends a request; `answer` has the reply when there is one.
    pub(crate) fn send(&mut self, request: Request) -> RequestToken {
        let token = RequestToken::new(self.next_token);
        self.next_token += 1;
        self.answers.insert(token, None);
        let now = self.now();
        let actions = self.coordinator.handle(Event::Request { token, request }, now);
        self.perform(actions);
        token
    }

    pub(crate) fn event(&mut self, event: Event) {
        let now = self.now();
        let actions = self.coordinator.handle(event, now);
        self.perform(actions);
    }

    pub(crate) fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Reply { token, response } => {
                    let answer = self.answers.get_mut(&token).expect("a known token");
                    assert!(answer.is_none(), "a second answer to {token:?}: {response:?}");
                    *answer = Some(response);
                }
                Action::Append {
                    records,
                    transaction,
                    then,
                } => {
                    self.check_records(&records);
                    self.in_flight
                        .push_back((then, Logged::Records(records, transaction)));
                }
                Action::AppendMarker { end, then } => self.in_flight.push_back((then, Logged::Marker(end))),
            }
        }
        if self.persist_at_once {
            self.persist(Ok(()));
        }
    }

    /// Forgets what is in flight, as a crash does.
    pub(crate) fn lose_in_flight(&mut self) {
        self.in_flight.clear();
    }

    /// Reports everything in flight.
    pub(crate) fn persist(&mut self, result: Result<(), PersistError>) {
        while !self.in_flight.is_empty() {
            self.persist_one(result);
        }
    }

    /// Reports the oldest append in flight, if there is one.
    pub(crate) fn persist_one(&mut self, result: Result<(), PersistError>) {
        if let Some((token, logged)) = self.in_flight.pop_front() {
            if result.is_ok() {
                if let Logged::Records(records, _) = &logged {
                    self.log.extend(records.iter().cloned());
                }
                self.history.push(logged);
            }
            self.event(Event::Persisted { token, result });
        }
    }

    pub(crate) fn in_flight_count(&self) -> usize {
        self.in_flight.len()
    }

    /// Lets time pass, with every deadline on its way.
    pub(crate) fn advance(&mut self, by: Duration) {
        let end = self.monotonic + by;
        while let Some(next) = self.coordinator.next_timeout() {
            if next > end {
                break;
            }
            self.monotonic = self.monotonic.max(next);
            let now = self.now();
            let actions = self.coordinator.handle_timeout(now);
            self.perform(actions);
        }
        self.monotonic = end;
    }

    /// The answer to a request, if it has come.
    pub(crate) fn answer(&self, token: RequestToken) -> Option<&Response> {
        self.answers.get(&token).expect("a known token").as_ref()
    }

    /// Requests without an answer.
    pub(crate) fn unanswered(&self) -> Vec<RequestToken> {
        let open = self.answers.iter().filter(|(_, answer)| answer.is_none());
        open.map(|(token, _)| *token).collect()
    }

    /// Generations grow until a group is deleted.
    fn check_records(&mut self, records: &[Record]) {
        assert!(!records.is_empty());
        for record in records {
            let RecordKey::GroupMetadata { group_id } = RecordKey::decode(&record.key).expect("our own key")
            else {
                continue;
            };
            match &record.value {
                None => {
                    self.generations.remove(&group_id);
                }
                Some(value) => {
                    let value = GroupMetadataValue::decode(value).expect("our own value");
                    let former = self.generations.insert(group_id, value.generation);
                    assert!(former <= Some(value.generation), "generations never go back");
                }
            }
        }
    }

    // The requests, each with its kind of answer.

    pub(crate) fn joined(&self, token: RequestToken) -> Result<JoinedGroup, GroupError> {
        match self.answer(token) {
            Some(Response::Join(result)) => result.clone(),
            other => panic!("not a JoinGroup answer: {other:?}"),
        }
    }

    pub(crate) fn synced(&self, token: RequestToken) -> Result<SyncedMember, GroupError> {
        match self.answer(token) {
            Some(Response::Sync(result)) => result.clone(),
            other => panic!("not a SyncGroup answer: {other:?}"),
        }
    }

    pub(crate) fn committed(&self, token: RequestToken) -> Result<Vec<TopicResult>, GroupError> {
        match self.answer(token) {
            Some(Response::OffsetCommit(result)) => result.clone(),
            other => panic!("not an OffsetCommit answer: {other:?}"),
        }
    }

    pub(crate) fn join(&mut self, request: JoinRequest) -> RequestToken {
        let random = u128::from(self.next_token);
        self.send(Request::Join(Box::new(JoinRequest { random, ..request })))
    }

    pub(crate) fn sync(&mut self, member: &JoinedGroup, assignments: &[(&MemberId, &str)]) -> RequestToken {
        self.send(Request::Sync(sync(member, assignments)))
    }

    pub(crate) fn heartbeat(&mut self, member: &JoinedGroup) -> Result<(), GroupError> {
        self.heartbeat_as(member, None)
    }

    pub(crate) fn heartbeat_as(
        &mut self,
        member: &JoinedGroup,
        instance: Option<&str>,
    ) -> Result<(), GroupError> {
        let token = self.send(Request::Heartbeat(HeartbeatRequest {
            group_id: GroupId::new("g"),
            generation: Some(member.generation),
            member_id: member.member_id.clone(),
            group_instance_id: instance.map(InstanceId::new),
        }));
        match self.answer(token) {
            Some(Response::Heartbeat(result)) => result.clone(),
            other => panic!("not a Heartbeat answer: {other:?}"),
        }
    }

    pub(crate) fn leave(&mut self, member_id: &str, instance: Option<&str>) -> Result<(), GroupError> {
        let token = self.send(Request::Leave(LeaveRequest {
            group_id: GroupId::new("g"),
            members: vec![LeavingMember {
                member_id: MemberId::new(member_id),
                group_instance_id: instance.map(InstanceId::new),
            }],
        }));
        match self.answer(token) {
            Some(Response::Leave(Ok(left))) => {
                let [LeftMember { result, .. }] = left.as_slice() else {
                    panic!("one member: {left:?}");
                };
                result.clone()
            }
            other => panic!("not a LeaveGroup answer: {other:?}"),
        }
    }

    pub(crate) fn fetch_all(&mut self, require_stable: bool) -> Vec<OffsetFetchTopic<FetchedOffset>> {
        self.fetch(None, require_stable)
    }

    pub(crate) fn fetch(
        &mut self,
        topics: Option<Vec<OffsetFetchTopic<PartitionIndex>>>,
        require_stable: bool,
    ) -> Vec<OffsetFetchTopic<FetchedOffset>> {
        let token = self.send(Request::OffsetFetch(OffsetFetchRequest {
            group_id: GroupId::new("g"),
            require_stable,
            topics,
        }));
        match self.answer(token) {
            Some(Response::OffsetFetch(Ok(topics))) => topics.clone(),
            other => panic!("not an OffsetFetch answer: {other:?}"),
        }
    }

    /// The committed offset of partition 0 of `t` in group `g`.
    pub(crate) fn offset(&mut self) -> Option<i64> {
        let topics = self.fetch(
            Some(vec![OffsetFetchTopic {
                topic: topic("t"),
                topic_id: TopicId::ZERO,
                partitions: vec![PartitionIndex::new(0)],
            }]),
            false,
        );
        let committed = topics[0].partitions[0].committed.clone().expect("no error");
        committed.map(|committed| committed.offset.get())
    }

    pub(crate) fn delete_offsets(&mut self, topics: &[&str]) -> RequestToken {
        self.send(Request::OffsetDelete(OffsetDeleteRequest {
            group_id: GroupId::new("g"),
            topics: topics
                .iter()
                .map(|name| (topic(name), vec![PartitionIndex::new(0)]))
                .collect(),
        }))
    }

    pub(crate) fn delete_group(&mut self) -> RequestToken {
        self.send(Request::DeleteGroups(vec![GroupId::new("g")]))
    }

    pub(crate) fn describe(&mut self, group: &str) -> Result<DescribedGroup, GroupError> {
        let token = self.send(Request::DescribeGroup(GroupId::new(group)));
        match self.answer(token) {
            Some(Response::DescribeGroup(result)) => result.clone(),
            other => panic!("not a DescribeGroup answer: {other:?}"),
        }
    }

    pub(crate) fn state(&mut self) -> Option<GroupStateName> {
        self.describe("g").ok().map(|group| group.state)
    }

    pub(crate) fn list(&mut self, request: ListGroupsRequest) -> Vec<ListedGroup> {
        let token = self.send(Request::ListGroups(request));
        match self.answer(token) {
            Some(Response::ListGroups(Ok(groups))) => groups.clone(),
            other => panic!("not a ListGroups answer: {other:?}"),
        }
    }

    /// Brings a stable group `g` of dynamic members into being, the leader first; assignments are `a0`, `a1`, ...
    pub(crate) fn stable_group(&mut self, size: usize) -> Vec<JoinedGroup> {
        let tokens: Vec<_> = (0..size).map(|_| self.join(join())).collect();
        self.advance(secs(if size > 1 { 6 } else { 3 }));
        self.complete(&tokens)
    }

    /// Syncs everybody who has joined, and returns them with the leader first.
    pub(crate) fn complete(&mut self, tokens: &[RequestToken]) -> Vec<JoinedGroup> {
        let mut members: Vec<_> = tokens
            .iter()
            .map(|token| self.joined(*token).expect("joined"))
            .collect();
        members.sort_by_key(|member| Some(&member.member_id) != member.leader.as_ref());
        let ids: Vec<MemberId> = members.iter().map(|member| member.member_id.clone()).collect();
        let names: Vec<String> = (0..ids.len()).map(|index| format!("a{index}")).collect();
        let assignments: Vec<(&MemberId, &str)> = ids.iter().zip(names.iter().map(String::as_str)).collect();
        for member in members.iter().rev() {
            let is_leader = Some(&member.member_id) == member.leader.as_ref();
            self.sync(member, if is_leader { &assignments } else { &[] });
        }
        members
    }
}
