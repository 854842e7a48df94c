//! The kernel, the processors, the memory, the limits and the ports.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

use corelog_config::{BrokerConfig, Listener, ShardCount};
use corelog_runtime::descriptors::{DescriptorPlan, TooFewDescriptors};
use corelog_runtime::preflight::{Finding, Severity, preflight};

use super::Line;

/// The oldest kernel with all that the rings use (IORING_SETUP_DEFER_TASKRUN).
const KERNEL_MIN: (u32, u32) = (6, 1);
/// From this one idle rings are not charged as iowait (IORING_ENTER_NO_IOWAIT).
const KERNEL_GOOD: (u32, u32) = (6, 15);
/// The least memory a shard that is of use.
const SHARD_MEMORY_MIN: u64 = 256 << 20;

pub(super) fn look(config: &BrokerConfig) -> Vec<Line> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut lines = vec![kernel(&read("/proc/sys/kernel/osrelease"))];
    lines.extend(rings_and_limits(&preflight()));
    lines.push(connections(
        descriptors(config, cores),
        config.network.connections_max,
    ));
    lines.push(shards(&config.shards, cores));
    lines.push(memory(
        &read("/proc/meminfo"),
        config.memory_bytes,
        config.memory_percent,
        shard_count(&config.shards, cores),
    ));
    lines.push(governor(&governors(Path::new("/sys/devices/system/cpu"))));
    lines.push(huge_pages(&read("/sys/kernel/mm/transparent_hugepage/enabled")));
    lines.push(clock_source(&read(
        "/sys/devices/system/clocksource/clocksource0/current_clocksource",
    )));
    lines.extend(config.network.listeners.iter().map(port));
    lines
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn kernel(release: &str) -> Line {
    let mut parts = release
        .split(['.', '-'])
        .map_while(|part| part.parse::<u32>().ok());
    let Some(version) = parts.next().zip(parts.next()) else {
        return Line::warn(
            "kernel",
            format!("unknown release {release:?}"),
            "Use Linux 6.1 or newer.",
        );
    };
    if version < KERNEL_MIN {
        Line::fail(
            "kernel",
            release,
            "Use Linux 6.1 or newer: older ones lack what the rings need.",
        )
    } else if version < KERNEL_GOOD {
        let found = format!("{release} (before 6.15 idle shards show up as iowait; that is harmless)");
        Line::ok("kernel", found)
    } else {
        Line::ok("kernel", release)
    }
}

/// Turns the runtime's findings into lines; what it does not mention is well.
fn rings_and_limits(findings: &[Finding]) -> Vec<Line> {
    let mut lines: BTreeMap<&'static str, Line> = [
        ("io_uring", "available"),
        ("locked memory", "enough"),
        ("open files", "enough"),
    ]
    .map(|(check, found)| (check, Line::ok(check, found)))
    .into();
    for finding in findings {
        let check = match finding {
            Finding::NoIoUring
            | Finding::OldIoUring
            | Finding::Disabled { .. }
            | Finding::Forbidden
            | Finding::Ring { .. } => "io_uring",
            Finding::LockedMemory { .. } => "locked memory",
            Finding::OpenFiles { .. } => "open files",
        };
        let line = match finding.severity() {
            Severity::Fatal => Line::fail(check, finding.to_string(), finding.remedy()),
            Severity::Warning | Severity::Advice => Line::warn(check, finding.to_string(), finding.remedy()),
        };
        lines.insert(check, line);
    }
    lines.into_values().collect()
}

/// What the process's descriptors would be for, with the soft limit raised as the broker raises it.
fn descriptors(config: &BrokerConfig, cores: usize) -> Result<DescriptorPlan, TooFewDescriptors> {
    corelog_runtime::preflight::raise_open_files();
    let shards = u16::try_from(shard_count(&config.shards, cores)).unwrap_or(u16::MAX);
    DescriptorPlan::new(shards, u64::from(config.storage.journal_files))
}

fn connections(plan: Result<DescriptorPlan, TooFewDescriptors>, wanted_max: u32) -> Line {
    match plan {
        Ok(plan) => Line::ok(
            "connections",
            format!(
                "at most {} and {} segment files a shard, of {} descriptors",
                plan.connections.min(wanted_max),
                plan.segment_files,
                plan.limit
            ),
        ),
        Err(error) => Line::fail(
            "connections",
            error.to_string(),
            "Raise LimitNOFILE in the systemd unit or `ulimit -n`, or lower shards or journal.files.",
        ),
    }
}

