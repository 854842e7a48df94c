//! WriteTxnMarkers (API key 27). Generated from `schema/write_txn_markers.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// WriteTxnMarkersRequest, versions 1 to 2, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WriteTxnMarkersRequest {
    pub markers: Vec<WritableTxnMarker>,
}

impl WriteTxnMarkersRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<WriteTxnMarkersRequest, DecodeError> {
        check_version(
            "WriteTxnMarkersRequest",
            version,
            WriteTxnMarkersRequest::VERSIONS,
        )?;
        let message = WriteTxnMarkersRequest {
            markers: reader.array(true, 17, |reader| WritableTxnMarker::decode(reader, version))?,
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
            "WriteTxnMarkersRequest",
            version,
            WriteTxnMarkersRequest::VERSIONS,
        )?;
        writer.array(true, &self.markers, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`WriteTxnMarkersRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WritableTxnMarker {
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub transaction_result: bool,
    pub topics: Vec<WritableTxnMarkerTopic>,
    pub coordinator_epoch: i32,
    /// From version 2.
    pub transaction_version: i8,
}

impl WritableTxnMarker {
    fn decode(reader: &mut Reader, version: i16) -> Result<WritableTxnMarker, DecodeError> {
        let message = WritableTxnMarker {
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            transaction_result: reader.bool()?,
            topics: reader.array(true, 3, |reader| WritableTxnMarkerTopic::decode(reader, version))?,
            coordinator_epoch: reader.i32()?,
            transaction_version: if version >= 2 { reader.i8()? } else { 0 },
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.bool(self.transaction_result);
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.i32(self.coordinator_epoch);
        if version >= 2 {
            writer.i8(self.transaction_version);
        }
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`WriteTxnMarkersRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WritableTxnMarkerTopic {
    pub name: String,
    pub partition_indexes: Vec<i32>,
}

impl WritableTxnMarkerTopic {
    fn decode(reader: &mut Reader, _version: i16) -> Result<WritableTxnMarkerTopic, DecodeError> {
        let message = WritableTxnMarkerTopic {
            name: reader.string(true)?,
            partition_indexes: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.plain_array(true, &self.partition_indexes, |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// WriteTxnMarkersResponse, versions 1 to 2, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WriteTxnMarkersResponse {
    pub markers: Vec<WritableTxnMarkerResult>,
}

impl WriteTxnMarkersResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<WriteTxnMarkersResponse, DecodeError> {
        check_version(
            "WriteTxnMarkersResponse",
            version,
            WriteTxnMarkersResponse::VERSIONS,
        )?;
        let message = WriteTxnMarkersResponse {
            markers: reader.array(true, 10, |reader| {
                WritableTxnMarkerResult::decode(reader, version)
            })?,
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
            "WriteTxnMarkersResponse",
            version,
            WriteTxnMarkersResponse::VERSIONS,
        )?;
        writer.array(true, &self.markers, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.markers {
            item.error_codes(tell);
        }
    }
}

/// A part of [`WriteTxnMarkersResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WritableTxnMarkerResult {
    pub producer_id: i64,
    pub topics: Vec<WritableTxnMarkerTopicResult>,
}

impl WritableTxnMarkerResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<WritableTxnMarkerResult, DecodeError> {
        let message = WritableTxnMarkerResult {
            producer_id: reader.i64()?,
            topics: reader.array(true, 3, |reader| {
                WritableTxnMarkerTopicResult::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i64(self.producer_id);
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.topics {
            item.error_codes(tell);
        }
    }
}

/// A part of [`WriteTxnMarkersResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WritableTxnMarkerTopicResult {
    pub name: String,
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
}

impl WritableTxnMarkerTopicResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<WritableTxnMarkerTopicResult, DecodeError> {
        let message = WritableTxnMarkerTopicResult {
            name: reader.string(true)?,
            partitions: reader.array(true, 7, |reader| {
                WritableTxnMarkerPartitionResult::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.array(true, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

/// A part of [`WriteTxnMarkersResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WritableTxnMarkerPartitionResult {
    pub partition_index: i32,
    pub error_code: i16,
}

impl WritableTxnMarkerPartitionResult {
    fn decode(reader: &mut Reader, _version: i16) -> Result<WritableTxnMarkerPartitionResult, DecodeError> {
        let message = WritableTxnMarkerPartitionResult {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
