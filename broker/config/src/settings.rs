//! The typed parts of a broker's configuration.

use std::path::PathBuf;

use crate::listener::Listener;

/// The form of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LogFormat {
    /// Human on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// `admin.debug`
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AdminDebug {
    /// Where the admin listener is a loopback address.
    Auto,
    /// Yes.
    Always,
    /// No.
    Never,
}

/// Listeners, connections and their limits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NetworkConfig {
    /// `listeners`; not empty.
    pub listeners: Vec<Listener>,
    /// `advertised.listeners`; `None`: as `listeners`.
    pub advertised_listeners: Option<Vec<Listener>>,
    /// `admin.listener`: host and port.
    pub admin_listener: (String, u16),
    /// `admin.debug`
    pub admin_debug: AdminDebug,
    /// `socket.request.max.bytes`
    pub request_bytes_max: u32,
    /// `socket.listen.backlog.size`
    pub listen_backlog: u32,
    /// `socket.send.buffer.bytes`; `None` leaves it to the kernel.
    pub send_buffer_bytes: Option<u32>,
    /// `socket.receive.buffer.bytes`; `None` leaves it to the kernel.
    pub receive_buffer_bytes: Option<u32>,
    /// `max.connections`
    pub connections_max: u32,
    /// `max.connections.per.ip`
    pub connections_per_ip_max: u32,
    /// `connections.max.idle.ms`; `None` never closes.
    pub connection_idle_max_ms: Option<u64>,
    /// `queued.max.requests`, of one connection.
    pub queued_requests_max: u32,
    /// `queued.max.request.bytes`, of one shard; `None`: a share of its memory.
    pub queued_request_bytes_max: Option<u64>,
    /// `fetch.max.bytes`
    pub fetch_bytes_max: u32,
    /// `max.incremental.fetch.session.cache.slots`
    pub fetch_sessions_max: u32,
    /// `max.request.partition.size.limit`
    pub described_partitions_max: u32,
}

/// What node ids are below where shards listen: shards are nodes from there on.
pub const NODES_MAX: i32 = 10_000;

/// How a shard waits for work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShardConfig {
    /// `shard.spin.us`
    pub spin_us: u32,
    /// `shard.io.spin.us`
    pub io_spin_us: u32,
    /// `shard.listeners.port`, of the first shard; `None`: shards do not listen.
    pub listeners_port: Option<u16>,
    /// `receive.buffers`, rounded up to a power of two.
    pub receive_buffers: u16,
}

/// How topics come and go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicDefaults {
    /// `num.partitions`
    pub partitions: u32,
    /// `default.replication.factor`
    pub replication_factor: u32,
    /// `auto.create.topics.enable`
    pub is_auto_creation_enabled: bool,
    /// `delete.topic.enable`
    pub is_deletion_enabled: bool,
}

/// Consumer groups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupConfig {
    /// `offsets.topic.num.partitions`
    pub offsets_topic_partitions: u32,
    /// `offsets.topic.segment.bytes`
    pub offsets_topic_segment_bytes: u32,
    /// `offsets.retention.minutes`
    pub offsets_retention_minutes: u32,
    /// `offsets.retention.check.interval.ms`
    pub offsets_retention_check_interval_ms: u64,
    /// `offset.metadata.max.bytes`
    pub offset_metadata_bytes_max: u32,
    /// `group.min.session.timeout.ms`
    pub session_timeout_min_ms: u64,
    /// `group.max.session.timeout.ms`
    pub session_timeout_max_ms: u64,
    /// `group.initial.rebalance.delay.ms`
    pub initial_rebalance_delay_ms: u64,
    /// `group.max.size`
    pub members_max: u32,
}

/// Transactions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionConfig {
    /// `transaction.max.timeout.ms`
    pub timeout_max_ms: u64,
    /// `transactional.id.expiration.ms`
    pub id_expiration_ms: u64,
    /// `transaction.state.log.num.partitions`
    pub topic_partitions: u32,
    /// `transaction.state.log.segment.bytes`
    pub topic_segment_bytes: u32,
}

/// Idempotent producers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducerConfig {
    /// `producer.id.expiration.ms`
    pub producer_id_expiration_ms: u64,
}

/// `journal.sync.method`
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum JournalSync {
    /// What the probe of the device found to be faster.
    Auto,
    /// Write, then fdatasync.
    Fdatasync,
    /// One write with RWF_DSYNC.
    Dsync,
}

/// The data directory, the journal and the shards' resources.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StorageConfig {
    /// `log.dirs`, the one data directory.
    pub data_dir: PathBuf,
    /// `allow.buffered.io`
    pub is_buffered_io_allowed: bool,
    /// `allow.shard.oversubscription`
    pub is_oversubscription_allowed: bool,
    /// `journal.file.bytes`
    pub journal_file_bytes: u64,
    /// `journal.files`, of each shard.
    pub journal_files: u32,
    /// `journal.frame.bytes`
    pub journal_frame_bytes_max: u64,
    /// `journal.commits.in.flight`; `None`: what the probe of the device advises.
    pub journal_commits_in_flight: Option<u32>,
    /// `journal.sync.method`
    pub journal_sync: JournalSync,
    /// `segment.write.bytes`
    pub segment_write_bytes: u32,
    /// `segment.read.ahead.bytes`
    pub segment_read_ahead_bytes: u32,
    /// `checkpoint.bytes`; half of the journal if that is 0.
    pub checkpoint_bytes: u64,
    /// `checkpoint.interval.ms`
    pub checkpoint_interval_ms: u64,
    /// `log.retention.check.interval.ms`
    pub retention_check_interval_ms: u64,
    /// `log.cleaner.backoff.ms`
    pub clean_interval_ms: u64,
    /// `log.cleaner.dedupe.buffer.size`
    pub clean_bytes_max: u64,
}
