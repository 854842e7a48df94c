//! What a seed decides before anything runs.
//!
//! Every seed turns another subset of what clients can do up or off: what hides behind one thing shows where that
//! thing is missing.

use std::ops::Range;
use std::time::Duration;

use corelog_broker::start::CommitPlan;
use corelog_config::BrokerConfig;
use corelog_storage::SyncMethod;

use crate::disk::FaultChances;
use crate::rng::SimRng;

/// The data directory on the simulated disk.
pub(super) const DATA_DIR: &str = "/data";
/// In one of so many seeds somebody creates and deletes by the thousand: it takes long.
const MASSES_ONE_IN: u64 = 20;
/// Seeds with somebody who scrapes metrics all along; by the seed, so that the others run as they did.
const SCRAPERS_ONE_IN: u64 = 8;
/// Seeds with transactions.
const TRANSACTIONS_ONE_IN: u64 = 3;
/// Where clients connect.
pub(super) const PORT: u16 = 9092;
/// The port of metrics and health.
pub(super) const ADMIN_PORT: u16 = 9644;

/// What goes wrong besides crashes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Troubles {
    /// Connections are cut, and the machines parted for a while.
    pub(super) cuts: bool,
    /// Writes and syncs fail.
    pub(super) errors: bool,
    /// The disk fills up.
    pub(super) full: bool,
    /// The disk is slow at times.
    pub(super) slow: bool,
    /// Bits of files change before the last life.
    pub(super) rot: bool,
}

impl Troubles {
    fn draw(random: &mut SimRng) -> Troubles {
        Troubles {
            cuts: random.below(3) == 0,
            errors: random.below(5) == 0,
            full: random.below(5) == 0,
            slow: random.below(5) == 0,
            rot: random.below(10) == 0,
        }
    }

    /// Whether a broker may fail or be fenced.
    pub(super) fn may_fail(&self) -> bool {
        self.errors || self.full
    }
}

/// Troubles that come at moments of their own: operations that fail and must be made up for without a restart, and
/// crashes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Scripts {
    /// There is no room for the directories of new partitions.
    pub(super) full_directories: bool,
    /// The groups' logs cannot be read when their coordinators load.
    pub(super) failed_loads: bool,
    /// Lives end amid the deletion of a topic.
    pub(super) ends_amid_deletions: bool,
}

impl Scripts {
    fn draw(random: &mut SimRng) -> Scripts {
        Scripts {
            full_directories: random.below(4) == 0,
            failed_loads: random.below(4) == 0,
            ends_amid_deletions: random.below(5) == 0,
        }
    }
}

/// The memory of a shard: little in some seeds, so that requests wait and readers go to the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Memory {
    pub(super) request_bytes: usize,
    pub(super) cache_bytes: usize,
    pub(super) dirty_bytes: usize,
}

impl Memory {
    fn draw(random: &mut SimRng) -> Memory {
        Memory {
            request_bytes: pick(random, &[2 << 20, 4 << 20]),
            cache_bytes: pick(random, &[1 << 20, 2 << 20, 8 << 20]),
            dirty_bytes: pick(random, &[512 << 10, 4 << 20]),
        }
    }
}

/// How many clients of each kind there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Crowd {
    /// Producers that try until they are acknowledged.
    pub(super) careful: u64,
    /// Producers that send on and try nothing again.
    pub(super) hasty: u64,
    pub(super) readers: u64,
    pub(super) members: u64,
    /// Consumers that keep their offsets without a group.
    pub(super) loners: u64,
    pub(super) admins: u64,
    /// Those who ask where logs begin and end.
    pub(super) askers: u64,
    /// Those whose batches are to be refused.
    pub(super) liars: u64,
    /// Producers with transactions; as many read what they commit.
    pub(super) transactors: u64,
}

/// What clients and the harness may do, each in about every other seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Habits {
    /// Producers send acknowledged batches once more.
    pub(super) repeats: bool,
    /// Readers use fetch sessions.
    pub(super) sessions: bool,
    /// Members have an instance id.
    pub(super) is_static: bool,
    /// Members commit as who they were before.
    pub(super) haunts: bool,
    /// Groups are deleted, at times with members in them.
    pub(super) deletes_groups: bool,
    /// Topics come and go.
    pub(super) passing_topics: bool,
    /// The name of a topic that is gone is used again.
    pub(super) names_again: bool,
    /// Topics that were made are kept.
    pub(super) keeps_topics: bool,
    pub(super) grows_topics: bool,
    pub(super) deletes_records: bool,
    pub(super) alters_configs: bool,
    /// Producers and readers go to topics that come and go.
    pub(super) visits: bool,
    /// Requests have little time.
    pub(super) is_impatient: bool,
    /// Wall clocks jump.
    pub(super) clock_jumps: bool,
    /// A restart has another number of shards.
    pub(super) reshards: bool,
    /// The first power is lost as soon as the topics are made.
    pub(super) is_lost_at_once: bool,
    /// A life ends right after something was answered for.
    pub(super) ends_at_answers: bool,
}

/// The choices of a seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Scenario {
    pub(super) shards: u16,
    pub(super) lives: u64,
    pub(super) life: Range<Duration>,
    pub(super) troubles: Troubles,
    pub(super) scripts: Scripts,
    pub(super) memory: Memory,
    pub(super) commits: CommitPlan,
    pub(super) topics: u64,
    pub(super) partitions: i32,
    pub(super) crowd: Crowd,
    pub(super) habits: Habits,
    /// Somebody creates and deletes by the thousand.
    pub(super) has_masses: bool,
    /// Somebody scrapes metrics all along.
    pub(super) has_scraper: bool,
    pub(super) rebalance_delay_ms: u64,
    pub(super) checkpoint_interval_ms: u64,
    pub(super) retention_check_ms: u64,
}

