//! DescribeAcls (API key 29). Generated from `schema/describe_acls.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DescribeAclsRequest, versions 1 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeAclsRequest {
    pub resource_type_filter: i8,
    /// Nullable; default empty, not null.
    pub resource_name_filter: Option<String>,
    /// Default 3.
    pub pattern_type_filter: i8,
    /// Nullable; default empty, not null.
    pub principal_filter: Option<String>,
    /// Nullable; default empty, not null.
    pub host_filter: Option<String>,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for DescribeAclsRequest {
    fn default() -> DescribeAclsRequest {
        DescribeAclsRequest {
            resource_type_filter: 0,
            resource_name_filter: Some(String::new()),
            pattern_type_filter: 3,
            principal_filter: Some(String::new()),
            host_filter: Some(String::new()),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl DescribeAclsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeAclsRequest, DecodeError> {
        check_version("DescribeAclsRequest", version, DescribeAclsRequest::VERSIONS)?;
        let flexible = version >= 2;
        let message = DescribeAclsRequest {
            resource_type_filter: reader.i8()?,
            resource_name_filter: reader.nullable_string(flexible)?,
            pattern_type_filter: reader.i8()?,
            principal_filter: reader.nullable_string(flexible)?,
            host_filter: reader.nullable_string(flexible)?,
            operation: reader.i8()?,
            permission_type: reader.i8()?,
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
        check_version("DescribeAclsRequest", version, DescribeAclsRequest::VERSIONS)?;
        let flexible = version >= 2;
        writer.i8(self.resource_type_filter);
        writer.nullable_string(flexible, self.resource_name_filter.as_deref())?;
        writer.i8(self.pattern_type_filter);
        writer.nullable_string(flexible, self.principal_filter.as_deref())?;
        writer.nullable_string(flexible, self.host_filter.as_deref())?;
        writer.i8(self.operation);
        writer.i8(self.permission_type);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// DescribeAclsResponse, versions 1 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeAclsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    pub resources: Vec<DescribeAclsResource>,
}

impl Default for DescribeAclsResponse {
    fn default() -> DescribeAclsResponse {
        DescribeAclsResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(String::new()),
            resources: Vec::new(),
        }
    }
}

impl DescribeAclsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeAclsResponse, DecodeError> {
        check_version("DescribeAclsResponse", version, DescribeAclsResponse::VERSIONS)?;
        let flexible = version >= 2;
        let message = DescribeAclsResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            resources: reader.array(flexible, 5, |reader| {
                DescribeAclsResource::decode(reader, version)
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
        check_version("DescribeAclsResponse", version, DescribeAclsResponse::VERSIONS)?;
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        writer.array(flexible, &self.resources, |writer, item| {
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

/// A part of [`DescribeAclsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeAclsResource {
    pub resource_type: i8,
    pub resource_name: String,
    /// Default 3.
    pub pattern_type: i8,
    pub acls: Vec<AclDescription>,
}

impl Default for DescribeAclsResource {
    fn default() -> DescribeAclsResource {
        DescribeAclsResource {
            resource_type: 0,
            resource_name: String::new(),
            pattern_type: 3,
            acls: Vec::new(),
        }
    }
}

impl DescribeAclsResource {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribeAclsResource, DecodeError> {
        let flexible = version >= 2;
        let message = DescribeAclsResource {
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
            pattern_type: reader.i8()?,
            acls: reader.array(flexible, 5, |reader| AclDescription::decode(reader, version))?,
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
        writer.i8(self.pattern_type);
        writer.array(flexible, &self.acls, |writer, item| item.encode(writer, version))?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`DescribeAclsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AclDescription {
    pub principal: String,
    pub host: String,
    pub operation: i8,
    pub permission_type: i8,
}

impl AclDescription {
    fn decode(reader: &mut Reader, version: i16) -> Result<AclDescription, DecodeError> {
        let flexible = version >= 2;
        let message = AclDescription {
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
