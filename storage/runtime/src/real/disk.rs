//! The file system over the shard's ring; what the ring has no operation for runs on the helper thread.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::file::RealFile;
use crate::ring::{Descriptor, Offload, Operation, Outcome, Product, Ring, sync_filesystem};
use crate::seams::{Disk, DiskError, File, IoOperation, LocalFuture, OpenOptions, Remedy, Volume};

/// The file system refused O_DIRECT, and buffered files were not allowed. The source of a [`DiskError`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the file system refuses direct I/O (O_DIRECT), and buffered I/O is not allowed")]
pub struct DirectIoRefused;

impl DirectIoRefused {
    /// Whether this is why `error` came.
    pub fn is_cause_of(error: &DiskError) -> bool {
        error
            .source
            .get_ref()
            .is_some_and(|source| source.is::<DirectIoRefused>())
    }
}

/// A mutex that lets one shard of the process call syncfs(2) at a time, and the count of its failures. The kernel
/// takes pages that a syncfs failed to write for clean, and the next syncfs succeeds; the pages may have been any
/// shard's. So every shard is told of each failure.
#[derive(Debug, Default)]
pub(crate) struct FilesystemSyncs(Mutex<u64>);

impl FilesystemSyncs {
    /// How many have failed.
    fn failures(&self) -> u64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `sync`, unless another shard's has failed and this one, which has heard of `heard` failures, does not know.
    fn sync(&self, heard: &AtomicU64, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let result = if heard.load(Ordering::Relaxed) < *failures {
            Err(io::Error::other("it has failed for another shard"))
        } else {
            let result = sync();
            *failures += u64::from(result.is_err());
            result
        };
        heard.store(*failures, Ordering::Relaxed);
        result
    }
}

/// See [`Disk`].
pub(crate) struct RealDisk {
    ring: Rc<Ring>,
    offload: Rc<Offload>,
    allow_buffered: bool,
    filesystem: Arc<FilesystemSyncs>,
    /// How many failures of it this shard has heard of.
    heard: Arc<AtomicU64>,
}

impl RealDisk {
    /// Where O_DIRECT is refused, files open buffered if `allow_buffered`, or not at all.
    pub(crate) fn new(
        ring: Rc<Ring>,
        offload: Rc<Offload>,
        allow_buffered: bool,
        filesystem: Arc<FilesystemSyncs>,
    ) -> RealDisk {
        let heard = Arc::new(AtomicU64::new(filesystem.failures()));
        RealDisk {
            ring,
            offload,
            allow_buffered,
            filesystem,
            heard,
        }
    }
}

/// Makes the error of `operation` on `path`.
pub(super) fn disk_error(operation: IoOperation, path: &Path, source: io::Error) -> DiskError {
    DiskError {
        operation,
        path: path.to_path_buf(),
        source,
    }
}

/// The bytes that an outcome counts.
pub(super) fn count(outcome: Outcome) -> io::Result<usize> {
    match outcome.result? {
        Product::Count(count) => Ok(count),
        Product::Descriptor(_) | Product::Received(..) => unreachable!("a file operation yields a count"),
    }
}

fn c_path(operation: IoOperation, path: &Path) -> Result<CString, DiskError> {
    CString::new(path.as_os_str().as_bytes()).map_err(|error| {
        disk_error(
            operation,
            path,
            io::Error::new(io::ErrorKind::InvalidInput, error),
        )
    })
}

/// Opens `path`. A signal that came first is no answer.
async fn open_descriptor(
    ring: &Rc<Ring>,
    offload: &Rc<Offload>,
    path: &Path,
    flags: i32,
) -> Result<Rc<Descriptor>, DiskError> {
    let operation = if flags & libc::O_CREAT == 0 {
        IoOperation::Open
    } else {
        IoOperation::Create
    };
    loop {
        let name = c_path(operation, path)?;
        let outcome = ring.start(Operation::open(name, flags)).await;
        let error = match outcome.result {
            Ok(Product::Descriptor(fd)) => return Ok(Descriptor::file(fd, Rc::clone(offload))),
            Ok(Product::Count(_) | Product::Received(..)) => unreachable!("an open yields a descriptor"),
            Err(error) => disk_error(operation, path, error),
        };
        if error.remedy() != Remedy::Again {
            return Err(error);
        }
    }
}

async fn run_on_path(
    ring: Rc<Ring>,
    operation: IoOperation,
    path: PathBuf,
    begin: impl FnOnce(CString) -> Operation,
) -> Result<(), DiskError> {
    let name = c_path(operation, &path)?;
    let outcome = ring.start(begin(name)).await;
    outcome
        .result
        .map(drop)
        .map_err(|error| disk_error(operation, &path, error))
}

fn open_flags(options: OpenOptions) -> i32 {
    let mut flags = if options.write {
        libc::O_RDWR
    } else {
        libc::O_RDONLY
    };
    if options.create || options.create_new {
        flags |= libc::O_CREAT;
    }
    if options.create_new {
        flags |= libc::O_EXCL;
    }
    if options.truncate {
        flags |= libc::O_TRUNC;
    }
    if options.direct {
        flags |= libc::O_DIRECT;
    }
    flags
}

