//! What is recovered.

use std::path::PathBuf;

use corelog_model::ShardId;

use crate::format::names;
use crate::options::CheckpointSync;

/// Which shard to recover.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) dir: PathBuf,
    pub(crate) generation: u64,
    pub(crate) shard: ShardId,
    pub(crate) direct: bool,
    /// Memory that it may take for the journal.
    pub(crate) memory_bytes: usize,
    /// How far it searches the journal for proof of a lost frame: see `JournalReader::open`.
    pub(crate) proof_bytes: u64,
    /// How it makes segments durable.
    pub(crate) checkpoint_sync: CheckpointSync,
}

impl Target {
    pub(crate) fn journal_dir(&self) -> PathBuf {
        names::journal_dir(&self.dir, self.generation, self.shard)
    }

    pub(crate) fn checkpoint_path(&self) -> PathBuf {
        self.journal_dir().join(names::CHECKPOINT)
    }
}
