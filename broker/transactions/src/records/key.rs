//! The keys of the records in `__transaction_state`.
//!
//! ```text
//! v0  TransactionLogKey   i16 version   transactional_id string
//! ```

use bytes::Bytes;

use super::RecordError;
use super::reader::Reader;
use super::writer::Writer;
use crate::TransactionalId;

const TRANSACTION_LOG_KEY_VERSION: i16 = 0;

/// A record's key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RecordKey {
    /// The state of one transactional id.
    TransactionLog {
        /// Which.
        transactional_id: TransactionalId,
    },
    /// A kind of record that is not known: to be left alone.
    Unknown {
        /// The key's version.
        version: i16,
    },
}

impl RecordKey {
    /// Decodes a key of any version.
    ///
    /// # Errors
    /// If a known version's fields are malformed. Bytes after them are not looked at.
    pub fn decode(bytes: &[u8]) -> Result<RecordKey, RecordError> {
        let mut reader = Reader::new(bytes);
        match reader.read_i16()? {
            TRANSACTION_LOG_KEY_VERSION => Ok(RecordKey::TransactionLog {
                transactional_id: TransactionalId::new(reader.read_string(false)?),
            }),
            version => Ok(RecordKey::Unknown { version }),
        }
    }
}

/// Encodes a TransactionLogKey, v0.
pub(crate) fn encode_key(transactional_id: &TransactionalId) -> Bytes {
    let mut writer = Writer::new(TRANSACTION_LOG_KEY_VERSION);
    writer.put_string(transactional_id.as_str(), false);
    writer.finish()
}
