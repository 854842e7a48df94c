//! Printing what was found.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;
use corelog_client::record::{StoredRecord, decode_batches};
use corelog_model::{Offset, PartitionIndex, TopicId};
use corelog_storage::inspect::{BatchReport, CheckpointV4, EntryV2, FileKind, FrameReport, SegmentIndexV3};
use serde_json::{Value, json};

use super::failure::InspectFailure;
use super::report::{Detail, FileReport};
use crate::error::CliError;
use crate::json::show_record;
use crate::output::{Output, Table, cell};

/// Prints all reports: the whole of a single file, else a line a file. JSON carries the whole of each.
pub(super) fn reports(
    reports: &[FileReport],
    is_single: bool,
    records: bool,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    if output.is_json() {
        let values: Result<Vec<Value>, CliError> =
            reports.iter().map(|report| value(report, records)).collect();
        return output.json(&values?);
    }
    if let ([report], true) = (reports, is_single) {
        output.line(&format!("{}: {}", kind(report.kind), report.content))?;
        detail(&report.detail, output)?;
    } else {
        let mut table = Table::new(&["FILE", "KIND", "CONTENT", "STATE"]);
        for report in reports {
            let is_missing = report.content == "missing";
            let state = match (report.faults.is_empty(), is_missing) {
                (false, true) => "MISSING",
                (false, false) => "DAMAGED",
                (true, true) => "missing",
                (true, false) => "ok",
            };
            table.row([
                report.path.display().to_string(),
                kind(report.kind).to_owned(),
                report.content.clone(),
                state.to_owned(),
            ]);
        }
        output.table(&table)?;
    }
    if records {
        for report in reports {
            each_record(report, |topic, partition, record| {
                output.line(&show_record(topic, partition, record))
            })?;
        }
    }
    for report in reports {
        for note in &report.notes {
            output.line(&format!("note: {}: {note}", report.path.display()))?;
        }
    }
    for report in reports {
        for fault in &report.faults {
            output.line(&format!("DAMAGED: {}: {fault}", report.path.display()))?;
        }
    }
    Ok(())
}

fn value(report: &FileReport, records: bool) -> Result<Value, CliError> {
    let mut value = serde_json::to_value(report).expect("reports have JSON forms");
    if records && report.kind == FileKind::Segment {
        let mut found = Vec::new();
        each_record(report, |topic, partition, record| {
            let line = show_record(topic, partition, record);
            found.push(serde_json::from_str::<Value>(&line).expect("a line of ours is JSON"));
            Ok(())
        })?;
        value["records"] = json!(found);
    }
    Ok(value)
}

fn kind(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Journal => "journal",
        FileKind::Checkpoint => "checkpoint",
        FileKind::Segment => "segment",
        FileKind::SegmentIndex => "index",
        FileKind::Layout => "layout",
        FileKind::JournalFiles => "journal list",
        FileKind::Version => "format",
        FileKind::Meta => "properties",
    }
}

fn detail(detail: &Detail, output: &mut Output<'_>) -> Result<(), CliError> {
    match detail {
        Detail::None | Detail::Layout(_) | Detail::JournalFiles(_) => Ok(()),
        Detail::Checkpoint(checkpoint) => output.table(&partitions(checkpoint)),
        Detail::SegmentIndex(index) => output.table(&entries(index)),
        Detail::Segment(segment) => output.table(&batches(&segment.batches)),
        Detail::Journal(found) => output.table(&frames(found)),
    }
}

fn partitions(checkpoint: &CheckpointV4) -> Table {
    let mut table = Table::new(&[
        "PARTITION",
        "TOPIC ID",
        "EPOCH",
        "LOG START",
        "LOG END",
        "SEGMENTS",
        "BYTES",
        "PRODUCERS",
        "CORRUPT",
    ]);
    for partition in checkpoint.partitions.iter().map(|found| &found.base) {
        table.row([
            partition.directory.clone(),
            TopicId::new(partition.topic).to_string(),
            partition.leader_epoch.to_string(),
            partition.log_start.to_string(),
            partition.log_end.to_string(),
            partition.segments.len().to_string(),
            partition
                .segments
                .iter()
                .map(|segment| segment.size)
                .sum::<u64>()
                .to_string(),
            partition.producers.len().to_string(),
            cell(partition.corrupt.clone()),
        ]);
    }
    table
}

fn entries(index: &SegmentIndexV3) -> Table {
    let mut table = Table::new(&["OFFSET", "POSITION", "MAX TIMESTAMP BEFORE"]);
    for entry in &index.entries {
        table.row([
            entry.offset.to_string(),
            entry.position.to_string(),
            entry.max_timestamp_before.to_string(),
        ]);
    }
    table
}

