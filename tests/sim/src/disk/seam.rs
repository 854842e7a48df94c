//! [`Disk`] and [`File`] over a machine's device, for one life of its process.

use std::cell::Cell;
use std::future;
use std::path::Path;
use std::rc::Rc;

use bytes::Bytes;
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::{Disk, DiskError, File, IoOperation, LocalFuture, OpenOptions, Volume};

use crate::exec::Process;

use super::device::Device;
use super::faults::Operation;
use super::request::{Hold, Reply, Request, disk_error};
use super::tree::errno;

/// How large a machine's disk says that it is.
const VOLUME_BYTES: u64 = 1 << 40;

/// One process's way to its machine's disk.
pub(crate) struct SimDisk {
    pub(crate) device: Rc<Device>,
    pub(crate) process: Rc<Process>,
    /// Failed syncs of the file system that this shard has heard of.
    pub(crate) heard: Rc<Cell<u64>>,
}

impl SimDisk {
    pub(crate) fn new(device: Rc<Device>, process: Rc<Process>) -> SimDisk {
        let heard = Rc::new(Cell::new(device.filesystem_failures()));
        SimDisk {
            device,
            process,
            heard,
        }
    }

    fn unit(
        &self,
        path: &Path,
        operation: Operation,
        request: Request,
    ) -> LocalFuture<Result<(), DiskError>> {
        unit(
            &self.device,
            &self.process,
            &Rc::from(path),
            None,
            operation,
            request,
        )
    }
}

fn unit(
    device: &Rc<Device>,
    process: &Process,
    path: &Rc<Path>,
    hold: Option<&Hold>,
    operation: Operation,
    request: Request,
) -> LocalFuture<Result<(), DiskError>> {
    let receiver = device.submit(process, path, hold.map(Hold::inode), request);
    let path = Rc::clone(path);
    Box::pin(async move {
        match receiver.await {
            Ok(Reply::Done(result)) => result.map_err(|source| disk_error(operation, &path, source)),
            Ok(Reply::Opened(_) | Reply::Names(_) | Reply::Size(_) | Reply::Read(..)) => {
                panic!("{operation:?} is answered by done or failed")
            }
            Err(_) => future::pending().await,
        }
    })
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, options: OpenOptions) -> LocalFuture<Result<Rc<dyn File>, DiskError>> {
        let path: Rc<Path> = Rc::from(path);
        let receiver = self
            .device
            .submit(&self.process, &path, None, Request::Open(options));
        let (device, process) = (Rc::clone(&self.device), Rc::clone(&self.process));
        Box::pin(async move {
            match receiver.await {
                Ok(Reply::Opened(Ok(hold))) => Ok(Rc::new(SimFile {
                    device,
                    process,
                    path,
                    hold,
                    options,
                }) as Rc<dyn File>),
                Ok(Reply::Opened(Err(source))) => Err(disk_error(Operation::Open, &path, source)),
                Ok(Reply::Done(_) | Reply::Names(_) | Reply::Size(_) | Reply::Read(..)) => {
                    panic!("open is answered by a file")
                }
                Err(_) => future::pending().await,
            }
        })
    }

    fn create_dir_all(&self, path: &Path) -> LocalFuture<Result<(), DiskError>> {
        self.unit(path, Operation::CreateDir, Request::CreateDir)
    }

    fn list_dir(&self, path: &Path) -> LocalFuture<Result<Vec<String>, DiskError>> {
        let path: Rc<Path> = Rc::from(path);
        let receiver = self.device.submit(&self.process, &path, None, Request::ListDir);
        Box::pin(async move {
            match receiver.await {
                Ok(Reply::Names(result)) => {
                    result.map_err(|source| disk_error(Operation::ListDir, &path, source))
                }
                Ok(Reply::Done(_) | Reply::Opened(_) | Reply::Size(_) | Reply::Read(..)) => {
                    panic!("list is answered by names")
                }
                Err(_) => future::pending().await,
            }
        })
    }

    fn volume(&self, _path: &Path) -> LocalFuture<Result<Volume, DiskError>> {
        // Nothing depends on it.
        let volume = Volume {
            total_bytes: VOLUME_BYTES,
            usable_bytes: VOLUME_BYTES / 2,
        };
        Box::pin(future::ready(Ok(volume)))
    }

    fn remove_file(&self, path: &Path) -> LocalFuture<Result<(), DiskError>> {
        self.unit(path, Operation::Remove, Request::RemoveFile)
    }

    fn remove_dir(&self, path: &Path) -> LocalFuture<Result<(), DiskError>> {
        self.unit(path, Operation::Remove, Request::RemoveDir)
    }

    fn rename(&self, from: &Path, to: &Path) -> LocalFuture<Result<(), DiskError>> {
        self.unit(from, Operation::Rename, Request::Rename(to.to_owned()))
    }

    fn sync_dir(&self, path: &Path) -> LocalFuture<Result<(), DiskError>> {
        self.unit(path, Operation::SyncDir, Request::SyncDir)
    }

    fn sync_filesystem(&self, path: &Path) -> LocalFuture<Result<(), DiskError>> {
        self.unit(
            path,
            Operation::SyncFilesystem,
            Request::SyncFilesystem(Rc::clone(&self.heard)),
        )
    }
}

