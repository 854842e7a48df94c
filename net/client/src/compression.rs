//! The four codecs of record batches, in the framings that Kafka's clients use.
//!
//! Invariant: decompressing never yields more than the caller's bound, whatever the bytes say.

use std::io::{Read, Write};

use corelog_model::batch::Compression;

/// Snappy in xerial's framing: this, then blocks of a four-byte length and raw snappy.
const XERIAL_HEADER: &[u8; 16] = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
/// Bytes of the magic alone, by which the framing is recognized.
const XERIAL_MAGIC_SIZE: usize = 8;
/// The block size of snappy-java, in uncompressed bytes.
const XERIAL_BLOCK: usize = 32 * 1024;

/// Why bytes could not be compressed or decompressed.
#[derive(Debug, thiserror::Error)]
pub enum CompressionError {
    /// The codec failed: the bytes are damaged.
    #[error("the {codec} data is damaged: {source}")]
    Damaged {
        /// The codec.
        codec: &'static str,
        /// Its words.
        source: std::io::Error,
    },
    /// More comes out than the caller allows.
    #[error("the {codec} data expands to more than {max} bytes")]
    TooLarge {
        /// The codec.
        codec: &'static str,
        /// The bound.
        max: usize,
    },
}

/// The name of a codec, as in `compression.type`.
pub const fn codec_name(codec: Compression) -> &'static str {
    match codec {
        Compression::None => "none",
        Compression::Gzip => "gzip",
        Compression::Snappy => "snappy",
        Compression::Lz4 => "lz4",
        Compression::Zstd => "zstd",
    }
}

/// Compresses `plain` at the codec's default level.
///
/// # Errors
/// `Damaged` if the codec itself fails.
pub fn compress(codec: Compression, plain: &[u8]) -> Result<Vec<u8>, CompressionError> {
    let fail = |source| CompressionError::Damaged {
        codec: codec_name(codec),
        source,
    };
    match codec {
        Compression::None => Ok(plain.to_vec()),
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(plain).map_err(fail)?;
            encoder.finish().map_err(fail)
        }
        Compression::Snappy => compress_xerial(plain).map_err(fail),
        Compression::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(plain).map_err(fail)?;
            encoder.finish().map_err(|error| fail(error.into()))
        }
        Compression::Zstd => zstd::bulk::compress(plain, zstd::DEFAULT_COMPRESSION_LEVEL).map_err(fail),
    }
}

/// Decompresses to at most `size_max` bytes.
///
/// # Errors
/// `Damaged` or `TooLarge`.
pub fn decompress(codec: Compression, packed: &[u8], size_max: usize) -> Result<Vec<u8>, CompressionError> {
    match codec {
        Compression::None if packed.len() > size_max => Err(too_large(codec, size_max)),
        Compression::None => Ok(packed.to_vec()),
        Compression::Gzip => read_bounded(codec, flate2::read::MultiGzDecoder::new(packed), size_max),
        Compression::Snappy => decompress_snappy(packed, size_max),
        Compression::Lz4 => read_bounded(codec, lz4_flex::frame::FrameDecoder::new(packed), size_max),
        Compression::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(|e| damaged(codec, e))?;
            read_bounded(codec, decoder, size_max)
        }
    }
}

fn damaged(codec: Compression, source: std::io::Error) -> CompressionError {
    CompressionError::Damaged {
        codec: codec_name(codec),
        source,
    }
}

fn too_large(codec: Compression, max: usize) -> CompressionError {
    CompressionError::TooLarge {
        codec: codec_name(codec),
        max,
    }
}

fn read_bounded(codec: Compression, reader: impl Read, size_max: usize) -> Result<Vec<u8>, CompressionError> {
    let mut plain = Vec::new();
    let limit = u64::try_from(size_max).unwrap_or(u64::MAX).saturating_add(1);
    reader
        .take(limit)
        .read_to_end(&mut plain)
        .map_err(|source| damaged(codec, source))?;
    if plain.len() > size_max {
        return Err(too_large(codec, size_max));
    }
    Ok(plain)
}

