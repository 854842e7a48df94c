//! The headers before each request and each response.
//!
//! ```text
//! request   api_key i16 | api_version i16 | correlation_id i32 | client_id string, null allowed | v2: tagged fields
//! response  correlation_id i32 | v1: tagged fields
//! ```
//! The client id has a two-byte length in both versions, so that any broker can read the header of any ApiVersions.

use crate::ApiKey;
use crate::codec::{ByteStr, DecodeError, EncodeError, Reader, VersionError, Writer};

/// What comes before a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestHeader {
    /// Which API.
    pub api_key: ApiKey,
    /// The version of the request that follows, and of the response to it. It may be one there is no codec for.
    pub api_version: i16,
    /// Returned with the response.
    pub correlation_id: i32,
    /// How the client calls itself.
    pub client_id: Option<ByteStr>,
}

impl RequestHeader {
    /// Tells whether there is a codec for the request that follows.
    pub fn is_supported(&self) -> bool {
        self.api_key.versions().contains(&self.api_version)
    }

    /// Decodes the header and leaves the request in `reader`.
    ///
    /// # Errors
    /// See [`DecodeError`]; an unknown API key is `ApiKey`, an unknown version is no error.
    pub fn decode(reader: &mut Reader) -> Result<RequestHeader, DecodeError> {
        let api_key = ApiKey::try_from(reader.i16()?)?;
        let header = RequestHeader {
            api_key,
            api_version: reader.i16()?,
            correlation_id: reader.i32()?,
            client_id: reader.nullable_byte_str(false)?,
        };
        if api_key.request_header_version(header.api_version) >= 2 {
            reader.skip_tagged_fields()?;
        }
        Ok(header)
    }

    /// Appends the header.
    ///
    /// # Errors
    /// `TooLong` for the client id.
    pub fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.i16(self.api_key.key());
        writer.i16(self.api_version);
        writer.i32(self.correlation_id);
        writer.nullable_byte_str(false, self.client_id.as_ref())?;
        if self.api_key.request_header_version(self.api_version) >= 2 {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// What comes before a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResponseHeader {
    /// That of the request.
    pub correlation_id: i32,
}

impl ResponseHeader {
    /// Decodes the header and leaves the response in `reader`. `version` is 0 or 1:
    /// [`ApiKey::response_header_version`].
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ResponseHeader, DecodeError> {
        check(version)?;
        let correlation_id = reader.i32()?;
        if version >= 1 {
            reader.skip_tagged_fields()?;
        }
        Ok(ResponseHeader { correlation_id })
    }

    /// Appends the header in `version`, 0 or 1.
    ///
    /// # Errors
    /// `Version`.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check(version)?;
        writer.i32(self.correlation_id);
        if version >= 1 {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

fn check(version: i16) -> Result<(), VersionError> {
    crate::codec::check_version("ResponseHeader", version, 0..=1)
}