/// An open file.
struct SimFile {
    device: Rc<Device>,
    process: Rc<Process>,
    path: Rc<Path>,
    hold: Hold,
    options: OpenOptions,
}

impl SimFile {
    fn unit(&self, operation: Operation, request: Request) -> LocalFuture<Result<(), DiskError>> {
        unit(
            &self.device,
            &self.process,
            &self.path,
            Some(&self.hold),
            operation,
            request,
        )
    }

    fn check_aligned(&self, what: &str, position: u64, data: &[u8]) {
        if self.options.direct {
            assert!(
                position.is_multiple_of(PAGE as u64)
                    && data.len().is_multiple_of(PAGE)
                    && data.as_ptr().addr().is_multiple_of(PAGE),
                "a direct {what} of {} bytes at {position} of {} is not aligned to pages (address {:p})",
                data.len(),
                self.path.display(),
                data.as_ptr(),
            );
        }
    }

    fn write(&self, position: u64, data: Bytes, durable: bool) -> LocalFuture<Result<(), DiskError>> {
        if !self.options.write {
            return self.refuse(Operation::Write);
        }
        self.check_aligned("write", position, &data);
        let write = self.unit(
            Operation::Write,
            Request::Write {
                position,
                data,
                durable,
            },
        );
        let operation = match (durable, self.options.direct) {
            (false, _) => IoOperation::Write,
            (true, true) => IoOperation::WriteDurably,
            // It ends in a sync, and it cannot be told which of the two has failed.
            (true, false) => IoOperation::Sync,
        };
        Box::pin(async move { write.await.map_err(|error| DiskError { operation, ..error }) })
    }

    fn refuse(&self, operation: Operation) -> LocalFuture<Result<(), DiskError>> {
        let error = disk_error(
            operation,
            &self.path,
            std::io::Error::from_raw_os_error(errno::EBADF),
        );
        Box::pin(future::ready(Err(error)))
    }
}

impl File for SimFile {
    fn read_at(
        &self,
        position: u64,
        buffer: AlignedBuf,
    ) -> LocalFuture<(Result<usize, DiskError>, AlignedBuf)> {
        self.check_aligned("read", position, &buffer);
        let receiver = self.device.submit(
            &self.process,
            &self.path,
            Some(self.hold.inode()),
            Request::Read { position, buffer },
        );
        let path = Rc::clone(&self.path);
        Box::pin(async move {
            match receiver.await {
                Ok(Reply::Read(result, buffer)) => {
                    let result = result.map_err(|source| disk_error(Operation::Read, &path, source));
                    (result, buffer)
                }
                Ok(Reply::Done(_) | Reply::Opened(_) | Reply::Names(_) | Reply::Size(_)) => {
                    panic!("read is answered by bytes")
                }
                Err(_) => future::pending().await,
            }
        })
    }

    fn write_at(&self, position: u64, data: Bytes) -> LocalFuture<Result<(), DiskError>> {
        self.write(position, data, false)
    }

    fn write_durably_at(&self, position: u64, data: Bytes) -> LocalFuture<Result<(), DiskError>> {
        self.write(position, data, true)
    }

    fn sync(&self) -> LocalFuture<Result<(), DiskError>> {
        self.unit(Operation::Sync, Request::Sync)
    }

    fn allocate(&self, length: u64) -> LocalFuture<Result<(), DiskError>> {
        if !self.options.write {
            return self.refuse(Operation::Allocate);
        }
        self.unit(Operation::Allocate, Request::Allocate(length))
    }

    fn truncate(&self, length: u64) -> LocalFuture<Result<(), DiskError>> {
        if !self.options.write {
            return self.refuse(Operation::Truncate);
        }
        self.unit(Operation::Truncate, Request::Truncate(length))
    }

    fn size(&self) -> LocalFuture<Result<u64, DiskError>> {
        let receiver = self
            .device
            .submit(&self.process, &self.path, Some(self.hold.inode()), Request::Size);
        let path = Rc::clone(&self.path);
        Box::pin(async move {
            match receiver.await {
                Ok(Reply::Size(result)) => {
                    result.map_err(|source| disk_error(Operation::Size, &path, source))
                }
                Ok(Reply::Done(_) | Reply::Opened(_) | Reply::Names(_) | Reply::Read(..)) => {
                    panic!("size is answered by a length")
                }
                Err(_) => future::pending().await,
            }
        })
    }

    fn is_direct(&self) -> bool {
        self.options.direct
    }
}
