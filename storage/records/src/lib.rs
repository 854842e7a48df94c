//! The inside of Kafka's record batches: their records, their compression, and building them whole.
//!
//! `corelog-model` reads a batch's header and its checksum, which is all that the fetch path needs. This
//! crate looks past the header. It does no I/O and knows no clock; every input may be hostile, none panics.

pub mod builder;
pub mod check;
pub mod clean;
pub mod compression;
mod lz4;
pub mod marker;
pub mod recompress;
pub mod records;
pub mod stream;
#[cfg(test)]
mod testing;
mod varint;
pub mod walk;
mod xerial;

pub use builder::{BatchOptions, BuildError, NewRecord, RecordBatchBuilder, Stamps};
pub use check::{
    HeaderFault, KeyPolicy, RecordsFault, RecordsSummary, check_produced_header, check_produced_records,
};
pub use clean::{CleanError, Kept, emptied, kept_records};
pub use compression::{CompressError, DecompressError, compress, compress_at, decompress};
pub use marker::{EndMarker, end_marker, marker_batch};
pub use recompress::{RecompressError, recompress};
pub use records::{Header, Headers, PayloadError, Record, RecordError, Records, payload};
pub use stream::{PayloadCheck, PayloadFault};
pub use walk::{RecordRules, TimestampRule};
