//! A disk's state, and what each operation does to it.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use corelog_runtime::OpenOptions;
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::local::oneshot;

use crate::exec::nanos;
use crate::rng::SimRng;

use super::faults::{Fault, Faults, Operation};
use super::pages::{SECTOR, SyncPoint};
use super::request::{Hold, Holds, Reply, Request};
use super::tree::{InodeId, Tree, errno};

/// How a disk behaves when nothing goes wrong.
#[derive(Clone, Debug)]
pub struct DiskOptions {
    /// What a read takes.
    pub read_latency: Range<Duration>,
    /// What a write takes.
    pub write_latency: Range<Duration>,
    /// What a sync takes.
    pub sync_latency: Range<Duration>,
    /// What operations on names and lengths take.
    pub meta_latency: Range<Duration>,
    /// Space in bytes; `None` for no limit.
    pub capacity: Option<u64>,
    /// Whether files can be opened for direct I/O; if not, opening one so is EINVAL, as on tmpfs of old.
    pub direct_supported: bool,
}

impl Default for DiskOptions {
    fn default() -> DiskOptions {
        let micros = Duration::from_micros;
        DiskOptions {
            read_latency: micros(20)..micros(200),
            write_latency: micros(20)..micros(300),
            sync_latency: micros(50)..micros(2_000),
            meta_latency: micros(5)..micros(100),
            capacity: None,
            direct_supported: true,
        }
    }
}

/// What a disk has done since the start of the simulation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DiskCounters {
    /// Operations submitted.
    pub operations: u64,
    /// Bytes asked for by reads.
    pub bytes_read: u64,
    /// Bytes handed to writes.
    pub bytes_written: u64,
    /// Syncs of files, directories and file systems, and durable writes.
    pub syncs: u64,
    /// Faults injected.
    pub faults: u64,
}

/// Damage that a fault did to bytes at rest, for an oracle that must tell it from a loss.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// The first byte that is not what it was meant to be.
    pub position: u64,
    /// How many bytes.
    pub length: u64,
}
pub(crate) struct InFlight {
    pub(crate) path: Rc<Path>,
    pub(crate) hold: Option<Hold>,
    pub(crate) fault: Option<Fault>,
    pub(crate) sync_point: SyncPoint,
    pub(crate) change_mark: u64,
    pub(crate) request: Option<Request>,
    pub(crate) reply: Option<Reply>,
    pub(crate) sender: oneshot::Sender<Reply>,
}

pub(crate) struct State {
    pub(crate) tree: Tree,
    pub(crate) options: DiskOptions,
    pub(crate) faults: Faults,
    pub(crate) random: SimRng,
    pub(crate) in_flight: BTreeMap<u64, InFlight>,
    pub(crate) next_operation: u64,
    pub(crate) counters: DiskCounters,
    pub(crate) damage: Vec<Damage>,
    pub(crate) slow: u64,
    pub(crate) ballast: u64,
    pub(crate) holds: Rc<Holds>,
    /// Syncs of the file system that have failed.
    pub(crate) filesystem_failures: u64,
}
fn os_error(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}
impl State {
    pub(crate) fn count(&mut self, request: &Request) {
        self.counters.operations += 1;
        match request {
            Request::Read { buffer, .. } => self.counters.bytes_read += buffer.len() as u64,
            Request::Write { data, durable, .. } => {
                self.counters.bytes_written += data.len() as u64;
                self.counters.syncs += u64::from(*durable);
            }
            Request::Sync | Request::SyncDir | Request::SyncFilesystem(_) => self.counters.syncs += 1,
            Request::Open(_)
            | Request::CreateDir
            | Request::ListDir
            | Request::RemoveFile
            | Request::RemoveDir
            | Request::Rename(_)
            | Request::Allocate(_)
            | Request::Truncate(_)
            | Request::Size => {}
        }
    }

    pub(crate) fn latency(&mut self, operation: Operation, fault: Option<Fault>) -> u64 {
        let range = match operation {
            Operation::Read => &self.options.read_latency,
            Operation::Write => &self.options.write_latency,
            Operation::Sync | Operation::SyncDir | Operation::SyncFilesystem => &self.options.sync_latency,
            Operation::Open
            | Operation::CreateDir
            | Operation::ListDir
            | Operation::Remove
            | Operation::Rename
            | Operation::Allocate
            | Operation::Truncate
            | Operation::Size => &self.options.meta_latency,
        };
        let drawn = self.random.within(nanos(range.start)..nanos(range.end)).max(1);
        let extra = match fault {
            Some(Fault::Delay(delay)) => nanos(delay),
            Some(
                Fault::Fail | Fault::Short | Fault::Full | Fault::Starved | Fault::Misdirect | Fault::Rot,
            )
            | None => 0,
        };
        drawn.saturating_mul(self.slow).saturating_add(extra)
    }

