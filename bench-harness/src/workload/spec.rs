//! A workload, in the terms of the OpenMessaging Benchmark where it has one.

use std::collections::BTreeMap;

use corelog_model::batch::Compression;
use serde::{Deserialize, Serialize};

use super::PayloadFormat;

/// How messages are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// At the times of a schedule, whether or not the target keeps up.
    Open,
    /// Each producer keeps `outstanding` messages unacknowledged and sends the next when one is.
    Closed,
    /// As many as the requests in flight allow.
    Max,
}

/// The gaps of an open loop's schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrival {
    /// All equal.
    Constant,
    /// Those of independent users: exponentially distributed.
    Poisson,
}

/// Which keys messages have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyDistributor {
    /// None; batches go to the partitions in turn, as Java's sticky partitioner does it.
    None,
    /// One after the other.
    RoundRobin,
    /// Equally likely.
    Random,
    /// A few are hot: Zipf's law with `zipf_exponent`.
    Zipf,
}

/// When the target answers a produce request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acks {
    /// When all in-sync replicas have it.
    All,
    /// When the leader has it.
    Leader,
    /// Never; a message counts as published when it was sent.
    None,
}

impl Acks {
    /// The value on the wire.
    pub const fn wire(self) -> i16 {
        match self {
            Acks::All => -1,
            Acks::Leader => 1,
            Acks::None => 0,
        }
    }
}

/// What consumers see of transactions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Everything, as soon as it is there.
    ReadUncommitted,
    /// What was committed, and nothing behind a transaction that is open.
    ReadCommitted,
}

impl Isolation {
    /// The value on the wire.
    pub const fn wire(self) -> i8 {
        match self {
            Isolation::ReadUncommitted => 0,
            Isolation::ReadCommitted => 1,
        }
    }
}

/// How batches are compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    /// Not.
    None,
    /// gzip.
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// Zstandard.
    Zstd,
}

impl From<Codec> for Compression {
    fn from(codec: Codec) -> Compression {
        match codec {
            Codec::None => Compression::None,
            Codec::Gzip => Compression::Gzip,
            Codec::Snappy => Compression::Snappy,
            Codec::Lz4 => Compression::Lz4,
            Codec::Zstd => Compression::Zstd,
        }
    }
}

/// How large messages are, in bytes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MessageSize {
    /// All alike.
    Fixed(u32),
    /// Some of each.
    Mix(Vec<SizeShare>),
}

/// A share of the messages.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeShare {
    /// Their size in bytes.
    pub bytes: u32,
    /// How many, in proportion to the other shares.
    pub weight: f64,
}

impl MessageSize {
    /// The sizes and their weights.
    pub fn shares(&self) -> Vec<SizeShare> {
        match self {
            MessageSize::Fixed(bytes) => vec![SizeShare {
                bytes: *bytes,
                weight: 1.0,
            }],
            MessageSize::Mix(shares) => shares.clone(),
        }
    }

    /// The mean size in bytes.
    pub fn mean(&self) -> f64 {
        let shares = self.shares();
        let weights: f64 = shares.iter().map(|share| share.weight).sum();
        let bytes: f64 = shares
            .iter()
            .map(|share| share.weight * f64::from(share.bytes))
            .sum();
        bytes / weights
    }
}