impl Disk for RealDisk {
    fn open(&self, path: &Path, options: OpenOptions) -> LocalFuture<Result<Rc<dyn File>, DiskError>> {
        let (ring, offload) = (Rc::clone(&self.ring), Rc::clone(&self.offload));
        let (path, allow_buffered) = (path.to_path_buf(), self.allow_buffered);
        Box::pin(async move {
            let mut direct = options.direct;
            let mut opened = open_descriptor(&ring, &offload, &path, open_flags(options)).await;
            // openat(2): EINVAL is how a file system says that it has no O_DIRECT. The file may have been made
            // all the same, so `create_new` must not be asked for again.
            let refused = matches!(&opened, Err(error) if error.source.raw_os_error() == Some(libc::EINVAL));
            if direct && refused {
                if !allow_buffered {
                    let source = io::Error::new(io::ErrorKind::Unsupported, DirectIoRefused);
                    return Err(disk_error(IoOperation::Open, &path, source));
                }
                direct = false;
                let mut again = options;
                again.direct = false;
                again.create |= again.create_new;
                again.create_new = false;
                opened = open_descriptor(&ring, &offload, &path, open_flags(again)).await;
            }
            let file = RealFile::new(ring, offload, opened?, path, direct);
            Ok(Rc::new(file) as Rc<dyn File>)
        })
    }

    fn create_dir_all(&self, path: &Path) -> LocalFuture<Result<(), DiskError>> {
        let (ring, path) = (Rc::clone(&self.ring), path.to_path_buf());
        Box::pin(async move {
            // Downwards from the first ancestor that is there; found upwards, since most often it is the parent.
            let mut missing = vec![path];
            while let Some(directory) = missing.last() {
                let made = run_on_path(
                    Rc::clone(&ring),
                    IoOperation::MakeDirectory,
                    directory.clone(),
                    Operation::make_directory,
                );
                match made.await {
                    Ok(()) => {
                        missing.pop();
                    }
                    Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => {
                        missing.pop();
                    }
                    Err(error) if error.is_not_found() => match directory.parent() {
                        Some(parent) if !parent.as_os_str().is_empty() => missing.push(parent.to_path_buf()),
                        _ => return Err(error),
                    },
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
    }

    fn list_dir(&self, path: &Path) -> LocalFuture<Result<Vec<String>, DiskError>> {
        let (offload, path) = (Rc::clone(&self.offload), path.to_path_buf());
        Box::pin(async move {
            let list =
                offload.run(move || list(&path).map_err(|error| disk_error(IoOperation::List, &path, error)));
            list.await
        })
    }

    fn volume(&self, path: &Path) -> LocalFuture<Result<Volume, DiskError>> {
        let (offload, path) = (Rc::clone(&self.offload), path.to_path_buf());
        Box::pin(async move {
            let ask = offload.run(move || {
                let stat = rustix::fs::statvfs(&path)
                    .map_err(|error| disk_error(IoOperation::Status, &path, error.into()))?;
                Ok(Volume {
                    total_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
                    usable_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
                })
            });
            ask.await
        })
    }

    fn remove_file(&self, path: &Path) -> LocalFuture<Result<(), DiskError>> {
        let (ring, path) = (Rc::clone(&self.ring), path.to_path_buf());
        Box::pin(run_on_path(ring, IoOperation::Remove, path, |name| {
            Operation::remove(name, false)
        }))
    }

    fn remove_dir(&self, path: &Path) -> LocalFuture<Result<(), DiskError>> {
        let (ring, path) = (Rc::clone(&self.ring), path.to_path_buf());
        Box::pin(run_on_path(ring, IoOperation::Remove, path, |name| {
            Operation::remove(name, true)
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> LocalFuture<Result<(), DiskError>> {
        let (ring, from) = (Rc::clone(&self.ring), from.to_path_buf());
        let to = c_path(IoOperation::Rename, to);
        Box::pin(async move {
            let to = to?;
            run_on_path(ring, IoOperation::Rename, from, |name| {
                Operation::rename(name, to)
            })
            .await
        })
    }

    fn sync_dir(&self, path: &Path) -> LocalFuture<Result<(), DiskError>> {
        let (ring, offload) = (Rc::clone(&self.ring), Rc::clone(&self.offload));
        let path = path.to_path_buf();
        Box::pin(async move {
            let flags = libc::O_RDONLY | libc::O_DIRECTORY;
            let directory = open_descriptor(&ring, &offload, &path, flags).await?;
            let outcome = ring.start(Operation::sync(&directory, false)).await;
            outcome
                .result
                .map(drop)
                .map_err(|error| disk_error(IoOperation::SyncDirectory, &path, error))
        })
    }

    fn sync_filesystem(&self, path: &Path) -> LocalFuture<Result<(), DiskError>> {
        let (offload, path) = (Rc::clone(&self.offload), path.to_path_buf());
        let (filesystem, heard) = (Arc::clone(&self.filesystem), Arc::clone(&self.heard));
        Box::pin(async move {
            let sync = move || {
                // First: an open that fails has lost nothing, and must not count as a sync that has.
                let file =
                    fs::File::open(&path).map_err(|error| disk_error(IoOperation::Open, &path, error))?;
                filesystem
                    .sync(&heard, || sync_filesystem(&file))
                    .map_err(|error| disk_error(IoOperation::SyncFilesystem, &path, error))
            };
            offload.run(sync).await
        })
    }
}

/// The names within a directory, sorted. Blocks.
fn list(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name().into_string().map_err(|name| {
            let message = format!("the name {} is not UTF-8", name.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        names.push(name);
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_sync_of_the_file_system_is_told_to_each_shard_once() {
        let syncs = FilesystemSyncs::default();
        let heard = [AtomicU64::new(0), AtomicU64::new(0)];
        let sync = |shard: usize, is_good: bool| {
            let call = || {
                if is_good {
                    Ok(())
                } else {
                    Err(io::ErrorKind::Other.into())
                }
            };
            syncs.sync(&heard[shard], call).is_ok()
        };
        assert!(sync(0, true) && sync(1, true));
        assert!(!sync(0, false), "its own");
        assert!(sync(0, true), "it knows");
        assert!(!sync(1, true), "the other one's");
        assert!(sync(1, true), "it knows");
    }
}