    pub(crate) fn used(&self) -> u64 {
        self.tree.blocks_used(|inode| self.holds.is_held(inode)) * PAGE as u64
    }

    fn has_room(&self, inode: InodeId, position: u64, length: u64) -> bool {
        let Some(capacity) = self.options.capacity else {
            return true;
        };
        let missing = self.tree.file(inode).blocks_missing(position, length) * PAGE as u64;
        missing == 0 || self.used() + self.ballast + missing <= capacity
    }

    /// Lets an operation take effect, if it has not.
    pub(crate) fn apply(&mut self, number: u64) -> bool {
        let Some(operation) = self.in_flight.get_mut(&number) else {
            return false;
        };
        let Some(request) = operation.request.take() else {
            return false;
        };
        let path = Rc::clone(&operation.path);
        let inode = operation.hold.as_ref().map(Hold::inode);
        let fault = operation.fault;
        let point = operation.sync_point.clone();
        let mark = operation.change_mark;
        self.counters.faults += u64::from(fault.is_some());
        let reply = match inode {
            Some(inode) => self.apply_to_file(number, inode, &path, request, fault, &point),
            None => self.apply_to_names(number, &path, request, fault, &point, mark),
        };
        if let Some(operation) = self.in_flight.get_mut(&number) {
            operation.reply = Some(reply);
        }
        true
    }

    fn apply_to_names(
        &mut self,
        number: u64,
        path: &Path,
        request: Request,
        fault: Option<Fault>,
        point: &SyncPoint,
        mark: u64,
    ) -> Reply {
        let failed = match fault {
            Some(Fault::Full) => Some(errno::ENOSPC),
            Some(Fault::Fail | Fault::Short) => Some(errno::EIO),
            Some(Fault::Starved) => Some(errno::EMFILE),
            Some(Fault::Misdirect | Fault::Rot | Fault::Delay(_)) | None => None,
        };
        if let Some(number) = failed {
            return match request {
                Request::Open(_) => Reply::Opened(Err(os_error(number))),
                Request::ListDir => Reply::Names(Err(os_error(number))),
                Request::SyncFilesystem(heard) if number != errno::EMFILE => {
                    self.filesystem_failures += 1;
                    heard.set(self.filesystem_failures);
                    for (_, file) in self.tree.files_mut() {
                        file.fail_commit_unheard(point, &mut self.random);
                    }
                    Reply::Done(Err(os_error(number)))
                }
                _ => Reply::Done(Err(os_error(number))),
            };
        }
        match request {
            Request::Open(options) => Reply::Opened(self.open(number, path, options)),
            Request::CreateDir => Reply::Done(self.tree.create_dir_all(path)),
            Request::ListDir => Reply::Names(self.tree.list(path)),
            Request::RemoveFile => Reply::Done(self.tree.remove_file(path).map(|_| ())),
            Request::RemoveDir => Reply::Done(self.tree.remove_dir(path)),
            Request::Rename(to) => Reply::Done(self.tree.rename(path, &to)),
            Request::SyncDir => {
                let result = self.tree.sync_dir(path, mark);
                self.sweep();
                Reply::Done(result)
            }
            // It failed for another shard: what was this one's is clean now, and would not be written.
            Request::SyncFilesystem(heard) if heard.get() < self.filesystem_failures => {
                heard.set(self.filesystem_failures);
                Reply::Done(Err(os_error(errno::EIO)))
            }
            Request::SyncFilesystem(_) => {
                let result = self.tree.find(path).map(|_| ());
                self.tree.sync_all(mark);
                for (_, file) in self.tree.files_mut() {
                    file.commit(point);
                }
                self.sweep();
                Reply::Done(result)
            }
            Request::Read { .. }
            | Request::Write { .. }
            | Request::Sync
            | Request::Allocate(_)
            | Request::Truncate(_)
            | Request::Size => panic!("an operation on an open file holds its inode"),
        }
    }

    fn sweep(&mut self) {
        let holds = Rc::clone(&self.holds);
        self.tree.sweep(|inode| holds.is_held(inode));
    }

