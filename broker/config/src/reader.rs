//! From checked text to typed parts, and what the parts demand of each other.

use std::path::PathBuf;

use crate::error::ConfigError;
use crate::layers::Layers;
use crate::listener::Listener;
use crate::registry::registry;
use crate::settings::{
    AdminDebug, GroupConfig, JournalSync, NODES_MAX, NetworkConfig, ShardConfig, StorageConfig,
};
use crate::value;

/// Checks that a shard's node id is no other broker's.
pub(crate) fn check_nodes(node_id: i64, shard: &ShardConfig) -> Result<(), ConfigError> {
    if shard.listeners_port.is_none() || node_id < i64::from(NODES_MAX) {
        return Ok(());
    }
    Err(ConfigError::Conflict {
        first: "node.id",
        second: "shard.listeners.port",
        rule: format!("where shards listen, node ids are below {NODES_MAX}"),
    })
}

/// Clients can connect to what they are told.
fn check_advertised(advertised: &[Listener], listeners: &[Listener]) -> Result<(), ConfigError> {
    let refuse = |told: &Listener, expected: &str| {
        Err(ConfigError::InvalidValue {
            name: "advertised.listeners",
            value: told.to_string(),
            expected: expected.to_owned(),
        })
    };
    for told in advertised {
        if told.is_any_host() {
            let expected = "a name or an address of this machine that clients can connect to; an empty host, 0.0.0.0 \
                            and :: are none. --advertise HOST:PORT sets it";
            return refuse(told, expected);
        }
        let takes_free_port = |listener: &Listener| listener.name == told.name && listener.port == 0;
        if told.port == 0 && !listeners.iter().any(takes_free_port) {
            let expected =
                "an address with the port that clients connect to; 0 is for a listener with port 0";
            return refuse(told, expected);
        }
    }
    Ok(())
}

/// Checks what two keys demand of each other.
pub(crate) fn check_together(
    network: &NetworkConfig,
    groups: &GroupConfig,
    storage: &StorageConfig,
) -> Result<(), ConfigError> {
    let conflict = |first, second, rule: String| Err(ConfigError::Conflict { first, second, rule });
    if let Some(advertised) = &network.advertised_listeners {
        let names = |list: &[Listener]| {
            let mut names: Vec<_> = list.iter().map(|listener| listener.name.clone()).collect();
            names.sort();
            names
        };
        if names(advertised) != names(&network.listeners) {
            let rule = "each listener's name is advertised once, and no other".to_owned();
            return conflict("listeners", "advertised.listeners", rule);
        }
        check_advertised(advertised, &network.listeners)?;
    }
    if groups.session_timeout_min_ms > groups.session_timeout_max_ms {
        let rule = "the shortest session timeout should be at most the longest".to_owned();
        return conflict(
            "group.min.session.timeout.ms",
            "group.max.session.timeout.ms",
            rule,
        );
    }
    if storage.journal_file_bytes < 2 * storage.journal_frame_bytes_max {
        let rule = "a journal file should hold at least two of the largest commits".to_owned();
        return conflict("journal.frame.bytes", "journal.file.bytes", rule);
    }
    let journal_bytes = storage.journal_file_bytes * u64::from(storage.journal_files);
    if storage.checkpoint_bytes >= journal_bytes {
        let rule = format!("a checkpoint should begin before the journal of {journal_bytes} bytes is full");
        return conflict("checkpoint.bytes", "journal.files", rule);
    }
    Ok(())
}

/// Reads checked values; a name or a form that is not the table's is our own mistake and panics.
pub(crate) struct Reader<'a>(pub(crate) &'a Layers);

