//! DeleteAcls (API key 31). Generated from `schema/delete_acls.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DeleteAclsRequest, versions 1 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteAclsRequest {
    pub filters: Vec<DeleteAclsFilter>,
}

impl DeleteAclsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DeleteAclsRequest, DecodeError> {
        check_version("DeleteAclsRequest", version, DeleteAclsRequest::VERSIONS)?;
        let flexible = version >= 2;
        let message = DeleteAclsRequest {
            filters: reader.array(flexible, 8, |reader| DeleteAclsFilter::decode(reader, version))?,
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
        check_version("DeleteAclsRequest", version, DeleteAclsRequest::VERSIONS)?;
        let flexible = version >= 2;
        writer.array(flexible, &self.filters, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`DeleteAclsRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct DeleteAclsFilter {
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

impl Default for DeleteAclsFilter {
    fn default() -> DeleteAclsFilter {
        DeleteAclsFilter {
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

impl DeleteAclsFilter {
    fn decode(reader: &mut Reader, version: i16) -> Result<DeleteAclsFilter, DecodeError> {
        let flexible = version >= 2;
        let message = DeleteAclsFilter {
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

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
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

/// DeleteAclsResponse, versions 1 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteAclsResponse {
    pub throttle_time_ms: i32,
    pub filter_results: Vec<DeleteAclsFilterResult>,
}

impl DeleteAclsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DeleteAclsResponse, DecodeError> {
        check_version("DeleteAclsResponse", version, DeleteAclsResponse::VERSIONS)?;
        let flexible = version >= 2;
        let message = DeleteAclsResponse {
            throttle_time_ms: reader.i32()?,
            filter_results: reader.array(flexible, 5, |reader| {
                DeleteAclsFilterResult::decode(reader, version)
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
        check_version("DeleteAclsResponse", version, DeleteAclsResponse::VERSIONS)?;
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.filter_results, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.filter_results {
            item.error_codes(tell);
        }
    }
}

/// A part of [`DeleteAclsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DeleteAclsFilterResult {
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    pub matching_acls: Vec<DeleteAclsMatchingAcl>,
}

impl Default for DeleteAclsFilterResult {
    fn default() -> DeleteAclsFilterResult {
        DeleteAclsFilterResult {
            error_code: 0,
            error_message: Some(String::new()),
            matching_acls: Vec::new(),
        }
    }
}

impl DeleteAclsFilterResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<DeleteAclsFilterResult, DecodeError> {
        let flexible = version >= 2;
        let message = DeleteAclsFilterResult {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            matching_acls: reader.array(flexible, 11, |reader| {
                DeleteAclsMatchingAcl::decode(reader, version)
            })?,
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
        writer.array(flexible, &self.matching_acls, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
        for item in &self.matching_acls {
            item.error_codes(tell);
        }
    }
}

/// A part of [`DeleteAclsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DeleteAclsMatchingAcl {
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    pub resource_type: i8,
    pub resource_name: String,
    /// Default 3.
    pub pattern_type: i8,
    pub principal: String,
    pub host: String,
    pub operation: i8,
    pub permission_type: i8,
}

impl Default for DeleteAclsMatchingAcl {
    fn default() -> DeleteAclsMatchingAcl {
        DeleteAclsMatchingAcl {
            error_code: 0,
            error_message: Some(String::new()),
            resource_type: 0,
            resource_name: String::new(),
            pattern_type: 3,
            principal: String::new(),
            host: String::new(),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl DeleteAclsMatchingAcl {
    fn decode(reader: &mut Reader, version: i16) -> Result<DeleteAclsMatchingAcl, DecodeError> {
        let flexible = version >= 2;
        let message = DeleteAclsMatchingAcl {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            resource_type: reader.i8()?,
            resource_name: reader.string(flexible)?,
            pattern_type: reader.i8()?,
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
        writer.i16(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        writer.i8(self.resource_type);
        writer.string(flexible, &self.resource_name)?;
        writer.i8(self.pattern_type);
        writer.string(flexible, &self.principal)?;
        writer.string(flexible, &self.host)?;
        writer.i8(self.operation);
        writer.i8(self.permission_type);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
