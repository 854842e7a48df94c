//! ProducerIdsRecord (metadata record 15). Generated from `schema/producer_ids_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ProducerIdsRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct ProducerIdsRecord {
    pub broker_id: i32,
    /// Default -1.
    pub broker_epoch: i64,
    pub next_producer_id: i64,
}

impl Default for ProducerIdsRecord {
    fn default() -> ProducerIdsRecord {
        ProducerIdsRecord {
            broker_id: 0,
            broker_epoch: -1,
            next_producer_id: 0,
        }
    }
}

impl ProducerIdsRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ProducerIdsRecord, DecodeError> {
        check_version("ProducerIdsRecord", version, ProducerIdsRecord::VERSIONS)?;
        let message = ProducerIdsRecord {
            broker_id: reader.i32()?,
            broker_epoch: reader.i64()?,
            next_producer_id: reader.i64()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("ProducerIdsRecord", version, ProducerIdsRecord::VERSIONS)?;
        writer.i32(self.broker_id);
        writer.i64(self.broker_epoch);
        writer.i64(self.next_producer_id);
        writer.no_tagged_fields();
        Ok(())
    }
}
