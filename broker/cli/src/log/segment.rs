//! Judging a segment.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use corelog_storage::inspect::{self, FileKind, InspectError};

use super::expected::{Bypassed, DataRoot};
use super::report::{Detail, FileReport};

/// Where a batch's length ends in its header, and what it counts begins.
const BATCH_LENGTH_END: u64 = 12;

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
        let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let known = root.partition(name);
        let base = known.and_then(|known| known.base_of(&report.path));
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

/// What is wrong with acknowledged bytes that went past the journal, of a segment that is whole up to `valid_bytes`. The
/// batch behind these may go on in the journal, and then it ends where the journal's part does.
fn lost(path: &Path, valid_bytes: u64, bypassed: Bypassed) -> Option<String> {
    if valid_bytes >= bypassed.position {
        return None;
    }
    let size = fs::metadata(path).map_or(0, |found| found.len());
    if size < bypassed.position {
        return Some(format!(
            "it has {size} bytes, and acknowledged ones went there, past the journal, up to byte {}",
            bypassed.position
        ));
    }
    // A header that is cut says nothing.
    let is_going_on = valid_bytes + BATCH_LENGTH_END > bypassed.position
        || batch_end(path, valid_bytes).is_none_or(|end| end > bypassed.position && end <= bypassed.end);
    (!is_going_on).then(|| format!("the batch at byte {valid_bytes} is not whole, and went past the journal"))
}

/// Where the batch at `start` ends, by the length in its header; `None` if the file ends within that.
fn batch_end(path: &Path, start: u64) -> Option<u64> {
    let mut head = [0; 12];
    let file = fs::File::open(path).ok()?;
    file.read_exact_at(&mut head, start).ok()?;
    let length = i32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    Some(
        start
            .saturating_add(BATCH_LENGTH_END)
            .saturating_add_signed(length.into()),
    )
}

/// Looks at a segment of which the checkpoint vouches for `vouched` bytes; `None`: nobody knows, so all count. The journal
/// vouches for what is `bypassed`.
pub(super) fn look(
    path: &Path,
    vouched: Option<u64>,
    bypassed: Option<Bypassed>,
) -> Result<FileReport, InspectError> {
    let found = inspect::segment(path)?;
    let lost = bypassed.and_then(|bypassed| lost(path, found.valid_bytes, bypassed));
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
    faults.extend(lost);
    let mut report = FileReport::new(path, FileKind::Segment, content, Detail::Segment(found));
    report.faults = faults;
    report.notes = notes;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of 300 bytes that holds, at byte 100, the head of a batch that ends at `batch_end`.
    fn file(batch_end: i32) -> tempfile::NamedTempFile {
        let mut bytes = vec![0; 300];
        bytes[108..112].copy_from_slice(&(batch_end - 112).to_be_bytes());
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), bytes).expect("it is written");
        file
    }

    #[test]
    fn what_went_past_the_journal_must_be_whole() {
        let check = |batch_end: i32, position: u64, end: u64, expected: Option<&str>| {
            let file = file(batch_end);
            let found = lost(file.path(), 100, Bypassed::ending(position, end));
            let case = format!("{batch_end} {position} {end}: {found:?}");
            assert_eq!(found.is_some(), expected.is_some(), "{case}");
            let part = expected.unwrap_or_default();
            assert!(found.unwrap_or_default().contains(part), "{case}");
        };
        // It ends before, or is whole.
        check(250, 100, 280, None);
        // The file is cut.
        check(250, 301, 400, Some("it has 300 bytes"));
        // The batch lay in what went past the journal; it goes on in the journal; its length cannot be.
        check(200, 200, 280, Some("the batch at byte 100"));
        check(280, 200, 280, None);
        check(281, 200, 280, Some("the batch at byte 100"));
        check(-5, 200, 280, Some("the batch at byte 100"));
        // Its head goes on in the journal.
        check(250, 111, 280, None);
    }
}
