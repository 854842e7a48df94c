//! Fetch (API key 1): a slice of each log, as it was produced.
//!
//! ```text
//! here       session (KIP-227): what to read, in order, and of it what may have changed; memory for it
//! owners     check epochs and offsets, PartitionLog::read; nothing is copied from the tail
//! here       too little and time left: wait until the watch tells what has moved, read again
//! here       records as pieces of one vectored send
//! ```

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_metadata::MetadataImage;
use corelog_model::{LeaderEpoch, Offset, PartitionId, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::fetch::{
    AbortedTransaction, EpochEndOffset, FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData,
};
use corelog_runtime::local::Permit;
use corelog_runtime::{Handle, Monotonic};
use corelog_storage::{LogOffsets, LogSlice, PartitionLog, ReadError, ReadIsolation};

use crate::clients::fetch_session::{Answered, FetchKey, FetchPlan, FetchWish, SessionAsk, SessionError};
use crate::clients::{Answer, RequestContext};
use crate::cluster::MetadataCache;
use crate::error_codes::{Failure, epoch_failure, read_failure, session_code};
use crate::memory::Memory;
use crate::memory::fetch_memory::{self, Held};
use crate::metrics::ShardMetrics;
use crate::partitions::{LogApi, Partitions};
use crate::shard::{Fetches, Items, OwnerWork, Results, Seen, Shards, Watch};

/// What a request reads, and the watch that tells of changes.
type Plan = FetchPlan<Watch>;

/// The first version that names topics by id (KIP-516).
const TOPIC_IDS: i16 = 13;
/// What a partition's fields take in the answer, its records apart.
const PARTITION_FIELDS_BYTES: usize = 128;

/// What a Fetch works with.
#[derive(Clone, Copy)]
pub(crate) struct Services<'a> {
    /// Its time, and the numbers of its sessions.
    pub handle: &'a Handle,
    /// The topics and their partitions.
    pub metadata: &'a MetadataCache,
    /// The way to the owners.
    pub shards: &'a Shards,
    /// The sessions, and what is waited for.
    pub fetches: &'a Rc<Fetches>,
    /// What the records are held against.
    pub memory: &'a Memory,
    /// Where what is sent is counted.
    pub metrics: &'a ShardMetrics,
}

/// Reads until there is enough or the time is up, and answers with the records and the memory that they hold.
pub(crate) async fn answer(
    services: Services<'_>,
    context: &RequestContext,
    request: FetchRequest,
) -> Answer {
    let (response, held) = handle(services, context, request).await;
    services.metrics.count_errors(context.api, &response);
    match context.answer(|writer| response.encode(writer, context.version)) {
        Answer::Send(pieces) => match held {
            Some(held) => Answer::Records(pieces, held),
            None => Answer::Send(pieces),
        },
        other => other,
    }
}

async fn handle(
    services: Services<'_>,
    context: &RequestContext,
    request: FetchRequest,
) -> (FetchResponse, Option<Permit>) {
    let now = services.handle.clock.now();
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let limits = Limits {
        bytes_min: usize::try_from(request.min_bytes).unwrap_or(0),
        bytes_max: request_bytes_max(services.metadata, request.max_bytes),
        isolation: if request.isolation_level == 1 {
            ReadIsolation::LastStable
        } else {
            ReadIsolation::HighWatermark
        },
        deadline: now + wait,
    };
    let plan = match plan(services, &request, context.version, now) {
        Ok(plan) => plan,
        Err(error) => {
            let response = FetchResponse {
                error_code: session_code(&error).code(),
                ..Default::default()
            };
            return (response, None);
        }
    };
    let (found, held) = read_enough(services, &plan, context.version, &limits).await;
    let response = assemble(services.metrics, &plan, found, limits.isolation);
    (response, Some(held))
}

struct Limits {
    bytes_min: usize,
    bytes_max: usize,
    isolation: ReadIsolation,
    deadline: Monotonic,
}

fn request_bytes_max(metadata: &MetadataCache, asked: i32) -> usize {
    let ours = metadata.config().network.fetch_bytes_max;
    usize::try_from(asked)
        .unwrap_or(0)
        .min(usize::try_from(ours).unwrap_or(usize::MAX))
}

fn plan(
    services: Services<'_>,
    request: &FetchRequest,
    version: i16,
    now: Monotonic,
) -> Result<Plan, SessionError> {
    let asked = SessionAsk {
        session_id: request.session_id,
        epoch: request.session_epoch,
        uses_topic_ids: version >= TOPIC_IDS,
    };
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
    let random = services.handle.rng.next_u64();
    let mut sessions = services.fetches.sessions.borrow_mut();
    sessions.plan(asked, wishes, &forgotten, now, random)
}

