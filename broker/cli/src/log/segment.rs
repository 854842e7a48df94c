//! Judging a segment.

use std::path::{Path, PathBuf};

use corelog_storage::inspect::{self, FileKind, InspectError};

use super::expected::DataRoot;
use super::report::{Detail, FileReport};

/// Checks that the segments of each partition make one row: each begins with the offset that its name says, which is the
/// one behind the segment before, and offsets are missing only where the checkpoint or the journal says so. Only those count
/// that the checkpoints know; another program's log may have gaps.
pub(super) fn check_rows(root: &DataRoot, reports: &mut [FileReport]) {
    let mut before: Option<(PathBuf, i64)> = None;
    for report in reports
        .iter_mut()
        .filter(|report| report.kind == FileKind::Segment)
    {
        let Detail::Segment(found) = &report.detail else {
            before = None;
            continue;
        };
        let (Some(first), Some(last)) = (found.batches.first(), found.batches.last()) else {
            before = None;
            continue;
        };
        let dir = report.path.parent().unwrap_or(Path::new("")).to_owned();
        let base = report
            .path
            .file_stem()
            .and_then(|stem| stem.to_str()?.parse().ok());
        let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let known = root.partition(name);
        let end = last.last_offset.saturating_add(1);
        let is_known = base.is_some_and(|base: i64| {
            known.is_some_and(|known| known.segments.get(&base).is_some_and(|size| *size > 0))
        });
        if !is_known {
            before = None;
            continue;
        }
        let mut faults = Vec::new();
        let may_have_gaps = known.is_some_and(|known| base.is_some_and(|base| known.gapped.contains(&base)));
        if base.is_none_or(|base| first.base_offset < base || (first.base_offset > base && !may_have_gaps)) {
            faults.push(format!("it begins with offset {}", first.base_offset));
        }
        let gap = found
            .batches
            .windows(2)
            .find(|pair| pair[1].base_offset > pair[0].last_offset + 1);
        if let Some([before, after]) = gap.filter(|_| !may_have_gaps) {
            faults.push(format!(
                "offsets {} to {} in it are missing",
                before.last_offset + 1,
                after.base_offset - 1
            ));
        }
        if let Some((_, expected)) = before.as_ref().filter(|(of, _)| *of == dir)
            && base.is_some_and(|base| base != *expected)
        {
            faults.push(format!(
                "offsets {expected} to {} before it are missing",
                first.base_offset - 1
            ));
        }
        // A damaged segment has its own word, and where it ends says nothing.
        before = (report.faults.is_empty() && faults.is_empty()).then_some((dir, end));
        report.faults.extend(faults);
    }
}

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
