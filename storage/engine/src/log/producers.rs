//! What a log remembers of its producers (KIP-98; Kafka's `ProducerStateManager` and `ProducerAppendInfo`).
//!
//! A batch that was appended before is recognized among the last five of its producer. A new epoch starts at sequence
//! zero. A producer that is not known may begin anywhere. A transaction of a producer is open from its first record to its
//! marker.

use std::collections::VecDeque;

use corelog_model::batch::BatchHeader;
use corelog_model::{Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use corelog_records::EndMarker;

use super::transactions::{EndedTransaction, TransactionStep};
use crate::errors::AppendError;
use crate::format::v1::{ProducerBatchV1, ProducerV1};
use crate::format::v3::ProducerV3;
use crate::hash::Map;
use crate::types::{ActiveProducer, AppendOrigin};

/// No coordinator has ended a transaction of the producer.
const NO_COORDINATOR_EPOCH: i32 = -1;

/// How many batches of a producer are remembered.
pub(crate) const BATCHES_REMEMBERED: usize = 5;

/// One remembered batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ProducedBatch {
    pub(crate) first_sequence: Sequence,
    pub(crate) last_sequence: Sequence,
    pub(crate) first_offset: Offset,
    pub(crate) last_offset: Offset,
    pub(crate) timestamp: TimestampMs,
}

/// One producer.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Producer {
    epoch: ProducerEpoch,
    last_timestamp: TimestampMs,
    /// When it last appended, by the broker's clock: its records may have no timestamp, or an old one.
    last_append: TimestampMs,
    batches: VecDeque<ProducedBatch>,
    coordinator_epoch: i32,
    /// The first offset of its open transaction.
    transaction_first: Option<Offset>,
}

impl Producer {
    fn new(epoch: ProducerEpoch, now: TimestampMs) -> Producer {
        Producer {
            epoch,
            last_timestamp: now,
            last_append: now,
            batches: VecDeque::new(),
            coordinator_epoch: NO_COORDINATOR_EPOCH,
            transaction_first: None,
        }
    }

    fn set_epoch(&mut self, epoch: ProducerEpoch) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batches.clear();
        }
    }
}

/// What the table says to a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It may be appended.
    New,
    /// It was appended before.
    Duplicate(ProducedBatch),
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProducerTable {
    producers: Map<ProducerId, Producer>,
}

impl ProducerTable {
    /// Judges a batch; nothing is changed.
    pub(crate) fn check(&self, header: &BatchHeader) -> Result<Verdict, AppendError> {
        let Some(sender) = header.producer else {
            return Ok(Verdict::New);
        };
        let Some(known) = self.producers.get(&sender.id) else {
            return Ok(Verdict::New);
        };
        if let (Some(first), Some(last)) = (sender.base_sequence, header.last_sequence())
            && sender.epoch == known.epoch
            && let Some(batch) = known
                .batches
                .iter()
                .find(|batch| batch.first_sequence == first && batch.last_sequence == last)
        {
            return Ok(Verdict::Duplicate(*batch));
        }
        if sender.epoch < known.epoch {
            return Err(AppendError::InvalidProducerEpoch {
                producer: sender.id,
                found: sender.epoch,
                current: known.epoch,
            });
        }
        let Some(first) = sender.base_sequence else {
            return Ok(Verdict::New);
        };
        let last = known.batches.back().map(|batch| batch.last_sequence);
        let expected = match last {
            Some(last) if sender.epoch == known.epoch => last.advance(1),
            Some(_) | None => Sequence::default(),
        };
        if first != expected {
            return Err(AppendError::OutOfOrderSequence {
                producer: sender.id,
                found: first.get(),
                last: last.map(Sequence::get),
            });
        }
        if known.transaction_first.is_some() && !header.is_transactional {
            return Err(AppendError::InvalidTransactionState { producer: sender.id });
        }
        Ok(Verdict::New)
    }

