//! Batches for the tests of this crate, whatever their headers say.

use bytes::Bytes;
use corelog_model::ValidatedBatch;
use corelog_model::batch::Compression;

use crate::compression::compress;
use crate::recompress::codec_bits;

/// A batch with `records` in `codec`, whose header says so many, this base timestamp and this largest one.
pub(crate) fn raw(codec: Compression, base: i64, max: i64, count: i32, records: &[u8]) -> ValidatedBatch {
    let payload = compress(codec, records).unwrap();
    let mut out = vec![0; 61];
    let length = i32::try_from(49 + payload.len()).unwrap();
    out[8..12].copy_from_slice(&length.to_be_bytes());
    out[16] = 2;
    out[21..23].copy_from_slice(&codec_bits(codec).to_be_bytes());
    out[23..27].copy_from_slice(&(count - 1).to_be_bytes());
    out[27..35].copy_from_slice(&base.to_be_bytes());
    out[35..43].copy_from_slice(&max.to_be_bytes());
    out[43..57].fill(0xff);
    out[57..61].copy_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&payload);
    let crc = crc32c::crc32c(&out[21..]);
    out[17..21].copy_from_slice(&crc.to_be_bytes());
    ValidatedBatch::new(Bytes::from(out)).unwrap()
}
