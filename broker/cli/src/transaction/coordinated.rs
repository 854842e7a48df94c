//! What coordinators know of transactions.

use std::collections::BTreeSet;

use corelog_client::{Client, ClientError, TopicPartition, TransactionDescription, TransactionFilters};
use corelog_protocol::ErrorCode;

use crate::error::CliError;

/// Describes a transactional id that is there.
pub(super) fn find(client: &mut Client, id: &str) -> Result<Option<TransactionDescription>, CliError> {
    match client.describe_transaction(id) {
        Ok(description) => Ok(Some(description)),
        Err(ClientError::Refused { source, .. })
            if source.code() == Some(ErrorCode::TransactionalIdNotFound) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The transactional ids of producers, described. A producer of none is not among them.
pub(super) fn of_producers(
    client: &mut Client,
    producer_ids: BTreeSet<i64>,
) -> Result<Vec<TransactionDescription>, CliError> {
    if producer_ids.is_empty() {
        // No filter would list all.
        return Ok(Vec::new());
    }
    let filters = TransactionFilters {
        producer_ids: producer_ids.into_iter().collect(),
        ..TransactionFilters::default()
    };
    let mut descriptions = Vec::new();
    for listing in client.list_transactions(&filters)? {
        descriptions.extend(find(client, &listing.transactional_id)?);
    }
    Ok(descriptions)
}

/// The transactional id that has a transaction of this producer open in the partition, so that its coordinator ends it.
pub(super) fn who_ends<'a>(
    descriptions: &'a [TransactionDescription],
    producer_id: i64,
    partition: &TopicPartition,
) -> Option<&'a TransactionDescription> {
    descriptions.iter().find(|description| {
        description.producer_id == producer_id && description.partitions.contains(partition)
    })
}
