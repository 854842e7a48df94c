//! Whether a directory is a new one, by what it holds before anything is done to it.
//!
//! A directory without a `layout` file is taken for new only if everything in it says that it is. A missing file of
//! ours never says that.

use std::path::Path;

use corelog_runtime::Handle;

use crate::OpenError;
use crate::checkpoint_file;
use crate::format::names;
use crate::format::v4::decode_checkpoint;

/// What the names in a directory say of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Contents {
    /// The layout, a journal, or what is left of a deleted partition is there.
    pub(crate) is_ours: bool,
    /// Names that may be a partition's directory or another program's; one has to look inside.
    pub(crate) unknown: Vec<String>,
}

/// Sorts the names of a directory. Those that a new directory may hold as well as an old one are left out: the lock, the
/// format's number, the broker's identity, the probe's answer, what a file system keeps for itself, hidden files.
pub(crate) fn sort(found: impl IntoIterator<Item = String>) -> Contents {
    let mut contents = Contents {
        is_ours: false,
        unknown: Vec::new(),
    };
    for name in found {
        let says_nothing = [
            names::LOCK,
            names::VERSION,
            names::META,
            names::DEVICE,
            names::LOST_FOUND,
        ]
        .contains(&name.as_str())
            || name.starts_with('.')
            || name.ends_with(names::TEMPORARY_SUFFIX);
        if name == names::LAYOUT || name == names::JOURNAL || names::is_retired(&name) {
            contents.is_ours = true;
        } else if !says_nothing {
            contents.unknown.push(name);
        }
    }
    contents
}

/// Whether a directory with these names in it is a partition's.
pub(crate) fn holds_segments<'a>(found: impl IntoIterator<Item = &'a str>) -> bool {
    found
        .into_iter()
        .any(|name| names::parse_segment(name, ".log").is_some())
}

/// Checks that a directory without `layout` is a new one, or one whose first laying out was interrupted: nothing that a
/// broker acknowledged can be in it.
///
/// # Errors
/// `LayoutMissing` if it is not.
pub(crate) async fn check_new(handle: &Handle, dir: &Path) -> Result<(), OpenError> {
    // INV-11: a missing layout alone says nothing; what else is there has to say that the directory is new.
    let missing = || OpenError::LayoutMissing {
        path: dir.join(names::LAYOUT),
    };
    let found = handle.disk.list_dir(dir).await?;
    let has_journal = found.iter().any(|name| name == names::JOURNAL);
    let contents = sort(found.into_iter().filter(|name| name != names::JOURNAL));
    if contents.is_ours {
        return Err(missing());
    }
    for name in contents.unknown {
        // Another program's file is no directory, and may not be readable.
        let within = handle.disk.list_dir(&dir.join(name)).await.unwrap_or_default();
        if holds_segments(within.iter().map(String::as_str)) {
            return Err(missing());
        }
    }
    if has_journal {
        let journal = dir.join(names::JOURNAL);
        for generation in handle.disk.list_dir(&journal).await? {
            let is_first = names::parse_number(&generation) == Some(1);
            if !is_first || !is_unused(handle, &journal.join(generation), true).await? {
                return Err(missing());
            }
        }
    }
    Ok(())
}

/// Whether no shard has ever opened the journal of the generation in `dir`: it holds the checkpoints that were written
/// when the data was divided, or some of them, and no journal files. With `is_first` those know of no partition.
pub(crate) async fn is_unused(handle: &Handle, dir: &Path, is_first: bool) -> Result<bool, OpenError> {
    for shard in handle.disk.list_dir(dir).await? {
        let shard_dir = dir.join(shard);
        for name in handle.disk.list_dir(&shard_dir).await? {
            if !name.starts_with(names::CHECKPOINT) {
                return Ok(false);
            }
        }
        let Some((_, content)) = checkpoint_file::read(handle, &shard_dir.join(names::CHECKPOINT)).await?
        else {
            continue;
        };
        // One that is damaged says nothing; what a shard has opened has journal files besides.
        let Ok(checkpoint) = decode_checkpoint(&content) else {
            continue;
        };
        let is_first_one = checkpoint.incarnation == names::FIRST_INCARNATION && checkpoint.is_clean;
        if !is_first_one || (is_first && !checkpoint.partitions.is_empty()) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_whose_a_directory_is() {
        let check = |found: &[&str], is_ours: bool, unknown: &[&str]| {
            let contents = sort(found.iter().map(|name| (*name).to_owned()));
            let names: Vec<&str> = contents.unknown.iter().map(String::as_str).collect();
            assert_eq!((contents.is_ours, &names[..]), (is_ours, unknown));
        };
        check(&[], false, &[]);
        check(&["lost+found", "corelog.lock"], false, &[]);
        check(
            &[
                "corelog.version",
                "meta.properties",
                "device",
                "layout.tmp",
                ".probe",
            ],
            false,
            &[],
        );
        check(&["layout"], true, &[]);
        check(&["journal"], true, &[]);
        check(&["a-0.0123456789abcdef-delete"], true, &[]);
        check(&["orders-0", "notes.txt"], false, &["orders-0", "notes.txt"]);
        assert!(holds_segments(["00000000000000000000.log"]));
        assert!(!holds_segments(["server.log"]));
    }
}
