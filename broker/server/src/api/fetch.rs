//! Fetch (API key 1): a slice of each log, as it was produced.
//!
//! ```text
//! here       session (KIP-227): what to read, in order
//! owners     check epochs and offsets, PartitionLog::read; nothing is copied from the tail
//! here       too little and time left: wait until a high watermark moves, read again
//! here       records as pieces of one vectored send
//! ```

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use corelog_model::{LeaderEpoch, Offset, PartitionId, PartitionIndex, ShardId};
use corelog_protocol::messages::fetch::{
    EpochEndOffset, FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData,
};
use corelog_protocol::{ApiKey, ErrorCode};
use corelog_runtime::{LocalFuture, Monotonic, local};
use corelog_storage::{LogOffsets, LogSlice, ReadError, ReadIsolation};
use futures_util::future::select_all;

use crate::error_codes::{Failure, read_failure};
use crate::fetch_session::{Answered, FetchKey, FetchPlan, FetchWish, SessionError};
use crate::mutation::{Mutation, is_on};
use crate::request::RequestContext;
use crate::shard::Shard;

/// The first version that names topics by id (KIP-516).
const TOPIC_IDS: i16 = 13;

/// Reads until there is enough or the time is up.
pub async fn handle(shard: Rc<Shard>, context: RequestContext, request: FetchRequest) -> FetchResponse {
    let shard = &shard;
    let now = shard.handle.clock.now();
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let limits = Limits {
        bytes_min: usize::try_from(request.min_bytes).unwrap_or(0),
        bytes_max: request_bytes_max(shard, request.max_bytes),
        isolation: if request.isolation_level == 1 {
            ReadIsolation::Stable
        } else if is_on(Mutation::FetchUncommitted) {
            ReadIsolation::LogEnd
        } else {
            ReadIsolation::Committed
        },
        deadline: now + wait,
    };
    let plan = match plan(shard, &request, now) {
        Ok(plan) => plan,
        Err(error) => {
            let code = match error {
                SessionError::NotFound(_) => ErrorCode::FetchSessionIdNotFound,
                SessionError::Epoch { .. } => ErrorCode::InvalidFetchSessionEpoch,
            };
            return FetchResponse {
                error_code: code.code(),
                ..Default::default()
            };
        }
    };
    let targets = resolve(shard, &plan, context.version);
    let results = read_enough(shard, &targets, &limits).await;
    assemble(shard, &plan, results, &limits)
}

struct Limits {
    bytes_min: usize,
    bytes_max: usize,
    isolation: ReadIsolation,
    deadline: Monotonic,
}

fn request_bytes_max(shard: &Shard, asked: i32) -> usize {
    let ours = shard.config().network.fetch_bytes_max;
    usize::try_from(asked)
        .unwrap_or(0)
        .min(usize::try_from(ours).unwrap_or(usize::MAX))
}

fn plan(shard: &Shard, request: &FetchRequest, now: Monotonic) -> Result<FetchPlan, SessionError> {
    let mut wishes = Vec::new();
    for topic in &request.topics {
        for partition in &topic.partitions {
            let key = FetchKey {
                topic: topic.topic.clone(),
                topic_id: topic.topic_id,
                partition: PartitionIndex::new(partition.partition),
            };
            let wish = FetchWish {
                fetch_offset: partition.fetch_offset,
                bytes_max: partition.partition_max_bytes,
                current_leader_epoch: partition.current_leader_epoch,
                last_fetched_epoch: partition.last_fetched_epoch,
            };
            wishes.push((key, wish));
        }
    }
    let forgotten: Vec<FetchKey> = request
        .forgotten_topics
        .iter()
        .flat_map(|topic| {
            topic.partitions.iter().map(|partition| FetchKey {
                topic: topic.topic.clone(),
                topic_id: topic.topic_id,
                partition: PartitionIndex::new(*partition),
            })
        })
        .collect();
    let random = shard.handle.rng.next_u64();
    let mut sessions = shard.fetch_sessions.borrow_mut();
    sessions.plan(
        request.session_id,
        request.session_epoch,
        wishes,
        &forgotten,
        now,
        random,
    )
}

