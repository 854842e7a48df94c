//! What a log works with: each by its name.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use corelog_runtime::local::Queue;
use corelog_runtime::{DiskError, Handle};

use crate::checkpoint_requests::CheckpointRequests;
use crate::clean::run::Cleaner;
use crate::fence::Fence;
use crate::files::Files;
use crate::journal::core::PartitionKey;
use crate::journal::state::Journal;
use crate::memory::cache::Cache;
use crate::memory::dirty::DirtyBytes;
use crate::memory::windows::Windows;
use crate::options::StorageOptions;
use crate::read_rate::ReadTurns;
use crate::registry::Registry;
use crate::retry::Retry;
use crate::types::StorageStats;

/// The services of a shard's storage that its logs use. They do not know it, nor one another but for what they name.
pub(crate) struct LogServices {
    /// The seams.
    pub(crate) handle: Handle,
    /// How the storage was opened.
    pub(crate) options: Rc<StorageOptions>,
    /// Whether the storage goes on.
    pub(crate) fence: Rc<Fence>,
    /// What is to be done although the kernel lacks something for the moment.
    pub(crate) retry: Rc<Retry>,
    /// What is to become durable.
    pub(crate) journal: Rc<Journal>,
    /// What a checkpoint is wanted for.
    pub(crate) checkpoints: Rc<CheckpointRequests>,
    /// The logs.
    pub(crate) registry: Rc<Registry>,
    /// The open segment files.
    pub(crate) files: Files,
    /// The logs that are to be flushed.
    pub(crate) flushes: Queue<PartitionKey>,
    /// How much of logs is in memory.
    pub(crate) cache: Cache,
    /// How much of it is in no segment.
    pub(crate) dirty: Rc<DirtyBytes>,
    /// What was read of segments.
    pub(crate) windows: Rc<Windows>,
    /// Who may read of segments beside commits.
    pub(crate) reads: Rc<ReadTurns>,
    /// Who cleans the logs.
    pub(crate) cleaner: Rc<Cleaner>,
    /// What is counted.
    pub(crate) stats: Rc<RefCell<StorageStats>>,
}

impl LogServices {
    /// The path of a partition's directory.
    pub(crate) fn partition_dir(&self, directory: &str) -> PathBuf {
        self.options.dir.join(directory)
    }

    /// Why nothing can be appended at this moment: what must be written finds no room, or no commit is possible before a
    /// checkpoint, and a checkpoint is refused.
    pub(super) fn stuck(&self) -> Option<Arc<DiskError>> {
        let refused = || self.checkpoints.refused().filter(|_| self.journal.is_exhausted());
        self.retry.full().or_else(refused)
    }

    /// Evicts what is in the segments while there is too much in memory, and has a log flushed if more must go.
    pub(super) fn evict(&self) {
        if let Some(log) = self.cache.evict(&self.registry) {
            log.want_flush();
        }
    }
}
