//! Checks the records of a compressed batch while they are decompressed, a piece at a time: the memory is that of a window,
//! not of the records, and whoever checks may do other work between two pieces.

use std::io::{self, Read};

use bytes::Bytes;
use corelog_model::ValidatedBatch;
use corelog_model::batch::HEADER_SIZE;

use crate::check::{RecordsFault, RecordsSummary};
use crate::compression::decompressor;
use crate::records::RecordError;
use crate::walk::{RecordRules, RecordsWalk};

/// The window's first size, in bytes.
const WINDOW_BYTES: usize = 32 << 10;
/// The longest record that is looked at, in bytes: the window grows up to it.
const RECORD_BYTES_MAX: usize = 64 << 20;
/// The most that the records of one batch may become, in bytes. A batch of a mebibyte can become thirty times as much,
/// and would keep the others waiting for as long.
const RECORDS_BYTES_MAX: u64 = 1 << 30;

/// Why a compressed batch is refused.
#[derive(Debug, thiserror::Error)]
pub enum PayloadFault {
    /// Its records are wrong.
    #[error(transparent)]
    Records(#[from] RecordsFault),
    /// It does not decompress.
    #[error("the batch's records do not decompress: {0}")]
    Decompress(#[from] io::Error),
    /// It becomes too large.
    #[error("the batch's records, or one of them, are larger than {size_max} bytes")]
    TooLarge {
        /// What was allowed.
        size_max: u64,
    },
}

impl From<RecordError> for PayloadFault {
    fn from(error: RecordError) -> PayloadFault {
        PayloadFault::Records(error.into())
    }
}

/// A check that goes on.
pub struct PayloadCheck {
    walk: RecordsWalk,
    source: Box<dyn Read>,
    window: Vec<u8>,
    /// What of the window is not walked yet.
    start: usize,
    end: usize,
    total: u64,
}

impl PayloadCheck {
    /// Begins to check the records of `batch`.
    ///
    /// # Errors
    /// `Decompress` if already the beginning is none of the codec's.
    pub fn new(batch: &ValidatedBatch, rules: RecordRules) -> Result<PayloadCheck, PayloadFault> {
        let payload: Bytes = batch.bytes().slice(HEADER_SIZE..);
        Ok(PayloadCheck {
            walk: RecordsWalk::new(batch.header(), rules),
            source: decompressor(batch.header().compression, payload)?,
            window: vec![0; WINDOW_BYTES],
            start: 0,
            end: 0,
            total: 0,
        })
    }

    /// The decompressed bytes so far.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Decompresses and walks about `bytes` more; `Some` at the end.
    ///
    /// # Errors
    /// `PayloadFault`.
    pub fn step(&mut self, bytes: u64) -> Result<Option<RecordsSummary>, PayloadFault> {
        let until = self.total.saturating_add(bytes);
        while self.total < until {
            self.make_room()?;
            let read = self.source.read(&mut self.window[self.end..])?;
            if read == 0 {
                self.walk.feed(&self.window[self.start..self.end], true)?;
                return Ok(Some(self.walk.finish()?));
            }
            self.end += read;
            self.total = self.total.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            if self.total > RECORDS_BYTES_MAX {
                let size_max = RECORDS_BYTES_MAX;
                return Err(PayloadFault::TooLarge { size_max });
            }
            self.start += self.walk.feed(&self.window[self.start..self.end], false)?;
        }
        Ok(None)
    }

    /// Makes sure that the window takes a byte at least, behind what is not walked yet.
    fn make_room(&mut self) -> Result<(), PayloadFault> {
        if self.end < self.window.len() && self.start < self.end {
            return Ok(());
        }
        self.window.copy_within(self.start..self.end, 0);
        self.end -= std::mem::take(&mut self.start);
        if self.end < self.window.len() {
            return Ok(());
        }
        if self.window.len() >= RECORD_BYTES_MAX {
            let size_max = u64::try_from(RECORD_BYTES_MAX).unwrap_or(u64::MAX);
            return Err(PayloadFault::TooLarge { size_max });
        }
        self.window.resize(self.window.len() * 2, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use corelog_model::TimestampMs;
    use corelog_model::batch::Compression;

    use super::*;
    use crate::builder::{BatchOptions, NewRecord, RecordBatchBuilder};
    use crate::testing::raw;

    const ALL: [Compression; 4] = [
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];

    fn run(batch: &ValidatedBatch, step: u64) -> Result<RecordsSummary, PayloadFault> {
        let mut check = PayloadCheck::new(batch, RecordRules::FORM)?;
        loop {
            if let Some(summary) = check.step(step)? {
                return Ok(summary);
            }
        }
    }

    fn batch(compression: Compression, values: &[usize]) -> ValidatedBatch {
        let mut builder = RecordBatchBuilder::new(BatchOptions {
            compression,
            ..BatchOptions::default()
        });
        for (time, bytes) in (7..).zip(values) {
            let value: Vec<u8> = (0..*bytes).map(|at| at.to_le_bytes()[at % 3]).collect();
            let record = NewRecord {
                timestamp: TimestampMs::new(time),
                value: Some(&value),
                ..NewRecord::default()
            };
            builder.append(&record).unwrap();
        }
        builder.build().unwrap()
    }

    #[test]
    fn every_codec_is_checked_piece_by_piece() {
        for codec in ALL {
            for values in [[10, 20].as_slice(), &[40_000, 3, 200_000], &[100; 5000]] {
                let last = 6 + i64::try_from(values.len()).unwrap();
                for step in [1, 1000, 1 << 20] {
                    let summary = run(&batch(codec, values), step).unwrap();
                    assert!(summary.is_dense);
                    assert_eq!(summary.max_timestamp.get(), last);
                }
            }
        }
    }

    #[test]
    fn what_does_not_decompress_or_is_no_records_is_refused() {
        for codec in ALL {
            let good = batch(codec, &[500, 60_000]);
            let cut = |by: usize| {
                let mut bytes = good.bytes()[..good.bytes().len() - by].to_vec();
                let length = i32::try_from(bytes.len() - 12).unwrap();
                bytes[8..12].copy_from_slice(&length.to_be_bytes());
                let crc = crc32c::crc32c(&bytes[21..]);
                bytes[17..21].copy_from_slice(&crc.to_be_bytes());
                ValidatedBatch::new(Bytes::from(bytes)).unwrap()
            };
            for by in [1, 9, 100, good.bytes().len() - HEADER_SIZE] {
                assert!(run(&cut(by), 4096).is_err(), "{codec:?} less {by}");
            }
            let garbage = raw(Compression::None, 0, 0, 1, b"none of it is");
            let mut bytes = garbage.bytes().to_vec();
            bytes[22] = crate::recompress::codec_bits(codec).to_be_bytes()[1];
            let crc = crc32c::crc32c(&bytes[21..]);
            bytes[17..21].copy_from_slice(&crc.to_be_bytes());
            let fault = run(&ValidatedBatch::new(Bytes::from(bytes)).unwrap(), 4096).unwrap_err();
            assert!(matches!(fault, PayloadFault::Decompress(_)), "{codec:?}: {fault}");
            // More and fewer records than are counted.
            let smallest = [12, 0, 0, 0, 1, 1, 0];
            for count in [1, 3] {
                let batch = raw(codec, 0, 0, count, &[smallest, smallest].concat());
                let fault = run(&batch, 4096).unwrap_err();
                assert!(matches!(fault, PayloadFault::Records(_)), "{codec:?}: {fault}");
            }
        }
    }

    #[test]
    fn a_bomb_is_given_up() {
        // A record that claims 256 MiB, as zeros.
        let mut records = Vec::new();
        crate::varint::put_varlong(&mut records, 256 << 20);
        records.resize(80 << 20, 0);
        let batch = raw(Compression::Zstd, 0, 0, 1, &records);
        assert!(batch.bytes().len() < 100_000);
        let fault = run(&batch, 1 << 20).unwrap_err();
        assert!(matches!(fault, PayloadFault::TooLarge { .. }), "{fault}");
    }
}
