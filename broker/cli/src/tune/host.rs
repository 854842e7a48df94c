//! The processors, the interrupts, the memory and the limits.

use std::collections::BTreeSet;

use super::item::{Change, Item, State};
use super::root::{self, Root};

const CPUS: &str = "sys/devices/system/cpu";
const HUGE_PAGES: &str = "sys/kernel/mm/transparent_hugepage/enabled";
/// Where limits are raised for the next login (limits.conf(5)).
const LIMITS: &str = "etc/security/limits.d";
const OPEN_FILES_WANTED: u64 = 65_536;
/// Locked memory wanted, in bytes.
const LOCKED_WANTED: u64 = 8 << 20;
const SWAPPINESS_MAX: u64 = 10;
const BACKLOG_WANTED: u64 = 1024;

pub(crate) fn look(root: &Root) -> Vec<Item> {
    vec![
        governor(root),
        interrupts(root, "network interrupts", is_network(root)),
        interrupts(root, "disk interrupts", |name| {
            is_queue(name, "nvme", "q") || is_queue(name, "virtio", "-req")
        }),
        huge_pages(root),
        at_most(root, "swappiness", "proc/sys/vm/swappiness", SWAPPINESS_MAX),
        limit(root, "open files", "Max open files", OPEN_FILES_WANTED),
        limit(root, "locked memory", "Max locked memory", LOCKED_WANTED),
        backlog(root),
    ]
}

fn governor(root: &Root) -> Item {
    let files: Vec<String> = root
        .list(CPUS)
        .into_iter()
        .map(|cpu| format!("{CPUS}/{cpu}/cpufreq/scaling_governor"))
        .filter(|file| root.path(file).exists())
        .collect();
    let governors: Vec<(String, String)> = files
        .into_iter()
        .filter_map(|file| Some((file.clone(), root.read(&file)?)))
        .collect();
    let names: BTreeSet<&str> = governors.iter().map(|(_, governor)| governor.as_str()).collect();
    let changes: Vec<Change> = governors
        .iter()
        .filter(|(_, governor)| governor != "performance")
        .map(|(file, governor)| Change {
            path: root.path(file),
            value: "performance".to_owned(),
            before: Some(governor.clone()),
        })
        .collect();
    Item {
        check: "cpu governor",
        found: names.iter().copied().collect::<Vec<_>>().join(", "),
        wanted: "performance on every core",
        why: "Clocking up takes longer than a request.",
        state: if governors.is_empty() {
            State::Absent("the kernel scales no frequencies here, as in most virtual machines".to_owned())
        } else if changes.is_empty() {
            State::Well
        } else {
            State::Change(changes)
        },
    }
}

/// `nvme0q3` for ("nvme", "q"); `virtio1-req.0` for ("virtio", "-req").
fn is_queue(name: &str, device: &str, queue: &str) -> bool {
    name.strip_prefix(device)
        .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()))
        .is_some_and(|rest| rest.starts_with(queue))
}

fn is_network(root: &Root) -> impl Fn(&str) -> bool {
    let interfaces: Vec<String> = root
        .list("sys/class/net")
        .into_iter()
        .filter(|interface| interface != "lo")
        .collect();
    move |name| {
        let of_interface = interfaces
            .iter()
            .any(|interface| name.starts_with(interface.as_str()));
        of_interface || is_queue(name, "virtio", "-input") || is_queue(name, "virtio", "-output")
    }
}

/// The numbers of the interrupts whose name passes (proc(5), interrupts).
fn numbers(interrupts: &str, passes: impl Fn(&str) -> bool) -> Vec<u32> {
    let lines = interrupts.lines().skip(1);
    lines
        .filter_map(|line| {
            let (number, rest) = line.split_once(':')?;
            let name = rest.split_whitespace().last()?;
            passes(name).then(|| number.trim().parse().ok())?
        })
        .collect()
}

