//! An LRU cache of open segment files. Its bound is one of descriptors: a file that was evicted counts until its last
//! reader has closed it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::descriptors::BRIEF_OPENS_MAX;
use corelog_runtime::local::{Notify, Semaphore};
use corelog_runtime::{DiskError, File, Handle, IoCause, IoOperation, OpenOptions};

use crate::format::names::SegmentName;
use crate::hash::Map;
use crate::journal::core::PartitionKey;
use crate::journal::reader::LOOKS;

type FileKey = (PartitionKey, SegmentName);

/// Reads a page of `file`, at `path`, that is to be written again with something added; returns how many bytes of it
/// there are. A read that went astray would bring another page's bytes, without a checksum to tell, and they would
/// then overwrite this page. So two reads must agree.
///
/// # Errors
/// The disk's, or `InvalidData` if no two of [`LOOKS`] reads agree.
pub(crate) async fn read_page(
    file: &Rc<dyn File>,
    path: &Path,
    position: u64,
) -> Result<(usize, AlignedBuf), DiskError> {
    let mut seen: Vec<(usize, AlignedBuf)> = Vec::new();
    for _ in 0..LOOKS {
        let (read, page) = file.read_at(position, AlignedBuf::zeroed(PAGE)).await;
        let read = read?;
        if seen
            .iter()
            .any(|(length, other)| *length == read && other[..] == page[..])
        {
            return Ok((read, page));
        }
        seen.push((read, page));
    }
    Err(DiskError {
        operation: IoOperation::Read,
        path: path.to_owned(),
        source: std::io::ErrorKind::InvalidData.into(),
    })
}

/// How many segments are closed or removed at a time.
const CHANGES_MAX: usize = 16;
/// How often an open is tried that finds no descriptor; each time an idle file is closed before.
const OPEN_ATTEMPTS: u32 = 3;
/// The first pause between two tries; each later one is ten times as long.
const OPEN_PAUSE: Duration = Duration::from_millis(1);

/// The count of open files. It includes those that were evicted and are still read or written.
#[derive(Default)]
struct Slots {
    taken: Cell<usize>,
    freed: Notify,
}

/// A permit for one open file.
struct Slot(Rc<Slots>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.taken.set(self.0.taken.get() - 1);
        self.0.freed.notify_all();
    }
}

/// A file in the table.
struct Entry {
    file: Rc<dyn File>,
    _slot: Slot,
}

/// A segment file in use. Whoever holds it keeps a descriptor from others.
pub(crate) struct OpenFile {
    entry: Rc<Entry>,
    slots: Rc<Slots>,
}

impl Deref for OpenFile {
    type Target = Rc<dyn File>;

    fn deref(&self) -> &Rc<dyn File> {
        &self.entry.file
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        // It may be idle now, and then it may be closed for another one. Who waits looks after this has returned.
        self.slots.freed.notify_all();
    }
}

#[derive(Default)]
struct Inner {
    open: Map<FileKey, (Rc<Entry>, u64)>,
    by_use: BTreeMap<u64, FileKey>,
    next_use: u64,
}

impl Inner {
    fn touch(&mut self, key: FileKey) -> Option<Rc<Entry>> {
        let now = self.next_use;
        let (file, last_use) = self.open.get_mut(&key)?;
        let file = Rc::clone(file);
        self.by_use.remove(last_use);
        *last_use = now;
        self.next_use += 1;
        self.by_use.insert(now, key);
        Some(file)
    }

    fn insert(&mut self, key: FileKey, file: Rc<Entry>) {
        if let Some((_, last_use)) = self.open.remove(&key) {
            self.by_use.remove(&last_use);
        }
        self.open.insert(key, (file, self.next_use));
        self.by_use.insert(self.next_use, key);
        self.next_use += 1;
    }

