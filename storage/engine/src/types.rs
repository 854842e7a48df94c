//! What goes in and out of a log.

use bytes::Bytes;
use corelog_model::{LeaderEpoch, Offset, PartitionId, ProducerEpoch, ProducerId, Sequence, TimestampMs};

use crate::LogConfig;

/// How the data directory is divided. Kept in its file `layout`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Grows by one with each change of the number of shards.
    pub generation: u64,
    /// How many shards there are.
    pub shard_count: u16,
}

/// A partition to be.
#[derive(Clone, Debug)]
pub struct PartitionSpec {
    /// Its identity.
    pub id: PartitionId,
    /// Its directory's name within the data directory, unlike every other partition's of any shard.
    pub directory: String,
    /// The epoch of its first appends.
    pub leader_epoch: LeaderEpoch,
    /// Its settings.
    pub config: LogConfig,
}

/// Who appends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum AppendOrigin {
    /// A producer: size, timestamps and sequences are checked.
    #[default]
    Client,
    /// The broker itself (offsets): sequences are still recorded, nothing is refused for its size or time.
    Internal,
    /// A transaction coordinator, with the marker that ends a transaction. An epoch or a coordinator that is older than what
    /// is known is refused.
    Marker {
        /// The coordinator raised the producer's epoch for this marker (KIP-890, `transaction.version` 2): one of the epoch
        /// that the records have is late.
        raises_epoch: bool,
    },
    /// A follower, with its leader's batches: their offsets, epochs and times are the leader's, and offsets may be missing
    /// between them. Only what does not continue the log is refused.
    Replica,
}

/// How to append.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AppendOptions {
    /// Who appends.
    pub origin: AppendOrigin,
}

/// What an append came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Appended {
    /// The offset of the first record; of the original when this was a duplicate.
    pub base_offset: Offset,
    /// The offset of the last record, inclusive.
    pub last_offset: Offset,
    /// The time that was written into the batches, if the log stamps them itself. Of a duplicate, the largest timestamp of
    /// the original in any case, as Kafka tells it (`UnifiedLog.append`).
    pub log_append_time: Option<TimestampMs>,
    /// The first offset of the log at the append.
    pub log_start: Offset,
    /// The batch had been appended before (KIP-98) and was not stored again.
    pub is_duplicate: bool,
}

/// The offsets of a log: `log_start <= last_stable <= high_watermark <= log_end` and `durable_end <= log_end`. All but the
/// first are exclusive ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogOffsets {
    /// The first offset that may be read.
    pub log_start: Offset,
    /// The end for readers of committed transactions.
    pub last_stable: Offset,
    /// The end for consumers: everything before it is committed, as whoever leads the partition says.
    pub high_watermark: Offset,
    /// Records before it are stored as the log's [`Durability`](crate::Durability) asks.
    pub durable_end: Offset,
    /// The offset of the next record.
    pub log_end: Offset,
}

/// How far a reader may see.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ReadIsolation {
    /// Up to the last stable offset (`read_committed`).
    LastStable,
    /// Up to the high watermark (`read_uncommitted`).
    #[default]
    HighWatermark,
    /// Everything, acknowledged or not: replicas alone.
    LogEnd,
}

/// A transaction that was aborted: what a reader of committed records leaves out (Kafka's `AbortedTxn`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AbortedTransaction {
    /// Whose records.
    pub producer: ProducerId,
    /// The offset of its first record.
    pub first_offset: Offset,
    /// The offset of its marker.
    pub last_offset: Offset,
    /// The last stable offset once it had ended: aborted transactions behind it end later.
    pub last_stable: Offset,
}

/// A stretch of a log.
#[derive(Clone, Debug)]
pub struct LogSlice {
    /// Whole batches once put together; the first contains the offset asked for. A batch may go on in the next piece.
    pub pieces: Vec<Bytes>,
    /// The length of all pieces together.
    pub bytes: usize,
    /// Memory that the pieces keep from being freed, at least their own length: a piece of a log's tail holds the whole
    /// of what it was cut from, also when the cache has let go of it.
    pub held_bytes: usize,
    /// The offsets at the moment of the read.
    pub offsets: LogOffsets,
    /// Aborted transactions with records among these, by their first offset; of reads up to the last stable offset alone.
    pub aborted: Vec<AbortedTransaction>,
}

