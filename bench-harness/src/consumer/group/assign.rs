//! Who of a group reads what: Kafka's `RangeAssignor` for one topic, and the bytes that members tell each other.
//!
//! An assignment says beside the partitions how many members it was made for: four bytes of user data, big-endian. Only
//! the leader is told who has joined, and everybody has to know whether the group is complete.

use bytes::Bytes;
use corelog_protocol::messages::consumer_protocol::{
    AssignedTopicPartitions, ConsumerProtocolAssignment, ConsumerProtocolSubscription,
};
use corelog_protocol::messages::sync_group::SyncGroupRequestAssignment;
use corelog_protocol::{ApiKey, EncodeError};

use crate::client::{ClientError, TopicPlan};

/// Kafka's name of the assignor.
pub(super) const RANGE: &str = "range";
/// Of the subscription and the assignment: the first, which every reader knows.
const VERSION: i16 = 0;

/// What one member reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Assignment {
    /// Ascending.
    pub(super) partitions: Vec<i32>,
    /// Members of the group when it was made.
    pub(super) members: usize,
}

/// A member's subscription to `topic`.
pub(super) fn subscription(topic: &TopicPlan) -> Result<Bytes, ClientError> {
    let subscription = ConsumerProtocolSubscription {
        topics: vec![topic.name.clone()],
        ..ConsumerProtocolSubscription::default()
    };
    subscription
        .to_metadata(VERSION)
        .map_err(|source| unwritten(ApiKey::JoinGroup, source))
}

/// Shares the partitions out to `members`, as the group's leader does it.
pub(super) fn assign(
    topic: &TopicPlan,
    members: Vec<String>,
) -> Result<Vec<SyncGroupRequestAssignment>, ClientError> {
    let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
    let shared = range(members, &topic.leaders);
    shared
        .into_iter()
        .map(|(member_id, partitions)| {
            let assignment = ConsumerProtocolAssignment {
                assigned_partitions: vec![AssignedTopicPartitions {
                    topic: topic.name.clone(),
                    partitions,
                }],
                user_data: Some(Bytes::copy_from_slice(&count.to_be_bytes())),
            };
            let assignment = assignment.to_assignment(VERSION);
            Ok(SyncGroupRequestAssignment {
                member_id,
                assignment: assignment.map_err(|source| unwritten(ApiKey::SyncGroup, source))?,
            })
        })
        .collect()
}

fn unwritten(api: ApiKey, source: EncodeError) -> ClientError {
    ClientError::Encode { api, source }
}

/// Members in the order of their ids, each with a run of partitions; the first ones have one more if it does not come
/// out even. `partitions` has an entry a partition.
fn range<T>(mut members: Vec<String>, partitions: &[T]) -> Vec<(String, Vec<i32>)> {
    members.sort_unstable();
    let count = members.len().max(1);
    let (each, more) = (partitions.len() / count, partitions.len() % count);
    let mut partitions = (0i32..).zip(partitions).map(|(partition, _)| partition);
    (0..)
        .zip(members)
        .map(|(index, member)| {
            let size = each + usize::from(index < more);
            (member, partitions.by_ref().take(size).collect())
        })
        .collect()
}

/// Reads what a member of `group` was assigned of `topic`.
///
/// # Errors
/// `Assignment`: it cannot be read, or names another topic, a partition that is not there, or one twice.
pub(super) fn read_assignment(
    group: &str,
    topic: &TopicPlan,
    bytes: Bytes,
) -> Result<Assignment, ClientError> {
    let wrong = |reason: String| ClientError::Assignment {
        group: group.to_owned(),
        reason,
    };
    let assignment =
        ConsumerProtocolAssignment::from_assignment(bytes).map_err(|error| wrong(error.to_string()))?;
    let mut partitions = Vec::new();
    for assigned in assignment.assigned_partitions {
        if assigned.topic != topic.name {
            return Err(wrong(format!("it names the topic {}", assigned.topic)));
        }
        partitions.extend(assigned.partitions);
    }
    partitions.sort_unstable();
    if let Some(pair) = partitions.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(wrong(format!("it names partition {} twice", pair[0])));
    }
    let is_there = |partition: &i32| usize::try_from(*partition).is_ok_and(|it| it < topic.leaders.len());
    if let Some(partition) = partitions.iter().find(|partition| !is_there(partition)) {
        return Err(wrong(format!("there is no partition {partition}")));
    }
    let data = assignment.user_data.unwrap_or_default();
    let count: [u8; 4] = data[..]
        .try_into()
        .map_err(|_| wrong(String::from("it was made by somebody else")))?;
    Ok(Assignment {
        partitions,
        members: usize::try_from(u32::from_be_bytes(count)).unwrap_or(usize::MAX),
    })
}

