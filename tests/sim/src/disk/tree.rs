//! The tree of names: directories with a durable and a volatile set of entries, and a log of changes in between.
//!
//! Invariants:
//! - The volatile entries of a directory are its durable ones with the log's changes applied in order.
//! - A rename is one change: a crash leaves the old name or the new one, never both and never neither.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path};

use crate::rng::SimRng;

use super::pages::{FileNode, Survival};

/// The number of a file or directory on its disk.
pub(crate) type InodeId = u64;

pub(crate) const ROOT: InodeId = 0;

/// ENOENT and its kin, by their numbers, so that `kind` and `raw_os_error` are those of the real thing.
pub(crate) mod errno {
    pub(crate) const ENOENT: i32 = 2;
    pub(crate) const EIO: i32 = 5;
    pub(crate) const EEXIST: i32 = 17;
    pub(crate) const ENOTDIR: i32 = 20;
    pub(crate) const EISDIR: i32 = 21;
    pub(crate) const EINVAL: i32 = 22;
    pub(crate) const EMFILE: i32 = 24;
    pub(crate) const ENOSPC: i32 = 28;
    pub(crate) const EBADF: i32 = 9;
    pub(crate) const ENOTEMPTY: i32 = 39;
}

fn error(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}

#[derive(Default)]
struct Directory {
    durable: BTreeMap<String, InodeId>,
    entries: BTreeMap<String, InodeId>,
}

enum Node {
    File(FileNode),
    Directory(Directory),
}

#[derive(Clone, Debug)]
enum Change {
    Link(InodeId, String, InodeId),
    Unlink(InodeId, String),
    Rename {
        from: (InodeId, String),
        to: (InodeId, String),
        inode: InodeId,
    },
}

impl Change {
    fn touches(&self, directories: &BTreeSet<InodeId>) -> bool {
        match self {
            Change::Link(directory, ..) | Change::Unlink(directory, _) => directories.contains(directory),
            Change::Rename { from, to, .. } => directories.contains(&from.0) || directories.contains(&to.0),
        }
    }
}

/// A file system.
pub(crate) struct Tree {
    nodes: BTreeMap<InodeId, Node>,
    changes: Vec<(u64, Change)>,
    next_inode: InodeId,
    next_change: u64,
}

impl Tree {
    pub(crate) fn new() -> Tree {
        Tree {
            nodes: BTreeMap::from([(ROOT, Node::Directory(Directory::default()))]),
            changes: Vec::new(),
            next_inode: ROOT + 1,
            next_change: 0,
        }
    }

    fn names(path: &Path) -> io::Result<Vec<String>> {
        path.components()
            .filter_map(|component| match component {
                Component::RootDir | Component::CurDir => None,
                Component::Normal(name) => Some(
                    name.to_str()
                        .map(str::to_owned)
                        .ok_or_else(|| error(errno::EINVAL)),
                ),
                Component::Prefix(_) | Component::ParentDir => Some(Err(error(errno::EINVAL))),
            })
            .collect()
    }

    fn directory(&self, inode: InodeId) -> io::Result<&Directory> {
        match self.nodes.get(&inode) {
            Some(Node::Directory(directory)) => Ok(directory),
            Some(Node::File(_)) => Err(error(errno::ENOTDIR)),
            None => Err(error(errno::ENOENT)),
        }
    }

    /// The file or directory at `path`.
    pub(crate) fn find(&self, path: &Path) -> io::Result<InodeId> {
        let mut at = ROOT;
        for name in Self::names(path)? {
            at = *self
                .directory(at)?
                .entries
                .get(&name)
                .ok_or_else(|| error(errno::ENOENT))?;
        }
        Ok(at)
    }

    /// The directory that holds `path`, and the last name.
    fn find_parent(&self, path: &Path) -> io::Result<(InodeId, String)> {
        let mut names = Self::names(path)?;
        let last = names.pop().ok_or_else(|| error(errno::EINVAL))?;
        let mut at = ROOT;
        for name in names {
            at = *self
                .directory(at)?
                .entries
                .get(&name)
                .ok_or_else(|| error(errno::ENOENT))?;
        }
        self.directory(at)?;
        Ok((at, last))
    }

    pub(crate) fn is_directory(&self, inode: InodeId) -> bool {
        matches!(self.nodes.get(&inode), Some(Node::Directory(_)))
    }

    pub(crate) fn file(&self, inode: InodeId) -> &FileNode {
        match self.nodes.get(&inode) {
            Some(Node::File(file)) => file,
            Some(Node::Directory(_)) | None => panic!("inode {inode} is held as an open file"),
        }
    }

    pub(crate) fn file_mut(&mut self, inode: InodeId) -> &mut FileNode {
        match self.nodes.get_mut(&inode) {
            Some(Node::File(file)) => file,
            Some(Node::Directory(_)) | None => panic!("inode {inode} is held as an open file"),
        }
    }

    /// All files, by number.
    pub(crate) fn files_mut(&mut self) -> impl Iterator<Item = (InodeId, &mut FileNode)> {
        self.nodes.iter_mut().filter_map(|(inode, node)| match node {
            Node::File(file) => Some((*inode, file)),
            Node::Directory(_) => None,
        })
    }

