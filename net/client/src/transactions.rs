//! Transactions: listing and describing transactional ids, the producers of partitions, and the end of what hangs (KIP-664).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use corelog_model::{Offset, PartitionIndex, TimestampMs};
use corelog_protocol::messages::describe_producers::{DescribeProducersRequest, ProducerState, TopicRequest};
use corelog_protocol::messages::describe_transactions::{DescribeTransactionsRequest, TransactionState};
use corelog_protocol::messages::init_producer_id::InitProducerIdRequest;
use corelog_protocol::messages::list_transactions::ListTransactionsRequest;
use corelog_protocol::messages::write_txn_markers::{
    WritableTxnMarker, WritableTxnMarkerTopic, WriteTxnMarkersRequest,
};
use corelog_protocol::{ApiKey, ErrorCode};

use crate::api_error::ApiError;
use crate::client::{Client, Target};
use crate::error::ClientError;

/// Partitions that one DescribeProducers asks for at most, as in Kafka's tool.
const PARTITIONS_MAX: usize = 500;
/// The transaction timeout of a producer that is only there to fence the one before it.
const FENCE_TIMEOUT_MS: i32 = 60_000;

/// A partition, by the name of its topic.
pub type TopicPartition = (String, PartitionIndex);

/// Which transactional ids to list; the default is all.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct TransactionFilters {
    /// In one of these states, if there are any.
    pub states: Vec<String>,
    /// With one of these producer ids, if there are any.
    pub producer_ids: Vec<i64>,
    /// Whose last transaction began longer ago than this, complete or not (ListTransactions from version 1).
    pub longer_than: Option<Duration>,
    /// Whose name this regular expression matches as a whole (ListTransactions from version 2).
    pub pattern: Option<String>,
}

/// A transactional id in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionListing {
    /// Its name.
    pub transactional_id: String,
    /// The node that listed it. Of nodes that are one process, as with `shard.listeners.port`, the first.
    pub coordinator: i32,
    /// The id of its producer.
    pub producer_id: i64,
    /// Its state.
    pub state: String,
}

/// Where a transactional id stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionDescription {
    /// Its name.
    pub transactional_id: String,
    /// The node that coordinates it.
    pub coordinator: i32,
    /// Its state: `Empty`, `Ongoing`, `PrepareCommit`, `PrepareAbort`, `CompleteCommit`, `CompleteAbort`.
    pub state: String,
    /// How long a transaction of it may take.
    pub timeout_ms: i32,
    /// When its last transaction began, by its coordinator's clock.
    pub start: Option<TimestampMs>,
    /// The id of its producer.
    pub producer_id: i64,
    /// The epoch of its producer.
    pub producer_epoch: i16,
    /// The partitions of an ongoing transaction; of a decided one those that have no marker yet.
    pub partitions: BTreeSet<TopicPartition>,
}

/// A producer that a partition remembers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartitionProducer {
    /// Its id.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i32,
    /// The epoch of the coordinator that wrote its last marker there; `None` if there was none.
    pub coordinator_epoch: Option<i32>,
    /// The sequence of its last record; `None` if there was none in this epoch.
    pub last_sequence: Option<i32>,
    /// The timestamp of its last record or marker.
    pub last_timestamp: TimestampMs,
    /// The first offset of its open transaction.
    pub transaction_start: Option<Offset>,
}

/// Producers by partition, or why the partition's leader does not tell them.
pub type PartitionProducers = BTreeMap<TopicPartition, Result<Vec<PartitionProducer>, ApiError>>;

/// The end of a transaction that is written into one partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AbortMarker {
    /// The partition.
    pub partition: TopicPartition,
    /// The id of the transaction's producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// The epoch to write as its coordinator; one below that of the last marker is refused.
    pub coordinator_epoch: i32,
}