/// A wish, and its partition or why it is not known.
struct Target {
    key: FetchKey,
    wish: FetchWish,
    id: Result<PartitionId, ErrorCode>,
}

/// What may have changed of what the client wants, in order.
fn targets(image: &MetadataImage, plan: &Plan, version: i16) -> Vec<Target> {
    let partition_of = |key: &FetchKey| {
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
        Ok(PartitionId {
            topic: topic.id,
            index: key.partition,
        })
    };
    let wishes = plan.partitions.borrow().wishes();
    let targets = wishes.into_iter().map(|(key, wish)| Target {
        id: partition_of(&key),
        key,
        wish,
    });
    targets.collect()
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
    /// An error.
    Failed(Failure),
}

impl Found {
    fn nothing(offsets: LogOffsets) -> Found {
        Found::Records(LogSlice {
            pieces: Vec::new(),
            bytes: 0,
            held_bytes: 0,
            offsets,
            aborted: Vec::new(),
        })
    }

    fn held(&mut self) -> Option<Held<'_>> {
        match self {
            Found::Records(slice) => Some(Held {
                pieces: &mut slice.pieces,
                bytes: slice.bytes,
                held_bytes: &mut slice.held_bytes,
            }),
            Found::Diverging { .. } | Found::Failed(..) => None,
        }
    }

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
}

/// Reads until there is enough, the time is up, or something must be told at once.
async fn read_enough(
    services: Services<'_>,
    plan: &Plan,
    version: i16,
    limits: &Limits,
) -> (Vec<(FetchKey, Found)>, Permit) {
    let memory = services.memory;
    let clock = &*services.handle.clock;
    let mut needed = 0;
    let mut has_asked = false;
    loop {
        let image = services.metadata.image();
        hear(&image, plan);
        let targets = targets(&image, plan, version);
        drop(image);
        let fields_bytes = targets.len().saturating_mul(PARTITION_FIELDS_BYTES);
        let asked = targets.iter().filter(|target| target.id.is_ok());
        let asked = asked.map(|target| usize::try_from(target.wish.bytes_max).unwrap_or(0));
        let wanted = asked.fold(0, usize::saturating_add).min(limits.bytes_max);
        let [wanted, least] = [wanted, needed].map(|bytes| bytes.saturating_add(fields_bytes));
        let mut permit = memory.reserve_for_fetch(wanted, least).await;
        let reserved = permit.amount().saturating_sub(fields_bytes).max(1);
        let bytes_max = limits.bytes_max.min(reserved);
        let mut found = read_all(services.shards, &targets, limits.isolation, bytes_max).await;
        let records = found.iter_mut().filter_map(Found::held).collect();
        if let Err(too_much) = fetch_memory::settle(&memory.fetches, &mut permit, fields_bytes, records) {
            needed = too_much;
            continue;
        }
        needed = 0;
        let bytes: usize = found.iter().map(Found::bytes).sum();
        let is_urgent = found.iter().any(Found::is_urgent);
        let is_due = clock.now() >= limits.deadline;
        let is_enough = bytes >= limits.bytes_min.min(bytes_max);
        // A session that has forgotten all of its partitions waits for nothing (`ReplicaManager.fetchMessages`).
        let is_over = is_enough || is_due || plan.partitions.borrow().is_empty() || is_urgent;
        let isolation = limits.isolation;
        expect_changes(services.fetches, plan, isolation, &targets, &found, !is_over);
        let watch = plan.partitions.borrow().watch.clone();
        if is_over {
            // That there is nothing must hold for what was acknowledged before the request came, also of what rests and
            // whose news are on their way.
            if bytes == 0
                && !is_urgent
                && plan.partitions.borrow().has_resting()
                && !std::mem::replace(&mut has_asked, true)
                && let Some(watch) = &watch
                && watch.ask().await
            {
                continue;
            }
            let keys = targets.into_iter().map(|target| target.key);
            return (keys.zip(found).collect(), permit);
        }
        // Who waits holds nothing.
        drop((found, permit));
        match watch {
            Some(watch) => watch.moved(limits.deadline).await,
            None => clock.sleep_until(limits.deadline).await,
        }
    }
}

