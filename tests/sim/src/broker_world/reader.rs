//! Fetching: what every reader of a log shares, and readers that follow partitions with and without sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use corelog_model::{PartitionId, PartitionIndex, TopicId};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, ForgottenTopic, PartitionData,
};

use super::clients::Clients;
use super::oracle::{Floor, Oracle, View};
use super::position::{NO_EPOCH, Position, Positions, doubt, validate};
use super::wire::{Gone, Wire, name_of};
use crate::rng::SimRng;

/// Names topics by id (KIP-516).
const FETCH: i16 = 16;

/// How a fetch is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchWish {
    pub(super) wait_ms: i32,
    pub(super) bytes_max: i32,
    pub(super) session_id: i32,
    pub(super) session_epoch: i32,
    /// Tells the epoch of the last record that was read, as followers do (KIP-595).
    pub(super) tells_epoch: bool,
    /// Leaves the session.
    pub(super) forgotten: Option<PartitionId>,
}

impl FetchWish {
    /// Without a session.
    pub(super) fn once(wait_ms: i32, bytes_max: i32) -> FetchWish {
        FetchWish {
            wait_ms,
            bytes_max,
            session_id: 0,
            session_epoch: -1,
            tells_epoch: false,
            forgotten: None,
        }
    }
}

/// A fetch from these offsets, and what each partition cannot fall below when it is answered.
pub(super) fn fetch_request(wish: FetchWish, positions: &Positions) -> FetchRequest {
    let mut topics: BTreeMap<TopicId, Vec<FetchPartition>> = BTreeMap::new();
    for (id, position) in positions {
        topics.entry(id.topic).or_default().push(FetchPartition {
            partition: id.index.get(),
            fetch_offset: position.next,
            current_leader_epoch: position.leader,
            last_fetched_epoch: if wish.tells_epoch {
                position.epoch
            } else {
                NO_EPOCH
            },
            partition_max_bytes: wish.bytes_max,
            ..FetchPartition::default()
        });
    }
    FetchRequest {
        max_wait_ms: wish.wait_ms,
        min_bytes: 1,
        max_bytes: wish.bytes_max.saturating_mul(2),
        session_id: wish.session_id,
        session_epoch: wish.session_epoch,
        topics: topics
            .into_iter()
            .map(|(topic_id, partitions)| FetchTopic {
                topic_id,
                partitions,
                ..FetchTopic::default()
            })
            .collect(),
        forgotten_topics: wish
            .forgotten
            .into_iter()
            .map(|id| ForgottenTopic {
                topic_id: id.topic,
                partitions: vec![id.index.get()],
                ..ForgottenTopic::default()
            })
            .collect(),
        ..FetchRequest::default()
    }
}

/// The version of fetches.
pub(super) const fn fetch_version() -> i16 {
    FETCH
}

/// What a partition cannot fall below, for many.
pub(super) fn floors(oracle: &Oracle, positions: &Positions) -> BTreeMap<PartitionId, Floor> {
    positions.keys().map(|id| (*id, oracle.floor(*id))).collect()
}

/// What one partition's answer led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Progress {
    pub(super) partition: PartitionId,
    pub(super) next: i64,
    pub(super) high_watermark: i64,
    pub(super) error: i16,
}

/// Checks an answer and moves the positions on.
pub(super) fn take(
    oracle: &Oracle,
    floors: &BTreeMap<PartitionId, Floor>,
    positions: &mut Positions,
    response: FetchResponse,
) -> Vec<Progress> {
    let mut progress = Vec::new();
    for topic in response.topics {
        for data in topic.partitions {
            let id = PartitionId {
                topic: topic.topic_id,
                index: PartitionIndex::new(data.partition_index),
            };
            let (Some(position), Some(floor)) = (positions.get_mut(&id), floors.get(&id)) else {
                oracle.violate(format!("a fetch answers for {id:?}, which was not asked for"));
                continue;
            };
            let one = take_one(oracle, id, *floor, position, data);
            progress.push(one);
        }
    }
    progress
}

