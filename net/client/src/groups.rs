//! Consumer groups: listing, describing, deleting; their committed offsets.

use std::collections::BTreeMap;
use std::time::Duration;

use corelog_model::{Offset, PartitionIndex};
use corelog_protocol::messages::consumer_protocol::ConsumerProtocolAssignment;
use corelog_protocol::messages::delete_groups::DeleteGroupsRequest;
use corelog_protocol::messages::describe_groups::{
    DescribeGroupsRequest, DescribedGroup, DescribedGroupMember,
};
use corelog_protocol::messages::list_groups::ListGroupsRequest;
use corelog_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use corelog_protocol::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchResponse,
};
use corelog_protocol::{ApiKey, ErrorCode, Message, Reader};

use crate::api_error::ApiError;
use crate::client::{Client, Target};
use crate::error::ClientError;
use crate::topics::Outcomes;

/// From this version OffsetFetch takes many groups.
const FETCH_MANY_GROUPS: i16 = 8;
/// From this version topics of OffsetFetch and OffsetCommit are ids.
const OFFSETS_BY_TOPIC_ID: i16 = 10;

/// A group in a list.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct GroupListing {
    /// Its name.
    pub id: String,
    /// What it does: `consumer`, `connect`; empty if it only holds offsets.
    pub protocol_type: String,
    /// Its state; empty if the broker is too old to say.
    pub state: String,
}

/// A member of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupMember {
    /// Its id, given by the coordinator.
    pub member_id: String,
    /// Its own name, if it is a static member.
    pub instance_id: Option<String>,
    /// Its client's name.
    pub client_id: String,
    /// Where it connects from.
    pub client_host: String,
    /// Its partitions by topic; empty if the group is none of consumers.
    pub assignment: BTreeMap<String, Vec<PartitionIndex>>,
}

/// A group with its members.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupDescription {
    /// Its name.
    pub id: String,
    /// Its state: `Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Dead`.
    pub state: String,
    /// What it does.
    pub protocol_type: String,
    /// How partitions are assigned.
    pub protocol: String,
    /// The members.
    pub members: Vec<GroupMember>,
}

/// An offset that a group committed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommittedOffset {
    /// Where the group goes on.
    pub offset: Offset,
    /// What the consumer noted beside it.
    pub metadata: Option<String>,
}

/// Offsets by topic and partition.
pub type GroupOffsets = BTreeMap<(String, PartitionIndex), CommittedOffset>;

