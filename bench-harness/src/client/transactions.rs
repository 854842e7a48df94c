//! A transactional id and its coordinator: the producer's id, and the ends of its transactions.

use corelog_model::batch::BatchProducer;
use corelog_model::{ProducerEpoch, ProducerId};
use corelog_protocol::ApiKey;
use corelog_protocol::messages::end_txn::EndTxnRequest;
use corelog_protocol::messages::init_producer_id::InitProducerIdRequest;
use corelog_runtime::Handle;

use super::{
    BrokerConnection, ClientError, Cluster, CoordinatorOf, SETUP_INTERVAL, SETUP_WAIT, Versions,
    is_retriable, open_coordinator, refuse,
};

/// The feature whose finalized level says how transactions are written.
const FEATURE: &str = "transaction.version";
/// From this level on Produce adds its partitions, and EndTxn answers the next epoch (KIP-890).
const LEVEL: i16 = 2;
/// The first version of EndTxn that does.
const END_TXN: i16 = 5;
/// The first version of Produce that adds its partitions to the transaction.
const PRODUCE: i16 = 12;
/// The last version of InitProducerId without two-phase commits.
const INIT_PRODUCER_ID: i16 = 5;

/// A transactional id at its coordinator.
pub struct TransactionalId {
    id: String,
    connection: BrokerConnection,
    producer: BatchProducer,
}

impl TransactionalId {
    /// Finds the coordinator and takes a producer id. Whatever may pass is waited for, a minute long.
    ///
    /// # Errors
    /// `TransactionVersion` if the target has no transactions of KIP-890's second part; those of a connection.
    pub async fn open(
        handle: &Handle,
        cluster: &Cluster,
        id: String,
        timeout_ms: i32,
    ) -> Result<TransactionalId, ClientError> {
        let mut connection = open_coordinator(handle, cluster, CoordinatorOf::Transaction(&id)).await?;
        check_version(connection.versions())?;
        let producer = init_producer_id(handle, &mut connection, Some(id.clone()), timeout_ms).await?;
        Ok(TransactionalId {
            id,
            connection,
            producer,
        })
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The producer's id and its epoch, which another transaction may change.
    pub fn producer(&self) -> BatchProducer {
        self.producer
    }

    /// Asks once to commit the transaction under way; tells the error code of the answer.
    ///
    /// # Errors
    /// Those of a connection.
    pub async fn commit(&mut self) -> Result<i16, ClientError> {
        let request = EndTxnRequest {
            transactional_id: self.id.clone(),
            producer_id: self.producer.id.get(),
            producer_epoch: self.producer.epoch.get(),
            committed: true,
        };
        let response = self.connection.call(&request).await?;
        if response.error_code == 0 {
            self.producer = producer(response.producer_id, response.producer_epoch);
        }
        Ok(response.error_code)
    }
}

/// Whether a target with these versions has transactions as they are written here.
///
/// # Errors
/// `TransactionVersion`.
fn check_version(versions: &Versions) -> Result<(), ClientError> {
    let found = versions.features().get(FEATURE).copied().unwrap_or(0);
    let has_apis = [(ApiKey::EndTxn, END_TXN), (ApiKey::Produce, PRODUCE)]
        .into_iter()
        .all(|(api, least)| versions.pick(api).is_ok_and(|version| version >= least));
    if found >= LEVEL && has_apis {
        Ok(())
    } else {
        Err(ClientError::TransactionVersion { found })
    }
}

/// Takes a producer id; a broker that has just started may have to be asked again.
///
/// # Errors
/// `Refused` after a minute, or at once if asking again is no use; those of a connection.
pub async fn init_producer_id(
    handle: &Handle,
    connection: &mut BrokerConnection,
    transactional_id: Option<String>,
    timeout_ms: i32,
) -> Result<BatchProducer, ClientError> {
    let request = InitProducerIdRequest {
        transactional_id,
        transaction_timeout_ms: timeout_ms,
        ..InitProducerIdRequest::default()
    };
    let version = connection
        .versions()
        .pick_to(ApiKey::InitProducerId, INIT_PRODUCER_ID)?;
    let deadline = handle.clock.now() + SETUP_WAIT;
    loop {
        let response = connection.call_as(&request, version).await?;
        let now = handle.clock.now();
        if is_retriable(response.error_code) && now < deadline {
            handle.clock.sleep_until(now + SETUP_INTERVAL).await;
            continue;
        }
        refuse("InitProducerId", response.error_code)?;
        return Ok(producer(response.producer_id, response.producer_epoch));
    }
}

fn producer(id: i64, epoch: i16) -> BatchProducer {
    BatchProducer {
        id: ProducerId::new(id),
        epoch: ProducerEpoch::new(epoch),
        base_sequence: None,
    }
}

#[cfg(test)]
mod tests {
    use corelog_protocol::messages::api_versions::{ApiVersion, ApiVersionsResponse, FinalizedFeatureKey};

    use super::*;

    #[test]
    fn only_the_second_version_is_spoken() {
        let check = |level: Option<i16>, end_txn, expected: bool| {
            let range = |api: ApiKey, max_version| ApiVersion {
                api_key: api.key(),
                min_version: 0,
                max_version,
            };
            let response = ApiVersionsResponse {
                api_keys: vec![range(ApiKey::EndTxn, end_txn), range(ApiKey::Produce, 12)],
                finalized_features: level
                    .map(|level| FinalizedFeatureKey {
                        name: String::from(FEATURE),
                        max_version_level: level,
                        min_version_level: level,
                    })
                    .into_iter()
                    .collect(),
                ..ApiVersionsResponse::default()
            };
            let found = check_version(&Versions::from(&response));
            assert_eq!(found.is_ok(), expected, "{level:?} {end_txn}");
        };
        check(Some(2), 5, true);
        check(Some(1), 5, false);
        check(None, 5, false);
        check(Some(2), 4, false);
    }
}
