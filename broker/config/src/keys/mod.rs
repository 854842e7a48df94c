//! The tables. Names, types, defaults and bounds are those of Kafka 4.4 (`LogConfig`, `ServerLogConfigs`,
//! `SocketServerConfigs`, `GroupCoordinatorConfig`, `TransactionLogConfig`) unless the doc sentence says otherwise.

/// Declares keys: a constant of each, and the table of them.
macro_rules! keys {
    ($($name:ident = $key:expr;)*) => {
        $(pub const $name: K = $key;)*
        pub(super) const KEYS: &[K] = &[$($name),*];
    };
}

mod broker;
mod corelog;
mod groups;
mod log;
mod network;
mod topic;

pub use self::broker::*;
pub use self::corelog::*;
pub use self::groups::*;
pub use self::log::*;
pub use self::network::*;
pub use self::topic::*;

use crate::key::ConfigKey;

/// Every topic key.
pub const TOPIC: &[ConfigKey] = topic::KEYS;

/// The broker keys that are declared by themselves; the first synonym of each topic key is added to them by the
/// registry.
pub(crate) const BROKER: &[&[ConfigKey]] = &[
    broker::KEYS,
    network::KEYS,
    log::KEYS,
    groups::KEYS,
    corelog::KEYS,
];

/// Kafka's keys that Corelog does not have, and what to do instead.
pub(crate) const REPLACED: &[(&str, &str)] = &[
    ("background.threads", "Corelog runs one thread a core; set shards"),
    ("broker.id", "set node.id"),
    (
        "controller.quorum.bootstrap.servers",
        "a single server needs none; remove it",
    ),
    (
        "controller.quorum.voters",
        "a single server needs none; remove it",
    ),
    ("log.dir", "set log.dirs"),
    (
        "log.cleaner.enable",
        "compaction follows cleanup.policy alone; remove it",
    ),
    ("num.io.threads", "Corelog runs one thread a core; set shards"),
    (
        "num.network.threads",
        "Corelog runs one thread a core; set shards",
    ),
    (
        "num.recovery.threads.per.data.dir",
        "each shard recovers its own partitions; remove it",
    ),
    ("process.roles", "every server has all roles; remove it"),
    (
        "replication.factor",
        "it is given when a topic is created; the broker's default is default.replication.factor",
    ),
    ("zookeeper.connect", "there is no ZooKeeper; remove it"),
];
