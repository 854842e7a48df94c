//! What a cleaning that goes through a log from its beginning knows of its transactions (Kafka's
//! `CleanedTransactionMetadata`): which batches are of aborted ones, and which markers have outlived their records.
//!
//! A marker goes only when no batch of its transaction is left, not even one without records: whoever copies the log would
//! wait for its end for ever.

use std::collections::{BTreeMap, BTreeSet};

use corelog_model::batch::BatchHeader;
use corelog_model::{Offset, ProducerId};

use crate::types::AbortedTransaction;

/// See the module.
#[derive(Default)]
pub(crate) struct CleanedTransactions {
    /// Where aborted transactions of each producer begin, and the offsets of their markers.
    aborted: BTreeMap<ProducerId, BTreeMap<Offset, Offset>>,
    /// Producers with a batch behind their last marker.
    open: BTreeSet<ProducerId>,
}

impl CleanedTransactions {
    /// Those that may have records in the segment that comes next. What was known before it is forgotten, if it has ended.
    pub(crate) fn expect(&mut self, aborted: &[AbortedTransaction], segment_base: Offset) {
        self.aborted.retain(|_, of_one| {
            of_one.retain(|_, marker| *marker >= segment_base);
            !of_one.is_empty()
        });
        for one in aborted {
            let of_one = self.aborted.entry(one.producer).or_default();
            of_one.insert(one.first_offset, one.last_offset);
        }
    }

    /// Whether a batch is of an aborted transaction.
    pub(crate) fn is_aborted(&self, header: &BatchHeader) -> bool {
        let Some(producer) = header
            .producer
            .filter(|_| header.is_transactional && !header.is_control)
        else {
            return false;
        };
        let before = self.aborted.get(&producer.id);
        let last = before.and_then(|of_one| of_one.range(..=header.base_offset).next_back());
        last.is_some_and(|(_, marker)| *marker > header.base_offset)
    }

    /// The next batch of the log. Whether it is a marker with nothing left to end.
    pub(crate) fn see(&mut self, header: &BatchHeader) -> bool {
        let Some(producer) = header.producer.filter(|_| header.is_transactional) else {
            return false;
        };
        if header.is_control {
            !self.open.remove(&producer.id)
        } else {
            self.open.insert(producer.id);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use corelog_model::batch::BatchProducer;

    use super::*;
    use crate::testing::header;

    fn offset(value: i64) -> Offset {
        Offset::new(value).unwrap()
    }

    fn batch(producer: i64, base: i64, is_control: bool) -> BatchHeader {
        let header = header(producer, 0, 0, 1);
        BatchHeader {
            base_offset: offset(base),
            is_transactional: true,
            is_control,
            producer: header.producer.map(|producer| BatchProducer {
                base_sequence: producer.base_sequence.filter(|_| !is_control),
                ..producer
            }),
            ..header
        }
    }

    fn aborted(producer: i64, first: i64, last: i64) -> AbortedTransaction {
        AbortedTransaction {
            producer: ProducerId::new(producer),
            first_offset: offset(first),
            last_offset: offset(last),
            last_stable: offset(last),
        }
    }

    #[test]
    fn batches_of_aborted_transactions_are_known() {
        let mut known = CleanedTransactions::default();
        known.expect(
            &[aborted(1, 10, 20), aborted(1, 40, 50), aborted(2, 15, 60)],
            offset(0),
        );
        let is = |known: &CleanedTransactions, producer, at| known.is_aborted(&batch(producer, at, false));
        for (producer, at, expected) in [
            (1, 9, false),
            (1, 10, true),
            (1, 19, true),
            (1, 21, false),
            (1, 45, true),
            (1, 51, false),
            (2, 14, false),
            (2, 59, true),
            (3, 15, false),
        ] {
            assert_eq!(is(&known, producer, at), expected, "{producer} at {at}");
        }
        assert!(!known.is_aborted(&batch(1, 15, true)));
        let plain = BatchHeader {
            is_transactional: false,
            ..batch(1, 15, false)
        };
        assert!(!known.is_aborted(&plain));
        // The first one has ended before the next segment.
        known.expect(&[aborted(2, 15, 60)], offset(30));
        assert!(!is(&known, 1, 10) && is(&known, 1, 45) && is(&known, 2, 30));
    }

    #[test]
    fn a_marker_outlives_its_records() {
        let mut known = CleanedTransactions::default();
        assert!(known.see(&batch(1, 0, true)), "nothing of it is left");
        assert!(!known.see(&batch(1, 1, false)));
        assert!(!known.see(&batch(2, 2, false)));
        assert!(!known.see(&batch(1, 3, true)));
        assert!(known.see(&batch(1, 4, true)));
        assert!(!known.see(&batch(2, 5, true)));
    }
}
