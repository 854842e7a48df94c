//! A file's content: what is durable, and what was written since.
//!
//! Invariants:
//! - What a read sees of a page is its newest version, or the durable content if it has none.
//! - A page's versions are in the order in which they took effect; each is the whole page as it then was.
//! - Only `commit` moves a version to the durable state, and only one that a sync covers.

use std::collections::BTreeMap;
use std::rc::Rc;

use corelog_runtime::buffer::PAGE;

use crate::rng::SimRng;

/// The unit in which a device tears a write, in bytes.
pub(crate) const SECTOR: usize = 512;
/// Versions of a page that are remembered; with more, the oldest are forgotten as possible outcomes of a crash.
const VERSIONS_MAX: usize = 8;
const ZEROS: [u8; PAGE] = [0; PAGE];

/// A page's bytes; `None` is a page of zeros.
pub(crate) type Content = Option<Rc<[u8; PAGE]>>;

fn bytes_of(content: &Content) -> &[u8; PAGE] {
    content.as_deref().unwrap_or(&ZEROS)
}

/// Which operations a sync covers: those submitted before it and complete when it was submitted.
#[derive(Clone, Debug)]
pub(crate) struct SyncPoint {
    /// The number of the sync itself.
    pub(crate) before: u64,
    /// Operations that were in flight at its submission.
    pub(crate) in_flight: Vec<u64>,
}

impl SyncPoint {
    fn covers(&self, operation: u64) -> bool {
        operation < self.before && !self.in_flight.contains(&operation)
    }
}

#[derive(Clone)]
struct Version {
    operation: u64,
    content: Content,
    /// Cleared by a sync that failed: the kernel holds the page for clean and no later sync writes it.
    flushable: bool,
}

struct Length {
    operation: u64,
    bytes: u64,
    flushable: bool,
}

/// How unsynced state fares in one crash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Survival {
    /// All of it is gone.
    Nothing,
    /// All of it is there.
    Everything,
    /// Each page, length and directory entry on its own is old or new.
    Pages,
    /// Each 512-byte sector on its own is old or one of the versions written since.
    Sectors,
}

/// A file.
#[derive(Default)]
pub(crate) struct FileNode {
    durable: Vec<Content>,
    dirty: BTreeMap<usize, Vec<Version>>,
    durable_length: u64,
    lengths: Vec<Length>,
    /// Writing it back failed, and no sync of this file has said so.
    unreported: bool,
    /// Pages that hold space, by page number.
    blocks: Vec<bool>,
    block_count: u64,
}

fn page_of(position: u64) -> usize {
    usize::try_from(position / PAGE as u64).expect("a simulated file fits the memory")
}

fn pages_for(length: u64) -> usize {
    usize::try_from(length.div_ceil(PAGE as u64)).expect("a simulated file fits the memory")
}

impl FileNode {
    pub(crate) fn length(&self) -> u64 {
        self.lengths
            .last()
            .map_or(self.durable_length, |length| length.bytes)
    }

    /// Pages of space that it holds.
    pub(crate) fn block_count(&self) -> u64 {
        self.block_count
    }

    /// Pages of space that writing or reserving `range` would newly take.
    pub(crate) fn blocks_missing(&self, position: u64, length: u64) -> u64 {
        let missing = (page_of(position)..pages_for(position + length))
            .filter(|page| !self.blocks.get(*page).copied().unwrap_or(false))
            .count();
        missing as u64
    }

    fn take_blocks(&mut self, position: u64, length: u64) {
        let end = pages_for(position + length);
        if self.blocks.len() < end {
            self.blocks.resize(end, false);
        }
        for block in &mut self.blocks[page_of(position)..end] {
            if !*block {
                *block = true;
                self.block_count += 1;
            }
        }
    }

    fn content(&self, page: usize) -> &Content {
        match self.dirty.get(&page).and_then(|versions| versions.last()) {
            Some(version) => &version.content,
            None => self.durable.get(page).unwrap_or(&None),
        }
    }

    /// Copies what is there from `position` on into `target`; returns how many bytes.
    pub(crate) fn read(&self, position: u64, target: &mut [u8]) -> usize {
        let left = self.length().saturating_sub(position);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(target.len());
        let mut done = 0;
        while done < count {
            let at = position + done as u64;
            let within = usize::try_from(at % PAGE as u64).expect("below a page");
            let piece = (PAGE - within).min(count - done);
            let content = bytes_of(self.content(page_of(at)));
            target[done..done + piece].copy_from_slice(&content[within..within + piece]);
            done += piece;
        }
        count
    }

