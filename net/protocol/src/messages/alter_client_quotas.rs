//! AlterClientQuotas (API key 49). Generated from `schema/alter_client_quotas.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// AlterClientQuotasRequest, versions 0 to 1, flexible from 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterClientQuotasRequest {
    pub entries: Vec<EntryDataRequest>,
    pub validate_only: bool,
}

impl AlterClientQuotasRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AlterClientQuotasRequest, DecodeError> {
        check_version(
            "AlterClientQuotasRequest",
            version,
            AlterClientQuotasRequest::VERSIONS,
        )?;
        let flexible = version >= 1;
        let message = AlterClientQuotasRequest {
            entries: reader.array(flexible, 3, |reader| EntryDataRequest::decode(reader, version))?,
            validate_only: reader.bool()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "AlterClientQuotasRequest",
            version,
            AlterClientQuotasRequest::VERSIONS,
        )?;
        let flexible = version >= 1;
        writer.array(flexible, &self.entries, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.bool(self.validate_only);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`AlterClientQuotasRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EntryDataRequest {
    pub entity: Vec<EntityDataRequest>,
    pub ops: Vec<OpData>,
}

impl EntryDataRequest {
    fn decode(reader: &mut Reader, version: i16) -> Result<EntryDataRequest, DecodeError> {
        let flexible = version >= 1;
        let message = EntryDataRequest {
            entity: reader.array(flexible, 3, |reader| EntityDataRequest::decode(reader, version))?,
            ops: reader.array(flexible, 11, |reader| OpData::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.array(flexible, &self.entity, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(flexible, &self.ops, |writer, item| item.encode(writer, version))?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`AlterClientQuotasRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct EntityDataRequest {
    pub entity_type: String,
    /// Nullable; default empty, not null.
    pub entity_name: Option<String>,
}

impl Default for EntityDataRequest {
    fn default() -> EntityDataRequest {
        EntityDataRequest {
            entity_type: String::new(),
            entity_name: Some(String::new()),
        }
    }
}

impl EntityDataRequest {
    fn decode(reader: &mut Reader, version: i16) -> Result<EntityDataRequest, DecodeError> {
        let flexible = version >= 1;
        let message = EntityDataRequest {
            entity_type: reader.string(flexible)?,
            entity_name: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.string(flexible, &self.entity_type)?;
        writer.nullable_string(flexible, self.entity_name.as_deref())?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`AlterClientQuotasRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OpData {
    pub key: String,
    pub value: f64,
    pub remove: bool,
}

impl OpData {
    fn decode(reader: &mut Reader, version: i16) -> Result<OpData, DecodeError> {
        let flexible = version >= 1;
        let message = OpData {
            key: reader.string(flexible)?,
            value: reader.f64()?,
            remove: reader.bool()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.string(flexible, &self.key)?;
        writer.f64(self.value);
        writer.bool(self.remove);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// AlterClientQuotasResponse, versions 0 to 1, flexible from 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterClientQuotasResponse {
    pub throttle_time_ms: i32,
    pub entries: Vec<EntryDataResponse>,
}

impl AlterClientQuotasResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AlterClientQuotasResponse, DecodeError> {
        check_version(
            "AlterClientQuotasResponse",
            version,
            AlterClientQuotasResponse::VERSIONS,
        )?;
        let flexible = version >= 1;
        let message = AlterClientQuotasResponse {
            throttle_time_ms: reader.i32()?,
            entries: reader.array(flexible, 5, |reader| EntryDataResponse::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "AlterClientQuotasResponse",
            version,
            AlterClientQuotasResponse::VERSIONS,
        )?;
        let flexible = version >= 1;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.entries, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.entries {
            item.error_codes(tell);
        }
    }
}

/// A part of [`AlterClientQuotasResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct EntryDataResponse {
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    pub entity: Vec<EntityDataResponse>,
}

impl Default for EntryDataResponse {
    fn default() -> EntryDataResponse {
        EntryDataResponse {
            error_code: 0,
            error_message: Some(String::new()),
            entity: Vec::new(),
        }
    }
}

impl EntryDataResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<EntryDataResponse, DecodeError> {
        let flexible = version >= 1;
        let message = EntryDataResponse {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            entity: reader.array(flexible, 3, |reader| EntityDataResponse::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.i16(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        writer.array(flexible, &self.entity, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`AlterClientQuotasResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct EntityDataResponse {
    pub entity_type: String,
    /// Nullable; default empty, not null.
    pub entity_name: Option<String>,
}

impl Default for EntityDataResponse {
    fn default() -> EntityDataResponse {
        EntityDataResponse {
            entity_type: String::new(),
            entity_name: Some(String::new()),
        }
    }
}

impl EntityDataResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<EntityDataResponse, DecodeError> {
        let flexible = version >= 1;
        let message = EntityDataResponse {
            entity_type: reader.string(flexible)?,
            entity_name: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.string(flexible, &self.entity_type)?;
        writer.nullable_string(flexible, self.entity_name.as_deref())?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}
