//! From records to one batch, as a producer sends it.

use bytes::Bytes;
use corelog_records::{BatchOptions, BuildError, Header, NewRecord, RecordBatchBuilder};

use super::Record;

/// Encodes one batch.
///
/// # Errors
/// See [`BuildError`].
pub fn encode_batch(records: &[Record], options: BatchOptions) -> Result<Bytes, BuildError> {
    let mut builder = RecordBatchBuilder::new(options);
    for record in records {
        let headers: Vec<_> = record
            .headers
            .iter()
            .map(|header| Header {
                key: header.key.as_bytes(),
                value: header.value.as_deref(),
            })
            .collect();
        builder.append(&NewRecord {
            timestamp: record.timestamp,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: &headers,
        })?;
    }
    Ok(builder.build()?.bytes().clone())
}
