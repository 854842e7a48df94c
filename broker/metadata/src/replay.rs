//! From the values of a metadata log, first to last, to the image.
//!
//! A log begins with the records of this release's form or, where an earlier release wrote it, with that release's (see
//! [`crate::v1`]). What a transaction holds is in force at its end alone. The log may begin anywhere before a snapshot.

use bytes::Bytes;
use corelog_model::Offset;
use corelog_protocol::metadata_log::{self, RecordError};
use corelog_protocol::{MetadataRecord, messages};

use crate::change::{ApplyError, ImageChange};
use crate::image::MetadataImage;
use crate::snapshot::SNAPSHOT;
use crate::v1;

/// Why a log does not replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A value is no record that this release knows.
    #[error("the record at offset {offset} cannot be read: {source}")]
    Record {
        /// Where.
        offset: Offset,
        /// Why.
        source: RecordError,
    },
    /// A value is no command and no snapshot of release 0.1.0.
    #[error("the entry of release 0.1.0 at offset {offset} cannot be read: {source}")]
    V1 {
        /// Where.
        offset: Offset,
        /// Why.
        source: v1::DecodeError,
    },
    /// A record does not fit those before it.
    #[error("the {name} at offset {offset} does not fit those before it: {source}")]
    Apply {
        /// Where.
        offset: Offset,
        /// Kafka's name of its kind.
        name: &'static str,
        /// Why.
        source: ApplyError,
    },
    /// A transaction begins within another, or ends where none began.
    #[error("the {name} at offset {offset} does not go with the transactions before it")]
    Transaction {
        /// Where.
        offset: Offset,
        /// Kafka's name of its kind.
        name: &'static str,
    },
}

/// A replay under way.
#[derive(Debug)]
pub struct Replay {
    cluster_id: String,
    change: ImageChange,
    transaction: Option<Transaction>,
    is_old_form: bool,
    size: LogSize,
}

/// A transaction that has not ended.
#[derive(Debug)]
struct Transaction {
    /// The image as it was, in force if the transaction is given up.
    before: MetadataImage,
    is_snapshot: bool,
    /// The bytes of its values.
    bytes: usize,
}

/// What a replay reads, in bytes of values.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LogSize {
    /// The last snapshot.
    pub snapshot: usize,
    /// What came after it.
    pub grown: usize,
}

/// What a log comes to.
#[derive(Debug)]
pub struct Replayed {
    /// The image.
    pub image: MetadataImage,
    /// An earlier release wrote some of it: a snapshot is to take its place.
    pub is_old_form: bool,
    /// It ends within a transaction, which is to be given up before anything else is appended.
    pub is_transaction_open: bool,
    /// How much was read.
    pub size: LogSize,
}

impl Replay {
    /// Begins with the empty image of the cluster `cluster_id`.
    pub fn new(cluster_id: &str) -> Replay {
        Replay {
            cluster_id: cluster_id.to_owned(),
            change: ImageChange::new(MetadataImage::new(cluster_id)),
            transaction: None,
            is_old_form: false,
            size: LogSize::default(),
        }
    }

    /// Takes the next value, that of the record at `offset`.
    ///
    /// # Errors
    /// See [`ReplayError`]; then the log is not to be used.
    pub fn next(&mut self, offset: Offset, value: Bytes) -> Result<(), ReplayError> {
        match &mut self.transaction {
            Some(transaction) => transaction.bytes += value.len(),
            None => self.size.grown += value.len(),
        }
        if v1::is_v1(&value) {
            return self.next_v1(offset, &value);
        }
        let size = value.len();
        let (record, _) =
            metadata_log::decode(value).map_err(|source| ReplayError::Record { offset, source })?;
        match &record {
            MetadataRecord::BeginTransaction(begin) => self.begin(offset, begin, size),
            MetadataRecord::EndTransaction(_) => {
                let ended = self.end(offset, "EndTransactionRecord")?;
                if ended.is_snapshot {
                    self.is_old_form = false;
                    self.size = LogSize {
                        snapshot: ended.bytes,
                        grown: 0,
                    };
                } else {
                    self.size.grown += ended.bytes;
                }
                Ok(())
            }
            MetadataRecord::AbortTransaction(_) => {
                let aborted = self.end(offset, "AbortTransactionRecord")?;
                self.size.grown += aborted.bytes;
                self.change = ImageChange::new(aborted.before);
                Ok(())
            }
            record => self.apply(offset, record),
        }
    }

    /// What the whole log comes to. A transaction that has not ended has not been.
    pub fn finish(self) -> Replayed {
        let is_transaction_open = self.transaction.is_some();
        let (image, bytes) = match self.transaction {
            Some(transaction) => (transaction.before, transaction.bytes),
            None => (self.change.finish(), 0),
        };
        Replayed {
            image,
            is_old_form: self.is_old_form,
            is_transaction_open,
            size: LogSize {
                grown: self.size.grown + bytes,
                ..self.size
            },
        }
    }

    fn begin(
        &mut self,
        offset: Offset,
        begin: &messages::begin_transaction_record::BeginTransactionRecord,
        bytes: usize,
    ) -> Result<(), ReplayError> {
        if self.transaction.is_some() {
            let name = "BeginTransactionRecord";
            return Err(ReplayError::Transaction { offset, name });
        }
        let is_snapshot = begin.name.as_deref() == Some(SNAPSHOT);
        let empty = ImageChange::new(MetadataImage::new(&self.cluster_id));
        let before = std::mem::replace(&mut self.change, empty).finish();
        if !is_snapshot {
            self.change = ImageChange::new(before.clone());
        }
        self.transaction = Some(Transaction {
            before,
            is_snapshot,
            bytes,
        });
        Ok(())
    }

    fn end(&mut self, offset: Offset, name: &'static str) -> Result<Transaction, ReplayError> {
        let ended = self.transaction.take();
        ended.ok_or(ReplayError::Transaction { offset, name })
    }

    fn apply(&mut self, offset: Offset, record: &MetadataRecord) -> Result<(), ReplayError> {
        let name = MetadataRecord::kind(record.key()).map_or("record", |(name, _)| name);
        let applied = self.change.apply(record);
        applied.map_err(|source| ReplayError::Apply { offset, name, source })
    }

    fn next_v1(&mut self, offset: Offset, value: &[u8]) -> Result<(), ReplayError> {
        self.is_old_form = true;
        let decode = |source| ReplayError::V1 { offset, source };
        let empty = ImageChange::new(MetadataImage::new(&self.cluster_id));
        let image = std::mem::replace(&mut self.change, empty).finish();
        if v1::is_snapshot(value) {
            let image = v1::decode_snapshot(value, &self.cluster_id).map_err(decode)?;
            self.change = ImageChange::new(image);
            return Ok(());
        }
        let command = v1::decode(value).map_err(decode)?;
        let records = v1::records(&command, &image);
        self.change = ImageChange::new(image);
        for record in &records {
            self.apply(offset, record)?;
        }
        Ok(())
    }
}