/// Takes what the watch has heard, and what the metadata say.
fn hear(image: &Arc<MetadataImage>, plan: &Plan) {
    let mut partitions = plan.partitions.borrow_mut();
    partitions.see(image);
    let moved = partitions.watch.as_ref().map(|watch| watch.take_moved());
    partitions.moved(&moved.unwrap_or_default());
}

/// Has the watch tell of what rests from now on, and if the request `waits` of everything else that was read.
fn expect_changes(
    fetches: &Rc<Fetches>,
    plan: &Plan,
    isolation: ReadIsolation,
    targets: &[Target],
    found: &[Found],
    waits: bool,
) {
    let mut partitions = plan.partitions.borrow_mut();
    let mut expected = Vec::new();
    for (target, found) in targets.iter().zip(found) {
        let (Ok(id), Found::Records(slice)) = (target.id, found) else {
            continue;
        };
        let offsets = slice.offsets;
        let (high_watermark, log_start) = (offsets.high_watermark.get(), offsets.log_start.get());
        let end = match isolation {
            ReadIsolation::LastStable => offsets.last_stable.get(),
            ReadIsolation::HighWatermark | ReadIsolation::LogEnd => high_watermark,
        };
        // Where all partitions are answered, none rests: each is looked at for the answer.
        let rests = plan.incremental
            && slice.bytes == 0
            && target.wish.fetch_offset >= end
            && partitions.rest(&target.key, target.wish, id, high_watermark, log_start);
        if rests || waits {
            expected.push((id, Seen::from(offsets)));
        }
    }
    if !expected.is_empty() {
        let watch = partitions
            .watch
            .get_or_insert_with(|| Rc::new(Watch::new(fetches)));
        watch.expect(expected);
    }
}

async fn read_all(
    shards: &Shards,
    targets: &[Target],
    isolation: ReadIsolation,
    bytes_max: usize,
) -> Vec<Found> {
    let items = targets
        .iter()
        .filter_map(|target| Some((target.id.ok()?, target.wish)))
        .collect();
    let read = Read { isolation, bytes_max };
    let mut read = shards.on_owners(read, items).await.into_iter();
    let mut left = bytes_max;
    let mut is_first = true;
    targets
        .iter()
        .map(|target| {
            let found = match target.id {
                Ok(_) => read.next().expect("one result a target that is known"),
                Err(code) => Found::Failed(Failure::from(code)),
            };
            // Each owner had the whole limit, and a first partition; in the request's order there is only one of each.
            let found = match found {
                Found::Records(slice) if !fits(slice.bytes, target.wish, left, is_first) => {
                    Found::nothing(slice.offsets)
                }
                found => found,
            };
            is_first &= found.bytes() == 0;
            left = left.saturating_sub(found.bytes());
            found
        })
        .collect()
}

/// Whether a partition's records may be sent where `left` bytes are left of the request. Only the first partition that
/// has any may exceed that, or its own limit, with one batch (KIP-74).
fn fits(bytes: usize, wish: FetchWish, left: usize, is_first: bool) -> bool {
    is_first || bytes <= bytes_max(wish, left)
}

/// The most bytes of a partition where `left` are left of the request.
fn bytes_max(wish: FetchWish, left: usize) -> usize {
    usize::try_from(wish.bytes_max).unwrap_or(0).min(left)
}

/// How a request's partitions are read.
#[derive(Clone, Copy)]
struct Read {
    isolation: ReadIsolation,
    /// Of all partitions together.
    bytes_max: usize,
}

impl OwnerWork for Read {
    type Item = FetchWish;
    type Done = Found;

    /// Reads in order until the request's bytes are used up.
    async fn run(self, partitions: Rc<Partitions>, items: Items<FetchWish>) -> Results<Found> {
        let mut left = self.bytes_max;
        let mut is_first = true;
        let mut found = Results::with_capacity(items.len());
        for (id, wish) in items {
            let one = read_one(&partitions, id, wish, self.isolation, left, is_first).await;
            is_first &= one.bytes() == 0;
            left = left.saturating_sub(one.bytes());
            found.push(one);
        }
        found
    }
}

