//! Finds again which transactions the markers of a segment abort, from the batches: its index is lost.
//!
//! A marker does not say where its transaction began. That is the first record of its producer behind the marker before, which
//! may lie in an earlier segment: earlier ones are read, newest first, as long as something is sought in them.

use std::collections::BTreeMap;

use corelog_model::batch::BatchHeader;
use corelog_model::{Offset, ProducerId, TransactionResult};
use corelog_records::EndMarker;

use crate::types::AbortedTransaction;

/// What a segment says of a producer.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// The first record of the transaction that is open where the reader stands.
    first: Option<Offset>,
    has_marker: bool,
}

/// See the module.
#[derive(Default)]
pub(crate) struct AbortedSearch {
    /// First record and marker of each, in the order of the markers.
    found: Vec<(ProducerId, Option<Offset>, Offset)>,
    /// Those of `found` whose first record may lie in an earlier segment.
    sought: BTreeMap<ProducerId, usize>,
    seen: BTreeMap<ProducerId, Seen>,
    is_earlier: bool,
}

impl AbortedSearch {
    /// The next batch of the segment, or of an earlier one.
    pub(crate) fn see(&mut self, header: &BatchHeader, marker: Option<EndMarker>) {
        let Some(producer) = header.producer.filter(|_| header.is_transactional) else {
            return;
        };
        if self.is_earlier && !self.sought.contains_key(&producer.id) {
            return;
        }
        let seen = self.seen.entry(producer.id).or_default();
        let Some(marker) = marker else {
            if !header.is_control {
                seen.first.get_or_insert(header.base_offset);
            }
            return;
        };
        if !self.is_earlier && marker.result == TransactionResult::Abort {
            if !seen.has_marker {
                self.sought.insert(producer.id, self.found.len());
            }
            self.found.push((producer.id, seen.first, header.base_offset));
        }
        *seen = Seen {
            first: None,
            has_marker: true,
        };
    }

    /// The segment ends. Whether an earlier one is to be read, the next one before it.
    pub(crate) fn end_segment(&mut self) -> bool {
        let seen = std::mem::take(&mut self.seen);
        if self.is_earlier {
            for (producer, seen) in seen {
                if let Some(&place) = self.sought.get(&producer) {
                    let (_, first, _) = &mut self.found[place];
                    *first = seen.first.or(*first);
                }
                if seen.has_marker {
                    self.sought.remove(&producer);
                }
            }
        }
        self.is_earlier = true;
        !self.sought.is_empty()
    }

    /// What was found. Markers without records end nothing.
    pub(crate) fn finish(self) -> impl Iterator<Item = AbortedTransaction> {
        self.found.into_iter().filter_map(|(producer, first, last)| {
            Some(AbortedTransaction {
                producer,
                first_offset: first?,
                last_offset: last,
                // What it was is not known: others may have been open. A search goes on behind it.
                last_stable: Offset::ZERO,
            })
        })
    }
}