    /// Names of the directories in the one at `path`, sorted; none if there is no such directory.
    pub(crate) fn directories(&self, path: &Path) -> Vec<String> {
        let found = self.find(path).and_then(|inode| self.directory(inode));
        let entries = found.iter().flat_map(|directory| &directory.entries);
        entries
            .filter(|(_, inode)| self.is_directory(**inode))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Paths and numbers of all files that have a name, sorted by path.
    pub(crate) fn files(&self) -> Vec<(String, InodeId)> {
        let mut found = Vec::new();
        let mut open = vec![(String::new(), ROOT)];
        while let Some((path, inode)) = open.pop() {
            match self.nodes.get(&inode) {
                Some(Node::File(_)) => found.push((path, inode)),
                Some(Node::Directory(directory)) => {
                    open.extend(
                        directory
                            .entries
                            .iter()
                            .map(|(name, child)| (format!("{path}/{name}"), *child)),
                    );
                }
                None => panic!("{path} has no inode"),
            }
        }
        found.sort();
        found
    }

    fn change(&mut self, change: Change) {
        apply(&mut self.nodes, &change, Side::Volatile);
        self.changes.push((self.next_change, change));
        self.next_change += 1;
    }

    fn add(&mut self, parent: InodeId, name: String, node: Node) -> InodeId {
        let inode = self.next_inode;
        self.next_inode += 1;
        self.nodes.insert(inode, node);
        self.change(Change::Link(parent, name, inode));
        inode
    }

    /// Finds the file at `path` or makes it; says whether it is new.
    pub(crate) fn open(
        &mut self,
        path: &Path,
        create: bool,
        create_new: bool,
    ) -> io::Result<(InodeId, bool)> {
        let (parent, name) = self.find_parent(path)?;
        match self.directory(parent)?.entries.get(&name) {
            Some(_) if create_new => Err(error(errno::EEXIST)),
            Some(inode) if self.is_directory(*inode) => Err(error(errno::EISDIR)),
            Some(inode) => Ok((*inode, false)),
            None if create || create_new => {
                Ok((self.add(parent, name, Node::File(FileNode::default())), true))
            }
            None => Err(error(errno::ENOENT)),
        }
    }

    pub(crate) fn create_dir_all(&mut self, path: &Path) -> io::Result<()> {
        let mut at = ROOT;
        for name in Self::names(path)? {
            at = match self.directory(at)?.entries.get(&name) {
                Some(inode) => *inode,
                None => self.add(at, name, Node::Directory(Directory::default())),
            };
        }
        self.directory(at).map(|_| ())
    }

    pub(crate) fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let inode = self.find(path)?;
        Ok(self.directory(inode)?.entries.keys().cloned().collect())
    }

    pub(crate) fn remove_file(&mut self, path: &Path) -> io::Result<InodeId> {
        let inode = self.find(path)?;
        if self.is_directory(inode) {
            return Err(error(errno::EISDIR));
        }
        let (parent, name) = self.find_parent(path)?;
        self.change(Change::Unlink(parent, name));
        Ok(inode)
    }

    pub(crate) fn remove_dir(&mut self, path: &Path) -> io::Result<()> {
        let inode = self.find(path)?;
        if !self.directory(inode)?.entries.is_empty() {
            return Err(error(errno::ENOTEMPTY));
        }
        let (parent, name) = self.find_parent(path)?;
        self.change(Change::Unlink(parent, name));
        Ok(())
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let inode = self.find(from)?;
        let from = self.find_parent(from)?;
        let to = self.find_parent(to)?;
        if from == to {
            return Ok(());
        }
        if let Some(target) = self.directory(to.0)?.entries.get(&to.1).copied() {
            match (self.is_directory(inode), self.is_directory(target)) {
                (false, true) => return Err(error(errno::EISDIR)),
                (true, false) => return Err(error(errno::ENOTDIR)),
                (true, true) if !self.directory(target)?.entries.is_empty() => {
                    return Err(error(errno::ENOTEMPTY));
                }
                (true, true) | (false, false) => {}
            }
        }
        self.change(Change::Rename { from, to, inode });
        Ok(())
    }

    /// The mark up to which a `sync_dir` submitted now reaches.
    pub(crate) fn change_mark(&self) -> u64 {
        self.next_change
    }

    /// Makes the entries of `path` durable as of `mark`, and whatever a rename ties to them.
    pub(crate) fn sync_dir(&mut self, path: &Path, mark: u64) -> io::Result<()> {
        let inode = self.find(path)?;
        self.directory(inode)?;
        let mut reached = BTreeSet::from([inode]);
        loop {
            let before = reached.len();
            for (number, change) in &self.changes {
                if let Change::Rename { from, to, .. } = change
                    && *number < mark
                    && change.touches(&reached)
                {
                    let ends = [from.0, to.0];
                    reached.extend(ends);
                }
            }
            if reached.len() == before {
                break;
            }
        }
        let (done, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.changes)
            .into_iter()
            .partition(|(number, change)| *number < mark && change.touches(&reached));
        self.changes = left;
        for (_, change) in done {
            apply(&mut self.nodes, &change, Side::Durable);
        }
        Ok(())
    }

