//! What the server's process uses, from /proc (proc(5)).

use std::fs;
use std::io;

use serde::Serialize;

/// Clock ticks a second in /proc: USER_HZ, which is 100 on every architecture that io_uring runs on in practice.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process at one moment.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct ServerSample {
    /// CPU time of all its threads, in seconds.
    pub cpu_s: f64,
    /// Resident memory in bytes.
    pub rss_bytes: u64,
    /// Bytes it caused to be read from devices.
    pub read_bytes: u64,
    /// Bytes it caused to be written to devices.
    pub written_bytes: u64,
}

/// What it used over the measured time.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct ServerUsage {
    /// CPU time in seconds.
    pub cpu_s: f64,
    /// CPU time in seconds for a GiB published.
    pub cpu_s_per_gib: f64,
    /// CPU time in seconds for a million messages published.
    pub cpu_s_per_million: f64,
    /// Resident memory at the start, in bytes.
    pub rss_bytes_before: u64,
    /// Resident memory at the end, in bytes.
    pub rss_bytes_after: u64,
    /// The most that was seen in between, looked at once a second, in bytes.
    pub rss_bytes_max: u64,
    /// Bytes read from devices.
    pub device_read_bytes: u64,
    /// Bytes written to devices.
    pub device_written_bytes: u64,
}

impl ServerSample {
    /// Looks at process `pid`.
    ///
    /// # Errors
    /// When there is no such process, or its files may not be read.
    pub fn take(pid: u32) -> io::Result<ServerSample> {
        let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}"));
        let cpu_s = parse_cpu(&read("stat")?).unwrap_or_default();
        let rss_kib = field(&read("status")?, "VmRSS:").unwrap_or_default();
        // Only its owner may read it; without it the rest is still worth having.
        let io = read("io").unwrap_or_default();
        Ok(ServerSample {
            cpu_s,
            rss_bytes: rss_kib * 1024,
            read_bytes: field(&io, "read_bytes:").unwrap_or_default(),
            written_bytes: field(&io, "write_bytes:").unwrap_or_default(),
        })
    }
}

/// The command line of process `pid`, its arguments apart by blanks.
pub(super) fn command_line(pid: u32) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&bytes).replace('\0', " ");
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// utime and stime: fields 14 and 15, counted after the name in parentheses, which may hold anything.
fn parse_cpu(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some((f64::from(user) + f64::from(system)) / TICKS_PER_SECOND)
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found() {
        let stat = "42 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 3";
        assert_eq!(parse_cpu(stat), Some(2.0));
        assert_eq!(parse_cpu("nonsense"), None);
        assert_eq!(field("VmPeak:\t 5 kB\nVmRSS:\t  1234 kB\n", "VmRSS:"), Some(1234));
        assert_eq!(field("", "VmRSS:"), None);
    }

    #[test]
    fn this_process_can_be_looked_at() {
        let sample = ServerSample::take(std::process::id()).unwrap();
        assert!(sample.rss_bytes > 0);
        assert!(command_line(std::process::id()).is_some());
        assert!(ServerSample::take(u32::MAX).is_err());
    }
}
