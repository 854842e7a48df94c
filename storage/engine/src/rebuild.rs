//! Making the file `layout` again from the journals and the partitions that are there. Blocking, for a tool; the broker
//! must not run.
//!
//! The layout says which generation of the journals counts and how many shards it has. Both can be read off the
//! checkpoints, unless one of those is missing, too: then partitions are there that none of them knows, and nothing is
//! written.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::contents;
use crate::data_dir::DataDir;
use crate::errors::DataDirError;
use crate::format::names;
use crate::format::v2::EntryV2;
use crate::inspect::{self, InspectError};
use crate::layout::encode_layout;
use crate::types::Layout;

/// The layout cannot be made again.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// There is one.
    #[error("{} is whole: there is nothing to rebuild", .0.display())]
    Whole(PathBuf),
    /// No journal has been in use.
    #[error("no journal in {} has been in use: there is nothing that a layout could name", .0.display())]
    NoJournal(PathBuf),
    /// A checkpoint is missing.
    #[error("the checkpoint {} is missing, too. Restore the directory from a copy", .0.display())]
    CheckpointMissing(PathBuf),
    /// A partition is there that no checkpoint knows.
    #[error("no checkpoint knows the partition {}: the journal of a shard is missing, too. Restore the directory from a copy", .0.display())]
    UnknownPartition(PathBuf),
    /// A file that is needed is damaged or cannot be read.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// The kernel refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn names_in(path: &Path) -> Result<Vec<String>, RebuildError> {
    let read = || -> io::Result<Vec<String>> {
        fs::read_dir(path)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    };
    read().map_err(|source| RebuildError::Io {
        path: path.to_owned(),
        source,
    })
}

