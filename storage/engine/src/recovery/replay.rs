//! Replay: the journal's payloads are written to the segments again.

use std::collections::BTreeMap;

use corelog_model::{Offset, PartitionId};
use corelog_runtime::Handle;
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::target::Target;
use super::{CONCURRENCY, REPLAY_SHARE, Recovering, fraction, open_segment};
use crate::OpenError;
use crate::files::read_page;
use crate::format::names::{self, SegmentName};
use crate::format::v2::EntryV2;
use crate::journal::reader::{FoundFrame, JournalReader, LOOKS, Look};
use crate::log::core::partition_id;

/// A partition's bytes are written when so many are gathered.
const PARTITION_BYTES_MAX: usize = 1 << 20;
/// All partitions' bytes are written when so many are gathered.
const TOTAL_BYTES_MAX: usize = 64 << 20;

/// Contiguous bytes of one segment that wait to be written.
struct Gathered {
    directory: String,
    segment: SegmentName,
    position: u64,
    bytes: Vec<u8>,
}

impl Gathered {
    fn end(&self) -> u64 {
        self.position + u64::try_from(self.bytes.len()).expect("a length within u64")
    }

    /// Writes the bytes over what the pages around them hold.
    async fn write(self, handle: &Handle, target: &Target) -> Result<(), OpenError> {
        let page = u64::try_from(PAGE).expect("4096");
        let dir = target.dir.join(&self.directory);
        handle.disk.create_dir_all(&dir).await?;
        let file = open_segment(handle, target, &self.directory, self.segment).await?;
        let path = dir.join(names::segment_file(self.segment));
        let start = self.position & !(page - 1);
        let skip = usize::try_from(self.position - start).expect("less than a page");
        let length = (skip + self.bytes.len()).next_multiple_of(PAGE);
        let mut buffer = AlignedBuf::zeroed(length);
        // Bytes beside the payload may be there durably although no payload holds them: a bypass wrote them.
        let first_shared = (skip > 0).then_some(0);
        let is_last_shared = !(skip + self.bytes.len()).is_multiple_of(PAGE);
        let last_shared = is_last_shared.then_some(length - PAGE);
        for at in first_shared.into_iter().chain(last_shared) {
            let position = start + u64::try_from(at).expect("a length within u64");
            buffer[at..at + PAGE].copy_from_slice(&read_page(&file, &path, position).await?.1);
        }
        // Even bytes that read back equal are written: after a sync that failed they may be in memory alone, clean in
        // the kernel's eyes, and no later sync would write them.
        buffer[skip..skip + self.bytes.len()].copy_from_slice(&self.bytes);
        file.write_at(start, buffer.freeze()).await?;
        Ok(())
    }
}

/// Reads a frame's payloads, again if they are not what they should be.
async fn read_payloads(
    reader: &JournalReader,
    frame: &FoundFrame,
    length: usize,
) -> Result<bytes::Bytes, OpenError> {
    let mut look = 1;
    loop {
        let how = if look == 1 { Look::Ahead } else { Look::Fresh };
        let payloads = reader
            .look(frame.file, frame.payload_position(), length, how)
            .await?;
        let mut at = 0;
        let is_whole = frame.table.entries.iter().all(|entry| {
            let EntryV2::Append(append) = entry else {
                return true;
            };
            let end = at + usize::try_from(append.length).expect("32 bits");
            let payload = payloads.get(std::mem::replace(&mut at, end)..end);
            payload.is_some_and(|bytes| crc32fast::hash(bytes) == append.payload_crc)
        });
        if is_whole || look == LOOKS {
            return Ok(payloads);
        }
        look += 1;
    }
}

/// Reads the frames one after another and writes their payloads.
pub(super) async fn replay(
    handle: &Handle,
    target: &Target,
    reader: &JournalReader,
    frames: &[FoundFrame],
    partitions: &mut BTreeMap<PartitionId, Recovering>,
    progress: &dyn Fn(f64),
) -> Result<(), OpenError> {
    let mut waiting: BTreeMap<PartitionId, Gathered> = BTreeMap::new();
    let mut total = 0;
    let length_of = |frame: &FoundFrame| usize::try_from(frame.header.payload_length).expect("32 bits");
    let to_replay: usize = frames.iter().map(length_of).sum();
    let mut replayed = 0;
    for frame in frames {
        let length = length_of(frame);
        let payloads = read_payloads(reader, frame, length).await?;
        let mut at = 0;
        for entry in &frame.table.entries {
            let EntryV2::Append(append) = entry else { continue };
            let end = at + usize::try_from(append.length).expect("32 bits");
            let payload = payloads.get(at..end);
            at = end;
            let id = partition_id(append.topic, append.index);
            let Some(partition) = partitions.get_mut(&id) else {
                continue;
            };
            // The runs are in the order of the frames; those that the checkpoint covers are not among them.
            let Some(run) = partition.runs.get_mut(partition.next_run) else {
                continue;
            };
            if run.append != *append {
                continue;
            }
            partition.next_run += 1;
            let Some(payload) = payload.filter(|bytes| crc32fast::hash(bytes) == append.payload_crc) else {
                continue;
            };
            run.is_payload_whole = true;
            let segment_base = Offset::new(append.segment_base_offset).unwrap_or_default();
            let segment = partition.core.name_of(segment_base);
            let is_dropped = segment_base < partition.core.segments()[0].base;
            // What was cut off is not written where other bytes may be by now.
            let left = usize::try_from(run.end.saturating_sub(append.position)).unwrap_or(usize::MAX);
            let payload = &payload[..left.min(payload.len())];
            if payload.is_empty() || is_dropped {
                continue;
            }
            let continues = waiting.get(&id).is_some_and(|gathered| {
                gathered.segment == segment
                    && gathered.end() == append.position
                    && gathered.bytes.len() < PARTITION_BYTES_MAX
            });
            if !continues && waiting.contains_key(&id) {
                write_all(&mut waiting, handle, target).await?;
                total = 0;
            }
            let gathered = waiting.entry(id).or_insert_with(|| Gathered {
                directory: partition.directory.clone(),
                segment,
                position: append.position,
                bytes: Vec::new(),
            });
            gathered.bytes.extend_from_slice(payload);
            total += payload.len();
        }
        if total > TOTAL_BYTES_MAX {
            write_all(&mut waiting, handle, target).await?;
            total = 0;
        }
        replayed += length;
        progress(REPLAY_SHARE * fraction(replayed, to_replay));
    }
    write_all(&mut waiting, handle, target).await
}

/// Writes what is gathered, one piece a partition, so that no two of them share a page.
async fn write_all(
    waiting: &mut BTreeMap<PartitionId, Gathered>,
    handle: &Handle,
    target: &Target,
) -> Result<(), OpenError> {
    stream::iter(std::mem::take(waiting).into_values())
        .map(|gathered| gathered.write(handle, target))
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
}
