//! GetTelemetrySubscriptions (API key 71). Generated from `schema/get_telemetry_subscriptions.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// GetTelemetrySubscriptionsRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct GetTelemetrySubscriptionsRequest {
    pub client_instance_id: TopicId,
}

impl GetTelemetrySubscriptionsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<GetTelemetrySubscriptionsRequest, DecodeError> {
        check_version(
            "GetTelemetrySubscriptionsRequest",
            version,
            GetTelemetrySubscriptionsRequest::VERSIONS,
        )?;
        let message = GetTelemetrySubscriptionsRequest {
            client_instance_id: reader.uuid()?,
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
            "GetTelemetrySubscriptionsRequest",
            version,
            GetTelemetrySubscriptionsRequest::VERSIONS,
        )?;
        writer.uuid(self.client_instance_id);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// GetTelemetrySubscriptionsResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct GetTelemetrySubscriptionsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub client_instance_id: TopicId,
    pub subscription_id: i32,
    pub accepted_compression_types: Vec<i8>,
    pub push_interval_ms: i32,
    pub telemetry_max_bytes: i32,
    pub delta_temporality: bool,
    pub requested_metrics: Vec<String>,
}

impl GetTelemetrySubscriptionsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<GetTelemetrySubscriptionsResponse, DecodeError> {
        check_version(
            "GetTelemetrySubscriptionsResponse",
            version,
            GetTelemetrySubscriptionsResponse::VERSIONS,
        )?;
        let message = GetTelemetrySubscriptionsResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            client_instance_id: reader.uuid()?,
            subscription_id: reader.i32()?,
            accepted_compression_types: reader.array(true, 1, Reader::i8)?,
            push_interval_ms: reader.i32()?,
            telemetry_max_bytes: reader.i32()?,
            delta_temporality: reader.bool()?,
            requested_metrics: reader.array(true, 1, |reader| reader.string(true))?,
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
            "GetTelemetrySubscriptionsResponse",
            version,
            GetTelemetrySubscriptionsResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.uuid(self.client_instance_id);
        writer.i32(self.subscription_id);
        writer.plain_array(true, &self.accepted_compression_types, |writer, item| {
            writer.i8(*item)
        })?;
        writer.i32(self.push_interval_ms);
        writer.i32(self.telemetry_max_bytes);
        writer.bool(self.delta_temporality);
        writer.array(true, &self.requested_metrics, |writer, item| {
            writer.string(true, item)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
