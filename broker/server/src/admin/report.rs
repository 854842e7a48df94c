//! What the admin port's `/metrics` prints, collected from all shards.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use corelog_metadata::TopicImage;
use corelog_model::{PartitionId, ShardId};
use corelog_runtime::TimeSpent;
use corelog_storage::{LogOffsets, StorageStats};
use futures_util::future::join_all;

use crate::groups::Committed;
use crate::shard::Shard;
use crate::shard::metrics::{Exposition, Snapshot};

/// One partition's levels.
struct PartitionLevels {
    id: PartitionId,
    offsets: LogOffsets,
    bytes: u64,
    is_corrupt: bool,
}

/// One shard's counters and levels.
struct ShardReport {
    id: ShardId,
    counters: Snapshot,
    storage: StorageStats,
    spent: TimeSpent,
    request_memory_used: usize,
    fetch_memory_used: usize,
    answer_memory_used: usize,
    partitions: Vec<PartitionLevels>,
    committed: Vec<Committed>,
}

/// Counters and levels of the whole broker.
pub(super) struct Report {
    shards: Vec<ShardReport>,
    names: Vec<(PartitionId, String)>,
    under_min_isr: usize,
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Asks every shard.
pub(super) async fn collect(shard: &Rc<Shard>) -> Report {
    let asked: Vec<_> = shard
        .all()
        .map(|to| shard.submit_to(to, |shard| std::future::ready(of_shard(&shard))))
        .collect();
    let image = shard.image();
    let names = image
        .topics()
        .flat_map(|topic| {
            topic
                .partition_ids()
                .map(|id| (id, topic.name.to_string()))
                .collect::<Vec<_>>()
        })
        .collect();
    let under_min_isr = image.topics().map(|topic| under_min_isr(shard, topic)).sum();
    Report {
        shards: join_all(asked).await,
        names,
        under_min_isr,
    }
}

/// The partitions of a topic that acks=all would be refused for. One with fewer replicas than `min.insync.replicas` needs
/// them all (`Partition.isUnderMinIsr`).
fn under_min_isr(shard: &Shard, topic: &TopicImage) -> usize {
    // Settings that conflict refuse every Produce, and are reported there.
    let least = shard
        .topic_config(topic)
        .map_or(1, |config| config.min_insync_replicas);
    let least = usize::try_from(least).unwrap_or(usize::MAX);
    let partitions = topic.partitions.iter();
    partitions
        .filter(|partition| partition.in_sync_replicas.len() < least.min(partition.replicas.len()))
        .count()
}

fn of_shard(shard: &Shard) -> ShardReport {
    let partitions = shard.storage.partitions().into_iter().filter_map(|id| {
        let log = shard.storage.partition(&id)?;
        Some(PartitionLevels {
            id,
            offsets: log.offsets(),
            bytes: log.size_bytes(),
            is_corrupt: log.corruption().is_some(),
        })
    });
    ShardReport {
        id: shard.id,
        counters: shard.metrics.snapshot(),
        storage: shard.storage.stats(),
        spent: shard.activity.report().total,
        request_memory_used: shard.request_memory.total() - shard.request_memory.free(),
        fetch_memory_used: shard.fetch_memory.total() - shard.fetch_memory.free(),
        answer_memory_used: shard.long_answers.memory.total() - shard.long_answers.memory.free(),
        partitions: partitions.collect(),
        committed: shard.coordinators.committed_offsets(),
    }
}

impl Report {
    /// Prints everything in Prometheus' text format.
    pub(super) fn print(&self, out: &mut Exposition) {
        let mut sum = Snapshot::default();
        self.shards.iter().for_each(|shard| sum.add(&shard.counters));
        sum.print(out);
        self.print_cluster(out);
        self.print_storage(out);
        self.print_partitions(out);
    }

