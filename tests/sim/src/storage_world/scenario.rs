//! What one seed asks of the storage: limits, logs, clients and faults.

use std::ops::Range;

use corelog_model::ShardId;
use corelog_model::batch::TimestampType;
use corelog_storage::{CheckpointSync, Durability, Layout, LogConfig, StorageOptions, SyncMethod};

use crate::disk::FaultChances;
use crate::rng::SimRng;

/// Where the data lies on the simulated disk.
pub(crate) const DATA_DIR: &str = "/data";
const KIB: u64 = 1024;

/// What goes wrong besides crashes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    None,
    /// Writes and syncs fail.
    Errors,
    /// The disk fills up and empties.
    Full,
    /// The disk is slow at times.
    Slow,
    /// Bits rot, reads and writes go astray.
    Corruption,
}

/// A seed's choices.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) shards: u16,
    /// The number of shards changes between lives.
    pub(crate) reshards: bool,
    pub(crate) partitions: i32,
    pub(crate) lives: u64,
    /// Virtual milliseconds of a life.
    pub(crate) life_ms: Range<u64>,
    pub(crate) trouble: Trouble,
    pub(crate) template: StorageOptions,
    pub(crate) big_batches: u32,
    pub(crate) deletes: bool,
    /// Partitions come and go all the time.
    pub(crate) churns: bool,
}

fn pick<T: Copy>(random: &mut SimRng, from: &[T]) -> T {
    from[random.index(from.len())]
}

impl Scenario {
    pub(crate) fn draw(random: &mut SimRng) -> Scenario {
        let trouble = match random.below(20) {
            0..9 => Trouble::None,
            9..13 => Trouble::Errors,
            13..16 => Trouble::Full,
            16..18 => Trouble::Slow,
            _ => Trouble::Corruption,
        };
        Scenario {
            shards: pick(random, &[1, 1, 2]),
            reshards: random.chance(150_000),
            partitions: pick(random, &[1, 2, 4, 8, 12]),
            lives: random.within(2..7),
            life_ms: pick(
                random,
                &[2..30, 20..200, 100..600].map(|range| (range.start, range.end)),
            )
            .into_range(),
            trouble,
            template: template(random),
            big_batches: pick(random, &[0, 10_000, 100_000]),
            deletes: random.coin(),
            churns: random.chance(150_000),
        }
    }

    pub(crate) fn log_config(&self, random: &mut SimRng) -> LogConfig {
        let durability = match random.below(6) {
            0 => Durability::Written,
            1 => Durability::Memory,
            _ => Durability::Durable,
        };
        LogConfig {
            durability,
            timestamp_type: if random.below(6) == 0 {
                TimestampType::LogAppendTime
            } else {
                TimestampType::CreateTime
            },
            segment_bytes: pick(random, &[64 * KIB, 256 * KIB, 1024 * KIB, 1 << 30]),
            retention_bytes: self.deletes.then(|| pick(random, &[128 * KIB, 512 * KIB])),
            index_interval_bytes: pick(random, &[512, 4096]),
            ..LogConfig::default()
        }
    }

    /// Faults of a start: it is short, so they are more frequent.
    pub(crate) fn start_fault_chances(&self) -> Option<FaultChances> {
        (self.trouble == Trouble::Errors).then_some(FaultChances {
            write_fail: 5_000,
            write_short: 5_000,
            sync_fail: 20_000,
            ..FaultChances::default()
        })
    }

    pub(crate) fn fault_chances(&self) -> FaultChances {
        match self.trouble {
            Trouble::None | Trouble::Full | Trouble::Slow => FaultChances::default(),
            Trouble::Errors => FaultChances {
                write_fail: 300,
                write_short: 300,
                sync_fail: 1_000,
                ..FaultChances::default()
            },
            Trouble::Corruption => FaultChances {
                read_misdirect: 2_000,
                read_rot: 2_000,
                write_misdirect: 200,
                ..FaultChances::default()
            },
        }
    }
}

trait IntoRange {
    fn into_range(self) -> Range<u64>;
}

impl IntoRange for (u64, u64) {
    fn into_range(self) -> Range<u64> {
        self.0..self.1
    }
}

fn template(random: &mut SimRng) -> StorageOptions {
    let layout = Layout {
        generation: 0,
        shard_count: 1,
    };
    let kib = |count: u64| usize::try_from(count * KIB).expect("small");
    let bypass = pick(random, &[16, 32, 64]);
    let frame = bypass * pick(random, &[2, 4]);
    let journal_file = frame * pick(random, &[2, 3, 8]);
    let files = pick(random, &[2usize, 3, 4, 8]);
    StorageOptions {
        journal_file_bytes: journal_file * KIB,
        journal_files_max: files,
        frame_bytes_max: kib(frame),
        commits_in_flight_max: pick(random, &[1, 2, 3, 4]),
        bypass_bytes_min: kib(bypass),
        checkpoint_bytes: journal_file * KIB * pick(random, &[1, 2]),
        flush_bytes_min: kib(pick(random, &[8, 32, 128])),
        dirty_bytes_max: kib(pick(random, &[512, 2048])),
        cache_bytes_max: kib(pick(random, &[1024, 4096])),
        read_ahead_bytes: kib(pick(random, &[4, 16, 64])),
        open_files_max: pick(random, &[4, 16, 4096]),
        sync_method: pick(random, &[SyncMethod::WriteThenSync, SyncMethod::Dsync]),
        checkpoint_sync: pick(
            random,
            &[
                CheckpointSync::FilesUpTo(4),
                CheckpointSync::Files,
                CheckpointSync::Filesystem,
            ],
        ),
        direct: random.below(4) > 0,
        ..StorageOptions::new(DATA_DIR, ShardId::new(0), layout)
    }
}
