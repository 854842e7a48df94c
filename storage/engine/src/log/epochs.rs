//! Which leader epoch began where (Kafka's `LeaderEpochFileCache`).
//!
//! Invariant: epochs and start offsets both grow strictly from entry to entry.

use corelog_model::{LeaderEpoch, Offset};

use crate::format::v1::EpochV1;

/// See the module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct EpochTable {
    entries: Vec<(LeaderEpoch, Offset)>,
}

impl EpochTable {
    /// A batch of `epoch` was appended at `offset`. Entries that it contradicts go.
    pub(crate) fn record(&mut self, epoch: LeaderEpoch, offset: Offset) {
        if self.entries.last().is_some_and(|&(last, _)| last == epoch) {
            return;
        }
        self.entries
            .retain(|&(known, start)| known < epoch && start < offset);
        self.entries.push((epoch, offset));
    }

    /// The newest epoch that has records.
    pub(crate) fn latest(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|&(epoch, _)| epoch)
    }

    /// The epoch that `offset` was appended in.
    pub(crate) fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        let entry = self.entries.iter().rev().find(|&&(_, start)| start <= offset);
        entry.map(|&(epoch, _)| epoch)
    }

    /// The largest epoch not above `asked` and its end, exclusive: the start of the next one, or the log's end for
    /// the newest. `None` if `asked` is older than all there is (Kafka's `endOffsetFor`); the current epoch of a log
    /// without records ends at its end.
    pub(crate) fn end_offset_for(
        &self,
        asked: LeaderEpoch,
        current: LeaderEpoch,
        log_start: Offset,
        log_end: Offset,
    ) -> Option<(LeaderEpoch, Offset)> {
        if asked == current {
            return Some((current, log_end));
        }
        let next = self.entries.iter().position(|&(epoch, _)| epoch > asked);
        match next {
            // Newer than all: not known here.
            None => None,
            Some(0) => Some((asked, self.entries[0].1.max(log_start))),
            Some(next) => Some((self.entries[next - 1].0, self.entries[next].1)),
        }
    }

    /// Forgets what lies before the log's start, but not the epoch that the start lies in.
    pub(crate) fn truncate_front(&mut self, log_start: Offset) {
        let Some(keep) = self.entries.iter().rposition(|&(_, start)| start <= log_start) else {
            return;
        };
        self.entries.drain(..keep);
        if self.entries[0].1 < log_start {
            self.entries[0].1 = log_start;
        }
    }

    /// The persisted form.
    pub(crate) fn to_v1(&self) -> Vec<EpochV1> {
        self.entries
            .iter()
            .map(|&(epoch, start)| EpochV1 {
                epoch: epoch.get(),
                start_offset: start.get(),
            })
            .collect()
    }

    /// From the persisted form; entries out of order are dropped.
    pub(crate) fn from_v1(entries: &[EpochV1]) -> EpochTable {
        let mut table = EpochTable::default();
        for entry in entries {
            if let Some(start) = Offset::new(entry.start_offset) {
                table.record(LeaderEpoch::new(entry.epoch), start);
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(value: i64) -> Offset {
        Offset::new(value).unwrap()
    }

    fn table() -> EpochTable {
        let mut table = EpochTable::default();
        for (epoch, start) in [(2, 0), (2, 5), (4, 10), (5, 20)] {
            table.record(LeaderEpoch::new(epoch), offset(start));
        }
        table
    }

    #[test]
    fn the_end_of_an_epoch() {
        // LeaderEpochFileCacheTest
        let check = |asked: i32, expected: Option<(i32, i64)>| {
            let found = table().end_offset_for(
                LeaderEpoch::new(asked),
                LeaderEpoch::new(5),
                offset(0),
                offset(30),
            );
            assert_eq!(found.map(|(e, o)| (e.get(), o.get())), expected, "epoch {asked}");
        };
        check(1, Some((1, 0)));
        check(2, Some((2, 10)));
        check(3, Some((2, 10)));
        check(4, Some((4, 20)));
        check(5, Some((5, 30)));
        check(6, None);
    }

    #[test]
    fn the_front_goes_with_the_log_start() {
        let mut table = table();
        table.truncate_front(offset(15));
        assert_eq!(
            table.entries,
            vec![
                (LeaderEpoch::new(4), offset(15)),
                (LeaderEpoch::new(5), offset(20))
            ]
        );
        assert_eq!(table.latest(), Some(LeaderEpoch::new(5)));
        assert_eq!(EpochTable::from_v1(&table.to_v1()), table);
    }
}
