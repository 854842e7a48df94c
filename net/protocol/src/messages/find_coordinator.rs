//! FindCoordinator (API key 10). Generated from `schema/find_coordinator.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// FindCoordinatorRequest, versions 0 to 6, flexible from 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FindCoordinatorRequest {
    /// Versions 0 to 3.
    pub key: String,
    /// From version 1.
    pub key_type: i8,
    /// From version 4.
    pub coordinator_keys: Vec<String>,
}

impl FindCoordinatorRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=6;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<FindCoordinatorRequest, DecodeError> {
        check_version(
            "FindCoordinatorRequest",
            version,
            FindCoordinatorRequest::VERSIONS,
        )?;
        let flexible = version >= 3;
        let message = FindCoordinatorRequest {
            key: if version <= 3 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            key_type: if version >= 1 { reader.i8()? } else { 0 },
            coordinator_keys: if version >= 4 {
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
        check_version(
            "FindCoordinatorRequest",
            version,
            FindCoordinatorRequest::VERSIONS,
        )?;
        let flexible = version >= 3;
        if version <= 3 {
            writer.string(flexible, &self.key)?;
        } else if !self.key.is_empty() {
            return Err(EncodeError::absent("FindCoordinatorRequest", "key", version));
        }
        if version >= 1 {
            writer.i8(self.key_type);
        } else if self.key_type != 0 {
            return Err(EncodeError::absent("FindCoordinatorRequest", "key_type", version));
        }
        if version >= 4 {
            writer.array(flexible, &self.coordinator_keys, |writer, item| {
                writer.string(flexible, item)
            })?;
        } else if !self.coordinator_keys.is_empty() {
            return Err(EncodeError::absent(
                "FindCoordinatorRequest",
                "coordinator_keys",
                version,
            ));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// FindCoordinatorResponse, versions 0 to 6, flexible from 3.
#[derive(Clone, PartialEq, Debug)]
pub struct FindCoordinatorResponse {
    /// From version 1.
    pub throttle_time_ms: i32,
    /// Versions 0 to 3.
    pub error_code: i16,
    /// Versions 1 to 3; nullable; default empty, not null.
    pub error_message: Option<String>,
    /// Versions 0 to 3.
    pub node_id: i32,
    /// Versions 0 to 3.
    pub host: String,
    /// Versions 0 to 3.
    pub port: i32,
    /// From version 4.
    pub coordinators: Vec<Coordinator>,
}

impl Default for FindCoordinatorResponse {
    fn default() -> FindCoordinatorResponse {
        FindCoordinatorResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(String::new()),
            node_id: 0,
            host: String::new(),
            port: 0,
            coordinators: Vec::new(),
        }
    }
}

impl FindCoordinatorResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=6;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<FindCoordinatorResponse, DecodeError> {
        check_version(
            "FindCoordinatorResponse",
            version,
            FindCoordinatorResponse::VERSIONS,
        )?;
        let flexible = version >= 3;
        let message = FindCoordinatorResponse {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            error_code: if version <= 3 { reader.i16()? } else { 0 },
            error_message: if (1..=3).contains(&version) {
                reader.nullable_string(flexible)?
            } else {
                Some(String::new())
            },
            node_id: if version <= 3 { reader.i32()? } else { 0 },
            host: if version <= 3 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            port: if version <= 3 { reader.i32()? } else { 0 },
            coordinators: if version >= 4 {
                reader.array(flexible, 14, |reader| Coordinator::decode(reader, version))?
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
        check_version(
            "FindCoordinatorResponse",
            version,
            FindCoordinatorResponse::VERSIONS,
        )?;
        let flexible = version >= 3;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        if version <= 3 {
            writer.i16(self.error_code);
        } else if self.error_code != 0 {
            return Err(EncodeError::absent(
                "FindCoordinatorResponse",
                "error_code",
                version,
            ));
        }
        if (1..=3).contains(&version) {
            writer.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if version <= 3 {
            writer.i32(self.node_id);
        } else if self.node_id != 0 {
            return Err(EncodeError::absent("FindCoordinatorResponse", "node_id", version));
        }
        if version <= 3 {
            writer.string(flexible, &self.host)?;
        } else if !self.host.is_empty() {
            return Err(EncodeError::absent("FindCoordinatorResponse", "host", version));
        }
        if version <= 3 {
            writer.i32(self.port);
        } else if self.port != 0 {
            return Err(EncodeError::absent("FindCoordinatorResponse", "port", version));
        }
        if version >= 4 {
            writer.array(flexible, &self.coordinators, |writer, item| {
                item.encode(writer, version)
            })?;
        } else if !self.coordinators.is_empty() {
            return Err(EncodeError::absent(
                "FindCoordinatorResponse",
                "coordinators",
                version,
            ));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
        for item in &self.coordinators {
            item.error_codes(tell);
        }
    }
}

/// A part of [`FindCoordinatorResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct Coordinator {
    pub key: String,
    pub node_id: i32,
    pub host: String,
    pub port: i32,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
}

impl Default for Coordinator {
    fn default() -> Coordinator {
        Coordinator {
            key: String::new(),
            node_id: 0,
            host: String::new(),
            port: 0,
            error_code: 0,
            error_message: Some(String::new()),
        }
    }
}

impl Coordinator {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Coordinator, DecodeError> {
        let message = Coordinator {
            key: reader.string(true)?,
            node_id: reader.i32()?,
            host: reader.string(true)?,
            port: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.key)?;
        writer.i32(self.node_id);
        writer.string(true, &self.host)?;
        writer.i32(self.port);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
