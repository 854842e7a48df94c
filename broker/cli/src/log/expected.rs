//! What a data directory should hold: the layout names the shards, their checkpoints the partitions and their segments,
//! their journals what has come and gone since.
//!
//! What is missing is looked for twice, since a broker may run: it may have let go between two looks what the first one
//! still expected.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use corelog_storage::inspect::{
    self, AppendV2, CheckpointV4, EntryV2, FileKind, JournalFilesV1, PartitionV4,
};

use super::journal::Journal;
use super::report::{Detail, FileReport};

/// The last acknowledged bytes of a segment that went there past the journal, and what came with them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Bypassed {
    /// The offset behind their last batch.
    end_offset: i64,
    /// Where they end in the segment. The journal has what follows, if their last batch goes on.
    pub(super) position: u64,
    /// Where that last batch ends.
    pub(super) end: u64,
}

#[cfg(test)]
impl Bypassed {
    /// Bytes up to `position`, whose last batch ends at `end`.
    pub(super) fn ending(position: u64, end: u64) -> Bypassed {
        Bypassed {
            end_offset: 0,
            position,
            end,
        }
    }
}

/// What the checkpoints and journals say of one partition.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Expected {
    /// The segments that the checkpoint knows, by base offset, and how long each must be at least.
    pub(super) segments: BTreeMap<i64, u64>,
    /// The generations of those that were cleaned.
    generations: BTreeMap<i64, u32>,
    /// The segments that the checkpoint knows and that were closed when it was made.
    closed: Vec<i64>,
    /// The segments in which offsets may be missing.
    pub(super) gapped: BTreeSet<i64>,
    /// The segments that acknowledged bytes went to past the journal, and the last of these bytes.
    bypassed: BTreeMap<i64, Bypassed>,
    log_start: i64,
    log_end: i64,
}

impl Expected {
    fn of(known: &PartitionV4) -> Expected {
        let partition = &known.base;
        let segments = partition.segments.iter();
        let mut closed: Vec<i64> = segments.clone().map(|segment| segment.base_offset).collect();
        closed.pop();
        Expected {
            segments: segments
                .map(|segment| (segment.base_offset, segment.size))
                .collect(),
            generations: generations(known),
            closed,
            gapped: segments_with_gaps(known),
            bypassed: BTreeMap::new(),
            log_start: partition.log_start,
            log_end: partition.log_end,
        }
    }

    /// The log's end was cut off: forgets what lay behind it.
    fn cut(&mut self, offset: i64, base: i64, position: u64) {
        self.segments.retain(|segment, _| *segment <= base);
        if let Some(size) = self.segments.get_mut(&base) {
            *size = position.min(*size);
        }
        self.closed.retain(|segment| *segment < base);
        self.generations.retain(|segment, _| *segment <= base);
        self.bypassed.retain(|segment, _| *segment <= base);
        if let Some(bypassed) = self.bypassed.get_mut(&base) {
            *bypassed = Bypassed {
                end_offset: offset.min(bypassed.end_offset),
                position: position.min(bypassed.position),
                end: position.min(bypassed.end),
            };
        }
        self.log_end = offset.min(self.log_end);
    }

    /// The name of the file that the segment at `base` is in.
    fn file(&self, base: i64) -> String {
        let generation = self.generations.get(&base).copied().unwrap_or(0);
        inspect::segment_file(base, generation).unwrap_or_default()
    }

    /// The base offset of the segment that is in the file at `path`. A file that a cleaning has left, and that was not removed
    /// yet, is no segment's.
    pub(super) fn base_of(&self, path: &Path) -> Option<i64> {
        let (base, generation) = inspect::segment_name(path)?;
        let known = self.generations.get(&base).copied().unwrap_or(0);
        (generation == known).then_some(base)
    }

    /// The journal has more of a segment, up to the offset `end`. What a checkpoint knows of it is needed then, wherever the
    /// log began before: no segment that the log goes on in is removed.
    fn extend(&mut self, base: i64, end: i64) {
        if self
            .segments
            .last_key_value()
            .is_some_and(|(newest, _)| *newest == base)
        {
            self.log_end = end.max(self.log_end);
        }
    }

