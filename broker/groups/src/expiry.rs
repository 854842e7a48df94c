//! Offsets that outlived their retention, and groups of which nothing is left
//! (Kafka's `GroupCoordinatorShard.cleanupGroupMetadata`).

use std::time::Duration;

use corelog_model::{PartitionIndex, TimestampMs, TopicName};

use crate::admin::bury;
use crate::context::Context;
use crate::coordinator::GroupCoordinator;
use crate::group::Group;
use crate::log::Then;
use crate::offset_queries::removal;
use crate::timers::TimerKey;
use crate::{CommittedOffset, Generation, GroupId, GroupStateName};

/// The least time between two looks: an interval of zero would never end.
const CHECK_INTERVAL_MIN: Duration = Duration::from_secs(1);

impl GroupCoordinator {
    pub(crate) fn schedule_expiry(&mut self) {
        let interval = self.cx.config.offsets_retention_check_interval;
        self.cx
            .schedule(TimerKey::Expiry, interval.max(CHECK_INTERVAL_MIN));
    }

    /// Has expired offsets removed, and empty groups of which no offset is left.
    pub(crate) fn expire_offsets(&mut self) {
        self.schedule_expiry();
        let cx = &mut self.cx;
        let mut void: Vec<GroupId> = Vec::new();
        for group in self.groups.values_mut() {
            if group.is_void() {
                void.push(group.id.clone());
            } else {
                expire_group(group, cx);
            }
        }
        for group_id in &void {
            self.groups.remove(group_id);
        }
    }
}

fn expire_group(group: &mut Group, cx: &mut Context) {
    if group.is(GroupStateName::Dead) {
        return;
    }
    let expired = expired_offsets(group, cx.now.wall, cx.config.offsets_retention);
    let leaves_nothing = expired.len() == group.offsets.iter().count()
        && !group.offsets.has_any_in_flight()
        && !group.offsets.has_any_pending();
    if leaves_nothing && group.is(GroupStateName::Empty) && group.pending_joins.is_empty() {
        // A group of generation zero never had a metadata record.
        let had_metadata = group.generation != Generation::default()
            || group.durable_metadata.is_some()
            || group.is_recorded;
        let mut changes = bury(group, cx);
        if !had_metadata && changes.len() > 1 {
            changes.pop();
        }
        let removed = vec![group.id.clone()];
        cx.append_removals(
            changes,
            Then::RemoveGroups {
                removed,
                answer: None,
            },
        );
    } else {
        let changes = expired
            .iter()
            .map(|(topic, partition)| removal(group, topic, *partition))
            .collect();
        cx.append_removals(changes, Then::Nothing);
    }
}

/// When an offset's retention begins.
#[derive(Clone, Copy)]
enum RetentionBase {
    /// When the group lost its last member; the commit if that is not known.
    Emptied,
    /// When it was committed.
    Commit,
}

/// The offsets to remove (Kafka's `ClassicGroup.offsetExpirationCondition`).
fn expired_offsets(group: &Group, now: TimestampMs, retention: Duration) -> Vec<(TopicName, PartitionIndex)> {
    let base = match (&group.protocol_type, group.state_name()) {
        (None, _) => RetentionBase::Commit,
        (Some(_), GroupStateName::Empty) => RetentionBase::Emptied,
        // Of a topic that nobody subscribes to any more.
        (Some(_), GroupStateName::Stable) if group.knows_subscriptions() => RetentionBase::Commit,
        (
            Some(_),
            GroupStateName::PreparingRebalance
            | GroupStateName::CompletingRebalance
            | GroupStateName::Stable
            | GroupStateName::Dead,
        ) => return Vec::new(),
    };
    let retention_ms = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    let is_expired = |committed: &CommittedOffset| match committed.expire_timestamp {
        Some(expire) => now >= expire,
        None => {
            let since = match base {
                RetentionBase::Emptied => group.state_since.unwrap_or(committed.commit_timestamp),
                RetentionBase::Commit => committed.commit_timestamp,
            };
            now.get().saturating_sub(since.get()) >= retention_ms
        }
    };
    group
        .offsets
        .iter()
        .filter(|(topic, partition, committed)| {
            is_expired(committed)
                && !group.offsets.is_unstable(topic, *partition)
                && !group.is_subscribed_to(topic)
        })
        .map(|(topic, partition, _)| (topic.clone(), partition))
        .collect()
}