/// A wish whose partition is known, or why it is not.
type Target = Result<(PartitionId, FetchWish), ErrorCode>;

fn resolve(shard: &Shard, plan: &FetchPlan, version: i16) -> Vec<Target> {
    let image = shard.image();
    let target = |key: &FetchKey, wish: &FetchWish| {
        let topic = if version >= TOPIC_IDS {
            image.topic_by_id(key.topic_id).ok_or(ErrorCode::UnknownTopicId)?
        } else {
            image
                .topic(key.topic.as_str())
                .ok_or(ErrorCode::UnknownTopicOrPartition)?
        };
        topic
            .partition(key.partition)
            .ok_or(ErrorCode::UnknownTopicOrPartition)?;
        Ok((
            PartitionId {
                topic: topic.id,
                index: key.partition,
            },
            *wish,
        ))
    };
    plan.wishes.iter().map(|(key, wish)| target(key, wish)).collect()
}

/// What an owner says of a partition.
enum Found {
    /// Records, or none.
    Records(LogSlice),
    /// The client's log parts from this one.
    Diverging {
        epoch: LeaderEpoch,
        end: Offset,
        offsets: LogOffsets,
    },
    /// An error, with the offsets if the log is there.
    Failed(Failure, Option<LogOffsets>),
}

impl Found {
    fn bytes(&self) -> usize {
        match self {
            Found::Records(slice) => slice.bytes,
            Found::Diverging { .. } | Found::Failed(..) => 0,
        }
    }

    /// Whether it must be answered at once.
    fn is_urgent(&self) -> bool {
        matches!(self, Found::Diverging { .. } | Found::Failed(..))
    }

    fn high_watermark(&self) -> Option<Offset> {
        match self {
            Found::Records(slice) => Some(slice.offsets.high_watermark),
            Found::Diverging { offsets, .. } => Some(offsets.high_watermark),
            Found::Failed(_, offsets) => offsets.map(|offsets| offsets.high_watermark),
        }
    }
}

async fn read_enough(shard: &Rc<Shard>, targets: &[Target], limits: &Limits) -> Vec<Found> {
    loop {
        let found = read_all(shard, targets, limits).await;
        let bytes: usize = found.iter().map(Found::bytes).sum();
        let is_due = shard.handle.clock.now() >= limits.deadline;
        // A session that has forgotten all of its partitions waits for nothing (`ReplicaManager.fetchMessages`).
        if bytes >= limits.bytes_min || is_due || targets.is_empty() || found.iter().any(Found::is_urgent) {
            return found;
        }
        let seen = targets.iter().zip(&found).filter_map(|(target, found)| {
            let (id, _) = target.as_ref().ok()?;
            Some((*id, found.high_watermark()?))
        });
        wait_for_news(shard, seen.collect(), limits.deadline).await;
    }
}

async fn read_all(shard: &Rc<Shard>, targets: &[Target], limits: &Limits) -> Vec<Found> {
    let (bytes_max, isolation) = (limits.bytes_max, limits.isolation);
    let items = targets
        .iter()
        .filter_map(|target| target.as_ref().ok())
        .map(|(id, wish)| (*id, (*wish, isolation, bytes_max)))
        .collect();
    let mut read = shard.on_owners(items, read_owned).await.into_iter();
    targets
        .iter()
        .map(|target| match target {
            Ok(_) => read.next().expect("one result a target that is known"),
            Err(code) => Found::Failed(Failure::from(*code), None),
        })
        .collect()
}

/// On the owner: reads in order until the request's bytes are used up.
fn read_owned(
    shard: &Rc<Shard>,
    items: Vec<(PartitionId, (FetchWish, ReadIsolation, usize))>,
) -> LocalFuture<Vec<Found>> {
    let shard = Rc::clone(shard);
    Box::pin(async move {
        let mut left = items.first().map_or(0, |(_, (_, _, bytes_max))| *bytes_max);
        let mut is_first = true;
        let mut found = Vec::with_capacity(items.len());
        for (id, (wish, isolation, _)) in items {
            let one = read_one(&shard, id, wish, isolation, left, is_first).await;
            is_first &= one.bytes() == 0;
            left = left.saturating_sub(one.bytes());
            found.push(one);
        }
        found
    })
}

