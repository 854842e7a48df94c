//! RemoveRaftVoter (API key 81). Generated from `schema/remove_raft_voter.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// RemoveRaftVoterRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct RemoveRaftVoterRequest {
    /// Nullable; default empty, not null.
    pub cluster_id: Option<String>,
    pub voter_id: i32,
    pub voter_directory_id: TopicId,
}

impl Default for RemoveRaftVoterRequest {
    fn default() -> RemoveRaftVoterRequest {
        RemoveRaftVoterRequest {
            cluster_id: Some(String::new()),
            voter_id: 0,
            voter_directory_id: TopicId::ZERO,
        }
    }
}

impl RemoveRaftVoterRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<RemoveRaftVoterRequest, DecodeError> {
        check_version(
            "RemoveRaftVoterRequest",
            version,
            RemoveRaftVoterRequest::VERSIONS,
        )?;
        let message = RemoveRaftVoterRequest {
            cluster_id: reader.nullable_string(true)?,
            voter_id: reader.i32()?,
            voter_directory_id: reader.uuid()?,
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
            "RemoveRaftVoterRequest",
            version,
            RemoveRaftVoterRequest::VERSIONS,
        )?;
        writer.nullable_string(true, self.cluster_id.as_deref())?;
        writer.i32(self.voter_id);
        writer.uuid(self.voter_directory_id);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// RemoveRaftVoterResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct RemoveRaftVoterResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
}

impl Default for RemoveRaftVoterResponse {
    fn default() -> RemoveRaftVoterResponse {
        RemoveRaftVoterResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(String::new()),
        }
    }
}

impl RemoveRaftVoterResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<RemoveRaftVoterResponse, DecodeError> {
        check_version(
            "RemoveRaftVoterResponse",
            version,
            RemoveRaftVoterResponse::VERSIONS,
        )?;
        let message = RemoveRaftVoterResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
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
            "RemoveRaftVoterResponse",
            version,
            RemoveRaftVoterResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
