//! Which leader epoch began where (Kafka's `LeaderEpochFileCache`).
//!
//! Invariant: epochs and start offsets both grow strictly from entry to entry. So only the newest epoch may be without
//! records, and a broker that starts often and is never written to keeps one entry, not one a start.

use std::ops::Range;

use corelog_model::{LeaderEpoch, Offset};

use crate::format::v1::EpochV1;

/// What a client names that knows no epoch (`RecordBatch.NO_PARTITION_LEADER_EPOCH`).
const UNDEFINED: LeaderEpoch = LeaderEpoch::new(-1);

/// See the module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct EpochTable {
    entries: Vec<(LeaderEpoch, Offset)>,
}

impl EpochTable {
    /// `epoch` begins at `offset`: its leader took over there, or its first batch was appended there. Entries that this
    /// contradicts go, and the newest one if nothing was appended in it.
    pub(crate) fn assign(&mut self, epoch: LeaderEpoch, offset: Offset) {
        let latest = self.entries.last();
        if latest.is_some_and(|&(last, start)| last == epoch && start <= offset) {
            return;
        }
        while let Some(&(known, start)) = self.entries.last()
            && (known >= epoch || start >= offset)
        {
            self.entries.pop();
        }
        self.entries.push((epoch, offset));
    }

    /// The newest epoch, which may have no records yet.
    pub(crate) fn latest(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|&(epoch, _)| epoch)
    }

    /// The epoch that the record at `offset` is of; at the log's end, the one that the next record will be of.
    pub(crate) fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        let entry = self.entries.iter().rev().find(|&&(_, start)| start <= offset);
        entry.map(|&(epoch, _)| epoch)
    }

    /// The largest epoch not above `asked` and its end, exclusive: the start of the next one, or the log's end for the
    /// newest. An epoch before all that are known ends where the first of them begins: what it had is gone. `None` for
    /// an epoch above the newest one, of which nothing is known, and for none (Kafka's `endOffsetFor`).
    pub(crate) fn end_offset_for(
        &self,
        asked: LeaderEpoch,
        log_end: Offset,
    ) -> Option<(LeaderEpoch, Offset)> {
        if asked == UNDEFINED {
            return None;
        }
        if self.latest() == Some(asked) {
            return Some((asked, log_end));
        }
        let next = self.entries.iter().position(|&(epoch, _)| epoch > asked)?;
        let (_, end) = self.entries[next];
        let found = next.checked_sub(1).map_or(asked, |found| self.entries[found].0);
        Some((found, end))
    }

    /// Forgets what lies before the log's start, but not the epoch that the start lies in.
    pub(crate) fn truncate_from_start(&mut self, log_start: Offset) {
        let Some(keep) = self.entries.iter().rposition(|&(_, start)| start <= log_start) else {
            return;
        };
        self.entries.drain(..keep);
        self.entries[0].1 = log_start;
    }

    /// Forgets the epochs that begin at the log's end or after it, which have no records.
    pub(crate) fn truncate_from_end(&mut self, log_end: Offset) {
        self.entries.retain(|&(_, start)| start < log_end);
    }

    /// The epochs and where each begins.
    pub(crate) fn entries(&self) -> &[(LeaderEpoch, Offset)] {
        &self.entries
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

    /// From the persisted form, for a log that has these offsets; entries out of order are dropped. The log's start may
    /// have moved since the table was noted, and the leader's epoch may be missing: release 0.1.0 noted an epoch with its
    /// first batch.
    pub(crate) fn from_v1(entries: &[EpochV1], leader_epoch: LeaderEpoch, log: Range<Offset>) -> EpochTable {
        let mut table = EpochTable::default();
        for entry in entries {
            if let Some(start) = Offset::new(entry.start_offset) {
                table.assign(LeaderEpoch::new(entry.epoch), start);
            }
        }
        let newest = table
            .latest()
            .map_or(leader_epoch, |newest| newest.max(leader_epoch));
        table.truncate_from_end(log.end);
        table.truncate_from_start(log.start);
        table.assign(newest, log.end);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(value: i64) -> Offset {
        Offset::new(value).unwrap()
    }

    fn table(entries: &[(i32, i64)]) -> EpochTable {
        let mut table = EpochTable::default();
        for (epoch, start) in entries {
            table.assign(LeaderEpoch::new(*epoch), offset(*start));
        }
        table
    }

    fn entries(table: &EpochTable) -> Vec<(i32, i64)> {
        let entries = table.entries().iter();
        entries.map(|(epoch, start)| (epoch.get(), start.get())).collect()
    }

    /// The answers, for each epoch that is asked for, of a log that ends at 30.
    fn check_ends(known: &[(i32, i64)], expected: &[(i32, Option<(i32, i64)>)]) {
        for (asked, expected) in expected {
            let found = table(known).end_offset_for(LeaderEpoch::new(*asked), offset(30));
            let found = found.map(|(epoch, end)| (epoch.get(), end.get()));
            assert_eq!(found, *expected, "epoch {asked} of {known:?}");
        }
    }

    // LeaderEpochFileCache.endOffsetFor, and LeaderEpochFileCacheTest.

    #[test]
    fn the_end_of_every_kind_of_epoch() {
        check_ends(
            &[(2, 0), (2, 5), (4, 10), (5, 20)],
            &[
                // None: nothing is known of it.
                (-1, None),
                // Older than all: their records are gone, or there were none.
                (-2, Some((-2, 0))),
                (0, Some((0, 0))),
                (1, Some((1, 0))),
                // Known: up to the next one.
                (2, Some((2, 10))),
                (4, Some((4, 20))),
                // Between two that are known: the one before.
                (3, Some((2, 10))),
                // The newest: up to the log's end.
                (5, Some((5, 30))),
                // Newer than all.
                (6, None),
                (i32::MAX, None),
            ],
        );
    }

    #[test]
    fn the_end_of_epochs_when_the_newest_has_no_records() {
        check_ends(
            &[(0, 0), (3, 10), (7, 30)],
            &[
                (-1, None),
                (0, Some((0, 10))),
                (1, Some((0, 10))),
                (2, Some((0, 10))),
                // The last epoch with records ends where the newest begins.
                (3, Some((3, 30))),
                (4, Some((3, 30))),
                (6, Some((3, 30))),
                (7, Some((7, 30))),
                (8, None),
            ],
        );
    }

    #[test]
    fn the_end_of_epochs_of_a_log_without_records() {
        let cases = [(-1, None), (3, Some((3, 30))), (4, Some((4, 30))), (5, None)];
        check_ends(&[(4, 30)], &cases);
        check_ends(&[], &[(-1, None), (0, None), (4, None)]);
    }

    #[test]
    fn an_epoch_is_assigned_once_and_what_it_contradicts_goes() {
        let check = |epoch: i32, start: i64, expected: &[(i32, i64)]| {
            let mut table = table(&[(2, 0), (4, 10), (5, 20)]);
            table.assign(LeaderEpoch::new(epoch), offset(start));
            assert_eq!(entries(&table), expected, "epoch {epoch} at {start}");
        };
        check(6, 30, &[(2, 0), (4, 10), (5, 20), (6, 30)]);
        // Known already.
        check(5, 20, &[(2, 0), (4, 10), (5, 20)]);
        check(5, 25, &[(2, 0), (4, 10), (5, 20)]);
        // The newest turns out to begin before.
        check(5, 15, &[(2, 0), (4, 10), (5, 15)]);
        check(5, 10, &[(2, 0), (5, 10)]);
        // Nothing was appended in the newest.
        check(6, 20, &[(2, 0), (4, 10), (6, 20)]);
        check(6, 10, &[(2, 0), (6, 10)]);
        check(6, 0, &[(6, 0)]);
        // An older leader.
        check(4, 20, &[(2, 0), (4, 20)]);
        check(3, 30, &[(2, 0), (3, 30)]);
        check(1, 30, &[(1, 30)]);
    }

    #[test]
    fn epochs_without_records_take_one_entry() {
        let mut table = table(&[(0, 0), (1, 10)]);
        for epoch in 2..1000 {
            table.assign(LeaderEpoch::new(epoch), offset(30));
        }
        assert_eq!(entries(&table), [(0, 0), (1, 10), (999, 30)]);
    }

    #[test]
    fn the_ends_are_cut() {
        let check_start = |log_start: i64, expected: &[(i32, i64)]| {
            let mut table = table(&[(2, 5), (4, 10), (5, 20)]);
            table.truncate_from_start(offset(log_start));
            assert_eq!(entries(&table), expected, "from {log_start} on");
        };
        check_start(0, &[(2, 5), (4, 10), (5, 20)]);
        check_start(5, &[(2, 5), (4, 10), (5, 20)]);
        check_start(7, &[(2, 7), (4, 10), (5, 20)]);
        check_start(10, &[(4, 10), (5, 20)]);
        check_start(15, &[(4, 15), (5, 20)]);
        check_start(20, &[(5, 20)]);
        check_start(30, &[(5, 30)]);
        let check_end = |log_end: i64, expected: &[(i32, i64)]| {
            let mut table = table(&[(2, 5), (4, 10), (5, 20)]);
            table.truncate_from_end(offset(log_end));
            assert_eq!(entries(&table), expected, "up to {log_end}");
        };
        check_end(30, &[(2, 5), (4, 10), (5, 20)]);
        check_end(20, &[(2, 5), (4, 10)]);
        check_end(19, &[(2, 5), (4, 10)]);
        check_end(0, &[]);
    }

    #[test]
    fn a_table_is_opened_for_what_its_log_has() {
        let check = |noted: &[(i32, i64)], leader: i32, log: Range<i64>, expected: &[(i32, i64)]| {
            let noted: Vec<EpochV1> = noted
                .iter()
                .map(|&(epoch, start_offset)| EpochV1 { epoch, start_offset })
                .collect();
            let log = offset(log.start)..offset(log.end);
            let table = EpochTable::from_v1(&noted, LeaderEpoch::new(leader), log.clone());
            assert_eq!(entries(&table), expected, "{noted:?} in {leader}, {log:?}");
            assert_eq!(
                EpochTable::from_v1(&table.to_v1(), LeaderEpoch::new(leader), log),
                table
            );
        };
        check(&[(2, 0), (4, 10)], 4, 0..30, &[(2, 0), (4, 10)]);
        check(&[(2, 0), (4, 30)], 4, 0..30, &[(2, 0), (4, 30)]);
        check(&[(4, 30)], 4, 30..30, &[(4, 30)]);
        // Of 0.1.0: the leader has appended nothing.
        check(&[(2, 0)], 4, 0..30, &[(2, 0), (4, 30)]);
        check(&[(2, 30)], 4, 30..30, &[(4, 30)]);
        check(&[], 4, 0..0, &[(4, 0)]);
        // The log's start has moved on.
        check(&[(2, 0), (4, 10)], 4, 15..30, &[(4, 15)]);
        check(&[(2, 0), (4, 10)], 5, 30..30, &[(5, 30)]);
        // What the log does not have, or in no order.
        check(&[(2, 0), (4, 40)], 4, 0..30, &[(2, 0), (4, 30)]);
        check(&[(2, 0), (4, 10)], 3, 0..30, &[(2, 0), (4, 10)]);
        check(&[(4, 10), (2, 0)], 4, 0..30, &[(2, 0), (4, 30)]);
        check(&[(2, -5)], 2, 0..30, &[(2, 30)]);
    }

    #[test]
    fn the_epoch_of_an_offset() {
        let table = table(&[(2, 5), (4, 10), (6, 30)]);
        for (at, expected) in [
            (4, None),
            (5, Some(2)),
            (9, Some(2)),
            (10, Some(4)),
            (29, Some(4)),
            (30, Some(6)),
        ] {
            let found = table.epoch_of(offset(at)).map(LeaderEpoch::get);
            assert_eq!(found, expected, "offset {at}");
        }
    }
}