    /// Judges the marker of a coordinator (Kafka's `ProducerAppendInfo.appendEndTxnMarker`); nothing is changed.
    pub(crate) fn check_marker(
        &self,
        header: &BatchHeader,
        marker: EndMarker,
        raises_epoch: bool,
    ) -> Result<(), AppendError> {
        let Some(sender) = header.producer else {
            return Ok(());
        };
        let Some(known) = self.producers.get(&sender.id) else {
            return Ok(());
        };
        // One of the epoch that is known, with nothing open, is a repeated one: the answer to the first was lost, or the
        // coordinator has been started again (KAFKA-19999). The last epoch of all cannot be raised.
        let is_repeated = sender.epoch == known.epoch
            && (known.transaction_first.is_none() || sender.epoch.get() == i16::MAX);
        let is_late = raises_epoch && sender.epoch == known.epoch && !is_repeated;
        if sender.epoch < known.epoch || is_late {
            return Err(AppendError::InvalidProducerEpoch {
                producer: sender.id,
                found: sender.epoch,
                current: known.epoch,
            });
        }
        if marker.coordinator_epoch < known.coordinator_epoch {
            return Err(AppendError::CoordinatorFenced {
                producer: sender.id,
                found: marker.coordinator_epoch,
                current: known.coordinator_epoch,
            });
        }
        Ok(())
    }

    /// Judges a batch of whoever appends; nothing is changed.
    pub(crate) fn check_from(
        &self,
        header: &BatchHeader,
        marker: Option<EndMarker>,
        origin: AppendOrigin,
    ) -> Result<Verdict, AppendError> {
        match (origin, marker) {
            (AppendOrigin::Marker { raises_epoch }, Some(marker)) => {
                self.check_marker(header, marker, raises_epoch)?;
                Ok(Verdict::New)
            }
            _ => self.check(header),
        }
    }

    /// Records a batch that was appended, or is read back, at `first_offset` and at the time `now`; a control batch that ends
    /// a transaction with what its `marker` says.
    pub(crate) fn record(
        &mut self,
        header: &BatchHeader,
        marker: Option<EndMarker>,
        first_offset: Offset,
        timestamp: TimestampMs,
        now: TimestampMs,
    ) -> TransactionStep {
        let Some(sender) = header.producer else {
            return TransactionStep::None;
        };
        let known = self
            .producers
            .entry(sender.id)
            .or_insert_with(|| Producer::new(sender.epoch, now));
        known.set_epoch(sender.epoch);
        known.last_timestamp = timestamp;
        known.last_append = now;
        if header.is_control {
            let Some(marker) = marker else {
                return TransactionStep::None;
            };
            known.coordinator_epoch = marker.coordinator_epoch;
            let first = known.transaction_first.take();
            return first.map_or(TransactionStep::None, |first| {
                TransactionStep::Ends(EndedTransaction {
                    producer: sender.id,
                    first,
                    last: first_offset,
                    result: marker.result,
                })
            });
        }
        if let (Some(first_sequence), Some(last_sequence)) = (sender.base_sequence, header.last_sequence()) {
            if known.batches.len() == BATCHES_REMEMBERED {
                known.batches.pop_front();
            }
            known.batches.push_back(ProducedBatch {
                first_sequence,
                last_sequence,
                first_offset,
                last_offset: first_offset + header.last_offset_delta,
                timestamp,
            });
        }
        if header.is_transactional && known.transaction_first.is_none() {
            known.transaction_first = Some(first_offset);
            return TransactionStep::Begins(sender.id);
        }
        TransactionStep::None
    }

    /// The transactions that are open: the first offset of each, and whose it is.
    pub(crate) fn open_transactions(&self) -> impl Iterator<Item = (Offset, ProducerId)> {
        let producers = self.producers.iter();
        producers.filter_map(|(id, producer)| Some((producer.transaction_first?, *id)))
    }

    /// The first offset of the producer's open transaction, if it is of this epoch.
    pub(crate) fn open_transaction(&self, id: ProducerId, epoch: ProducerEpoch) -> Option<Offset> {
        let known = self.producers.get(&id).filter(|known| known.epoch == epoch)?;
        known.transaction_first
    }

    /// Whether a batch of the log is the one that its producer is known by: its last one with records, or the marker of its
    /// epoch if it has none (Kafka's `UnifiedLog.lastRecordsOfActiveProducers`).
    pub(crate) fn is_known_by(&self, header: &BatchHeader) -> bool {
        let Some(sender) = header.producer else {
            return false;
        };
        let Some(known) = self.producers.get(&sender.id) else {
            return false;
        };
        match known.batches.back() {
            Some(last) => last.last_offset == header.last_offset(),
            None => header.is_control && known.epoch == sender.epoch,
        }
    }