fn interrupts(root: &Root, check: &'static str, passes: impl Fn(&str) -> bool) -> Item {
    let text = root.read("proc/interrupts").unwrap_or_default();
    let cores = text
        .lines()
        .next()
        .map_or(0, |line| line.split_whitespace().count());
    let numbers = numbers(&text, passes);
    let of = |number: &u32, file: &str| root.read(&format!("proc/irq/{number}/{file}"));
    let served: BTreeSet<String> = numbers
        .iter()
        .filter_map(|number| of(number, "effective_affinity_list"))
        .collect();
    let changes = || {
        let cores = (0..cores).cycle();
        let pairs = numbers.iter().zip(cores);
        let changes = pairs.map(|(number, core)| Change {
            path: root.path(&format!("proc/irq/{number}/smp_affinity_list")),
            value: core.to_string(),
            before: of(number, "smp_affinity_list"),
        });
        changes.collect()
    };
    Item {
        check,
        found: format!(
            "{} on cores {}",
            numbers.len(),
            served.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
        ),
        wanted: "spread over the cores",
        why: "A shard whose core also serves every interrupt is slower than the others.",
        state: if numbers.is_empty() {
            State::Absent("no interrupt of such a device is listed in /proc/interrupts".to_owned())
        } else if numbers.len() == 1 || cores < 2 || served.len() > 1 {
            State::Well
        } else {
            State::Change(changes())
        },
    }
}

fn huge_pages(root: &Root) -> Item {
    let text = root.read(HUGE_PAGES).unwrap_or_default();
    let found = root::chosen(&text).map(str::to_owned);
    Item {
        check: "huge pages",
        found: found.clone().unwrap_or_default(),
        wanted: "madvise",
        why: "With always, the kernel compacts memory for any program, and a shard that needs a page waits for it; with \
              never, large writes are pinned and listed in small pages.",
        state: match found {
            None => State::Absent("this kernel has no transparent huge pages".to_owned()),
            Some(before) if before != "madvise" => State::Change(vec![Change {
                path: root.path(HUGE_PAGES),
                value: "madvise".to_owned(),
                before: Some(before),
            }]),
            Some(_) => State::Well,
        },
    }
}

fn at_most(root: &Root, check: &'static str, file: &str, most: u64) -> Item {
    let found = root.read(file);
    Item {
        check,
        found: found.clone().unwrap_or_default(),
        wanted: "10 or less",
        why: "A shard that waits for its own memory to come back from a disk stalls.",
        state: match found.as_deref().map(str::parse::<u64>) {
            None => State::Absent("this kernel does not swap".to_owned()),
            Some(Ok(number)) if number <= most => State::Well,
            Some(_) => State::Change(vec![Change {
                path: root.path(file),
                value: most.to_string(),
                before: found,
            }]),
        },
    }
}

/// The soft and the hard limit of this process; `u64::MAX` is unlimited (proc(5), limits).
fn limits_of(text: &str, name: &str) -> Option<(u64, u64)> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    let mut numbers = rest.split_whitespace().map(|word| match word {
        "unlimited" => Some(u64::MAX),
        word => word.parse().ok(),
    });
    Some((numbers.next()??, numbers.next()??))
}

fn limit(root: &Root, check: &'static str, name: &str, wanted: u64) -> Item {
    let limits = root
        .read("proc/self/limits")
        .and_then(|text| limits_of(&text, name));
    let shown = |limit: u64| match limit {
        u64::MAX => "unlimited".to_owned(),
        number => number.to_string(),
    };
    let (file, value, why, wanted_text) = match name {
        "Max open files" => (
            format!("{LIMITS}/90-corelog-nofile.conf"),
            "* - nofile 1048576",
            "Each connection and each segment takes a descriptor; serve raises its own limit as far as it may.",
            "65536 or more",
        ),
        _ => (
            format!("{LIMITS}/90-corelog-memlock.conf"),
            "* - memlock unlimited",
            "The rings' buffers count as locked memory on kernels before 5.12.",
            "8 MiB or more",
        ),
    };
    Item {
        check,
        found: limits.map_or_else(String::new, |(soft, hard)| {
            format!("{} of {}", shown(soft), shown(hard))
        }),
        wanted: wanted_text,
        why,
        state: match limits {
            None => State::Absent("/proc/self/limits cannot be read".to_owned()),
            Some((_, hard)) if hard >= wanted => State::Well,
            Some(_) if root.read(&file).as_deref() == Some(value) => State::Manual(format!(
                "/{file} has it already: log in anew, or set it in the service's unit"
            )),
            Some(_) if !root.path(LIMITS).is_dir() => {
                State::Manual("set LimitNOFILE= and LimitMEMLOCK= in the service's unit".to_owned())
            }
            Some(_) => State::Change(vec![Change {
                path: root.path(&file),
                value: value.to_owned(),
                before: root.read(&file),
            }]),
        },
    }
}

