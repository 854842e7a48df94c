//! A thread beside the shards: the live view, and what the server's process uses. It alone looks at that process.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::server_usage::{ServerSample, ServerUsage};
use crate::measure::{Live, LiveCounts, LiveTotals, ServerSecond};
use crate::progress::{Frame, Percentiles, Phase, Screen};

/// Between two frames and two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// Seconds of history that the view may show.
const HISTORY_MAX: usize = 60;

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
    /// The workload and the target, for people.
    pub(super) title: String,
    pub(super) live: Vec<Arc<Live>>,
    pub(super) server_pid: Option<u32>,
    /// Groups that read each message.
    pub(super) groups: u64,
    /// Warm-up and measurement, in seconds.
    pub(super) seconds: f64,
    pub(super) is_quiet: bool,
}

/// What the server's process used, as far as the process is known.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct ServerSeen {
    /// Over the measured time.
    pub(super) usage: Option<ServerUsage>,
    /// In each second since the traffic began.
    pub(super) seconds: Vec<Option<ServerSecond>>,
}

/// What was seen at one moment.
struct Look {
    at: Instant,
    totals: LiveTotals,
    server: Option<ServerSample>,
}

/// What the view has shown so far.
struct View {
    screen: Screen,
    phase: Phase,
    /// When the traffic began.
    traffic: Option<Instant>,
    last: Look,
    rates: Vec<Option<f64>>,
    p99s: Vec<Option<f64>>,
}

impl Monitor {
    /// Starts the thread; it ends when all senders are gone, and gives what the server used.
    pub(super) fn start(self, events: Receiver<Event>) -> std::io::Result<JoinHandle<ServerSeen>> {
        thread::Builder::new()
            .name(String::from("monitor"))
            .spawn(move || self.watch(&events))
    }

    fn watch(&self, events: &Receiver<Event>) -> ServerSeen {
        let mut view = View {
            screen: Screen::new(self.is_quiet),
            phase: Phase::Connecting,
            traffic: None,
            last: self.look(),
            rates: Vec::new(),
            p99s: Vec::new(),
        };
        let (mut before, mut after, mut rss_max) = (None, None, 0);
        let mut seconds = Vec::new();
        let mut due = view.last.at + INTERVAL;
        loop {
            match events.recv_timeout(due.saturating_duration_since(now())) {
                Ok(event) => {
                    let sample = self.sample();
                    match event {
                        Event::Traffic => {
                            view.phase = Phase::WarmUp;
                            view.last = self.look();
                            view.traffic = Some(view.last.at);
                            // From here on the looks are those at the ends of the traffic's seconds.
                            due = view.last.at + INTERVAL;
                        }
                        Event::Measuring => (view.phase, before) = (Phase::Measuring, sample),
                        Event::Draining => (view.phase, after) = (Phase::Draining, sample),
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    // Against the frame before, so that no delay adds up.
                    due += INTERVAL;
                    let look = self.look();
                    rss_max = look.server.map_or(0, |sample| sample.rss_bytes).max(rss_max);
                    if view.traffic.is_some() {
                        let samples = view.last.server.zip(look.server);
                        seconds.push(samples.map(|(before, after)| second(&before, &after)));
                    }
                    self.show(&mut view, look);
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        view.screen.clear();
        let samples = before.zip(after);
        ServerSeen {
            usage: samples.map(|(before, after)| usage(&before, &after, rss_max)),
            seconds,
        }
    }

    fn look(&self) -> Look {
        Look {
            at: now(),
            totals: LiveTotals::peek(&self.live),
            server: self.sample(),
        }
    }

    fn sample(&self) -> Option<ServerSample> {
        self.server_pid.and_then(|pid| ServerSample::take(pid).ok())
    }

    fn show(&self, view: &mut View, look: Look) {
        let frame = self.frame(view, &look);
        view.screen.show(&frame);
        (view.rates, view.p99s) = (frame.rates, frame.p99s);
        view.last = look;
    }

    fn frame(&self, view: &mut View, look: &Look) -> Frame {
        let (then, now) = (&view.last.totals, &look.totals);
        let seconds = look.at.duration_since(view.last.at).as_secs_f64().max(1e-3);
        let per_s = |after: u64, before: u64| after.saturating_sub(before) as f64 / seconds;
        // What is acknowledged before the traffic begins is the backlog.
        if view.phase == Phase::Connecting && now.published > 0 {
            view.phase = Phase::Backlog;
        }
        let published_per_s = per_s(now.published, then.published);
        let publish = percentiles(&now.publish.since(&then.publish));
        let mut rates = std::mem::take(&mut view.rates);
        let mut p99s = std::mem::take(&mut view.p99s);
        remember(&mut rates, Some(published_per_s));
        remember(&mut p99s, publish.map(|publish| publish.p99_ms));
        Frame {
            title: self.title.clone(),
            phase: view.phase,
            elapsed_s: view
                .traffic
                .map_or(0.0, |traffic| look.at.duration_since(traffic).as_secs_f64()),
            total_s: self.seconds,
            published_per_s,
            published_bytes_per_s: per_s(now.published_bytes, then.published_bytes),
            consumed_per_s: (self.groups > 0).then(|| per_s(now.consumed, then.consumed)),
            publish,
            end_to_end: percentiles(&now.end_to_end.since(&then.end_to_end)),
            backlog: (now.published * self.groups).saturating_sub(now.consumed),
            failed: now.failed,
            server: look.server.map(|sample| {
                let before = view.last.server.unwrap_or(sample);
                ((sample.cpu_s - before.cpu_s).max(0.0) / seconds, sample.rss_bytes)
            }),
            rates,
            p99s,
        }
    }
}

fn remember(history: &mut Vec<Option<f64>>, value: Option<f64>) {
    if history.len() == HISTORY_MAX {
        history.remove(0);
    }
    history.push(value);
}

fn percentiles(counts: &LiveCounts) -> Option<Percentiles> {
    Some(Percentiles {
        p50_ms: counts.quantile_ms(0.5)?,
        p99_ms: counts.quantile_ms(0.99)?,
        max_ms: counts.quantile_ms(1.0)?,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "this thread is no shard, and has no clock of one"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

fn usage(before: &ServerSample, after: &ServerSample, rss_max: u64) -> ServerUsage {
    ServerUsage {
        cpu_s: after.cpu_s - before.cpu_s,
        cpu_s_per_gib: 0.0,
        cpu_s_per_million: 0.0,
        rss_bytes_before: before.rss_bytes,
        rss_bytes_after: after.rss_bytes,
        rss_bytes_max: rss_max.max(before.rss_bytes).max(after.rss_bytes),
        device_read_bytes: after.read_bytes.saturating_sub(before.read_bytes),
        device_written_bytes: after.written_bytes.saturating_sub(before.written_bytes),
    }
}

fn second(before: &ServerSample, after: &ServerSample) -> ServerSecond {
    ServerSecond {
        cpu_s: (after.cpu_s - before.cpu_s).max(0.0),
        rss_bytes: after.rss_bytes,
        device_read_bytes: after.read_bytes.saturating_sub(before.read_bytes),
        device_written_bytes: after.written_bytes.saturating_sub(before.written_bytes),
    }
}