    /// Forgets what lies before the log's start: it may have been removed since, or never been synced.
    fn trim(&mut self) {
        let ends = self.segments.keys().skip(1).copied().chain([self.log_end]);
        let gone: Vec<i64> = self
            .segments
            .keys()
            .zip(ends)
            .filter(|(_, end)| *end <= self.log_start)
            .map(|(base, _)| *base)
            .collect();
        for base in gone {
            self.segments.remove(&base);
        }
        let log_start = self.log_start;
        self.bypassed
            .retain(|_, bypassed| bypassed.end_offset > log_start);
    }
}

fn generations(known: &PartitionV4) -> BTreeMap<i64, u32> {
    let segments = known.base.segments.iter().zip(&known.segments);
    segments
        .filter(|(_, more)| more.generation > 0)
        .map(|(segment, more)| (segment.base_offset, more.generation))
        .collect()
}

fn segments_with_gaps(known: &PartitionV4) -> BTreeSet<i64> {
    let segments = known.base.segments.iter().zip(&known.segments);
    segments
        .filter(|(_, more)| more.has_gaps)
        .map(|(segment, _)| segment.base_offset)
        .collect()
}

/// What is known of the data directory around a path.
#[derive(Default, Debug)]
pub(super) struct DataRoot {
    path: PathBuf,
    /// What is wrong with files that are not there, or are shorter than they must be.
    faults: Vec<(PathBuf, FileKind, String)>,
    /// What is worth a word.
    notes: Vec<(PathBuf, FileKind, String)>,
    /// By directory name; `None` if not all checkpoints can be read.
    partitions: Option<BTreeMap<String, Expected>>,
}

impl DataRoot {
    /// The data directory that `path` is or lies in; nothing is known if there is none.
    pub(super) fn of(path: &Path) -> DataRoot {
        let Ok(path) = fs::canonicalize(path) else {
            return DataRoot::default();
        };
        let is_root = |dir: &&Path| {
            let is_there = |name: &str| dir.join(name).exists();
            is_there("layout") || is_there("corelog.version") || is_there("journal")
        };
        let Some(root) = path.ancestors().find(is_root) else {
            return DataRoot::default();
        };
        let mut first = DataRoot::look(root);
        if !first.faults.is_empty() {
            let second = DataRoot::look(root);
            first.faults.retain(|fault| second.faults.contains(fault));
        }
        first
    }

    fn look(root: &Path) -> DataRoot {
        let mut found = DataRoot {
            path: root.to_owned(),
            ..DataRoot::default()
        };
        found.small_files();
        let Some((generation, shards)) = found.layout() else {
            return found;
        };
        let mut partitions = Some(BTreeMap::new());
        for shard in 0..shards {
            let dir = root.join("journal").join(&generation).join(shard.to_string());
            match (found.shard(&dir), &mut partitions) {
                (Some(known), Some(partitions)) => partitions.extend(known),
                (None, partitions) => *partitions = None,
                (Some(_), None) => {}
            }
        }
        found.partitions = partitions;
        found.segments();
        found
    }

    fn fault(&mut self, path: PathBuf, kind: FileKind, what: impl Into<String>) {
        self.faults.push((path, kind, what.into()));
    }

    fn small_files(&mut self) {
        for (name, kind) in [
            ("corelog.version", FileKind::Version),
            ("meta.properties", FileKind::Meta),
        ] {
            let path = self.path.join(name);
            if !path.exists() {
                self.fault(path, kind, "it is missing");
            }
        }
    }

    /// The generation that counts and its number of shards; guessed from what is there if the layout is missing.
    fn layout(&mut self) -> Option<(String, u64)> {
        let path = self.path.join("layout");
        if path.exists() {
            let layout = inspect::layout(&path).ok()?;
            return Some((layout.generation.to_string(), u64::from(layout.shard_count)));
        }
        self.fault(
            path,
            FileKind::Layout,
            "it is missing. corelog log rebuild-layout makes it again",
        );
        let newest = numbers_in(&self.path.join("journal")).into_iter().max()?;
        let shards = numbers_in(&self.path.join("journal").join(newest.to_string()));
        let count = shards.into_iter().max()?.checked_add(1)?;
        Some((newest.to_string(), count))
    }

