//! What a seed decides before anything runs.

use std::ops::Range;
use std::time::Duration;

use corelog_config::BrokerConfig;

use crate::disk::FaultChances;
use crate::rng::SimRng;

/// The data directory on the simulated disk.
pub(super) const DATA_DIR: &str = "/data";
/// Where clients connect.
pub(super) const PORT: u16 = 9092;

/// What goes wrong besides crashes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// Nothing.
    None,
    /// Connections are cut.
    Cuts,
    /// Writes and syncs fail.
    Errors,
    /// The disk fills up.
    Full,
    /// The disk is slow at times.
    Slow,
}

/// The choices of a seed.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) shards: u16,
    pub(super) lives: u64,
    pub(super) life: Range<Duration>,
    pub(super) trouble: Trouble,
    pub(super) topics: u64,
    pub(super) partitions: i32,
    pub(super) producers: u64,
    pub(super) readers: u64,
    pub(super) members: u64,
    pub(super) has_admin: bool,
    pub(super) rebalance_delay_ms: u64,
    pub(super) checkpoint_interval_ms: u64,
}

fn pick<T: Copy>(random: &mut SimRng, from: &[T]) -> T {
    from[random.index(from.len())]
}

impl Scenario {
    pub(super) fn draw(random: &mut SimRng) -> Scenario {
        Scenario {
            shards: pick(random, &[1, 2, 2, 4]),
            lives: 1 + random.below(4),
            life: Duration::from_millis(50)..Duration::from_millis(pick(random, &[200, 500, 3_000])),
            trouble: pick(
                random,
                &[
                    Trouble::None,
                    Trouble::Cuts,
                    Trouble::Cuts,
                    Trouble::Errors,
                    Trouble::Full,
                    Trouble::Slow,
                ],
            ),
            topics: 1 + random.below(3),
            partitions: pick(random, &[1, 2, 5]),
            producers: 1 + random.below(4),
            readers: random.below(3),
            members: random.below(4),
            has_admin: random.coin(),
            rebalance_delay_ms: pick(random, &[0, 100, 1_000]),
            checkpoint_interval_ms: pick(random, &[100, 1_000, 60_000]),
        }
    }

    pub(super) fn fault_chances(&self) -> FaultChances {
        match self.trouble {
            Trouble::Errors => FaultChances {
                write_fail: 300,
                write_short: 300,
                sync_fail: 300,
                meta_fail: 1_000,
                ..FaultChances::default()
            },
            Trouble::None | Trouble::Cuts | Trouble::Full | Trouble::Slow => FaultChances::default(),
        }
    }

    /// The broker's configuration: small journals, so that they are recycled.
    pub(super) fn config(&self, host: &str) -> BrokerConfig {
        let (shards, delay) = (self.shards.to_string(), self.rebalance_delay_ms.to_string());
        let checkpoints = self.checkpoint_interval_ms.to_string();
        let listeners = format!("PLAINTEXT://{host}:{PORT}");
        let admin = format!("{host}:9644");
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
            ("group.initial.rebalance.delay.ms", &delay),
            ("log.retention.ms", "-1"),
        ])
        .expect("the scenario's settings are valid")
    }
}
