//! The data directory: its file system, direct I/O, room, and how long a durable write takes.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use corelog_config::BrokerConfig;
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_storage::Overwrites;

use super::Line;

/// How many durable writes are timed.
const SAMPLES: usize = 32;
/// The file is removed again; its name tells whoever finds it after a crash what it was.
const PROBE_NAME: &str = ".corelog-doctor-probe";
/// A median above this is that of a disk without a write cache that survives power loss, or of a busy one.
const DURABLE_WRITE_SLOW: Duration = Duration::from_millis(10);

pub(super) fn look(data_dir: &Path, config: &BrokerConfig) -> Vec<Line> {
    let Some(existing) = nearest_existing(data_dir) else {
        let advice = "Create it, or set log.dirs.";
        return vec![Line::fail(
            "data directory",
            format!("{} is nowhere", data_dir.display()),
            advice,
        )];
    };
    let mut lines = vec![directory(data_dir, &existing)];
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let absolute = fs::canonicalize(&existing).unwrap_or_else(|_| existing.clone());
    lines.push(file_system(&mount_of(&mounts, &absolute)));
    lines.extend(copies(Overwrites::of(&existing)));
    lines.push(room(&existing, config));
    let probe = Probe(existing.join(PROBE_NAME));
    lines.extend(probe.look(config.storage.is_buffered_io_allowed));
    lines
}

/// The directory itself, or the first of its parents that is there.
fn nearest_existing(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    absolute
        .ancestors()
        .find(|parent| parent.is_dir())
        .map(Path::to_owned)
}

fn directory(data_dir: &Path, existing: &Path) -> Line {
    let shown = data_dir.display();
    if std::path::absolute(data_dir).is_ok_and(|absolute| absolute == existing) {
        Line::ok("data directory", format!("{shown}"))
    } else {
        Line::ok(
            "data directory",
            format!("{shown} will be made within {}", existing.display()),
        )
    }
}

/// A mounted file system.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Mount {
    kind: String,
    device: String,
    options: String,
}

/// The file system that holds `path`: the longest mount point above it, the last mounted if several are alike
/// (proc(5), mountinfo).
fn mount_of(mountinfo: &str, path: &Path) -> Mount {
    let mut best: (usize, Mount) = (0, Mount::default());
    for line in mountinfo.lines() {
        let Some((left, right)) = line.split_once(" - ") else {
            continue;
        };
        let (Some(point), Some(options)) = (left.split(' ').nth(4), left.split(' ').nth(5)) else {
            continue;
        };
        let mut right = right.split(' ');
        let (Some(kind), Some(device)) = (right.next(), right.next()) else {
            continue;
        };
        let point = point.replace("\\040", " ");
        if path.starts_with(&point) && point.len() >= best.0 {
            let mount = Mount {
                kind: kind.to_owned(),
                device: device.to_owned(),
                options: options.to_owned(),
            };
            best = (point.len(), mount);
        }
    }
    best.1
}

fn file_system(mount: &Mount) -> Line {
    let found = format!("{} on {}", mount.kind, mount.device);
    if mount.options.split(',').any(|option| option == "ro") {
        return Line::fail("file system", format!("{found}, read-only"), "Mount it writable.");
    }
    match mount.kind.as_str() {
        "ext4" | "xfs" => Line::ok("file system", found),
        "tmpfs" | "ramfs" => Line::fail(
            "file system",
            found,
            "Put the data directory on a disk: this is memory, and nothing in it survives a restart.",
        ),
        "nfs" | "nfs4" | "cifs" | "smb3" | "9p" | "virtiofs" => Line::warn(
            "file system",
            found,
            "Use a local disk: what a sync promises here is up to the server.",
        ),
        "btrfs" | "zfs" | "bcachefs" | "f2fs" | "overlay" => Line::warn(
            "file system",
            found,
            "Use ext4 or xfs: files that are copied on write lose what overwriting journal files gains.",
        ),
        "" => Line::warn(
            "file system",
            "unknown: /proc/self/mountinfo cannot be read",
            "Mount /proc.",
        ),
        _ => Line::warn(
            "file system",
            found,
            "Use ext4 or xfs, which Corelog is measured on.",
        ),
    }
}

