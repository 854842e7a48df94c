//! What one seed asks of the storage: limits, logs, clients and faults.

use std::ops::Range;
use std::time::Duration;

use corelog_model::ShardId;
use corelog_model::batch::TimestampType;
use corelog_storage::{CheckpointSync, Durability, Layout, LogConfig, StorageOptions, SyncMethod};

use crate::disk::FaultChances;
use crate::plan::{Plan, PlanError, Setting};
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
    /// The process runs out of descriptors at times.
    Descriptors,
    /// The disk is slow at times.
    Slow,
    /// Bits rot, reads and writes go astray.
    Corruption,
}

impl Trouble {
    /// Whether nothing that goes wrong may fence a journal.
    pub(crate) fn fences_nothing(self) -> bool {
        match self {
            Trouble::None | Trouble::Full | Trouble::Descriptors | Trouble::Slow => true,
            Trouble::Errors | Trouble::Corruption => false,
        }
    }

    /// Whether what needs room or a descriptor may be refused for the moment.
    pub(crate) fn may_refuse(self) -> bool {
        matches!(self, Trouble::Full | Trouble::Descriptors)
    }

    /// Whether an append may be refused, so that later ones find another end of the log than was expected.
    pub(crate) fn may_refuse_appends(self) -> bool {
        self.may_refuse() || self.may_fail()
    }

    /// Whether what is asked for may fail, and nothing but that.
    pub(crate) fn may_fail(self) -> bool {
        matches!(self, Trouble::Errors | Trouble::Descriptors)
    }
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
    /// Appends that a producer has under way, at most.
    pub(crate) window: u64,
    /// Virtual milliseconds that a producer rests, at most.
    pub(crate) rest_ms: u64,
    /// Logs are trimmed, and partitions deleted.
    pub(crate) deletes: bool,
    /// How often the administrator does each of [`ACTIONS`], relative to one another.
    pub(crate) administration: [u64; ACTIONS.len()],
    /// Virtual milliseconds between two of its deeds, at most.
    pub(crate) administration_ms: u64,
    /// Names of deleted partitions are given to new ones.
    pub(crate) reuses_names: bool,
    /// What a life may end right after.
    pub(crate) ends_after: Option<Moment>,
    /// Crashes in the middle of a start, at most.
    pub(crate) start_crashes_max: u64,
    /// Virtual microseconds within which they come.
    pub(crate) start_crash_us: u64,
    /// What sort of operations fail, if any do.
    pub(crate) failing: Failing,
    /// Partitions are read.
    pub(crate) has_readers: bool,
    /// Everything is so alike, and lives are so short, that what a life before left behind fits where this one's goes.
    pub(crate) is_cramped: bool,
    /// How much longer it takes to make a new name of a checkpoint or a layout durable. A life that ends in that time
    /// leaves one that can be read, and that a loss of power takes.
    pub(crate) slow_names: Option<Duration>,
    /// Overwriting takes room, too, which a full disk may not have.
    pub(crate) copies_on_write: bool,
    /// At times a file is gone, or empty, when a start begins.
    pub(crate) has_mishaps: bool,
    /// Some logs are copies of a leader's.
    pub(crate) has_followers: bool,
    /// Other replicas lag, so that some logs are committed later than they are durable.
    pub(crate) lags: bool,
    /// Some logs have keys and are compacted.
    pub(crate) compacts: bool,
}

/// What an administrator does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    Checkpoint,
    Retention,
    DeleteRecords,
    DeletePartition,
    CreatePartition,
    LeaderEpoch,
    Clean,
}

/// All of it.
pub(crate) const ACTIONS: [Action; 7] = [
    Action::Checkpoint,
    Action::Retention,
    Action::DeleteRecords,
    Action::DeletePartition,
    Action::CreatePartition,
    Action::LeaderEpoch,
    Action::Clean,
];

impl Action {
    /// What a plan calls it.
    fn key(self) -> &'static str {
        match self {
            Action::Checkpoint => "checkpoints",
            Action::Retention => "retention",
            Action::DeleteRecords => "delete_records",
            Action::DeletePartition => "delete_partition",
            Action::CreatePartition => "create_partition",
            Action::LeaderEpoch => "leader_epoch",
            Action::Clean => "clean",
        }
    }
}