fn take_one(
    oracle: &Oracle,
    partition: PartitionId,
    floor: Floor,
    position: &mut Position,
    data: PartitionData,
) -> Progress {
    let from = position.next;
    let (high_watermark, error) = (data.high_watermark, data.error_code);
    if data.diverging_epoch.end_offset >= 0 {
        oracle.violate(format!(
            "{partition:?}: a reader at {position:?} is told that its log parts: {:?}",
            data.diverging_epoch
        ));
    }
    match ErrorCode::from_code(data.error_code) {
        Some(ErrorCode::None) => {
            let view = View {
                from,
                high_watermark: data.high_watermark,
                log_start: data.log_start_offset,
                bytes: data
                    .records
                    .map(|records| records.into_bytes())
                    .unwrap_or_default(),
            };
            let (next, epoch) = oracle.view(partition, floor, view);
            position.next = next;
            position.epoch = epoch.unwrap_or(position.epoch);
        }
        Some(ErrorCode::OffsetOutOfRange) => {
            // As Kafka, which tells no offset with an error.
            if (data.high_watermark, data.log_start_offset) != (-1, -1) {
                oracle.violate(format!("{partition:?}: {from} is refused with {data:?}"));
            }
            *position = position.refused();
        }
        Some(
            ErrorCode::KafkaStorageError
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::UnknownServerError
            | ErrorCode::LeaderNotAvailable,
        ) => {}
        // The broker was started anew.
        Some(ErrorCode::FencedLeaderEpoch) => position.leader = NO_EPOCH,
        _ => {
            if !oracle.is_doomed(partition.topic) {
                oracle.violate(format!(
                    "{partition:?}: a fetch answers {}",
                    name_of(data.error_code)
                ));
            }
        }
    }
    Progress {
        partition,
        next: position.next,
        high_watermark,
        error,
    }
}

/// A reader that follows partitions.
struct Reader {
    clients: Rc<Clients>,
    wire: Wire,
    random: SimRng,
    has_session: bool,
    tells_epoch: bool,
    session: i32,
    epoch: i32,
    positions: Positions,
    /// What the session does not know yet.
    changed: BTreeSet<PartitionId>,
}

/// Follows random partitions until the clients are told to close and it has read all that there was by then.
pub(super) async fn run(clients: Rc<Clients>) {
    let mut random = clients.random();
    let mut positions = Positions::new();
    for topic in clients.topics() {
        for index in 0..topic.partitions {
            if random.below(3) > 0 {
                positions.insert(topic.partition(index), Position::at(0));
            }
        }
    }
    let mut reader = Reader {
        wire: clients.wire(),
        has_session: clients.habits.sessions && random.below(4) > 0,
        tells_epoch: random.coin(),
        random,
        clients,
        session: 0,
        epoch: 0,
        changed: positions.keys().copied().collect(),
        positions,
    };
    while !reader.positions.is_empty() && !reader.clients.oracle.is_violated() {
        if reader.clients.is_closing.get() {
            if reader.has_caught_up() {
                return;
            }
            let reader = &reader;
            reader
                .clients
                .complain(|| format!("a reader at {:?}", reader.positions));
        }
        if reader.step().await.is_err() {
            reader.wire.disconnect();
            doubt(&mut reader.positions);
            (reader.session, reader.epoch) = (0, 0);
            let most = Duration::from_millis(50);
            reader.clients.pause(&mut reader.random, most).await;
        }
    }
}

impl Reader {
    fn has_caught_up(&self) -> bool {
        let oracle = &self.clients.oracle;
        let mut positions = self.positions.iter();
        positions.all(|(id, position)| position.next >= oracle.floor(*id).end || oracle.is_doomed(id.topic))
    }

    /// Waits until something was acknowledged that it has not read, for a while. The session has nothing to name then,
    /// and who asks without waiting is told of it, also if the news of it have not come to the session's shard yet.
    async fn lie_in_wait(&mut self) {
        for _ in 0..50 {
            if !self.has_caught_up() || self.clients.is_closing.get() {
                return;
            }
            let most = Duration::from_micros(100);
            self.clients.pause(&mut self.random, most).await;
        }
    }

    /// Takes a topic up that came, and lets those go that may have gone.
    fn visit(&mut self) {
        if !self.clients.habits.visits || self.clients.is_closing.get() || self.random.below(20) > 0 {
            return;
        }
        let clients = Rc::clone(&self.clients);
        self.positions.retain(|id, _| !clients.oracle.is_doomed(id.topic));
        if let Some(id) = clients.passing_partition(&mut self.random) {
            self.positions.entry(id).or_insert(Position::at(0));
        }
        (self.session, self.epoch) = (0, 0);
    }

    /// Validates what is to be; the session is to hear of what that has changed.
    async fn validate(&mut self) -> Result<(), Gone> {
        let before = self.positions.clone();
        validate(&self.clients.oracle, &mut self.wire, &mut self.positions).await?;
        let changed = self
            .positions
            .iter()
            .filter(|(id, position)| before.get(id) != Some(position));
        self.changed.extend(changed.map(|(id, _)| *id));
        Ok(())
    }