fn batches(batches: &[BatchReport]) -> Table {
    let mut table = Table::new(&[
        "POSITION",
        "BYTES",
        "OFFSETS",
        "RECORDS",
        "EPOCH",
        "COMPRESSION",
        "PRODUCER",
        "SEQUENCE",
        "STATE",
    ]);
    for batch in batches {
        let mut state = Vec::new();
        state.extend((!batch.is_valid).then_some("DAMAGED"));
        state.extend(batch.is_control.then_some("control"));
        state.extend(batch.is_transactional.then_some("transactional"));
        let producer = batch
            .producer_id
            .map(|id| format!("{id}/{}", batch.producer_epoch.unwrap_or_default()));
        table.row([
            batch.position.to_string(),
            batch.size.to_string(),
            format!("{}-{}", batch.base_offset, batch.last_offset),
            batch.record_count.to_string(),
            batch.leader_epoch.to_string(),
            batch.compression.clone(),
            cell(producer),
            cell(batch.base_sequence),
            if state.is_empty() {
                "ok".to_owned()
            } else {
                state.join(", ")
            },
        ]);
    }
    table
}

/// A row for each entry of each frame.
fn frames(frames: &[FrameReport]) -> Table {
    let mut table = Table::new(&[
        "POSITION",
        "INCARNATION",
        "FRAME",
        "BYTES",
        "ENTRY",
        "PARTITION",
        "DETAIL",
        "STATE",
    ]);
    for frame in frames {
        let mut row = |[entry, partition, detail, state]: [String; 4]| {
            table.row([
                frame.position.to_string(),
                frame.header.incarnation.to_string(),
                frame.header.sequence.to_string(),
                frame.header.frame_length.to_string(),
                entry,
                partition,
                detail,
                state,
            ]);
        };
        if let Some(fault) = &frame.fault {
            row(["-".into(), "-".into(), "-".into(), fault.clone()]);
        } else if frame.entries.is_empty() {
            row(["-".into(), "-".into(), "empty".into(), "ok".into()]);
        }
        for (nth, entry) in frame.entries.iter().enumerate() {
            let state = if frame.bad_payloads.contains(&nth) {
                "checksum"
            } else {
                "ok"
            };
            let [what, partition, detail] = describe(entry);
            row([what, partition, detail, state.to_owned()]);
        }
    }
    table
}

fn describe(entry: &EntryV2) -> [String; 3] {
    let place = |topic: &[u8; 16], index: i32| format!("{}/{index}", TopicId::new(*topic));
    match entry {
        EntryV2::Append(append) => [
            "append".into(),
            place(&append.topic, append.index),
            format!(
                "offsets {}-{}{}, {} bytes at {} of segment {}",
                append.base_offset,
                append.end_offset - 1,
                if append.has_gaps { " with gaps" } else { "" },
                append.length,
                append.position,
                append.segment_base_offset
            ),
        ],
        EntryV2::PartitionCreated {
            topic,
            index,
            directory,
            leader_epoch,
        } => [
            "created".into(),
            place(topic, *index),
            format!("{directory}, epoch {leader_epoch}"),
        ],
        EntryV2::PartitionDeleted {
            topic,
            index,
            directory,
        } => ["deleted".into(), place(topic, *index), directory.clone()],
        EntryV2::LogStart { topic, index, offset } => [
            "log start".into(),
            place(topic, *index),
            format!("offset {offset}"),
        ],
        EntryV2::LogEnd {
            topic,
            index,
            offset,
            segment_base_offset,
            position,
        } => [
            "log end".into(),
            place(topic, *index),
            format!("offset {offset}, at {position} of segment {segment_base_offset}"),
        ],
    }
}

/// Hands on the records of a segment's whole batches; markers of transactions are left out.
pub(super) fn each_record(
    report: &FileReport,
    mut each: impl FnMut(&str, PartitionIndex, &StoredRecord) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let Detail::Segment(segment) = &report.detail else {
        return Ok(());
    };
    let io = |source| InspectFailure::Io {
        path: report.path.clone(),
        source,
    };
    let (topic, partition) = partition_of(&report.path);
    let file = File::open(&report.path).map_err(io)?;
    for batch in segment.batches.iter().filter(|batch| batch.is_valid) {
        let mut bytes = vec![0; batch.size];
        file.read_exact_at(&mut bytes, batch.position).map_err(io)?;
        match decode_batches(Bytes::from(bytes), Offset::ZERO, &[]) {
            Ok(decoded) => {
                for record in &decoded.records {
                    each(&topic, partition, record)?;
                }
            }
            Err(source) => {
                return Err(InspectFailure::Records {
                    path: report.path.clone(),
                    source,
                }
                .into());
            }
        }
    }
    Ok(())
}

/// The topic and partition that a segment's directory names.
fn partition_of(path: &Path) -> (String, PartitionIndex) {
    let directory = path
        .canonicalize()
        .ok()
        .and_then(|path| Some(path.parent()?.file_name()?.to_string_lossy().into_owned()))
        .unwrap_or_default();
    match directory
        .rsplit_once('-')
        .and_then(|(topic, index)| Some((topic, index.parse().ok()?)))
    {
        Some((topic, index)) => (topic.to_owned(), PartitionIndex::new(index)),
        None => (directory, PartitionIndex::new(0)),
    }
}
