//! TopicRecord (metadata record 2). Generated from `schema/topic_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// TopicRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicRecord {
    pub name: String,
    pub topic_id: TopicId,
}

impl TopicRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<TopicRecord, DecodeError> {
        check_version("TopicRecord", version, TopicRecord::VERSIONS)?;
        let message = TopicRecord {
            name: reader.string(true)?,
            topic_id: reader.uuid()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("TopicRecord", version, TopicRecord::VERSIONS)?;
        writer.string(true, &self.name)?;
        writer.uuid(self.topic_id);
        writer.no_tagged_fields();
        Ok(())
    }
}