    fn print_cluster(&self, out: &mut Exposition) {
        let level = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        out.gauge(
            "corelog_partitions",
            "Partitions of this broker.",
            level(self.names.len()),
        );
        out.gauge(
            "corelog_offline_partitions",
            "Partitions that take no records: the journal is fenced, the log corrupt or not there.",
            level(self.offline()),
        );
        out.gauge(
            "corelog_active_controller",
            "1 on the broker that is the controller.",
            1,
        );
        // One broker: each partition has one replica, which is in sync.
        out.gauge(
            "corelog_under_replicated_partitions",
            "Partitions with replicas out of sync.",
            0,
        );
        out.gauge(
            "corelog_under_min_isr_partitions",
            "Partitions below min.insync.replicas.",
            level(self.under_min_isr),
        );
    }

    fn offline(&self) -> usize {
        let served: BTreeSet<PartitionId> = self
            .shards
            .iter()
            .filter(|shard| !shard.storage.is_fenced)
            .flat_map(|shard| &shard.partitions)
            .filter(|partition| !partition.is_corrupt)
            .map(|partition| partition.id)
            .collect();
        self.names.iter().filter(|(id, _)| !served.contains(id)).count()
    }

    fn print_storage(&self, out: &mut Exposition) {
        type Pick = fn(&ShardReport) -> u64;
        let rows: [(&str, &str, &str, Pick); 22] = [
            (
                "corelog_journal_bytes_total",
                "counter",
                "Bytes written to the journal.",
                |s| s.storage.journaled_bytes,
            ),
            (
                "corelog_bypassed_bytes_total",
                "counter",
                "Bytes written durably straight to segments.",
                |s| s.storage.bypassed_bytes,
            ),
            (
                "corelog_flushed_bytes_total",
                "counter",
                "Bytes flushed to segments later.",
                |s| s.storage.flushed_bytes,
            ),
            (
                "corelog_journal_frames_total",
                "counter",
                "Commits of the journal.",
                |s| s.storage.frames,
            ),
            (
                "corelog_journal_commit_nanoseconds_total",
                "counter",
                "Time that commits took.",
                |s| s.storage.commit_nanos,
            ),
            (
                "corelog_checkpoints_total",
                "counter",
                "Checkpoints finished.",
                |s| s.storage.checkpoints,
            ),
            (
                "corelog_disk_read_bytes_total",
                "counter",
                "Bytes read from segments.",
                |s| s.storage.disk_read_bytes,
            ),
            (
                "corelog_dirty_bytes",
                "gauge",
                "Bytes that are in no segment yet.",
                |s| s.storage.dirty_bytes,
            ),
            ("corelog_cache_bytes", "gauge", "Bytes of logs in memory.", |s| {
                s.storage.cache_bytes
            }),
            (
                "corelog_journal_files_free",
                "gauge",
                "Journal files free to be written.",
                |s| s.storage.journal_files_free,
            ),
            (
                "corelog_journal_fenced",
                "gauge",
                "1 when the journal is fenced after a failed write.",
                |s| u64::from(s.storage.is_fenced),
            ),
            (
                "corelog_damaged_partitions",
                "gauge",
                "Partitions whose log was found damaged and is not served.",
                |s| s.storage.damaged_partitions,
            ),
            (
                "corelog_corrupt_reads_total",
                "counter",
                "Reads that found a segment damaged, and were refused.",
                |s| s.storage.corrupt_reads,
            ),
            (
                "corelog_storage_waiting",
                "gauge",
                "Writes and opens that must be done and wait for a descriptor, memory or room on the disk.",
                |s| s.storage.waiting,
            ),
            (
                "corelog_segment_files_open",
                "gauge",
                "Segment files that are open.",
                |s| s.storage.open_files,
            ),
            (
                "corelog_request_memory_bytes",
                "gauge",
                "Memory that requests under way hold.",
                |s| u64::try_from(s.request_memory_used).unwrap_or(u64::MAX),
            ),
            (
                "corelog_fetch_memory_bytes",
                "gauge",
                "Memory that fetched records on their way to clients hold.",
                |s| u64::try_from(s.fetch_memory_used).unwrap_or(u64::MAX),
            ),
            (
                "corelog_answer_memory_bytes",
                "gauge",
                "Memory that long answers of other requests on their way to clients hold.",
                |s| u64::try_from(s.answer_memory_used).unwrap_or(u64::MAX),
            ),
            (
                "corelog_shard_work_nanoseconds_total",
                "counter",
                "Time that the shard spent in tasks.",
                |s| nanos(s.spent.work),
            ),
            (
                "corelog_shard_stall_nanoseconds_total",
                "counter",
                "Of it, time in polls longer than 1 ms.",
                |s| nanos(s.spent.stall),
            ),
            (
                "corelog_shard_poll_nanoseconds_total",
                "counter",
                "Time that the shard spent in its driver: rings, timers, messages of other shards.",
                |s| nanos(s.spent.poll),
            ),
            (
                "corelog_shard_idle_nanoseconds_total",
                "counter",
                "Time that the shard slept.",
                |s| nanos(s.spent.idle),
            ),
        ];
        for (name, kind, help, pick) in rows {
            out.head(name, kind, help);
            for shard in &self.shards {
                out.sample(name, &[("shard", &shard.id.to_string())], pick(shard));
            }
        }
    }

