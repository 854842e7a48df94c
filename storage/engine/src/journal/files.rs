//! The journal's files on disk: pre-written, so that a commit never waits for the file system to allocate.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use bytes::Bytes;
use corelog_model::ShardId;
use corelog_runtime::buffer::AlignedBuf;
use corelog_runtime::{DiskError, File, Handle, OpenOptions};

use super::manifest;
use crate::format::names;
use crate::format::v1::JournalFilesV1;
use crate::options::StorageOptions;

/// How much is pre-written at a time, in bytes.
const WRITE_BYTES: usize = 256 << 10;

/// See the module.
pub(crate) struct JournalFiles {
    handle: Handle,
    dir: PathBuf,
    file_bytes: u64,
    proof_bytes: u64,
    direct: bool,
    shard: ShardId,
    incarnation: u64,
    open: RefCell<BTreeMap<u32, Rc<dyn File>>>,
}

impl JournalFiles {
    /// The files of the journal of `options`' shard, each as long as they say, for frames of one `incarnation`.
    pub(crate) fn new(handle: Handle, options: &StorageOptions, incarnation: u64) -> JournalFiles {
        JournalFiles {
            handle,
            dir: names::journal_dir(&options.dir, options.generation, options.shard),
            file_bytes: options.journal_file_bytes,
            proof_bytes: options.proof_bytes(),
            direct: options.direct,
            shard: options.shard,
            incarnation,
            open: RefCell::default(),
        }
    }

    fn options(&self) -> OpenOptions {
        OpenOptions {
            write: true,
            direct: self.direct,
            ..OpenOptions::default()
        }
    }

    /// Opens the files that are there whole and removes the others; returns the numbers of the former. A checkpoint has
    /// passed them all: what they hold is needed no more.
    ///
    /// Each file is synced here, and one whose sync fails is made anew. If a write of an earlier process failed and
    /// that process was killed before a sync told it, the kernel reports the error to the next sync; at the first
    /// commit that would fence the journal.
    pub(crate) async fn open_existing(&self) -> Result<Vec<u32>, DiskError> {
        let mut ready = Vec::new();
        for name in self.handle.disk.list_dir(&self.dir).await? {
            let path = self.dir.join(&name);
            match names::parse_journal_file(&name) {
                Some(number) => {
                    let file = self.handle.disk.open(&path, self.options()).await?;
                    let is_whole = file.size().await? == self.file_bytes;
                    let synced = if is_whole { file.sync().await } else { Ok(()) };
                    if let Err(error) = &synced {
                        tracing::warn!(%error, "a journal file is made anew");
                    }
                    if is_whole && synced.is_ok() {
                        self.open.borrow_mut().insert(number, file);
                        ready.push(number);
                    } else {
                        self.handle.disk.remove_file(&path).await?;
                    }
                }
                None if name.ends_with(".tmp") => self.handle.disk.remove_file(&path).await?,
                None => {}
            }
        }
        Ok(ready)
    }

    /// Makes the file `number`, all its blocks written. It gets its name only then. Before each step `pace` is waited
    /// for, given how much is written; when it says no, nothing stays behind and the answer is false.
    pub(crate) async fn prepare(
        &self,
        number: u32,
        pace: impl AsyncFn(u64) -> bool,
    ) -> Result<bool, DiskError> {
        let name = names::journal_file(number);
        let temporary = self.dir.join(format!("{name}.tmp"));
        let result = self.write_zeros(&temporary, pace).await;
        if !matches!(result, Ok(true)) {
            // What is there takes room that a full disk needs.
            let _ = self.handle.disk.remove_file(&temporary).await;
            return result;
        }
        let path = self.dir.join(name);
        self.handle.disk.rename(&temporary, &path).await?;
        self.handle.disk.sync_dir(&self.dir).await?;
        let file = self.handle.disk.open(&path, self.options()).await?;
        self.open.borrow_mut().insert(number, file);
        Ok(true)
    }

    /// Writes down which files there are, so that the next start misses one that is not. To be called before a frame goes
    /// to a file that was opened or made.
    pub(crate) async fn note(&self) -> Result<(), DiskError> {
        let files = JournalFilesV1 {
            shard: self.shard.get(),
            incarnation: self.incarnation,
            file_bytes: self.file_bytes,
            proof_bytes: self.proof_bytes,
            numbers: self.open.borrow().keys().copied().collect(),
        };
        manifest::write(&self.handle, &self.dir, &files).await
    }

    async fn write_zeros(
        &self,
        path: &std::path::Path,
        pace: impl AsyncFn(u64) -> bool,
    ) -> Result<bool, DiskError> {
        let options = OpenOptions {
            create: true,
            truncate: true,
            ..self.options()
        };
        let file = self.handle.disk.open(path, options).await?;
        file.allocate(self.file_bytes).await?;
        let zeros: Bytes = AlignedBuf::zeroed(WRITE_BYTES).freeze();
        let step = u64::try_from(WRITE_BYTES).expect("a length within u64");
        let mut position = 0;
        while position < self.file_bytes {
            let length = step.min(self.file_bytes - position);
            let length = usize::try_from(length).expect("at most WRITE_BYTES");
            if !pace(position).await {
                return Ok(false);
            }
            file.write_at(position, zeros.slice(..length)).await?;
            position += step;
        }
        file.sync().await.map(|()| true)
    }

    /// An open file.
    ///
    /// # Panics
    /// If it was neither found nor prepared.
    pub(crate) fn get(&self, number: u32) -> Rc<dyn File> {
        let open = self.open.borrow();
        Rc::clone(open.get(&number).expect("a prepared file"))
    }
}