#[cfg(test)]
mod tests {
    use corelog_model::TopicId;

    use super::*;

    fn topic(partitions: usize) -> TopicPlan {
        TopicPlan {
            name: String::from("t"),
            id: TopicId::ZERO,
            leaders: vec![1; partitions],
        }
    }

    #[test]
    fn partitions_are_shared_out_in_runs() {
        let check = |members: &[&str], partitions: usize, expected: &[(&str, &[i32])]| {
            let members = members.iter().map(ToString::to_string).collect();
            let expected: Vec<(String, Vec<i32>)> = expected
                .iter()
                .map(|(member, share)| ((*member).to_owned(), share.to_vec()))
                .collect();
            assert_eq!(range(members, &vec![(); partitions]), expected);
        };
        // RangeAssignor's own examples: two members, three partitions.
        check(&["c0", "c1"], 3, &[("c0", &[0, 1]), ("c1", &[2])]);
        check(
            &["c", "a", "b"],
            7,
            &[("a", &[0, 1, 2]), ("b", &[3, 4]), ("c", &[5, 6])],
        );
        check(
            &["a", "b", "c"],
            8,
            &[("a", &[0, 1, 2]), ("b", &[3, 4, 5]), ("c", &[6, 7])],
        );
        check(&["a", "b"], 4, &[("a", &[0, 1]), ("b", &[2, 3])]);
        check(&["a", "b", "c"], 1, &[("a", &[0]), ("b", &[]), ("c", &[])]);
        check(&["a"], 2, &[("a", &[0, 1])]);
        check(&[], 2, &[]);
    }

    #[test]
    fn what_the_leader_assigns_every_member_reads() {
        let topic = topic(3);
        let assigned = assign(&topic, vec![String::from("b"), String::from("a")]).unwrap();
        let read: Vec<(String, Assignment)> = assigned
            .into_iter()
            .map(|share| {
                let assignment = read_assignment("g", &topic, share.assignment).unwrap();
                (share.member_id, assignment)
            })
            .collect();
        let share = |partitions: &[i32]| Assignment {
            partitions: partitions.to_vec(),
            members: 2,
        };
        assert_eq!(
            read,
            [
                (String::from("a"), share(&[0, 1])),
                (String::from("b"), share(&[2]))
            ]
        );
    }

    #[test]
    fn the_bytes_are_kafkas() {
        // As the Java client's ConsumerProtocol.serializeSubscription writes version 0: version, topics, no user data.
        assert_eq!(
            subscription(&topic(1)).unwrap()[..],
            [0, 0, 0, 0, 0, 1, 0, 1, b't', 255, 255, 255, 255]
        );
        let assigned = assign(&topic(1), vec![String::from("a")]).unwrap();
        let expected = [
            [0, 0, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1].as_slice(),
            [0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1].as_slice(),
        ];
        assert_eq!(assigned[0].assignment[..], expected.concat());
    }

    #[test]
    fn a_wrong_assignment_is_refused() {
        let check = |name: &str, partitions: &[i32], user_data: Option<&'static [u8]>, expected: &str| {
            let assignment = ConsumerProtocolAssignment {
                assigned_partitions: vec![AssignedTopicPartitions {
                    topic: name.to_owned(),
                    partitions: partitions.to_vec(),
                }],
                user_data: user_data.map(Bytes::from_static),
            };
            let read = read_assignment("g", &topic(3), assignment.to_assignment(0).unwrap());
            let error = read.unwrap_err().to_string();
            assert_eq!(
                error,
                format!("the group g was assigned its partitions wrongly: {expected}")
            );
        };
        let one: Option<&'static [u8]> = Some(&[0, 0, 0, 1]);
        check("other", &[0], one, "it names the topic other");
        check("t", &[1, 0, 1], one, "it names partition 1 twice");
        check("t", &[0, 3], one, "there is no partition 3");
        check("t", &[-1], one, "there is no partition -1");
        check("t", &[0], None, "it was made by somebody else");
        check("t", &[0], Some(&[0; 5]), "it was made by somebody else");
        let cut = read_assignment("g", &topic(3), Bytes::from_static(&[0, 0, 0]));
        assert!(
            matches!(cut, Err(ClientError::Assignment { .. })),
            "{:?}",
            cut.map(|_| ())
        );
    }
}