    /// Writes `data` into the volatile state and grows the file if need be.
    pub(crate) fn write(&mut self, position: u64, data: &[u8], operation: u64) {
        if data.is_empty() {
            return;
        }
        let size = data.len() as u64;
        self.take_blocks(position, size);
        let mut done = 0;
        while done < data.len() {
            let at = position + done as u64;
            let within = usize::try_from(at % PAGE as u64).expect("below a page");
            let piece = (PAGE - within).min(data.len() - done);
            self.write_page(page_of(at), within, &data[done..done + piece], operation);
            done += piece;
        }
        if position + size > self.length() {
            self.set_length(position + size, operation);
        }
    }

    fn write_page(&mut self, page: usize, within: usize, data: &[u8], operation: u64) {
        let mut fresh = *bytes_of(self.content(page));
        fresh[within..within + data.len()].copy_from_slice(data);
        let content = (fresh != ZEROS).then(|| Rc::new(fresh));
        self.push_version(page, content, operation);
    }

    fn push_version(&mut self, page: usize, content: Content, operation: u64) {
        let versions = self.dirty.entry(page).or_default();
        if versions.len() == VERSIONS_MAX {
            versions.remove(0);
        }
        versions.push(Version {
            operation,
            content,
            flushable: true,
        });
    }

    fn set_length(&mut self, bytes: u64, operation: u64) {
        if self.lengths.len() == VERSIONS_MAX {
            self.lengths.remove(0);
        }
        self.lengths.push(Length {
            operation,
            bytes,
            flushable: true,
        });
    }

    /// Reserves space up to `length` and grows the file to it.
    pub(crate) fn allocate(&mut self, length: u64, operation: u64) {
        self.take_blocks(0, length);
        if length > self.length() {
            self.set_length(length, operation);
        }
    }

    /// Sets the length; what is cut off reads as zeros should the file grow again.
    pub(crate) fn truncate(&mut self, length: u64, operation: u64) {
        let keep = pages_for(length);
        let within = usize::try_from(length % PAGE as u64).expect("below a page");
        let known = self
            .durable
            .len()
            .max(self.dirty.last_key_value().map_or(0, |(page, _)| page + 1));
        if length < self.length() {
            if within > 0 && self.content(keep - 1).is_some() {
                let zeros = vec![0; PAGE - within];
                self.write_page(keep - 1, within, &zeros, operation);
            }
            for page in keep..known {
                if self.content(page).is_some() {
                    self.push_version(page, None, operation);
                }
            }
            let freed = self.blocks.iter().skip(keep).filter(|block| **block).count();
            self.block_count -= freed as u64;
            self.blocks.truncate(keep);
        }
        self.set_length(length, operation);
    }

    /// Makes durable what `point` covers.
    pub(crate) fn commit(&mut self, point: &SyncPoint) {
        let pages: Vec<usize> = self.dirty.keys().copied().collect();
        for page in pages {
            self.commit_page(page, point);
        }
        self.commit_length(point);
    }

    /// Makes durable what `point` covers of the pages that `position..position + length` touches, and the length.
    pub(crate) fn commit_range(&mut self, position: u64, length: u64, point: &SyncPoint) {
        for page in page_of(position)..pages_for(position + length) {
            self.commit_page(page, point);
        }
        self.commit_length(point);
    }

    fn commit_length(&mut self, point: &SyncPoint) {
        let covered = |length: &Length| length.flushable && point.covers(length.operation);
        if let Some(last) = self.lengths.iter().rposition(covered) {
            self.durable_length = self.lengths[last].bytes;
            self.lengths.drain(..=last);
        }
    }

    fn commit_page(&mut self, page: usize, point: &SyncPoint) {
        let Some(versions) = self.dirty.get_mut(&page) else {
            return;
        };
        let covered = |version: &Version| version.flushable && point.covers(version.operation);
        let Some(last) = versions.iter().rposition(covered) else {
            return;
        };
        let version = versions
            .drain(..=last)
            .next_back()
            .expect("at least the one found");
        let emptied = versions.is_empty();
        if emptied {
            self.dirty.remove(&page);
        }
        self.set_durable(page, version.content);
    }

    fn set_durable(&mut self, page: usize, content: Content) {
        if self.durable.len() <= page {
            if content.is_none() {
                return;
            }
            self.durable.resize(page + 1, None);
        }
        self.durable[page] = content;
    }

    /// What a failed sync leaves behind: some of the pages durable, the others clean in the kernel's eyes, so that
    /// no later sync writes them.
    pub(crate) fn fail_commit(&mut self, point: &SyncPoint, random: &mut SimRng) {
        let pages: Vec<usize> = self.dirty.keys().copied().collect();
        for page in pages {
            if random.coin() {
                self.commit_page(page, point);
            } else {
                self.forget_page(page, point);
            }
        }
        if random.coin() {
            self.commit_length(point);
        }
        for length in &mut self.lengths {
            if point.covers(length.operation) {
                length.flushable = false;
            }
        }
    }

