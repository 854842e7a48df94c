//! Whether the consumers of each group had each partition once between them.

use std::collections::BTreeMap;

use super::ConsumedPartition;
use crate::number::to_usize;

/// Some partition was not some group's, or more than once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("of the group {group} of topic {topic} {consumers} consumers had partition {partition}")]
pub struct ShareError {
    /// The group, from zero within its topic.
    pub group: u32,
    /// The topic, from zero.
    pub topic: u32,
    /// The first such partition.
    pub partition: usize,
    /// Consumers that had it.
    pub consumers: usize,
}

/// What there is to be shared out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToShare {
    /// Topics.
    pub topics: u32,
    /// Groups of each.
    pub groups: u32,
    /// Partitions of each.
    pub partitions: u32,
}

/// Looks at what the consumers of all shards had.
///
/// # Errors
/// See `ShareError`.
pub fn check_shares(consumed: &[ConsumedPartition], all: ToShare) -> Result<(), ShareError> {
    let mut consumers: BTreeMap<(u32, u32, usize), usize> = BTreeMap::new();
    for part in consumed {
        *consumers
            .entry((part.group, part.topic, part.partition))
            .or_default() += 1;
    }
    for topic in 0..all.topics {
        for group in 0..all.groups {
            for partition in 0..to_usize(all.partitions) {
                let consumers = consumers
                    .get(&(group, topic, partition))
                    .copied()
                    .unwrap_or_default();
                if consumers != 1 {
                    return Err(ShareError {
                        group,
                        topic,
                        partition,
                        consumers,
                    });
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_has_each_partition_once() {
        let check = |had: &[(u32, u32, usize)], expected: Result<(), (u32, u32, usize, usize)>| {
            let consumed: Vec<ConsumedPartition> = had
                .iter()
                .map(|(group, topic, partition)| ConsumedPartition {
                    group: *group,
                    topic: *topic,
                    partition: *partition,
                    sequences: Vec::new(),
                    corrupt: 0,
                    is_complete: true,
                })
                .collect();
            let all = ToShare {
                topics: 1,
                groups: 2,
                partitions: 2,
            };
            let found = check_shares(&consumed, all)
                .map_err(|error| (error.group, error.topic, error.partition, error.consumers));
            assert_eq!(found, expected, "{had:?}");
        };
        check(&[(0, 0, 0), (1, 0, 1), (0, 0, 1), (1, 0, 0)], Ok(()));
        check(&[(0, 0, 0), (0, 0, 1), (1, 0, 0)], Err((1, 0, 1, 0)));
        check(
            &[(0, 0, 0), (0, 0, 1), (0, 0, 1), (1, 0, 0), (1, 0, 1)],
            Err((0, 0, 1, 2)),
        );
    }
}
