//! Every metric. To add one is to add its row, and to count where it happens.
//!
//! Names are in the form that Prometheus asks for: snake case, the base unit (seconds, bytes) at the end, then `_total` for a
//! counter. The tests below hold the rows to that and to `perf/METRICS.md`.

use std::time::Duration;

use corelog_model::TimestampMs;
use corelog_runtime::Volume;
use corelog_storage::StorageStats;
use corelog_transactions::MarkerDelays;

use super::gather::{CompactedLevels, Gathered, PartitionLevels, ShardReport};
use crate::metrics::{ApiCounts, Counter, Histogram};

/// One metric.
pub(super) struct Metric {
    /// As it is scraped; a histogram's samples have `_bucket`, `_sum` and `_count` behind it.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) unit: Unit,
    pub(super) owner: Owner,
    /// One sentence.
    pub(super) help: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Grows, from zero at the start of the process.
    Counter,
    /// Is as it is now.
    Gauge,
    /// How many durations fell below which bounds.
    Histogram,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    /// A number of what the name says.
    Plain,
    Bytes,
    Seconds,
}

/// Whose a metric is, and where its value is found. The owner's name is a label.
#[derive(Clone, Copy)]
pub(super) enum Owner {
    /// The process: one sample.
    Process(fn(&Gathered) -> Value),
    /// Each shard.
    Shard(fn(&ShardReport) -> Value),
    /// Each API that was asked for.
    Api(fn(&ApiCounts) -> Value),
    /// Each error code in answers of an API.
    ApiError,
    /// Each partition that has a log.
    Partition(fn(&PartitionLevels) -> u64),
    /// Each partition whose log is compacted.
    Compacted(fn(&CompactedLevels) -> Value),
    /// Each partition that a group has committed an offset of: its lag. There is a limit to them.
    GroupPartition,
    /// The file system of the data: one sample, if it tells.
    Volume(fn(&Volume) -> u64),
}

/// What a sample says.
pub(super) enum Value {
    Number(u64),
    Time(Duration),
    Times {
        /// The upper bound of the first bucket; each is twice the one before, and the last has none.
        first_bound: Duration,
        buckets: Vec<u64>,
        sum: Duration,
    },
}

const fn process(
    kind: Kind,
    name: &'static str,
    unit: Unit,
    help: &'static str,
    pick: fn(&Gathered) -> Value,
) -> Metric {
    let owner = Owner::Process(pick);
    Metric {
        name,
        kind,
        unit,
        owner,
        help,
    }
}

const fn shard(
    kind: Kind,
    name: &'static str,
    unit: Unit,
    help: &'static str,
    pick: fn(&ShardReport) -> Value,
) -> Metric {
    let owner = Owner::Shard(pick);
    Metric {
        name,
        kind,
        unit,
        owner,
        help,
    }
}

const fn api(
    kind: Kind,
    name: &'static str,
    unit: Unit,
    help: &'static str,
    pick: fn(&ApiCounts) -> Value,
) -> Metric {
    let owner = Owner::Api(pick);
    Metric {
        name,
        kind,
        unit,
        owner,
        help,
    }
}

const fn partition(
    name: &'static str,
    unit: Unit,
    help: &'static str,
    pick: fn(&PartitionLevels) -> u64,
) -> Metric {
    let (kind, owner) = (Kind::Gauge, Owner::Partition(pick));
    Metric {
        name,
        kind,
        unit,
        owner,
        help,
    }
}

const fn compacted(
    name: &'static str,
    unit: Unit,
    help: &'static str,
    pick: fn(&CompactedLevels) -> Value,
) -> Metric {
    let (kind, owner) = (Kind::Gauge, Owner::Compacted(pick));
    Metric {
        name,
        kind,
        unit,
        owner,
        help,
    }
}

const fn volume(name: &'static str, help: &'static str, pick: fn(&Volume) -> u64) -> Metric {
    let (kind, unit, owner) = (Kind::Gauge, Unit::Bytes, Owner::Volume(pick));
    Metric {
        name,
        kind,
        unit,
        owner,
        help,
    }
}

fn number(count: usize) -> Value {
    Value::Number(u64::try_from(count).unwrap_or(u64::MAX))
}

