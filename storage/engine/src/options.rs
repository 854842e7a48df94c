//! What an operator chooses: limits of one shard's storage, and the settings of one log.

use std::path::PathBuf;

use corelog_model::ShardId;
use corelog_model::batch::TimestampType;

/// The commits of a journal under way at once where nothing says otherwise.
pub const COMMITS_IN_FLIGHT_MAX: usize = 4;

/// How a commit of the journal is made durable. Which one is faster is a property of the device: probe it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum SyncMethod {
    /// Write, then fdatasync.
    WriteThenSync,
    /// One write with RWF_DSYNC. Several of them are under way at once, where fdatasyncs of one file go one by one.
    #[default]
    Dsync,
}

/// How a checkpoint, or a recovery, makes segments durable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CheckpointSync {
    /// fdatasync of each dirty file up to this many of them, one syncfs when there are more.
    FilesUpTo(usize),
    /// Always fdatasync each dirty file.
    Files,
    /// Always one syncfs. It waits for other programs' dirty pages on that file system too.
    Filesystem,
}

impl Default for CheckpointSync {
    fn default() -> CheckpointSync {
        CheckpointSync::FilesUpTo(128)
    }
}

impl CheckpointSync {
    /// Whether so many files are made durable by one sync of the file system.
    pub(crate) fn is_whole(self, files: usize) -> bool {
        match self {
            CheckpointSync::Files => false,
            CheckpointSync::Filesystem => true,
            CheckpointSync::FilesUpTo(count) => files > count,
        }
    }
}

/// The limits of one shard's storage. All sizes in bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StorageOptions {
    /// The data directory, shared by all shards.
    pub dir: PathBuf,
    /// This shard.
    pub shard: ShardId,
    /// How many shards there are; as in the directory's layout (see [`crate::prepare_layout`]).
    pub shard_count: u16,
    /// The generation of the layout (see [`crate::prepare_layout`]).
    pub generation: u64,
    /// The length of one journal file, a multiple of a page and at least twice `frame_bytes_max`.
    pub journal_file_bytes: u64,
    /// How many journal files there may be, at least two. When all are in use, appends wait for a checkpoint.
    pub journal_files_max: usize,
    /// The longest journal frame, at least twice `bypass_bytes_min`.
    pub frame_bytes_max: usize,
    /// How many commits may be under way at once.
    pub commits_in_flight_max: usize,
    /// A run of one partition at least this long goes straight to its segment; an append of this much is written there
    /// at once.
    pub bypass_bytes_min: usize,
    /// A checkpoint begins when this many bytes were journaled or bypassed since the last one.
    pub checkpoint_bytes: u64,
    /// A partition is flushed to its segment when this many of its bytes wait.
    pub flush_bytes_min: usize,
    /// Appends wait while more bytes than this are in no segment yet.
    pub dirty_bytes_max: usize,
    /// Bytes of logs kept in memory at most, those that are in no segment yet included; the oldest clean ones go
    /// first. It begins with 256 MiB, or a quarter of this, and becomes more when readers miss what went.
    pub cache_bytes_max: usize,
    /// A read from a segment fetches at least this much.
    pub read_ahead_bytes: usize,
    /// How many files may be open at once, the journal's apart.
    pub open_files_max: usize,
    /// How a commit is made durable.
    pub sync_method: SyncMethod,
    /// How a checkpoint, or a recovery, makes segments durable.
    pub checkpoint_sync: CheckpointSync,
    /// Bypass the page cache (O_DIRECT).
    pub direct: bool,
    /// Memory that cleaning takes at most: half for the keys that it knows at a time, the rest for a batch that it takes
    /// apart and writes anew.
    pub clean_bytes_max: usize,
    /// How often it is looked whether a log is to be cleaned, in milliseconds.
    pub clean_interval_ms: u64,
}

impl StorageOptions {
    /// How far behind a frame one that proves that it was acknowledged may begin: a frame proves that of the one
    /// `commits_in_flight_max` before it, if not of a later one. Two more may be damaged.
    pub(crate) fn proof_bytes(&self) -> u64 {
        let frames = u64::try_from(self.commits_in_flight_max)
            .unwrap_or(u64::MAX)
            .saturating_add(2);
        frames.saturating_mul(u64::try_from(self.frame_bytes_max).unwrap_or(u64::MAX))
    }