    fn open(&mut self, number: u64, path: &Path, options: OpenOptions) -> io::Result<Hold> {
        if options.direct && !self.options.direct_supported {
            return Err(os_error(errno::EINVAL));
        }
        let (inode, is_new) = self.tree.open(path, options.create, options.create_new)?;
        if options.truncate && !is_new {
            self.tree.file_mut(inode).truncate(0, number);
        }
        Ok(Hold::new(&self.holds, inode, true))
    }

    fn apply_to_file(
        &mut self,
        number: u64,
        inode: InodeId,
        path: &Path,
        request: Request,
        fault: Option<Fault>,
        point: &SyncPoint,
    ) -> Reply {
        match request {
            Request::Read { position, buffer } => self.read(inode, path, position, buffer, fault),
            Request::Write {
                position,
                data,
                durable,
            } => {
                let result = self.write(number, inode, path, position, &data, fault);
                let size = data.len() as u64;
                if durable {
                    // This operation alone, and what its pages held before it.
                    let own = SyncPoint {
                        before: number + 1,
                        in_flight: Vec::new(),
                    };
                    match &result {
                        Ok(()) => self.tree.file_mut(inode).commit_range(position, size, &own),
                        Err(_) => self.tree.file_mut(inode).forget_range(position, size, &own),
                    }
                }
                Reply::Done(result)
            }
            Request::Sync => match fault {
                Some(Fault::Fail | Fault::Short | Fault::Full) => {
                    let file = self.tree.file_mut(inode);
                    file.fail_commit(point, &mut self.random);
                    file.take_unreported();
                    Reply::Done(Err(os_error(errno::EIO)))
                }
                Some(Fault::Starved | Fault::Misdirect | Fault::Rot | Fault::Delay(_)) | None => {
                    let file = self.tree.file_mut(inode);
                    file.commit(point);
                    Reply::Done(if file.take_unreported() {
                        Err(os_error(errno::EIO))
                    } else {
                        Ok(())
                    })
                }
            },
            Request::Allocate(length) => Reply::Done(match fault {
                Some(Fault::Fail | Fault::Short) => Err(os_error(errno::EIO)),
                Some(Fault::Full) => Err(os_error(errno::ENOSPC)),
                Some(Fault::Starved | Fault::Misdirect | Fault::Rot | Fault::Delay(_)) | None => {
                    if self.has_room(inode, 0, length) {
                        self.tree.file_mut(inode).allocate(length, number);
                        Ok(())
                    } else {
                        Err(os_error(errno::ENOSPC))
                    }
                }
            }),
            Request::Truncate(length) => Reply::Done(match fault {
                Some(Fault::Fail | Fault::Short | Fault::Full) => Err(os_error(errno::EIO)),
                Some(Fault::Starved | Fault::Misdirect | Fault::Rot | Fault::Delay(_)) | None => {
                    self.tree.file_mut(inode).truncate(length, number);
                    Ok(())
                }
            }),
            Request::Size => Reply::Size(match fault {
                Some(Fault::Fail | Fault::Short | Fault::Full) => Err(os_error(errno::EIO)),
                Some(Fault::Starved | Fault::Misdirect | Fault::Rot | Fault::Delay(_)) | None => {
                    Ok(self.tree.file(inode).length())
                }
            }),
            Request::Open(_)
            | Request::CreateDir
            | Request::ListDir
            | Request::RemoveFile
            | Request::RemoveDir
            | Request::Rename(_)
            | Request::SyncDir
            | Request::SyncFilesystem(_) => panic!("an operation on names holds no inode"),
        }
    }

    fn read(
        &mut self,
        inode: InodeId,
        path: &Path,
        position: u64,
        mut buffer: AlignedBuf,
        fault: Option<Fault>,
    ) -> Reply {
        let size = buffer.len() as u64;
        let length = self.tree.file(inode).length();
        match fault {
            Some(Fault::Fail | Fault::Short | Fault::Full) => {
                return Reply::Read(Err(os_error(errno::EIO)), buffer);
            }
            Some(Fault::Misdirect) => {
                let (other, at) = self.elsewhere(inode, position);
                let count = usize::try_from(length.saturating_sub(position)).unwrap_or(usize::MAX);
                let count = count.min(buffer.len());
                self.tree.file(other).read(at, &mut buffer[..count]);
                return Reply::Read(Ok(count), buffer);
            }
            Some(Fault::Rot) if position < length => {
                let at = self.random.within(position..length.min(position + size));
                self.tree.file_mut(inode).flip(at, &mut self.random);
                self.damaged(path, at, 1);
            }
            Some(Fault::Starved | Fault::Rot | Fault::Delay(_)) | None => {}
        }
        let count = self.tree.file(inode).read(position, &mut buffer);
        Reply::Read(Ok(count), buffer)
    }