/// Writes the file `layout` of the data directory `dir` again; durable when this returns.
///
/// # Errors
/// See [`RebuildError`]; nothing is written then.
pub fn rebuild_layout(dir: &Path) -> Result<Layout, RebuildError> {
    // A directory that is not there is not made for this.
    names_in(dir)?;
    let held = DataDir::open(dir)?;
    let path = dir.join(names::LAYOUT);
    if path.exists() && inspect::layout(&path).is_ok() {
        return Err(RebuildError::Whole(path));
    }
    let layout = find_layout(dir)?;
    write(&path, &encode_layout(layout)).map_err(|source| RebuildError::Io { path, source })?;
    drop(held);
    Ok(layout)
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// The last generation that a shard has opened counts: a later one was never switched to, or nothing was done in it.
fn find_layout(dir: &Path) -> Result<Layout, RebuildError> {
    let journal = dir.join(names::JOURNAL);
    let found = names_in(&journal).unwrap_or_default();
    let mut generations: Vec<u64> = found
        .iter()
        .filter_map(|name| names::parse_number(name))
        .collect();
    generations.sort_unstable();
    for generation in generations.into_iter().rev() {
        let shards = shards_of(&names::generation_dir(dir, generation))?;
        if shards.iter().any(|shard| shard.is_used) {
            let shard_count = check_complete(dir, &shards)?;
            return Ok(Layout {
                generation,
                shard_count,
            });
        }
    }
    Err(RebuildError::NoJournal(dir.to_owned()))
}

/// The journal of one shard.
struct ShardJournal {
    number: u64,
    is_used: bool,
    checkpoint: PathBuf,
    /// The directories of the partitions that it has known.
    directories: BTreeSet<String>,
}

fn shards_of(generation: &Path) -> Result<Vec<ShardJournal>, RebuildError> {
    let mut shards = Vec::new();
    for name in names_in(generation)? {
        let Some(number) = names::parse_number(&name) else {
            continue;
        };
        let dir = generation.join(name);
        let mut shard = ShardJournal {
            number,
            is_used: false,
            checkpoint: dir.join(names::CHECKPOINT),
            directories: BTreeSet::new(),
        };
        for name in names_in(&dir)? {
            if names::parse_journal_file(&name).is_some() {
                shard.is_used = true;
                inspect::journal(&dir.join(name), |frame| {
                    for entry in frame.entries {
                        if let EntryV2::PartitionCreated { directory, .. } = entry {
                            shard.directories.insert(directory);
                        }
                    }
                })?;
            }
        }
        if let Some(found) = inspect::checkpoint_in_force(&shard.checkpoint)? {
            shard.is_used |= found.incarnation > names::FIRST_INCARNATION;
            shard.directories.extend(
                found
                    .partitions
                    .into_iter()
                    .map(|partition| partition.base.directory),
            );
        }
        shards.push(shard);
    }
    shards.sort_by_key(|shard| shard.number);
    Ok(shards)
}

/// How many shards there are, if they are all there.
fn check_complete(dir: &Path, shards: &[ShardJournal]) -> Result<u16, RebuildError> {
    let generation = shards[0].checkpoint.parent().and_then(Path::parent);
    for (expected, shard) in (0..).zip(shards) {
        if shard.number != expected {
            let missing = generation.unwrap_or(dir).join(expected.to_string());
            return Err(RebuildError::CheckpointMissing(missing.join(names::CHECKPOINT)));
        }
        let found = inspect::checkpoint_in_force(&shard.checkpoint)?;
        if found.is_none_or(|found| u64::from(found.shard) != shard.number) {
            return Err(RebuildError::CheckpointMissing(shard.checkpoint.clone()));
        }
    }
    for name in contents::sort(names_in(dir)?).unknown {
        let path = dir.join(&name);
        let is_partition =
            path.is_dir() && contents::holds_segments(names_in(&path)?.iter().map(String::as_str));
        if is_partition && !shards.iter().any(|shard| shard.directories.contains(&name)) {
            return Err(RebuildError::UnknownPartition(path));
        }
    }
    Ok(u16::try_from(shards.len()).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::envelope;
    use crate::format::v1::PartitionV1;
    use crate::format::v4::{CheckpointV4, PartitionV4};
    use corelog_model::ShardId;

    fn partition(directory: &str) -> PartitionV4 {
        let base = PartitionV1 {
            topic: [4; 16],
            index: 0,
            directory: directory.into(),
            leader_epoch: 0,
            log_start: 0,
            log_end: 0,
            segments: Vec::new(),
            active_index: Vec::new(),
            epochs: Vec::new(),
            producers: Vec::new(),
            corrupt: None,
        };
        PartitionV4 {
            base,
            segments: Vec::new(),
            producers: Vec::new(),
            high_watermark: 0,
            active_aborted: Vec::new(),
            ended: Vec::new(),
            cleaned_end: 0,
            cleaned_at: -1,
            leftovers: Vec::new(),
        }
    }

    /// A shard's checkpoint, of one start, that knows of one partition.
    fn checkpoint(dir: &Path, generation: u64, shard: u16, incarnation: u64, directory: &str) -> PathBuf {
        let journal = names::journal_dir(dir, generation, ShardId::new(shard));
        fs::create_dir_all(&journal).unwrap();
        let value = CheckpointV4 {
            shard,
            incarnation,
            first_sequence: 0,
            is_clean: true,
            partitions: vec![partition(directory)],
        };
        let path = journal.join(names::CHECKPOINT);
        fs::write(&path, envelope::encode(envelope::CHECKPOINT, &value)).unwrap();
        path
    }

    fn segment(dir: &Path, directory: &str) {
        fs::create_dir_all(dir.join(directory)).unwrap();
        fs::write(dir.join(directory).join("00000000000000000000.log"), b"x").unwrap();
    }

    /// A directory of two shards in its second generation, and an attempt at a third one that came to nothing.
    fn data(dir: &Path) {
        fs::write(dir.join(names::VERSION), "1\n").unwrap();
        checkpoint(dir, 2, 0, 7, "a-0");
        checkpoint(dir, 2, 1, names::FIRST_INCARNATION, "b-0");
        checkpoint(dir, 3, 0, names::FIRST_INCARNATION, "a-0");
        segment(dir, "a-0");
        segment(dir, "b-0");
    }

    #[test]
    fn the_generation_in_use_and_its_shards_are_found() {
        let dir = tempfile::tempdir().unwrap();
        data(dir.path());
        let path = dir.path().join(names::LAYOUT);
        let expected = Layout {
            generation: 2,
            shard_count: 2,
        };
        for content in [None, Some(&b""[..]), Some(b"rubbish")] {
            if let Some(content) = content {
                fs::write(&path, content).unwrap();
            }
            assert_eq!(rebuild_layout(dir.path()).unwrap(), expected);
            let written = inspect::layout(&path).unwrap();
            assert_eq!((written.generation, written.shard_count), (2, 2));
            assert!(matches!(rebuild_layout(dir.path()), Err(RebuildError::Whole(_))));
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn nothing_is_written_when_more_is_missing() {
        let check = |harm: &dyn Fn(&Path), is_expected: &dyn Fn(&RebuildError) -> bool| {
            let dir = tempfile::tempdir().unwrap();
            data(dir.path());
            harm(dir.path());
            let error = rebuild_layout(dir.path()).unwrap_err();
            assert!(is_expected(&error), "{error}");
            assert!(!dir.path().join(names::LAYOUT).exists());
        };
        let shard = |dir: &Path, number: u16| names::journal_dir(dir, 2, ShardId::new(number));
        check(&|dir| fs::remove_dir_all(shard(dir, 0)).unwrap(), &|error| {
            matches!(error, RebuildError::NoJournal(_))
        });
        check(
            &|dir| {
                checkpoint(dir, 2, 1, 7, "b-0");
                fs::remove_dir_all(shard(dir, 0)).unwrap();
            },
            &|error| matches!(error, RebuildError::CheckpointMissing(path) if path.ends_with("2/0/checkpoint")),
        );
        check(
            &|dir| fs::remove_dir_all(shard(dir, 1)).unwrap(),
            &|error| matches!(error, RebuildError::UnknownPartition(path) if path.ends_with("b-0")),
        );
        check(
            &|dir| fs::remove_file(shard(dir, 1).join(names::CHECKPOINT)).unwrap(),
            &|error| matches!(error, RebuildError::CheckpointMissing(path) if path.ends_with("2/1/checkpoint")),
        );
        check(
            &|dir| fs::write(shard(dir, 1).join(names::CHECKPOINT), "rubbish").unwrap(),
            &|error| matches!(error, RebuildError::Inspect(_)),
        );
        check(
            &|dir| segment(dir, "c-0"),
            &|error| matches!(error, RebuildError::UnknownPartition(path) if path.ends_with("c-0")),
        );
        check(
            &|dir| fs::remove_file(dir.join(names::VERSION)).unwrap(),
            &|error| matches!(error, RebuildError::DataDir(DataDirError::VersionMissing { .. })),
        );
    }
}
