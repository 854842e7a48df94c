//! What all shards count and hold at a moment.
//!
//! Every shard walks the same image of the metadata, the asking shard's, and reports on the partitions that it owns in the
//! image's order. So the parts are put together by walking it once more, without a map or a sort.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use corelog_metadata::{MetadataImage, TopicImage};
use corelog_model::{PartitionIndex, ShardId, TimestampMs, TopicId, TopicName};
use corelog_runtime::local::{Semaphore, YieldEvery};
use corelog_runtime::{TimeSpent, Volume};
use corelog_storage::{CleaningState, StorageStats};
use futures_util::future::join_all;

use crate::cluster::MetadataCache;
use crate::groups::{CommittedOffsets, GroupOffsets};
use crate::metrics::Snapshot;
use crate::shard::{Shard, Shards};
use crate::transactions::TransactionReport;

/// Partitions that are looked at before other tasks run: about 100 µs.
const PARTITIONS_A_SLICE: usize = 512;
/// Lags that one scrape tells, all groups together; each shard has an equal share. What is beyond is counted.
const GROUP_LAGS_MAX: usize = 20_000;

/// What one shard counts and holds.
pub(super) struct ShardReport {
    pub(super) id: ShardId,
    pub(super) storage: StorageStats,
    pub(super) spent: TimeSpent,
    pub(super) request_memory_used: usize,
    pub(super) fetch_memory_used: usize,
    pub(super) answer_memory_used: usize,
}

/// One partition's levels.
#[derive(Clone, Copy)]
pub(super) struct PartitionLevels {
    /// The place of its topic in [`Gathered::topics`].
    pub(super) topic: usize,
    pub(super) index: PartitionIndex,
    pub(super) high_watermark: u64,
    pub(super) log_start: u64,
    pub(super) bytes: u64,
}

/// What one partition's log is that is compacted.
#[derive(Clone, Copy)]
pub(super) struct CompactedLevels {
    /// The place of its topic in [`Gathered::topics`].
    pub(super) topic: usize,
    pub(super) index: PartitionIndex,
    pub(super) dirty_bytes: u64,
    /// When it was last cleaned; `None` if never.
    pub(super) cleaned_at: Option<TimestampMs>,
}

/// How far a group is behind in a partition.
pub(super) struct GroupLag {
    pub(super) group: Arc<str>,
    /// The place of the topic in [`Gathered::topics`].
    pub(super) topic: usize,
    pub(super) partition: PartitionIndex,
    pub(super) records: u64,
}

/// What the whole broker counts and holds.
#[derive(Default)]
pub(super) struct Gathered {
    /// The sum of all shards.
    pub(super) counters: Snapshot,
    pub(super) shards: Vec<ShardReport>,
    /// The sum of all coordinators.
    pub(super) transactions: TransactionReport,
    pub(super) partition_count: u64,
    pub(super) offline_count: u64,
    pub(super) under_min_isr_count: u64,
    pub(super) topics: Vec<TopicName>,
    pub(super) partitions: Vec<PartitionLevels>,
    pub(super) compacted: Vec<CompactedLevels>,
    pub(super) lags: Vec<GroupLag>,
    /// Of partitions of groups beyond the limit.
    pub(super) lags_left_out: u64,
    /// When the broker started.
    pub(super) started: TimestampMs,
    /// The file system of the data; `None` if it does not tell.
    pub(super) volume: Option<Volume>,
}

/// What a shard says of a partition that it has a log for.
struct LogLevels {
    high_watermark: u64,
    log_start: u64,
    bytes: u64,
    is_corrupt: bool,
    /// Of a log that is compacted.
    cleaning: Option<CleaningState>,
}

/// All that comes from one shard.
struct Part {
    report: ShardReport,
    counters: Snapshot,
    transactions: TransactionReport,
    /// Of each partition of the image that the shard owns, in the image's order; `None` where it has no log.
    logs: Vec<Option<LogLevels>>,
    groups: CommittedOffsets,
}

/// Asks every shard.
pub(super) async fn gather(shard: &Shard) -> Gathered {
    let (metadata, shards) = (&*shard.metadata, &*shard.shards);
    let data_dir = metadata.config().storage.data_dir.clone();
    let image = metadata.image();
    let asked: Vec<_> = shards
        .all()
        .map(|to| {
            let image = Arc::clone(&image);
            shards.submit_to(to, move |shard: Rc<Shard>| part(shard, image))
        })
        .collect();
    let mut gathered = Gathered {
        started: shard.started,
        volume: shard.handle.disk.volume(&data_dir).await.ok(),
        ..Gathered::default()
    };
    let (mut logs, mut groups) = (Vec::new(), Vec::new());
    for part in join_all(asked).await {
        gathered.counters.add(&part.counters);
        gathered.transactions.add(&part.transactions);
        logs.push((part.report.storage.is_fenced, part.logs.into_iter()));
        groups.extend(part.groups.groups);
        gathered.lags_left_out += part.groups.left_out;
        gathered.shards.push(part.report);
    }
    let firsts = put_together(metadata, shards, &image, logs, &mut gathered).await;
    compute_lags(&image, &firsts, groups, &mut gathered).await;
    gathered
}

