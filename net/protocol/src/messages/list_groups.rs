//! ListGroups (API key 16). Generated from `schema/list_groups.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ListGroupsRequest, versions 0 to 5, flexible from 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListGroupsRequest {
    /// From version 4.
    pub states_filter: Vec<String>,
    /// From version 5.
    pub types_filter: Vec<String>,
}

impl ListGroupsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ListGroupsRequest, DecodeError> {
        check_version("ListGroupsRequest", version, ListGroupsRequest::VERSIONS)?;
        let flexible = version >= 3;
        let message = ListGroupsRequest {
            states_filter: if version >= 4 {
                reader.array(flexible, 1, |reader| reader.string(flexible))?
            } else {
                Vec::new()
            },
            types_filter: if version >= 5 {
                reader.array(flexible, 1, |reader| reader.string(flexible))?
            } else {
                Vec::new()
            },
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
        check_version("ListGroupsRequest", version, ListGroupsRequest::VERSIONS)?;
        let flexible = version >= 3;
        if version >= 4 {
            writer.array(flexible, &self.states_filter, |writer, item| {
                writer.string(flexible, item)
            })?;
        } else if !self.states_filter.is_empty() {
            return Err(EncodeError::absent("ListGroupsRequest", "states_filter", version));
        }
        if version >= 5 {
            writer.array(flexible, &self.types_filter, |writer, item| {
                writer.string(flexible, item)
            })?;
        } else if !self.types_filter.is_empty() {
            return Err(EncodeError::absent("ListGroupsRequest", "types_filter", version));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// ListGroupsResponse, versions 0 to 5, flexible from 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListGroupsResponse {
    /// From version 1.
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub groups: Vec<ListedGroup>,
}

impl ListGroupsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ListGroupsResponse, DecodeError> {
        check_version("ListGroupsResponse", version, ListGroupsResponse::VERSIONS)?;
        let flexible = version >= 3;
        let message = ListGroupsResponse {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
            groups: reader.array(flexible, 3, |reader| ListedGroup::decode(reader, version))?,
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
        check_version("ListGroupsResponse", version, ListGroupsResponse::VERSIONS)?;
        let flexible = version >= 3;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        writer.i16(self.error_code);
        writer.array(flexible, &self.groups, |writer, item| {
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

/// A part of [`ListGroupsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListedGroup {
    pub group_id: String,
    pub protocol_type: String,
    /// From version 4.
    pub group_state: String,
    /// From version 5.
    pub group_type: String,
}

impl ListedGroup {
    fn decode(reader: &mut Reader, version: i16) -> Result<ListedGroup, DecodeError> {
        let flexible = version >= 3;
        let message = ListedGroup {
            group_id: reader.string(flexible)?,
            protocol_type: reader.string(flexible)?,
            group_state: if version >= 4 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            group_type: if version >= 5 {
                reader.string(flexible)?
            } else {
                String::new()
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.string(flexible, &self.group_id)?;
        writer.string(flexible, &self.protocol_type)?;
        if version >= 4 {
            writer.string(flexible, &self.group_state)?;
        }
        if version >= 5 {
            writer.string(flexible, &self.group_type)?;
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}
