//! The checkpoint's file. Each new one is written into space on the disk that was reserved before, and then takes the
//! name.
//!
//! ```text
//! checkpoint           in force
//! checkpoint.spare     room for the next one, reserved when the one in force was written
//! checkpoint.previous  what was in force, while the two change places
//!
//! write and sync spare │ checkpoint → previous │ spare → checkpoint │ sync_dir │ previous → spare │ sync_dir
//!                      │                       │ the new one counts │ durably  │                  │ alone
//! ```
//! On a full disk a checkpoint is what lets retention free room and the journal be recycled, so it must not need any.
//!
//! Invariants: while there is a `checkpoint` it is the one in force; while there is none, `previous` is, and nothing
//! that it relies on has been recycled; the file that was in force is neither written nor freed before its successor is
//! durable.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use corelog_runtime::{DiskError, Handle, OpenOptions};

use crate::format::envelope;

/// The next checkpoint may be this many times as large as the last one and has its room.
const GROWTH: usize = 2;
/// Room is reserved in multiples of this, in bytes.
const RESERVED_STEP: usize = 64 << 10;

/// What the spare file begins with while it waits.
static VOID: [u8; 4096] = [0; 4096];

const CREATE: OpenOptions = OpenOptions {
    write: true,
    create: true,
    create_new: false,
    truncate: false,
    direct: false,
};

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut path = path.to_owned();
    path.set_extension(extension);
    path
}

/// Reads the checkpoint in force at `path`, and says which file that is; `None` if there is none.
pub(crate) async fn read(handle: &Handle, path: &Path) -> Result<Option<(PathBuf, Bytes)>, DiskError> {
    for path in [path.to_owned(), beside(path, "previous")] {
        if let Some(content) = envelope::read_file(handle, &path).await? {
            return Ok(Some((path, content)));
        }
    }
    Ok(None)
}

/// Removes what an earlier process left for the next checkpoint. To be called before the first [`replace`] of a process:
/// a sync of that file may have failed, and then not even its length is durable although all of it can be read.
pub(crate) async fn forget_spare(handle: &Handle, path: &Path) -> Result<(), DiskError> {
    match handle.disk.remove_file(&beside(path, "spare")).await {
        Err(error) if !error.is_not_found() => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Replaces the checkpoint at `path`; durable once this returns. Needs no room on the disk if `content` is at most
/// twice as large as the one before.
///
/// # Errors
/// The disk's. The checkpoint before stays in force, unless the last sync failed: then either is.
pub(crate) async fn replace(handle: &Handle, path: &Path, content: Vec<u8>) -> Result<(), DiskError> {
    let (spare, previous) = (beside(path, "spare"), beside(path, "previous"));
    let reserved = (content.len() * GROWTH).next_multiple_of(RESERVED_STEP);
    // Not cut first: that would give its room away. What is left of a longer one is behind the envelope.
    let file = handle.disk.open(&spare, CREATE).await?;
    file.write_at(0, Bytes::from(content)).await?;
    file.sync().await?;
    drop(file);
    rename_if_there(handle, path, &previous).await?;
    handle.disk.rename(&spare, path).await?;
    let parent = path.parent().unwrap_or(Path::new("."));
    handle.disk.sync_dir(parent).await?;
    rename_if_there(handle, &previous, &spare).await?;
    // What it relies on may be recycled from here on: a loss of power must not bring it back under its name.
    handle.disk.sync_dir(parent).await?;
    reserve(handle, &spare, reserved).await
}

async fn rename_if_there(handle: &Handle, from: &Path, to: &Path) -> Result<(), DiskError> {
    match handle.disk.rename(from, to).await {
        Err(error) if !error.is_not_found() => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

async fn reserve(handle: &Handle, spare: &Path, bytes: usize) -> Result<(), DiskError> {
    let file = handle.disk.open(spare, CREATE).await?;
    let size = file.size().await?;
    if size > 0 {
        // What was in force must not be found again, whole as it is, by a read or for want of a write that goes astray.
        file.write_at(0, Bytes::from_static(&VOID)).await?;
    }
    let wanted = u64::try_from(bytes).unwrap_or(u64::MAX);
    if size >= wanted {
        return Ok(());
    }
    match file.allocate(wanted).await {
        // What there is may do; the next checkpoint tries again.
        Err(error) if error.is_full() => Ok(()),
        result => result,
    }
}