    fn print_partitions(&self, out: &mut Exposition) {
        let mut levels: Vec<(&str, String, &PartitionLevels)> = Vec::new();
        let all = self.shards.iter().flat_map(|shard| &shard.partitions);
        let mut by_id: std::collections::BTreeMap<_, _> = all.map(|levels| (levels.id, levels)).collect();
        for (id, topic) in &self.names {
            if let Some(level) = by_id.remove(id) {
                levels.push((topic, id.index.to_string(), level));
            }
        }
        levels.sort_by(|a, b| (a.0, a.2.id.index).cmp(&(b.0, b.2.id.index)));
        type Pick = fn(&PartitionLevels) -> u64;
        let rows: [(&str, &str, Pick); 3] = [
            (
                "corelog_partition_high_watermark",
                "End of what consumers may read.",
                |levels| u64::try_from(levels.offsets.high_watermark.get()).unwrap_or_default(),
            ),
            (
                "corelog_partition_log_start_offset",
                "First offset there is.",
                |levels| u64::try_from(levels.offsets.log_start.get()).unwrap_or_default(),
            ),
            ("corelog_partition_size_bytes", "Bytes of the log.", |levels| {
                levels.bytes
            }),
        ];
        for (name, help, pick) in rows {
            out.head(name, "gauge", help);
            for (topic, partition, level) in &levels {
                out.sample(name, &[("topic", topic), ("partition", partition)], pick(level));
            }
        }
        self.print_lag(out, &levels);
    }

    fn print_lag(&self, out: &mut Exposition, levels: &[(&str, String, &PartitionLevels)]) {
        let name = "corelog_consumer_group_lag";
        out.head(
            name,
            "gauge",
            "Records between a group's committed offset and the high watermark.",
        );
        let ends: std::collections::HashMap<(&str, i32), i64> = levels
            .iter()
            .map(|(topic, _, level)| ((*topic, level.id.index.get()), level.offsets.high_watermark.get()))
            .collect();
        for committed in self.shards.iter().flat_map(|shard| &shard.committed) {
            if let Some(end) = ends.get(&(committed.topic.as_str(), committed.partition)) {
                // A client's word for "from the end" or "from the start" is no place to count from.
                let Ok(at) = u64::try_from(committed.offset) else {
                    continue;
                };
                let lag = u64::try_from(*end).unwrap_or_default().saturating_sub(at);
                let partition = committed.partition.to_string();
                let labels = [
                    ("group", &*committed.group),
                    ("topic", &*committed.topic),
                    ("partition", &*partition),
                ];
                out.sample(name, &labels, lag);
            }
        }
    }
}
