//! Looking into files offline: what is in a journal file, a checkpoint, a segment, and whether the checksums hold.
//! Blocking, for tools; nothing here is used by a running shard.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use corelog_model::batch::{self, BatchError, BatchHeader};
use serde::Serialize;

use crate::data_dir::FORMAT;
pub use crate::format::v1::{
    EpochV1, IndexEntryV1, JournalFilesV1, LayoutV1, PartitionV1, ProducerBatchV1, ProducerV1, SegmentV1,
};
pub use crate::format::v2::{AppendV2, EntryV2, TableV2};
use crate::format::v3::decode_segment_index;
pub use crate::format::v3::{AbortedV3, EndedV3, ProducerV3, SegmentIndexV3};
use crate::format::v4::decode_checkpoint;
pub use crate::format::v4::{CheckpointV4, LeftoverV4, PartitionV4, SegmentV4};
use crate::format::{envelope, names};
use crate::journal::frame;
pub use crate::journal::frame::HeaderV1;
use crate::{FormatError, MetaFault, MetaProperties};

const PAGE: u64 = 4096;

/// A file cannot be inspected at all.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// It cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is damaged, or of another kind.
    #[error("{}: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// How.
        source: FormatError,
    },
}

/// A frame of a journal file.
#[derive(Clone, Debug, Serialize)]
pub struct FrameReport {
    /// Where it begins.
    pub position: u64,
    /// Its header.
    pub header: HeaderV1,
    /// Its entries, if the checksum of header and table holds.
    pub entries: Vec<EntryV2>,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// Entries, by place in the table, whose payload does not have its checksum.
    pub bad_payloads: Vec<usize>,
}

/// A batch of a segment.
#[derive(Clone, Debug, Serialize)]
pub struct BatchReport {
    /// Where it begins.
    pub position: u64,
    /// Its length, header included.
    pub size: usize,
    /// The first offset.
    pub base_offset: i64,
    /// The last offset, inclusive.
    pub last_offset: i64,
    /// The records.
    pub record_count: i32,
    /// The leader epoch.
    pub leader_epoch: i32,
    /// The largest timestamp.
    pub max_timestamp: i64,
    /// How the records are compressed.
    pub compression: String,
    /// The producer, if it has one.
    pub producer_id: Option<i64>,
    /// Its epoch.
    pub producer_epoch: Option<i16>,
    /// The first sequence.
    pub base_sequence: Option<i32>,
    /// Part of a transaction.
    pub is_transactional: bool,
    /// A transaction marker.
    pub is_control: bool,
    /// Whether the CRC-32C holds.
    pub is_valid: bool,
}

/// A segment.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentReport {
    /// The batches up to the first fault.
    pub batches: Vec<BatchReport>,
    /// Bytes of whole batches.
    pub valid_bytes: u64,
    /// Bytes behind them.
    pub bytes_behind: u64,
    /// Why the walk ended before the file did; reserved room (zeros) is no fault.
    pub fault: Option<String>,
}

/// What kind of file a path names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum FileKind {
    /// A journal file.
    Journal,
    /// A shard's checkpoint.
    Checkpoint,
    /// A segment.
    Segment,
    /// A closed segment's index.
    SegmentIndex,
    /// The layout.
    Layout,
    /// The list of a journal's files.
    JournalFiles,
    /// The number of the data directory's format.
    Version,
    /// Whose the data directory is.
    Meta,
}

/// Tells by its name what kind of file `path` is; `None` if it is none of ours.
pub fn kind_of(path: &Path) -> Option<FileKind> {
    let name = path.file_name()?.to_str()?;
    if names::parse_journal_file(name).is_some() {
        Some(FileKind::Journal)
    } else if names::parse_segment(name, ".log").is_some() {
        Some(FileKind::Segment)
    } else if names::parse_segment(name, ".cindex").is_some() {
        Some(FileKind::SegmentIndex)
    } else if name == names::CHECKPOINT {
        Some(FileKind::Checkpoint)
    } else if name == names::LAYOUT {
        Some(FileKind::Layout)
    } else if name == names::JOURNAL_FILES {
        Some(FileKind::JournalFiles)
    } else if name == names::VERSION {
        Some(FileKind::Version)
    } else if name == names::META {
        Some(FileKind::Meta)
    } else {
        None
    }
}