    fn write(
        &mut self,
        number: u64,
        inode: InodeId,
        path: &Path,
        position: u64,
        data: &[u8],
        fault: Option<Fault>,
    ) -> io::Result<()> {
        let error = match fault {
            Some(Fault::Fail | Fault::Short) => Some(errno::EIO),
            Some(Fault::Full) => Some(errno::ENOSPC),
            Some(Fault::Starved | Fault::Misdirect | Fault::Rot | Fault::Delay(_)) | None => {
                (!self.has_room(inode, position, data.len() as u64)).then_some(errno::ENOSPC)
            }
        };
        if let Some(error) = error {
            // A device that gives up has written what it has written; a full one takes no new pages.
            if fault.is_some() && error == errno::EIO && (fault == Some(Fault::Short) || self.random.coin()) {
                self.write_part(number, inode, position, data);
            }
            return Err(os_error(error));
        }
        if fault == Some(Fault::Misdirect) {
            let (other, at) = self.elsewhere(inode, position);
            let room = self.tree.file(other).length().saturating_sub(at);
            let count = usize::try_from(room).unwrap_or(usize::MAX).min(data.len());
            self.tree.file_mut(other).write(at, &data[..count], number);
            let found = self.tree.files().into_iter().find(|(_, inode)| *inode == other);
            if let Some((path, _)) = found {
                self.damaged(Path::new(&path), at, count as u64);
            }
            self.damaged(path, position, data.len() as u64);
            // The file is as long as it would be; the place that was meant holds what it held.
            let end = position + data.len() as u64;
            if end > self.tree.file(inode).length() {
                self.tree.file_mut(inode).allocate(end, number);
            }
            return Ok(());
        }
        self.tree.file_mut(inode).write(position, data, number);
        if fault == Some(Fault::Rot) && !data.is_empty() {
            let at = position + self.random.below(data.len() as u64);
            self.tree.file_mut(inode).flip(at, &mut self.random);
            self.damaged(path, at, 1);
        }
        Ok(())
    }

    /// Writes some whole sectors from the front of `data`, not all of them.
    fn write_part(&mut self, number: u64, inode: InodeId, position: u64, data: &[u8]) {
        let sectors = data.len().div_ceil(SECTOR);
        if sectors > 0 {
            let count = self.random.index(sectors) * SECTOR;
            self.tree.file_mut(inode).write(position, &data[..count], number);
        }
    }

    /// A page of this file or of another one that is not the one meant.
    fn elsewhere(&mut self, inode: InodeId, position: u64) -> (InodeId, u64) {
        let files = self.tree.files();
        let other = if files.is_empty() || self.random.coin() {
            inode
        } else {
            files[self.random.index(files.len())].1
        };
        let pages = self.tree.file(other).length().div_ceil(PAGE as u64).max(1);
        let mut page = self.random.below(pages);
        if other == inode && page == position / PAGE as u64 {
            page = (page + 1) % pages;
        }
        (other, page * PAGE as u64)
    }

    fn damaged(&mut self, path: &Path, position: u64, length: u64) {
        self.damage.push(Damage {
            path: path.to_owned(),
            position,
            length,
        });
    }

    /// Ends the process: what is in flight lands, in whole, in part, or not at all, in any order.
    pub(crate) fn abandon(&mut self) -> (BTreeMap<u64, InFlight>, Rc<Holds>) {
        let mut numbers: Vec<u64> = self.in_flight.keys().copied().collect();
        while !numbers.is_empty() {
            let number = numbers.swap_remove(self.random.index(numbers.len()));
            match self.random.below(3) {
                0 => {}
                1 => {
                    self.apply(number);
                }
                _ => self.apply_in_part(number),
            }
        }
        let dropped = std::mem::take(&mut self.in_flight);
        // What the old process held open, it holds no more.
        let holds = std::mem::take(&mut self.holds);
        self.sweep();
        (dropped, holds)
    }

    fn apply_in_part(&mut self, number: u64) {
        let Some(operation) = self.in_flight.get(&number) else {
            return;
        };
        let (Some(Request::Write { position, data, .. }), Some(hold)) = (&operation.request, &operation.hold)
        else {
            return;
        };
        let (position, data, inode) = (*position, data.clone(), hold.inode());
        if self.has_room(inode, position, data.len() as u64) {
            self.write_part(number, inode, position, &data);
        }
    }
}
