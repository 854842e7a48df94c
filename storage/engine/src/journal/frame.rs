//! A journal frame's bytes.
//!
//! ```text
//!  0  header, 64 bytes      see HeaderV1
//! 64  table                 rkyv archive of TableV2, or TableV1 if the header says so, `table_length` bytes
//!     payloads              of the table's appends, in its order, contiguous, verbatim
//!     zeros                 up to a page
//! ```
//! The checksum covers the header and the table; the table holds one for each payload.

use rkyv::ser::writer::Buffer;
use rkyv::{Archive, Deserialize, Serialize, rancor};

use corelog_runtime::buffer::PAGE;

use crate::FormatError;
use crate::format::v1::TableV1;
use crate::format::v2::{EntryV2, TableV2};

/// The size of the header.
pub(crate) const HEADER_SIZE: usize = 64;
const MAGIC: [u8; 4] = *b"CLJF";
/// The version of the table; the header is the same in both.
const VERSION: u16 = 2;

/// The header of a frame. Frozen; the version that it says is the table's.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct HeaderV1 {
    /// `CLJF`.
    pub magic: [u8; 4],
    /// The table's version: 1 or 2.
    pub version: u16,
    /// The shard whose journal this is.
    pub shard: u16,
    /// Which opening of the storage wrote it; others' frames do not count.
    pub incarnation: u64,
    /// The frame's number, one more than that of the frame before.
    pub sequence: u64,
    /// Frames before this number had been acknowledged when this one was made.
    pub acknowledged_end: u64,
    /// The whole frame, header and padding included; whole pages.
    pub frame_length: u32,
    /// The table.
    pub table_length: u32,
    /// The payloads together.
    pub payload_length: u32,
    /// The entries of the table.
    pub entry_count: u32,
    /// CRC-32 (IEEE) of the header, this field zero, and the table.
    pub crc: u32,
    /// Zeros.
    pub reserved: [u8; 12],
}

const _: () = assert!(size_of::<ArchivedHeaderV1>() == HEADER_SIZE);
const _: () = assert!(align_of::<ArchivedHeaderV1>() == 1);

/// What makes a frame this journal's and no other's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FrameStamp {
    pub(crate) shard: u16,
    pub(crate) incarnation: u64,
    pub(crate) sequence: u64,
    pub(crate) acknowledged_end: u64,
}

fn header_bytes(header: &HeaderV1) -> [u8; HEADER_SIZE] {
    let mut bytes = [0; HEADER_SIZE];
    rkyv::api::high::to_bytes_in::<_, rancor::Error>(header, Buffer::from(&mut bytes))
        .expect("64 bytes, asserted above");
    bytes
}

fn checksum(header: &HeaderV1, table: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header_bytes(&HeaderV1 { crc: 0, ..*header }));
    hasher.update(table);
    hasher.finalize()
}

/// Archives a table.
pub(crate) fn encode_table(table: &TableV2) -> rkyv::util::AlignedVec {
    rkyv::to_bytes::<rancor::Error>(table).expect("memory is the only limit to an archive")
}

/// The length of a frame in bytes.
pub(crate) fn frame_length(table_length: usize, payload_length: usize) -> usize {
    (HEADER_SIZE + table_length + payload_length).next_multiple_of(PAGE)
}

/// Writes header and table to the front of `frame`, which has the frame's length; returns where the payloads begin.
/// What follows is the caller's to write, zeros behind the payloads included.
pub(crate) fn write_head(
    frame: &mut [u8],
    stamp: FrameStamp,
    table: &[u8],
    entry_count: usize,
    payload_length: usize,
) -> usize {
    let u32_of = |n: usize| u32::try_from(n).expect("a frame is shorter than 4 GiB");
    let mut header = HeaderV1 {
        magic: MAGIC,
        version: VERSION,
        shard: stamp.shard,
        incarnation: stamp.incarnation,
        sequence: stamp.sequence,
        acknowledged_end: stamp.acknowledged_end,
        frame_length: u32_of(frame.len()),
        table_length: u32_of(table.len()),
        payload_length: u32_of(payload_length),
        entry_count: u32_of(entry_count),
        crc: 0,
        reserved: [0; 12],
    };
    header.crc = checksum(&header, table);
    frame[..HEADER_SIZE].copy_from_slice(&header_bytes(&header));
    frame[HEADER_SIZE..HEADER_SIZE + table.len()].copy_from_slice(table);
    HEADER_SIZE + table.len()
}

/// Reads a header. Its lengths agree with one another and may be used to read the table; nothing else of it is
/// trusted before [`check`].
///
/// # Errors
/// See [`FormatError`].
pub(crate) fn parse_header(bytes: &[u8]) -> Result<HeaderV1, FormatError> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let head = bytes
        .get(..HEADER_SIZE)
        .ok_or(FormatError::Truncated { size, needed: 64 })?;
    let header =
        rkyv::from_bytes::<HeaderV1, rancor::Error>(head).map_err(|_: rancor::Error| FormatError::Archive)?;
    if header.magic != MAGIC {
        return Err(FormatError::Magic {
            expected: "journal frame",
        });
    }
    if !(1..=VERSION).contains(&header.version) {
        return Err(FormatError::Version {
            found: header.version,
            supported: VERSION,
        });
    }
    let needed = 64 + u64::from(header.table_length) + u64::from(header.payload_length);
    let page = u64::try_from(PAGE).unwrap_or(u64::MAX);
    if u64::from(header.frame_length) != needed.next_multiple_of(page) {
        return Err(FormatError::Field {
            field: "frame_length",
            value: i128::from(header.frame_length),
        });
    }
    Ok(header)
}

