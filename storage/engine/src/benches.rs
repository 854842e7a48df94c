//! Access to private code for the benchmarks in `perf/benches`, by the calls that the engine makes.

use corelog_model::{Offset, TimestampMs};
use corelog_runtime::buffer::AlignedBuf;

use crate::format::v2::{AppendV2, EntryV2, TableV2};
use crate::journal::frame::{self, FrameStamp};
use crate::log::index::{INTERVAL_BYTES, SparseIndex};

/// What one commit of the journal gathers.
#[derive(Debug)]
pub struct Commit {
    payloads: Vec<Vec<u8>>,
}

impl Commit {
    /// `runs` partitions with `bytes` of batches each.
    pub fn new(runs: usize, bytes: usize) -> Commit {
        Commit {
            payloads: (0..runs)
                .map(|run| vec![u8::try_from(run % 251).unwrap_or(0); bytes])
                .collect(),
        }
    }

    /// Puts the frame together: checksums, table, header, payloads. Returns its length.
    pub fn frame(&self, sequence: u64) -> usize {
        let entries = self.payloads.iter().zip(0i32..);
        let table = TableV2 {
            entries: entries
                .map(|(payload, index)| EntryV2::Append(append(index, payload)))
                .collect(),
        };
        let table_bytes = frame::encode_table(&table);
        let payload_length = self.payloads.iter().map(Vec::len).sum();
        let mut frame = AlignedBuf::recycled(frame::frame_length(table_bytes.len(), payload_length));
        let stamp = FrameStamp {
            shard: 0,
            incarnation: 1,
            sequence,
            acknowledged_end: sequence,
        };
        let entries = table.entries.len();
        let mut at = frame::write_head(&mut frame, stamp, &table_bytes, entries, payload_length);
        for payload in &self.payloads {
            frame[at..at + payload.len()].copy_from_slice(payload);
            at += payload.len();
        }
        frame[at..].fill(0);
        frame.freeze().len()
    }
}

fn append(index: i32, payload: &[u8]) -> AppendV2 {
    AppendV2 {
        topic: [7; 16],
        index,
        leader_epoch: 0,
        base_offset: 0,
        end_offset: 16,
        segment_base_offset: 0,
        run_position: 0,
        position: 0,
        length: u32::try_from(payload.len()).unwrap_or(u32::MAX),
        payload_crc: crc32fast::hash(payload),
        has_gaps: false,
    }
}

/// The sparse index of a full segment.
#[derive(Debug)]
pub struct Index {
    index: SparseIndex,
    end: i64,
}

impl Index {
    /// One of so many entries.
    pub fn new(entries: i64) -> Index {
        let mut index = SparseIndex::default();
        for entry in 1..=entries {
            let offset = Offset::new(entry * 64).unwrap_or(Offset::ZERO);
            let position = u64::try_from(entry).unwrap_or(0) * INTERVAL_BYTES;
            index.note(offset, position, TimestampMs::new(entry), INTERVAL_BYTES);
        }
        Index {
            index,
            end: entries * 64,
        }
    }

    /// Where the search for an offset begins; `seed` chooses the offset.
    pub fn position(&self, seed: u64) -> u64 {
        let offset = i64::try_from(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1).unwrap_or(0) % self.end;
        self.index
            .position_for_offset(Offset::new(offset).unwrap_or(Offset::ZERO))
    }
}
