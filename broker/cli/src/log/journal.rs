//! Judging a shard's journal file.
//!
//! A ring's files are written over again and again, so what an old round left is of no account, and the newest frame
//! may be torn. What counts is what the newest checkpoint still needs and a later frame calls acknowledged. A broker
//! may write meanwhile, hence the order: which frames are acknowledged is learned first, the frames are read then, and
//! the checkpoint last, so that a frame that is demanded was there all the time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use corelog_storage::inspect::{self, EntryV2, FileKind, FrameReport, InspectError};

use super::report::{Detail, FileReport};

/// The frames of the journal that `checkpoint` goes on with.
struct Needed {
    incarnation: u64,
    first_sequence: u64,
    is_clean: bool,
}

/// A shard's journal: its files, and what was acknowledged when they were first read.
pub(super) struct Journal {
    files: Vec<PathBuf>,
    /// Of each incarnation, the number before which all frames were acknowledged, by whole frames.
    acknowledged: Vec<(u64, u64)>,
}

impl Journal {
    /// The journal that the file `path` belongs to.
    pub(super) fn of(path: &Path) -> Journal {
        let files = siblings(path);
        let acknowledged = acknowledged(&files);
        Journal { files, acknowledged }
    }

    /// The number before which all frames of an incarnation were acknowledged for certain.
    pub(super) fn acknowledged_end(&self, incarnation: u64) -> u64 {
        let known = self.acknowledged.iter().find(|(known, _)| *known == incarnation);
        known.map_or(0, |(_, end)| *end)
    }

    /// The entries of an incarnation's whole frames from `first_sequence` on, by the frames' numbers.
    pub(super) fn entries_from(&self, incarnation: u64, first_sequence: u64) -> BTreeMap<u64, Vec<EntryV2>> {
        let mut entries = BTreeMap::new();
        for file in &self.files {
            // One that cannot be read has its own report.
            let _ = inspect::journal(file, |frame| {
                let header = frame.header;
                let counts = header.incarnation == incarnation && header.sequence >= first_sequence;
                if counts && frame.fault.is_none() {
                    entries.insert(header.sequence, frame.entries);
                }
            });
        }
        entries
    }

    /// Looks at one of its files. With the first one, looks for frames that are in none of them.
    pub(super) fn look(&self, path: &Path) -> Result<FileReport, InspectError> {
        let mut frames = Vec::new();
        inspect::journal(path, |frame| frames.push(frame))?;
        let is_first = self.files.first().is_some_and(|first| first == path);
        let present = is_first.then(|| sequences(&self.files));
        let needed = needed(path);
        let counts = |frame: &FrameReport| {
            needed.as_ref().is_none_or(|needed| {
                frame.header.incarnation == needed.incarnation
                    && frame.header.sequence >= needed.first_sequence
            })
        };
        let live = frames.iter().filter(|frame| counts(frame)).count();
        let content = format!("{} frames, {live} behind the checkpoint", frames.len());
        let (mut faults, mut notes) = (Vec::new(), Vec::new());
        for frame in &frames {
            let Some(what) = fault_of(frame) else { continue };
            let sequence = frame.header.sequence;
            let text = format!("frame {sequence} at byte {}: {what}", frame.position);
            if !counts(frame) {
                notes.push(format!("{text} (the checkpoint covers it)"));
            } else if sequence < self.acknowledged_end(frame.header.incarnation) {
                faults.push(text);
            } else {
                notes.push(format!("{text} (never acknowledged)"));
            }
        }
        if let (Some(needed), Some(present)) = (needed.filter(|needed| !needed.is_clean), present) {
            let end = self.acknowledged_end(needed.incarnation);
            let missing: Vec<u64> = (needed.first_sequence..end)
                .filter(|sequence| !present.contains(&(needed.incarnation, *sequence)))
                .collect();
            if let (Some(first), Some(last)) = (missing.first(), missing.last()) {
                faults.push(format!(
                    "{} acknowledged frames of the journal are missing, between {first} and {last}",
                    missing.len()
                ));
            }
        }
        let mut report = FileReport::new(path, FileKind::Journal, content, Detail::Journal(frames));
        report.faults = faults;
        report.notes = notes;
        Ok(report)
    }
}

fn fault_of(frame: &FrameReport) -> Option<String> {
    frame.fault.clone().or_else(|| {
        (!frame.bad_payloads.is_empty()).then(|| {
            format!(
                "the payloads {:?} do not have their checksums",
                frame.bad_payloads
            )
        })
    })
}

/// All files of the journal, this one among them.
fn siblings(path: &Path) -> Vec<PathBuf> {
    let dir = path.parent().map(fs::read_dir);
    let mut files: Vec<PathBuf> = dir
        .and_then(Result::ok)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| path.with_file_name(entry.file_name()))
        .filter(|file| inspect::kind_of(file) == Some(FileKind::Journal))
        .collect();
    files.sort();
    files
}

/// The frames of `files` as (incarnation, sequence), damaged ones included: those are reported where they are.
fn sequences(files: &[PathBuf]) -> BTreeSet<(u64, u64)> {
    let mut found = BTreeSet::new();
    for file in files {
        // One that cannot be read has its own report.
        let _ = inspect::journal(file, |frame| {
            found.insert((frame.header.incarnation, frame.header.sequence));
        });
    }
    found
}

/// Of each incarnation, the number before which all frames were acknowledged, by whole frames.
fn acknowledged(files: &[PathBuf]) -> Vec<(u64, u64)> {
    let mut ends: Vec<(u64, u64)> = Vec::new();
    for file in files {
        // One that cannot be read has its own report.
        let _ = inspect::journal(file, |frame| {
            if frame.fault.is_some() {
                return;
            }
            let (incarnation, end) = (frame.header.incarnation, frame.header.acknowledged_end);
            match ends.iter_mut().find(|(known, _)| *known == incarnation) {
                Some((_, known)) => *known = end.max(*known),
                None => ends.push((incarnation, end)),
            }
        });
    }
    ends
}

fn needed(path: &Path) -> Option<Needed> {
    let checkpoint = inspect::checkpoint_in_force(&path.with_file_name("checkpoint")).ok()??;
    Some(Needed {
        incarnation: checkpoint.incarnation,
        first_sequence: checkpoint.first_sequence,
        is_clean: checkpoint.is_clean,
    })
}