/// Checks header and table against the checksum and decodes the table.
///
/// # Errors
/// See [`FormatError`].
pub(crate) fn check(header: &HeaderV1, table: &[u8]) -> Result<TableV2, FormatError> {
    let computed = checksum(header, table);
    if computed != header.crc {
        return Err(FormatError::Checksum {
            stored: header.crc,
            computed,
        });
    }
    let table = match header.version {
        1 => rkyv::from_bytes::<TableV1, rancor::Error>(table).map(TableV2::from),
        _ => rkyv::from_bytes::<TableV2, rancor::Error>(table),
    };
    let table = table.map_err(|_: rancor::Error| FormatError::Archive)?;
    let payload: u64 = table
        .entries
        .iter()
        .map(|entry| match entry {
            EntryV2::Append(append) => u64::from(append.length),
            EntryV2::PartitionCreated { .. }
            | EntryV2::PartitionDeleted { .. }
            | EntryV2::LogStart { .. }
            | EntryV2::LogEnd { .. } => 0,
        })
        .sum();
    if payload != u64::from(header.payload_length) {
        return Err(FormatError::Field {
            field: "payload_length",
            value: i128::from(header.payload_length),
        });
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::v1::{AppendV1, EntryV1};
    use crate::format::v2::AppendV2;

    fn frame() -> Vec<u8> {
        let table = TableV2 {
            entries: vec![
                EntryV2::PartitionCreated {
                    topic: [7; 16],
                    index: 1,
                    leader_epoch: 2,
                    directory: "orders-1".into(),
                },
                EntryV2::Append(AppendV2 {
                    topic: [7; 16],
                    index: 1,
                    leader_epoch: 2,
                    base_offset: 0,
                    end_offset: 3,
                    segment_base_offset: 0,
                    run_position: 0,
                    position: 0,
                    length: 5,
                    payload_crc: crc32fast::hash(b"bytes"),
                    has_gaps: false,
                }),
            ],
        };
        let stamp = FrameStamp {
            shard: 3,
            incarnation: 9,
            sequence: 11,
            acknowledged_end: 10,
        };
        let table_bytes = encode_table(&table);
        let mut frame = vec![0; frame_length(table_bytes.len(), 5)];
        let at = write_head(&mut frame, stamp, &table_bytes, 2, 5);
        frame[at..at + 5].copy_from_slice(b"bytes");
        frame
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_header_has_its_bytes() {
        // Written by this code when the format was frozen.
        let golden = include_str!("../format/golden/frame_header_v2.hex");
        assert_eq!(hex(&frame()[..HEADER_SIZE]), golden.trim());
    }

    #[test]
    fn a_frame_of_version_1_is_read() {
        let append = AppendV1 {
            topic: [7; 16],
            index: 1,
            leader_epoch: 2,
            base_offset: 0,
            end_offset: 3,
            segment_base_offset: 0,
            run_position: 0,
            position: 0,
            length: 5,
            payload_crc: crc32fast::hash(b"bytes"),
        };
        let old = TableV1 {
            entries: vec![
                EntryV1::PartitionCreated {
                    topic: [7; 16],
                    index: 1,
                    leader_epoch: 2,
                    directory: "orders-1".into(),
                },
                EntryV1::Append(append),
            ],
        };
        let table = rkyv::to_bytes::<rancor::Error>(&old).unwrap();
        let mut header = HeaderV1 {
            version: 1,
            table_length: u32::try_from(table.len()).unwrap(),
            ..parse_header(&frame()).unwrap()
        };
        header.crc = checksum(&header, &table);
        let bytes = header_bytes(&header);
        let golden = include_str!("../format/golden/frame_header_v1.hex");
        assert_eq!(hex(&bytes), golden.trim());
        let header = parse_header(&bytes).unwrap();
        assert_eq!(check(&header, &table), Ok(TableV2::from(old)));
    }

    #[test]
    fn a_frame_reads_back_and_every_flipped_bit_of_its_head_is_noticed() {
        let frame = frame();
        let read = |frame: &[u8]| {
            let header = parse_header(frame)?;
            let end = HEADER_SIZE + usize::try_from(header.table_length).unwrap();
            let table = frame.get(HEADER_SIZE..end).ok_or(FormatError::Archive)?;
            check(&header, table).map(|table| (header, table))
        };
        let (header, table) = read(&frame).unwrap();
        assert_eq!((header.shard, header.incarnation, header.sequence), (3, 9, 11));
        assert_eq!(table.entries.len(), 2);
        let head = HEADER_SIZE + usize::try_from(header.table_length).unwrap();
        for bit in 0..head * 8 {
            let mut bad = frame.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&bad).is_err(), "bit {bit}");
        }
    }
}