impl Client {
    /// Lists the transactional ids of all brokers, each once, sorted by name. A state that a broker does not know matches
    /// nothing there.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn list_transactions(
        &mut self,
        filters: &TransactionFilters,
    ) -> Result<Vec<TransactionListing>, ClientError> {
        self.retrying(|client| {
            let brokers: Vec<i32> = client.cluster().brokers.keys().copied().collect();
            let mut listings = BTreeMap::new();
            for broker in brokers {
                let response = client.call(&Target::Broker(broker), Duration::ZERO, |_| {
                    ListTransactionsRequest {
                        state_filters: filters.states.clone(),
                        producer_id_filters: filters.producer_ids.clone(),
                        duration_filter: filters.longer_than.map_or(-1, |duration| {
                            i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
                        }),
                        transactional_id_pattern: filters.pattern.clone(),
                    }
                })?;
                ApiError::check(response.error_code, None).map_err(|error| {
                    ClientError::refused(format!("the transactions of broker {broker}"), error)
                })?;
                for listed in response.transaction_states {
                    listings
                        .entry(listed.transactional_id.clone())
                        .or_insert(TransactionListing {
                            transactional_id: listed.transactional_id,
                            coordinator: broker,
                            producer_id: listed.producer_id,
                            state: listed.transaction_state,
                        });
                }
            }
            Ok(listings.into_values().collect())
        })
    }

    /// Describes a transactional id.
    ///
    /// # Errors
    /// TRANSACTIONAL_ID_NOT_FOUND if there is none; else see [`ClientError`].
    pub fn describe_transaction(
        &mut self,
        transactional_id: &str,
    ) -> Result<TransactionDescription, ClientError> {
        self.retrying(|client| {
            let coordinator = client.transaction_coordinator(transactional_id)?;
            let target = Target::TransactionCoordinator(transactional_id.to_owned());
            let response = client.call(&target, Duration::ZERO, |_| DescribeTransactionsRequest {
                transactional_ids: vec![transactional_id.to_owned()],
            })?;
            let described = response.transaction_states.into_iter().next();
            let described = described.ok_or_else(|| ClientError::Missing {
                api: ApiKey::DescribeTransactions,
                subject: subject_of_id(transactional_id),
            })?;
            ApiError::check(described.error_code, None)
                .map_err(|error| ClientError::refused(subject_of_id(transactional_id), error))?;
            Ok(description(coordinator, described))
        })
    }

    /// Asks for the producers of partitions: their leaders, or the broker of that node id. The topics' metadata must be
    /// known.
    ///
    /// # Errors
    /// See [`ClientError`]; what is said against single partitions is in the result.
    pub fn describe_producers(
        &mut self,
        partitions: &[TopicPartition],
        broker: Option<i32>,
    ) -> Result<PartitionProducers, ClientError> {
        self.retrying(|client| {
            let mut producers = PartitionProducers::new();
            let mut by_broker: BTreeMap<i32, Vec<&TopicPartition>> = BTreeMap::new();
            for partition in partitions {
                match broker.map_or_else(|| client.cluster().leader(&partition.0, partition.1), Ok) {
                    Ok(broker) => by_broker.entry(broker).or_default().push(partition),
                    Err(ClientError::NoLeader { .. }) => {
                        let error = ApiError::check(ErrorCode::LeaderNotAvailable.code(), None);
                        producers.insert(partition.clone(), error.map(|()| Vec::new()));
                    }
                    Err(error) => return Err(error),
                }
            }
            for (broker, partitions) in by_broker {
                for some in partitions.chunks(PARTITIONS_MAX) {
                    client.describe_producers_at(broker, some, &mut producers)?;
                }
            }
            Ok(producers)
        })
    }

    fn describe_producers_at(
        &mut self,
        broker: i32,
        partitions: &[&TopicPartition],
        producers: &mut PartitionProducers,
    ) -> Result<(), ClientError> {
        let mut topics: Vec<TopicRequest> = Vec::new();
        for (topic, partition) in partitions {
            match topics.last_mut() {
                Some(last) if last.name == *topic => last.partition_indexes.push(partition.get()),
                _ => topics.push(TopicRequest {
                    name: topic.clone(),
                    partition_indexes: vec![partition.get()],
                }),
            }
        }
        let response = self.call(&Target::Broker(broker), Duration::ZERO, |_| {
            DescribeProducersRequest { topics }
        })?;
        for topic in response.topics {
            for answer in topic.partitions {
                let partition = PartitionIndex::new(answer.partition_index);
                let checked = ApiError::check(answer.error_code, answer.error_message.as_ref());
                let told = checked.map(|()| answer.active_producers.iter().map(producer).collect());
                if answer.error_code == ErrorCode::NotLeaderOrFollower.code()
                    && let Err(error) = told
                {
                    // Another one leads it by now.
                    let subject = subject_of_partition(&topic.name, partition);
                    return Err(ClientError::refused(subject, error));
                }
                producers.insert((topic.name.clone(), partition), told);
            }
        }
        for (topic, partition) in partitions {
            if !producers.contains_key(&(topic.clone(), *partition)) {
                return Err(ClientError::Missing {
                    api: ApiKey::DescribeProducers,
                    subject: subject_of_partition(topic, *partition),
                });
            }
        }
        Ok(())
    }

    /// Ends a producer's transaction in one partition, as aborted, whatever its coordinator knows of it. The topic's metadata
    /// must be known.
    ///
    /// # Errors
    /// INVALID_PRODUCER_EPOCH if the partition has seen a later epoch of the producer, TRANSACTION_COORDINATOR_FENCED if it has
    /// a marker of a later coordinator; else see [`ClientError`].
    pub fn abort_in_partition(&mut self, marker: &AbortMarker) -> Result<(), ClientError> {
        let (topic, partition) = &marker.partition;
        let subject = || subject_of_partition(topic, *partition);
        self.retrying(|client| {
            let leader = client.cluster().leader(topic, *partition)?;
            let response = client.call(&Target::Broker(leader), Duration::ZERO, |_| {
                WriteTxnMarkersRequest {
                    markers: vec![WritableTxnMarker {
                        producer_id: marker.producer_id,
                        producer_epoch: marker.producer_epoch,
                        transaction_result: false,
                        topics: vec![WritableTxnMarkerTopic {
                            name: topic.clone(),
                            partition_indexes: vec![partition.get()],
                        }],
                        coordinator_epoch: marker.coordinator_epoch,
                        ..WritableTxnMarker::default()
                    }],
                }
            })?;
            let mut topics = response.markers.iter().flat_map(|marker| &marker.topics);
            let result = topics
                .find(|found| found.name == *topic)
                .and_then(|found| found.partitions.first())
                .ok_or_else(|| ClientError::Missing {
                    api: ApiKey::WriteTxnMarkers,
                    subject: subject(),
                })?;
            ApiError::check(result.error_code, None).map_err(|error| ClientError::refused(subject(), error))
        })
    }

    /// Aborts what a transactional id has open, and fences its producer: as a new producer with that id would. Returns the
    /// producer's id and its new epoch.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn fence_producer(&mut self, transactional_id: &str) -> Result<(i64, i16), ClientError> {
        self.retrying(|client| {
            let target = Target::TransactionCoordinator(transactional_id.to_owned());
            let response = client.call(&target, Duration::ZERO, |_| InitProducerIdRequest {
                transactional_id: Some(transactional_id.to_owned()),
                transaction_timeout_ms: FENCE_TIMEOUT_MS,
                ..InitProducerIdRequest::default()
            })?;
            ApiError::check(response.error_code, None)
                .map_err(|error| ClientError::refused(subject_of_id(transactional_id), error))?;
            Ok((response.producer_id, response.producer_epoch))
        })
    }
}