    async fn step(&mut self) -> Result<(), Gone> {
        self.visit();
        self.validate().await?;
        // In the end it keeps to what it has: a session that was opened then would hide what became of the one before.
        let is_restless = !self.clients.is_closing.get();
        let mut wish = self.wish();
        if is_restless && self.epoch > 0 && self.changed.is_empty() && self.random.coin() {
            self.lie_in_wait().await;
            wish.wait_ms = 0;
        }
        let mut asked = self.positions.clone();
        if self.epoch > 0 {
            asked.retain(|id, _| self.changed.contains(id));
            if is_restless && self.positions.len() > 1 && self.random.below(50) == 0 {
                wish.forgotten = self.positions.pop_first().map(|(id, _)| id);
                asked.retain(|id, _| self.positions.contains_key(id));
            }
            if is_restless && self.random.below(50) == 0 && self.epoch > 1 {
                return self.ask_again(wish, &asked).await;
            }
        }
        let floors = floors(&self.clients.oracle, &self.positions);
        let request = fetch_request(wish, &asked);
        self.wire.send(FETCH, &request).await?;
        if is_restless && self.random.below(60) == 0 {
            // Somebody who goes while it waits.
            let most = Duration::from_millis(20);
            self.clients.pause(&mut self.random, most).await;
            return Err(Gone);
        }
        let response = self.wire.receive::<FetchRequest>(FETCH).await?;
        match ErrorCode::from_code(response.error_code) {
            Some(ErrorCode::None) => {}
            Some(ErrorCode::FetchSessionIdNotFound | ErrorCode::InvalidFetchSessionEpoch) => {
                (self.session, self.epoch) = (0, 0);
                return Ok(());
            }
            _ => {
                let name = name_of(response.error_code);
                self.clients.oracle.violate(format!("a fetch answers {name}"));
                return Err(Gone);
            }
        }
        if self.has_session && response.session_id != 0 {
            (self.session, self.epoch) = (response.session_id, self.epoch + 1);
        }
        if response.topics.is_empty() {
            self.check_nothing(&floors);
        }
        self.take(&floors, response).await;
        Ok(())
    }

    /// A fetch was answered with nothing: of what it asked for nothing was acknowledged before.
    fn check_nothing(&self, floors: &BTreeMap<PartitionId, Floor>) {
        let oracle = &self.clients.oracle;
        for (id, floor) in floors {
            let is_behind = self
                .positions
                .get(id)
                .is_some_and(|position| position.next < floor.end);
            if is_behind && !oracle.is_doomed(id.topic) {
                oracle.violate(format!(
                    "a fetch is answered with nothing, although {id:?} was acknowledged up to {} before",
                    floor.end
                ));
            }
        }
    }

    fn wish(&mut self) -> FetchWish {
        // Some wait for very long, and are woken by a batch, or go before.
        let wait_max = if self.random.below(30) == 0 { 10_000 } else { 300 };
        FetchWish {
            wait_ms: i32::try_from(self.random.below(wait_max)).expect("small"),
            bytes_max: i32::try_from(1 + self.random.below(200_000)).expect("small"),
            session_id: self.session,
            session_epoch: if self.has_session { self.epoch } else { -1 },
            tells_epoch: self.tells_epoch,
            forgotten: None,
        }
    }

    async fn take(&mut self, floors: &BTreeMap<PartitionId, Floor>, response: FetchResponse) {
        let before = self.positions.clone();
        let progress = take(&self.clients.oracle, floors, &mut self.positions, response);
        let was_at = |id: &PartitionId| before.get(id).map(|position| position.next);
        if progress
            .iter()
            .all(|one| one.error == 0 && was_at(&one.partition) == Some(one.next))
        {
            self.check_emptiness(floors);
        }
        let moved = self
            .positions
            .iter()
            .filter(|(id, position)| before.get(id) != Some(position));
        self.changed = moved.map(|(id, _)| *id).collect();
        if progress.iter().any(|one| one.error != 0) {
            let most = Duration::from_millis(50);
            self.clients.pause(&mut self.random, most).await;
        }
        // At times somebody begins anew, so that old offsets are read again.
        let is_rare = self.has_session && self.random.below(5) > 0;
        if !is_rare && self.random.below(20) == 0 && !self.clients.is_closing.get() {
            for (id, position) in &mut self.positions {
                *position = Position::at(self.clients.oracle.floor(*id).start);
            }
            self.changed = self.positions.keys().copied().collect();
        }
    }

    /// An answer without a record or an error says that nothing was there to read, of any partition of the session, when
    /// it was asked for.
    fn check_emptiness(&self, floors: &BTreeMap<PartitionId, Floor>) {
        let oracle = &self.clients.oracle;
        for (id, position) in &self.positions {
            let is_missed = floors.get(id).is_some_and(|floor| position.next < floor.end);
            if is_missed && !oracle.is_doomed(id.topic) {
                oracle.violate(format!(
                    "{id:?}: an empty fetch hides what is there from {position:?} on"
                ));
            }
        }
    }

    /// Asks with an epoch that the session has passed, as a request does that comes twice.
    async fn ask_again(&mut self, wish: FetchWish, asked: &Positions) -> Result<(), Gone> {
        let wish = FetchWish {
            session_epoch: wish.session_epoch - 1,
            ..wish
        };
        let response = self.wire.call(FETCH, &fetch_request(wish, asked)).await?;
        if response.error_code == 0 {
            let oracle = &self.clients.oracle;
            oracle.violate("a fetch session takes an epoch that has passed".to_owned());
        }
        Err(Gone)
    }
}
