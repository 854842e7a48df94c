//! Batches that can be told apart: the first eight bytes of the records are the batch's number.

use bytes::Bytes;
use corelog_model::batch::HEADER_SIZE;
use corelog_model::{ProducerEpoch, ProducerId, Sequence, TimestampMs, ValidatedBatch};

/// The producer's part of a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    pub(crate) id: ProducerId,
    pub(crate) epoch: ProducerEpoch,
    pub(crate) sequence: Sequence,
}

/// What a batch is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub(crate) number: u64,
    pub(crate) records: i32,
    pub(crate) payload: usize,
    pub(crate) timestamp: TimestampMs,
    pub(crate) stamp: Option<Stamp>,
}

/// Builds the batch. Its records are filler, which the log does not look into.
pub(crate) fn build(fields: &Fields) -> ValidatedBatch {
    let size = HEADER_SIZE + 8 + fields.payload;
    let mut out = vec![0u8; size];
    out[8..12].copy_from_slice(&i32::try_from(size - 12).expect("small").to_be_bytes());
    out[12..16].copy_from_slice(&(-1i32).to_be_bytes());
    out[16] = 2;
    out[23..27].copy_from_slice(&(fields.records - 1).to_be_bytes());
    out[27..35].copy_from_slice(&fields.timestamp.get().to_be_bytes());
    out[35..43].copy_from_slice(&fields.timestamp.get().to_be_bytes());
    let (id, epoch, sequence) = match &fields.stamp {
        Some(stamp) => (stamp.id.get(), stamp.epoch.get(), stamp.sequence.get()),
        None => (-1, -1, -1),
    };
    out[43..51].copy_from_slice(&id.to_be_bytes());
    out[51..53].copy_from_slice(&epoch.to_be_bytes());
    out[53..57].copy_from_slice(&sequence.to_be_bytes());
    out[57..61].copy_from_slice(&fields.records.to_be_bytes());
    out[HEADER_SIZE..HEADER_SIZE + 8].copy_from_slice(&fields.number.to_be_bytes());
    // Filler that differs from batch to batch and place to place, so that swapped pages do not look alike.
    let mut word = crate::rng::mix(fields.number);
    for chunk in out[HEADER_SIZE + 8..].chunks_mut(8) {
        word = word
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
    }
    let crc = crc32c::crc32c(&out[21..]);
    out[17..21].copy_from_slice(&crc.to_be_bytes());
    ValidatedBatch::new(Bytes::from(out)).expect("a batch as Kafka's clients build it")
}

/// The timestamp of batch `number`, which is sent at `now`: some have none, and some are from long ago.
pub(crate) fn time_of(number: u64, now: TimestampMs) -> TimestampMs {
    match crate::rng::mix(number ^ 0x713e) % 8 {
        0 => TimestampMs::new(-1),
        1 => TimestampMs::new(now.get() / 2),
        _ => now,
    }
}

/// The number of a batch that was built here; `None` if it cannot have been.
pub(crate) fn number_of(bytes: &[u8]) -> Option<u64> {
    let number = bytes.get(HEADER_SIZE..HEADER_SIZE + 8)?;
    Some(u64::from_be_bytes(number.try_into().ok()?))
}
