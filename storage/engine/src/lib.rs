//! The storage engine of one shard: journal, segments, index, recovery, retention, tail cache.

mod errors;
mod options;
mod storage;
mod types;

pub use errors::{
    AppendError, CheckpointError, CreateError, DataDirError, DeleteError, DeleteRecordsError, Fenced,
    FormatError, OpenError, ReadError,
};
pub use options::{CheckpointSync, Durability, LogConfig, StorageOptions, SyncMethod};
pub use storage::{DataDir, PartitionLog, Storage, prepare_layout};
pub use types::{
    ActiveProducer, AppendOptions, AppendOrigin, Appended, Layout, LogOffsets, LogSlice, PartitionSpec,
    ReadIsolation, StorageStats, TimestampedOffset,
};