fn shard_count(shards: &ShardCount, cores: usize) -> usize {
    match shards {
        ShardCount::Auto => cores,
        ShardCount::Count(count) => usize::from(*count),
        ShardCount::Cores(list) => list.len(),
    }
}

fn shards(shards: &ShardCount, cores: usize) -> Line {
    let count = shard_count(shards, cores);
    let found = format!("{count} on {cores} cores");
    if count > cores {
        Line::fail(
            "shards",
            found,
            format!("Set shards to {cores} or fewer: two shards on a core wait for each other."),
        )
    } else {
        Line::ok("shards", found)
    }
}

fn memory(meminfo: &str, shard_bytes: Option<u64>, percent: u32, shards: usize) -> Line {
    let kilobytes = |name: &str| {
        let line = meminfo
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let Some(available) = kilobytes("MemAvailable").map(|count| count << 10) else {
        return Line::warn("memory", "unknown: /proc/meminfo cannot be read", "Mount /proc.");
    };
    let total = kilobytes("MemTotal").map_or(available, |count| count << 10);
    let shards = u64::try_from(shards.max(1)).unwrap_or(u64::MAX);
    let wanted = shard_bytes.unwrap_or(total.saturating_mul(u64::from(percent)) / 100 / shards);
    let found = format!(
        "{} a shard, {} available",
        mebibytes(wanted),
        mebibytes(available)
    );
    if wanted.saturating_mul(shards) > available {
        Line::fail("memory", found, "Lower memory.bytes or shards, or free memory.")
    } else if wanted < SHARD_MEMORY_MIN {
        let advice = format!(
            "Use fewer shards, or give each at least {}.",
            mebibytes(SHARD_MEMORY_MIN)
        );
        Line::warn("memory", found, advice)
    } else {
        Line::ok("memory", found)
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// How many processors run each governor.
fn governors(cpus: &Path) -> BTreeMap<String, usize> {
    let mut governors = BTreeMap::new();
    for entry in fs::read_dir(cpus).into_iter().flatten().flatten() {
        let path = entry.path().join("cpufreq/scaling_governor");
        if let Ok(governor) = fs::read_to_string(path) {
            *governors.entry(governor.trim().to_owned()).or_default() += 1;
        }
    }
    governors
}

fn governor(governors: &BTreeMap<String, usize>) -> Line {
    if governors.is_empty() {
        return Line::ok("cpu governor", "none here, as on most virtual machines");
    }
    let found: Vec<_> = governors
        .iter()
        .map(|(name, count)| format!("{name} on {count}"))
        .collect();
    if governors.keys().all(|name| name == "performance") {
        return Line::ok("cpu governor", found.join(", "));
    }
    let advice = "Run `cpupower frequency-set -g performance`: clocking up takes longer than a request.";
    Line::warn("cpu governor", found.join(", "), advice)
}

fn huge_pages(enabled: &str) -> Line {
    match enabled.split_whitespace().find(|word| word.starts_with('[')) {
        Some("[always]") => Line::warn(
            "huge pages",
            "always",
            "Write madvise to /sys/kernel/mm/transparent_hugepage/enabled: compaction of memory stalls shards.",
        ),
        Some("[never]") => Line::warn(
            "huge pages",
            "never",
            "Write madvise to /sys/kernel/mm/transparent_hugepage/enabled: large writes are made of small pages otherwise.",
        ),
        Some(chosen) => Line::ok("huge pages", chosen.trim_matches(['[', ']'])),
        None => Line::ok("huge pages", "not in this kernel"),
    }
}

fn clock_source(source: &str) -> Line {
    match source {
        "hpet" | "acpi_pm" | "jiffies" => Line::warn(
            "clock",
            source,
            "Choose tsc or the hypervisor's clock (kernel parameter clocksource=): reading this one is slow.",
        ),
        "" => Line::ok("clock", "unknown"),
        fast => Line::ok("clock", fast),
    }
}

fn port(listener: &Listener) -> Line {
    let host = if listener.host.is_empty() {
        "0.0.0.0"
    } else {
        listener.host.as_str()
    };
    match TcpListener::bind((host, listener.port)) {
        Ok(_) => Line::ok("port", format!("{listener} is free")),
        Err(error) => Line::warn(
            "port",
            format!("{listener}: {error}"),
            "If this is not a running broker of yours, stop what holds it, or set listeners.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::Verdict::{self, Fail, Ok, Warn};
    use super::*;

    fn check(line: &Line, verdict: Verdict, part: &str) {
        assert_eq!(line.verdict, verdict, "{line:?}");
        assert!(line.found.contains(part), "{line:?}");
        assert_eq!(line.advice.is_some(), verdict != Ok, "{line:?}");
    }

    #[test]
    fn kernels_are_judged() {
        check(&kernel("6.18.5-cloud"), Ok, "6.18.5");
        check(&kernel("6.1.0"), Ok, "iowait");
        check(&kernel("5.15.0-91-generic"), Fail, "5.15");
        check(&kernel("7.0"), Ok, "7.0");
        check(&kernel("weird"), Warn, "unknown");
    }

    #[test]
    fn the_runtimes_findings_become_lines() {
        let lines = rings_and_limits(&[]);
        assert!(lines.iter().all(|line| line.verdict == Ok));
        let findings = [
            Finding::Forbidden,
            Finding::OpenFiles {
                limit: 1024,
                limit_max: 4096,
            },
            Finding::Ring {
                source: io::Error::from(io::ErrorKind::OutOfMemory),
            },
        ];
        let lines = rings_and_limits(&findings[..2]);
        check(&lines[0], Fail, "seccomp");
        check(&lines[1], Ok, "enough");
        check(&lines[2], Warn, "1024");
        check(&rings_and_limits(&findings[2..])[0], Fail, "io_uring");
    }

    #[test]
    fn what_descriptors_allow_is_told() {
        let line = |limit| connections(DescriptorPlan::divide(limit, 2, 16), u32::MAX);
        check(
            &line(1024),
            Ok,
            "at most 590 and 111 segment files a shard, of 1024",
        );
        check(&line(200), Fail, "RLIMIT_NOFILE");
        let plan = DescriptorPlan::divide(65_536, 2, 16);
        check(&connections(plan, 100), Ok, "at most 100 ");
    }

    #[test]
    fn shards_and_memory_are_judged() {
        check(&shards(&ShardCount::Auto, 4), Ok, "4 on 4");
        check(&shards(&ShardCount::Count(5), 4), Fail, "5 on 4");
        let meminfo = "MemTotal:       8388608 kB\nMemFree: 1 kB\nMemAvailable:   6291456 kB\n";
        check(
            &memory(meminfo, None, 50, 2),
            Ok,
            "2048 MiB a shard, 6144 MiB available",
        );
        check(&memory(meminfo, Some(4 << 30), 50, 2), Fail, "4096 MiB a shard");
        check(&memory(meminfo, None, 50, 64), Warn, "64 MiB a shard");
        check(&memory("", None, 50, 1), Warn, "unknown");
    }

    #[test]
    fn settings_of_the_machine_are_judged() {
        let map = |pairs: &[(&str, usize)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect();
        check(&governor(&map(&[])), Ok, "virtual");
        check(&governor(&map(&[("performance", 2)])), Ok, "performance on 2");
        check(
            &governor(&map(&[("performance", 1), ("powersave", 1)])),
            Warn,
            "powersave on 1",
        );
        check(&huge_pages("[always] madvise never"), Warn, "always");
        check(&huge_pages("always madvise [never]"), Warn, "never");
        check(&huge_pages("always [madvise] never"), Ok, "madvise");
        check(&huge_pages(""), Ok, "not in this kernel");
        check(&clock_source("hpet"), Warn, "hpet");
        check(&clock_source("tsc"), Ok, "tsc");
    }

    #[test]
    fn a_port_that_is_taken_is_seen() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let text = format!("PLAINTEXT://127.0.0.1:{}", taken.local_addr().unwrap().port());
        check(&port(&Listener::parse(&text).unwrap()), Warn, "in use");
        check(
            &port(&Listener::parse("PLAINTEXT://127.0.0.1:0").unwrap()),
            Ok,
            "free",
        );
    }
}
