//! DescribeConfigs (API key 32). Generated from `schema/describe_configs.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DescribeConfigsRequest, versions 1 to 4, flexible from 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeConfigsRequest {
    pub resources: Vec<DescribeConfigsResource>,
    pub include_synonyms: bool,
    /// From version 3.
    pub include_documentation: bool,
}

impl DescribeConfigsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=4;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeConfigsRequest, DecodeError> {
        check_version(
            "DescribeConfigsRequest",
            version,
            DescribeConfigsRequest::VERSIONS,
        )?;
        let flexible = version >= 4;
        let message = DescribeConfigsRequest {
            resources: reader.array(flexible, 4, |reader| {
                DescribeConfigsResource::decode(reader, version)
            })?,
            include_synonyms: reader.bool()?,
            include_documentation: if version >= 3 { reader.bool()? } else { false },
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
            "DescribeConfigsRequest",
            version,
            DescribeConfigsRequest::VERSIONS,
        )?;
        let flexible = version >= 4;
        writer.array(flexible, &self.resources, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.bool(self.include_synonyms);
        if version >= 3 {
            writer.bool(self.include_documentation);
        } else if self.include_documentation {
            return Err(EncodeError::absent(
                "DescribeConfigsRequest",
                "include_documentation",
                version,
            ));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`DescribeConfigsRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeConfigsResource {
    pub resource_type: i8,
    pub resource_name: String,
    /// Nullable; default empty, not null.
    pub configuration_keys: Option<Vec<String>>,
}

impl Default for DescribeConfigsResource {
    fn default() -> DescribeConfigsResource {
        DescribeConfigsResource {
            resource_type: 0,
            resource_name: String::new(),
            configuration_keys: Some(Vec::new()),
        }
    }
}

impl DescribeConfigsResource {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribeConfigsResource, DecodeError> {
        let flexible = version >= 4;
        let message = DescribeConfigsResource {
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
            configuration_keys: reader.nullable_array(flexible, 1, |reader| reader.string(flexible))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.i8(self.resource_type);
        writer.string(flexible, &self.resource_name)?;
        writer.nullable_array(flexible, self.configuration_keys.as_deref(), |writer, item| {
            writer.string(flexible, item)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// DescribeConfigsResponse, versions 1 to 4, flexible from 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeConfigsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<DescribeConfigsResult>,
}

impl DescribeConfigsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=4;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeConfigsResponse, DecodeError> {
        check_version(
            "DescribeConfigsResponse",
            version,
            DescribeConfigsResponse::VERSIONS,
        )?;
        let flexible = version >= 4;
        let message = DescribeConfigsResponse {
            throttle_time_ms: reader.i32()?,
            results: reader.array(flexible, 7, |reader| {
                DescribeConfigsResult::decode(reader, version)
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
        check_version(
            "DescribeConfigsResponse",
            version,
            DescribeConfigsResponse::VERSIONS,
        )?;
        let flexible = version >= 4;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.results, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.results {
            item.error_codes(tell);
        }
    }
}

/// A part of [`DescribeConfigsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeConfigsResult {
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    pub resource_type: i8,
    pub resource_name: String,
    pub configs: Vec<DescribeConfigsResourceResult>,
}

impl Default for DescribeConfigsResult {
    fn default() -> DescribeConfigsResult {
        DescribeConfigsResult {
            error_code: 0,
            error_message: Some(String::new()),
            resource_type: 0,
            resource_name: String::new(),
            configs: Vec::new(),
        }
    }
}

impl DescribeConfigsResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribeConfigsResult, DecodeError> {
        let flexible = version >= 4;
        let message = DescribeConfigsResult {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
            configs: reader.array(flexible, 9, |reader| {
                DescribeConfigsResourceResult::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.i16(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
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

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`DescribeConfigsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeConfigsResourceResult {
    pub name: String,
    /// Nullable; default empty, not null.
    pub value: Option<String>,
    pub read_only: bool,
    /// Default -1.
    pub config_source: i8,
    pub is_sensitive: bool,
    pub synonyms: Vec<DescribeConfigsSynonym>,
    /// From version 3.
    pub config_type: i8,
    /// From version 3; nullable; default empty, not null.
    pub documentation: Option<String>,
}

impl Default for DescribeConfigsResourceResult {
    fn default() -> DescribeConfigsResourceResult {
        DescribeConfigsResourceResult {
            name: String::new(),
            value: Some(String::new()),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
            synonyms: Vec::new(),
            config_type: 0,
            documentation: Some(String::new()),
        }
    }
}

impl DescribeConfigsResourceResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribeConfigsResourceResult, DecodeError> {
        let flexible = version >= 4;
        let message = DescribeConfigsResourceResult {
            name: reader.string(flexible)?,
            value: reader.nullable_string(flexible)?,
            read_only: reader.bool()?,
            config_source: reader.i8()?,
            is_sensitive: reader.bool()?,
            synonyms: reader.array(flexible, 4, |reader| {
                DescribeConfigsSynonym::decode(reader, version)
            })?,
            config_type: if version >= 3 { reader.i8()? } else { 0 },
            documentation: if version >= 3 {
                reader.nullable_string(flexible)?
            } else {
                Some(String::new())
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.name)?;
        writer.nullable_string(flexible, self.value.as_deref())?;
        writer.bool(self.read_only);
        writer.i8(self.config_source);
        writer.bool(self.is_sensitive);
        writer.array(flexible, &self.synonyms, |writer, item| {
            item.encode(writer, version)
        })?;
        if version >= 3 {
            writer.i8(self.config_type);
        }
        if version >= 3 {
            writer.nullable_string(flexible, self.documentation.as_deref())?;
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`DescribeConfigsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeConfigsSynonym {
    pub name: String,
    /// Nullable; default empty, not null.
    pub value: Option<String>,
    pub source: i8,
}

impl Default for DescribeConfigsSynonym {
    fn default() -> DescribeConfigsSynonym {
        DescribeConfigsSynonym {
            name: String::new(),
            value: Some(String::new()),
            source: 0,
        }
    }
}

impl DescribeConfigsSynonym {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribeConfigsSynonym, DecodeError> {
        let flexible = version >= 4;
        let message = DescribeConfigsSynonym {
            name: reader.string(flexible)?,
            value: reader.nullable_string(flexible)?,
            source: reader.i8()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.name)?;
        writer.nullable_string(flexible, self.value.as_deref())?;
        writer.i8(self.source);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}
