//! Which batches of an answer belong to aborted transactions (Kafka's `CompletedFetch`). No I/O inside.

use std::collections::{BTreeSet, VecDeque};

use corelog_model::{TransactionResult, ValidatedBatch};
use corelog_protocol::messages::fetch::AbortedTransaction;
use corelog_records::end_marker;

/// The aborted transactions of one partition in one answer.
pub(super) struct AbortedTransactions {
    /// Those that begin at a later batch, by their first offset.
    later: VecDeque<AbortedTransaction>,
    /// Producers that one is open of.
    open: BTreeSet<i64>,
}

impl AbortedTransactions {
    /// As the answer names them.
    pub(super) fn new(mut named: Vec<AbortedTransaction>) -> AbortedTransactions {
        named.sort_by_key(|transaction| transaction.first_offset);
        AbortedTransactions {
            later: named.into(),
            open: BTreeSet::new(),
        }
    }

    /// Whether `batch`, the next one, is part of an aborted transaction.
    pub(super) fn holds(&mut self, batch: &ValidatedBatch) -> bool {
        let header = batch.header();
        let last = header.last_offset().get();
        while let Some(next) = self.later.pop_front_if(|next| next.first_offset <= last) {
            self.open.insert(next.producer_id);
        }
        let Some(producer) = header.producer.filter(|_| header.is_transactional) else {
            return false;
        };
        if header.is_control {
            let marker = end_marker(header, batch.bytes());
            if marker.is_some_and(|marker| marker.result == TransactionResult::Abort) {
                self.open.remove(&producer.id.get());
            }
            return false;
        }
        self.open.contains(&producer.id.get())
    }
}

#[cfg(test)]
mod tests {
    use corelog_model::batch::BatchProducer;
    use corelog_model::{Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};
    use corelog_records::{BatchOptions, EndMarker, NewRecord, RecordBatchBuilder, marker_batch};

    use super::*;

    fn data(offset: i64, id: i64, is_transactional: bool) -> ValidatedBatch {
        let mut builder = RecordBatchBuilder::new(BatchOptions {
            base_offset: Offset::new(offset).unwrap(),
            producer: Some(BatchProducer {
                id: ProducerId::new(id),
                epoch: ProducerEpoch::new(0),
                base_sequence: Sequence::new(0),
            }),
            is_transactional,
            ..BatchOptions::default()
        });
        builder.append(&NewRecord::default()).unwrap();
        builder.build().unwrap()
    }

    fn marker(id: i64, result: TransactionResult) -> ValidatedBatch {
        let marker = EndMarker {
            result,
            coordinator_epoch: 0,
        };
        marker_batch(
            ProducerId::new(id),
            ProducerEpoch::new(0),
            marker,
            TimestampMs::new(1),
        )
        .unwrap()
    }

    fn aborted(producer_id: i64, first_offset: i64) -> AbortedTransaction {
        AbortedTransaction {
            producer_id,
            first_offset,
        }
    }

    #[test]
    fn what_was_aborted_is_left_out_until_its_marker() {
        let mut found = AbortedTransactions::new(vec![aborted(7, 12), aborted(7, 3)]);
        let mut check = |batch: ValidatedBatch, expected: bool| {
            assert_eq!(found.holds(&batch), expected, "{:?}", batch.header());
        };
        check(data(2, 7, true), false);
        check(data(3, 7, true), true);
        check(data(4, 8, true), false);
        check(data(5, 7, false), false);
        check(data(6, 7, true), true);
        check(marker(8, TransactionResult::Abort), false);
        check(data(8, 7, true), true);
        check(marker(7, TransactionResult::Commit), false);
        check(marker(7, TransactionResult::Abort), false);
        check(data(11, 7, true), false);
        check(data(12, 7, true), true);
    }

    #[test]
    fn one_that_began_before_the_answer_is_left_out() {
        let mut found = AbortedTransactions::new(vec![aborted(7, 3)]);
        assert!(found.holds(&data(100, 7, true)));
        assert!(!AbortedTransactions::new(Vec::new()).holds(&data(100, 7, true)));
    }
}
