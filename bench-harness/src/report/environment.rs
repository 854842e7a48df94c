//! The machine that a run ran on. What cannot be found is left out.

use std::fs;
use std::path::Path;

use serde::Serialize;

/// The machine, the kernel, the file system.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Environment {
    /// The processor's name.
    pub cpu_model: Option<String>,
    /// Cores that this process may use.
    pub cores: usize,
    /// The frequency governor of the first core.
    pub cpu_governor: Option<String>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The file system that holds the server's data: type, options and device.
    pub file_system: Option<FileSystem>,
}

/// A mounted file system.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FileSystem {
    /// Its type, such as ext4.
    pub kind: String,
    /// Its device.
    pub device: String,
    /// Its mount options.
    pub options: String,
    /// The device's I/O scheduler.
    pub scheduler: Option<String>,
}

impl Environment {
    /// Looks around. `data` is a path on the file system that the server writes to.
    pub fn detect(data: Option<&Path>) -> Environment {
        let read = |path: &str| fs::read_to_string(path).ok();
        let cpu_info = read("/proc/cpuinfo").unwrap_or_default();
        let memory = read("/proc/meminfo").unwrap_or_default();
        Environment {
            cpu_model: colon_field(&cpu_info, "model name"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            cpu_governor: read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
                .map(|text| trimmed(&text)),
            memory_bytes: colon_field(&memory, "MemTotal").and_then(|text| kibibytes(&text)),
            kernel: read("/proc/sys/kernel/osrelease").map(|text| trimmed(&text)),
            file_system: data.and_then(file_system),
        }
    }
}

fn trimmed(text: &str) -> String {
    text.trim().to_owned()
}

/// The value of the first line `name : value`.
fn colon_field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

fn kibibytes(text: &str) -> Option<u64> {
    text.strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}

fn file_system(data: &Path) -> Option<FileSystem> {
    let data = data.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let (mut found, number) = mount_of(&mounts, &data)?;
    // A partition has no queue of its own; its folder lies in that of its disk.
    let device = Path::new("/sys/dev/block").join(number);
    found.scheduler = [device.join("queue/scheduler"), device.join("../queue/scheduler")]
        .iter()
        .find_map(|path| fs::read_to_string(path).ok())
        .map(|text| trimmed(&text));
    Some(found)
}

/// The mount with the longest mount point that holds `path`, and its device's number (proc_pid_mountinfo(5)).
fn mount_of(mounts: &str, path: &Path) -> Option<(FileSystem, String)> {
    let mut best: Option<(usize, FileSystem, String)> = None;
    for line in mounts.lines() {
        let Some((left, right)) = line.split_once(" - ") else {
            continue;
        };
        let left: Vec<&str> = left.split(' ').collect();
        let right: Vec<&str> = right.split(' ').collect();
        let (Some(number), Some(point), Some(options)) = (left.get(2), left.get(4), left.get(5)) else {
            continue;
        };
        let (Some(kind), Some(device)) = (right.first(), right.get(1)) else {
            continue;
        };
        let depth = Path::new(point).components().count();
        // Of two at the same place the later one lies on top.
        if path.starts_with(point) && best.as_ref().is_none_or(|(other, ..)| depth >= *other) {
            let found = FileSystem {
                kind: (*kind).to_owned(),
                device: (*device).to_owned(),
                options: (*options).to_owned(),
                scheduler: None,
            };
            best = Some((depth, found, (*number).to_owned()));
        }
    }
    best.map(|(_, found, number)| (found, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_counts() {
        let mounts = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                      30 22 8:17 / /data rw,noatime shared:2 - xfs /dev/sdb1 rw\n\
                      nonsense\n";
        let check = |path: &str, kind: &str, number: &str| {
            let (found, found_number) = mount_of(mounts, Path::new(path)).unwrap();
            assert_eq!(
                (found.kind.as_str(), found_number.as_str()),
                (kind, number),
                "{path}"
            );
        };
        check("/data/x", "xfs", "8:17");
        check("/database", "ext4", "8:1");
        check("/", "ext4", "8:1");
    }

    #[test]
    fn this_machine_has_a_kernel() {
        let environment = Environment::detect(Some(Path::new("/")));
        assert!(environment.kernel.is_some());
        assert!(environment.memory_bytes.is_some());
        assert!(environment.cores > 0);
    }

    #[test]
    fn fields_are_found() {
        let text = "processor\t: 0\nmodel name\t: A CPU @ 2: x\n";
        assert_eq!(colon_field(text, "model name").as_deref(), Some("A CPU @ 2: x"));
        assert_eq!(kibibytes("16 kB"), Some(16 * 1024));
    }
}