    /// What one shard knows of its partitions; `None` if its checkpoint cannot be read.
    fn shard(&mut self, dir: &Path) -> Option<BTreeMap<String, Expected>> {
        let path = dir.join("checkpoint");
        let checkpoint = match inspect::checkpoint_in_force(&path) {
            Ok(Some(checkpoint)) => checkpoint,
            Ok(None) => {
                self.fault(path, FileKind::Checkpoint, "it is missing");
                return None;
            }
            // It has its own report.
            Err(_) => return None,
        };
        self.journal_files(dir, &checkpoint);
        let mut known: BTreeMap<String, Expected> = checkpoint
            .partitions
            .iter()
            .map(|partition| (partition.base.directory.clone(), Expected::of(partition)))
            .collect();
        if !checkpoint.is_clean {
            replay(dir, &checkpoint, &mut known);
        }
        known.values_mut().for_each(Expected::trim);
        Some(known)
    }

    fn journal_files(&mut self, dir: &Path, checkpoint: &CheckpointV4) {
        let list = dir.join("files");
        let noted = match inspect::journal_files(&list) {
            Ok(noted) => noted,
            Err(_) if list.exists() => return,
            Err(_) => {
                if !checkpoint.is_clean {
                    let what =
                        "it is missing (release 0.1.0 had none): a missing journal file may go unnoticed";
                    self.notes.push((list, FileKind::JournalFiles, what.to_owned()));
                }
                return;
            }
        };
        if noted.incarnation > checkpoint.incarnation {
            let what = format!(
                "it is an old one: it is of start {}, and the journal of start {}",
                checkpoint.incarnation, noted.incarnation
            );
            self.fault(dir.join("checkpoint"), FileKind::Checkpoint, what);
        } else if noted.incarnation == checkpoint.incarnation && !checkpoint.is_clean {
            self.needed_journal_files(dir, &noted);
        }
    }

    fn needed_journal_files(&mut self, dir: &Path, noted: &JournalFilesV1) {
        for number in &noted.numbers {
            let path = dir.join(format!("{number:08}.journal"));
            match fs::metadata(&path) {
                Ok(found) if found.len() >= noted.file_bytes => {}
                Ok(found) => {
                    let what = format!(
                        "it has {} bytes and should have {}",
                        found.len(),
                        noted.file_bytes
                    );
                    self.fault(path, FileKind::Journal, what);
                }
                Err(_) => self.fault(path, FileKind::Journal, "it is missing"),
            }
        }
    }

    fn segments(&mut self) {
        let partitions = self.partitions.take();
        for (directory, expected) in partitions.iter().flatten() {
            let known = expected.segments.iter().filter(|(_, size)| **size > 0);
            let mut needed: BTreeSet<i64> = known.map(|(base, _)| *base).collect();
            needed.extend(expected.bypassed.keys());
            for base in needed {
                let path = self.path.join(directory).join(expected.file(base));
                if !path.exists() {
                    self.fault(path, FileKind::Segment, "it is missing");
                }
            }
            for base in &expected.closed {
                let path = self
                    .path
                    .join(directory)
                    .join(expected.file(*base))
                    .with_extension("cindex");
                if !path.exists() && expected.segments.get(base).is_some_and(|size| *size > 0) {
                    let what = "it is missing, and is made again when it is needed".to_owned();
                    self.notes.push((path, FileKind::SegmentIndex, what));
                }
            }
        }
        self.partitions = partitions;
    }

    /// What is known of a partition's directory.
    pub(super) fn partition(&self, directory: &str) -> Option<&Expected> {
        self.partitions.as_ref()?.get(directory)
    }

    /// What went to a segment past the journal, if any of it was acknowledged.
    pub(super) fn bypassed(&self, path: &Path) -> Option<Bypassed> {
        let directory = path.parent()?.file_name()?.to_str()?;
        let partition = self.partition(directory)?;
        let base = partition.base_of(path)?;
        partition.bypassed.get(&base).copied()
    }

