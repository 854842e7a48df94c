//! The settings of group coordination, with Kafka's defaults (`GroupCoordinatorConfig`).

use std::time::Duration;

/// What a coordinator is configured by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupConfig {
    /// `group.initial.rebalance.delay.ms`: how long an empty group's first rebalance waits for more members.
    pub initial_rebalance_delay: Duration,
    /// `group.min.session.timeout.ms`, inclusive.
    pub session_timeout_min: Duration,
    /// `group.max.session.timeout.ms`, inclusive.
    pub session_timeout_max: Duration,
    /// `group.max.size`: members a group; a further one gets `GroupMaxSizeReached`.
    pub group_size_max: usize,
    /// Members of a group that were given an id and have not joined with it (KIP-394); a further one gets
    /// `GroupMaxSizeReached`. Kafka has no such bound.
    pub pending_members_max: usize,
    /// How long a new member, which cannot send heartbeats yet, may wait in a rebalance
    /// (Kafka's `group.new.member.join.timeout.ms`).
    pub new_member_join_timeout: Duration,
    /// `offset.metadata.max.bytes`: the text of a commit, in UTF-16 units as Kafka counts.
    pub offset_metadata_size_max: usize,
    /// `offsets.retention.minutes`: how long offsets outlive their group's members, or a standalone commit lives.
    pub offsets_retention: Duration,
    /// `offsets.retention.check.interval.ms`: how often expired offsets and groups are looked for.
    pub offsets_retention_check_interval: Duration,
}

impl Default for GroupConfig {
    fn default() -> GroupConfig {
        const MINUTE: u64 = 60;
        GroupConfig {
            initial_rebalance_delay: Duration::from_secs(3),
            session_timeout_min: Duration::from_secs(6),
            session_timeout_max: Duration::from_secs(30 * MINUTE),
            group_size_max: usize::try_from(i32::MAX).unwrap_or(usize::MAX),
            pending_members_max: 10_000,
            new_member_join_timeout: Duration::from_secs(5 * MINUTE),
            offset_metadata_size_max: 4096,
            offsets_retention: Duration::from_secs(7 * 24 * 60 * MINUTE),
            offsets_retention_check_interval: Duration::from_secs(10 * MINUTE),
        }
    }
}