async fn part(shard: Rc<Shard>, image: Arc<MetadataImage>) -> Part {
    let mut logs = Vec::new();
    let mut steps = YieldEvery::new(PARTITIONS_A_SLICE);
    let now = shard.handle.clock.wall();
    for topic in image.topics() {
        for id in topic.partition_ids() {
            if shard.shards.owns(id) {
                logs.push(shard.partitions.storage().partition(&id).map(|log| {
                    let offsets = log.offsets();
                    LogLevels {
                        high_watermark: count(offsets.high_watermark.get()),
                        log_start: count(offsets.log_start.get()),
                        bytes: log.size_bytes(),
                        is_corrupt: log.is_damaged(),
                        cleaning: log.cleaning_state(now),
                    }
                }));
            }
            steps.count(1).await;
        }
    }
    let limit = GROUP_LAGS_MAX / usize::from(shard.shards.count);
    let groups = shard.coordinators.committed_offsets(limit).await;
    Part {
        report: report(&shard),
        counters: shard.metrics.snapshot(),
        transactions: shard.transactions.report(shard.handle.clock.wall()),
        logs,
        groups,
    }
}

fn report(shard: &Shard) -> ShardReport {
    let used = |memory: &Semaphore| memory.total() - memory.free();
    let memory = &shard.memory;
    ShardReport {
        id: shard.shards.here,
        storage: shard.partitions.storage().stats(),
        spent: shard.metrics.activity.report().total,
        request_memory_used: used(&memory.requests),
        fetch_memory_used: used(&memory.fetches),
        answer_memory_used: used(&memory.answers.memory),
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// Where a topic is in [`Gathered::topics`], and its partitions in [`Gathered::partitions`].
#[derive(Clone, Copy)]
struct Place {
    topic: usize,
    partitions_start: usize,
}

/// The partitions in the image's order, each from the shard that owns it.
async fn put_together(
    metadata: &MetadataCache,
    shards: &Shards,
    image: &MetadataImage,
    mut logs: Vec<(bool, std::vec::IntoIter<Option<LogLevels>>)>,
    gathered: &mut Gathered,
) -> HashMap<TopicId, Place> {
    let mut places = HashMap::new();
    let mut steps = YieldEvery::new(PARTITIONS_A_SLICE);
    for topic in image.topics() {
        let place = Place {
            topic: gathered.topics.len(),
            partitions_start: gathered.partitions.len(),
        };
        places.insert(topic.id, place);
        gathered.topics.push(topic.name.clone());
        let replicas_min = replicas_min(metadata, topic);
        for (id, partition) in topic.partition_ids().zip(topic.partitions.iter()) {
            gathered.partition_count += 1;
            gathered.under_min_isr_count +=
                u64::from(partition.in_sync_replicas.len() < replicas_min.min(partition.replicas.len()));
            let owner = usize::from(shards.owner_of(id).get());
            let (is_fenced, logs) = &mut logs[owner];
            let log = logs.next().expect("each owner reports on each of its partitions");
            let is_served = !*is_fenced && log.as_ref().is_some_and(|log| !log.is_corrupt);
            gathered.offline_count += u64::from(!is_served);
            if let Some(log) = log {
                gathered.partitions.push(PartitionLevels {
                    topic: place.topic,
                    index: id.index,
                    high_watermark: log.high_watermark,
                    log_start: log.log_start,
                    bytes: log.bytes,
                });
                gathered
                    .compacted
                    .extend(log.cleaning.map(|cleaning| CompactedLevels {
                        topic: place.topic,
                        index: id.index,
                        dirty_bytes: cleaning.dirty_bytes,
                        cleaned_at: cleaning.cleaned_at,
                    }));
            }
            steps.count(1).await;
        }
    }
    places
}

/// How many replicas in sync acks=all asks for.
fn replicas_min(metadata: &MetadataCache, topic: &TopicImage) -> usize {
    // Settings that conflict refuse every Produce, and are reported there.
    let replicas = metadata
        .topic_config(topic)
        .map_or(1, |config| config.min_insync_replicas);
    usize::try_from(replicas).unwrap_or(usize::MAX)
}

async fn compute_lags(
    image: &MetadataImage,
    places: &HashMap<TopicId, Place>,
    groups: Vec<GroupOffsets>,
    gathered: &mut Gathered,
) {
    let mut steps = YieldEvery::new(PARTITIONS_A_SLICE);
    for GroupOffsets { group, offsets } in groups {
        for (topic, partition, committed) in offsets {
            steps.count(1).await;
            let place = image
                .topic(topic.as_str())
                .and_then(|topic| places.get(&topic.id).copied());
            // A client's word for "from the end" or "from the start" is no place to count from.
            let (Some(place), Ok(committed)) = (place, u64::try_from(committed.get())) else {
                continue;
            };
            let Some(levels) = find(
                &gathered.partitions[place.partitions_start..],
                place.topic,
                partition,
            ) else {
                continue;
            };
            gathered.lags.push(GroupLag {
                group: Arc::clone(&group),
                topic: place.topic,
                partition,
                records: levels.high_watermark.saturating_sub(committed),
            });
        }
    }
}

/// A partition of the topic whose partitions begin `partitions`; they are ordered, and some may be missing.
fn find(partitions: &[PartitionLevels], topic: usize, index: PartitionIndex) -> Option<&PartitionLevels> {
    let place = partitions.binary_search_by_key(&(topic, index), |levels| (levels.topic, levels.index));
    partitions.get(place.ok()?)
}
