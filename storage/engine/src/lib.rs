//! The storage engine of one shard: journal, segments, index, recovery, retention, tail cache.

#[cfg(feature = "benches")]
pub mod benches;
mod checkpoint;
mod checkpoint_file;
mod checkpoint_requests;
mod clean;
mod contents;
mod data_dir;
mod device;
mod errors;
mod fence;
mod file_system;
mod files;
mod format;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hash;
pub mod inspect;
mod journal;
mod layout;
mod log;
mod memory;
mod meta_properties;
mod options;
mod partition;
mod read_rate;
mod rebuild;
mod recovery;
mod registry;
mod removal;
mod retry;
mod storage;
mod tail;
#[cfg(test)]
mod testing;
mod types;

pub use data_dir::DataDir;
pub use device::{DeviceAnswer, DeviceCell, DeviceError, file_system_id};
pub use errors::{
    AppendError, CheckpointError, CreateError, DataDirError, DeleteError, DeleteRecordsError, Fenced,
    FormatError, OpenError, ReadError, TruncateError,
};
pub use file_system::{FileSystem, Overwrites};
pub use layout::{prepare_layout, read_layout};
pub use meta_properties::{MetaFault, MetaProperties};
pub use options::{COMMITS_IN_FLIGHT_MAX, CheckpointSync, Durability, LogConfig, StorageOptions, SyncMethod};
pub use partition::{Appending, Batches, LogOwner, LogWatcher, PartitionLog};
pub use rebuild::{RebuildError, rebuild_layout};
pub use storage::Storage;
pub use types::{
    AbortedTransaction, ActiveProducer, AppendOptions, AppendOrigin, Appended, CleaningState, Layout,
    LogOffsets, LogSlice, PartitionSpec, ReadIsolation, StorageStats, TimestampedOffset,
};
