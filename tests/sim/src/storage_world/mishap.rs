//! One file of the data directory is gone, or empty, when a start begins: somebody's hand, a file system's repair, a
//! restored copy that lacks it.

use std::path::{Path, PathBuf};

use corelog_model::ShardId;
use corelog_runtime::{DiskError, Handle, OpenOptions};
use corelog_storage::OpenError;

use super::oracle::Ending;
use super::scenario::DATA_DIR;
use crate::machine::Machine;
use crate::rng::SimRng;

/// Where the file is kept meanwhile.
const ASIDE: &str = "/aside";

/// A file that is gone, or empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mishap {
    /// Which.
    pub(crate) path: PathBuf,
    /// There is an empty one in its place.
    pub(crate) is_emptied: bool,
}

impl Mishap {
    /// Takes one file away.
    pub(crate) async fn happen(machine: Machine, mut random: SimRng, ending: Ending) -> Option<Mishap> {
        let handle = machine.handle_for(ShardId::new(0));
        let mut files = Vec::new();
        let mut dirs = vec![PathBuf::from(DATA_DIR)];
        while let Some(dir) = dirs.pop() {
            let names = handle.disk.list_dir(&dir).await.unwrap_or_default();
            let newest = names.iter().filter(|name| name.ends_with(".log")).max().cloned();
            for name in names {
                let path = dir.join(&name);
                // What went to the newest segment past the journal, and is in the newest frame, may never have been
                // acknowledged: nothing tells that it was.
                let may_be_unknown = ending != Ending::Closed && newest.as_ref() == Some(&name);
                if handle.disk.list_dir(&path).await.is_ok() {
                    dirs.push(path);
                } else if !may_be_unknown {
                    files.push(path);
                }
            }
        }
        if files.is_empty() {
            return None;
        }
        let mishap = Mishap {
            path: files.swap_remove(random.index(files.len())),
            is_emptied: random.coin(),
        };
        let done = mishap.move_aside(&handle).await;
        done.expect("a disk without trouble");
        Some(mishap)
    }

    async fn move_aside(&self, handle: &Handle) -> Result<(), DiskError> {
        handle.disk.rename(&self.path, Path::new(ASIDE)).await?;
        if self.is_emptied {
            let options = OpenOptions {
                write: true,
                create: true,
                ..OpenOptions::default()
            };
            handle.disk.open(&self.path, options).await?.sync().await?;
        }
        self.sync(handle).await
    }

    async fn sync(&self, handle: &Handle) -> Result<(), DiskError> {
        handle.disk.sync_dir(Path::new("/")).await?;
        handle
            .disk
            .sync_dir(self.path.parent().unwrap_or(Path::new("/")))
            .await
    }

    /// Puts the file back.
    pub(crate) async fn undo(self, machine: Machine) {
        let handle = machine.handle_for(ShardId::new(0));
        let done = async {
            handle.disk.rename(Path::new(ASIDE), &self.path).await?;
            self.sync(&handle).await
        };
        done.await.expect("a disk without trouble");
    }

    /// Whether a start's refusal is about this file.
    pub(crate) fn is_named_by(&self, error: &OpenError) -> bool {
        match error {
            // Amid its replacement the one before is in force.
            OpenError::CheckpointMissing { path } => {
                *path == self.path || path.with_extension("previous") == self.path
            }
            OpenError::Damaged { path, .. }
            | OpenError::JournalFileMissing { path }
            | OpenError::SegmentMissing { path, .. }
            | OpenError::Shortened { path, .. }
            | OpenError::LayoutMissing { path } => *path == self.path,
            OpenError::JournalDamaged { .. }
            | OpenError::CheckpointStale { .. }
            | OpenError::CheckpointOutrun { .. }
            | OpenError::LayoutStale { .. }
            | OpenError::Option { .. }
            | OpenError::ShardCount { .. }
            | OpenError::DiskFull(_)
            | OpenError::Io(_) => false,
        }
    }
}