    /// The usual limits for shard `shard` of the data directory `dir`.
    pub fn new(dir: impl Into<PathBuf>, shard: ShardId, layout: crate::Layout) -> StorageOptions {
        const MIB: usize = 1 << 20;
        StorageOptions {
            dir: dir.into(),
            shard,
            shard_count: layout.shard_count,
            generation: layout.generation,
            journal_file_bytes: 64 << 20,
            journal_files_max: 16,
            frame_bytes_max: 4 * MIB,
            commits_in_flight_max: COMMITS_IN_FLIGHT_MAX,
            bypass_bytes_min: 256 << 10,
            checkpoint_bytes: 512 << 20,
            flush_bytes_min: MIB,
            dirty_bytes_max: 256 * MIB,
            cache_bytes_max: 512 * MIB,
            read_ahead_bytes: 256 << 10,
            open_files_max: 4096,
            sync_method: SyncMethod::default(),
            checkpoint_sync: CheckpointSync::default(),
            direct: true,
            clean_bytes_max: 64 * MIB,
            clean_interval_ms: 15_000,
        }
    }
}

/// When an append is acknowledged, and so what a crash can take.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Durability {
    /// When it is on stable storage: neither a crash of the process nor of the machine loses it.
    #[default]
    Durable,
    /// When its write has completed: a crash of the process does not lose it, a loss of power may lose the last
    /// commits.
    Written,
    /// At once, from memory: a crash of the process may lose what came in since the last commit. It still goes
    /// through the journal, so that what survives is a prefix.
    Memory,
}

/// The settings of one log. Kafka's topic configurations of the same names, parsed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogConfig {
    /// When an append is acknowledged.
    pub durability: Durability,
    /// `segment.bytes`: a segment is closed before it grows beyond this.
    pub segment_bytes: u64,
    /// `segment.ms`: a segment whose first record is older than this is closed; without a timestamp it is as old as its append.
    pub segment_ms: i64,
    /// `retention.ms`: a segment whose newest record is older goes, an active one too; `None` keeps it.
    pub retention_ms: Option<i64>,
    /// `retention.bytes`: the oldest segments go while the log is larger without them; `None` keeps them.
    pub retention_bytes: Option<u64>,
    /// `max.message.bytes`: the largest batch a client may append.
    pub max_message_bytes: usize,
    /// `message.timestamp.type`: LogAppendTime rewrites the batches.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: the oldest CreateTime; `None` is any.
    pub timestamp_before_max_ms: Option<i64>,
    /// `message.timestamp.after.max.ms`: the furthest CreateTime in the future; `None` is any.
    pub timestamp_after_max_ms: Option<i64>,
    /// `cleanup.policy` contains `compact`: of each key the last record stays. Compacted segments are not deleted by retention
    /// unless `delete` is set.
    pub compact: bool,
    /// `min.cleanable.dirty.ratio`, in millionths: a log is cleaned when more of its bytes than this have come since the last
    /// time.
    pub dirty_ppm_min: u32,
    /// `min.compaction.lag.ms`: a segment whose newest record is younger is not cleaned.
    pub compaction_lag_min_ms: i64,
    /// `max.compaction.lag.ms`: a log with records that are older and were not cleaned is, whatever its share of them; `None`
    /// is never.
    pub compaction_lag_max_ms: Option<i64>,
    /// `delete.retention.ms`: how long the last record of a key stays that has no value, and the marker of a transaction whose
    /// records are gone, from their first cleaning on.
    pub delete_retention_ms: i64,
    /// `cleanup.policy` contains `delete`.
    pub delete: bool,
    /// `index.interval.bytes`; the sparse index has an entry at most every 64 KiB whatever this says.
    pub index_interval_bytes: u64,
    /// `producer.id.expiration.ms`: a producer that was silent for longer is forgotten.
    pub producer_id_expiration_ms: i64,
}

impl LogConfig {
    /// How old the first record of the active segment gets: nothing of that segment is cleaned (Kafka's
    /// `LogConfig.maxSegmentMs`).
    pub(crate) fn roll_ms(&self) -> i64 {
        let lag = self.compaction_lag_max_ms.filter(|_| self.compact);
        lag.map_or(self.segment_ms, |lag| lag.min(self.segment_ms))
    }
}

impl Default for LogConfig {
    /// Kafka's defaults.
    fn default() -> LogConfig {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        LogConfig {
            durability: Durability::Durable,
            segment_bytes: 1 << 30,
            segment_ms: 7 * DAY_MS,
            retention_ms: Some(7 * DAY_MS),
            retention_bytes: None,
            max_message_bytes: 1_048_588,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: None,
            timestamp_after_max_ms: Some(60 * 60 * 1000),
            compact: false,
            dirty_ppm_min: 500_000,
            compaction_lag_min_ms: 0,
            compaction_lag_max_ms: None,
            delete_retention_ms: DAY_MS,
            delete: true,
            index_interval_bytes: 4096,
            producer_id_expiration_ms: DAY_MS,
        }
    }
}
