//! The frame around LZ4 blocks as Kafka reads it (`Lz4BlockInputStream`): one, of blocks that do not refer to one another,
//! with an end mark. The library's reader is more lenient: it also takes a frame without its end.
//!
//! ```text
//!  0  magic             04 22 4d 18
//!  4  flags             7-6 version 1, 5 independent blocks, 4 block checksums, 3 content size, 2 content checksum
//!  5  block size
//!  6  content size      u64, if the flags say so
//!     header checksum   u8
//!     blocks:           size u32 (highest bit: not compressed), that many bytes, a checksum u32 if the flags say so
//!     end mark          u32 0
//!     content checksum  u32, if the flags say so
//! ```
//! All integers are little-endian.

const MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
const VERSION_BITS: u8 = 0b1100_0000;
const VERSION: u8 = 0b0100_0000;
const INDEPENDENT: u8 = 0b10_0000;
const BLOCK_CHECKSUMS: u8 = 0b1_0000;
const CONTENT_SIZE: u8 = 0b1000;
const CONTENT_CHECKSUM: u8 = 0b100;
const CHECKSUM_SIZE: usize = 4;

/// The size of the frame that `bytes` begins with; `None` if it is none, or not one of Kafka's. What the blocks hold is not
/// looked at.
pub(crate) fn frame_size(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes.strip_prefix(&MAGIC)?;
    let flags = take(&mut rest, 2)?[0];
    if flags & VERSION_BITS != VERSION || flags & INDEPENDENT == 0 {
        return None;
    }
    let size_of = |flag: u8, size: usize| if flags & flag == 0 { 0 } else { size };
    take(&mut rest, size_of(CONTENT_SIZE, 8) + 1)?;
    loop {
        let size = take(&mut rest, 4)?;
        let size = u32::from_le_bytes(*size.first_chunk()?) & 0x7fff_ffff;
        if size == 0 {
            break;
        }
        take(&mut rest, usize::try_from(size).ok()?)?;
        take(&mut rest, size_of(BLOCK_CHECKSUMS, CHECKSUM_SIZE))?;
    }
    take(&mut rest, size_of(CONTENT_CHECKSUM, CHECKSUM_SIZE))?;
    Some(bytes.len() - rest.len())
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use corelog_model::batch::Compression;
    use lz4_flex::frame::{BlockMode, FrameEncoder, FrameInfo};
    use std::io::Write as _;

    use super::*;
    use crate::compression::compress;

    #[test]
    fn a_frame_has_its_end() {
        let text = b"some text, some text".repeat(10_000);
        let ours = compress(Compression::Lz4, &text).unwrap();
        let all = FrameInfo::new()
            .block_mode(BlockMode::Independent)
            .block_checksums(true)
            .content_checksum(true)
            .content_size(Some(200_000));
        let mut encoder = FrameEncoder::with_frame_info(all, Vec::new());
        encoder.write_all(&text).unwrap();
        for frame in [ours, encoder.finish().unwrap()] {
            assert_eq!(frame_size(&frame), Some(frame.len()));
            assert_eq!(frame_size(&[&frame[..], b"more"].concat()), Some(frame.len()));
            for length in (0..32).chain(frame.len() - 32..frame.len()) {
                assert_eq!(frame_size(&frame[..length]), None, "{length}");
            }
        }
        let linked = FrameInfo::new().block_mode(BlockMode::Linked);
        let mut encoder = FrameEncoder::with_frame_info(linked, Vec::new());
        encoder.write_all(&text).unwrap();
        assert_eq!(frame_size(&encoder.finish().unwrap()), None);
    }
}