/// The base offset and the generation in the name of a segment's file or its index; a generation of zero is what was
/// appended to, later ones were written by cleanings.
pub fn segment_name(path: &Path) -> Option<(i64, u32)> {
    let name = path.file_name()?.to_str()?;
    let found = [".log", ".cindex"]
        .iter()
        .find_map(|ending| names::parse_segment(name, ending));
    found.map(|name| (name.base.get(), name.generation))
}

/// The name of a segment's file with this base offset and generation; `None` for a base offset below zero.
pub fn segment_file(base: i64, generation: u32) -> Option<String> {
    let base = corelog_model::Offset::new(base)?;
    Some(names::segment_file(names::SegmentName { base, generation }))
}

struct Source {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Source {
    fn open(path: &Path) -> Result<Source, InspectError> {
        let io = |source| InspectError::Io {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        Ok(Source {
            path: path.to_owned(),
            file,
            size,
        })
    }

    /// Bytes from `position`, fewer where the file ends.
    fn read(&self, position: u64, length: u64) -> Result<Vec<u8>, InspectError> {
        let length = length.min(self.size.saturating_sub(position));
        let mut buffer = vec![0; usize::try_from(length).unwrap_or(0)];
        self.file
            .read_exact_at(&mut buffer, position)
            .map_err(|source| InspectError::Io {
                path: self.path.clone(),
                source,
            })?;
        Ok(buffer)
    }
}

/// Hands the frames of a journal file to `report`, from the first page on, stale ones of earlier rounds included.
///
/// # Errors
/// If the file cannot be read; damage is reported, not an error.
pub fn journal(path: &Path, mut report: impl FnMut(FrameReport)) -> Result<(), InspectError> {
    let source = Source::open(path)?;
    let mut position = 0;
    while position < source.size {
        let head = source.read(position, PAGE)?;
        let Ok(header) = frame::parse_header(&head) else {
            position += PAGE;
            continue;
        };
        let length = u64::from(header.frame_length);
        let bytes = source.read(position, length)?;
        let found = frame_report(position, header, &bytes);
        position += if found.fault.is_none() {
            length.max(PAGE)
        } else {
            PAGE
        };
        report(found);
    }
    Ok(())
}

fn frame_report(position: u64, header: HeaderV1, bytes: &[u8]) -> FrameReport {
    let mut report = FrameReport {
        position,
        header,
        entries: Vec::new(),
        fault: None,
        bad_payloads: Vec::new(),
    };
    let table_end = frame::HEADER_SIZE + usize::try_from(header.table_length).unwrap_or(usize::MAX / 2);
    let Some(table) = bytes.get(frame::HEADER_SIZE..table_end) else {
        report.fault = Some("the frame goes beyond the file".into());
        return report;
    };
    match frame::check(&header, table) {
        Err(error) => report.fault = Some(error.to_string()),
        Ok(table) => {
            let mut at = table_end;
            for (nth, entry) in table.entries.iter().enumerate() {
                if let EntryV2::Append(append) = entry {
                    let end = at + usize::try_from(append.length).unwrap_or(usize::MAX / 2);
                    let is_whole = bytes
                        .get(at..end)
                        .is_some_and(|payload| crc32fast::hash(payload) == append.payload_crc);
                    if !is_whole {
                        report.bad_payloads.push(nth);
                    }
                    at = end;
                }
            }
            report.entries = table.entries;
        }
    }
    report
}

fn enveloped<T>(path: &Path, decode: impl Fn(&[u8]) -> Result<T, FormatError>) -> Result<T, InspectError> {
    let source = Source::open(path)?;
    let bytes = source.read(0, source.size)?;
    decode(&bytes).map_err(|source| InspectError::Format {
        path: path.to_owned(),
        source,
    })
}

/// Reads a checkpoint.
///
/// # Errors
/// If it cannot be read or is damaged.
pub fn checkpoint(path: &Path) -> Result<CheckpointV4, InspectError> {
    enveloped(path, decode_checkpoint)
}

/// Reads the checkpoint in force of the shard whose file `checkpoint` is at `path`: the one before while a new one takes
/// its place. `None` if there is neither.
///
/// # Errors
/// If it cannot be read or is damaged.
pub fn checkpoint_in_force(path: &Path) -> Result<Option<CheckpointV4>, InspectError> {
    for path in [path.to_owned(), path.with_extension("previous")] {
        match checkpoint(&path) {
            Err(InspectError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            found => return found.map(Some),
        }
    }
    Ok(None)
}

/// Reads the list of a journal's files.
///
/// # Errors
/// If it cannot be read or is damaged.
pub fn journal_files(path: &Path) -> Result<JournalFilesV1, InspectError> {
    enveloped(path, |bytes| envelope::decode(envelope::JOURNAL_FILES, bytes))
}

/// Reads the number of the data directory's format.
///
/// # Errors
/// If it cannot be read or is no number that this release knows.
pub fn version(path: &Path) -> Result<u32, InspectError> {
    enveloped(path, |bytes| {
        let text = str::from_utf8(bytes).unwrap_or_default().trim();
        let found: u32 = text.parse().map_err(|_| FormatError::Field {
            field: "format",
            value: -1,
        })?;
        if found == FORMAT {
            Ok(found)
        } else {
            Err(FormatError::Field {
                field: "format",
                value: i128::from(found),
            })
        }
    })
}

/// Reads whose the data directory is.
///
/// # Errors
/// If it cannot be read; what is wrong with its content is within.
pub fn meta_properties(path: &Path) -> Result<Result<MetaProperties, MetaFault>, InspectError> {
    enveloped(path, |bytes| Ok(MetaProperties::parse(bytes)))
}

/// Reads the layout.
///
/// # Errors
/// If it cannot be read or is damaged.
pub fn layout(path: &Path) -> Result<LayoutV1, InspectError> {
    enveloped(path, |bytes| envelope::decode(envelope::LAYOUT, bytes))
}

/// Reads a closed segment's index.
///
/// # Errors
/// If it cannot be read or is damaged.
pub fn segment_index(path: &Path) -> Result<SegmentIndexV3, InspectError> {
    enveloped(path, decode_segment_index)
}

fn batch_report(header: &BatchHeader, position: u64, is_valid: bool) -> BatchReport {
    BatchReport {
        position,
        size: header.size,
        base_offset: header.base_offset.get(),
        last_offset: header.last_offset().get(),
        record_count: header.record_count,
        leader_epoch: header.leader_epoch.get(),
        max_timestamp: header.max_timestamp.get(),
        compression: format!("{:?}", header.compression).to_lowercase(),
        producer_id: header.producer.map(|producer| producer.id.get()),
        producer_epoch: header.producer.map(|producer| producer.epoch.get()),
        base_sequence: header
            .producer
            .and_then(|producer| producer.base_sequence)
            .map(corelog_model::Sequence::get),
        is_transactional: header.is_transactional,
        is_control: header.is_control,
        is_valid,
    }
}

/// Walks over a segment's batches and checks them.
///
/// # Errors
/// If the file cannot be read; damage is reported, not an error.
pub fn segment(path: &Path) -> Result<SegmentReport, InspectError> {
    let source = Source::open(path)?;
    let mut report = SegmentReport {
        batches: Vec::new(),
        valid_bytes: 0,
        bytes_behind: 0,
        fault: None,
    };
    let mut position = 0;
    let mut expected = None;
    while position < source.size {
        let head = source.read(position, 61)?;
        if head.iter().all(|&byte| byte == 0) {
            break;
        }
        let fault = match batch::parse_header(&head) {
            Err(error) => Some(error.to_string()),
            Ok(header) => {
                let size = u64::try_from(header.size).unwrap_or(u64::MAX);
                let bytes = source.read(position, size)?;
                let checked = batch::check_crc(&header, &bytes);
                let is_valid = checked.is_ok();
                if !matches!(checked, Err(BatchError::Truncated { .. })) {
                    report.batches.push(batch_report(&header, position, is_valid));
                }
                let gap = expected.is_some_and(|offset| offset > header.base_offset);
                expected = Some(header.next_offset());
                position += if is_valid { size } else { 0 };
                match checked {
                    Err(error) => Some(error.to_string()),
                    Ok(()) if gap => Some(format!("offset {} comes again", header.base_offset)),
                    Ok(()) => None,
                }
            }
        };
        if let Some(fault) = fault {
            report.fault = Some(format!("at byte {position}: {fault}"));
            break;
        }
    }
    report.valid_bytes = position;
    report.bytes_behind = source.size - position;
    Ok(report)
}