async fn read_one(
    partitions: &Partitions,
    id: PartitionId,
    wish: FetchWish,
    isolation: ReadIsolation,
    left: usize,
    is_first: bool,
) -> Found {
    let partition = match partitions.find(LogApi::Fetch, &id) {
        Ok(partition) => partition,
        Err(failure) => return Found::Failed(failure),
    };
    let log = partition.log();
    let offsets = log.offsets();
    // Of a fetch Kafka takes every negative epoch for none.
    if let Err(error) = partition.check_epoch(wish.current_leader_epoch.max(-1)) {
        return Found::Failed(epoch_failure(&error));
    }
    if let Some(found) = check_last_fetched_epoch(log, wish, offsets) {
        return found;
    }
    let Some(from) = Offset::new(wish.fetch_offset) else {
        return Found::Failed(ErrorCode::OffsetOutOfRange.into());
    };
    let wanted = bytes_max(wish, left);
    if wanted == 0 && !is_first {
        return match log.offsets() {
            offsets if from < offsets.log_start || from > offsets.log_end => {
                Found::Failed(ErrorCode::OffsetOutOfRange.into())
            }
            offsets => Found::nothing(offsets),
        };
    }
    match log.read(from, wanted, isolation).await {
        Ok(slice) if !fits(slice.bytes, wish, left, is_first) => Found::nothing(slice.offsets),
        Ok(slice) => Found::Records(slice),
        Err(error) => {
            if !matches!(error, ReadError::OffsetOutOfRange { .. }) {
                tracing::error!(partition = ?id, %error, "a fetch failed");
            }
            Found::Failed(read_failure(&error))
        }
    }
}

/// What to tell a reader whose records up to its fetch offset are not this log's, by the epoch of the last of them
/// (KIP-595; `Partition.readRecords`). A reader who names none is not checked.
fn check_last_fetched_epoch(log: &PartitionLog, wish: FetchWish, offsets: LogOffsets) -> Option<Found> {
    if wish.last_fetched_epoch < 0 {
        return None;
    }
    let known = match log.end_offset_for_epoch(LeaderEpoch::new(wish.last_fetched_epoch)) {
        Ok(known) => known,
        Err(error) => return Some(Found::Failed(read_failure(&error))),
    };
    match known {
        // Where the logs part cannot be told, or lies before what is left of this one.
        Some(_) if wish.fetch_offset < offsets.log_start.get() => {
            Some(Found::Failed(ErrorCode::OffsetOutOfRange.into()))
        }
        None => Some(Found::Failed(ErrorCode::OffsetOutOfRange.into())),
        Some((epoch, end)) if epoch.get() < wish.last_fetched_epoch || end.get() < wish.fetch_offset => {
            Some(Found::Diverging { epoch, end, offsets })
        }
        Some(_) => None,
    }
}

fn assemble(
    metrics: &ShardMetrics,
    plan: &Plan,
    found: Vec<(FetchKey, Found)>,
    isolation: ReadIsolation,
) -> FetchResponse {
    let mut response = FetchResponse {
        session_id: plan.session_id,
        ..Default::default()
    };
    let mut partitions = plan.partitions.borrow_mut();
    for (key, found) in found {
        let has_news = found.bytes() > 0 || found.is_urgent();
        // Counted where it is sent: a long poll may read the same records several times.
        metrics.fetched(found.bytes());
        let data = partition_data(&key, found, isolation);
        let answered = Answered {
            high_watermark: data.high_watermark,
            log_start_offset: data.log_start_offset,
            has_news,
        };
        if plan.session_id != 0 && !partitions.answered(&key, answered) && plan.incremental {
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
        aborted_transactions: (isolation == ReadIsolation::LastStable).then(Vec::new),
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
            if let Some(told) = &mut data.aborted_transactions {
                told.extend(slice.aborted.into_iter().map(|aborted| AbortedTransaction {
                    producer_id: aborted.producer.get(),
                    first_offset: aborted.first_offset.get(),
                }));
            }
            data.records = Some(slice.pieces.into());
        }
        Found::Diverging { epoch, end, offsets } => {
            set_offsets(&mut data, offsets);
            data.diverging_epoch = EpochEndOffset {
                epoch: epoch.get(),
                end_offset: end.get(),
            };
        }
        // As Kafka, no offset with an error.
        Found::Failed(failure) => data.error_code = failure.code.code(),
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_partition_with_records_exceeds_a_limit() {
        for (bytes, bytes_max, left, is_first, expected) in [
            (100, 100, 100, false, true),
            (100, 99, 1_000, false, false),
            (100, 1_000, 99, false, false),
            (100, -1, 1_000, false, false),
            (0, -1, 0, false, true),
            (100, 1, 1, true, true),
        ] {
            let wish = FetchWish {
                fetch_offset: 0,
                bytes_max,
                current_leader_epoch: -1,
                last_fetched_epoch: -1,
            };
            let found = fits(bytes, wish, left, is_first);
            assert_eq!(
                found, expected,
                "{bytes} of {bytes_max} and {left}, first: {is_first}"
            );
        }
    }
}
