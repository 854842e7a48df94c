//! PushTelemetry (API key 72). Generated from `schema/push_telemetry.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;
use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// PushTelemetryRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PushTelemetryRequest {
    pub client_instance_id: TopicId,
    pub subscription_id: i32,
    pub terminating: bool,
    pub compression_type: i8,
    pub metrics: Bytes,
}

impl PushTelemetryRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<PushTelemetryRequest, DecodeError> {
        check_version("PushTelemetryRequest", version, PushTelemetryRequest::VERSIONS)?;
        let message = PushTelemetryRequest {
            client_instance_id: reader.uuid()?,
            subscription_id: reader.i32()?,
            terminating: reader.bool()?,
            compression_type: reader.i8()?,
            metrics: reader.bytes(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("PushTelemetryRequest", version, PushTelemetryRequest::VERSIONS)?;
        writer.uuid(self.client_instance_id);
        writer.i32(self.subscription_id);
        writer.bool(self.terminating);
        writer.i8(self.compression_type);
        writer.bytes(true, &self.metrics)?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// PushTelemetryResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PushTelemetryResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
}

impl PushTelemetryResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<PushTelemetryResponse, DecodeError> {
        check_version("PushTelemetryResponse", version, PushTelemetryResponse::VERSIONS)?;
        let message = PushTelemetryResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("PushTelemetryResponse", version, PushTelemetryResponse::VERSIONS)?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
