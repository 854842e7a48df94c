//! RegisterControllerRecord (metadata record 27). Generated from `schema/register_controller_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// RegisterControllerRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RegisterControllerRecord {
    pub controller_id: i32,
    pub incarnation_id: TopicId,
    pub zk_migration_ready: bool,
    pub end_points: Vec<ControllerEndpoint>,
    pub features: Vec<ControllerFeature>,
}

impl RegisterControllerRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<RegisterControllerRecord, DecodeError> {
        check_version(
            "RegisterControllerRecord",
            version,
            RegisterControllerRecord::VERSIONS,
        )?;
        let message = RegisterControllerRecord {
            controller_id: reader.i32()?,
            incarnation_id: reader.uuid()?,
            zk_migration_ready: reader.bool()?,
            end_points: reader.array(true, 7, |reader| ControllerEndpoint::decode(reader, version))?,
            features: reader.array(true, 6, |reader| ControllerFeature::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "RegisterControllerRecord",
            version,
            RegisterControllerRecord::VERSIONS,
        )?;
        writer.i32(self.controller_id);
        writer.uuid(self.incarnation_id);
        writer.bool(self.zk_migration_ready);
        writer.array(true, &self.end_points, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(true, &self.features, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`RegisterControllerRecord`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ControllerEndpoint {
    pub name: String,
    pub host: String,
    pub port: u16,
    pub security_protocol: i16,
}

impl ControllerEndpoint {
    fn decode(reader: &mut Reader, _version: i16) -> Result<ControllerEndpoint, DecodeError> {
        let message = ControllerEndpoint {
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

/// A part of [`RegisterControllerRecord`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ControllerFeature {
    pub name: String,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

impl ControllerFeature {
    fn decode(reader: &mut Reader, _version: i16) -> Result<ControllerFeature, DecodeError> {
        let message = ControllerFeature {
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
