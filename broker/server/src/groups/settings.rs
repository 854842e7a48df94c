//! From the broker's configuration to the coordinators' settings.

use std::time::Duration;

use corelog_groups::GroupConfig;

/// The settings of a coordinator. Those that Kafka does not let anyone configure keep their defaults.
pub(super) fn group_config(groups: &corelog_config::GroupConfig) -> GroupConfig {
    let size = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
    GroupConfig {
        initial_rebalance_delay: Duration::from_millis(groups.initial_rebalance_delay_ms),
        session_timeout_min: Duration::from_millis(groups.session_timeout_min_ms),
        session_timeout_max: Duration::from_millis(groups.session_timeout_max_ms),
        group_size_max: size(groups.members_max),
        offset_metadata_size_max: size(groups.offset_metadata_bytes_max),
        offsets_retention: Duration::from_secs(u64::from(groups.offsets_retention_minutes) * 60),
        offsets_retention_check_interval: Duration::from_millis(groups.offsets_retention_check_interval_ms),
        ..GroupConfig::default()
    }
}