impl Client {
    /// Lists the groups of all brokers, each once, sorted by name.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn list_groups(&mut self) -> Result<Vec<GroupListing>, ClientError> {
        self.retrying(|client| {
            let brokers: Vec<i32> = client.cluster().brokers.keys().copied().collect();
            let mut groups = Vec::new();
            for broker in brokers {
                let response = client.call(&Target::Broker(broker), Duration::ZERO, |_| {
                    ListGroupsRequest::default()
                })?;
                ApiError::check(response.error_code, None)
                    .map_err(|error| ClientError::refused(format!("the groups of broker {broker}"), error))?;
                groups.extend(response.groups.into_iter().map(|group| GroupListing {
                    id: group.group_id,
                    protocol_type: group.protocol_type,
                    state: group.group_state,
                }));
            }
            groups.sort();
            // Nodes that are one process, as with `shard.listeners.port`, all know its groups.
            groups.dedup();
            Ok(groups)
        })
    }

    /// Describes a group. One that does not exist is refused with GROUP_ID_NOT_FOUND, or is `Dead` at older brokers.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn describe_group(&mut self, group: &str) -> Result<GroupDescription, ClientError> {
        self.retrying(|client| {
            let target = Target::Coordinator(group.to_owned());
            let response = client.call(&target, Duration::ZERO, |_| DescribeGroupsRequest {
                groups: vec![group.to_owned()],
                ..DescribeGroupsRequest::default()
            })?;
            let described = response
                .groups
                .first()
                .ok_or_else(|| missing(ApiKey::DescribeGroups, group))?;
            ApiError::check(described.error_code, described.error_message.as_ref())
                .map_err(|error| refused(group, error))?;
            Ok(description(described))
        })
    }

    /// Deletes groups with their offsets; each must be empty.
    ///
    /// # Errors
    /// See [`ClientError`]; what the broker says against single groups is in the result.
    pub fn delete_groups(&mut self, groups: &[String]) -> Result<Outcomes<()>, ClientError> {
        let mut outcomes = BTreeMap::new();
        for group in groups {
            let result = self.retrying(|client| {
                let target = Target::Coordinator(group.clone());
                let response = client.call(&target, Duration::ZERO, |_| DeleteGroupsRequest {
                    groups_names: vec![group.clone()],
                })?;
                let result = response
                    .results
                    .first()
                    .ok_or_else(|| missing(ApiKey::DeleteGroups, group))?;
                ApiError::check(result.error_code, result.error_message.as_ref())
                    .map_err(|error| refused(group, error))
            });
            let outcome = match result {
                Ok(()) => Ok(()),
                Err(ClientError::Refused { source, .. }) => Err(source),
                Err(error) => return Err(error),
            };
            outcomes.insert(group.clone(), outcome);
        }
        Ok(outcomes)
    }

    /// The offsets that a group committed; none if there is no such group.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn group_offsets(&mut self, group: &str) -> Result<GroupOffsets, ClientError> {
        self.retrying(|client| {
            // From version 10 the answer names topics by id: they are learnt from the metadata of all topics.
            client.refresh_all_topics()?;
            let target = Target::Coordinator(group.to_owned());
            let response = client.call(&target, Duration::ZERO, |version| {
                if version >= FETCH_MANY_GROUPS {
                    OffsetFetchRequest {
                        groups: vec![OffsetFetchRequestGroup {
                            group_id: group.to_owned(),
                            topics: None,
                            ..OffsetFetchRequestGroup::default()
                        }],
                        ..OffsetFetchRequest::default()
                    }
                } else {
                    OffsetFetchRequest {
                        group_id: group.to_owned(),
                        topics: None,
                        ..OffsetFetchRequest::default()
                    }
                }
            })?;
            client.committed(group, &response)
        })
    }

    fn committed(&self, group: &str, response: &OffsetFetchResponse) -> Result<GroupOffsets, ClientError> {
        let check = |code: i16| ApiError::check(code, None).map_err(|error| refused(group, error));
        check(response.error_code)?;
        let mut offsets = GroupOffsets::new();
        let mut add = |topic: String, index: i32, offset: i64, metadata: &Option<String>, code: i16| {
            check(code)?;
            if let Some(offset) = Offset::new(offset) {
                let committed = CommittedOffset {
                    offset,
                    metadata: metadata.clone().filter(|text| !text.is_empty()),
                };
                offsets.insert((topic, PartitionIndex::new(index)), committed);
            }
            Ok::<(), ClientError>(())
        };
        for topic in &response.topics {
            for p in &topic.partitions {
                add(
                    topic.name.clone(),
                    p.partition_index,
                    p.committed_offset,
                    &p.metadata,
                    p.error_code,
                )?;
            }
        }
        for answered in &response.groups {
            match ErrorCode::from_code(answered.error_code) {
                // There is no such group, so it committed nothing.
                Some(ErrorCode::GroupIdNotFound) => continue,
                Some(_) | None => check(answered.error_code)?,
            }
            for topic in &answered.topics {
                let name = if topic.name.is_empty() {
                    let known = self
                        .cluster()
                        .topics
                        .values()
                        .find(|known| known.id == topic.topic_id);
                    known.map_or_else(|| topic.topic_id.to_string(), |known| known.name.clone())
                } else {
                    topic.name.clone()
                };
                for p in &topic.partitions {
                    add(
                        name.clone(),
                        p.partition_index,
                        p.committed_offset,
                        &p.metadata,
                        p.error_code,
                    )?;
                }
            }
        }
        Ok(offsets)
    }

    /// Commits offsets for a group from outside: it must have no members.
    ///
    /// # Errors
    /// UNKNOWN_MEMBER_ID if the group has members; else see [`ClientError`].
    pub fn commit_offsets(
        &mut self,
        group: &str,
        offsets: &BTreeMap<(String, PartitionIndex), Offset>,
    ) -> Result<(), ClientError> {
        let mut by_topic: BTreeMap<&str, Vec<(PartitionIndex, Offset)>> = BTreeMap::new();
        for ((topic, partition), offset) in offsets {
            by_topic.entry(topic).or_default().push((*partition, *offset));
        }
        self.retrying(|client| {
            let target = Target::Coordinator(group.to_owned());
            let ids: BTreeMap<&str, _> = by_topic
                .keys()
                .filter_map(|name| Some((*name, client.cluster().topics.get(*name)?.id)))
                .collect();
            let response = client.call(&target, Duration::ZERO, |version| {
                let by_id = version >= OFFSETS_BY_TOPIC_ID;
                let topics = by_topic
                    .iter()
                    .map(|(name, partitions)| OffsetCommitRequestTopic {
                        name: if by_id { String::new() } else { (*name).to_owned() },
                        topic_id: ids.get(name).copied().filter(|_| by_id).unwrap_or_default(),
                        partitions: partitions
                            .iter()
                            .map(|(index, offset)| OffsetCommitRequestPartition {
                                partition_index: index.get(),
                                committed_offset: offset.get(),
                                ..OffsetCommitRequestPartition::default()
                            })
                            .collect(),
                    });
                OffsetCommitRequest {
                    group_id: group.to_owned(),
                    topics: topics.collect(),
                    ..OffsetCommitRequest::default()
                }
            })?;
            for partition in response.topics.iter().flat_map(|topic| &topic.partitions) {
                ApiError::check(partition.error_code, None).map_err(|error| refused(group, error))?;
            }
            Ok(())
        })
    }
}

fn refused(group: &str, error: ApiError) -> ClientError {
    ClientError::refused(format!("group {group}"), error)
}

fn missing(api: ApiKey, group: &str) -> ClientError {
    ClientError::Missing {
        api,
        subject: format!("group {group}"),
    }
}

fn description(group: &DescribedGroup) -> GroupDescription {
    let member = |member: &DescribedGroupMember| GroupMember {
        member_id: member.member_id.clone(),
        instance_id: member.group_instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        assignment: assignment(member),
    };
    GroupDescription {
        id: group.group_id.clone(),
        state: group.group_state.clone(),
        protocol_type: group.protocol_type.clone(),
        protocol: group.protocol_data.clone(),
        members: group.members.iter().map(member).collect(),
    }
}

/// The partitions in a member's assignment: a version, then Kafka's `ConsumerProtocolAssignment`. What is not in that
/// form belongs to another protocol and stays unread.
fn assignment(member: &DescribedGroupMember) -> BTreeMap<String, Vec<PartitionIndex>> {
    let mut reader = Reader::new(member.member_assignment.clone());
    let decoded = reader.i16().and_then(|version| {
        let newest = *ConsumerProtocolAssignment::VERSIONS.end();
        <ConsumerProtocolAssignment as Message>::decode(&mut reader, version.min(newest))
    });
    let Ok(decoded) = decoded else {
        return BTreeMap::new();
    };
    let partitions = |indexes: &[i32]| indexes.iter().copied().map(PartitionIndex::new).collect();
    decoded
        .assigned_partitions
        .iter()
        .map(|topic| (topic.topic.clone(), partitions(&topic.partitions)))
        .collect()
}