/// Everything that a run does.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Workload {
    /// For people.
    pub name: String,
    /// Topics to create.
    pub topics: u32,
    /// Partitions of each.
    pub partitions_per_topic: u32,
    /// Replicas of each; -1 leaves it to the target.
    pub replication_factor: i16,
    /// Settings to create the topics with.
    pub topic_config: BTreeMap<String, String>,
    /// The value's size; at least 32 bytes, which the check of what is consumed takes.
    pub message_size: MessageSize,
    /// A file of real records to send instead, after the 32 bytes of the check; `sample:web-events` is one that the
    /// generator brings along. `message_size` and `random_bytes_ratio` say nothing then. A relative path begins where
    /// the workload's file lies, and in a setting where the generator was started.
    pub payload_file: String,
    /// How that file is cut into records.
    pub payload_format: PayloadFormat,
    /// Keys.
    pub key_distributor: KeyDistributor,
    /// How many different keys.
    pub key_count: u32,
    /// Of Zipf's law.
    pub zipf_exponent: f64,
    /// How much of a message does not compress, 0 to 1; the rest is zeros.
    pub random_bytes_ratio: f64,
    /// Compression of batches.
    pub compression: Codec,
    /// Producers of each topic, each with connections of its own.
    pub producers_per_topic: u32,
    /// Groups that each read everything.
    pub subscriptions_per_topic: u32,
    /// Consumers of each group, which share the partitions.
    pub consumers_per_subscription: u32,
    /// Consumers join real consumer groups, by the classic protocol with Kafka's range assignor, and commit what they
    /// read. With false partitions are assigned to them directly, and the target knows of no groups.
    pub consumer_groups: bool,
    /// How messages are sent.
    pub mode: Mode,
    /// Messages a second of all producers together, in mode `open`.
    pub producer_rate: f64,
    /// The schedule's gaps, in mode `open`.
    pub arrival: Arrival,
    /// Unacknowledged messages of each producer, in mode `closed`.
    pub outstanding: u32,
    /// A batch is sent at this size in bytes at the latest.
    pub batch_size: u32,
    /// A batch waits so long for more messages at most.
    pub linger_ms: f64,
    /// Most bytes of a produce request.
    pub request_size: u32,
    /// Requests of a connection that may be unanswered.
    pub max_in_flight: u32,
    /// Bytes that a producer gathers at most while the target does not keep up; beyond it messages are late.
    pub buffer_bytes: u64,
    /// Acknowledgements.
    pub acks: Acks,
    /// Idempotent producers: sequences that the target checks.
    pub idempotence: bool,
    /// Producers write in transactions, each with a transactional id of its own, and commit one this long after its first
    /// message; 0: not by time. Like Java's, a producer takes nothing on while it commits. A message counts as published
    /// when its transaction was committed, and its latency runs until then.
    pub transaction_ms: f64,
    /// They commit a transaction once it has so many messages; 0: not by their number.
    pub transaction_messages: u32,
    /// Transactions of one message each that are opened before the run, each with a transactional id of its own, and left
    /// open over it.
    pub open_transactions: u32,
    /// What consumers see of transactions.
    pub isolation: Isolation,
    /// Least bytes that the target answers a fetch with before `fetch_wait_ms`.
    pub fetch_min_bytes: u32,
    /// How long a fetch waits for them.
    pub fetch_wait_ms: u32,
    /// Most bytes of an answer.
    pub fetch_max_bytes: u32,
    /// Most bytes of a partition in an answer.
    pub fetch_partition_bytes: u32,
    /// Fetch sessions (KIP-227), as Java's consumer has them: a fetch names only what has moved.
    pub fetch_sessions: bool,
    /// Bytes to produce, at the maximum rate, before consumers and the schedule start.
    pub backlog_bytes: u64,
    /// Seconds that are not measured, at the start.
    pub warm_up_s: f64,
    /// Seconds that are measured.
    pub duration_s: f64,
    /// Seconds after which a run gives up waiting for what is still to be acknowledged or consumed.
    pub drain_s: f64,
    /// Seed of payloads, keys and Poisson gaps.
    pub seed: u64,
}

impl Default for Workload {
    fn default() -> Workload {
        Workload {
            name: String::from("custom"),
            topics: 1,
            partitions_per_topic: 16,
            replication_factor: -1,
            topic_config: BTreeMap::new(),
            message_size: MessageSize::Fixed(1024),
            payload_file: String::new(),
            payload_format: PayloadFormat::Lines,
            key_distributor: KeyDistributor::None,
            key_count: 10_000,
            zipf_exponent: 0.99,
            random_bytes_ratio: 0.5,
            compression: Codec::None,
            producers_per_topic: 1,
            subscriptions_per_topic: 1,
            consumers_per_subscription: 1,
            consumer_groups: true,
            mode: Mode::Open,
            producer_rate: 50_000.0,
            arrival: Arrival::Constant,
            outstanding: 1,
            batch_size: 128 * 1024,
            linger_ms: 1.0,
            request_size: 1024 * 1024,
            max_in_flight: 5,
            buffer_bytes: 32 * 1024 * 1024,
            acks: Acks::All,
            idempotence: true,
            transaction_ms: 0.0,
            transaction_messages: 0,
            open_transactions: 0,
            isolation: Isolation::ReadUncommitted,
            fetch_min_bytes: 1,
            fetch_wait_ms: 500,
            fetch_max_bytes: 50 * 1024 * 1024,
            fetch_partition_bytes: 1024 * 1024,
            fetch_sessions: true,
            backlog_bytes: 0,
            warm_up_s: 10.0,
            duration_s: 60.0,
            drain_s: 30.0,
            seed: 1,
        }
    }
}

impl Workload {
    /// Producers in all.
    pub fn producers(&self) -> u32 {
        self.topics.saturating_mul(self.producers_per_topic)
    }

    /// Consumers in all.
    pub fn consumers(&self) -> u32 {
        self.topics
            .saturating_mul(self.subscriptions_per_topic)
            .saturating_mul(self.consumers_per_subscription)
    }

    /// Whether producers write in transactions.
    pub fn is_transactional(&self) -> bool {
        self.transaction_ms > 0.0 || self.transaction_messages > 0
    }

    /// Partitions in all.
    pub fn partitions(&self) -> u32 {
        self.topics.saturating_mul(self.partitions_per_topic)
    }
}
