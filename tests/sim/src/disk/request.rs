//! What is asked of a disk, what it answers, and the open files that keep their bytes alive.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use corelog_runtime::buffer::AlignedBuf;
use corelog_runtime::{DiskError, IoOperation, OpenOptions};

use super::faults::Operation;
use super::tree::{InodeId, errno};

/// Open files of one life of the process. Those of a past life count no more.
#[derive(Default)]
pub(crate) struct Holds {
    files: RefCell<BTreeMap<InodeId, u64>>,
    handles: Cell<u64>,
}

impl Holds {
    pub(crate) fn is_held(&self, inode: InodeId) -> bool {
        self.files.borrow().contains_key(&inode)
    }

    /// Files that are open.
    pub(crate) fn handle_count(&self) -> u64 {
        self.handles.get()
    }
}

/// Keeps a file's inode alive.
pub(crate) struct Hold {
    holds: Rc<Holds>,
    inode: InodeId,
    is_handle: bool,
}

impl Hold {
    pub(crate) fn new(holds: &Rc<Holds>, inode: InodeId, is_handle: bool) -> Hold {
        *holds.files.borrow_mut().entry(inode).or_default() += 1;
        holds.handles.set(holds.handles.get() + u64::from(is_handle));
        Hold {
            holds: Rc::clone(holds),
            inode,
            is_handle,
        }
    }

    pub(crate) fn inode(&self) -> InodeId {
        self.inode
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut files = self.holds.files.borrow_mut();
        let count = files.get_mut(&self.inode).expect("counted in `new`");
        *count -= 1;
        if *count == 0 {
            files.remove(&self.inode);
        }
        self.holds
            .handles
            .set(self.holds.handles.get() - u64::from(self.is_handle));
    }
}

/// What is asked of the disk.
pub(crate) enum Request {
    Open(OpenOptions),
    CreateDir,
    ListDir,
    RemoveFile,
    RemoveDir,
    Rename(PathBuf),
    SyncDir,
    /// With how many failures of such syncs whoever asks has heard of.
    SyncFilesystem(Rc<Cell<u64>>),
    Read {
        position: u64,
        buffer: AlignedBuf,
    },
    Write {
        position: u64,
        data: Bytes,
        durable: bool,
    },
    Sync,
    Allocate(u64),
    Truncate(u64),
    Size,
}

impl Request {
    pub(crate) fn operation(&self) -> Operation {
        match self {
            Request::Open(_) => Operation::Open,
            Request::CreateDir => Operation::CreateDir,
            Request::ListDir => Operation::ListDir,
            Request::RemoveFile | Request::RemoveDir => Operation::Remove,
            Request::Rename(_) => Operation::Rename,
            Request::SyncDir => Operation::SyncDir,
            Request::SyncFilesystem(_) => Operation::SyncFilesystem,
            Request::Read { .. } => Operation::Read,
            Request::Write { .. } => Operation::Write,
            Request::Sync => Operation::Sync,
            Request::Allocate(_) => Operation::Allocate,
            Request::Truncate(_) => Operation::Truncate,
            Request::Size => Operation::Size,
        }
    }

    pub(crate) fn detail(&self) -> u64 {
        match self {
            Request::Read { position, .. } | Request::Write { position, .. } => *position,
            Request::Allocate(length) | Request::Truncate(length) => *length,
            Request::Open(_)
            | Request::CreateDir
            | Request::ListDir
            | Request::RemoveFile
            | Request::RemoveDir
            | Request::Rename(_)
            | Request::SyncDir
            | Request::SyncFilesystem(_)
            | Request::Sync
            | Request::Size => 0,
        }
    }
}

/// What the disk answers.
pub(crate) enum Reply {
    Done(io::Result<()>),
    Opened(io::Result<Hold>),
    Names(io::Result<Vec<String>>),
    Size(io::Result<u64>),
    Read(io::Result<usize>, AlignedBuf),
}

impl Reply {
    pub(crate) fn failed(&self) -> bool {
        match self {
            Reply::Done(result) => result.is_err(),
            Reply::Opened(result) => result.is_err(),
            Reply::Names(result) => result.is_err(),
            Reply::Size(result) => result.is_err(),
            Reply::Read(result, _) => result.is_err(),
        }
    }
}

/// Ties an error to what was tried.
pub(crate) fn disk_error(operation: Operation, path: &Path, source: io::Error) -> DiskError {
    // What takes a descriptor for itself fails in its open, before it has done anything.
    let is_open = source.raw_os_error() == Some(errno::EMFILE);
    DiskError {
        operation: if is_open {
            IoOperation::Open
        } else {
            operation.of_seam()
        },
        path: path.to_owned(),
        source,
    }
}