    /// Forgets the batches at or after `end`, and whose batches are all there.
    pub(crate) fn truncate_from_end(&mut self, end: Offset) {
        self.producers.retain(|_, producer| {
            producer.transaction_first = producer.transaction_first.filter(|first| *first < end);
            let had_any = !producer.batches.is_empty();
            producer.batches.retain(|batch| batch.last_offset < end);
            !had_any || !producer.batches.is_empty() || producer.transaction_first.is_some()
        });
    }

    /// Forgets who was silent for `expiration_ms` and has no open transaction. Kafka goes by the timestamps alone, and so forgets at once who sends
    /// old ones.
    pub(crate) fn expire(&mut self, now: TimestampMs, expiration_ms: i64) {
        self.producers.retain(|_, producer| {
            let last = producer.last_timestamp.max(producer.last_append);
            producer.transaction_first.is_some() || now.get().saturating_sub(last.get()) < expiration_ms
        });
    }

    /// The producers by id.
    pub(crate) fn active(&self) -> Vec<ActiveProducer> {
        let mut all: Vec<ActiveProducer> = self
            .producers
            .iter()
            .map(|(&id, producer)| ActiveProducer {
                id,
                epoch: producer.epoch,
                last_sequence: producer.batches.back().map(|batch| batch.last_sequence),
                last_timestamp: producer.last_timestamp,
                coordinator_epoch: producer.coordinator_epoch,
                transaction_first: producer.transaction_first,
            })
            .collect();
        all.sort_unstable_by_key(|producer| producer.id);
        all
    }

    /// The persisted form, by id.
    pub(crate) fn to_v1(&self) -> Vec<ProducerV1> {
        let mut all: Vec<ProducerV1> = self
            .producers
            .iter()
            .map(|(id, producer)| ProducerV1 {
                id: id.get(),
                epoch: producer.epoch.get(),
                last_timestamp: producer.last_timestamp.get(),
                batches: producer
                    .batches
                    .iter()
                    .map(|batch| ProducerBatchV1 {
                        first_sequence: batch.first_sequence.get(),
                        last_sequence: batch.last_sequence.get(),
                        first_offset: batch.first_offset.get(),
                        last_offset: batch.last_offset.get(),
                        timestamp: batch.timestamp.get(),
                    })
                    .collect(),
            })
            .collect();
        all.sort_unstable_by_key(|producer| producer.id);
        all
    }

    /// What version 3 of the persisted form adds, in the order of version 1.
    pub(crate) fn to_v3(&self) -> Vec<ProducerV3> {
        let mut all: Vec<_> = self.producers.iter().collect();
        all.sort_unstable_by_key(|(id, _)| id.get());
        let more = |(_, producer): (_, &Producer)| ProducerV3 {
            last_append: producer.last_append.get(),
            coordinator_epoch: producer.coordinator_epoch,
            transaction_first: producer.transaction_first.map(Offset::get),
        };
        all.into_iter().map(more).collect()
    }

