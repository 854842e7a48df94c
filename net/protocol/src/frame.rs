//! Frames: a four-byte size, big-endian, then that many bytes of header and message.

use bytes::{Buf, Bytes, BytesMut};

use crate::codec::{EncodeError, Pieces, Writer};
use crate::{RequestHeader, ResponseHeader};

/// Bytes of the size that begins a frame.
pub const SIZE_PREFIX: usize = 4;

/// The largest request that is accepted unless configured otherwise (Kafka's `socket.request.max.bytes`).
pub const REQUEST_SIZE_MAX_DEFAULT: usize = 100 * 1024 * 1024;

/// Room for a typical response, so that most are encoded without growing.
const HEAD_CAPACITY: usize = 256;

/// Why a frame's size cannot be one. The connection cannot go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// The size is below zero.
    #[error("a frame size of {0} is impossible")]
    Negative(i32),
    /// The size exceeds the limit.
    #[error("a frame of {size} bytes exceeds the limit of {max}")]
    TooLarge {
        /// What the frame says.
        size: usize,
        /// What is allowed.
        max: usize,
    },
}

/// Reads a frame's size, the four bytes themselves not counted.
///
/// # Errors
/// When it is negative or above `max`.
pub fn frame_size(prefix: [u8; SIZE_PREFIX], max: usize) -> Result<usize, FrameError> {
    let size = i32::from_be_bytes(prefix);
    match usize::try_from(size) {
        // INV-7: the caller allocates what this gives.
        Ok(size) if size <= max => Ok(size),
        Ok(size) => Err(FrameError::TooLarge { size, max }),
        Err(_) => Err(FrameError::Negative(size)),
    }
}

/// Takes the first frame off `buffer`, without its size and without a copy; `None` while it is not whole.
///
/// # Errors
/// As [`frame_size`], as soon as the size is there.
pub fn split_frame(buffer: &mut BytesMut, max: usize) -> Result<Option<Bytes>, FrameError> {
    let Some(prefix) = buffer.first_chunk::<SIZE_PREFIX>() else {
        return Ok(None);
    };
    let size = frame_size(*prefix, max)?;
    if buffer.len() - SIZE_PREFIX < size {
        return Ok(None);
    }
    buffer.advance(SIZE_PREFIX);
    Ok(Some(buffer.split_to(size).freeze()))
}

fn write_frame(write: impl FnOnce(&mut Writer) -> Result<(), EncodeError>) -> Result<Writer, EncodeError> {
    let mut writer = Writer::with_capacity(HEAD_CAPACITY);
    writer.i32(0);
    write(&mut writer)?;
    let length = writer.size() - SIZE_PREFIX;
    let size = i32::try_from(length).map_err(|_| EncodeError::TooLong {
        what: "a frame",
        length,
    })?;
    writer.patch_i32(0, size);
    Ok(writer)
}

/// Encodes a response with its size and header in one piece.
/// `header_version` is [`ApiKey::response_header_version`](crate::ApiKey::response_header_version).
///
/// # Errors
/// What `body` returns; `TooLong` beyond 2 GiB.
pub fn encode_frame(
    correlation_id: i32,
    header_version: i16,
    body: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
) -> Result<Bytes, EncodeError> {
    let header = ResponseHeader { correlation_id };
    let writer = write_frame(|writer| {
        header.encode(writer, header_version)?;
        body(writer)
    })?;
    Ok(writer.into_bytes())
}

/// Encodes a response as pieces for a vectored write; records in it are shared, not copied.
///
/// # Errors
/// As [`encode_frame`].
pub fn encode_frame_pieces(
    correlation_id: i32,
    header_version: i16,
    body: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
) -> Result<Pieces, EncodeError> {
    let header = ResponseHeader { correlation_id };
    let writer = write_frame(|writer| {
        header.encode(writer, header_version)?;
        body(writer)
    })?;
    Ok(writer.into_pieces())
}

/// Encodes a request with its size and header in one piece.
///
/// # Errors
/// As [`encode_frame`].
pub fn encode_request_frame(
    header: &RequestHeader,
    body: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
) -> Result<Bytes, EncodeError> {
    let writer = write_frame(|writer| {
        header.encode(writer)?;
        body(writer)
    })?;
    Ok(writer.into_bytes())
}

/// Encodes a request as pieces for a vectored write; records in it are shared, not copied.
///
/// # Errors
/// As [`encode_frame`].
pub fn encode_request_frame_pieces(
    header: &RequestHeader,
    body: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
) -> Result<Pieces, EncodeError> {
    let writer = write_frame(|writer| {
        header.encode(writer)?;
        body(writer)
    })?;
    Ok(writer.into_pieces())
}
