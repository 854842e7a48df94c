//! What several commands ask of a group.

use std::collections::BTreeMap;

use corelog_client::{Client, ClientError, GroupDescription};
use corelog_model::PartitionIndex;
use corelog_protocol::ErrorCode;

use crate::error::CliError;

/// Describes a group that is there.
pub(crate) fn find(client: &mut Client, group: &str) -> Result<Option<GroupDescription>, CliError> {
    match client.describe_group(group) {
        // Brokers before Kafka 4 describe a group that is not there as dead.
        Ok(description) if description.state == "Dead" => Ok(None),
        Ok(description) => Ok(Some(description)),
        Err(ClientError::Refused { source, .. }) if source.code() == Some(ErrorCode::GroupIdNotFound) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses a group that has members: they alone may commit its offsets.
pub(crate) fn check_inactive(client: &mut Client, group: &str) -> Result<(), CliError> {
    match find(client, group)? {
        Some(found) if !matches!(found.state.as_str(), "Empty" | "") => Err(CliError::GroupIsActive {
            group: found.id,
            state: found.state,
        }),
        Some(_) | None => Ok(()),
    }
}

/// Partitions by topic.
pub(crate) fn by_topic(
    keys: impl Iterator<Item = (String, PartitionIndex)>,
) -> BTreeMap<String, Vec<PartitionIndex>> {
    let mut topics: BTreeMap<String, Vec<PartitionIndex>> = BTreeMap::new();
    for (topic, partition) in keys {
        topics.entry(topic).or_default().push(partition);
    }
    topics
}
