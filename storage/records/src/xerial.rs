//! The framing of snappy in Kafka: xerial's snappy-java `SnappyOutputStream`.
//!
//! ```text
//!  0  magic    82 53 4e 41 50 50 59 00   "\x82SNAPPY\0"
//!  8  version  i32                       1
//! 12  compat   i32                       1
//! 16  blocks:  size i32, a raw snappy block of that size
//! ```
//! All integers are big-endian. Bytes without the magic are taken as one raw block, as some clients send them
//! (librdkafka and Sarama accept and once wrote that).

use std::io;

use bytes::{Buf as _, Bytes};
use snap::raw::{Decoder, Encoder, decompress_len};

use crate::compression::DecompressError;

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const HEADER_SIZE: usize = 16;
/// snappy-java's default block.
const BLOCK_SIZE: usize = 32 * 1024;
/// The largest block that a [`Reader`] takes, decompressed: unframed records are one block.
const BLOCK_BYTES_MAX: usize = 64 << 20;
/// The most that a byte of raw snappy can become: a copy of 64 bytes takes three.
const EXPANSION_MAX: usize = 22;

pub(crate) fn compress(input: &[u8]) -> Result<Vec<u8>, snap::Error> {
    let mut out = Vec::with_capacity(HEADER_SIZE + input.len() / 2);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&1i32.to_be_bytes());
    out.extend_from_slice(&1i32.to_be_bytes());
    let mut encoder = Encoder::new();
    for block in input.chunks(BLOCK_SIZE) {
        let compressed = encoder.compress_vec(block)?;
        let size = i32::try_from(compressed.len()).expect("a block of 32 KiB stays small");
        out.extend_from_slice(&size.to_be_bytes());
        out.extend_from_slice(&compressed);
    }
    Ok(out)
}

pub(crate) fn decompress(input: &[u8], size_max: usize) -> Result<Vec<u8>, DecompressError> {
    let mut out = Vec::new();
    let mut decoder = Decoder::new();
    if !input.starts_with(&MAGIC) {
        decompress_block(&mut decoder, input, &mut out, size_max)?;
        return Ok(out);
    }
    let mut rest = input.get(HEADER_SIZE..).ok_or(DecompressError::SnappyFrame)?;
    while !rest.is_empty() {
        let (size, after) = rest
            .split_first_chunk::<4>()
            .ok_or(DecompressError::SnappyFrame)?;
        let size = usize::try_from(i32::from_be_bytes(*size)).map_err(|_| DecompressError::SnappyFrame)?;
        let (block, after) = after.split_at_checked(size).ok_or(DecompressError::SnappyFrame)?;
        decompress_block(&mut decoder, block, &mut out, size_max)?;
        rest = after;
    }
    Ok(out)
}

/// Decompresses block by block.
pub(crate) struct Reader {
    rest: Bytes,
    decoder: Decoder,
    is_framed: bool,
    is_begun: bool,
    block: Vec<u8>,
    at: usize,
}

impl Reader {
    pub(crate) fn new(input: Bytes) -> Reader {
        Reader {
            is_framed: input.starts_with(&MAGIC),
            rest: input,
            decoder: Decoder::new(),
            is_begun: false,
            block: Vec::new(),
            at: 0,
        }
    }

    /// The next compressed block; `None` at the end.
    fn next_block(&mut self) -> Result<Option<Bytes>, DecompressError> {
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        if !self.is_framed {
            return Ok(is_first.then(|| std::mem::take(&mut self.rest)));
        }
        if is_first {
            if self.rest.len() < HEADER_SIZE {
                return Err(DecompressError::SnappyFrame);
            }
            self.rest.advance(HEADER_SIZE);
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let size = self.rest.first_chunk::<4>().ok_or(DecompressError::SnappyFrame)?;
        let size = usize::try_from(i32::from_be_bytes(*size)).map_err(|_| DecompressError::SnappyFrame)?;
        self.rest.advance(4);
        if size > self.rest.len() {
            return Err(DecompressError::SnappyFrame);
        }
        Ok(Some(self.rest.split_to(size)))
    }
}

impl io::Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.block.len() {
            let Some(block) = self.next_block().map_err(io::Error::other)? else {
                return Ok(0);
            };
            self.block.clear();
            self.at = 0;
            decompress_block(&mut self.decoder, &block, &mut self.block, BLOCK_BYTES_MAX)
                .map_err(io::Error::other)?;
        }
        let count = out.len().min(self.block.len() - self.at);
        out[..count].copy_from_slice(&self.block[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

fn decompress_block(
    decoder: &mut Decoder,
    block: &[u8],
    out: &mut Vec<u8>,
    size_max: usize,
) -> Result<(), DecompressError> {
    let size = decompress_len(block).map_err(DecompressError::Snappy)?;
    // INV-7: the size is only claimed. The limit and what the block can give come before an allocation.
    if size > size_max - out.len() {
        return Err(DecompressError::TooLarge { size_max });
    }
    if size > block.len().saturating_mul(EXPANSION_MAX) {
        return Err(DecompressError::SnappyFrame);
    }
    let start = out.len();
    out.resize(start + size, 0);
    let written = decoder
        .decompress(block, &mut out[start..])
        .map_err(DecompressError::Snappy)?;
    out.truncate(start + written);
    Ok(())
}