    /// Bytes of a segment that the checkpoint vouches for; `None` if nothing is known, and then all of them count.
    pub(super) fn vouched(&self, path: &Path) -> Option<u64> {
        let directory = path.parent()?.file_name()?.to_str()?;
        inspect::segment_name(path)?;
        self.partitions.as_ref()?;
        let known = self.partition(directory);
        // What the checkpoints do not know was begun after them.
        Some(
            known
                .and_then(|known| known.segments.get(&known.base_of(path)?))
                .map_or(0, |size| *size),
        )
    }

    /// Adds what is missing below the directory `path`: to the report of a file that is there, or as one of its own.
    pub(super) fn report(&self, path: &Path, reports: &mut Vec<FileReport>) {
        let Ok(below) = fs::canonicalize(path) else { return };
        let mut add = |found: &(PathBuf, FileKind, String), is_fault: bool| {
            let (at, kind, what) = found;
            let Ok(relative) = at.strip_prefix(&below) else {
                return;
            };
            let shown = path.join(relative);
            let existing = reports.iter().position(|report| report.path == shown);
            let index = existing.unwrap_or_else(|| {
                let content = "missing".to_owned();
                reports.push(FileReport::new(&shown, *kind, content, Detail::None));
                reports.len() - 1
            });
            let list = if is_fault {
                &mut reports[index].faults
            } else {
                &mut reports[index].notes
            };
            list.push(what.clone());
        };
        for fault in &self.faults {
            add(fault, true);
        }
        for note in &self.notes {
            add(note, false);
        }
        reports.sort_by(|a, b| a.path.cmp(&b.path));
    }
}

fn numbers_in(dir: &Path) -> Vec<u64> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Takes the frames behind the checkpoint into account, as a start would.
fn replay(dir: &Path, checkpoint: &CheckpointV4, known: &mut BTreeMap<String, Expected>) {
    let journal = Journal::of(&dir.join("00000000.journal"));
    let acknowledged_end = journal.acknowledged_end(checkpoint.incarnation);
    let mut directories: BTreeMap<([u8; 16], i32), String> = checkpoint
        .partitions
        .iter()
        .map(|partition| {
            (
                (partition.base.topic, partition.base.index),
                partition.base.directory.clone(),
            )
        })
        .collect();
    for (sequence, entries) in journal.entries_from(checkpoint.incarnation, checkpoint.first_sequence) {
        for entry in entries {
            match entry {
                EntryV2::PartitionCreated {
                    topic,
                    index,
                    directory,
                    ..
                } => {
                    directories.insert((topic, index), directory.clone());
                    known.entry(directory).or_default();
                }
                EntryV2::PartitionDeleted { topic, index, .. } => {
                    if let Some(directory) = directories.remove(&(topic, index)) {
                        known.remove(&directory);
                    }
                }
                EntryV2::Append(append) => {
                    let directory = directories.get(&(append.topic, append.index));
                    let Some(expected) = directory.and_then(|name| known.get_mut(name)) else {
                        continue;
                    };
                    if append.has_gaps {
                        expected.gapped.insert(append.segment_base_offset);
                    }
                    expected.extend(append.segment_base_offset, append.end_offset);
                    if sequence < acknowledged_end {
                        bypassed(&append, expected);
                    }
                }
                EntryV2::LogEnd {
                    topic,
                    index,
                    offset,
                    segment_base_offset,
                    position,
                } => {
                    let directory = directories.get(&(topic, index));
                    if let Some(expected) = directory.and_then(|name| known.get_mut(name)) {
                        expected.cut(offset, segment_base_offset, position);
                    }
                }
                EntryV2::LogStart { topic, index, offset } => {
                    let directory = directories.get(&(topic, index));
                    if let Some(expected) = directory.and_then(|name| known.get_mut(name)) {
                        expected.log_start = offset.max(expected.log_start);
                    }
                }
            }
        }
    }
}

/// What went past the journal and was acknowledged must be in its segment.
fn bypassed(append: &AppendV2, expected: &mut Expected) {
    if append.position > append.run_position {
        let known = expected.bypassed.entry(append.segment_base_offset).or_default();
        if append.position >= known.position {
            *known = Bypassed {
                end_offset: append.end_offset,
                position: append.position,
                end: append.position.saturating_add(u64::from(append.length)),
            };
        }
    }
}
