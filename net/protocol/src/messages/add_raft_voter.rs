//! AddRaftVoter (API key 80). Generated from `schema/add_raft_voter.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// AddRaftVoterRequest, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct AddRaftVoterRequest {
    /// Nullable; default empty, not null.
    pub cluster_id: Option<String>,
    pub timeout_ms: i32,
    pub voter_id: i32,
    pub voter_directory_id: TopicId,
    pub listeners: Vec<Listener>,
    /// From version 1; default true.
    pub ack_when_committed: bool,
}

impl Default for AddRaftVoterRequest {
    fn default() -> AddRaftVoterRequest {
        AddRaftVoterRequest {
            cluster_id: Some(String::new()),
            timeout_ms: 0,
            voter_id: 0,
            voter_directory_id: TopicId::ZERO,
            listeners: Vec::new(),
            ack_when_committed: true,
        }
    }
}

impl AddRaftVoterRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AddRaftVoterRequest, DecodeError> {
        check_version("AddRaftVoterRequest", version, AddRaftVoterRequest::VERSIONS)?;
        let message = AddRaftVoterRequest {
            cluster_id: reader.nullable_string(true)?,
            timeout_ms: reader.i32()?,
            voter_id: reader.i32()?,
            voter_directory_id: reader.uuid()?,
            listeners: reader.array(true, 5, |reader| Listener::decode(reader, version))?,
            ack_when_committed: if version >= 1 { reader.bool()? } else { true },
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("AddRaftVoterRequest", version, AddRaftVoterRequest::VERSIONS)?;
        writer.nullable_string(true, self.cluster_id.as_deref())?;
        writer.i32(self.timeout_ms);
        writer.i32(self.voter_id);
        writer.uuid(self.voter_directory_id);
        writer.array(true, &self.listeners, |writer, item| item.encode(writer, version))?;
        if version >= 1 {
            writer.bool(self.ack_when_committed);
        } else if !self.ack_when_committed {
            return Err(EncodeError::absent(
                "AddRaftVoterRequest",
                "ack_when_committed",
                version,
            ));
        }
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`AddRaftVoterRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Listener {
    pub name: String,
    pub host: String,
    pub port: u16,
}

impl Listener {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Listener, DecodeError> {
        let message = Listener {
            name: reader.string(true)?,
            host: reader.string(true)?,
            port: reader.u16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.string(true, &self.host)?;
        writer.u16(self.port);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// AddRaftVoterResponse, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct AddRaftVoterResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
}

impl Default for AddRaftVoterResponse {
    fn default() -> AddRaftVoterResponse {
        AddRaftVoterResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(String::new()),
        }
    }
}

impl AddRaftVoterResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AddRaftVoterResponse, DecodeError> {
        check_version("AddRaftVoterResponse", version, AddRaftVoterResponse::VERSIONS)?;
        let message = AddRaftVoterResponse {
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
        check_version("AddRaftVoterResponse", version, AddRaftVoterResponse::VERSIONS)?;
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
