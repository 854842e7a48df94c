use crate::*;
use corelog_model::{LeaderEpoch, Offset, PartitionId, ShardId, TimestampMs};
use corelog_runtime::local::Notified;
use corelog_runtime::{Handle, LocalFuture};
use std::path::Path;
use std::rc::Rc;

pub struct DataDir;
impl DataDir {
    /// Blocking (std::fs), once before the shards start: creates, checks writable, takes the lock, checks the version.
    pub fn open(_path: &Path) -> Result<DataDir, DataDirError> {
        unimplemented!()
    }
}
/// Run once by one shard, before any shard opens: reads the layout; creates it in a new directory; re-divides the
/// data if it was laid out for another number of shards. `options_of` gives the limits of an old shard.
pub async fn prepare_layout(
    _handle: Handle,
    _template: StorageOptions,
    _shard_count: u16,
    _shard_of: impl Fn(&PartitionId) -> ShardId,
    _progress: impl Fn(f64),
) -> Result<Layout, OpenError> {
    unimplemented!()
}

pub struct Storage;
impl Storage {
    pub async fn open(
        _handle: Handle,
        _options: StorageOptions,
        _progress: impl Fn(f64) + 'static,
    ) -> Result<Rc<Storage>, OpenError> {
        unimplemented!()
    }
    pub fn partitions(&self) -> Vec<PartitionId> {
        unimplemented!()
    }
    pub fn partition(&self, _id: &PartitionId) -> Option<Rc<PartitionLog>> {
        unimplemented!()
    }
    pub async fn create_partition(&self, _spec: PartitionSpec) -> Result<Rc<PartitionLog>, CreateError> {
        unimplemented!()
    }
    pub async fn delete_partition(&self, _id: PartitionId) -> Result<(), DeleteError> {
        unimplemented!()
    }
    pub async fn checkpoint(&self) -> Result<(), CheckpointError> {
        unimplemented!()
    }
    pub async fn close(&self) -> Result<(), CheckpointError> {
        unimplemented!()
    }
    pub async fn apply_retention(&self, _now: TimestampMs) {
        unimplemented!()
    }
    pub fn stats(&self) -> StorageStats {
        unimplemented!()
    }
}
pub struct PartitionLog;
impl PartitionLog {
    pub fn id(&self) -> PartitionId {
        unimplemented!()
    }
    pub fn directory(&self) -> &str {
        unimplemented!()
    }
    pub fn config(&self) -> LogConfig {
        unimplemented!()
    }
    pub fn set_config(&self, _config: LogConfig) {
        unimplemented!()
    }
    pub fn leader_epoch(&self) -> LeaderEpoch {
        unimplemented!()
    }
    pub fn set_leader_epoch(&self, _epoch: LeaderEpoch) {
        unimplemented!()
    }
    pub fn offsets(&self) -> LogOffsets {
        unimplemented!()
    }
    pub fn append(
        self: &Rc<Self>,
        _batches: Vec<corelog_model::ValidatedBatch>,
        _options: AppendOptions,
    ) -> LocalFuture<Result<Appended, AppendError>> {
        unimplemented!()
    }
    pub fn read(
        self: &Rc<Self>,
        _from: Offset,
        _bytes_max: usize,
        _isolation: ReadIsolation,
    ) -> LocalFuture<Result<LogSlice, ReadError>> {
        unimplemented!()
    }
    pub fn high_watermark_changed(&self) -> Notified {
        unimplemented!()
    }
    pub async fn offset_for_timestamp(
        self: &Rc<Self>,
        _timestamp: TimestampMs,
    ) -> Result<Option<TimestampedOffset>, ReadError> {
        unimplemented!()
    }
    pub async fn offset_of_max_timestamp(self: &Rc<Self>) -> Result<Option<TimestampedOffset>, ReadError> {
        unimplemented!()
    }
    /// The epoch that the record at `offset` was appended in; `None` beyond the log.
    pub fn epoch_at(&self, _offset: Offset) -> Option<LeaderEpoch> {
        unimplemented!()
    }
    pub fn end_offset_for_epoch(&self, _epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        unimplemented!()
    }
    pub async fn delete_records(&self, _before: Option<Offset>) -> Result<Offset, DeleteRecordsError> {
        unimplemented!()
    }
    pub fn size_bytes(&self) -> u64 {
        unimplemented!()
    }
    pub fn segment_count(&self) -> usize {
        unimplemented!()
    }
    pub fn active_producers(&self) -> Vec<ActiveProducer> {
        unimplemented!()
    }
}