/// Whether the journal's files are copied when they are overwritten; nothing where that is out of the question.
fn copies(overwrites: io::Result<Overwrites>) -> Option<Line> {
    const CHECK: &str = "copy on write";
    match overwrites {
        Ok(Overwrites::InPlace) => None,
        Ok(Overwrites::CopiedAndOptional(system)) => Some(Line::ok(
            CHECK,
            format!(
                "{}; the broker switches it off for the files that it makes",
                system.name()
            ),
        )),
        Ok(Overwrites::Copied(system)) => Some(Line::warn(
            CHECK,
            format!(
                "{} copies the journal's files when they are overwritten",
                system.name()
            ),
            "Use ext4 or xfs: on a full disk commits wait until there is room, and retention and deletions with them.",
        )),
        Err(error) => Some(Line::warn(CHECK, format!("unknown: {error}"), "Use ext4 or xfs.")),
    }
}

fn room(existing: &Path, config: &BrokerConfig) -> Line {
    let journal = config
        .storage
        .journal_file_bytes
        .saturating_mul(u64::from(config.storage.journal_files));
    match rustix::fs::statvfs(existing) {
        Ok(stat) => judge_room(
            stat.f_bavail.saturating_mul(stat.f_frsize),
            stat.f_blocks.saturating_mul(stat.f_frsize),
            journal,
        ),
        Err(error) => Line::warn(
            "room",
            format!("unknown: {error}"),
            "Check the data directory's rights.",
        ),
    }
}

/// `journal_bytes` is what one shard's journal takes.
fn judge_room(free_bytes: u64, total_bytes: u64, journal_bytes: u64) -> Line {
    let gibibytes = |bytes: u64| {
        format!(
            "{:.1} GiB",
            f64::from(u32::try_from(bytes >> 20).unwrap_or(u32::MAX)) / 1024.0
        )
    };
    let found = format!(
        "{} free of {}; a shard's journal takes {}",
        gibibytes(free_bytes),
        gibibytes(total_bytes),
        gibibytes(journal_bytes)
    );
    if free_bytes < journal_bytes {
        Line::fail(
            "room",
            found,
            "Free space, or lower journal.files or journal.file.bytes.",
        )
    } else if free_bytes < total_bytes / 10 {
        Line::warn(
            "room",
            found,
            "Free space: file systems slow down when they are nearly full.",
        )
    } else {
        Line::ok("room", found)
    }
}

/// A file for trying things out, removed when it goes out of scope.
struct Probe(PathBuf);

impl Drop for Probe {
    fn drop(&mut self) {
        // It may not have been made at all.
        let _ = fs::remove_file(&self.0);
    }
}

impl Probe {
    fn look(&self, is_buffered_allowed: bool) -> Vec<Line> {
        let page = AlignedBuf::zeroed(PAGE);
        match self
            .open(libc::O_DIRECT)
            .and_then(|file| file.write_all_at(&page, 0).map(|()| file))
        {
            Ok(file) => vec![
                Line::ok("direct I/O", "works (O_DIRECT)"),
                judge_durable_write(time_durable_writes(&file, &page)),
            ],
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                let found = "the file system refuses O_DIRECT";
                let direct = if is_buffered_allowed {
                    let advice = "Use a disk with ext4 or xfs: buffered I/O, which is allowed, is slower.";
                    Line::warn("direct I/O", found, advice)
                } else {
                    let advice = "Use a disk with ext4 or xfs, or set allow.buffered.io to go on without.";
                    Line::fail("direct I/O", found, advice)
                };
                let buffered = self.open(0).and_then(|file| time_durable_writes(&file, &page));
                vec![direct, judge_durable_write(buffered)]
            }
            Err(error) => {
                let directory = self.0.parent().unwrap_or(&self.0).display();
                let advice = "Give the broker's user the right to write there.";
                vec![Line::fail(
                    "direct I/O",
                    format!("cannot write in {directory}: {error}"),
                    advice,
                )]
            }
        }
    }

    fn open(&self, flags: i32) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .custom_flags(flags | libc::O_CLOEXEC)
            .open(&self.0)
    }
}

/// The median time of overwriting a page and fdatasync, as the journal does it.
#[expect(
    clippy::disallowed_methods,
    reason = "a tool's own thread measures the real disk"
)]
fn time_durable_writes(file: &File, page: &AlignedBuf) -> io::Result<Duration> {
    file.write_all_at(page, 0)?;
    file.sync_all()?;
    let mut times = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let start = Instant::now();
        file.write_all_at(page, 0)?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[SAMPLES / 2])
}

