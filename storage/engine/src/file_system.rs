//! Which file system holds the data directory, and whether it copies on write.
//!
//! The journal overwrites blocks that it wrote before, which takes no space. A file system that copies on write takes
//! space for it all the same, so on a full disk commits wait until there is some. Btrfs can be told not to copy, by a
//! flag of the directory that its files inherit (FS_NOCOW_FL, `chattr +C`). It keeps no checksums of such files; our
//! formats have their own.
//!
//! Everything here blocks, as [`crate::DataDir`] does.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::IFlags;

use crate::format::names;

/// A kind of file system, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FileSystem {
    /// Btrfs.
    Btrfs,
    /// ZFS.
    Zfs,
    /// Bcachefs.
    Bcachefs,
    /// Any other, with its magic number (statfs(2)).
    Other(u64),
}

/// How the journal's files are overwritten.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Overwrites {
    /// In place.
    InPlace,
    /// Into a copy, and it may be told not to do so for new files.
    CopiedAndOptional(FileSystem),
    /// Into a copy.
    Copied(FileSystem),
}

impl FileSystem {
    /// The one that holds `path`.
    ///
    /// # Errors
    /// The kernel's.
    pub fn of(path: &Path) -> io::Result<FileSystem> {
        let magic = rustix::fs::statfs(path)?.f_type;
        Ok(FileSystem::of_magic(u64::try_from(magic).unwrap_or(0)))
    }

    fn of_magic(magic: u64) -> FileSystem {
        // linux/magic.h, and the modules' own sources for those that are not in it.
        match magic {
            0x9123_683e => FileSystem::Btrfs,
            0x2fc1_2fc1 => FileSystem::Zfs,
            0xca45_1a4e => FileSystem::Bcachefs,
            other => FileSystem::Other(other),
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            FileSystem::Btrfs => "btrfs",
            FileSystem::Zfs => "zfs",
            FileSystem::Bcachefs => "bcachefs",
            FileSystem::Other(_) => "another file system",
        }
    }
}

impl Overwrites {
    /// How those of the data directory `dir` are, or of one that is made there.
    ///
    /// # Errors
    /// The kernel's.
    pub fn of(dir: &Path) -> io::Result<Overwrites> {
        let system = FileSystem::of(dir)?;
        match system {
            FileSystem::Other(_) => Ok(Overwrites::InPlace),
            FileSystem::Zfs | FileSystem::Bcachefs => Ok(Overwrites::Copied(system)),
            FileSystem::Btrfs => Ok(match any_journal_file(&dir.join(names::JOURNAL))? {
                Some(is_copied) if is_copied => Overwrites::Copied(system),
                Some(_) => Overwrites::InPlace,
                None if is_copied(dir)? => Overwrites::CopiedAndOptional(system),
                None => Overwrites::InPlace,
            }),
        }
    }
}

/// Has the files that are made in `dir` from now on be overwritten in place, where the file system copies on write and
/// can be told so. Those that are there stay as they are.
///
/// # Errors
/// The kernel's.
pub(crate) fn overwrite_in_place(dir: &Path) -> io::Result<()> {
    if FileSystem::of(dir)? != FileSystem::Btrfs {
        return Ok(());
    }
    let file = File::open(dir)?;
    let flags = rustix::fs::ioctl_getflags(&file)?;
    if !flags.contains(IFlags::NOCOW) {
        rustix::fs::ioctl_setflags(&file, flags | IFlags::NOCOW)?;
    }
    Ok(())
}

fn is_copied(path: &Path) -> io::Result<bool> {
    let flags = rustix::fs::ioctl_getflags(File::open(path)?)?;
    Ok(!flags.contains(IFlags::NOCOW))
}

/// Whether a file of the journal is copied when it is overwritten; `None` if there is no file yet.
fn any_journal_file(dir: &Path) -> io::Result<Option<bool>> {
    let mut directories = vec![dir.to_owned()];
    let mut found = None;
    while let Some(directory) = directories.pop() {
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                directories.push(entry.path());
            } else if names::parse_journal_file(&entry.file_name().to_string_lossy()).is_some() {
                found = Some(found == Some(true) || is_copied(&entry.path())?);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_are_known_by_their_magic() {
        let known = [
            (0x9123_683e, FileSystem::Btrfs),
            (0x2fc1_2fc1, FileSystem::Zfs),
            (0xca45_1a4e, FileSystem::Bcachefs),
            (0xef53, FileSystem::Other(0xef53)),
        ];
        for (magic, expected) in known {
            assert_eq!(FileSystem::of_magic(magic), expected);
        }
    }

    #[test]
    fn an_ordinary_directory_is_overwritten_in_place() {
        let dir = tempfile::tempdir().unwrap();
        overwrite_in_place(dir.path()).unwrap();
        let found = Overwrites::of(dir.path()).unwrap();
        match FileSystem::of(dir.path()).unwrap() {
            FileSystem::Btrfs | FileSystem::Other(_) => assert_eq!(found, Overwrites::InPlace),
            system @ (FileSystem::Zfs | FileSystem::Bcachefs) => {
                assert_eq!(found, Overwrites::Copied(system));
            }
        }
    }
}
