//! A thread beside the shards: the progress line, and the server's usage once a second.

use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::server_usage::{ServerSample, ServerUsage};
use crate::measure::{Live, LiveTotals};

/// Between two lines and two looks.
const INTERVAL: Duration = Duration::from_secs(1);

/// What the shards tell the monitor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Event {
    /// The traffic begins, and with it the warm-up.
    Traffic,
    /// The measurement begins.
    Measuring,
    /// The measurement has ended.
    Draining,
}

/// What the monitor knows.
pub(super) struct Monitor {
    pub(super) live: Vec<Arc<Live>>,
    pub(super) server_pid: Option<u32>,
    /// Groups that read each message.
    pub(super) groups: u64,
    /// Warm-up and measurement, in seconds.
    pub(super) seconds: f64,
    pub(super) is_quiet: bool,
}

impl Monitor {
    /// Starts the thread; it ends when all senders are gone, and gives the server's usage.
    pub(super) fn start(self, events: Receiver<Event>) -> std::io::Result<JoinHandle<Option<ServerUsage>>> {
        thread::Builder::new()
            .name(String::from("monitor"))
            .spawn(move || self.watch(&events))
    }

    fn watch(&self, events: &Receiver<Event>) -> Option<ServerUsage> {
        let shows = !self.is_quiet && stderr().is_terminal();
        let mut phase = "preparing";
        let (mut before, mut after, mut rss_max) = (None, None, 0);
        let mut last = LiveTotals::default();
        let mut ticks = 0u32;
        loop {
            match events.recv_timeout(INTERVAL) {
                Ok(event) => {
                    let sample = self.sample();
                    match event {
                        Event::Traffic => phase = "warming up",
                        Event::Measuring => (phase, before) = ("measuring", sample),
                        Event::Draining => (phase, after) = ("draining", sample),
                    }
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if let Some(sample) = self.sample() {
                rss_max = sample.rss_bytes.max(rss_max);
            }
            if phase != "preparing" {
                ticks += 1;
            }
            let now = LiveTotals::take(&self.live);
            if shows {
                self.show(phase, ticks, &last, &now);
            }
            last = now;
        }
        if shows {
            // Wipes the line.
            let _closed = write!(stderr(), "\r\x1b[K");
        }
        usage(before?, after?, rss_max)
    }

    fn sample(&self) -> Option<ServerSample> {
        self.server_pid.and_then(|pid| ServerSample::take(pid).ok())
    }

    fn show(&self, phase: &str, ticks: u32, last: &LiveTotals, now: &LiveTotals) {
        let rate = now.published.saturating_sub(last.published);
        let megabytes = now.published_bytes.saturating_sub(last.published_bytes) as f64 / 1e6;
        let worst_ms = now.worst_nanos as f64 / 1e6;
        let backlog = (now.published * self.groups).saturating_sub(now.consumed);
        let failed = now.failed;
        // A terminal that is gone is nobody's problem.
        let _closed = write!(
            stderr(),
            "\r\x1b[K{phase} {ticks}/{:.0} s  {rate} msg/s  {megabytes:.1} MB/s  worst {worst_ms:.2} ms  \
             backlog {backlog}  errors {failed}",
            self.seconds
        );
        let _closed = stderr().flush();
    }
}

fn usage(before: ServerSample, after: ServerSample, rss_max: u64) -> Option<ServerUsage> {
    Some(ServerUsage {
        cpu_s: after.cpu_s - before.cpu_s,
        cpu_s_per_gib: 0.0,
        cpu_s_per_million: 0.0,
        rss_bytes_before: before.rss_bytes,
        rss_bytes_after: after.rss_bytes,
        rss_bytes_max: rss_max.max(before.rss_bytes).max(after.rss_bytes),
        device_read_bytes: after.read_bytes.saturating_sub(before.read_bytes),
        device_written_bytes: after.written_bytes.saturating_sub(before.written_bytes),
    })
}
