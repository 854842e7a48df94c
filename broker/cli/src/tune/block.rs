//! The block device under the data directory, and the file system on it: scheduler, read-ahead, write cache, journal.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::item::{Change, Item, State};
use super::root::{self, Root};

const READ_AHEAD_KIB: u64 = 128;

pub(crate) fn look(root: &Root, data_dir: &Path) -> Vec<Item> {
    let device = root::nearest_existing(data_dir)
        .and_then(|dir| std::fs::metadata(dir).ok())
        .and_then(|metadata| device_of(root, metadata.dev()));
    let queue = device.as_deref().and_then(queue_of);
    vec![
        scheduler(queue.as_ref()),
        read_ahead(queue.as_ref()),
        write_cache(queue.as_ref()),
        file_system_journal(root, device.as_deref()),
    ]
}

/// The settings of a block device's queue.
struct Queue {
    device: String,
    dir: PathBuf,
}

impl Queue {
    fn read(&self, file: &str) -> Option<String> {
        root::read(&self.dir.join(file))
    }

    fn change(&self, file: &str, value: &str, before: &str) -> State {
        State::Change(vec![Change {
            path: self.dir.join(file),
            value: value.to_owned(),
            before: Some(before.to_owned()),
        }])
    }
}

/// The directory in sysfs of a device number: a disk's or a partition's.
fn device_of(root: &Root, device: u64) -> Option<PathBuf> {
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let link = root.path(&format!("sys/dev/block/{major}:{minor}"));
    std::fs::canonicalize(link).ok()
}

/// The queue of a device; a partition's is that of its disk.
fn queue_of(device: &Path) -> Option<Queue> {
    let disk = [device, device.parent()?]
        .into_iter()
        .find(|dir| dir.join("queue").is_dir())?;
    Some(Queue {
        device: disk.file_name()?.to_string_lossy().into_owned(),
        dir: disk.join("queue"),
    })
}

fn absent() -> State {
    State::Absent("the data directory is on no block device that this kernel shows".to_owned())
}

fn scheduler(queue: Option<&Queue>) -> Item {
    let text = queue
        .and_then(|queue| queue.read("scheduler"))
        .unwrap_or_default();
    let chosen = root::chosen(&text).unwrap_or(&text);
    let is_rotational = queue.and_then(|queue| queue.read("rotational")).as_deref() == Some("1");
    let offers = |name: &str| {
        let mut words = text.split_whitespace();
        words.any(|word| word.trim_matches(['[', ']']) == name)
    };
    let wanted = if is_rotational { "mq-deadline" } else { "none" };
    Item {
        check: "I/O scheduler",
        found: queue.map_or_else(String::new, |queue| format!("{chosen} on {}", queue.device)),
        wanted: "none; mq-deadline on a disk that turns",
        why: "A commit is one write that should reach the device at once.",
        state: match queue {
            None => absent(),
            Some(_) if chosen == wanted || !offers(wanted) => State::Well,
            Some(queue) => queue.change("scheduler", wanted, chosen),
        },
    }
}

fn read_ahead(queue: Option<&Queue>) -> Item {
    let found = queue.and_then(|queue| queue.read("read_ahead_kb"));
    let number = found.as_deref().and_then(|text| text.parse::<u64>().ok());
    Item {
        check: "read-ahead",
        found: number.map_or_else(String::new, |number| format!("{number} KiB")),
        wanted: "128 KiB or more",
        why: "Only buffered reads use it (a start's recovery, allow.buffered.io); old records are read ahead by the \
              broker itself (segment.read.ahead.bytes).",
        state: match (queue, number) {
            (Some(queue), Some(number)) if number < READ_AHEAD_KIB => {
                queue.change("read_ahead_kb", &READ_AHEAD_KIB.to_string(), &number.to_string())
            }
            (Some(_), Some(_)) => State::Well,
            (_, None) | (None, _) => absent(),
        },
    }
}

fn write_cache(queue: Option<&Queue>) -> Item {
    let found = queue.and_then(|queue| queue.read("write_cache"));
    Item {
        check: "write cache",
        found: found.clone().unwrap_or_default(),
        wanted: "write through, if the device's cache survives a loss of power",
        why: "With write back each commit waits for the device to empty its cache.",
        state: match (queue, found.as_deref()) {
            (Some(queue), Some("write back")) => State::Manual(format!(
                "only if the maker says that the cache is protected: printf 'write through\\n' > {0}/write_cache; \
                 undo: printf 'write back\\n' > {0}/write_cache. Without protection this loses acknowledged records",
                queue.dir.display()
            )),
            (Some(_), Some(_)) => State::Well,
            (_, None) | (None, _) => absent(),
        },
    }
}

