//! The four codecs of Kafka's batches, as plain functions over whole buffers.
//!
//! Long work: a broker does it off the paths that other clients wait on. `decompress` writes at most the bytes it is
//! told, whatever the input claims. zstd may reserve (not touch) its window besides, at most 2^`ZSTD_WINDOW_LOG_MAX`
//! bytes, which is zstd's own limit and Kafka's.

use std::io::{self, Read, Write};

use bytes::Bytes;
use corelog_model::batch::Compression;

use crate::{lz4, xerial};

/// The largest window that a zstd frame may ask for, as a power of two: zstd's default limit.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Why bytes were not compressed.
#[derive(Debug, thiserror::Error)]
pub enum CompressError {
    /// gzip or zstd failed.
    #[error("the codec failed")]
    Codec(#[from] io::Error),
    /// snappy failed.
    #[error("snappy failed")]
    Snappy(#[from] snap::Error),
    /// lz4 failed.
    #[error("lz4 failed")]
    Lz4(#[from] lz4_flex::frame::Error),
}

/// Why bytes were not decompressed.
#[derive(Debug, thiserror::Error)]
pub enum DecompressError {
    /// The result is larger than allowed.
    #[error("the decompressed records are larger than {size_max} bytes")]
    TooLarge {
        /// What was allowed.
        size_max: usize,
    },
    /// The bytes are not gzip's, lz4's or zstd's.
    #[error("the compressed records are malformed")]
    Malformed(#[source] io::Error),
    /// The bytes are not snappy's.
    #[error("the snappy records are malformed")]
    Snappy(#[source] snap::Error),
    /// The frame around snappy blocks is broken.
    #[error("the snappy frame is malformed")]
    SnappyFrame,
}

/// Compresses `input` as Kafka's clients do, at the codec's default level.
///
/// # Errors
/// `CompressError`, which memory exhaustion apart no input brings about.
pub fn compress(compression: Compression, input: &[u8]) -> Result<Vec<u8>, CompressError> {
    compress_at(compression, None, input)
}

/// Compresses `input` as Kafka's clients do, at `level` for gzip (0 to 9) and zstd (its own scale), or at the codec's
/// default. snappy has no levels; our lz4 has one alone, so its level is not looked at.
///
/// # Errors
/// As [`compress`].
pub fn compress_at(
    compression: Compression,
    level: Option<i32>,
    input: &[u8],
) -> Result<Vec<u8>, CompressError> {
    match compression {
        Compression::None => Ok(input.to_vec()),
        Compression::Gzip => {
            let level = level
                .and_then(|level| u32::try_from(level).ok())
                .map_or_else(flate2::Compression::default, |level| {
                    flate2::Compression::new(level.min(9))
                });
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(input)?;
            Ok(encoder.finish()?)
        }
        Compression::Snappy => Ok(xerial::compress(input)?),
        Compression::Lz4 => {
            // Kafka's Lz4BlockInputStream reads independent blocks alone; both sides default to 64 KiB.
            let frame = lz4_flex::frame::FrameInfo::new()
                .block_mode(lz4_flex::frame::BlockMode::Independent)
                .block_size(lz4_flex::frame::BlockSize::Max64KB);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(frame, Vec::new());
            encoder.write_all(input)?;
            Ok(encoder.finish()?)
        }
        Compression::Zstd => Ok(zstd::stream::encode_all(
            input,
            level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL),
        )?),
    }
}

/// Decompresses the whole of `input` to at most `size_max` bytes.
///
/// # Errors
/// `TooLarge` when it would be more, else what is wrong with the input.
pub fn decompress(
    compression: Compression,
    input: &[u8],
    size_max: usize,
) -> Result<Vec<u8>, DecompressError> {
    match compression {
        Compression::None if input.len() > size_max => Err(DecompressError::TooLarge { size_max }),
        Compression::None => Ok(input.to_vec()),
        Compression::Gzip => read_limited(flate2::read::MultiGzDecoder::new(input), size_max),
        Compression::Snappy => xerial::decompress(input, size_max),
        Compression::Lz4 => read_limited(lz4_flex::frame::FrameDecoder::new(input), size_max),
        Compression::Zstd => {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(input).map_err(DecompressError::Malformed)?;
            decoder
                .window_log_max(ZSTD_WINDOW_LOG_MAX)
                .map_err(DecompressError::Malformed)?;
            read_limited(decoder, size_max)
        }
    }
}

/// Decompresses `input` as it is read. What is wrong with it is an `io::Error` of the read that comes upon it, or of
/// this call.
pub(crate) fn decompressor(compression: Compression, input: Bytes) -> io::Result<Box<dyn Read>> {
    let input = match compression {
        Compression::None | Compression::Gzip | Compression::Snappy | Compression::Zstd => input,
        Compression::Lz4 => {
            let frame = lz4::frame_size(&input);
            input.slice(..frame.ok_or(io::ErrorKind::InvalidData)?)
        }
    };
    let input = io::Cursor::new(input);
    Ok(match compression {
        Compression::None => Box::new(input),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        Compression::Snappy => Box::new(xerial::Reader::new(input.into_inner())),
        Compression::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(input)),
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Box::new(decoder)
        }
    })
}

fn read_limited(reader: impl Read, size_max: usize) -> Result<Vec<u8>, DecompressError> {
    let limit = u64::try_from(size_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut out = Vec::new();
    reader
        .take(limit)
        .read_to_end(&mut out)
        .map_err(DecompressError::Malformed)?;
    if out.len() > size_max {
        return Err(DecompressError::TooLarge { size_max });
    }
    Ok(out)
}
