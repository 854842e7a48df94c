//! What can go wrong, one enum an operation. All of them are `Send`: an answer may cross shards.

use std::path::PathBuf;
use std::sync::Arc;

use corelog_model::{LeaderEpoch, Offset, PartitionId, ProducerEpoch, ProducerId, TimestampMs};
use corelog_runtime::DiskError;

/// The data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process holds the lock.
    #[error("the data directory {} belongs to a running broker", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// A newer release wrote it.
    #[error("{} says that the data directory has format {found}; this release reads up to {supported}", path.display())]
    NewerFormat {
        /// The version file.
        path: PathBuf,
        /// What its version file says.
        found: u32,
        /// The newest format this release knows.
        supported: u32,
    },
    /// The version file is not one.
    #[error("the version file {} holds no format number", path.display())]
    BadVersion {
        /// The file.
        path: PathBuf,
    },
    /// The version file is gone from a directory that is not new.
    #[error("the version file {} is missing, and the directory is not new", path.display())]
    VersionMissing {
        /// The file.
        path: PathBuf,
    },
    /// There is something in it that is not ours, and nothing that is.
    #[error("the data directory {} holds {name:?} and nothing of a broker's: it is not new, and not ours", path.display())]
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// What is in it.
        name: String,
    },
    /// No file can be made in it.
    #[error("the data directory {} is not writable: {source}", path.display())]
    NotWritable {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Anything else that the kernel refuses.
    #[error("{} cannot be used as data directory: {source}", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

/// A file of ours is not what it should be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FormatError {
    /// Shorter than its header or than its header says.
    #[error("it is {size} bytes long and should be {needed}")]
    Truncated {
        /// The bytes there are.
        size: u64,
        /// The bytes there should be.
        needed: u64,
    },
    /// Not a file of this kind.
    #[error("it does not begin with the magic of a {expected}")]
    Magic {
        /// The kind of file that was wanted.
        expected: &'static str,
    },
    /// A format this release does not know.
    #[error("it has format {found}; this release knows {supported}")]
    Version {
        /// What it says.
        found: u16,
        /// What is known.
        supported: u16,
    },
    /// The checksum does not match.
    #[error("its checksum is {computed:#010x} and it says {stored:#010x}")]
    Checksum {
        /// What it says.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// The checksum holds, yet the archive is not valid.
    #[error("its content is not a valid archive")]
    Archive,
    /// A value that cannot be.
    #[error("its field {field} is impossible: {value}")]
    Field {
        /// The name.
        field: &'static str,
        /// The value.
        value: i128,
    },
}

/// A shard's storage cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The checkpoint is gone although the directory is not new.
    #[error("the checkpoint {} is missing, and no whole checkpoint.previous is in its place", path.display())]
    CheckpointMissing {
        /// The file.
        path: PathBuf,
    },
    /// A file of ours is damaged.
    #[error("{} is damaged: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        source: FormatError,
    },
    /// A journal frame that was acknowledged is damaged: which partitions it held is not known.
    #[error("an acknowledged frame of the journal is damaged: {} at byte {position}", path.display())]
    JournalDamaged {
        /// The file.
        path: PathBuf,
        /// Where the frame should begin.
        position: u64,
    },
    /// A journal file is gone, and frames of it that were acknowledged with it.
    #[error("the journal file {} is missing", path.display())]
    JournalFileMissing {
        /// The file.
        path: PathBuf,
    },
    /// A segment is gone.
    #[error("the segment {} is missing; it had {size} bytes at least", path.display())]
    SegmentMissing {
        /// The file.
        path: PathBuf,
        /// What is known to have been in it.
        size: u64,
    },
    /// A file lacks its end.
    #[error("{} has {size} bytes and should have {needed}", path.display())]
    Shortened {
        /// The file.
        path: PathBuf,
        /// What there is.
        size: u64,
        /// What there should be at least.
        needed: u64,
    },
    /// The checkpoint is an old one: the journal was written by a later start than it knows of.
    #[error("the checkpoint {} is an old one: it is of start {incarnation}, and the journal of start {newer}", path.display())]
    CheckpointStale {
        /// The file.
        path: PathBuf,
        /// Which start it is of.
        incarnation: u64,
        /// Which start the journal is of.
        newer: u64,
    },
    /// The checkpoint of a clean stop is an old one: a log has been written to since.
    #[error("the checkpoint {} is an old one: it was made at a clean stop, and {} has been written to since", path.display(), segment.display())]
    CheckpointOutrun {
        /// The file.
        path: PathBuf,
        /// A segment that goes beyond what it knows.
        segment: PathBuf,
    },
    /// The layout is an old one: a later generation's journal has been in use.
    #[error("the layout {} is an old one: it names generation {generation}, and generation {newer} has been in use", path.display())]
    LayoutStale {
        /// The file.
        path: PathBuf,
        /// What it names.
        generation: u64,
        /// What has been in use since.
        newer: u64,
    },
    /// An option is out of bounds.
    #[error("the storage option {option} is out of bounds: {reason}")]
    Option {
        /// Its name.
        option: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// The layout is gone from a directory that is not new.
    #[error("the layout {} is missing, and the directory is not new", path.display())]
    LayoutMissing {
        /// The file.
        path: PathBuf,
    },
    /// The directory was laid out for another number of shards.
    #[error("the data is laid out for {found} shards, generation {generation}, and {wanted} are asked for")]
    ShardCount {
        /// Shards of the layout.
        found: u16,
        /// Generation of the layout.
        generation: u64,
        /// Shards asked for.
        wanted: u16,
    },
    /// The disk is full, already at the start.
    #[error("the disk is too full to start: {0}")]
    DiskFull(#[source] DiskError),
    /// The disk.
    #[error(transparent)]
    Io(DiskError),
}

impl From<DiskError> for OpenError {
    fn from(error: DiskError) -> OpenError {
        if error.is_full() {
            OpenError::DiskFull(error)
        } else {
            OpenError::Io(error)
        }
    }
}

/// Why a shard's journal takes nothing any more: a write or a sync failed, and what is on disk is not known until
/// the next start reads it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the shard's journal is fenced until a restart: {0}")]
pub struct Fenced(pub Arc<str>);

/// A partition cannot be created.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateError {
    /// A partition of this id is there.
    #[error("the partition {0:?} exists")]
    Exists(PartitionId),
    /// Another partition uses this directory.
    #[error("the directory {0} belongs to another partition")]
    DirectoryInUse(String),
    /// A name with a separator, or one of ours.
    #[error("{0:?} cannot be a partition's directory")]
    BadDirectory(String),
    /// No room.
    #[error("the disk is full")]
    DiskFull(#[source] Arc<DiskError>),
    /// The journal is fenced.
    #[error(transparent)]
    Fenced(#[from] Fenced),
    /// The disk.
    #[error(transparent)]
    Io(Arc<DiskError>),
}

/// A partition cannot be deleted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeleteError {
    /// There is no such partition.
    #[error("there is no partition {0:?}")]
    NotFound(PartitionId),
    /// The journal is fenced.
    #[error(transparent)]
    Fenced(#[from] Fenced),
    /// The disk.
    #[error(transparent)]
    Io(Arc<DiskError>),
}

/// Batches were not appended.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// A batch is larger than `max.message.bytes`, or than a segment.
    #[error("the batch has {size} bytes, {max} are allowed")]
    RecordTooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        max: usize,
    },
    /// A timestamp is out of the log's bounds.
    #[error("the timestamp {timestamp} is out of bounds {earliest:?} to {latest:?}")]
    InvalidTimestamp {
        /// The batch's.
        timestamp: TimestampMs,
        /// The oldest allowed, inclusive.
        earliest: Option<TimestampMs>,
        /// The newest allowed, inclusive.
        latest: Option<TimestampMs>,
    },
    /// A leader's batch does not continue this follower's log.
    #[error(
        "a batch at offset {base_offset} of leader epoch {leader_epoch} does not continue a log that ends at {log_end} in epoch {newest_epoch}"
    )]
    OutOfPlace {
        /// The batch's first offset.
        base_offset: Offset,
        /// The batch's epoch.
        leader_epoch: LeaderEpoch,
        /// Where the log ends.
        log_end: Offset,
        /// The log's newest epoch.
        newest_epoch: LeaderEpoch,
    },
    /// A gap or a step back in a producer's sequence (KIP-98).
    #[error("producer {producer} sent sequence {found}, the last was {last:?}")]
    OutOfOrderSequence {
        /// Who.
        producer: ProducerId,
        /// The batch's first sequence.
        found: i32,
        /// The last sequence stored.
        last: Option<i32>,
    },
    /// The producer has been replaced by a newer one.
    #[error("producer {producer} sent epoch {found}, the current one is {current}")]
    InvalidProducerEpoch {
        /// Who.
        producer: ProducerId,
        /// The batch's.
        found: ProducerEpoch,
        /// The newest seen.
        current: ProducerEpoch,
    },
    /// A record outside of the producer's open transaction.
    #[error("producer {producer} has an open transaction and sent records that belong to none")]
    InvalidTransactionState {
        /// Who.
        producer: ProducerId,
    },
    /// A marker of a coordinator that has been replaced by a newer one.
    #[error(
        "a coordinator of epoch {found} sent a marker for producer {producer}, the current one is of epoch {current}"
    )]
    CoordinatorFenced {
        /// Whose marker.
        producer: ProducerId,
        /// The marker's.
        found: i32,
        /// The newest seen.
        current: i32,
    },
    /// No room on the disk for this append; a later one may succeed.
    #[error("the disk is full")]
    DiskFull(#[source] Arc<DiskError>),
    /// The journal is fenced; whether this append is stored is decided by the next start.
    #[error(transparent)]
    Fenced(#[from] Fenced),
    /// The log was found corrupt and is not served.
    #[error("the log is corrupt and not served: {0}")]
    Corrupt(Arc<str>),
    /// The partition was deleted.
    #[error("the partition is deleted")]
    Deleted,
    /// The shard is closing.
    #[error("the storage is closed")]
    Closed,
    /// The disk; nothing was appended.
    #[error(transparent)]
    Io(Arc<DiskError>),
}

/// A read failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// The offset is not in the log.
    #[error("offset {requested} is not within {log_start}..={end}")]
    OffsetOutOfRange {
        /// The offset asked for.
        requested: Offset,
        /// The first offset there is.
        log_start: Offset,
        /// The end up to which this reader may read, exclusive.
        end: Offset,
    },
    /// Bytes on disk are not what was written.
    #[error("the log is corrupt: {0}")]
    Corrupt(Arc<str>),
    /// The log's end was cut off while it was read, or what was read of it was cleaned; another try reads what is there now.
    #[error("the end of the log was cut off meanwhile, or it was cleaned")]
    CutOff,
    /// The partition was deleted.
    #[error("the partition is deleted")]
    Deleted,
    /// The disk.
    #[error(transparent)]
    Io(Arc<DiskError>),
}