impl Reader<'_> {
    pub(crate) fn optional(&self, name: &str) -> Option<String> {
        self.0
            .value(registry().broker_key(name).expect("the name stands in the table"))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.optional(name).expect("the key has a default")
    }

    pub(crate) fn truth(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    pub(crate) fn long(&self, name: &str) -> i64 {
        self.text(name)
            .parse()
            .expect("the key's kind is a checked integer")
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        u64::try_from(self.long(name)).expect("the key's bounds exclude negative values")
    }

    pub(crate) fn size(&self, name: &str) -> u32 {
        u32::try_from(self.long(name)).expect("the key's kind is int and its bounds exclude negative values")
    }

    pub(crate) fn listeners(&self, name: &str) -> Option<Vec<Listener>> {
        self.optional(name)
            .map(|text| Listener::parse_list(&text).expect("listeners passed their check"))
    }

    pub(crate) fn network(&self) -> NetworkConfig {
        NetworkConfig {
            listeners: self.listeners("listeners").expect("the key has a default"),
            advertised_listeners: self.listeners("advertised.listeners"),
            admin_listener: Listener::parse_host_port(&self.text("admin.listener"))
                .expect("admin.listener passed its check"),
            admin_debug: match self.text("admin.debug").as_str() {
                "auto" => AdminDebug::Auto,
                "true" => AdminDebug::Always,
                "false" => AdminDebug::Never,
                other => unreachable!("admin.debug {other} passed its check"),
            },
            request_bytes_max: self.size("socket.request.max.bytes"),
            listen_backlog: self.size("socket.listen.backlog.size"),
            send_buffer_bytes: u32::try_from(self.long("socket.send.buffer.bytes")).ok(),
            receive_buffer_bytes: u32::try_from(self.long("socket.receive.buffer.bytes")).ok(),
            connections_max: self.size("max.connections"),
            connections_per_ip_max: self.size("max.connections.per.ip"),
            connection_idle_max_ms: u64::try_from(self.long("connections.max.idle.ms")).ok(),
            queued_requests_max: self.size("queued.max.requests"),
            queued_request_bytes_max: u64::try_from(self.long("queued.max.request.bytes")).ok(),
            request_timeout_ms: self.count("request.timeout.ms"),
            fetch_bytes_max: self.size("fetch.max.bytes"),
            fetch_sessions_max: self.size("max.incremental.fetch.session.cache.slots"),
            described_partitions_max: self.size("max.request.partition.size.limit"),
        }
    }

    pub(crate) fn shard(&self) -> ShardConfig {
        ShardConfig {
            spin_us: self.size("shard.spin.us"),
            io_spin_us: self.size("shard.io.spin.us"),
            listeners_port: u16::try_from(self.long("shard.listeners.port"))
                .ok()
                .filter(|port| *port > 0),
            receive_buffers: u16::try_from(self.size("receive.buffers").next_power_of_two())
                .expect("the key's bounds lie below 2^15"),
        }
    }

    pub(crate) fn groups(&self) -> GroupConfig {
        GroupConfig {
            offsets_topic_partitions: self.size("offsets.topic.num.partitions"),
            offsets_topic_segment_bytes: self.size("offsets.topic.segment.bytes"),
            offsets_retention_minutes: self.size("offsets.retention.minutes"),
            offsets_retention_check_interval_ms: self.count("offsets.retention.check.interval.ms"),
            offset_metadata_bytes_max: self.size("offset.metadata.max.bytes"),
            session_timeout_min_ms: self.count("group.min.session.timeout.ms"),
            session_timeout_max_ms: self.count("group.max.session.timeout.ms"),
            initial_rebalance_delay_ms: self.count("group.initial.rebalance.delay.ms"),
            members_max: self.size("group.max.size"),
        }
    }

    pub(crate) fn storage(&self) -> StorageConfig {
        let journal_file_bytes = self.count("journal.file.bytes");
        let journal_files = self.size("journal.files");
        let checkpoint_bytes = match self.count("checkpoint.bytes") {
            0 => journal_file_bytes * u64::from(journal_files) / 2,
            bytes => bytes,
        };
        let dirs = self.text("log.dirs");
        StorageConfig {
            data_dir: PathBuf::from(value::list(&dirs)[0]),
            is_oversubscription_allowed: self.truth("allow.shard.oversubscription"),
            is_buffered_io_allowed: self.truth("allow.buffered.io"),
            journal_file_bytes,
            journal_files,
            journal_frame_bytes_max: self.count("journal.frame.bytes"),
            journal_commits_in_flight: Some(self.size("journal.commits.in.flight"))
                .filter(|count| *count > 0),
            journal_sync: match self.text("journal.sync.method").as_str() {
                "auto" => JournalSync::Auto,
                "fdatasync" => JournalSync::Fdatasync,
                "dsync" => JournalSync::Dsync,
                other => unreachable!("journal.sync.method {other} passed its check"),
            },
            segment_write_bytes: self.size("segment.write.bytes"),
            segment_read_ahead_bytes: self.size("segment.read.ahead.bytes"),
            checkpoint_bytes,
            checkpoint_interval_ms: self.count("checkpoint.interval.ms"),
            retention_check_interval_ms: self.count("log.retention.check.interval.ms"),
        }
    }
}
