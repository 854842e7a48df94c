//! What becomes of each batch of a log that is cleaned.

use std::borrow::Cow;
use std::cell::Cell;

use corelog_model::batch::{self, BatchHeader};
use corelog_model::{Offset, TimestampMs};
use corelog_records::{CleanError, PayloadError, Record, Records, emptied, kept_records, payload};

use super::key_map::KeyMap;

/// What a cleaning goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Records from here on stay as they are.
    pub(crate) end: Offset,
    /// By the broker's clock.
    pub(crate) now: TimestampMs,
    /// `delete.retention.ms`.
    pub(crate) delete_retention_ms: i64,
    /// A batch whose records are larger is kept whole, and its keys are not looked at.
    pub(crate) batch_bytes_max: usize,
}

/// What is known of a batch beside its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Role {
    /// It is of an aborted transaction.
    pub(crate) is_aborted: bool,
    /// It is a marker with nothing left to end.
    pub(crate) ends_nothing: bool,
    /// The log knows its producer by it.
    pub(crate) is_producers_last: bool,
}

/// What becomes of a batch.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It is copied as it is.
    Whole,
    /// It is written anew, with so many records.
    Anew(Vec<u8>),
    /// It keeps its place without any records.
    Emptied(Vec<u8>),
    /// It goes.
    Gone,
}

/// The records of a batch; `None` if they are larger than may be looked at, or none.
fn records_of<'a>(header: &BatchHeader, bytes: &'a [u8], bytes_max: usize) -> Option<Cow<'a, [u8]>> {
    match payload(header, bytes, bytes_max) {
        Ok(records) if records.len() <= bytes_max => Some(records),
        Ok(_) | Err(PayloadError::Truncated { .. } | PayloadError::Decompress(_)) => None,
    }
}

/// Puts the keys of a batch of committed records, from the offset `from` on, into the map. Returns the offset of the first
/// record that had no room.
pub(crate) fn note_keys(
    map: &mut KeyMap,
    header: &BatchHeader,
    bytes: &[u8],
    from: Offset,
    batch_bytes_max: usize,
) -> Option<Offset> {
    let records = records_of(header, bytes, batch_bytes_max)?;
    // A batch with anything in it that is no record is kept whole, so none of its keys may count.
    if Records::new(header, &records).any(|record| record.is_err()) {
        return None;
    }
    for record in Records::new(header, &records).flatten() {
        let Some(offset) = record.offset(header).filter(|offset| *offset >= from) else {
            continue;
        };
        if let Some(key) = record.key
            && !map.put(key, offset)
        {
            return Some(offset);
        }
    }
    None
}

/// Decides on one batch.
pub(crate) fn judge(rules: &Rules, map: &KeyMap, header: &BatchHeader, bytes: &[u8], role: Role) -> Fate {
    if header.base_offset >= rules.end {
        return Fate::Whole;
    }
    let horizon = batch::delete_horizon(bytes);
    let is_over = horizon.is_some_and(|horizon| horizon <= rules.now);
    if header.record_count == 0 {
        return if role.is_producers_last {
            Fate::Whole
        } else {
            Fate::Gone
        };
    }
    if header.is_control {
        return judge_marker(rules, header, bytes, role, horizon);
    }
    if role.is_aborted {
        return without_records(header, bytes, role);
    }
    let Some(records) = records_of(header, bytes, rules.batch_bytes_max) else {
        return Fate::Whole;
    };
    let has_tombstones = Cell::new(false);
    let stays = |record: &Record<'_>| {
        let Some(offset) = record.offset(header) else {
            return true;
        };
        if offset >= rules.end {
            return true;
        }
        // Nobody could ever replace a record without a key.
        let Some(key) = record.key else { return false };
        if map.has_later(key, offset) || (record.value.is_none() && is_over) {
            return false;
        }
        has_tombstones.set(has_tombstones.get() || record.value.is_none());
        true
    };
    let Ok(kept) = kept_records(header, &records, None, stays) else {
        return Fate::Whole;
    };
    let new_horizon = (has_tombstones.get() && horizon.is_none()).then(|| later(rules));
    if kept.count() == 0 {
        return without_records(header, bytes, role);
    }
    if kept.count() == header.record_count && new_horizon.is_none() {
        return Fate::Whole;
    }
    let written = match new_horizon {
        None => kept.batch(header, bytes, None),
        Some(_) => kept_records(header, &records, new_horizon, stays)
            .and_then(|kept| kept.batch(header, bytes, new_horizon)),
    };
    match written {
        Ok(batch) => Fate::Anew(batch),
        Err(CleanError::Record(_) | CleanError::Compress(_) | CleanError::Unfit(_)) => Fate::Whole,
    }
}

/// When what is cleaned for the first time now goes.
fn later(rules: &Rules) -> TimestampMs {
    TimestampMs::new(rules.now.get().saturating_add(rules.delete_retention_ms))
}

