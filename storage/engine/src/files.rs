//! The open segment files: a bounded number, the least recently used closed first.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use corelog_model::Offset;
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::{DiskError, File, Handle, OpenOptions};

use crate::hash::Map;
use crate::journal::core::PartitionKey;
use crate::journal::reader::LOOKS;

type FileKey = (PartitionKey, Offset);

/// Reads a page of `file`, at `path`, that is to be written again with something added; returns how many bytes of it
/// there are. Nothing tells whether the bytes are of the page that was meant, and those of another one would take the
/// place of what is there. So two reads must agree.
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
        operation: "read",
        path: path.to_owned(),
        source: std::io::ErrorKind::InvalidData.into(),
    })
}

#[derive(Default)]
struct Inner {
    open: Map<FileKey, (Rc<dyn File>, u64)>,
    by_use: BTreeMap<u64, FileKey>,
    next_use: u64,
}

impl Inner {
    fn touch(&mut self, key: FileKey) -> Option<Rc<dyn File>> {
        let now = self.next_use;
        let (file, last_use) = self.open.get_mut(&key)?;
        let file = Rc::clone(file);
        self.by_use.remove(last_use);
        *last_use = now;
        self.next_use += 1;
        self.by_use.insert(now, key);
        Some(file)
    }

    fn insert(&mut self, key: FileKey, file: Rc<dyn File>, open_max: usize) {
        if let Some((_, last_use)) = self.open.remove(&key) {
            self.by_use.remove(&last_use);
        }
        while self.open.len() >= open_max.max(1) {
            let Some((_, oldest)) = self.by_use.pop_first() else {
                break;
            };
            self.open.remove(&oldest);
        }
        self.open.insert(key, (file, self.next_use));
        self.by_use.insert(self.next_use, key);
        self.next_use += 1;
    }
}

/// See the module.
pub(crate) struct Files {
    handle: Handle,
    direct: bool,
    open_max: usize,
    inner: RefCell<Inner>,
}

impl Files {
    /// At most `open_max` files, opened `direct` or not.
    pub(crate) fn new(handle: Handle, direct: bool, open_max: usize) -> Files {
        Files {
            handle,
            direct,
            open_max,
            inner: RefCell::default(),
        }
    }

    /// The segment `base` of a partition, opened if it is not; created if it is missing and `create` is given.
    pub(crate) async fn get(
        &self,
        key: PartitionKey,
        base: Offset,
        path: &Path,
        create: bool,
    ) -> Result<Rc<dyn File>, DiskError> {
        let cached = self.inner.borrow_mut().touch((key, base));
        if let Some(file) = cached {
            return Ok(file);
        }
        let options = OpenOptions {
            write: true,
            create,
            direct: self.direct,
            ..OpenOptions::default()
        };
        let file = self.handle.disk.open(path, options).await?;
        self.inner
            .borrow_mut()
            .insert((key, base), Rc::clone(&file), self.open_max);
        Ok(file)
    }

    /// Closes a segment's file, if it is open.
    pub(crate) fn forget(&self, key: PartitionKey, base: Offset) {
        let mut inner = self.inner.borrow_mut();
        if let Some((_, last_use)) = inner.open.remove(&(key, base)) {
            inner.by_use.remove(&last_use);
        }
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.inner.borrow().open.len()
    }
}
