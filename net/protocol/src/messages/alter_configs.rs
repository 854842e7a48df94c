//! AlterConfigs (API key 33). Generated from `schema/alter_configs.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// AlterConfigsRequest, versions 0 to 2, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterConfigsRequest {
    pub resources: Vec<AlterConfigsResource>,
    pub validate_only: bool,
}

impl AlterConfigsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AlterConfigsRequest, DecodeError> {
        check_version("AlterConfigsRequest", version, AlterConfigsRequest::VERSIONS)?;
        let flexible = version >= 2;
        let message = AlterConfigsRequest {
            resources: reader.array(flexible, 4, |reader| {
                AlterConfigsResource::decode(reader, version)
            })?,
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
        check_version("AlterConfigsRequest", version, AlterConfigsRequest::VERSIONS)?;
        let flexible = version >= 2;
        writer.array(flexible, &self.resources, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.bool(self.validate_only);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`AlterConfigsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterConfigsResource {
    pub resource_type: i8,
    pub resource_name: String,
    pub configs: Vec<AlterableConfig>,
}

impl AlterConfigsResource {
    fn decode(reader: &mut Reader, version: i16) -> Result<AlterConfigsResource, DecodeError> {
        let flexible = version >= 2;
        let message = AlterConfigsResource {
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
            configs: reader.array(flexible, 3, |reader| AlterableConfig::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i8(self.resource_type);
        writer.string(flexible, &self.resource_name)?;
        writer.array(flexible, &self.configs, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`AlterConfigsRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct AlterableConfig {
    pub name: String,
    /// Nullable; default empty, not null.
    pub value: Option<String>,
}

impl Default for AlterableConfig {
    fn default() -> AlterableConfig {
        AlterableConfig {
            name: String::new(),
            value: Some(String::new()),
        }
    }
}

impl AlterableConfig {
    fn decode(reader: &mut Reader, version: i16) -> Result<AlterableConfig, DecodeError> {
        let flexible = version >= 2;
        let message = AlterableConfig {
            name: reader.string(flexible)?,
            value: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.name)?;
        writer.nullable_string(flexible, self.value.as_deref())?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// AlterConfigsResponse, versions 0 to 2, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterConfigsResponse {
    pub throttle_time_ms: i32,
    pub responses: Vec<AlterConfigsResourceResponse>,
}

impl AlterConfigsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AlterConfigsResponse, DecodeError> {
        check_version("AlterConfigsResponse", version, AlterConfigsResponse::VERSIONS)?;
        let flexible = version >= 2;
        let message = AlterConfigsResponse {
            throttle_time_ms: reader.i32()?,
            responses: reader.array(flexible, 6, |reader| {
                AlterConfigsResourceResponse::decode(reader, version)
            })?,
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
        check_version("AlterConfigsResponse", version, AlterConfigsResponse::VERSIONS)?;
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.responses, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.responses {
            item.error_codes(tell);
        }
    }
}

/// A part of [`AlterConfigsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct AlterConfigsResourceResponse {
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    pub resource_type: i8,
    pub resource_name: String,
}

impl Default for AlterConfigsResourceResponse {
    fn default() -> AlterConfigsResourceResponse {
        AlterConfigsResourceResponse {
            error_code: 0,
            error_message: Some(String::new()),
            resource_type: 0,
            resource_name: String::new(),
        }
    }
}

impl AlterConfigsResourceResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<AlterConfigsResourceResponse, DecodeError> {
        let flexible = version >= 2;
        let message = AlterConfigsResourceResponse {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i16(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        writer.i8(self.resource_type);
        writer.string(flexible, &self.resource_name)?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
