//! A simulated machine with a storage on it, for the tests of this crate.

#![expect(dead_code, reason = "each test file uses its own part")]

#[path = "../../src/testing.rs"]
pub(crate) mod testing;

use std::path::Path;
use std::rc::Rc;

use bytes::Bytes;
use corelog_model::batch::{self, BatchHeader};
use corelog_model::{LeaderEpoch, Offset, PartitionId, PartitionIndex, ShardId, TopicId};
use corelog_sim::{Machine, Simulation};
use corelog_storage::{
    AppendOptions, Appended, Layout, LogConfig, OpenError, PartitionLog, PartitionSpec, ReadIsolation,
    Storage, StorageOptions, prepare_layout,
};

pub(crate) use testing::{Fields, valid};

pub(crate) const DIR: &str = "/data";
pub(crate) const SHARD: ShardId = ShardId::new(0);

/// Small limits, so that every path is taken soon.
pub(crate) fn small_options(layout: Layout, shard: ShardId) -> StorageOptions {
    StorageOptions {
        journal_file_bytes: 256 << 10,
        journal_files_max: 3,
        frame_bytes_max: 64 << 10,
        bypass_bytes_min: 16 << 10,
        checkpoint_bytes: 300 << 10,
        flush_bytes_min: 16 << 10,
        dirty_bytes_max: 256 << 10,
        cache_bytes_max: 256 << 10,
        read_ahead_bytes: 16 << 10,
        open_files_max: 8,
        ..StorageOptions::new(DIR, shard, layout)
    }
}

/// Small segments and no bounds on timestamps.
pub(crate) fn small_config() -> LogConfig {
    LogConfig {
        segment_bytes: 100 << 10,
        segment_ms: i64::MAX,
        timestamp_after_max_ms: None,
        ..LogConfig::default()
    }
}

pub(crate) async fn layout(machine: &Machine, shards: u16) -> Layout {
    let handle = machine.handle_for(SHARD);
    let shard_of = move |id: &PartitionId| shard_of(id, shards);
    prepare_layout(handle, Path::new(DIR), true, shards, shard_of, |_| ())
        .await
        .unwrap()
}

pub(crate) fn shard_of(id: &PartitionId, shards: u16) -> ShardId {
    ShardId::new(u16::try_from(id.index.get()).unwrap() % shards)
}

pub(crate) async fn try_open(
    machine: &Machine,
    edit: impl FnOnce(&mut StorageOptions),
) -> Result<Rc<Storage>, OpenError> {
    let layout = layout(machine, 1).await;
    let mut options = small_options(layout, SHARD);
    edit(&mut options);
    Storage::open(machine.handle_for(SHARD), options, |_| ())
        .await
        .map(alone)
}

/// With the high watermarks as they were kept.
pub(crate) async fn try_open_as_it_is(machine: &Machine) -> Result<Rc<Storage>, OpenError> {
    let layout = layout(machine, 1).await;
    Storage::open(machine.handle_for(SHARD), small_options(layout, SHARD), |_| ()).await
}

/// A storage whose logs nobody else has: all that is durable in them is committed.
pub(crate) fn alone(storage: Rc<Storage>) -> Rc<Storage> {
    for id in storage.partitions() {
        storage.partition(&id).unwrap().commit_alone();
    }
    storage
}

pub(crate) async fn open(machine: &Machine) -> Rc<Storage> {
    try_open(machine, |_| ()).await.unwrap()
}

pub(crate) fn id(index: i32) -> PartitionId {
    PartitionId {
        topic: TopicId::new([9; 16]),
        index: PartitionIndex::new(index),
    }
}

pub(crate) fn spec(index: i32, config: LogConfig) -> PartitionSpec {
    PartitionSpec {
        id: id(index),
        directory: format!("orders-{index}"),
        leader_epoch: LeaderEpoch::new(3),
        config,
    }
}

pub(crate) async fn append(log: &Rc<PartitionLog>, fields: Fields) -> Appended {
    log.append(vec![valid(fields)], AppendOptions::default())
        .await
        .unwrap()
}

pub(crate) fn offset(value: i64) -> Offset {
    Offset::new(value).unwrap()
}

/// All batches from the log's start to its high watermark, in steps of about `step` bytes; checks that they are whole
/// and dense.
pub(crate) async fn read_all(log: &Rc<PartitionLog>, step: usize) -> Vec<(BatchHeader, Bytes)> {
    let mut at = log.offsets().log_start;
    let mut out: Vec<(BatchHeader, Bytes)> = Vec::new();
    loop {
        let slice = log.read(at, step, ReadIsolation::HighWatermark).await.unwrap();
        let mut bytes = Bytes::from(slice.pieces.concat());
        assert_eq!(bytes.len(), slice.bytes);
        if bytes.is_empty() {
            assert_eq!(
                at,
                log.offsets().high_watermark,
                "a read without bytes is at the end"
            );
            return out;
        }
        while !bytes.is_empty() {
            let header = batch::parse_header(&bytes).unwrap();
            batch::check_crc(&header, &bytes).unwrap();
            if let Some((last, _)) = out.last() {
                assert_eq!(header.base_offset, last.next_offset(), "offsets are dense");
            }
            assert!(header.last_offset() >= at);
            at = header.next_offset();
            out.push((header, bytes.split_to(header.size)));
        }
    }
}

pub(crate) fn simulation(seed: u64) -> Simulation {
    Simulation::new(seed, corelog_sim::Options::default())
}

/// Waits until the machine has `count` segment files: they go in the background. A minute of virtual time at most.
pub(crate) async fn segment_files_become(sim: &Simulation, machine: &Machine, count: usize) {
    let segment_files = || {
        machine
            .files()
            .iter()
            .filter(|name| name.ends_with(".log"))
            .count()
    };
    for _ in 0..6000 {
        if segment_files() == count {
            return;
        }
        sim.sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(segment_files(), count, "segment files");
}