/// A record's place in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimestampedOffset {
    /// The record's offset.
    pub offset: Offset,
    /// Its timestamp.
    pub timestamp: TimestampMs,
    /// The leader epoch it was appended in.
    pub leader_epoch: LeaderEpoch,
}

/// A producer that a log remembers (DescribeProducers).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ActiveProducer {
    /// Who.
    pub id: ProducerId,
    /// Its newest epoch.
    pub epoch: ProducerEpoch,
    /// The last sequence stored.
    pub last_sequence: Option<Sequence>,
    /// When it last appended.
    pub last_timestamp: TimestampMs,
    /// The leader epoch of the coordinator that ended its last transaction; -1 if there was none.
    pub coordinator_epoch: i32,
    /// The first offset of its open transaction.
    pub transaction_first: Option<Offset>,
}

/// How dirty a log is that is compacted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CleaningState {
    /// Everything before this offset was cleaned.
    pub cleaned_end: Offset,
    /// When that ended, by the broker's clock; `None` if there was no cleaning yet.
    pub cleaned_at: Option<TimestampMs>,
    /// Bytes that may be cleaned and were not.
    pub dirty_bytes: u64,
    /// Bytes before them.
    pub clean_bytes: u64,
    /// The share of the first in both, in millionths.
    pub dirty_ppm: u64,
    /// The log is to be cleaned now.
    pub is_due: bool,
}

/// Counters and levels of one shard's storage. Counters never fall.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StorageStats {
    /// Bytes of batches appended.
    pub appended_bytes: u64,
    /// Batches appended.
    pub appended_batches: u64,
    /// Bytes of frames written to the journal, padding included.
    pub journaled_bytes: u64,
    /// Bytes that went straight to segments.
    pub bypassed_bytes: u64,
    /// Frames made durable.
    pub frames: u64,
    /// Entries of those frames.
    pub frame_entries: u64,
    /// Nanoseconds that commits took, together.
    pub commit_nanos: u64,
    /// Commits by duration: the bucket `i` counts those under 2^i × 16 µs, the last one all others.
    pub commit_buckets: [u64; 16],
    /// Bytes flushed to segments.
    pub flushed_bytes: u64,
    /// Checkpoints finished.
    pub checkpoints: u64,
    /// Bytes read from segments.
    pub disk_read_bytes: u64,
    /// Reads that found a segment damaged, and were refused.
    pub corrupt_reads: u64,
    /// Operations that must be done and wait for a descriptor, memory or room on the disk.
    pub waiting: u64,
    /// Bytes in no segment yet.
    pub dirty_bytes: u64,
    /// Bytes of logs in memory, the dirty ones included.
    pub cache_bytes: u64,
    /// Journal files there are.
    pub journal_files: u64,
    /// Journal files free to be written.
    pub journal_files_free: u64,
    /// Partitions.
    pub partitions: u64,
    /// Of them, those whose log was found damaged and is not served.
    pub damaged_partitions: u64,
    /// Segment files open.
    pub open_files: u64,
    /// Removals of deleted partitions' files that are under way; each holds a listing of the data directory.
    pub removals: u64,
    /// Logs that were cleaned, each time.
    pub cleanings: u64,
    /// Cleanings that ended for want of room, or since a log cannot be read.
    pub cleanings_failed: u64,
    /// Bytes of batches that cleanings read to write them anew.
    pub clean_read_bytes: u64,
    /// Bytes that they wrote.
    pub clean_written_bytes: u64,
    /// Bytes by which logs became smaller by them.
    pub clean_removed_bytes: u64,
    /// Bytes that may be cleaned and were not.
    pub cleanable_bytes: u64,
    /// The largest share of those among the logs, in millionths.
    pub dirty_ppm_max: u64,
    /// Whether the journal is fenced.
    pub is_fenced: bool,
}
