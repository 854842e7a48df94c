//! DeleteGroups (API key 42). Generated from `schema/delete_groups.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DeleteGroupsRequest, versions 0 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteGroupsRequest {
    pub groups_names: Vec<String>,
}

impl DeleteGroupsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DeleteGroupsRequest, DecodeError> {
        check_version("DeleteGroupsRequest", version, DeleteGroupsRequest::VERSIONS)?;
        let flexible = version >= 2;
        let message = DeleteGroupsRequest {
            groups_names: reader.array(flexible, 1, |reader| reader.string(flexible))?,
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
        check_version("DeleteGroupsRequest", version, DeleteGroupsRequest::VERSIONS)?;
        let flexible = version >= 2;
        writer.array(flexible, &self.groups_names, |writer, item| {
            writer.string(flexible, item)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// DeleteGroupsResponse, versions 0 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteGroupsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<DeletableGroupResult>,
}

impl DeleteGroupsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DeleteGroupsResponse, DecodeError> {
        check_version("DeleteGroupsResponse", version, DeleteGroupsResponse::VERSIONS)?;
        let flexible = version >= 2;
        let message = DeleteGroupsResponse {
            throttle_time_ms: reader.i32()?,
            results: reader.array(flexible, 4, |reader| {
                DeletableGroupResult::decode(reader, version)
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
        check_version("DeleteGroupsResponse", version, DeleteGroupsResponse::VERSIONS)?;
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

/// A part of [`DeleteGroupsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeletableGroupResult {
    pub group_id: String,
    pub error_code: i16,
    /// From version 3; nullable.
    pub error_message: Option<String>,
}

impl DeletableGroupResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<DeletableGroupResult, DecodeError> {
        let flexible = version >= 2;
        let message = DeletableGroupResult {
            group_id: reader.string(flexible)?,
            error_code: reader.i16()?,
            error_message: if version >= 3 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.group_id)?;
        writer.i16(self.error_code);
        if version >= 3 {
            writer.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
