//! RegisterBrokerRecord (metadata record 0). Generated from `schema/register_broker_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, TaggedFields, Writer, check_version};

/// RegisterBrokerRecord, versions 0 to 4, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct RegisterBrokerRecord {
    pub broker_id: i32,
    /// From version 2.
    pub is_migrating_zk_broker: bool,
    pub incarnation_id: TopicId,
    pub broker_epoch: i64,
    pub end_points: Vec<BrokerEndpoint>,
    pub features: Vec<BrokerFeature>,
    /// Nullable; default empty, not null.
    pub rack: Option<String>,
    /// Default true.
    pub fenced: bool,
    /// From version 1.
    pub in_controlled_shutdown: bool,
    /// From version 3; tag 0.
    pub log_dirs: Vec<TopicId>,
    /// From version 4; tag 1; nullable.
    pub cordoned_log_dirs: Option<Vec<TopicId>>,
}

impl Default for RegisterBrokerRecord {
    fn default() -> RegisterBrokerRecord {
        RegisterBrokerRecord {
            broker_id: 0,
            is_migrating_zk_broker: false,
            incarnation_id: TopicId::ZERO,
            broker_epoch: 0,
            end_points: Vec::new(),
            features: Vec::new(),
            rack: Some(String::new()),
            fenced: true,
            in_controlled_shutdown: false,
            log_dirs: Vec::new(),
            cordoned_log_dirs: None,
        }
    }
}

impl RegisterBrokerRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=4;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<RegisterBrokerRecord, DecodeError> {
        check_version("RegisterBrokerRecord", version, RegisterBrokerRecord::VERSIONS)?;
        let mut message = RegisterBrokerRecord {
            broker_id: reader.i32()?,
            is_migrating_zk_broker: if version >= 2 { reader.bool()? } else { false },
            incarnation_id: reader.uuid()?,
            broker_epoch: reader.i64()?,
            end_points: reader.array(true, 7, |reader| BrokerEndpoint::decode(reader, version))?,
            features: reader.array(true, 6, |reader| BrokerFeature::decode(reader, version))?,
            rack: reader.nullable_string(true)?,
            fenced: reader.bool()?,
            in_controlled_shutdown: if version >= 1 { reader.bool()? } else { false },
            log_dirs: Vec::new(),
            cordoned_log_dirs: None,
        };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 if version >= 3 => message.log_dirs = reader.array(true, 16, Reader::uuid)?,
                1 if version >= 4 => {
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
        check_version("RegisterBrokerRecord", version, RegisterBrokerRecord::VERSIONS)?;
        writer.i32(self.broker_id);
        if version >= 2 {
            writer.bool(self.is_migrating_zk_broker);
        } else if self.is_migrating_zk_broker {
            return Err(EncodeError::absent(
                "RegisterBrokerRecord",
                "is_migrating_zk_broker",
                version,
            ));
        }
        writer.uuid(self.incarnation_id);
        writer.i64(self.broker_epoch);
        writer.array(true, &self.end_points, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(true, &self.features, |writer, item| item.encode(writer, version))?;
        writer.nullable_string(true, self.rack.as_deref())?;
        writer.bool(self.fenced);
        if version >= 1 {
            writer.bool(self.in_controlled_shutdown);
        } else if self.in_controlled_shutdown {
            return Err(EncodeError::absent(
                "RegisterBrokerRecord",
                "in_controlled_shutdown",
                version,
            ));
        }
        if version < 3 && !self.log_dirs.is_empty() {
            return Err(EncodeError::absent("RegisterBrokerRecord", "log_dirs", version));
        }
        if version < 4 && self.cordoned_log_dirs.is_some() {
            return Err(EncodeError::absent(
                "RegisterBrokerRecord",
                "cordoned_log_dirs",
                version,
            ));
        }
        let mut tags = TaggedFields::new();
        if version >= 3 && !self.log_dirs.is_empty() {
            tags.add(0, |writer| {
                writer.plain_array(true, &self.log_dirs, |writer, item| writer.uuid(*item))?;
                Ok(())
            })?;
        }
        if version >= 4 && self.cordoned_log_dirs.is_some() {
            tags.add(1, |writer| {
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

/// A part of [`RegisterBrokerRecord`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BrokerEndpoint {
    pub name: String,
    pub host: String,
    pub port: u16,
    pub security_protocol: i16,
}

impl BrokerEndpoint {
    fn decode(reader: &mut Reader, _version: i16) -> Result<BrokerEndpoint, DecodeError> {
        let message = BrokerEndpoint {
            name: reader.string(true)?,
            host: reader.string(true)?,
            port: reader.u16()?,
            security_protocol: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.string(true, &self.host)?;
        writer.u16(self.port);
        writer.i16(self.security_protocol);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`RegisterBrokerRecord`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BrokerFeature {
    pub name: String,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

impl BrokerFeature {
    fn decode(reader: &mut Reader, _version: i16) -> Result<BrokerFeature, DecodeError> {
        let message = BrokerFeature {
            name: reader.string(true)?,
            min_supported_version: reader.i16()?,
            max_supported_version: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i16(self.min_supported_version);
        writer.i16(self.max_supported_version);
        writer.no_tagged_fields();
        Ok(())
    }
}