fn pick<T: Copy>(random: &mut SimRng, from: &[T]) -> T {
    from[random.index(from.len())]
}

impl Crowd {
    fn draw(random: &mut SimRng) -> Crowd {
        Crowd {
            careful: pick(random, &[0, 1, 2, 3, 4]),
            hasty: pick(random, &[0, 0, 1, 2]),
            readers: random.below(4),
            members: pick(random, &[0, 0, 1, 2, 3, 4]),
            loners: pick(random, &[0, 0, 1, 2]),
            admins: pick(random, &[0, 0, 1, 2]),
            askers: pick(random, &[0, 0, 1]),
            liars: 0,
            transactors: 0,
        }
    }
}

impl Habits {
    fn draw(random: &mut SimRng) -> Habits {
        Habits {
            repeats: random.coin(),
            sessions: random.coin(),
            is_static: random.coin(),
            haunts: random.coin(),
            deletes_groups: random.below(4) == 0,
            passing_topics: random.coin(),
            names_again: random.coin(),
            keeps_topics: random.coin(),
            grows_topics: random.coin(),
            deletes_records: random.coin(),
            alters_configs: random.coin(),
            visits: random.coin(),
            is_impatient: random.below(4) == 0,
            clock_jumps: random.below(4) == 0,
            reshards: random.below(4) == 0,
            is_lost_at_once: random.below(4) == 0,
            ends_at_answers: random.coin(),
        }
    }
}

impl Scenario {
    /// `scripts` and `masses` are streams of their own: what they decide leaves all else as it is.
    pub(super) fn draw(
        seed: u64,
        random: &mut SimRng,
        scripts: &mut SimRng,
        masses: &mut SimRng,
    ) -> Scenario {
        let mut scenario = Scenario {
            shards: pick(random, &[1, 2, 2, 4]),
            lives: 1 + random.below(4),
            life: Duration::from_millis(50)..Duration::from_millis(pick(random, &[200, 500, 3_000])),
            troubles: Troubles::draw(random),
            scripts: Scripts::draw(scripts),
            memory: Memory::draw(random),
            commits: CommitPlan {
                sync_method: pick(random, &[SyncMethod::WriteThenSync, SyncMethod::Dsync]),
                in_flight_max: pick(scripts, &[1, 2, 4, 4]),
            },
            topics: 1 + random.below(3),
            partitions: pick(random, &[1, 2, 5]),
            crowd: Crowd::draw(random),
            habits: Habits::draw(random),
            has_masses: masses.below(MASSES_ONE_IN) == 0,
            has_scraper: seed.is_multiple_of(SCRAPERS_ONE_IN),
            rebalance_delay_ms: pick(random, &[0, 100, 1_000]),
            checkpoint_interval_ms: pick(random, &[100, 1_000, 60_000]),
            retention_check_ms: pick(random, &[100, 300_000]),
        };
        scenario.crowd.liars = pick(scripts, &[0, 1]);
        if seed.is_multiple_of(TRANSACTIONS_ONE_IN) {
            scenario.crowd.transactors = 1 + (seed / TRANSACTIONS_ONE_IN) % 4;
        }
        scenario.settle();
        scenario
    }

    /// Makes what follows from other choices.
    pub(super) fn settle(&mut self) {
        if self.scripts.ends_amid_deletions {
            self.crowd.admins = self.crowd.admins.max(1);
            self.habits.passing_topics = true;
            self.habits.keeps_topics = false;
        }
    }

    pub(super) fn fault_chances(&self) -> FaultChances {
        if self.troubles.errors {
            FaultChances {
                write_fail: 300,
                write_short: 300,
                sync_fail: 300,
                meta_fail: 1_000,
                ..FaultChances::default()
            }
        } else {
            FaultChances::default()
        }
    }

    /// The number of shards of the next life.
    pub(super) fn shards_next(&self, random: &mut SimRng) -> u16 {
        if self.habits.reshards {
            pick(random, &[1, 2, 3, 4])
        } else {
            self.shards
        }
    }

    /// The broker's configuration: small journals, so that they are recycled.
    pub(super) fn config(&self, host: &str, shards: u16) -> BrokerConfig {
        let (shards, delay) = (shards.to_string(), self.rebalance_delay_ms.to_string());
        let checkpoints = self.checkpoint_interval_ms.to_string();
        let retention = self.retention_check_ms.to_string();
        let listeners = format!("PLAINTEXT://{host}:{PORT}");
        let admin = format!("{host}:{ADMIN_PORT}");
        BrokerConfig::from_pairs(&[
            ("log.dirs", DATA_DIR),
            ("listeners", &listeners),
            ("admin.listener", &admin),
            ("shards", &shards),
            ("allow.shard.oversubscription", "true"),
            ("journal.file.bytes", "8388608"),
            ("journal.files", "3"),
            ("checkpoint.interval.ms", &checkpoints),
            ("offsets.topic.num.partitions", "3"),
            ("transaction.state.log.num.partitions", "2"),
            ("group.initial.rebalance.delay.ms", &delay),
            ("log.retention.ms", "-1"),
            ("log.retention.check.interval.ms", &retention),
        ])
        .expect("the scenario's settings are valid")
    }
}
