//! Fetching: what every reader of a log shares, and readers that follow partitions with and without sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use corelog_model::{PartitionId, PartitionIndex, TopicId};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData,
};

use super::clients::Clients;
use super::oracle::{Floor, Oracle, View};
use super::wire::name_of;

/// Names topics by id (KIP-516).
const FETCH: i16 = 16;

/// How a fetch is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchWish {
    pub(super) wait_ms: i32,
    pub(super) bytes_max: i32,
    pub(super) session_id: i32,
    pub(super) session_epoch: i32,
}

impl FetchWish {
    /// Without a session.
    pub(super) fn once(wait_ms: i32, bytes_max: i32) -> FetchWish {
        FetchWish {
            wait_ms,
            bytes_max,
            session_id: 0,
            session_epoch: -1,
        }
    }
}

/// A fetch from these offsets, and what each partition cannot fall below when it is answered.
pub(super) fn fetch_request(wish: FetchWish, positions: &BTreeMap<PartitionId, i64>) -> FetchRequest {
    let mut topics: BTreeMap<TopicId, Vec<FetchPartition>> = BTreeMap::new();
    for (id, offset) in positions {
        topics.entry(id.topic).or_default().push(FetchPartition {
            partition: id.index.get(),
            fetch_offset: *offset,
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
        ..FetchRequest::default()
    }
}

/// The version of fetches.
pub(super) const fn fetch_version() -> i16 {
    FETCH
}

/// What a partition cannot fall below, for many.
pub(super) fn floors(
    oracle: &Oracle,
    positions: &BTreeMap<PartitionId, i64>,
) -> BTreeMap<PartitionId, Floor> {
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
    positions: &mut BTreeMap<PartitionId, i64>,
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
            let one = take_one(oracle, id, *floor, *position, data);
            *position = one.next;
            progress.push(one);
        }
    }
    progress
}

fn take_one(
    oracle: &Oracle,
    partition: PartitionId,
    floor: Floor,
    from: i64,
    data: PartitionData,
) -> Progress {
    let (high_watermark, error) = (data.high_watermark, data.error_code);
    let progress = |next| Progress {
        partition,
        next,
        high_watermark,
        error,
    };
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
            progress(oracle.view(partition, floor, view))
        }
        Some(ErrorCode::OffsetOutOfRange) => {
            oracle.offsets(partition, floor, data.high_watermark, data.log_start_offset);
            if data.log_start_offset <= from && from <= data.high_watermark {
                oracle.violate(format!(
                    "{partition:?}: {from} is refused as out of {}..={}",
                    data.log_start_offset, data.high_watermark
                ));
            }
            progress(data.log_start_offset.max(0))
        }
        Some(
            ErrorCode::KafkaStorageError
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::UnknownServerError
            | ErrorCode::LeaderNotAvailable,
        ) => progress(from),
        _ => {
            if !oracle.is_doomed(partition.topic) {
                oracle.violate(format!(
                    "{partition:?}: a fetch answers {}",
                    name_of(data.error_code)
                ));
            }
            progress(from)
        }
    }
}

/// Follows random partitions until the clients are told to close.
pub(super) async fn run(clients: Rc<Clients>) {
    let mut random = clients.random();
    let mut wire = clients.wire();
    let has_session = random.coin();
    let mut positions: BTreeMap<PartitionId, i64> = BTreeMap::new();
    for topic in clients.topics() {
        for index in 0..topic.partitions {
            if random.below(3) > 0 {
                positions.insert(topic.partition(index), 0);
            }
        }
    }
    let (mut session, mut epoch) = (0, 0);
    let mut changed: BTreeSet<PartitionId> = positions.keys().copied().collect();
    while !clients.is_closing.get() {
        if positions.is_empty() {
            return;
        }
        let wish = FetchWish {
            wait_ms: i32::try_from(random.below(300)).expect("small"),
            bytes_max: i32::try_from(1 + random.below(200_000)).expect("small"),
            session_id: session,
            session_epoch: if has_session { epoch } else { -1 },
        };
        let mut asked = positions.clone();
        if epoch > 0 {
            asked.retain(|id, _| changed.contains(id));
        }
        let floors = floors(&clients.oracle, &positions);
        let request = fetch_request(wish, &asked);
        let Ok(response) = wire.call(FETCH, &request).await else {
            (session, epoch) = (0, 0);
            clients.pause(&mut random, Duration::from_millis(50)).await;
            continue;
        };
        match ErrorCode::from_code(response.error_code) {
            Some(ErrorCode::None) => {}
            Some(ErrorCode::FetchSessionIdNotFound | ErrorCode::InvalidFetchSessionEpoch) => {
                (session, epoch) = (0, 0);
                continue;
            }
            _ => {
                let name = name_of(response.error_code);
                clients.oracle.violate(format!("a fetch answers {name}"));
                return;
            }
        }
        if has_session && response.session_id != 0 {
            (session, epoch) = (response.session_id, epoch + 1);
        }
        let before = positions.clone();
        let progress = take(&clients.oracle, &floors, &mut positions, response);
        changed = positions
            .iter()
            .filter(|(id, offset)| before.get(id) != Some(offset))
            .map(|(id, _)| *id)
            .collect();
        if progress.iter().any(|one| one.error != 0) {
            clients.pause(&mut random, Duration::from_millis(50)).await;
        }
        // At times somebody begins anew, so that old offsets are read again.
        if random.below(20) == 0 {
            for (id, position) in &mut positions {
                *position = clients.oracle.floor(*id).start;
            }
            changed = positions.keys().copied().collect();
        }
    }
}
