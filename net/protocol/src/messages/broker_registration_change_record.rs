//! BrokerRegistrationChangeRecord (metadata record 17). Generated from `schema/broker_registration_change_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, TaggedFields, Writer, check_version};

/// BrokerRegistrationChangeRecord, versions 0 to 3, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BrokerRegistrationChangeRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
    /// Tag 0.
    pub fenced: i8,
    /// From version 1; tag 1.
    pub in_controlled_shutdown: i8,
    /// From version 2; tag 2.
    pub log_dirs: Vec<TopicId>,
    /// From version 3; tag 3; nullable.
    pub cordoned_log_dirs: Option<Vec<TopicId>>,
}

impl BrokerRegistrationChangeRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<BrokerRegistrationChangeRecord, DecodeError> {
        check_version(
            "BrokerRegistrationChangeRecord",
            version,
            BrokerRegistrationChangeRecord::VERSIONS,
        )?;
        let mut message = BrokerRegistrationChangeRecord {
            broker_id: reader.i32()?,
            broker_epoch: reader.i64()?,
            fenced: 0,
            in_controlled_shutdown: 0,
            log_dirs: Vec::new(),
            cordoned_log_dirs: None,
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => message.fenced = reader.i8()?,
                1 if version >= 1 => message.in_controlled_shutdown = reader.i8()?,
                2 if version >= 2 => message.log_dirs = reader.array(true, 16, Reader::uuid)?,
                3 if version >= 3 => {
                    message.cordoned_log_dirs = reader.nullable_array(true, 16, Reader::uuid)?
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "BrokerRegistrationChangeRecord",
            version,
            BrokerRegistrationChangeRecord::VERSIONS,
        )?;
        writer.i32(self.broker_id);
        writer.i64(self.broker_epoch);
        if version < 1 && self.in_controlled_shutdown != 0 {
            return Err(EncodeError::absent(
                "BrokerRegistrationChangeRecord",
                "in_controlled_shutdown",
                version,
            ));
        }
        if version < 2 && !self.log_dirs.is_empty() {
            return Err(EncodeError::absent(
                "BrokerRegistrationChangeRecord",
                "log_dirs",
                version,
            ));
        }
        if version < 3 && self.cordoned_log_dirs.is_some() {
            return Err(EncodeError::absent(
                "BrokerRegistrationChangeRecord",
                "cordoned_log_dirs",
                version,
            ));
        }
        let mut tags = TaggedFields::new();
        if self.fenced != 0 {
            tags.add(0, |writer| {
                writer.i8(self.fenced);
                Ok(())
            })?;
        }
        if version >= 1 && self.in_controlled_shutdown != 0 {
            tags.add(1, |writer| {
                writer.i8(self.in_controlled_shutdown);
                Ok(())
            })?;
        }
        if version >= 2 && !self.log_dirs.is_empty() {
            tags.add(2, |writer| {
                writer.plain_array(true, &self.log_dirs, |writer, item| writer.uuid(*item))?;
                Ok(())
            })?;
        }
        if version >= 3 && self.cordoned_log_dirs.is_some() {
            tags.add(3, |writer| {
                writer.nullable_plain_array(true, self.cordoned_log_dirs.as_deref(), |writer, item| {
                    writer.uuid(*item)
                })?;
                Ok(())
            })?;
        }
        writer.tagged_fields(&tags);
        Ok(())
    }
}