async fn read_one(
    shard: &Shard,
    id: PartitionId,
    wish: FetchWish,
    isolation: ReadIsolation,
    left: usize,
    is_first: bool,
) -> Found {
    let log = match shard.log_of(&id) {
        Ok(log) => log,
        Err(code) => return Found::Failed(code.into(), None),
    };
    let offsets = log.offsets();
    if let Some(code) = stale_epoch(wish.current_leader_epoch, log.leader_epoch()) {
        return Found::Failed(code.into(), Some(offsets));
    }
    if wish.last_fetched_epoch >= 0 {
        let known = log.end_offset_for_epoch(LeaderEpoch::new(wish.last_fetched_epoch));
        if let Some((epoch, end)) = known
            && (epoch.get() < wish.last_fetched_epoch || end.get() < wish.fetch_offset)
        {
            return Found::Diverging { epoch, end, offsets };
        }
    }
    let Some(from) = Offset::new(wish.fetch_offset) else {
        return Found::Failed(ErrorCode::OffsetOutOfRange.into(), Some(offsets));
    };
    let wanted = usize::try_from(wish.bytes_max).unwrap_or(0).min(left);
    if wanted == 0 && !is_first {
        return match log.offsets() {
            offsets if from < offsets.log_start || from > offsets.log_end => {
                Found::Failed(ErrorCode::OffsetOutOfRange.into(), Some(offsets))
            }
            offsets => Found::Records(LogSlice {
                pieces: Vec::new(),
                bytes: 0,
                offsets,
            }),
        };
    }
    match log.read(from, wanted, isolation).await {
        // Only the first non-empty partition may exceed what was asked for (KIP-74).
        Ok(slice) if slice.bytes > wanted && !is_first => Found::Records(LogSlice {
            pieces: Vec::new(),
            bytes: 0,
            offsets: slice.offsets,
        }),
        Ok(slice) => Found::Records(slice),
        Err(error) => {
            if !matches!(error, ReadError::OffsetOutOfRange { .. }) {
                tracing::error!(partition = ?id, %error, "a fetch failed");
            }
            Found::Failed(read_failure(&error), Some(log.offsets()))
        }
    }
}

/// The code for a client whose epoch of the leader is not ours; -1 is a client that does not care (KIP-320).
pub fn stale_epoch(client: i32, ours: LeaderEpoch) -> Option<ErrorCode> {
    match client {
        -1 => None,
        epoch if epoch < ours.get() => Some(ErrorCode::FencedLeaderEpoch),
        epoch if epoch > ours.get() => Some(ErrorCode::UnknownLeaderEpoch),
        _ => None,
    }
}

/// Resolves when a high watermark is no longer the one that was seen, a log is gone, or at `deadline`.
async fn wait_for_news(shard: &Rc<Shard>, seen: Vec<(PartitionId, Offset)>, deadline: Monotonic) {
    let mut shares: BTreeMap<ShardId, Vec<_>> = BTreeMap::new();
    for (id, offset) in seen {
        shares.entry(shard.owner_of(id)).or_default().push((id, offset));
    }
    if shares.is_empty() {
        return shard.handle.clock.sleep_until(deadline).await;
    }
    let mut asked = AskedWaits {
        shard: Rc::clone(shard),
        waits: Vec::with_capacity(shares.len()),
    };
    let mut futures = Vec::with_capacity(shares.len());
    for (owner, seen) in shares {
        let here = shard.id;
        let number = shard.fetch_waits.next_number();
        asked.waits.push((owner, number));
        futures.push(shard.submit_to(owner, move |owner| {
            owner.fetch_waits.begin(here, number, &owner, seen, deadline)
        }));
    }
    let (_, ended, _) = select_all(futures).await;
    asked.waits.swap_remove(ended);
}

/// Waits on owners that are of no more use when this is dropped: another one has ended, or the client has gone. They
/// would last to the deadline for nobody.
struct AskedWaits {
    shard: Rc<Shard>,
    waits: Vec<(ShardId, u64)>,
}

