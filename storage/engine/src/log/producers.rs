//! What a log remembers of its producers (KIP-98; Kafka's `ProducerStateManager` and `ProducerAppendInfo`).
//!
//! A batch that was appended before is recognized among the last five of its producer. A new epoch starts at sequence
//! zero. A producer that is not known may begin anywhere.

use std::collections::VecDeque;

use corelog_model::batch::BatchHeader;
use corelog_model::{Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};

use crate::errors::AppendError;
use crate::format::v1::{ProducerBatchV1, ProducerV1};
use crate::hash::Map;
use crate::types::ActiveProducer;

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
        if first == expected {
            Ok(Verdict::New)
        } else {
            Err(AppendError::OutOfOrderSequence {
                producer: sender.id,
                found: first.get(),
                last: last.map(Sequence::get),
            })
        }
    }

    /// Records a batch that was appended, or is read back, at `first_offset` and at the time `now`.
    pub(crate) fn record(
        &mut self,
        header: &BatchHeader,
        first_offset: Offset,
        timestamp: TimestampMs,
        now: TimestampMs,
    ) {
        let Some(sender) = header.producer else { return };
        let known = self.producers.entry(sender.id).or_insert_with(|| Producer {
            epoch: sender.epoch,
            last_timestamp: timestamp,
            last_append: now,
            batches: VecDeque::new(),
        });
        if known.epoch != sender.epoch {
            known.epoch = sender.epoch;
            known.batches.clear();
        }
        known.last_timestamp = timestamp;
        known.last_append = now;
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
    }

    /// Forgets the batches at or after `end`, and whose batches are all there.
    pub(crate) fn truncate_from_end(&mut self, end: Offset) {
        self.producers.retain(|_, producer| {
            let had_any = !producer.batches.is_empty();
            producer.batches.retain(|batch| batch.last_offset < end);
            !had_any || !producer.batches.is_empty()
        });
    }

    /// Forgets who was silent for `expiration_ms`. Kafka goes by the timestamps alone, and so forgets at once who sends
    /// old ones.
    pub(crate) fn expire(&mut self, now: TimestampMs, expiration_ms: i64) {
        self.producers.retain(|_, producer| {
            let last = producer.last_timestamp.max(producer.last_append);
            now.get().saturating_sub(last.get()) < expiration_ms
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

    /// When each last appended, in the order of the persisted form.
    pub(crate) fn times(&self) -> Vec<i64> {
        let mut all: Vec<_> = self.producers.iter().collect();
        all.sort_unstable_by_key(|(id, _)| id.get());
        all.iter()
            .map(|(_, producer)| producer.last_append.get())
            .collect()
    }

    /// From the persisted form; impossible values are left out. Who has no time in `times` has appended `now`.
    pub(crate) fn from_persisted(producers: &[ProducerV1], times: &[i64], now: TimestampMs) -> ProducerTable {
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
                    (
                        ProducerId::new(producer.id),
                        Producer {
                            epoch: ProducerEpoch::new(producer.epoch),
                            last_timestamp: TimestampMs::new(producer.last_timestamp),
                            last_append: times.get(nth).copied().map_or(now, TimestampMs::new),
                            batches: producer.batches.iter().filter_map(batch).collect(),
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
                    table.record(&header, next, TimestampMs::new(5), TimestampMs::new(5));
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
        table.record(&header(4, 1, 0, 5), Offset::ZERO, at(100), at(50));
        table.record(&header(2, 1, 0, 5), Offset::new(5).unwrap(), at(-1), at(70));
        let mut copy = ProducerTable::from_persisted(&table.to_v1(), &table.times(), at(999));
        assert_eq!((copy.to_v1(), copy.times()), (table.to_v1(), vec![70, 50]));
        let old = ProducerTable::from_persisted(&table.to_v1(), &[], at(999));
        assert_eq!(old.times(), [999, 999]);
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
