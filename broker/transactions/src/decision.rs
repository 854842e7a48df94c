//! What is to become of a request, without doing it: one function an API, from the state of its transactional id.

use corelog_model::{ProducerEpoch, ProducerId, TimestampMs};

use crate::metadata::Metadata;
use crate::transaction::Transaction;
use crate::{
    Partitions, ProducerIdAndEpoch, Response, TransactionConfig, TransactionError, TransactionLogValue,
    TransactionResult, TransactionState, TransactionVersion, TransactionalId,
};

/// The last epoch that a client may have: the one above it is left for the coordinator to fence with.
const EPOCH_LAST: i16 = i16::MAX - 1;

/// What is to become of a request.
#[derive(Debug)]
pub(crate) enum Decision {
    /// It is refused; `ConcurrentTransactions` may wait instead.
    Refuse(TransactionError),
    /// It is answered from what is durable.
    Answer(Response),
    /// A fresh producer id is needed to decide.
    NeedProducerId,
    /// The id takes this state; the answer follows when it is durable.
    Append(TransactionLogValue),
}

/// What a decision may depend upon besides the transactional id.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) config: &'a TransactionConfig,
    pub(crate) now: TimestampMs,
    /// A producer id that nobody has had, if one was asked for.
    pub(crate) fresh: Option<ProducerId>,
}

/// A transactional id that is there, and of which nothing is under way.
#[derive(Clone, Copy)]
pub(crate) struct Settled<'a> {
    pub(crate) metadata: &'a Metadata,
    /// The durable producer, with the epoch that a request has to have.
    pub(crate) producer: ProducerIdAndEpoch,
    /// Whether that epoch was raised by a fence whose record failed.
    pub(crate) is_fence_left: bool,
}

impl Settled<'_> {
    pub(crate) fn new<'a>(transaction: &'a Transaction, metadata: &'a Metadata) -> Settled<'a> {
        Settled {
            metadata,
            producer: ProducerIdAndEpoch {
                epoch: transaction.effective_epoch(metadata),
                ..metadata.producer()
            },
            is_fence_left: transaction.fenced_epoch().is_some(),
        }
    }

    /// What is durable with the changes that every transition has, and without partitions.
    pub(crate) fn next(&self, state: TransactionState, now: TimestampMs) -> TransactionLogValue {
        TransactionLogValue {
            previous_producer_id: Some(self.producer.producer_id),
            producer_epoch: self.producer.epoch,
            state,
            last_update: now,
            ..self.metadata.value_with(Partitions::default())
        }
    }
}

/// Whether a producer id may have no further epoch for its client (Kafka's `TransactionMetadata.isEpochExhausted`).
pub(crate) fn is_exhausted(producer: ProducerIdAndEpoch) -> bool {
    producer.epoch.get() >= EPOCH_LAST
}

/// Whether `producer` is what a client had before the coordinator gave it a new producer id with the end of a transaction.
pub(crate) fn is_from_before_rotation(settled: &Settled<'_>, producer: ProducerIdAndEpoch) -> bool {
    settled.metadata.previous_producer_id() == Some(producer.producer_id)
        && producer.epoch.get() == EPOCH_LAST
        && settled.producer.epoch == ProducerEpoch::new(0)
}

/// The same producer with the next epoch. Above the last one there is none: it stays (KAFKA-20090).
pub(crate) fn raised(producer: ProducerIdAndEpoch) -> ProducerIdAndEpoch {
    ProducerIdAndEpoch {
        epoch: ProducerEpoch::new(producer.epoch.get().saturating_add(1)),
        ..producer
    }
}

pub(crate) fn check_id(transactional_id: &TransactionalId) -> Result<(), TransactionError> {
    match transactional_id.as_str().len() {
        1..=TransactionalId::SIZE_MAX => Ok(()),
        _ => Err(TransactionError::InvalidRequest),
    }
}

/// The decision to end the transaction (Kafka's `prepareAbortOrCommit`). Under V2 it raises the epoch, and when that was
/// the client's last one the completion changes the producer id, also when a producer is fenced (KAFKA-20090).
pub(crate) fn end(
    settled: &Settled<'_>,
    result: TransactionResult,
    version: TransactionVersion,
    around: Circumstances<'_>,
) -> Decision {
    let producer = settled.producer;
    let value = settled.next(TransactionState::prepared(result), around.now);
    let start = match settled.metadata.state() {
        // What ends here never began.
        TransactionState::Empty | TransactionState::CompleteCommit | TransactionState::CompleteAbort => {
            Some(around.now)
        }
        _ => value.start,
    };
    let mut value = TransactionLogValue {
        start,
        partitions: settled.metadata.partitions().clone(),
        next_producer_id: None,
        client_version: version,
        ..value
    };
    if version.raises_epoch() {
        if is_exhausted(producer) {
            let Some(fresh) = around.fresh else {
                return Decision::NeedProducerId;
            };
            value.next_producer_id = Some(fresh);
        }
        value.producer_epoch = raised(producer).epoch;
        value.last_producer_epoch = Some(producer.epoch);
    }
    Decision::Append(value)
}

/// Aborts an ongoing transaction by the coordinator's own decision, so that its producer is fenced: by the epoch that V2
/// raises with each end, and only by that (KAFKA-19367), or by one that is raised for the purpose.
pub(crate) fn fence(settled: &Settled<'_>, around: Circumstances<'_>) -> Decision {
    let version = around.config.transaction_version;
    if version.raises_epoch() {
        return end(settled, TransactionResult::Abort, version, around);
    }
    let producer = if settled.is_fence_left {
        settled.producer
    } else {
        raised(settled.producer)
    };
    Decision::Append(TransactionLogValue {
        producer_epoch: producer.epoch,
        last_producer_epoch: None,
        next_producer_id: None,
        partitions: settled.metadata.partitions().clone(),
        client_version: TransactionVersion::V0,
        ..settled.next(TransactionState::PrepareAbort, around.now)
    })
}

/// The end of a transaction whose markers are written (Kafka's `prepareComplete`); `None` if nothing was decided.
pub(crate) fn completed(decided: &TransactionLogValue, now: TimestampMs) -> Option<TransactionLogValue> {
    let result = decided.state.decided()?;
    let (producer_id, producer_epoch) = match decided.next_producer_id {
        Some(next) if decided.client_version.raises_epoch() => (next, ProducerEpoch::new(0)),
        _ => (decided.producer_id, decided.producer_epoch),
    };
    Some(TransactionLogValue {
        producer_id,
        previous_producer_id: Some(decided.producer_id),
        next_producer_id: None,
        producer_epoch,
        state: TransactionState::completed(result),
        partitions: Partitions::default(),
        last_update: now,
        last_producer_epoch: decided.last_producer_epoch,
        timeout_ms: decided.timeout_ms,
        start: decided.start,
        client_version: decided.client_version,
    })
}
