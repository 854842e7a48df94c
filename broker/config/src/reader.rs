//! From checked text to typed parts, and what the parts demand of each other.

use std::path::PathBuf;

use crate::error::ConfigError;
use crate::key::ConfigKey;
use crate::keys;
use crate::layers::Layers;
use crate::list;
use crate::listener::Listener;
use crate::settings::{
    AdminDebug, GroupConfig, JournalSync, NODES_MAX, NetworkConfig, ShardConfig, StorageConfig,
    TransactionConfig,
};

/// Checks that a shard's node id is no other broker's.
pub(crate) fn check_nodes(node_id: i64, shard: &ShardConfig) -> Result<(), ConfigError> {
    if shard.listeners_port.is_none() || node_id < i64::from(NODES_MAX) {
        return Ok(());
    }
    Err(ConfigError::Conflict {
        first: keys::NODE_ID.name,
        second: keys::SHARD_LISTENERS_PORT.name,
        rule: format!("where shards listen, node ids are below {NODES_MAX}"),
    })
}

/// Clients can connect to what they are told.
fn check_advertised(advertised: &[Listener], listeners: &[Listener]) -> Result<(), ConfigError> {
    let refuse = |told: &Listener, expected: &str| {
        Err(ConfigError::InvalidValue {
            name: keys::ADVERTISED_LISTENERS.name,
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
    let conflict = |first: &ConfigKey, second: &ConfigKey, rule: String| {
        Err(ConfigError::Conflict {
            first: first.name,
            second: second.name,
            rule,
        })
    };
    if let Some(advertised) = &network.advertised_listeners {
        let names = |list: &[Listener]| {
            let mut names: Vec<_> = list.iter().map(|listener| listener.name.clone()).collect();
            names.sort();
            names
        };
        if names(advertised) != names(&network.listeners) {
            let rule = "each listener's name is advertised once, and no other".to_owned();
            return conflict(&keys::LISTENERS, &keys::ADVERTISED_LISTENERS, rule);
        }
        check_advertised(advertised, &network.listeners)?;
    }
    if groups.session_timeout_min_ms > groups.session_timeout_max_ms {
        let rule = "the shortest session timeout should be at most the longest".to_owned();
        return conflict(
            &keys::GROUP_MIN_SESSION_TIMEOUT_MS,
            &keys::GROUP_MAX_SESSION_TIMEOUT_MS,
            rule,
        );
    }
    if storage.journal_file_bytes < 2 * storage.journal_frame_bytes_max {
        let rule = "a journal file should hold at least two of the largest commits".to_owned();
        return conflict(&keys::JOURNAL_FRAME_BYTES, &keys::JOURNAL_FILE_BYTES, rule);
    }
    let journal_bytes = storage.journal_file_bytes * u64::from(storage.journal_files);
    if storage.checkpoint_bytes >= journal_bytes {
        let rule = format!("a checkpoint should begin before the journal of {journal_bytes} bytes is full");
        return conflict(&keys::CHECKPOINT_BYTES, &keys::JOURNAL_FILES, rule);
    }
    Ok(())
}

#[cfg(test)]
thread_local! {
    /// The keys that this thread has read.
    pub(crate) static KEYS_READ: std::cell::RefCell<std::collections::BTreeSet<&'static str>> = std::cell::RefCell::default();
}

/// Lets a test find the keys that nobody reads.
#[cfg(test)]
pub(crate) fn note_read(key: &ConfigKey) {
    KEYS_READ.with_borrow_mut(|read| read.insert(key.name));
}

#[cfg(not(test))]
pub(crate) const fn note_read(_: &ConfigKey) {}

/// Reads checked values; a name or a form that is not the table's is our own mistake and panics.
pub(crate) struct Reader<'a>(pub(crate) &'a Layers);

impl Reader<'_> {
    pub(crate) fn optional(&self, key: &ConfigKey) -> Option<String> {
        note_read(key);
        self.0.value(key)
    }

    pub(crate) fn text(&self, key: &ConfigKey) -> String {
        self.optional(key).expect("the key has a default")
    }

    pub(crate) fn truth(&self, key: &ConfigKey) -> bool {
        self.text(key) == "true"
    }

    pub(crate) fn long(&self, key: &ConfigKey) -> i64 {
        self.text(key)
            .parse()
            .expect("the key's kind is a checked integer")
    }

    pub(crate) fn count(&self, key: &ConfigKey) -> u64 {
        u64::try_from(self.long(key)).expect("the key's bounds exclude negative values")
    }

    pub(crate) fn size(&self, key: &ConfigKey) -> u32 {
        u32::try_from(self.long(key)).expect("the key's kind is int and its bounds exclude negative values")
    }

    pub(crate) fn listeners(&self, key: &ConfigKey) -> Option<Vec<Listener>> {
        self.optional(key)
            .map(|text| Listener::parse_list(&text).expect("listeners passed their check"))
    }

    pub(crate) fn network(&self) -> NetworkConfig {
        NetworkConfig {
            listeners: self.listeners(&keys::LISTENERS).expect("the key has a default"),
            advertised_listeners: self.listeners(&keys::ADVERTISED_LISTENERS),
            admin_listener: Listener::parse_host_port(&self.text(&keys::ADMIN_LISTENER))
                .expect("admin.listener passed its check"),
            admin_debug: match self.text(&keys::ADMIN_DEBUG).as_str() {
                "auto" => AdminDebug::Auto,
                "true" => AdminDebug::Always,
                "false" => AdminDebug::Never,
                other => unreachable!("admin.debug {other} passed its check"),
            },
            request_bytes_max: self.size(&keys::SOCKET_REQUEST_MAX_BYTES),
            listen_backlog: self.size(&keys::SOCKET_LISTEN_BACKLOG_SIZE),
            send_buffer_bytes: u32::try_from(self.long(&keys::SOCKET_SEND_BUFFER_BYTES)).ok(),
            receive_buffer_bytes: u32::try_from(self.long(&keys::SOCKET_RECEIVE_BUFFER_BYTES)).ok(),
            connections_max: self.size(&keys::MAX_CONNECTIONS),
            connections_per_ip_max: self.size(&keys::MAX_CONNECTIONS_PER_IP),
            connection_idle_max_ms: u64::try_from(self.long(&keys::CONNECTIONS_MAX_IDLE_MS)).ok(),
            queued_requests_max: self.size(&keys::QUEUED_MAX_REQUESTS),
            queued_request_bytes_max: u64::try_from(self.long(&keys::QUEUED_MAX_REQUEST_BYTES)).ok(),
            fetch_bytes_max: self.size(&keys::FETCH_MAX_BYTES),
            fetch_sessions_max: self.size(&keys::MAX_INCREMENTAL_FETCH_SESSION_CACHE_SLOTS),
            described_partitions_max: self.size(&keys::MAX_REQUEST_PARTITION_SIZE_LIMIT),
        }
    }

    pub(crate) fn shard(&self) -> ShardConfig {
        ShardConfig {
            spin_us: self.size(&keys::SHARD_SPIN_US),
            io_spin_us: self.size(&keys::SHARD_IO_SPIN_US),
            listeners_port: u16::try_from(self.long(&keys::SHARD_LISTENERS_PORT))
                .ok()
                .filter(|port| *port > 0),
            receive_buffers: u16::try_from(self.size(&keys::RECEIVE_BUFFERS).next_power_of_two())
                .expect("the key's bounds lie below 2^15"),
        }
    }

    pub(crate) fn groups(&self) -> GroupConfig {
        GroupConfig {
            offsets_topic_partitions: self.size(&keys::OFFSETS_TOPIC_NUM_PARTITIONS),
            offsets_topic_segment_bytes: self.size(&keys::OFFSETS_TOPIC_SEGMENT_BYTES),
            offsets_retention_minutes: self.size(&keys::OFFSETS_RETENTION_MINUTES),
            offsets_retention_check_interval_ms: self.count(&keys::OFFSETS_RETENTION_CHECK_INTERVAL_MS),
            offset_metadata_bytes_max: self.size(&keys::OFFSET_METADATA_MAX_BYTES),
            session_timeout_min_ms: self.count(&keys::GROUP_MIN_SESSION_TIMEOUT_MS),
            session_timeout_max_ms: self.count(&keys::GROUP_MAX_SESSION_TIMEOUT_MS),
            initial_rebalance_delay_ms: self.count(&keys::GROUP_INITIAL_REBALANCE_DELAY_MS),
            members_max: self.size(&keys::GROUP_MAX_SIZE),
        }
    }

    pub(crate) fn transactions(&self) -> TransactionConfig {
        TransactionConfig {
            timeout_max_ms: self.count(&keys::TRANSACTION_MAX_TIMEOUT_MS),
            id_expiration_ms: self.count(&keys::TRANSACTIONAL_ID_EXPIRATION_MS),
            topic_partitions: self.size(&keys::TRANSACTION_STATE_LOG_NUM_PARTITIONS),
            topic_segment_bytes: self.size(&keys::TRANSACTION_STATE_LOG_SEGMENT_BYTES),
        }
    }

    pub(crate) fn storage(&self) -> StorageConfig {
        let journal_file_bytes = self.count(&keys::JOURNAL_FILE_BYTES);
        let journal_files = self.size(&keys::JOURNAL_FILES);
        let checkpoint_bytes = match self.count(&keys::CHECKPOINT_BYTES) {
            0 => journal_file_bytes * u64::from(journal_files) / 2,
            bytes => bytes,
        };
        let dirs = self.text(&keys::LOG_DIRS);
        StorageConfig {
            data_dir: PathBuf::from(list::elements(&dirs)[0]),
            is_oversubscription_allowed: self.truth(&keys::ALLOW_SHARD_OVERSUBSCRIPTION),
            is_buffered_io_allowed: self.truth(&keys::ALLOW_BUFFERED_IO),
            journal_file_bytes,
            journal_files,
            journal_frame_bytes_max: self.count(&keys::JOURNAL_FRAME_BYTES),
            journal_commits_in_flight: Some(self.size(&keys::JOURNAL_COMMITS_IN_FLIGHT))
                .filter(|count| *count > 0),
            journal_sync: match self.text(&keys::JOURNAL_SYNC_METHOD).as_str() {
                "auto" => JournalSync::Auto,
                "fdatasync" => JournalSync::Fdatasync,
                "dsync" => JournalSync::Dsync,
                other => unreachable!("journal.sync.method {other} passed its check"),
            },
            segment_write_bytes: self.size(&keys::SEGMENT_WRITE_BYTES),
            segment_read_ahead_bytes: self.size(&keys::SEGMENT_READ_AHEAD_BYTES),
            checkpoint_bytes,
            checkpoint_interval_ms: self.count(&keys::CHECKPOINT_INTERVAL_MS),
            retention_check_interval_ms: self.count(&keys::LOG_RETENTION_CHECK_INTERVAL_MS),
            clean_interval_ms: self.count(&keys::LOG_CLEANER_BACKOFF_MS),
            clean_bytes_max: self.count(&keys::LOG_CLEANER_DEDUPE_BUFFER_SIZE),
        }
    }
}