impl Drop for AskedWaits {
    fn drop(&mut self) {
        let here = self.shard.id;
        for (owner, number) in self.waits.drain(..) {
            drop(self.shard.submit_to(owner, move |owner| {
                owner.fetch_waits.cancel(here, number);
                std::future::ready(())
            }));
        }
    }
}

/// On an owner: waits for one of its partitions to move on.
pub(crate) async fn wait_here(shard: &Rc<Shard>, seen: &[(PartitionId, Offset)], deadline: Monotonic) {
    let mut changes = Vec::with_capacity(seen.len());
    for (id, offset) in seen {
        // A log stays in its place with its end marked until its deletion is durable.
        let Some(log) = shard.partition(id).filter(|log| !log.is_deleted()) else {
            return;
        };
        changes.push(log.high_watermark_changed());
        if log.offsets().high_watermark != *offset {
            return;
        }
    }
    if is_on(Mutation::FetchWakeLost) {
        changes = vec![local::Notify::new().notified()];
    }
    // Whatever woke this, the asker looks for itself; at the deadline too.
    let _ = local::timeout(&*shard.handle.clock, deadline, select_all(changes)).await;
}

fn assemble(shard: &Shard, plan: &FetchPlan, found: Vec<Found>, limits: &Limits) -> FetchResponse {
    let mut response = FetchResponse {
        session_id: plan.session_id,
        ..Default::default()
    };
    let mut left = limits.bytes_max;
    let mut is_first = true;
    for ((key, _), found) in plan.wishes.iter().zip(found) {
        // Each owner had the whole budget; in the request's order there is only one.
        let found = match found {
            Found::Records(slice) if slice.bytes > left && !is_first => Found::Records(LogSlice {
                pieces: Vec::new(),
                bytes: 0,
                offsets: slice.offsets,
            }),
            found => found,
        };
        is_first &= found.bytes() == 0;
        left = left.saturating_sub(found.bytes());
        let has_news = found.bytes() > 0 || found.is_urgent();
        // Counted where it is sent: a long poll may read the same records several times.
        shard.metrics.fetched(found.bytes());
        if matches!(found, Found::Failed(..)) {
            shard.metrics.failed(ApiKey::Fetch);
        }
        let data = partition_data(key, found, limits.isolation);
        let answered = Answered {
            high_watermark: data.high_watermark,
            log_start_offset: data.log_start_offset,
            has_news,
        };
        let is_changed = shard
            .fetch_sessions
            .borrow_mut()
            .answered(plan.session_id, key, answered);
        if plan.incremental && !is_changed {
            continue;
        }
        match response.topics.last_mut() {
            Some(topic) if topic.topic == key.topic && topic.topic_id == key.topic_id => {
                topic.partitions.push(data);
            }
            _ => response.topics.push(FetchableTopicResponse {
                topic: key.topic.clone(),
                topic_id: key.topic_id,
                partitions: vec![data],
            }),
        }
    }
    response
}

fn partition_data(key: &FetchKey, found: Found, isolation: ReadIsolation) -> PartitionData {
    let mut data = PartitionData {
        partition_index: key.partition.get(),
        high_watermark: -1,
        aborted_transactions: (isolation == ReadIsolation::Stable).then(Vec::new),
        ..Default::default()
    };
    let set_offsets = |data: &mut PartitionData, offsets: LogOffsets| {
        data.high_watermark = offsets.high_watermark.get();
        data.last_stable_offset = offsets.last_stable.get();
        data.log_start_offset = offsets.log_start.get();
    };
    match found {
        Found::Records(slice) => {
            set_offsets(&mut data, slice.offsets);
            data.records = Some(slice.pieces.into());
        }
        Found::Diverging { epoch, end, offsets } => {
            set_offsets(&mut data, offsets);
            data.diverging_epoch = EpochEndOffset {
                epoch: epoch.get(),
                end_offset: end.get(),
            };
        }
        Found::Failed(failure, offsets) => {
            data.error_code = failure.code.code();
            // Kafka gives the offsets with OFFSET_OUT_OF_RANGE alone.
            if failure.code == ErrorCode::OffsetOutOfRange
                && let Some(offsets) = offsets
            {
                set_offsets(&mut data, offsets);
            }
        }
    }
    data
}
