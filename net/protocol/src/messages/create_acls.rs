//! CreateAcls (API key 30). Generated from `schema/create_acls.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// CreateAclsRequest, versions 1 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreateAclsRequest {
    pub creations: Vec<AclCreation>,
}

impl CreateAclsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<CreateAclsRequest, DecodeError> {
        check_version("CreateAclsRequest", version, CreateAclsRequest::VERSIONS)?;
        let flexible = version >= 2;
        let message = CreateAclsRequest {
            creations: reader.array(flexible, 8, |reader| AclCreation::decode(reader, version))?,
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
        check_version("CreateAclsRequest", version, CreateAclsRequest::VERSIONS)?;
        let flexible = version >= 2;
        writer.array(flexible, &self.creations, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`CreateAclsRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct AclCreation {
    pub resource_type: i8,
    pub resource_name: String,
    /// Default 3.
    pub resource_pattern_type: i8,
    pub principal: String,
    pub host: String,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for AclCreation {
    fn default() -> AclCreation {
        AclCreation {
            resource_type: 0,
            resource_name: String::new(),
            resource_pattern_type: 3,
            principal: String::new(),
            host: String::new(),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl AclCreation {
    fn decode(reader: &mut Reader, version: i16) -> Result<AclCreation, DecodeError> {
        let flexible = version >= 2;
        let message = AclCreation {
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
            resource_pattern_type: reader.i8()?,
            principal: reader.string(flexible)?,
            host: reader.string(flexible)?,
            operation: reader.i8()?,
            permission_type: reader.i8()?,
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
        writer.i8(self.resource_pattern_type);
        writer.string(flexible, &self.principal)?;
        writer.string(flexible, &self.host)?;
        writer.i8(self.operation);
        writer.i8(self.permission_type);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// CreateAclsResponse, versions 1 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreateAclsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<AclCreationResult>,
}

impl CreateAclsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<CreateAclsResponse, DecodeError> {
        check_version("CreateAclsResponse", version, CreateAclsResponse::VERSIONS)?;
        let flexible = version >= 2;
        let message = CreateAclsResponse {
            throttle_time_ms: reader.i32()?,
            results: reader.array(flexible, 4, |reader| AclCreationResult::decode(reader, version))?,
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
        check_version("CreateAclsResponse", version, CreateAclsResponse::VERSIONS)?;
        let flexible = version >= 2;
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

/// A part of [`CreateAclsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct AclCreationResult {
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
}

impl Default for AclCreationResult {
    fn default() -> AclCreationResult {
        AclCreationResult {
            error_code: 0,
            error_message: Some(String::new()),
        }
    }
}

impl AclCreationResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<AclCreationResult, DecodeError> {
        let flexible = version >= 2;
        let message = AclCreationResult {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
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
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