fn compress_xerial(plain: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut packed = XERIAL_HEADER.to_vec();
    let mut encoder = snap::raw::Encoder::new();
    for block in plain.chunks(XERIAL_BLOCK) {
        let raw = encoder.compress_vec(block)?;
        let length = u32::try_from(raw.len()).expect("a block of 32 KiB stays small");
        packed.extend_from_slice(&length.to_be_bytes());
        packed.extend_from_slice(&raw);
    }
    Ok(packed)
}

/// Takes xerial's framing, and raw snappy, which librdkafka sends.
fn decompress_snappy(packed: &[u8], size_max: usize) -> Result<Vec<u8>, CompressionError> {
    let cut = || std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "a block is cut short");
    let codec = Compression::Snappy;
    let mut plain = Vec::new();
    if !packed.starts_with(&XERIAL_HEADER[..XERIAL_MAGIC_SIZE]) {
        append_snappy(packed, &mut plain, size_max)?;
        return Ok(plain);
    }
    let mut rest = packed
        .get(XERIAL_HEADER.len()..)
        .ok_or_else(|| damaged(codec, cut()))?;
    while !rest.is_empty() {
        let (length, after) = rest
            .split_first_chunk::<4>()
            .ok_or_else(|| damaged(codec, cut()))?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let block = after.get(..length).ok_or_else(|| damaged(codec, cut()))?;
        append_snappy(block, &mut plain, size_max)?;
        rest = &after[length..];
    }
    Ok(plain)
}

fn append_snappy(raw: &[u8], plain: &mut Vec<u8>, size_max: usize) -> Result<(), CompressionError> {
    let codec = Compression::Snappy;
    let length = snap::raw::decompress_len(raw).map_err(|error| damaged(codec, error.into()))?;
    if length > size_max.saturating_sub(plain.len()) {
        return Err(too_large(codec, size_max));
    }
    let start = plain.len();
    plain.resize(start + length, 0);
    snap::raw::Decoder::new()
        .decompress(raw, &mut plain[start..])
        .map_err(|error| damaged(codec, error.into()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODECS: [Compression; 5] = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];

    #[test]
    fn every_codec_gives_back_what_it_took() {
        let plain: Vec<u8> = (0..100_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        for codec in CODECS {
            for size in [0, 1, 1000, XERIAL_BLOCK, plain.len()] {
                let packed = compress(codec, &plain[..size]).unwrap();
                assert_eq!(
                    decompress(codec, &packed, size).unwrap(),
                    &plain[..size],
                    "{codec:?} {size}"
                );
            }
        }
    }

    #[test]
    fn the_bound_holds() {
        let plain = vec![0; 1 << 20];
        for codec in CODECS {
            let packed = compress(codec, &plain).unwrap();
            let result = decompress(codec, &packed, plain.len() - 1);
            assert!(
                matches!(result, Err(CompressionError::TooLarge { .. })),
                "{codec:?}"
            );
        }
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        for codec in &CODECS[1..] {
            let packed = compress(*codec, &[7; 10_000]).unwrap();
            let result = decompress(*codec, &packed[..packed.len() / 2], 1 << 20);
            assert!(
                matches!(result, Err(CompressionError::Damaged { .. })),
                "{codec:?} {result:?}"
            );
            let garbage = [0xff; 64];
            assert!(decompress(*codec, &garbage, 1 << 20).is_err(), "{codec:?}");
        }
    }

    #[test]
    fn raw_snappy_is_understood() {
        let raw = snap::raw::Encoder::new()
            .compress_vec(b"hello hello hello")
            .unwrap();
        assert_eq!(
            decompress(Compression::Snappy, &raw, 100).unwrap(),
            b"hello hello hello"
        );
    }
}
