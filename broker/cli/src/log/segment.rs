//! Judging a segment.

use std::path::Path;

use corelog_storage::inspect::{self, FileKind, InspectError};

use super::report::{Detail, FileReport};

/// Looks at a segment of which the checkpoint vouches for `vouched` bytes; `None`: nobody knows, so all count.
pub(super) fn look(path: &Path, vouched: Option<u64>) -> Result<FileReport, InspectError> {
    let found = inspect::segment(path)?;
    let records: i64 = found
        .batches
        .iter()
        .map(|batch| i64::from(batch.record_count))
        .sum();
    let offsets = match (found.batches.first(), found.batches.last()) {
        (Some(first), Some(last)) => format!(", offsets {} to {}", first.base_offset, last.last_offset),
        _ => String::new(),
    };
    let content = format!(
        "{} batches, {records} records{offsets}, {} bytes",
        found.batches.len(),
        found.valid_bytes
    );
    let mut faults = Vec::new();
    let mut notes = Vec::new();
    match (&found.fault, vouched) {
        // What follows the recovery point is in the journal too.
        (Some(fault), Some(vouched)) if found.valid_bytes >= vouched => {
            notes.push(format!("{fault} (behind the recovery point, the journal has it)"));
        }
        (Some(fault), _) => faults.push(fault.clone()),
        (None, Some(vouched)) if found.valid_bytes < vouched => faults.push(format!(
            "it ends at byte {}, and the checkpoint knows of {vouched}",
            found.valid_bytes
        )),
        (None, _) => {}
    }
    let mut report = FileReport::new(path, FileKind::Segment, content, Detail::Segment(found));
    report.faults = faults;
    report.notes = notes;
    Ok(report)
}
