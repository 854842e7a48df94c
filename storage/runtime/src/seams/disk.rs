//! Files. Positions and lengths in bytes.
//!
//! A file opened with `direct` takes only reads and writes whose position, length and address are multiples of
//! [`crate::buffer::PAGE`]; a misaligned one is a bug of the caller and panics, in the simulator too.

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;

use crate::buffer::AlignedBuf;

use super::LocalFuture;
use super::failure::{IoCause, IoOperation, Remedy, remedy};

/// A failed file operation: what was tried, on what, and what the kernel said.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {}: {source}", path.display())]
pub struct DiskError {
    /// The operation.
    pub operation: IoOperation,
    /// The file or directory.
    pub path: PathBuf,
    /// The cause.
    pub source: io::Error,
}

impl DiskError {
    /// Why the kernel refused.
    pub fn cause(&self) -> IoCause {
        IoCause::of(&self.source)
    }

    /// What to do about it: see [`remedy`].
    pub fn remedy(&self) -> Remedy {
        remedy(self.operation, self.cause())
    }

    /// The file system or a quota is full (ENOSPC, EDQUOT).
    pub fn is_full(&self) -> bool {
        self.cause() == IoCause::Room
    }

    /// There is no such file or directory.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// How to open a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OpenOptions {
    /// Allow writes.
    pub write: bool,
    /// Create it if it is missing.
    pub create: bool,
    /// Fail if it is there already.
    pub create_new: bool,
    /// Cut it to nothing.
    pub truncate: bool,
    /// Bypass the page cache (O_DIRECT) where the file system can.
    pub direct: bool,
}

/// How much a file system holds, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Volume {
    /// All of it.
    pub total_bytes: u64,
    /// What is free for a process without privileges.
    pub usable_bytes: u64,
}

/// One shard's way to the file system.
pub trait Disk {
    /// Opens a file.
    fn open(&self, path: &Path, options: OpenOptions) -> LocalFuture<Result<Rc<dyn File>, DiskError>>;
    /// Makes a directory and its missing parents. Not durable before `sync_dir` of each parent.
    fn create_dir_all(&self, path: &Path) -> LocalFuture<Result<(), DiskError>>;
    /// The names within a directory, sorted, without `.` and `..`.
    fn list_dir(&self, path: &Path) -> LocalFuture<Result<Vec<String>, DiskError>>;
    /// Unlinks a file.
    fn remove_file(&self, path: &Path) -> LocalFuture<Result<(), DiskError>>;
    /// Removes an empty directory.
    fn remove_dir(&self, path: &Path) -> LocalFuture<Result<(), DiskError>>;
    /// Renames, replacing what is there. Not durable before `sync_dir`.
    fn rename(&self, from: &Path, to: &Path) -> LocalFuture<Result<(), DiskError>>;
    /// Makes a directory's entries durable.
    fn sync_dir(&self, path: &Path) -> LocalFuture<Result<(), DiskError>>;
    /// Makes everything on the file system that holds `path` durable (syncfs). If that has failed for another shard of
    /// the process since this shard last asked, or began, it fails here, too: what failed there may have been this
    /// shard's, and the kernel tells it once.
    fn sync_filesystem(&self, path: &Path) -> LocalFuture<Result<(), DiskError>>;
    /// The size of the file system that holds `path` (statvfs).
    fn volume(&self, path: &Path) -> LocalFuture<Result<Volume, DiskError>>;
}

/// An open file. The descriptor is closed when the last clone and the last operation are gone.
pub trait File {
    /// Fills the whole of `buffer` from `position`, as far as the file goes; returns the bytes read. The rest of the
    /// buffer is left as it was.
    fn read_at(
        &self,
        position: u64,
        buffer: AlignedBuf,
    ) -> LocalFuture<(Result<usize, DiskError>, AlignedBuf)>;
    /// Writes all of `data` at `position`. Returning says nothing of durability.
    fn write_at(&self, position: u64, data: Bytes) -> LocalFuture<Result<(), DiskError>>;
    /// Writes all of `data` and makes it durable before it returns (RWF_DSYNC).
    fn write_durably_at(&self, position: u64, data: Bytes) -> LocalFuture<Result<(), DiskError>>;
    /// Makes all completed writes and the length durable (fdatasync). After an error nothing is known: never retry.
    fn sync(&self) -> LocalFuture<Result<(), DiskError>>;
    /// Reserves blocks up to `length` bytes and extends the file to it, reading as zeros; never shrinks (fallocate).
    fn allocate(&self, length: u64) -> LocalFuture<Result<(), DiskError>>;
    /// Sets the length; what is cut off is gone, what is added reads as zeros.
    fn truncate(&self, length: u64) -> LocalFuture<Result<(), DiskError>>;
    /// The length.
    fn size(&self) -> LocalFuture<Result<u64, DiskError>>;
    /// Whether reads and writes bypass the page cache.
    fn is_direct(&self) -> bool;
}