fn backlog(root: &Root) -> Item {
    let file = "proc/sys/net/core/somaxconn";
    let found = root.read(file);
    Item {
        check: "listen backlog",
        found: found.clone().unwrap_or_default(),
        wanted: "1024 or more",
        why: "Many clients that connect at once are refused beyond it, whatever socket.listen.backlog.size says.",
        state: match found.as_deref().map(str::parse::<u64>) {
            None => State::Absent("/proc/sys/net is not there".to_owned()),
            Some(Ok(number)) if number >= BACKLOG_WANTED => State::Well,
            Some(_) => State::Change(vec![Change {
                path: root.path(file),
                value: "4096".to_owned(),
                before: found,
            }]),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
            fs::write(path, text).unwrap();
        }
        let root = Root::at(dir.path());
        (dir, root)
    }

    fn find(root: &Root, check: &str) -> Item {
        let items = look(root);
        items.into_iter().find(|item| item.check == check).unwrap()
    }

    const INTERRUPTS: &str = "\
            CPU0       CPU1
 24:         10          0   PCI-MSI  virtio1-input.0
 25:         10          0   PCI-MSI  virtio1-output.0
 26:          0          0   PCI-MSI  virtio2-req.0
LOC:        100        100   Local timer interrupts
";

    #[test]
    fn an_untuned_machine_is_changed_as_a_whole() {
        let (_dir, root) = machine(&[
            (
                "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                "powersave\n",
            ),
            (
                "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor",
                "performance\n",
            ),
            (HUGE_PAGES, "[always] madvise never\n"),
            ("proc/sys/vm/swappiness", "60\n"),
            ("proc/sys/net/core/somaxconn", "128\n"),
            ("proc/interrupts", INTERRUPTS),
            ("proc/irq/24/smp_affinity_list", "0-1\n"),
            ("proc/irq/24/effective_affinity_list", "0\n"),
            ("proc/irq/25/smp_affinity_list", "0-1\n"),
            ("proc/irq/25/effective_affinity_list", "0\n"),
            (
                "proc/self/limits",
                "Limit  Soft Limit  Hard Limit  Units\nMax open files  1024  4096  files\nMax locked memory  65536  65536  bytes\n",
            ),
            ("etc/security/limits.d/other.conf", ""),
        ]);
        let mut items = look(&root);
        for item in &mut items {
            if item.check != "disk interrupts" {
                assert!(matches!(item.state, State::Change(_)), "{item:?}");
            }
            item.apply();
            assert!(!matches!(item.state, State::Failed(..)), "{item:?}");
        }
        let read = |path: &str| root.read(path).unwrap();
        assert_eq!(
            read("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            "performance"
        );
        assert_eq!(read("proc/sys/vm/swappiness"), "10");
        assert_eq!(read("proc/irq/24/smp_affinity_list"), "0");
        assert_eq!(read("proc/irq/25/smp_affinity_list"), "1");
        assert_eq!(find(&root, "cpu governor").state, State::Well);
        assert_eq!(find(&root, "listen backlog").state, State::Well);
        for check in ["open files", "locked memory"] {
            // It is in force from the next login.
            assert!(matches!(find(&root, check).state, State::Manual(_)), "{check}");
        }
    }

    #[test]
    fn a_machine_without_knobs_has_nothing_to_set() {
        let (_dir, root) = machine(&[]);
        for item in look(&root) {
            assert!(matches!(item.state, State::Absent(_)), "{item:?}");
        }
    }

    #[test]
    fn interrupts_on_several_cores_are_well() {
        let (_dir, root) = machine(&[
            ("proc/interrupts", INTERRUPTS),
            ("proc/irq/24/effective_affinity_list", "0\n"),
            ("proc/irq/25/effective_affinity_list", "1\n"),
        ]);
        assert_eq!(find(&root, "network interrupts").state, State::Well);
        assert_eq!(find(&root, "disk interrupts").state, State::Well);
        assert!(is_queue("nvme0q12", "nvme", "q"));
        assert!(!is_queue("nvmeq", "virtio", "q"));
    }

    #[test]
    fn limits_are_read() {
        let text = "Max open files            1024                 unlimited            files     \n";
        assert_eq!(limits_of(text, "Max open files"), Some((1024, u64::MAX)));
        assert_eq!(limits_of(text, "Max locked memory"), None);
    }
}
