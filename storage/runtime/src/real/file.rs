//! Files over the shard's ring.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::rc::Rc;

use bytes::{Buf, Bytes};

use super::disk::{count, disk_error};
use crate::buffer::{AlignedBuf, PAGE};
use crate::ring::{Descriptor, Held, Offload, Operation, Ring};
use crate::seams::{DiskError, File, IoOperation, LocalFuture, Remedy};

/// See [`File`].
pub(super) struct RealFile(Rc<Inner>);

struct Inner {
    ring: Rc<Ring>,
    offload: Rc<Offload>,
    descriptor: Rc<Descriptor>,
    path: PathBuf,
    direct: bool,
}

impl RealFile {
    pub(super) fn new(
        ring: Rc<Ring>,
        offload: Rc<Offload>,
        descriptor: Rc<Descriptor>,
        path: PathBuf,
        direct: bool,
    ) -> RealFile {
        RealFile(Rc::new(Inner {
            ring,
            offload,
            descriptor,
            path,
            direct,
        }))
    }
}

impl Inner {
    fn error(&self, operation: IoOperation, source: io::Error) -> DiskError {
        disk_error(operation, &self.path, source)
    }

    fn assert_aligned(&self, operation: &str, position: u64, address: usize, length: usize) {
        let page = PAGE as u64;
        assert!(
            !self.direct
                || (position.is_multiple_of(page)
                    && address.is_multiple_of(PAGE)
                    && length.is_multiple_of(PAGE)),
            "misaligned direct {operation} of {length} bytes from {address:#x} at {position} of {}",
            self.path.display()
        );
    }

    /// Where to go on after `done` bytes: direct I/O goes on from whole pages alone.
    fn resume_at(&self, done: usize) -> usize {
        if self.direct { done - done % PAGE } else { done }
    }

    async fn read(&self, position: u64, mut buffer: AlignedBuf) -> (Result<usize, DiskError>, AlignedBuf) {
        let mut done = 0;
        loop {
            let from = self.resume_at(done);
            let operation = Operation::read(&self.descriptor, position + from as u64, buffer, from);
            let mut outcome = self.ring.start(operation).await;
            let Held::Buffer(back) = std::mem::replace(&mut outcome.held, Held::Nothing) else {
                unreachable!("a read gives its buffer back")
            };
            buffer = back;
            match count(outcome) {
                Ok(read) => {
                    // No more than before: the end of the file.
                    if from + read <= done {
                        return (Ok(done), buffer);
                    }
                    done = from + read;
                    if done == buffer.len() {
                        return (Ok(done), buffer);
                    }
                }
                Err(error) => {
                    let error = self.error(IoOperation::Read, error);
                    if error.remedy() != Remedy::Again {
                        return (Err(error), buffer);
                    }
                }
            }
        }
    }

    async fn write(&self, mut position: u64, mut data: Bytes, durable: bool) -> Result<(), DiskError> {
        let operation = match (durable, self.direct) {
            (false, _) => IoOperation::Write,
            (true, true) => IoOperation::WriteDurably,
            // Through the page cache it ends in a sync, and it cannot be told which of the two has failed.
            (true, false) => IoOperation::Sync,
        };
        while !data.is_empty() {
            let write = Operation::write(&self.descriptor, position, data.clone(), durable);
            let written = match count(self.ring.start(write).await) {
                Ok(written) => written,
                Err(error) => {
                    let error = self.error(operation, error);
                    if error.remedy() == Remedy::Again {
                        continue;
                    }
                    return Err(error);
                }
            };
            let step = self.resume_at(written);
            if step == 0 {
                return Err(self.error(operation, io::ErrorKind::WriteZero.into()));
            }
            data.advance(step);
            position += step as u64;
        }
        Ok(())
    }

    async fn run(&self, name: IoOperation, operation: Operation) -> Result<(), DiskError> {
        let outcome = self.ring.start(operation).await;
        outcome.result.map(drop).map_err(|error| self.error(name, error))
    }

    async fn set_length(self: &Rc<Inner>, length: u64) -> Result<(), DiskError> {
        if self.ring.has_truncate() {
            let operation = Operation::truncate(&self.descriptor, length);
            return self.run(IoOperation::Truncate, operation).await;
        }
        let duplicate = self.descriptor.as_fd().try_clone_to_owned();
        let duplicate = duplicate.map_err(|error| self.error(IoOperation::Open, error))?;
        let call = move || fs::File::from(duplicate).set_len(length);
        let result = Rc::clone(&self.offload).run(call).await;
        result.map_err(|error| self.error(IoOperation::Truncate, error))
    }

    async fn size(self: &Rc<Inner>) -> Result<u64, DiskError> {
        let outcome = self.ring.start(Operation::status(&self.descriptor)).await;
        match (outcome.result, outcome.held) {
            (Ok(_), Held::Status(status)) => Ok(status.size()),
            (Ok(_), _) => unreachable!("statx gives its status back"),
            (Err(error), _) => Err(self.error(IoOperation::Status, error)),
        }
    }

    /// Makes the file at least `length` bytes long.
    async fn extend(self: &Rc<Inner>, length: u64) -> Result<(), DiskError> {
        if self.size().await? < length {
            self.set_length(length).await?;
        }
        Ok(())
    }
}

impl File for RealFile {
    fn read_at(
        &self,
        position: u64,
        buffer: AlignedBuf,
    ) -> LocalFuture<(Result<usize, DiskError>, AlignedBuf)> {
        let file = Rc::clone(&self.0);
        file.assert_aligned("read", position, buffer.as_ptr().addr(), buffer.len());
        Box::pin(async move { file.read(position, buffer).await })
    }

    fn write_at(&self, position: u64, data: Bytes) -> LocalFuture<Result<(), DiskError>> {
        let file = Rc::clone(&self.0);
        file.assert_aligned("write", position, data.as_ptr().addr(), data.len());
        Box::pin(async move { file.write(position, data, false).await })
    }

    fn write_durably_at(&self, position: u64, data: Bytes) -> LocalFuture<Result<(), DiskError>> {
        let file = Rc::clone(&self.0);
        file.assert_aligned("write", position, data.as_ptr().addr(), data.len());
        Box::pin(async move { file.write(position, data, true).await })
    }

    fn sync(&self) -> LocalFuture<Result<(), DiskError>> {
        let file = Rc::clone(&self.0);
        Box::pin(async move {
            file.run(IoOperation::Sync, Operation::sync(&file.descriptor, true))
                .await
        })
    }

    fn allocate(&self, length: u64) -> LocalFuture<Result<(), DiskError>> {
        let file = Rc::clone(&self.0);
        Box::pin(async move {
            loop {
                let operation = Operation::allocate(&file.descriptor, length);
                match file.run(IoOperation::Allocate, operation).await {
                    // fallocate(2): not every file system has it (ramfs, NFSv3). Its files are extended, their blocks
                    // not reserved.
                    Err(error) if error.source.raw_os_error() == Some(libc::EOPNOTSUPP) => {
                        return file.extend(length).await;
                    }
                    Err(error) if error.remedy() == Remedy::Again => {}
                    result => return result,
                }
            }
        })
    }

    fn truncate(&self, length: u64) -> LocalFuture<Result<(), DiskError>> {
        let file = Rc::clone(&self.0);
        Box::pin(async move { file.set_length(length).await })
    }

    fn size(&self) -> LocalFuture<Result<u64, DiskError>> {
        let file = Rc::clone(&self.0);
        Box::pin(async move { file.size().await })
    }

    fn is_direct(&self) -> bool {
        self.0.direct
    }
}