fn subject_of_id(transactional_id: &str) -> String {
    format!("transactional id {transactional_id}")
}

fn subject_of_partition(topic: &str, partition: PartitionIndex) -> String {
    format!("partition {partition} of topic {topic}")
}

fn description(coordinator: i32, state: TransactionState) -> TransactionDescription {
    let partitions = state.topics.iter().flat_map(|topic| {
        let indexes = topic.partitions.iter().copied().map(PartitionIndex::new);
        indexes.map(|partition| (topic.topic.clone(), partition))
    });
    TransactionDescription {
        coordinator,
        timeout_ms: state.transaction_timeout_ms,
        start: Some(state.transaction_start_time_ms)
            .filter(|start| *start >= 0)
            .map(TimestampMs::new),
        producer_id: state.producer_id,
        producer_epoch: state.producer_epoch,
        partitions: partitions.collect(),
        transactional_id: state.transactional_id,
        state: state.transaction_state,
    }
}

fn producer(state: &ProducerState) -> PartitionProducer {
    let known = |number: i32| Some(number).filter(|number| *number >= 0);
    PartitionProducer {
        producer_id: state.producer_id,
        producer_epoch: state.producer_epoch,
        coordinator_epoch: known(state.coordinator_epoch),
        last_sequence: known(state.last_sequence),
        last_timestamp: TimestampMs::new(state.last_timestamp),
        transaction_start: Offset::new(state.current_txn_start_offset),
    }
}