/// ext4 lists its mode of journaling among its options, given or not, if it has a journal (`_ext4_show_options`).
fn file_system_journal(root: &Root, device: Option<&Path>) -> Item {
    let name = device.and_then(Path::file_name).unwrap_or_default();
    let name = name.to_string_lossy();
    let (found, state) = match root.read(&format!("proc/fs/ext4/{name}/options")) {
        None => {
            let text = "the data directory is on no ext4 that this kernel shows";
            (String::new(), State::Absent(text.to_owned()))
        }
        Some(options) => match options.lines().find(|line| line.starts_with("data=")) {
            Some(mode) => (mode.to_owned(), State::Well),
            None => {
                let how = format!(
                    "if many partitions are deleted and created: stop the broker, unmount, and tune2fs -O has_journal \
                     /dev/{name}; undo: tune2fs -O ^has_journal /dev/{name}"
                );
                ("none".to_owned(), State::Manual(how))
            }
        },
    };
    Item {
        check: "ext4's journal",
        found,
        wanted: "one",
        why: "Without one, whenever a file is created ext4 looks at each inode removed in the last minutes: topics are \
              created slowly after thousands of partitions were deleted, and first records to new partitions are slow.",
        state,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn queue(files: &[(&str, &str)]) -> (tempfile::TempDir, Queue) {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in files {
            fs::write(dir.path().join(file), text).unwrap();
        }
        let queue = Queue {
            device: "vda".to_owned(),
            dir: dir.path().to_owned(),
        };
        (dir, queue)
    }

    #[test]
    fn the_scheduler_follows_the_kind_of_disk() {
        let check = |scheduler: &str, rotational: &str, wanted: Option<&str>| {
            let (_dir, queue) = queue(&[("scheduler", scheduler), ("rotational", rotational)]);
            let mut item = super::scheduler(Some(&queue));
            item.apply();
            match wanted {
                None => assert_eq!(item.state, State::Well, "{scheduler}"),
                Some(wanted) => assert_eq!(queue.read("scheduler").as_deref(), Some(wanted), "{item:?}"),
            }
        };
        check("none [mq-deadline]", "0", Some("none"));
        check("[none] mq-deadline", "0", None);
        check("[none] mq-deadline", "1", Some("mq-deadline"));
        check("[none]", "1", None);
    }

    #[test]
    fn a_write_cache_is_never_switched_by_itself() {
        let (_dir, queue) = queue(&[("write_cache", "write back\n"), ("read_ahead_kb", "4")]);
        let mut item = write_cache(Some(&queue));
        item.apply();
        assert!(
            matches!(&item.state, State::Manual(how) if how.contains("loses")),
            "{item:?}"
        );
        assert_eq!(queue.read("write_cache").as_deref(), Some("write back"));
        assert!(matches!(read_ahead(Some(&queue)).state, State::Change(_)));
    }

    #[test]
    fn a_partition_has_its_disks_queue() {
        let dir = tempfile::tempdir().unwrap();
        let disk = dir.path().join("sys/devices/vda");
        fs::create_dir_all(disk.join("queue")).unwrap();
        fs::create_dir_all(disk.join("vda1")).unwrap();
        fs::create_dir_all(dir.path().join("sys/dev/block")).unwrap();
        std::os::unix::fs::symlink(disk.join("vda1"), dir.path().join("sys/dev/block/254:1")).unwrap();
        let root = Root::at(dir.path());
        let device = device_of(&root, rustix::fs::makedev(254, 1)).unwrap();
        assert_eq!(queue_of(&device).unwrap().device, "vda");
        assert!(device_of(&root, rustix::fs::makedev(254, 2)).is_none());
        assert!(matches!(scheduler(None).state, State::Absent(_)));
    }

    #[test]
    fn ext4_without_a_journal_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::at(dir.path());
        let look = || file_system_journal(&root, Some(Path::new("/sys/devices/vda/vda1")));
        assert!(matches!(look().state, State::Absent(_)));
        let of_device = dir.path().join("proc/fs/ext4/vda1");
        fs::create_dir_all(&of_device).unwrap();
        fs::write(of_device.join("options"), "rw\nbarrier\ndata=ordered\n").unwrap();
        assert_eq!(
            (look().found.as_str(), look().state),
            ("data=ordered", State::Well)
        );
        fs::write(of_device.join("options"), "rw\nbarrier\nnojournal_checksum\n").unwrap();
        assert_eq!(look().found, "none");
        assert!(matches!(look().state, State::Manual(how) if how.contains("/dev/vda1")));
        assert!(matches!(file_system_journal(&root, None).state, State::Absent(_)));
    }
}