    /// From the persisted form; impossible values are left out. Of whom `more` says nothing has appended `now`.
    pub(crate) fn from_persisted(
        producers: &[ProducerV1],
        more: &[ProducerV3],
        now: TimestampMs,
    ) -> ProducerTable {
        let batch = |batch: &ProducerBatchV1| {
            Some(ProducedBatch {
                first_sequence: Sequence::new(batch.first_sequence)?,
                last_sequence: Sequence::new(batch.last_sequence)?,
                first_offset: Offset::new(batch.first_offset)?,
                last_offset: Offset::new(batch.last_offset)?,
                timestamp: TimestampMs::new(batch.timestamp),
            })
        };
        ProducerTable {
            producers: producers
                .iter()
                .enumerate()
                .map(|(nth, producer)| {
                    let more = more.get(nth);
                    (
                        ProducerId::new(producer.id),
                        Producer {
                            epoch: ProducerEpoch::new(producer.epoch),
                            last_timestamp: TimestampMs::new(producer.last_timestamp),
                            last_append: more.map_or(now, |more| TimestampMs::new(more.last_append)),
                            batches: producer.batches.iter().filter_map(batch).collect(),
                            coordinator_epoch: more
                                .map_or(NO_COORDINATOR_EPOCH, |more| more.coordinator_epoch),
                            transaction_first: more
                                .and_then(|more| more.transaction_first)
                                .and_then(Offset::new),
                        },
                    )
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::header;

    #[derive(Debug, PartialEq)]
    enum Expect {
        New,
        Duplicate(i64),
        OutOfOrder,
        StaleEpoch,
    }

    /// Sends batches (epoch, first sequence, records) one after another; each accepted one is appended.
    fn check(batches: &[(i16, i32, i32, Expect)]) {
        let mut table = ProducerTable::default();
        let mut next = Offset::ZERO;
        for (epoch, first, records, expected) in batches {
            let header = header(9, *epoch, *first, *records);
            let found = match table.check(&header) {
                Ok(Verdict::New) => {
                    table.record(&header, None, next, TimestampMs::new(5), TimestampMs::new(5));
                    next += header.last_offset_delta;
                    next = next.next();
                    Expect::New
                }
                Ok(Verdict::Duplicate(batch)) => Expect::Duplicate(batch.first_offset.get()),
                Err(AppendError::OutOfOrderSequence { .. }) => Expect::OutOfOrder,
                Err(AppendError::InvalidProducerEpoch { .. }) => Expect::StaleEpoch,
                Err(error) => panic!("{error}"),
            };
            assert_eq!(
                &found, expected,
                "epoch {epoch}, sequence {first}, {records} records"
            );
        }
    }

    #[test]
    fn duplicates_gaps_epochs_and_wraps() {
        use Expect::{Duplicate, New, OutOfOrder, StaleEpoch};
        // A stranger may begin anywhere.
        check(&[
            (0, 7, 3, New),
            (0, 10, 1, New),
            (0, 7, 3, Duplicate(0)),
            (0, 12, 1, OutOfOrder),
        ]);
        // Five batches are remembered.
        check(&[
            (0, 0, 1, New),
            (0, 1, 1, New),
            (0, 2, 1, New),
            (0, 3, 1, New),
            (0, 4, 1, New),
            (0, 0, 1, Duplicate(0)),
            (0, 5, 1, New),
            (0, 0, 1, OutOfOrder),
            (0, 1, 1, Duplicate(1)),
        ]);
        // A new epoch begins at zero; the old one is refused.
        check(&[
            (0, 0, 2, New),
            (1, 2, 1, OutOfOrder),
            (1, 0, 1, New),
            (0, 2, 1, StaleEpoch),
        ]);
        // The sequence wraps.
        check(&[
            (0, i32::MAX - 1, 2, New),
            (0, 0, 1, New),
            (0, i32::MAX, 3, OutOfOrder),
        ]);
        check(&[
            (0, i32::MAX, 3, New),
            (0, 2, 1, New),
            (0, i32::MAX, 3, Duplicate(0)),
        ]);
    }

    #[test]
    fn the_state_survives_its_persisted_form_and_expires() {
        let mut table = ProducerTable::default();
        let at = TimestampMs::new;
        table.record(&header(4, 1, 0, 5), None, Offset::ZERO, at(100), at(50));
        table.record(&header(2, 1, 0, 5), None, Offset::new(5).unwrap(), at(-1), at(70));
        let times = |table: &ProducerTable| -> Vec<i64> {
            table
                .to_v3()
                .iter()
                .map(|producer| producer.last_append)
                .collect()
        };
        let mut copy = ProducerTable::from_persisted(&table.to_v1(), &table.to_v3(), at(999));
        assert_eq!((copy.to_v1(), times(&copy)), (table.to_v1(), vec![70, 50]));
        let old = ProducerTable::from_persisted(&table.to_v1(), &[], at(999));
        assert_eq!(times(&old), [999, 999]);
        assert!(matches!(
            copy.check(&header(4, 1, 0, 5)),
            Ok(Verdict::Duplicate(_))
        ));
        // By the broker's clock where the records have no timestamp.
        copy.expire(at(169), 100);
        assert_eq!(copy.active().len(), 2);
        copy.expire(at(170), 100);
        assert_eq!(copy.active().len(), 1);
        copy.expire(at(199), 100);
        assert_eq!(copy.active().len(), 1);
        copy.expire(TimestampMs::new(200), 100);
        assert_eq!(copy.active().len(), 0);
    }
}