fn since_1970(time: TimestampMs) -> Value {
    Value::Time(Duration::from_millis(
        u64::try_from(time.get()).unwrap_or_default(),
    ))
}

/// The commits of the journal by their duration; see [`StorageStats::commit_buckets`].
fn commits(stats: &StorageStats) -> Value {
    Value::Times {
        first_bound: Duration::from_micros(16),
        buckets: stats.commit_buckets.to_vec(),
        sum: Duration::from_nanos(stats.commit_nanos),
    }
}

fn marker_delays(delays: &MarkerDelays) -> Value {
    Value::Times {
        first_bound: MarkerDelays::FIRST_BOUND,
        buckets: delays.buckets().to_vec(),
        sum: delays.sum(),
    }
}

fn times(histogram: &Histogram) -> Value {
    Value::Times {
        first_bound: Histogram::FIRST_BOUND,
        buckets: histogram.buckets().to_vec(),
        sum: histogram.sum(),
    }
}

use Kind::{Counter as Count, Gauge, Histogram as Times};
use Unit::{Bytes, Plain, Seconds};
use Value::{Number, Time};

/// Where Kafka's broker has the same, its bean is named.
#[rustfmt::skip]
pub(super) static TABLE: &[Metric] = &[
    process(Gauge, "corelog_start_timestamp_seconds", Seconds,
        "When the broker started, in seconds since 1970.", |all| since_1970(all.started)),
    volume("corelog_volume_size_bytes", "Size of the file system that the data is on.",
        |volume| volume.total_bytes),
    volume("corelog_volume_usable_bytes", "What is free on the file system that the data is on.",
        |volume| volume.usable_bytes),
    process(Gauge, "corelog_connections", Plain, "Client connections that are open.",
        |all| Number(all.counters.connections)),
    process(Count, "corelog_connections_refused_total", Plain,
        "Connections closed at once: max.connections, max.connections.per.ip or descriptors were used up.",
        |all| Number(all.counters.get(Counter::RefusedConnections))),
    process(Count, "corelog_network_received_bytes_total", Bytes, "Bytes of requests.",
        |all| Number(all.counters.get(Counter::ReceivedBytes))),
    process(Count, "corelog_network_sent_bytes_total", Bytes, "Bytes of responses.",
        |all| Number(all.counters.get(Counter::SentBytes))),
    process(Count, "corelog_produced_bytes_total", Bytes,
        "Bytes of record batches appended for clients (BytesInPerSec).",
        |all| Number(all.counters.get(Counter::ProducedBytes))),
    process(Count, "corelog_produced_records_total", Plain, "Records appended for clients (MessagesInPerSec).",
        |all| Number(all.counters.get(Counter::ProducedRecords))),
    process(Count, "corelog_fetched_bytes_total", Bytes,
        "Bytes of record batches sent to consumers (BytesOutPerSec).",
        |all| Number(all.counters.get(Counter::FetchedBytes))),
    api(Count, "corelog_requests_total", Plain, "Requests answered (RequestsPerSec).",
        |api| Number(api.requests)),
    Metric {
        name: "corelog_request_errors_total",
        kind: Count,
        unit: Plain,
        owner: Owner::ApiError,
        help: "Error codes in answers, each of a topic's or partition's counted (ErrorsPerSec, without NONE).",
    },
    api(Times, "corelog_request_total_time_seconds", Seconds,
        "From the arrival of a whole request to the readiness of its answer (TotalTimeMs).",
        |api| times(&api.total_time)),
    process(Gauge, "corelog_partitions", Plain, "Partitions of this broker (PartitionCount).",
        |all| Number(all.partition_count)),
    process(Gauge, "corelog_offline_partitions", Plain,
        "Partitions that take no records: the journal is fenced, the log corrupt or not there (OfflinePartitionsCount).",
        |all| Number(all.offline_count)),
    process(Gauge, "corelog_active_controller", Plain,
        "1 on the broker that is the controller (ActiveControllerCount).", |_| Number(1)),
    // One broker: each partition has one replica, which is in sync.
    process(Gauge, "corelog_under_replicated_partitions", Plain,
        "Partitions with replicas out of sync (UnderReplicatedPartitions).", |_| Number(0)),
    process(Gauge, "corelog_under_min_isr_partitions", Plain,
        "Partitions below min.insync.replicas (UnderMinIsrPartitionCount).", |all| Number(all.under_min_isr_count)),
    process(Gauge, "corelog_transactional_ids", Plain, "Transactional ids that are remembered.",
        |all| number(all.transactions.levels.transactional_ids)),
    process(Gauge, "corelog_transactions_open", Plain,
        "Transactions that have begun and are not complete.", |all| number(all.transactions.levels.open)),
    process(Gauge, "corelog_transactions_open_age_max_seconds", Seconds,
        "How long ago the oldest open transaction began; 0 if none is open.",
        |all| Time(all.transactions.oldest_age)),
    process(Count, "corelog_transactions_committed_total", Plain, "Transactions that were decided to commit.",
        |all| Number(all.transactions.counts.committed)),
    process(Count, "corelog_transactions_aborted_total", Plain, "Transactions that were decided to abort.",
        |all| Number(all.transactions.counts.aborted)),
    process(Count, "corelog_transactions_timed_out_total", Plain,
        "Of the aborted, those that took longer than their timeout.",
        |all| Number(all.transactions.counts.timed_out)),
    process(Gauge, "corelog_transaction_markers_pending", Plain,
        "Partitions that decided transactions have yet to write their markers to.",
        |all| number(all.transactions.levels.markers_pending)),
    process(Times, "corelog_transaction_marker_delay_seconds", Seconds,
        "From the durable decision of a transaction to the last of its markers.",
        |all| marker_delays(&all.transactions.counts.marker_delays)),
    shard(Count, "corelog_journal_bytes_total", Bytes, "Bytes written to the journal.",
        |shard| Number(shard.storage.journaled_bytes)),
    shard(Count, "corelog_bypassed_bytes_total", Bytes, "Bytes written durably straight to segments.",
        |shard| Number(shard.storage.bypassed_bytes)),
    shard(Count, "corelog_flushed_bytes_total", Bytes, "Bytes flushed to segments after they were acknowledged.",
        |shard| Number(shard.storage.flushed_bytes)),
    shard(Times, "corelog_journal_commit_seconds", Seconds, "Commits of the journal, by how long they took.",
        |shard| commits(&shard.storage)),
    shard(Count, "corelog_checkpoints_total", Plain, "Checkpoints finished.",
        |shard| Number(shard.storage.checkpoints)),
    shard(Count, "corelog_compactions_total", Plain, "Logs compacted, each time.",
        |shard| Number(shard.storage.cleanings)),
    shard(Count, "corelog_compactions_failed_total", Plain,
        "Compactions that ended for want of room, or since a log could not be read.",
        |shard| Number(shard.storage.cleanings_failed)),
    shard(Count, "corelog_compaction_read_bytes_total", Bytes, "Bytes of batches that compaction looked at.",
        |shard| Number(shard.storage.clean_read_bytes)),
    shard(Count, "corelog_compaction_written_bytes_total", Bytes, "Bytes that compaction wrote.",
        |shard| Number(shard.storage.clean_written_bytes)),
    shard(Count, "corelog_compaction_removed_bytes_total", Bytes, "Bytes by which compaction made logs smaller.",
        |shard| Number(shard.storage.clean_removed_bytes)),
    shard(Gauge, "corelog_compactable_bytes", Bytes, "Bytes that may be compacted and were not.",
        |shard| Number(shard.storage.cleanable_bytes)),
    shard(Gauge, "corelog_compactable_ppm_max", Plain,
        "The largest share of such bytes that a log has, in millionths.",
        |shard| Number(shard.storage.dirty_ppm_max)),
    shard(Count, "corelog_disk_read_bytes_total", Bytes, "Bytes read from segments.",
        |shard| Number(shard.storage.disk_read_bytes)),
    shard(Gauge, "corelog_dirty_bytes", Bytes, "Bytes that are in no segment yet.",
        |shard| Number(shard.storage.dirty_bytes)),
    shard(Gauge, "corelog_cache_bytes", Bytes, "Bytes of logs in memory.",
        |shard| Number(shard.storage.cache_bytes)),
    shard(Gauge, "corelog_journal_files_free", Plain, "Journal files free to be written.",
        |shard| Number(shard.storage.journal_files_free)),
    shard(Gauge, "corelog_journal_fenced", Plain, "1 when the journal is fenced after a failed write.",
        |shard| Number(u64::from(shard.storage.is_fenced))),
    shard(Gauge, "corelog_damaged_partitions", Plain,
        "Partitions whose log was found damaged and is not served.",
        |shard| Number(shard.storage.damaged_partitions)),
    shard(Count, "corelog_corrupt_reads_total", Plain,
        "Reads that found a segment damaged, and were refused.", |shard| Number(shard.storage.corrupt_reads)),
    shard(Gauge, "corelog_storage_waiting", Plain,
        "Writes and opens that must be done and wait for a descriptor, memory or room on the disk.",
        |shard| Number(shard.storage.waiting)),
    shard(Gauge, "corelog_segment_files_open", Plain, "Segment files that are open.",
        |shard| Number(shard.storage.open_files)),
    shard(Gauge, "corelog_request_memory_bytes", Bytes, "Memory that requests under way hold.",
        |shard| number(shard.request_memory_used)),
    shard(Gauge, "corelog_fetch_memory_bytes", Bytes,
        "Memory that fetched records on their way to clients hold.", |shard| number(shard.fetch_memory_used)),
    shard(Gauge, "corelog_answer_memory_bytes", Bytes,
        "Memory that long answers of other requests on their way to clients hold.",
        |shard| number(shard.answer_memory_used)),
    shard(Count, "corelog_shard_work_seconds_total", Seconds, "Time that the shard spent in tasks.",
        |shard| Time(shard.spent.work)),
    shard(Count, "corelog_shard_stall_seconds_total", Seconds, "Of it, time in polls longer than 1 ms.",
        |shard| Time(shard.spent.stall)),
    shard(Count, "corelog_shard_poll_seconds_total", Seconds,
        "Time that the shard spent in its driver: rings, timers, messages of other shards.",
        |shard| Time(shard.spent.poll)),
    shard(Count, "corelog_shard_idle_seconds_total", Seconds, "Time that the shard slept.",
        |shard| Time(shard.spent.idle)),
    partition("corelog_partition_high_watermark", Plain, "End of what consumers may read.",
        |levels| levels.high_watermark),
    partition("corelog_partition_log_start_offset", Plain, "First offset there is (LogStartOffset).",
        |levels| levels.log_start),
    partition("corelog_partition_size_bytes", Bytes, "Bytes of the log (Size).", |levels| levels.bytes),
    compacted("corelog_log_dirty_bytes", Bytes, "Bytes of a compacted log that may be compacted and were not.",
        |log| Number(log.dirty_bytes)),
    compacted("corelog_log_last_cleaned_timestamp_seconds", Seconds,
        "When a compacted log was last compacted, in seconds since 1970; 0 if never.",
        |log| log.cleaned_at.map_or(Time(Duration::ZERO), since_1970)),
    process(Gauge, "corelog_consumer_group_lags_left_out", Plain,
        "Partitions of groups whose lag is not told, since there are more than 20000 of them.",
        |all| Number(all.lags_left_out)),
    Metric {
        name: "corelog_consumer_group_lag",
        kind: Gauge,
        unit: Plain,
        owner: Owner::GroupPartition,
        help: "Records between a group's committed offset and the high watermark.",
    },
];

impl Metric {
    /// The name without what the formats put behind it: the unit, and `_total` of a counter.
    pub(super) fn stem(&self) -> &'static str {
        let name = match self.kind {
            Kind::Counter => self.name.strip_suffix("_total").unwrap_or(self.name),
            Kind::Gauge | Kind::Histogram => self.name,
        };
        match self.unit {
            Unit::Plain => name,
            Unit::Bytes => name.strip_suffix("_bytes").unwrap_or(name),
            Unit::Seconds => name.strip_suffix("_seconds").unwrap_or(name),
        }
    }
}

#[cfg(test)]
mod tests;
