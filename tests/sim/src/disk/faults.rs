//! What can go wrong with an operation, by chance or by script.

use std::time::Duration;

use corelog_runtime::IoOperation;

use crate::rng::SimRng;

/// The operations that a fault can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Opening a file.
    Open,
    /// Making directories.
    CreateDir,
    /// Listing a directory.
    ListDir,
    /// Unlinking a file or directory.
    Remove,
    /// Renaming.
    Rename,
    /// Syncing a directory.
    SyncDir,
    /// Syncing the file system.
    SyncFilesystem,
    /// Reading.
    Read,
    /// Writing, durably or not.
    Write,
    /// Syncing a file.
    Sync,
    /// Reserving space.
    Allocate,
    /// Setting a length.
    Truncate,
    /// Asking for a length.
    Size,
}

impl Operation {
    /// What a [`corelog_runtime::DiskError`] calls it.
    pub fn of_seam(self) -> IoOperation {
        match self {
            Operation::Open => IoOperation::Open,
            Operation::CreateDir => IoOperation::MakeDirectory,
            Operation::ListDir => IoOperation::List,
            Operation::Remove => IoOperation::Remove,
            Operation::Rename => IoOperation::Rename,
            Operation::SyncDir => IoOperation::SyncDirectory,
            Operation::SyncFilesystem => IoOperation::SyncFilesystem,
            Operation::Read => IoOperation::Read,
            Operation::Write => IoOperation::Write,
            Operation::Sync => IoOperation::Sync,
            Operation::Allocate => IoOperation::Allocate,
            Operation::Truncate => IoOperation::Truncate,
            Operation::Size => IoOperation::Status,
        }
    }

    /// Whether it needs a descriptor that it does not have yet.
    pub(crate) fn takes_descriptor(self) -> bool {
        match self {
            Operation::Open | Operation::ListDir | Operation::SyncDir | Operation::SyncFilesystem => true,
            Operation::CreateDir
            | Operation::Remove
            | Operation::Rename
            | Operation::Read
            | Operation::Write
            | Operation::Sync
            | Operation::Allocate
            | Operation::Truncate
            | Operation::Size => false,
        }
    }

    /// Its name in the trace.
    pub fn verb(self) -> &'static str {
        match self {
            Operation::Open => "open",
            Operation::CreateDir => "create directory",
            Operation::ListDir => "list directory",
            Operation::Remove => "remove",
            Operation::Rename => "rename",
            Operation::SyncDir => "sync directory",
            Operation::SyncFilesystem => "sync file system of",
            Operation::Read => "read",
            Operation::Write => "write",
            Operation::Sync => "sync",
            Operation::Allocate => "allocate",
            Operation::Truncate => "truncate",
            Operation::Size => "size",
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// EIO. Of a write, nothing or any part of its sectors lands. A sync leaves each page either durable or clean and
    /// not durable.
    Fail,
    /// EIO after a prefix of a write has landed.
    Short,
    /// ENOSPC, whatever the space.
    Full,
    /// EMFILE, of what needs a descriptor; nothing else is touched.
    Starved,
    /// A write lands at, or a read comes from, another page of the same file or another file; it reports success.
    Misdirect,
    /// One bit flips at rest within what the operation touches; it reports success.
    Rot,
    /// It takes this much longer.
    Delay(Duration),
}

/// Chances of faults, in parts per million of the operations of their kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FaultChances {
    /// Reads that fail.
    pub read_fail: u32,
    /// Reads that return another place's bytes.
    pub read_misdirect: u32,
    /// Reads that find a bit flipped.
    pub read_rot: u32,
    /// Writes that fail.
    pub write_fail: u32,
    /// Writes that stop half way and fail.
    pub write_short: u32,
    /// Writes that land elsewhere.
    pub write_misdirect: u32,
    /// Writes that find no room although their blocks are there, as on a file system that copies on write.
    pub write_full: u32,
    /// What needs a descriptor and finds none.
    pub starved: u32,
    /// Syncs (of files, directories, the file system) that fail.
    pub sync_fail: u32,
    /// Operations on names and lengths that fail.
    pub meta_fail: u32,
}

/// A scripted fault.
#[derive(Clone, Debug)]
pub struct FaultRule {
    /// Paths that it applies to: `*` stands for any run of characters.
    pub pattern: String,
    /// Which operation.
    pub operation: Operation,
    /// Which one of those that match, from 1.
    pub nth: u64,
    /// How many in a row from there.
    pub count: u64,
    /// What happens.
    pub fault: Fault,
}

impl FaultRule {
    /// The `nth` (from 1) `operation` on a path like `pattern` suffers `fault`.
    pub fn new(pattern: &str, operation: Operation, nth: u64, fault: Fault) -> FaultRule {
        FaultRule {
            pattern: pattern.to_owned(),
            operation,
            nth,
            count: 1,
            fault,
        }
    }
}

/// Whether `text` is like `pattern`, where `*` stands for any run of characters.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            starts.into_iter().any(|at| matches(tail, &rest[at..]))
        }),
    }
}

/// The rules in force and how often each has matched.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) chances: FaultChances,
    rules: Vec<(FaultRule, u64)>,
}

impl Faults {
    pub(crate) fn add(&mut self, rule: FaultRule) {
        assert!(rule.nth > 0, "operations are counted from 1");
        self.rules.push((rule, 0));
    }

    /// Ends the scripted faults; those by chance go on.
    pub(crate) fn clear_rules(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn clear(&mut self) {
        *self = Faults::default();
    }

    /// What befalls the next `operation` on `path`.
    pub(crate) fn draw(&mut self, operation: Operation, path: &str, random: &mut SimRng) -> Option<Fault> {
        let mut scripted = None;
        for (rule, seen) in &mut self.rules {
            if rule.operation == operation && matches(&rule.pattern, path) {
                *seen += 1;
                if *seen >= rule.nth && *seen - rule.nth < rule.count {
                    scripted = scripted.or(Some(rule.fault));
                }
            }
        }
        scripted.or_else(|| self.by_chance(operation, random))
    }

    fn by_chance(&self, operation: Operation, random: &mut SimRng) -> Option<Fault> {
        let chances = &self.chances;
        let table: &[(u32, Fault)] = match operation {
            Operation::Read => &[
                (chances.read_fail, Fault::Fail),
                (chances.read_misdirect, Fault::Misdirect),
                (chances.read_rot, Fault::Rot),
            ],
            Operation::Write => &[
                (chances.write_fail, Fault::Fail),
                (chances.write_short, Fault::Short),
                (chances.write_misdirect, Fault::Misdirect),
                (chances.write_full, Fault::Full),
            ],
            Operation::Sync | Operation::SyncDir | Operation::SyncFilesystem => {
                &[(chances.sync_fail, Fault::Fail)]
            }
            Operation::Open
            | Operation::CreateDir
            | Operation::ListDir
            | Operation::Remove
            | Operation::Rename
            | Operation::Allocate
            | Operation::Truncate
            | Operation::Size => &[(chances.meta_fail, Fault::Fail)],
        };
        if operation.takes_descriptor() && random.chance(chances.starved) {
            return Some(Fault::Starved);
        }
        table
            .iter()
            .find(|(chance, _)| random.chance(*chance))
            .map(|(_, fault)| *fault)
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_a_shell_does_without_its_slashes() {
        assert!(matches("*", ""));
        assert!(matches("*.log", "/a/b/0.log"));
        assert!(matches("/a/*/0*g", "/a/b/0.log"));
        assert!(!matches("*.log", "/a/0.index"));
        assert!(!matches("a", "ab"));
    }
}
