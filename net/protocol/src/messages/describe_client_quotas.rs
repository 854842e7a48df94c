//! DescribeClientQuotas (API key 48). Generated from `schema/describe_client_quotas.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DescribeClientQuotasRequest, versions 0 to 1, flexible from 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeClientQuotasRequest {
    pub components: Vec<ComponentData>,
    pub strict: bool,
}

impl DescribeClientQuotasRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeClientQuotasRequest, DecodeError> {
        check_version(
            "DescribeClientQuotasRequest",
            version,
            DescribeClientQuotasRequest::VERSIONS,
        )?;
        let flexible = version >= 1;
        let message = DescribeClientQuotasRequest {
            components: reader.array(flexible, 4, |reader| ComponentData::decode(reader, version))?,
            strict: reader.bool()?,
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
            "DescribeClientQuotasRequest",
            version,
            DescribeClientQuotasRequest::VERSIONS,
        )?;
        let flexible = version >= 1;
        writer.array(flexible, &self.components, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.bool(self.strict);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`DescribeClientQuotasRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct ComponentData {
    pub entity_type: String,
    pub match_type: i8,
    /// Nullable; default empty, not null.
    pub r#match: Option<String>,
}

impl Default for ComponentData {
    fn default() -> ComponentData {
        ComponentData {
            entity_type: String::new(),
            match_type: 0,
            r#match: Some(String::new()),
        }
    }
}

impl ComponentData {
    fn decode(reader: &mut Reader, version: i16) -> Result<ComponentData, DecodeError> {
        let flexible = version >= 1;
        let message = ComponentData {
            entity_type: reader.string(flexible)?,
            match_type: reader.i8()?,
            r#match: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        writer.string(flexible, &self.entity_type)?;
        writer.i8(self.match_type);
        writer.nullable_string(flexible, self.r#match.as_deref())?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// DescribeClientQuotasResponse, versions 0 to 1, flexible from 1.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeClientQuotasResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    /// Nullable; default empty, not null.
    pub entries: Option<Vec<EntryData>>,
}

impl Default for DescribeClientQuotasResponse {
    fn default() -> DescribeClientQuotasResponse {
        DescribeClientQuotasResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(String::new()),
            entries: Some(Vec::new()),
        }
    }
}

impl DescribeClientQuotasResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeClientQuotasResponse, DecodeError> {
        check_version(
            "DescribeClientQuotasResponse",
            version,
            DescribeClientQuotasResponse::VERSIONS,
        )?;
        let flexible = version >= 1;
        let message = DescribeClientQuotasResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            entries: reader.nullable_array(flexible, 3, |reader| EntryData::decode(reader, version))?,
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
            "DescribeClientQuotasResponse",
            version,
            DescribeClientQuotasResponse::VERSIONS,
        )?;
        let flexible = version >= 1;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        writer.nullable_array(flexible, self.entries.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`DescribeClientQuotasResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EntryData {
    pub entity: Vec<EntityData>,
    pub values: Vec<ValueData>,
}

impl EntryData {
    fn decode(reader: &mut Reader, version: i16) -> Result<EntryData, DecodeError> {
        let flexible = version >= 1;
        let message = EntryData {
            entity: reader.array(flexible, 3, |reader| EntityData::decode(reader, version))?,
            values: reader.array(flexible, 10, |reader| ValueData::decode(reader, version))?,
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
        writer.array(flexible, &self.values, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`DescribeClientQuotasResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct EntityData {
    pub entity_type: String,
    /// Nullable; default empty, not null.
    pub entity_name: Option<String>,
}

impl Default for EntityData {
    fn default() -> EntityData {
        EntityData {
            entity_type: String::new(),
            entity_name: Some(String::new()),
        }
    }
}

impl EntityData {
    fn decode(reader: &mut Reader, version: i16) -> Result<EntityData, DecodeError> {
        let flexible = version >= 1;
        let message = EntityData {
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

/// A part of [`DescribeClientQuotasResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ValueData {
    pub key: String,
    pub value: f64,
}

impl ValueData {
    fn decode(reader: &mut Reader, version: i16) -> Result<ValueData, DecodeError> {
        let flexible = version >= 1;
        let message = ValueData {
            key: reader.string(flexible)?,
            value: reader.f64()?,
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
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}
