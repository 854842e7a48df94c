//! ListConfigResources (API key 74). Generated from `schema/list_config_resources.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ListConfigResourcesRequest, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListConfigResourcesRequest {
    /// From version 1.
    pub resource_types: Vec<i8>,
}

impl ListConfigResourcesRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ListConfigResourcesRequest, DecodeError> {
        check_version(
            "ListConfigResourcesRequest",
            version,
            ListConfigResourcesRequest::VERSIONS,
        )?;
        let message = ListConfigResourcesRequest {
            resource_types: if version >= 1 {
                reader.array(true, 1, Reader::i8)?
            } else {
                Vec::new()
            },
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
            "ListConfigResourcesRequest",
            version,
            ListConfigResourcesRequest::VERSIONS,
        )?;
        if version >= 1 {
            writer.plain_array(true, &self.resource_types, |writer, item| writer.i8(*item))?;
        } else if !self.resource_types.is_empty() {
            return Err(EncodeError::absent(
                "ListConfigResourcesRequest",
                "resource_types",
                version,
            ));
        }
        writer.no_tagged_fields();
        Ok(())
    }
}

/// ListConfigResourcesResponse, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListConfigResourcesResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub config_resources: Vec<ConfigResource>,
}

impl ListConfigResourcesResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ListConfigResourcesResponse, DecodeError> {
        check_version(
            "ListConfigResourcesResponse",
            version,
            ListConfigResourcesResponse::VERSIONS,
        )?;
        let message = ListConfigResourcesResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            config_resources: reader.array(true, 2, |reader| ConfigResource::decode(reader, version))?,
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
            "ListConfigResourcesResponse",
            version,
            ListConfigResourcesResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.array(true, &self.config_resources, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`ListConfigResourcesResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct ConfigResource {
    pub resource_name: String,
    /// From version 1; default 16.
    pub resource_type: i8,
}

impl Default for ConfigResource {
    fn default() -> ConfigResource {
        ConfigResource {
            resource_name: String::new(),
            resource_type: 16,
        }
    }
}

impl ConfigResource {
    fn decode(reader: &mut Reader, version: i16) -> Result<ConfigResource, DecodeError> {
        let message = ConfigResource {
            resource_name: reader.string(true)?,
            resource_type: if version >= 1 { reader.i8()? } else { 16 },
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.resource_name)?;
        if version >= 1 {
            writer.i8(self.resource_type);
        }
        writer.no_tagged_fields();
        Ok(())
    }
}