fn judge_durable_write(median: io::Result<Duration>) -> Line {
    match median {
        Ok(median) => {
            let found = format!(
                "{:.2} ms for 4 KiB and fdatasync (median of {SAMPLES})",
                median.as_secs_f64() * 1e3
            );
            if median > DURABLE_WRITE_SLOW {
                let advice =
                    "Use a disk whose write cache survives power loss; each durable ack waits this long.";
                Line::warn("durable write", found, advice)
            } else {
                Line::ok("durable write", found)
            }
        }
        Err(error) => Line::fail(
            "durable write",
            format!("failed: {error}"),
            "See the kernel's log about this disk.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict::{self, Fail, Ok, Warn};
    use super::*;

    const MOUNTS: &str = "\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
23 22 0:20 / /proc rw,nosuid shared:5 - proc proc rw
30 22 254:2 / /data rw,noatime shared:9 - xfs /dev/vdb rw
31 30 0:40 / /data/fast\\040one ro shared:9 - tmpfs tmpfs rw
";

    fn check(line: &Line, verdict: Verdict, part: &str) {
        assert_eq!(line.verdict, verdict, "{line:?}");
        assert!(line.found.contains(part), "{line:?}");
        assert_eq!(line.advice.is_some(), verdict != Ok, "{line:?}");
    }

    #[test]
    fn the_mount_of_a_path_is_found() {
        let kind = |path: &str| mount_of(MOUNTS, Path::new(path)).kind;
        assert_eq!(kind("/var/lib"), "ext4");
        assert_eq!(kind("/data/x"), "xfs");
        assert_eq!(kind("/database"), "ext4");
        assert_eq!(kind("/data/fast one/x"), "tmpfs");
        assert_eq!(mount_of("garbage", Path::new("/")), Mount::default());
    }

    #[test]
    fn file_systems_are_judged() {
        let line = |kind: &str, options: &str| {
            file_system(&Mount {
                kind: kind.into(),
                device: "d".into(),
                options: options.into(),
            })
        };
        check(&line("ext4", "rw"), Ok, "ext4 on d");
        check(&line("xfs", "ro,noatime"), Fail, "read-only");
        check(&line("tmpfs", "rw"), Fail, "tmpfs");
        check(&line("nfs4", "rw"), Warn, "nfs4");
        check(&line("overlay", "rw"), Warn, "overlay");
        check(&line("", ""), Warn, "unknown");
    }

    #[test]
    fn copying_on_write_is_judged() {
        use corelog_storage::FileSystem::{Btrfs, Zfs};
        assert_eq!(copies(Result::Ok(Overwrites::InPlace)), None);
        let line = |overwrites| copies(Result::Ok(overwrites)).unwrap();
        check(&line(Overwrites::CopiedAndOptional(Btrfs)), Ok, "switches it off");
        check(&line(Overwrites::Copied(Zfs)), Warn, "zfs copies");
        let unknown = copies(Err(io::ErrorKind::PermissionDenied.into())).unwrap();
        check(&unknown, Warn, "unknown");
    }

    #[test]
    fn room_is_judged() {
        check(
            &judge_room(50 << 30, 100 << 30, 4 << 30),
            Ok,
            "50.0 GiB free of 100.0 GiB",
        );
        check(&judge_room(5 << 30, 100 << 30, 4 << 30), Warn, "5.0 GiB");
        check(
            &judge_room(3 << 30, 100 << 30, 4 << 30),
            Fail,
            "journal takes 4.0 GiB",
        );
    }

    #[test]
    fn durable_writes_are_judged() {
        check(
            &judge_durable_write(io::Result::Ok(Duration::from_micros(500))),
            Ok,
            "0.50 ms",
        );
        check(
            &judge_durable_write(io::Result::Ok(Duration::from_millis(30))),
            Warn,
            "30.00 ms",
        );
        check(
            &judge_durable_write(Err(io::ErrorKind::StorageFull.into())),
            Fail,
            "failed",
        );
    }

    #[test]
    fn a_directory_that_is_there_is_probed_and_left_clean() {
        let directory = tempfile::tempdir().unwrap();
        let lines = look(&directory.path().join("not/yet"), &BrokerConfig::default());
        assert!(lines[0].found.contains("will be made within"), "{lines:?}");
        assert!(lines.iter().any(|line| line.check == "direct I/O"), "{lines:?}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
