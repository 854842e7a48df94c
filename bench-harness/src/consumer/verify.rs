//! Holds what was consumed against what was acknowledged.

use std::collections::HashMap;
use std::ops::Range;

use serde::Serialize;

use super::SequenceCheck;
use crate::number::to_usize;
use crate::producer::{ProducedPartition, ProducedTally};

/// What one group saw of one partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumedPartition {
    /// The group, from zero within its topic.
    pub group: u32,
    /// The topic, from zero.
    pub topic: u32,
    /// The partition.
    pub partition: usize,
    /// By producer of the topic.
    pub sequences: Vec<SequenceCheck>,
    /// Messages that nobody of this run sent, or whose checksum does not hold.
    pub corrupt: u64,
    /// Whether it was read to its end.
    pub is_complete: bool,
}

/// The verdict over all groups.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Verification {
    /// Acknowledged messages that were to be consumed, once for each group.
    pub expected: u64,
    /// Of these, those that are not there.
    pub lost: u64,
    /// Of these, those that were not read before the run gave up: nothing is known of them.
    pub unread: u64,
    /// Messages that came again.
    pub duplicates: u64,
    /// Messages that came after a later one of the same producer and partition.
    pub out_of_order: u64,
    /// Messages that nobody sent, or that are damaged.
    pub corrupt: u64,
}

impl Verification {
    /// Whether everything that was acknowledged was consumed once and in order.
    pub fn holds(&self) -> bool {
        self.lost == 0
            && self.unread == 0
            && self.duplicates == 0
            && self.out_of_order == 0
            && self.corrupt == 0
    }
}

/// Compares what `groups` groups consumed with what was acknowledged. Messages that failed may be there or not.
pub fn verify(
    produced: &[ProducedTally],
    consumed: &[ConsumedPartition],
    groups: u32,
    producers_per_topic: u32,
) -> Verification {
    let mut verdict = Verification::default();
    let mut places = HashMap::new();
    for part in consumed {
        verdict.corrupt += part.corrupt;
        for sequence in &part.sequences {
            verdict.duplicates += sequence.duplicates;
            verdict.out_of_order += sequence.late;
        }
        places.insert((part.group, part.topic, part.partition), part);
    }
    let nothing = SequenceCheck::default();
    for tally in produced {
        let index = to_usize(tally.producer % producers_per_topic.max(1));
        for group in 0..groups {
            for (partition, sent) in tally.partitions.iter().enumerate() {
                let place = places.get(&(group, tally.topic, partition));
                let seen = place
                    .and_then(|part| part.sequences.get(index))
                    .unwrap_or(&nothing);
                let is_complete = place.is_some_and(|part| part.is_complete);
                compare(sent, seen, is_complete, &mut verdict);
            }
        }
    }
    verdict
}

fn compare(sent: &ProducedPartition, seen: &SequenceCheck, is_complete: bool, verdict: &mut Verification) {
    let failed = &sent.unacknowledged;
    let acknowledged = |range: Range<u64>| length(&range) - overlap(&range, failed);
    verdict.expected += acknowledged(0..sent.end);
    for gap in &seen.missing {
        verdict.lost += acknowledged(gap.clone());
    }
    let tail = acknowledged(seen.next.min(sent.end)..sent.end);
    if is_complete {
        verdict.lost += tail;
    } else {
        verdict.unread += tail;
    }
    // A sequence that was never sent, with a checksum that holds, is somebody's invention.
    verdict.corrupt += seen.next.saturating_sub(sent.end);
}

fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

fn overlap(range: &Range<u64>, others: &[Range<u64>]) -> u64 {
    others
        .iter()
        .map(|other| length(&(range.start.max(other.start)..range.end.min(other.end))))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(end: u64, unacknowledged: &[(u64, u64)]) -> ProducedTally {
        ProducedTally {
            producer: 0,
            topic: 0,
            partitions: vec![ProducedPartition {
                end,
                unacknowledged: unacknowledged.iter().map(|(start, end)| *start..*end).collect(),
            }],
        }
    }

    fn seen(sequences: impl IntoIterator<Item = u64>, is_complete: bool) -> ConsumedPartition {
        let mut check = SequenceCheck::default();
        for sequence in sequences {
            check.see(sequence);
        }
        ConsumedPartition {
            group: 0,
            topic: 0,
            partition: 0,
            sequences: vec![check],
            corrupt: 0,
            is_complete,
        }
    }

    fn check(sent: ProducedTally, seen: &[ConsumedPartition], expected: Verification) {
        let found = verify(&[sent], seen, 1, 1);
        assert_eq!(found, expected);
        let faults = expected.lost + expected.unread + expected.duplicates;
        assert_eq!(
            found.holds(),
            faults + expected.out_of_order + expected.corrupt == 0
        );
    }

    #[test]
    fn losses_are_found_and_failures_are_none() {
        let clean = Verification {
            expected: 10,
            ..Verification::default()
        };
        check(sent(10, &[]), &[seen(0..10, true)], clean);
        let lost = |lost| Verification { lost, ..clean };
        check(sent(10, &[]), &[seen([0, 1, 2, 5, 6, 7, 8, 9], true)], lost(2));
        check(sent(10, &[]), &[seen(0..7, true)], lost(3));
        let partly = Verification { expected: 8, ..clean };
        // 3 and 4 failed: one of them is there nevertheless.
        check(sent(10, &[(3, 5)]), &[seen((0..4).chain(5..10), true)], partly);
        check(sent(10, &[(8, 10)]), &[seen(0..8, true)], partly);
        check(sent(10, &[]), &[], Verification { unread: 10, ..clean });
    }

    #[test]
    fn the_rest_is_found_too() {
        let clean = Verification {
            expected: 4,
            ..Verification::default()
        };
        check(
            sent(4, &[]),
            &[seen(0..2, false)],
            Verification { unread: 2, ..clean },
        );
        let again = Verification {
            duplicates: 1,
            ..clean
        };
        check(sent(4, &[]), &[seen([0, 1, 1, 2, 3], true)], again);
        let disorder = Verification {
            out_of_order: 1,
            ..clean
        };
        check(sent(4, &[]), &[seen([0, 2, 1, 3], true)], disorder);
        let invented = Verification { corrupt: 1, ..clean };
        check(sent(4, &[]), &[seen(0..5, true)], invented);
    }
}
