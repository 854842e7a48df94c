//! Where the transactions of a log stand: which are open, and which have ended and are not committed yet (Kafka's
//! `ongoingTxns` and `unreplicatedTxns` of `ProducerStateManager`). Who appends in which is with the producers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use corelog_model::{Offset, ProducerId, TransactionResult};

use crate::types::AbortedTransaction;

/// What a marker ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EndedTransaction {
    pub(crate) producer: ProducerId,
    pub(crate) first: Offset,
    /// The marker's.
    pub(crate) last: Offset,
    pub(crate) result: TransactionResult,
}

/// What a batch does to the transactions of its log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TransactionStep {
    /// It belongs to none, or to one that is open.
    None,
    /// It is the first one of a transaction.
    Begins(ProducerId),
    /// It is the marker of one that has records.
    Ends(EndedTransaction),
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transactions {
    /// By the offset of their first record.
    open: BTreeMap<Offset, ProducerId>,
    /// First record and marker of those whose marker is not below the high watermark, in the order of the markers.
    ended: VecDeque<(Offset, Offset)>,
    /// The first records of both.
    unstable: BTreeSet<Offset>,
}

impl Transactions {
    /// Those that are open, as the producers know them, and those that have ended.
    pub(crate) fn restored(
        open: impl IntoIterator<Item = (Offset, ProducerId)>,
        ended: impl IntoIterator<Item = (Offset, Offset)>,
    ) -> Transactions {
        let (open, ended) = (BTreeMap::from_iter(open), VecDeque::from_iter(ended));
        let firsts = open.keys().copied().chain(ended.iter().map(|(first, _)| *first));
        Transactions {
            unstable: firsts.collect(),
            open,
            ended,
        }
    }

    /// First record and marker of those whose marker is not below the high watermark.
    pub(crate) fn ended(&self) -> impl Iterator<Item = (Offset, Offset)> {
        self.ended.iter().copied()
    }

    pub(crate) fn begin(&mut self, first: Offset, producer: ProducerId) {
        self.open.insert(first, producer);
        self.unstable.insert(first);
    }

    /// Ends a transaction. Returns what a reader has to be told of it, if it was aborted.
    pub(crate) fn end(&mut self, ended: EndedTransaction) -> Option<AbortedTransaction> {
        self.open.remove(&ended.first);
        self.ended.push_back((ended.first, ended.last));
        let first_open = self.open.keys().next().copied();
        (ended.result == TransactionResult::Abort).then_some(AbortedTransaction {
            producer: ended.producer,
            first_offset: ended.first,
            last_offset: ended.last,
            last_stable: first_open.unwrap_or(ended.last.next()),
        })
    }

    /// Everything before `high_watermark` is committed.
    pub(crate) fn commit(&mut self, high_watermark: Offset) {
        while let Some((first, _)) = self.ended.pop_front_if(|(_, last)| *last < high_watermark) {
            self.unstable.remove(&first);
        }
    }

    /// The first offset of a transaction that has not ended, or whose end is not committed.
    pub(crate) fn first_unstable(&self) -> Option<Offset> {
        self.unstable.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: i64) -> Offset {
        Offset::new(offset).unwrap()
    }

    fn ended(producer: i64, first: i64, last: i64, result: TransactionResult) -> EndedTransaction {
        EndedTransaction {
            producer: ProducerId::new(producer),
            first: at(first),
            last: at(last),
            result,
        }
    }

    #[test]
    fn the_first_unstable_offset_waits_for_the_commit_of_a_marker() {
        let mut transactions = Transactions::default();
        assert_eq!(transactions.first_unstable(), None);
        transactions.begin(at(3), ProducerId::new(1));
        transactions.begin(at(5), ProducerId::new(2));
        assert_eq!(transactions.first_unstable(), Some(at(3)));
        // The second one ends first: what its readers are told names the one that is still open.
        let aborted = transactions
            .end(ended(2, 5, 8, TransactionResult::Abort))
            .unwrap();
        assert_eq!((aborted.last_offset, aborted.last_stable), (at(8), at(3)));
        assert_eq!(transactions.end(ended(1, 3, 9, TransactionResult::Commit)), None);
        assert_eq!(transactions.first_unstable(), Some(at(3)));
        transactions.commit(at(9));
        assert_eq!(transactions.first_unstable(), Some(at(3)));
        transactions.commit(at(10));
        assert_eq!(transactions.first_unstable(), None);
    }

    #[test]
    fn an_aborted_transaction_alone_is_stable_behind_its_marker() {
        let mut transactions = Transactions::restored([(at(2), ProducerId::new(1))], []);
        let aborted = transactions
            .end(ended(1, 2, 4, TransactionResult::Abort))
            .unwrap();
        assert_eq!(aborted.last_stable, at(5));
    }
}