/// The choices that a plan may make.
const KEYS: &str = "trouble, lives, partitions, shards, reshards, life_ms, big_batches, window, reuses_names, \
    start_crashes, readers, cramped, slow_names, mishaps, followers, lags, copies_on_write, in_flight, checkpoints, retention, delete_records, delete_partition, create_partition, \
    leader_epoch, clean, compacts, variation";

const TROUBLES: [(&str, Trouble); 6] = [
    ("none", Trouble::None),
    ("errors", Trouble::Errors),
    ("full", Trouble::Full),
    ("descriptors", Trouble::Descriptors),
    ("slow", Trouble::Slow),
    ("corruption", Trouble::Corruption),
];

/// Something after which a crash is of interest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    Acknowledged,
    Checkpointed,
    Created,
    Deleted,
    Trimmed,
}

/// Which writes and syncs fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failing {
    /// Few of all.
    Any,
    /// Many syncs, no writes.
    Syncs,
    /// Many writes, no syncs.
    Writes,
    /// One sync of a segment in each life, amid large batches and checkpoints.
    Segment,
}

fn pick<T: Copy>(random: &mut SimRng, from: &[T]) -> T {
    from[random.index(from.len())]
}

impl Scenario {
    /// What `seed` asks for.
    pub(crate) fn draw(seed: u64) -> Scenario {
        let mut scenario = Scenario::draw_usual(&mut SimRng::stream(seed, 100));
        // A stream of its own, so that the other seeds stay what they were.
        let mut random = SimRng::stream(seed, 103);
        if random.below(10) == 0 {
            scenario.cramp(&mut random);
        }
        let mut random = SimRng::stream(seed, 104);
        if random.below(8) == 0 {
            scenario.slow_names(&mut random);
        }
        let mut random = SimRng::stream(seed, 105);
        match scenario.trouble {
            Trouble::None if !scenario.is_cramped && random.below(6) == 0 => {
                scenario.trouble = Trouble::Descriptors;
            }
            Trouble::Full => {
                // Through the page cache a durable write that finds no room may have failed in its sync.
                let template = &scenario.template;
                let is_told_apart = template.direct || template.sync_method == SyncMethod::WriteThenSync;
                scenario.copies_on_write = is_told_apart && random.below(3) == 0;
            }
            Trouble::None | Trouble::Errors | Trouble::Descriptors | Trouble::Slow | Trouble::Corruption => {}
        }
        let mut random = SimRng::stream(seed, 107);
        scenario.has_mishaps = scenario.trouble == Trouble::None && random.below(4) == 0;
        let mut random = SimRng::stream(seed, 108);
        scenario.lags = random.below(3) == 0;
        scenario.has_followers =
            scenario.trouble != Trouble::Corruption && !scenario.is_cramped && random.below(3) == 0;
        let mut random = SimRng::stream(seed, 109);
        if scenario.trouble != Trouble::Corruption && !scenario.is_cramped && random.below(4) == 0 {
            scenario.compact(&mut random);
        }
        scenario
    }

    /// Logs with keys come to have several segments soon, and are cleaned amid everything else.
    fn compact(&mut self, random: &mut SimRng) {
        self.compacts = true;
        self.partitions = self.partitions.min(4);
        self.rest_ms = 1;
        // What is in logs without keys has to fit their segments, too.
        self.big_batches = 0;
        self.administration[ACTIONS.len() - 1] = pick(random, &[1, 4, 16]);
        self.administration_ms = pick(random, &[2, 10, 30]);
        self.template.clean_interval_ms = pick(random, &[2, 10, 15_000]);
        self.template.clean_bytes_max = pick(random, &[64 << 10, 64 << 20]);
        if self.life_ms.end < 20 {
            self.life_ms = 20..100;
        }
    }

