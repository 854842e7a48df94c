//! From records to batches, and what may go wrong.

use std::sync::Arc;

use bytes::Bytes;
use corelog_model::TimestampMs;
use corelog_model::batch::{BatchProducer, ValidatedBatch};
use corelog_records::{BatchOptions, BuildError, NewRecord, RecordBatchBuilder};
use corelog_storage::{AppendError, AppendOptions, AppendOrigin};

/// How the broker appends to its own logs: they are not measured by the clients' rules.
pub(super) const OPTIONS: AppendOptions = AppendOptions {
    origin: AppendOrigin::Internal,
};

/// Records of one snapshot or change go into batches of about this size.
const BATCH_BYTES: usize = 512 << 10;
/// What a record takes in a batch besides its key and value, at most.
const RECORD_OVERHEAD: usize = 32;

/// A record of a log of the broker's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OwnRecord {
    /// Its key, where its log has keys.
    pub key: Option<Bytes>,
    /// Its value; `None` takes back what the key stood for.
    pub value: Option<Bytes>,
}

impl OwnRecord {
    /// Its bytes in a batch, about.
    pub(crate) fn size(&self) -> usize {
        let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        RECORD_OVERHEAD + length(&self.key) + length(&self.value)
    }
}

/// Records are not in the log, or it is not known whether they are.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogAppendError {
    /// They do not fit into a batch: they are not in the log.
    #[error("the records do not fit into a batch: {0}")]
    Build(Arc<BuildError>),
    /// The log refuses them, and they are not in it; or it is fenced, and the next start tells.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// One batch of these records, all stamped `timestamp`, of the open transaction of a producer or of none.
pub(super) fn batch_of(
    records: &[OwnRecord],
    transaction: Option<BatchProducer>,
    timestamp: TimestampMs,
) -> Result<ValidatedBatch, LogAppendError> {
    let mut builder = RecordBatchBuilder::new(BatchOptions {
        producer: transaction,
        is_transactional: transaction.is_some(),
        ..BatchOptions::default()
    });
    for record in records {
        let record = NewRecord {
            timestamp,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: &[],
        };
        let build = |error| LogAppendError::Build(Arc::new(error));
        builder.append(&record).map_err(build)?;
    }
    builder
        .build()
        .map_err(|error| LogAppendError::Build(Arc::new(error)))
}

/// Records in pieces of about [`BATCH_BYTES`], in order, none of them empty.
pub(crate) struct Chunks<I: Iterator> {
    records: std::iter::Peekable<I>,
}

impl<I: Iterator<Item = OwnRecord>> Chunks<I> {
    pub(crate) fn new(records: impl IntoIterator<IntoIter = I>) -> Chunks<I> {
        Chunks {
            records: records.into_iter().peekable(),
        }
    }
}

impl<I: Iterator<Item = OwnRecord>> Iterator for Chunks<I> {
    type Item = Vec<OwnRecord>;

    fn next(&mut self) -> Option<Vec<OwnRecord>> {
        let first = self.records.next()?;
        let mut size = first.size();
        let mut chunk = vec![first];
        while let Some(record) = self.records.next_if(|record| size + record.size() <= BATCH_BYTES) {
            size += record.size();
            chunk.push(record);
        }
        Some(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_keep_all_records_in_order() {
        let record = |size: usize| OwnRecord {
            key: Some(Bytes::from(vec![0; size])),
            value: None,
        };
        let records: Vec<OwnRecord> = [1, BATCH_BYTES, 7, 2 * BATCH_BYTES, 3, 4].map(record).into();
        let chunks: Vec<Vec<OwnRecord>> = Chunks::new(records.clone()).collect();
        assert_eq!(chunks.concat(), records);
        let counts: Vec<usize> = chunks.iter().map(Vec::len).collect();
        assert_eq!(counts, [1, 1, 1, 1, 2]);
        assert_eq!(Chunks::new(Vec::new()).count(), 0);
    }
}