fn without_records(header: &BatchHeader, bytes: &[u8], role: Role) -> Fate {
    if role.is_producers_last {
        Fate::Emptied(emptied(header, bytes))
    } else {
        Fate::Gone
    }
}

/// Markers are not told apart by their keys, and go when their time has come after their records are gone.
fn judge_marker(
    rules: &Rules,
    header: &BatchHeader,
    bytes: &[u8],
    role: Role,
    horizon: Option<TimestampMs>,
) -> Fate {
    if !role.ends_nothing {
        return Fate::Whole;
    }
    match horizon {
        Some(horizon) if horizon <= rules.now => without_records(header, bytes, role),
        Some(_) => Fate::Whole,
        None => {
            let horizon = Some(later(rules));
            let written = records_of(header, bytes, rules.batch_bytes_max).map(|records| {
                kept_records(header, &records, horizon, |_| true)
                    .and_then(|kept| kept.batch(header, bytes, horizon))
            });
            match written {
                Some(Ok(batch)) => Fate::Anew(batch),
                Some(Err(_)) | None => Fate::Whole,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use corelog_model::batch::{BatchProducer, Compression};
    use corelog_model::{ProducerEpoch, ProducerId, Sequence, TransactionResult, ValidatedBatch};
    use corelog_records::{BatchOptions, EndMarker, NewRecord, RecordBatchBuilder, end_marker, marker_batch};

    use super::*;
    use crate::clean::key_map::HashKey;

    const PLAIN: Role = Role {
        is_aborted: false,
        ends_nothing: false,
        is_producers_last: false,
    };

    fn offset(value: i64) -> Offset {
        Offset::new(value).unwrap()
    }

    fn rules(now: i64) -> Rules {
        Rules {
            end: offset(100),
            now: TimestampMs::new(now),
            delete_retention_ms: 1000,
            batch_bytes_max: 1 << 20,
        }
    }

    /// Records of these keys, from the offset `base` on; a key in capitals is a tombstone, `-` has none.
    fn records(base: i64, keys: &str) -> ValidatedBatch {
        let mut builder = RecordBatchBuilder::new(BatchOptions {
            base_offset: offset(base),
            compression: Compression::Lz4,
            producer: Some(BatchProducer {
                id: ProducerId::new(7),
                epoch: ProducerEpoch::new(3),
                base_sequence: Sequence::new(11),
            }),
            ..BatchOptions::default()
        });
        for key in keys.chars() {
            let name = key.to_lowercase().to_string();
            let record = NewRecord {
                timestamp: TimestampMs::new(5),
                key: (key != '-').then_some(name.as_bytes()),
                value: (!key.is_uppercase()).then_some(b"value".as_slice()),
                headers: &[],
            };
            builder.append(&record).unwrap();
        }
        builder.build().unwrap()
    }

    fn map(batches: &[&ValidatedBatch]) -> KeyMap {
        let mut map = KeyMap::new(HashKey(3, 4), 100, 1 << 20);
        for batch in batches {
            let full = note_keys(&mut map, batch.header(), batch.bytes(), Offset::ZERO, 1 << 20);
            assert_eq!(full, None);
        }
        map
    }

    /// What of the batch stays, by offset, and the delete horizon; `None` if it goes.
    fn left(fate: Fate, batch: &ValidatedBatch) -> Option<(Vec<i64>, Option<i64>)> {
        let bytes = match fate {
            Fate::Whole => batch.bytes().clone(),
            Fate::Anew(bytes) | Fate::Emptied(bytes) => Bytes::from(bytes),
            Fate::Gone => return None,
        };
        let found = ValidatedBatch::new(bytes).unwrap();
        let header = found.header();
        assert_eq!(header.last_offset(), batch.header().last_offset());
        assert_eq!(header.last_sequence(), batch.header().last_sequence());
        let records = payload(header, found.bytes(), 1 << 20).unwrap();
        let offsets =
            Records::new(header, &records).map(|record| record.unwrap().offset(header).unwrap().get());
        Some((
            offsets.collect(),
            batch::delete_horizon(found.bytes()).map(TimestampMs::get),
        ))
    }

    fn check(
        rules: &Rules,
        map: &KeyMap,
        batch: &ValidatedBatch,
        role: Role,
        expected: Option<(&[i64], Option<i64>)>,
    ) {
        let fate = judge(rules, map, batch.header(), batch.bytes(), role);
        let expected = expected.map(|(offsets, horizon)| (offsets.to_vec(), horizon));
        assert_eq!(left(fate, batch), expected);
    }

    #[test]
    fn the_last_record_of_each_key_stays() {
        let (first, second) = (records(0, "abca"), records(10, "xbx"));
        let map = map(&[&first, &second]);
        check(&rules(0), &map, &first, PLAIN, Some((&[2, 3], None)));
        check(&rules(0), &map, &second, PLAIN, Some((&[11, 12], None)));
        let last = Role {
            is_producers_last: true,
            ..PLAIN
        };
        // What is older than the map goes by it as well.
        check(&rules(0), &map, &records(5, "zbz"), PLAIN, Some((&[5, 7], None)));
        check(&rules(0), &map, &records(5, "xb"), PLAIN, None);
        check(&rules(0), &map, &records(5, "xb"), last, Some((&[], None)));
        check(&rules(0), &map, &records(5, "--"), PLAIN, None);
        assert!(matches!(
            judge(
                &rules(0),
                &map,
                records(20, "ab").header(),
                records(20, "ab").bytes(),
                PLAIN
            ),
            Fate::Whole
        ));
        // Behind the end nothing is touched.
        let some = Rules {
            end: offset(6),
            ..rules(0)
        };
        check(&some, &map, &records(5, "xb-"), PLAIN, Some((&[6, 7], None)));
        check(&some, &map, &records(6, "xb-"), PLAIN, Some((&[6, 7, 8], None)));
    }

    #[test]
    fn tombstones_stay_for_their_time() {
        let batch = records(0, "aBc");
        let nothing = map(&[]);
        check(
            &rules(500),
            &nothing,
            &batch,
            PLAIN,
            Some((&[0, 1, 2], Some(1500))),
        );
        let Fate::Anew(bytes) = judge(&rules(500), &nothing, batch.header(), batch.bytes(), PLAIN) else {
            panic!("it has a horizon now");
        };
        let marked = ValidatedBatch::new(Bytes::from(bytes)).unwrap();
        check(
            &rules(1499),
            &nothing,
            &marked,
            PLAIN,
            Some((&[0, 1, 2], Some(1500))),
        );
        check(
            &rules(1500),
            &nothing,
            &marked,
            PLAIN,
            Some((&[0, 2], Some(1500))),
        );
        // A later value of the key is another reason to go.
        let later = map(&[&records(50, "b")]);
        check(&rules(600), &later, &marked, PLAIN, Some((&[0, 2], Some(1500))));
        check(&rules(600), &later, &batch, PLAIN, Some((&[0, 2], None)));
    }

    #[test]
    fn aborted_records_and_markers_go() {
        let batch = records(0, "abc");
        let aborted = Role {
            is_aborted: true,
            ..PLAIN
        };
        check(&rules(0), &map(&[]), &batch, aborted, None);
        let last = Role {
            is_producers_last: true,
            ..aborted
        };
        check(&rules(0), &map(&[]), &batch, last, Some((&[], None)));
        let marker = EndMarker {
            result: TransactionResult::Abort,
            coordinator_epoch: 4,
        };
        let batch = marker_batch(
            ProducerId::new(7),
            ProducerEpoch::new(3),
            marker,
            TimestampMs::new(9),
        )
        .unwrap();
        check(&rules(0), &map(&[]), &batch, PLAIN, Some((&[0], None)));
        let useless = Role {
            ends_nothing: true,
            ..PLAIN
        };
        check(&rules(0), &map(&[]), &batch, useless, Some((&[0], Some(1000))));
        let Fate::Anew(bytes) = judge(&rules(0), &map(&[]), batch.header(), batch.bytes(), useless) else {
            panic!("it has a horizon now");
        };
        let marked = ValidatedBatch::new(Bytes::from(bytes)).unwrap();
        assert_eq!(end_marker(marked.header(), marked.bytes()), Some(marker));
        check(&rules(999), &map(&[]), &marked, useless, Some((&[0], Some(1000))));
        check(&rules(1000), &map(&[]), &marked, PLAIN, Some((&[0], Some(1000))));
        check(&rules(1000), &map(&[]), &marked, useless, None);
    }

    #[test]
    fn what_cannot_be_looked_into_stays() {
        let map = map(&[&records(50, "abc")]);
        let batch = records(0, "abc");
        let small = Rules {
            batch_bytes_max: 10,
            ..rules(0)
        };
        check(&small, &map, &batch, PLAIN, Some((&[0, 1, 2], None)));
        let mut none = KeyMap::new(HashKey(3, 4), 100, 1 << 20);
        assert_eq!(
            note_keys(&mut none, batch.header(), batch.bytes(), Offset::ZERO, 10),
            None
        );
        assert_eq!(none.len(), 0);
        let filler = crate::testing::valid(crate::testing::Fields::default());
        let fate = judge(&rules(0), &map, filler.header(), filler.bytes(), PLAIN);
        assert!(matches!(fate, Fate::Whole));
    }

    #[test]
    fn a_full_map_says_where_it_ended() {
        let mut map = KeyMap::new(HashKey(3, 4), 2, 0);
        let batch = records(7, "aab");
        let full = note_keys(&mut map, batch.header(), batch.bytes(), Offset::ZERO, 1 << 20);
        assert_eq!(full, Some(offset(9)));
    }
}