    /// Life after life ends amid its first commits, several of which are in flight, or, if it is a quiet one, after the
    /// first, and each begins the journal anew. A frame that outlived the one before it stays where it is, and lies right
    /// behind what a quiet life writes. Batches are all of one size and mostly plain, so that such a frame's bytes would
    /// fit the log, too, and nobody has sent them again.
    fn cramp(&mut self, random: &mut SimRng) {
        self.is_cramped = true;
        self.trouble = Trouble::None;
        self.shards = 1;
        self.reshards = false;
        self.partitions = pick(random, &[1, 2, 3]);
        self.lives = random.within(8..24);
        self.big_batches = 0;
        self.window = pick(random, &[1, 5]);
        self.rest_ms = 1;
        self.ends_after = Some(Moment::Acknowledged);
        self.start_crashes_max = pick(random, &[0, 2]);
        self.administration = [0; ACTIONS.len()];
        self.template.commits_in_flight_max = pick(random, &[2, 3, 4]);
    }

    /// Lives and starts end between the renaming of a checkpoint or a layout and the sync of its directory.
    /// Segments come and go, so that one checkpoint knows files that the next one does not.
    fn slow_names(&mut self, random: &mut SimRng) {
        self.slow_names = Some(Duration::from_millis(random.within(5..30)));
        self.start_crashes_max = 5;
        self.start_crash_us = pick(random, &[20_000, 60_000]);
        self.reshards = random.coin();
        self.life_ms = 20..120;
        self.big_batches = 400_000;
        self.deletes = true;
        self.administration = ACTIONS.map(|action| match action {
            Action::DeleteRecords => 4,
            Action::Checkpoint => 1,
            Action::Retention
            | Action::DeletePartition
            | Action::CreatePartition
            | Action::LeaderEpoch
            | Action::Clean => 0,
        });
        self.administration_ms = pick(random, &[2, 5]);
        self.partitions = pick(random, &[1, 2, 4]);
    }

    fn draw_usual(random: &mut SimRng) -> Scenario {
        let trouble = match random.below(20) {
            0..9 => Trouble::None,
            9..13 => Trouble::Errors,
            13..16 => Trouble::Full,
            16..18 => Trouble::Slow,
            _ => Trouble::Corruption,
        };
        // Lives so short that a crash comes amid the first commit, and many of them, or few long ones.
        let is_hasty = random.below(6) == 0;
        let mut scenario = Scenario {
            shards: pick(random, &[1, 1, 2, 3]),
            reshards: random.chance(200_000),
            partitions: pick(random, &[1, 2, 4, 8, 12]),
            lives: random.within(if is_hasty { 6..16 } else { 2..7 }),
            life_ms: if is_hasty {
                1..4
            } else {
                pick(
                    random,
                    &[2..30, 2..30, 10..80, 10..80, 20..200, 100..400].map(|range| (range.start, range.end)),
                )
                .into_range()
            },
            trouble,
            template: template(random),
            big_batches: pick(random, &[0, 10_000, 100_000, 400_000]),
            window: pick(random, &[1, 5, 5, 12]),
            rest_ms: pick(random, &[1, 3, 10]),
            deletes: random.coin(),
            administration: administration(random),
            administration_ms: pick(random, &[2, 10, 30, 30, 100]),
            reuses_names: random.coin(),
            ends_after: pick(
                random,
                &[
                    None,
                    None,
                    Some(Moment::Acknowledged),
                    Some(Moment::Checkpointed),
                    Some(Moment::Created),
                    Some(Moment::Deleted),
                    Some(Moment::Trimmed),
                ],
            ),
            start_crashes_max: pick(random, &[0, 2, 2, 5]),
            start_crash_us: pick(random, &[2_000, 8_000, 20_000, 60_000]),
            failing: pick(
                random,
                &[
                    Failing::Any,
                    Failing::Any,
                    Failing::Syncs,
                    Failing::Writes,
                    Failing::Segment,
                ],
            ),
            has_readers: true,
            is_cramped: false,
            slow_names: None,
            copies_on_write: false,
            has_mishaps: false,
            has_followers: false,
            lags: false,
            compacts: false,
        };
        if scenario.trouble == Trouble::Errors && scenario.failing == Failing::Segment {
            // What a segment's failed sync leaves is of interest to a checkpoint that runs beside it.
            scenario.big_batches = 400_000;
            scenario.administration[0] = 24;
            scenario.administration_ms = 2;
            scenario.template.checkpoint_sync = CheckpointSync::Filesystem;
        }
        scenario
    }