    /// The same by a sync of the file system, which reports for all files; the next sync of this one will for it.
    pub(crate) fn fail_commit_unheard(&mut self, point: &SyncPoint, random: &mut SimRng) {
        self.unreported |= self.is_dirty();
        self.fail_commit(point, random);
    }

    /// Whether a failure to write the file back is still to be reported; it is, once.
    pub(crate) fn take_unreported(&mut self) -> bool {
        std::mem::take(&mut self.unreported)
    }

    /// The same for the pages of one durable write that failed.
    pub(crate) fn forget_range(&mut self, position: u64, length: u64, point: &SyncPoint) {
        for page in page_of(position)..pages_for(position + length) {
            self.forget_page(page, point);
        }
    }

    fn forget_page(&mut self, page: usize, point: &SyncPoint) {
        for version in self.dirty.get_mut(&page).into_iter().flatten() {
            if point.covers(version.operation) {
                version.flushable = false;
            }
        }
    }

    /// The kernel evicts clean pages: those that a failed sync forgot are read from the device again, old.
    pub(crate) fn evict(&mut self) {
        self.dirty.retain(|_, versions| {
            if versions.iter().all(|version| !version.flushable) {
                versions.clear();
            }
            !versions.is_empty()
        });
    }

    /// Whether anything waits for a sync.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty() || !self.lengths.is_empty()
    }

    /// Loses power: each unsynced page and length becomes one of what it was and what it was to be.
    pub(crate) fn crash(&mut self, survival: Survival, random: &mut SimRng) {
        for (page, versions) in std::mem::take(&mut self.dirty) {
            let old = self.durable.get(page).cloned().flatten();
            let kept = outcome(old, &versions, survival, random);
            self.set_durable(page, kept);
        }
        self.unreported = false;
        let lengths = std::mem::take(&mut self.lengths);
        let chosen = match survival {
            Survival::Nothing => 0,
            Survival::Everything => lengths.len(),
            Survival::Pages | Survival::Sectors => random.index(lengths.len() + 1),
        };
        if let Some(index) = chosen.checked_sub(1) {
            self.durable_length = lengths[index].bytes;
        }
        // Bytes beyond the end are gone: a file that grows again reads zeros there.
        let within = usize::try_from(self.durable_length % PAGE as u64).expect("below a page");
        self.durable.truncate(pages_for(self.durable_length));
        if within > 0
            && let Some(Some(last)) = self.durable.get_mut(page_of(self.durable_length))
        {
            Rc::make_mut(last)[within..].fill(0);
        }
        self.blocks.resize(pages_for(self.durable_length), false);
        self.block_count = self.blocks.iter().filter(|block| **block).count() as u64;
    }

    /// Flips one bit of a random byte in what is at rest; returns its position, or `None` if the file is empty.
    pub(crate) fn rot(&mut self, random: &mut SimRng) -> Option<u64> {
        if self.length() == 0 {
            return None;
        }
        let position = random.below(self.length());
        self.flip(position, random);
        Some(position)
    }

    /// Flips one bit of the byte at `position`, in the durable content and in whatever was written over it.
    pub(crate) fn flip(&mut self, position: u64, random: &mut SimRng) {
        let page = page_of(position);
        let within = usize::try_from(position % PAGE as u64).expect("below a page");
        let bit = 1u8 << random.below(8);
        if self.durable.len() <= page {
            self.durable.resize(page + 1, None);
        }
        let damage = |content: &mut Content| {
            let mut bytes = *bytes_of(content);
            bytes[within] ^= bit;
            *content = Some(Rc::new(bytes));
        };
        damage(&mut self.durable[page]);
        if let Some(version) = self.dirty.get_mut(&page).and_then(|versions| versions.last_mut()) {
            damage(&mut version.content);
        }
    }
}

fn outcome(old: Content, versions: &[Version], survival: Survival, random: &mut SimRng) -> Content {
    let newest = || {
        versions
            .last()
            .map_or_else(|| old.clone(), |version| version.content.clone())
    };
    match survival {
        Survival::Nothing => old,
        Survival::Everything => newest(),
        Survival::Pages => match random.index(versions.len() + 1) {
            0 => old,
            chosen => versions[chosen - 1].content.clone(),
        },
        Survival::Sectors => {
            let mut torn = *bytes_of(&old);
            for start in (0..PAGE).step_by(SECTOR) {
                let sector = start..start + SECTOR;
                if let Some(index) = random.index(versions.len() + 1).checked_sub(1) {
                    let source = bytes_of(&versions[index].content);
                    torn[sector.clone()].copy_from_slice(&source[sector]);
                }
            }
            (torn != ZEROS).then(|| Rc::new(torn))
        }
    }
}