/// Records could not be deleted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeleteRecordsError {
    /// The offset is beyond the high watermark.
    #[error("offset {requested} is not within {log_start}..={high_watermark}")]
    OffsetOutOfRange {
        /// The offset asked for.
        requested: Offset,
        /// The first offset there is.
        log_start: Offset,
        /// The high watermark.
        high_watermark: Offset,
    },
    /// The journal is fenced.
    #[error(transparent)]
    Fenced(#[from] Fenced),
    /// The partition was deleted.
    #[error("the partition is deleted")]
    Deleted,
}

/// The end of a log could not be cut off. After `Fenced` the next start decides whether it is.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TruncateError {
    /// The log does not begin before the offset.
    #[error("offset {requested} lies before the log's start, {log_start}")]
    OffsetOutOfRange {
        /// The offset asked for.
        requested: Offset,
        /// The first offset there is.
        log_start: Offset,
    },
    /// The journal is fenced.
    #[error(transparent)]
    Fenced(#[from] Fenced),
    /// The log was found corrupt and is not served.
    #[error("the log is corrupt and not served: {0}")]
    Corrupt(Arc<str>),
    /// The segment that the new end lies in cannot be read; nothing was cut off.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The partition was deleted.
    #[error("the partition is deleted")]
    Deleted,
    /// The shard is closing.
    #[error("the storage is closed")]
    Closed,
}

/// A checkpoint failed. Unless it was refused for the moment, the journal is fenced.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CheckpointError {
    /// No room for the checkpoint file, or no descriptor; the one before stays in force.
    #[error("there can be no checkpoint now: {0}")]
    Refused(#[source] Arc<DiskError>),
    /// The journal is fenced.
    #[error(transparent)]
    Fenced(#[from] Fenced),
}