    /// Makes the choices of `plan` instead of the seed's.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub(crate) fn follow(&mut self, plan: &Plan) -> Result<(), PlanError> {
        for setting in plan.settings() {
            self.set(setting)?;
        }
        Ok(())
    }

    fn set(&mut self, setting: &Setting) -> Result<(), PlanError> {
        let bad = || PlanError::Value {
            key: setting.key.clone(),
            value: setting.value.clone(),
        };
        let number = || setting.value.parse::<u64>().map_err(|_| bad());
        let truth = || setting.value.parse::<bool>().map_err(|_| bad());
        let action = ACTIONS.iter().position(|action| action.key() == setting.key);
        match (setting.key.as_str(), action) {
            (_, Some(action)) => self.administration[action] = number()?,
            ("variation", None) => {
                number()?;
            }
            ("trouble", None) => {
                let found = TROUBLES.iter().find(|(name, _)| *name == setting.value);
                self.trouble = found.ok_or_else(bad)?.1;
            }
            ("lives", None) => self.lives = number()?.max(1),
            ("partitions", None) => self.partitions = i32::try_from(number()?).map_err(|_| bad())?,
            ("shards", None) => self.shards = u16::try_from(number()?.max(1)).map_err(|_| bad())?,
            ("reshards", None) => self.reshards = truth()?,
            ("life_ms", None) => self.life_ms = 1..number()?.max(2),
            ("big_batches", None) => self.big_batches = u32::try_from(number()?).map_err(|_| bad())?,
            ("window", None) => self.window = number()?.max(1),
            ("reuses_names", None) => self.reuses_names = truth()?,
            ("start_crashes", None) => self.start_crashes_max = number()?,
            ("readers", None) => self.has_readers = truth()?,
            ("copies_on_write", None) => self.copies_on_write = truth()?,
            ("cramped", None) => self.is_cramped = truth()?,
            ("slow_names", None) => {
                self.slow_names = Some(Duration::from_millis(number()?)).filter(|slow| !slow.is_zero());
            }
            ("mishaps", None) => self.has_mishaps = truth()?,
            ("followers", None) => self.has_followers = truth()?,
            ("lags", None) => self.lags = truth()?,
            ("compacts", None) => self.compacts = truth()?,
            ("in_flight", None) => {
                self.template.commits_in_flight_max = usize::try_from(number()?.max(1)).map_err(|_| bad())?;
            }
            (_, None) => return Err(PlanError::Key(setting.key.clone(), KEYS.to_owned())),
        }
        Ok(())
    }

    /// What could be less, what leaves most out first.
    pub(crate) fn reductions(&self) -> Vec<Setting> {
        let mut all = Vec::new();
        for lives in [1, 2, self.lives / 2, self.lives - 1] {
            if (1..self.lives).contains(&lives) {
                all.push(Setting::new("lives", lives));
            }
        }
        let mut no = |key: &str, is_there: bool, value: &str| {
            if is_there {
                all.push(Setting::new(key, value));
            }
        };
        no("trouble", self.trouble != Trouble::None, "none");
        no("copies_on_write", self.copies_on_write, "false");
        no("reshards", self.reshards, "false");
        no("start_crashes", self.start_crashes_max > 0, "0");
        no("readers", self.has_readers, "false");
        no("cramped", self.is_cramped, "false");
        no("slow_names", self.slow_names.is_some(), "0");
        no("mishaps", self.has_mishaps, "false");
        no("followers", self.has_followers, "false");
        no("lags", self.lags, "false");
        no("compacts", self.compacts, "false");
        no("reuses_names", self.reuses_names, "false");
        for (action, weight) in ACTIONS.into_iter().zip(self.administration) {
            no(action.key(), weight > 0, "0");
        }
        let mut less = |key: &str, value: u64, least: u64| {
            for candidate in [least, value / 2, value.saturating_sub(1)] {
                let setting = Setting::new(key, candidate);
                let is_tiny_step = candidate + 1 == value && value > 8;
                if (least..value).contains(&candidate) && !is_tiny_step && !all.contains(&setting) {
                    all.push(setting);
                }
            }
        };
        less("partitions", u64::try_from(self.partitions).unwrap_or(0), 0);
        less("shards", u64::from(self.shards), 1);
        less(
            "in_flight",
            u64::try_from(self.template.commits_in_flight_max).unwrap_or(1),
            1,
        );
        less("big_batches", u64::from(self.big_batches), 0);
        less("window", self.window, 1);
        less("life_ms", self.life_ms.end, 8);
        all
    }

    pub(crate) fn log_config(&self, random: &mut SimRng) -> LogConfig {
        let durability = match random.below(6) {
            0 => Durability::Written,
            1 => Durability::Memory,
            _ => Durability::Durable,
        };
        let keyed = self.keyed_config(random);
        LogConfig {
            durability,
            timestamp_type: if random.below(6) == 0 {
                TimestampType::LogAppendTime
            } else {
                TimestampType::CreateTime
            },
            segment_bytes: if keyed.compact {
                pick(random, &[20 * KIB, 64 * KIB])
            } else if self.slow_names.is_some() {
                64 * KIB
            } else {
                pick(random, &[64 * KIB, 256 * KIB, 1024 * KIB, 1 << 30])
            },
            retention_bytes: self.deletes.then(|| pick(random, &[0, 128 * KIB, 512 * KIB])),
            retention_ms: self.deletes.then(|| pick(random, &[50, 7 * 24 * 60 * 60 * 1000])),
            segment_ms: pick(random, &[100, 7 * 24 * 60 * 60 * 1000]),
            index_interval_bytes: pick(random, &[512, 4096]),
            ..keyed
        }
    }

    /// Of some logs what has to do with compaction.
    fn keyed_config(&self, random: &mut SimRng) -> LogConfig {
        if !self.compacts || random.below(4) == 0 {
            return LogConfig::default();
        }
        LogConfig {
            compact: true,
            delete: self.deletes && random.coin(),
            dirty_ppm_min: pick(random, &[0, 0, 300_000]),
            compaction_lag_min_ms: pick(random, &[0, 0, 0, 20]),
            compaction_lag_max_ms: pick(random, &[None, Some(10)]),
            delete_retention_ms: pick(random, &[0, 20, 24 * 60 * 60 * 1000]),
            ..LogConfig::default()
        }
    }

    /// Faults of a start: it is short, so they are more frequent.
    pub(crate) fn start_fault_chances(&self) -> Option<FaultChances> {
        (self.trouble == Trouble::Errors).then_some(FaultChances {
            write_fail: if self.failing == Failing::Syncs { 0 } else { 5_000 },
            write_short: if self.failing == Failing::Syncs { 0 } else { 5_000 },
            sync_fail: if self.failing == Failing::Writes {
                0
            } else {
                20_000
            },
            ..FaultChances::default()
        })
    }

    pub(crate) fn fault_chances(&self) -> FaultChances {
        match self.trouble {
            Trouble::None | Trouble::Slow => FaultChances::default(),
            Trouble::Full => FaultChances {
                write_full: if self.copies_on_write { 20_000 } else { 0 },
                ..FaultChances::default()
            },
            Trouble::Descriptors => FaultChances {
                starved: 50_000,
                ..FaultChances::default()
            },
            Trouble::Errors => match self.failing {
                Failing::Any => FaultChances {
                    write_fail: 300,
                    write_short: 300,
                    sync_fail: 1_000,
                    ..FaultChances::default()
                },
                Failing::Syncs => FaultChances {
                    sync_fail: 10_000,
                    ..FaultChances::default()
                },
                Failing::Segment => FaultChances::default(),
                Failing::Writes => FaultChances {
                    write_fail: 3_000,
                    write_short: 3_000,
                    ..FaultChances::default()
                },
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

/// Each seed does some things often, and some never.
fn administration(random: &mut SimRng) -> [u64; ACTIONS.len()] {
    ACTIONS.map(|action| {
        let usual = match action {
            Action::Checkpoint => 3,
            Action::Retention
            | Action::DeleteRecords
            | Action::DeletePartition
            | Action::CreatePartition
            | Action::LeaderEpoch => 1,
            // Drawn apart: see `compact`.
            Action::Clean => return 0,
        };
        usual * pick(random, &[0, 1, 1, 1, 8])
    })
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
        checkpoint_bytes: journal_file * KIB * pick(random, &[1, 2, 8]),
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
