//! The names of files and directories within the data directory.

use std::path::{Path, PathBuf};

use corelog_model::{Offset, ShardId};

/// The file that a running broker holds a lock on.
pub(crate) const LOCK: &str = "corelog.lock";
/// The file that holds the format's number, in decimal.
pub(crate) const VERSION: &str = "corelog.version";
/// The file that says whose the directory is; Kafka's.
pub(crate) const META: &str = "meta.properties";
/// The file that says how many shards there are.
pub(crate) const LAYOUT: &str = "layout";
/// The file that says how the device does its work best.
pub(crate) const DEVICE: &str = "device";
/// The directory of all journals.
pub(crate) const JOURNAL: &str = "journal";
/// A shard's checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Which files a shard's journal has.
pub(crate) const JOURNAL_FILES: &str = "files";
/// The directory that ext4 makes at the root of a file system.
pub(crate) const LOST_FOUND: &str = "lost+found";
/// How a file ends that gets its name when it is whole.
pub(crate) const TEMPORARY_SUFFIX: &str = ".tmp";
/// The incarnation of the checkpoints that are written when the data is divided; every start raises it.
pub(crate) const FIRST_INCARNATION: u64 = 1;
/// How a deleted partition's directory ends.
pub(crate) const DELETED_SUFFIX: &str = "-delete";
/// What a file system takes as a name.
const NAME_BYTES_MAX: usize = 255;

/// `<dir>/journal/<generation>`.
pub(crate) fn generation_dir(dir: &Path, generation: u64) -> PathBuf {
    dir.join(JOURNAL).join(generation.to_string())
}

/// `<dir>/journal/<generation>/<shard>`.
pub(crate) fn journal_dir(dir: &Path, generation: u64, shard: ShardId) -> PathBuf {
    generation_dir(dir, generation).join(shard.to_string())
}

/// `00000007.journal`.
pub(crate) fn journal_file(index: u32) -> String {
    format!("{index:08}.journal")
}

/// The number of a journal file, if `name` is one's.
pub(crate) fn parse_journal_file(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".journal")?;
    (digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

/// The number of a generation or a shard, if `name` is a directory's of one.
pub(crate) fn parse_number(name: &str) -> Option<u64> {
    name.parse()
        .ok()
        .filter(|number: &u64| number.to_string() == name)
}

/// Which files a segment is in. Each cleaning writes new ones, so that what is in a file never changes once it is closed, and
/// whoever knows a segment by its name knows what is in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct SegmentName {
    /// The offset that the segment begins at.
    pub(crate) base: Offset,
    /// Zero is what was appended to.
    pub(crate) generation: u32,
}

impl SegmentName {
    /// The one that is appended to.
    pub(crate) const fn first(base: Offset) -> SegmentName {
        SegmentName { base, generation: 0 }
    }

    fn file(self, ending: &str) -> String {
        match self.generation {
            0 => format!("{:020}{ending}", self.base.get()),
            generation => format!("{:020}.{generation}{ending}", self.base.get()),
        }
    }
}

/// `00000000000000000042.log`, as Kafka names it; `00000000000000000042.3.log` of a segment that was cleaned, which
/// Kafka's `kafka-dump-log` reads as well.
pub(crate) fn segment_file(name: SegmentName) -> String {
    name.file(".log")
}

/// `00000000000000000042.cindex`, or `00000000000000000042.3.cindex`.
pub(crate) fn index_file(name: SegmentName) -> String {
    name.file(".cindex")
}

/// Whose a segment or index file is, if `name` is one's with the given ending.
pub(crate) fn parse_segment(name: &str, ending: &str) -> Option<SegmentName> {
    let stem = name.strip_suffix(ending)?;
    let (digits, generation) = match stem.split_once('.') {
        None => (stem, 0),
        Some((digits, number)) => {
            let generation = u32::try_from(parse_number(number)?).ok()?;
            (digits, (generation > 0).then_some(generation)?)
        }
    };
    if digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit()) {
        let base = Offset::new(digits.parse().ok()?)?;
        Some(SegmentName { base, generation })
    } else {
        None
    }
}

/// `orders-0.0123456789abcdef-delete`: what the directory of a deleted partition is renamed to. The end of a long name
/// is cut off.
pub(crate) fn retired(directory: &str, unique: u64) -> String {
    let ending = format!(".{unique:016x}{DELETED_SUFFIX}");
    let room = NAME_BYTES_MAX - ending.len();
    let end = (0..=room.min(directory.len()))
        .rev()
        .find(|&at| directory.is_char_boundary(at));
    format!("{}{ending}", &directory[..end.unwrap_or(0)])
}

/// Whether a name is one that [`retired`] gives.
pub(crate) fn is_retired(name: &str) -> bool {
    let unique = name
        .strip_suffix(DELETED_SUFFIX)
        .and_then(|rest| rest.rsplit_once('.'));
    unique.is_some_and(|(_, digits)| digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether a partition may use `name` as its directory: one path component, none of ours.
pub(crate) fn is_partition_directory(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.starts_with('.')
        && !name.contains(['/', '\0'])
        && !name.ends_with(DELETED_SUFFIX)
        && ![LOCK, VERSION, META, LAYOUT, DEVICE, JOURNAL, LOST_FOUND].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let base = Offset::new(42).unwrap();
        let first = SegmentName::first(base);
        assert_eq!(segment_file(first), "00000000000000000042.log");
        let third = SegmentName { base, generation: 3 };
        assert_eq!(segment_file(third), "00000000000000000042.3.log");
        for name in [first, third] {
            assert_eq!(parse_segment(&segment_file(name), ".log"), Some(name));
            assert_eq!(parse_segment(&index_file(name), ".cindex"), Some(name));
        }
        for other in [
            "99999999999999999999.log",
            "42.log",
            "00000000000000000042.0.log",
            "00000000000000000042.03.log",
            "00000000000000000042.x.log",
            "00000000000000000042..log",
            "00000000000000000042.3.4.log",
            "00000000000000000042.4294967296.log",
        ] {
            assert_eq!(parse_segment(other, ".log"), None, "{other}");
        }
        assert_eq!(parse_journal_file(&journal_file(7)), Some(7));
        assert_eq!(parse_journal_file("0000000x.journal"), None);
        for (name, expected) in [
            ("0", Some(0)),
            ("12", Some(12)),
            ("01", None),
            ("+1", None),
            ("1.bak", None),
        ] {
            assert_eq!(parse_number(name), expected, "{name}");
        }
    }

    #[test]
    fn a_retired_name_fits_a_file_system() {
        assert_eq!(retired("orders-0", 0xab), "orders-0.00000000000000ab-delete");
        assert!(is_retired(&retired("orders-0", 0xab)));
        for other in [
            "to-delete",
            "orders-0.ab-delete",
            "orders-0",
            "-delete",
            "x.00000000000000zz-delete",
        ] {
            assert!(!is_retired(other), "{other}");
        }
        for long in ["x".repeat(255), "\u{e9}".repeat(127)] {
            let name = retired(&long, 1);
            assert!(
                name.len() <= NAME_BYTES_MAX
                    && name.ends_with("x.0000000000000001-delete") == long.starts_with('x')
            );
        }
    }

    #[test]
    fn partition_directories_are_single_components() {
        for (name, expected) in [
            ("orders-0", true),
            ("..", false),
            ("a/b", false),
            ("journal", false),
            ("layout", false),
            ("x.1-delete", false),
            ("", false),
        ] {
            assert_eq!(is_partition_directory(name), expected, "{name}");
        }
    }
}
