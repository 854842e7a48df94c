//! DescribeCluster (API key 60). Generated from `schema/describe_cluster.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DescribeClusterRequest, versions 0 to 2, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeClusterRequest {
    pub include_cluster_authorized_operations: bool,
    /// From version 1; default 1.
    pub endpoint_type: i8,
    /// From version 2.
    pub include_fenced_brokers: bool,
}

impl Default for DescribeClusterRequest {
    fn default() -> DescribeClusterRequest {
        DescribeClusterRequest {
            include_cluster_authorized_operations: false,
            endpoint_type: 1,
            include_fenced_brokers: false,
        }
    }
}

impl DescribeClusterRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeClusterRequest, DecodeError> {
        check_version(
            "DescribeClusterRequest",
            version,
            DescribeClusterRequest::VERSIONS,
        )?;
        let message = DescribeClusterRequest {
            include_cluster_authorized_operations: reader.bool()?,
            endpoint_type: if version >= 1 { reader.i8()? } else { 1 },
            include_fenced_brokers: if version >= 2 { reader.bool()? } else { false },
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
            "DescribeClusterRequest",
            version,
            DescribeClusterRequest::VERSIONS,
        )?;
        writer.bool(self.include_cluster_authorized_operations);
        if version >= 1 {
            writer.i8(self.endpoint_type);
        } else if self.endpoint_type != 1 {
            return Err(EncodeError::absent(
                "DescribeClusterRequest",
                "endpoint_type",
                version,
            ));
        }
        if version >= 2 {
            writer.bool(self.include_fenced_brokers);
        } else if self.include_fenced_brokers {
            return Err(EncodeError::absent(
                "DescribeClusterRequest",
                "include_fenced_brokers",
                version,
            ));
        }
        writer.no_tagged_fields();
        Ok(())
    }
}

/// DescribeClusterResponse, versions 0 to 2, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeClusterResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    /// From version 1; default 1.
    pub endpoint_type: i8,
    pub cluster_id: String,
    /// Default -1.
    pub controller_id: i32,
    pub brokers: Vec<DescribeClusterBroker>,
    /// Default i32::MIN.
    pub cluster_authorized_operations: i32,
}

impl Default for DescribeClusterResponse {
    fn default() -> DescribeClusterResponse {
        DescribeClusterResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            endpoint_type: 1,
            cluster_id: String::new(),
            controller_id: -1,
            brokers: Vec::new(),
            cluster_authorized_operations: i32::MIN,
        }
    }
}

impl DescribeClusterResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeClusterResponse, DecodeError> {
        check_version(
            "DescribeClusterResponse",
            version,
            DescribeClusterResponse::VERSIONS,
        )?;
        let message = DescribeClusterResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            endpoint_type: if version >= 1 { reader.i8()? } else { 1 },
            cluster_id: reader.string(true)?,
            controller_id: reader.i32()?,
            brokers: reader.array(true, 11, |reader| DescribeClusterBroker::decode(reader, version))?,
            cluster_authorized_operations: reader.i32()?,
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
            "DescribeClusterResponse",
            version,
            DescribeClusterResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        if version >= 1 {
            writer.i8(self.endpoint_type);
        } else if self.endpoint_type != 1 {
            return Err(EncodeError::absent(
                "DescribeClusterResponse",
                "endpoint_type",
                version,
            ));
        }
        writer.string(true, &self.cluster_id)?;
        writer.i32(self.controller_id);
        writer.array(true, &self.brokers, |writer, item| item.encode(writer, version))?;
        writer.i32(self.cluster_authorized_operations);
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`DescribeClusterResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeClusterBroker {
    pub broker_id: i32,
    pub host: String,
    pub port: i32,
    /// Nullable.
    pub rack: Option<String>,
    /// From version 2.
    pub is_fenced: bool,
}

impl DescribeClusterBroker {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribeClusterBroker, DecodeError> {
        let message = DescribeClusterBroker {
            broker_id: reader.i32()?,
            host: reader.string(true)?,
            port: reader.i32()?,
            rack: reader.nullable_string(true)?,
            is_fenced: if version >= 2 { reader.bool()? } else { false },
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.broker_id);
        writer.string(true, &self.host)?;
        writer.i32(self.port);
        writer.nullable_string(true, self.rack.as_deref())?;
        if version >= 2 {
            writer.bool(self.is_fenced);
        } else if self.is_fenced {
            return Err(EncodeError::absent("DescribeClusterBroker", "is_fenced", version));
        }
        writer.no_tagged_fields();
        Ok(())
    }
}