    /// Takes out the file that nobody has used for longest and nobody uses now.
    fn take_idle(&mut self) -> Option<Rc<Entry>> {
        let is_idle = |key: &FileKey| {
            let file = self.open.get(key);
            file.is_some_and(|(file, _)| Rc::strong_count(file) == 1)
        };
        let found = self.by_use.iter().find(|(_, key)| is_idle(key));
        let (last_use, key) = found.map(|(last_use, key)| (*last_use, *key))?;
        self.by_use.remove(&last_use);
        self.open.remove(&key).map(|(file, _)| file)
    }
}

/// See the module.
pub(crate) struct Files {
    handle: Handle,
    direct: bool,
    open_max: usize,
    slots: Rc<Slots>,
    inner: RefCell<Inner>,
    /// Taken for an index or a directory that is open for a moment: none of those counts among the segment files.
    pub(crate) brief_opens: Semaphore,
    /// Taken to close or remove a segment: retention may want that of every partition at once.
    pub(crate) changes: Semaphore,
}

impl Files {
    /// At most `open_max` files, one at least, opened `direct` or not.
    pub(crate) fn new(handle: Handle, direct: bool, open_max: usize) -> Files {
        Files {
            handle,
            direct,
            open_max: open_max.max(1),
            slots: Rc::default(),
            inner: RefCell::default(),
            brief_opens: Semaphore::new(BRIEF_OPENS_MAX),
            changes: Semaphore::new(CHANGES_MAX),
        }
    }

    /// The segment `name` of a partition, opened if it is not; created if it is missing and `create` is given. Waits
    /// while the bound's number of files is in use, so a caller that holds one must not ask for another.
    pub(crate) async fn get(
        &self,
        key: PartitionKey,
        name: SegmentName,
        path: &Path,
        create: bool,
    ) -> Result<OpenFile, DiskError> {
        let slot = loop {
            let freed = self.slots.freed.notified();
            let cached = self.inner.borrow_mut().touch((key, name));
            if let Some(entry) = cached {
                return Ok(self.in_use(entry));
            }
            match self.take_slot() {
                Some(slot) => break slot,
                None => freed.await,
            }
        };
        let options = OpenOptions {
            write: true,
            create,
            direct: self.direct,
            ..OpenOptions::default()
        };
        let entry = Rc::new(Entry {
            file: self.open(path, options).await?,
            _slot: slot,
        });
        self.inner.borrow_mut().insert((key, name), Rc::clone(&entry));
        Ok(self.in_use(entry))
    }

    fn in_use(&self, entry: Rc<Entry>) -> OpenFile {
        OpenFile {
            entry,
            slots: Rc::clone(&self.slots),
        }
    }

    /// Opens a file. If the process has no descriptor left, it gives up one of its own.
    async fn open(&self, path: &Path, options: OpenOptions) -> Result<Rc<dyn File>, DiskError> {
        let mut pause = OPEN_PAUSE;
        for _ in 1..OPEN_ATTEMPTS {
            match self.handle.disk.open(path, options).await {
                Err(error) if error.cause() == IoCause::Descriptors => {}
                opened => return opened,
            }
            drop(self.close_idle());
            self.handle
                .clock
                .sleep_until(self.handle.clock.now() + pause)
                .await;
            pause *= 10;
        }
        self.handle.disk.open(path, options).await
    }

    /// A place for one more file, for which an idle one is closed if need be.
    fn take_slot(&self) -> Option<Slot> {
        if self.slots.taken.get() >= self.open_max {
            drop(self.close_idle());
        }
        // INV-10: so many descriptors and no more.
        if self.slots.taken.get() >= self.open_max {
            return None;
        }
        self.slots.taken.set(self.slots.taken.get() + 1);
        Some(Slot(Rc::clone(&self.slots)))
    }

    fn close_idle(&self) -> Option<Rc<Entry>> {
        self.inner.borrow_mut().take_idle()
    }

    /// Closes a segment's file, if it is open.
    pub(crate) fn forget(&self, key: PartitionKey, name: SegmentName) {
        let mut inner = self.inner.borrow_mut();
        let forgotten = inner.open.remove(&(key, name));
        if let Some((_, last_use)) = &forgotten {
            inner.by_use.remove(last_use);
        }
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.slots.taken.get()
    }
}