    /// Makes all entries durable as of `mark`.
    pub(crate) fn sync_all(&mut self, mark: u64) {
        let (done, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.changes)
            .into_iter()
            .partition(|(number, _)| *number < mark);
        self.changes = left;
        for (_, change) in done {
            apply(&mut self.nodes, &change, Side::Durable);
        }
    }

    /// Whether any entry waits for a sync.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Frees files and directories that have neither a name nor a holder.
    pub(crate) fn sweep(&mut self, is_held: impl Fn(InodeId) -> bool) {
        let mut named = BTreeSet::from([ROOT]);
        for node in self.nodes.values() {
            if let Node::Directory(directory) = node {
                named.extend(directory.durable.values());
                named.extend(directory.entries.values());
            }
        }
        for (_, change) in &self.changes {
            match change {
                Change::Link(_, _, inode) | Change::Rename { inode, .. } => {
                    named.insert(*inode);
                }
                Change::Unlink(..) => {}
            }
        }
        self.nodes
            .retain(|inode, _| named.contains(inode) || is_held(*inode));
    }

    /// Pages of space held by files that still have a name or a holder.
    pub(crate) fn blocks_used(&self, is_held: impl Fn(InodeId) -> bool) -> u64 {
        let mut named = BTreeSet::new();
        for node in self.nodes.values() {
            if let Node::Directory(directory) = node {
                named.extend(directory.entries.values().copied());
            }
        }
        let held = |inode: &InodeId| named.contains(inode) || is_held(*inode);
        self.nodes
            .iter()
            .filter(|(inode, _)| held(inode))
            .map(|(_, node)| match node {
                Node::File(file) => file.block_count(),
                Node::Directory(_) => 0,
            })
            .sum()
    }

    /// Loses power.
    pub(crate) fn crash(&mut self, survival: Survival, random: &mut SimRng) {
        let changes = std::mem::take(&mut self.changes);
        // Journaling file systems keep a prefix of the changes; others may keep any of them. Both are drawn.
        let prefix = random.coin().then(|| random.index(changes.len() + 1));
        for (index, (_, change)) in changes.iter().enumerate() {
            let kept = match (survival, prefix) {
                (Survival::Nothing, _) => false,
                (Survival::Everything, _) => true,
                (Survival::Pages | Survival::Sectors, Some(end)) => index < end,
                (Survival::Pages | Survival::Sectors, None) => random.coin(),
            };
            if kept && self.has_target(change) {
                apply(&mut self.nodes, change, Side::Durable);
            }
        }
        for node in self.nodes.values_mut() {
            match node {
                Node::Directory(directory) => directory.entries.clone_from(&directory.durable),
                Node::File(file) => file.crash(survival, random),
            }
        }
        self.drop_unreachable();
    }

    /// Whether the directory that a change writes to is durably there: no file system commits a rename into a
    /// directory without the directory.
    fn has_target(&self, change: &Change) -> bool {
        let target = match change {
            Change::Link(directory, ..) | Change::Unlink(directory, _) => *directory,
            Change::Rename { from, to, .. } if from.0 == to.0 => return true,
            Change::Rename { to, .. } => to.0,
        };
        let mut open = vec![ROOT];
        while let Some(inode) = open.pop() {
            if inode == target {
                return true;
            }
            if let Some(Node::Directory(directory)) = self.nodes.get(&inode) {
                open.extend(directory.durable.values());
            }
        }
        false
    }

    fn drop_unreachable(&mut self) {
        let mut reached = BTreeSet::new();
        let mut open = vec![ROOT];
        while let Some(inode) = open.pop() {
            if reached.insert(inode)
                && let Some(Node::Directory(directory)) = self.nodes.get(&inode)
            {
                open.extend(directory.entries.values());
            }
        }
        self.nodes.retain(|inode, _| reached.contains(inode));
    }
}

#[derive(Clone, Copy)]
enum Side {
    Volatile,
    Durable,
}

fn apply(nodes: &mut BTreeMap<InodeId, Node>, change: &Change, side: Side) {
    let mut edit = |inode: InodeId, edit: &dyn Fn(&mut BTreeMap<String, InodeId>)| match nodes.get_mut(&inode)
    {
        Some(Node::Directory(directory)) => edit(match side {
            Side::Volatile => &mut directory.entries,
            Side::Durable => &mut directory.durable,
        }),
        // The directory itself did not survive; what was in it is gone with it.
        Some(Node::File(_)) | None => {}
    };
    match change {
        Change::Link(directory, name, inode) => edit(*directory, &|entries| {
            entries.insert(name.clone(), *inode);
        }),
        Change::Unlink(directory, name) => edit(*directory, &|entries| {
            entries.remove(name);
        }),
        Change::Rename { from, to, inode } => {
            edit(from.0, &|entries| {
                if entries.get(&from.1) == Some(inode) {
                    entries.remove(&from.1);
                }
            });
            edit(to.0, &|entries| {
                entries.insert(to.1.clone(), *inode);
            });
        }
    }
}
