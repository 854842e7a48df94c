//! One shard's measurements.
//!
//! Invariants: a latency belongs to the run if the message's *intended* time lies in the measured window, however late
//! it was acknowledged or consumed: a target that stalls cannot shed its worst messages. Throughput counts what was
//! acknowledged or consumed *within* the window.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use corelog_runtime::Monotonic;

use super::histogram::nanos;
use super::{Latencies, Live, Seconds};

/// The time that is measured; its end is exclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// When the traffic begins.
    pub traffic: Monotonic,
    /// When the measurement begins: the traffic's start and the warm-up.
    pub start: Monotonic,
    /// When it ends, and with it the schedule.
    pub end: Monotonic,
}

impl Window {
    /// Whether `time` is measured.
    pub fn contains(&self, time: Monotonic) -> bool {
        self.start <= time && time < self.end
    }
}

/// The intended times of a batch's messages, in order; equal ones are counted together.
#[derive(Clone, Debug, Default)]
pub struct Stamps(Vec<(Monotonic, u32)>);

impl Stamps {
    /// Adds a message.
    pub fn push(&mut self, intended: Monotonic) {
        match self.0.last_mut() {
            Some((last, count)) if *last == intended => *count += 1,
            Some(_) | None => self.0.push((intended, 1)),
        }
    }

    /// The times and their counts.
    pub fn iter(&self) -> impl Iterator<Item = (Monotonic, u64)> + '_ {
        self.0.iter().map(|(time, count)| (*time, u64::from(*count)))
    }

    /// The messages.
    pub fn count(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }

    /// The first message's time.
    pub fn first(&self) -> Option<Monotonic> {
        self.0.first().map(|(time, _)| *time)
    }
}

/// Counts within the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Messages acknowledged.
    pub published: u64,
    /// Their bytes.
    pub published_bytes: u64,
    /// Messages consumed.
    pub consumed: u64,
    /// Their bytes.
    pub consumed_bytes: u64,
    /// Produce requests answered.
    pub requests: u64,
    /// Batches and ends of transactions that were refused for the time being, and sent again.
    pub retries: u64,
}

impl Totals {
    fn add(&mut self, other: &Totals) {
        self.published += other.published;
        self.published_bytes += other.published_bytes;
        self.consumed += other.consumed;
        self.consumed_bytes += other.consumed_bytes;
        self.requests += other.requests;
        self.retries += other.retries;
    }
}

/// What was measured, by a shard or by all.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// From the intended time to the acknowledgement.
    pub publish: Latencies,
    /// From the intended time to the moment the producer took the message on.
    pub delay: Latencies,
    /// From the intended time to the consumer.
    pub end_to_end: Latencies,
    /// How long the commits took that ended within the window, from the last message's being taken on: flush and end.
    pub commits: Latencies,
    /// Counts within the window.
    pub totals: Totals,
    /// Messages that failed, over the whole run, by what the target or the network said.
    pub errors: BTreeMap<String, u64>,
    /// Messages acknowledged before the traffic began, to build the backlog.
    pub backlog_built: u64,
    /// How the backlog was read.
    pub backlog_read: BacklogRead,
}

/// What consumers read of the backlog, over the whole run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BacklogRead {
    /// Messages, counted by each group.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// From the start of the traffic, and so of the consumers, to the last of them.
    pub elapsed: Duration,
}

impl Measured {
    /// Adds another shard's.
    pub fn merge(&mut self, other: &Measured) {
        self.publish.merge(&other.publish);
        self.delay.merge(&other.delay);
        self.end_to_end.merge(&other.end_to_end);
        self.commits.merge(&other.commits);
        self.totals.add(&other.totals);
        for (error, count) in &other.errors {
            *self.errors.entry(error.clone()).or_default() += count;
        }
        self.backlog_built += other.backlog_built;
        self.backlog_read.messages += other.backlog_read.messages;
        self.backlog_read.bytes += other.backlog_read.bytes;
        self.backlog_read.elapsed = self.backlog_read.elapsed.max(other.backlog_read.elapsed);
    }
}

/// Where a shard's producers and consumers report to.
pub struct Recorder {
    state: RefCell<State>,
    live: Arc<Live>,
}

struct State {
    /// None while the backlog is built.
    running: Option<(Window, Seconds)>,
    measured: Measured,
}

impl Recorder {
    /// Nothing measured yet, and no window.
    pub fn new(live: Arc<Live>) -> Recorder {
        Recorder {
            state: RefCell::new(State {
                running: None,
                measured: Measured::default(),
            }),
            live,
        }
    }

    /// The traffic begins.
    pub fn begin(&self, window: Window) {
        self.state.borrow_mut().running = Some((window, Seconds::new(window.traffic)));
    }

    /// A producer takes messages on at `now`.
    pub fn delays(&self, now: Monotonic) -> Delays<'_> {
        Delays {
            recorder: self,
            now,
            run: None,
        }
    }

    fn delayed(&self, now: Monotonic, intended: Monotonic, count: u64) {
        let state = &mut *self.state.borrow_mut();
        if let Some((window, _)) = &state.running
            && window.contains(intended)
        {
            state.measured.delay.record(now.since(intended), count);
        }
    }

    /// A produce request was answered.
    pub fn answered(&self, now: Monotonic) {
        let state = &mut *self.state.borrow_mut();
        if let Some((window, _)) = &state.running
            && window.contains(now)
        {
            state.measured.totals.requests += 1;
        }
    }

    /// A transaction was committed at `now`, which took `latency`.
    pub fn committed(&self, now: Monotonic, latency: Duration) {
        let state = &mut *self.state.borrow_mut();
        if let Some((window, _)) = &state.running
            && window.contains(now)
        {
            state.measured.commits.record(latency, 1);
        }
    }

    /// A request of a transaction was refused for the time being.
    pub fn retried(&self, now: Monotonic) {
        let state = &mut *self.state.borrow_mut();
        if let Some((window, _)) = &state.running
            && window.contains(now)
        {
            state.measured.totals.retries += 1;
        }
    }

    /// Messages of `bytes` bytes together were acknowledged, or committed, at `now`.
    pub fn published(&self, now: Monotonic, stamps: &Stamps, bytes: u64) {
        let count = stamps.count();
        self.live.published(count, bytes);
        let State { running, measured } = &mut *self.state.borrow_mut();
        let Some((window, seconds)) = running else {
            measured.backlog_built += count;
            return;
        };
        if window.contains(now) {
            measured.totals.published += count;
            measured.totals.published_bytes += bytes;
        }
        seconds.published(now, count, bytes);
        for (intended, count) in stamps.iter() {
            let latency = now.since(intended);
            self.live.published_latency(nanos(latency), count);
            seconds.published_latency(latency, count);
            if window.contains(intended) {
                measured.publish.record(latency, count);
            }
        }
    }

    /// The run gives up waiting for messages that were meant to be sent at `intended`. Their age so far counts as
    /// their latency, which is at least that: what a target never answers is its slowest, not its unmeasured part.
    pub fn gave_up(&self, now: Monotonic, intended: Monotonic, count: u64) {
        let State { running, measured } = &mut *self.state.borrow_mut();
        if let Some((window, _)) = running
            && window.contains(intended)
        {
            measured.publish.record(now.since(intended), count);
        }
    }

    /// Messages failed.
    pub fn failed(&self, now: Monotonic, error: &str, messages: u64) {
        self.live.failed(messages);
        let State { running, measured } = &mut *self.state.borrow_mut();
        match measured.errors.get_mut(error) {
            Some(count) => *count += messages,
            None => {
                measured.errors.insert(error.to_owned(), messages);
            }
        }
        if let Some((_, seconds)) = running {
            seconds.failed(now, messages);
        }
    }

    /// Messages of `bytes` bytes together were consumed at `now`.
    pub fn consumed(&self, now: Monotonic, stamps: &Stamps, bytes: u64) {
        let count = stamps.count();
        self.live.consumed(count, bytes);
        let State { running, measured } = &mut *self.state.borrow_mut();
        let Some((window, seconds)) = running else {
            return;
        };
        if window.contains(now) {
            measured.totals.consumed += count;
            measured.totals.consumed_bytes += bytes;
        }
        seconds.consumed(now, count, bytes);
        let mut from_backlog = 0;
        for (intended, count) in stamps.iter() {
            // A message of the backlog was late before it could be consumed: its age says nothing of the target.
            if intended >= window.traffic {
                let latency = now.since(intended);
                self.live.consumed_latency(nanos(latency), count);
                seconds.consumed_latency(latency, count);
                if window.contains(intended) {
                    measured.end_to_end.record(latency, count);
                }
            } else {
                from_backlog += count;
            }
        }
        if from_backlog > 0 {
            let read = &mut measured.backlog_read;
            read.messages += from_backlog;
            read.bytes += bytes * from_backlog / count;
            read.elapsed = now.since(window.traffic);
        }
    }

    /// Everything measured, and the seconds if the traffic began.
    pub fn finish(&self) -> (Measured, Option<Seconds>) {
        let state = &mut *self.state.borrow_mut();
        let seconds = state.running.take().map(|(_, seconds)| seconds);
        (std::mem::take(&mut state.measured), seconds)
    }
}

/// Messages that a producer takes on at one moment; equal intended times are recorded together, at the latest when this
/// is dropped.
pub struct Delays<'a> {
    recorder: &'a Recorder,
    now: Monotonic,
    run: Option<(Monotonic, u64)>,
}

impl Delays<'_> {
    /// A message that was meant to be sent at `intended`.
    pub fn add(&mut self, intended: Monotonic) {
        match &mut self.run {
            Some((last, count)) if *last == intended => *count += 1,
            Some(_) | None => {
                self.flush();
                self.run = Some((intended, 1));
            }
        }
    }

    fn flush(&mut self) {
        if let Some((intended, count)) = self.run.take() {
            self.recorder.delayed(self.now, intended, count);
        }
    }
}

impl Drop for Delays<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Monotonic {
        Monotonic::from_nanos(millis * 1_000_000)
    }

    fn stamps(times: &[u64]) -> Stamps {
        let mut stamps = Stamps::default();
        for time in times {
            stamps.push(at(*time));
        }
        stamps
    }

    #[test]
    fn latency_counts_by_intention_and_throughput_by_completion() {
        let recorder = Recorder::new(Arc::new(Live::default()));
        recorder.published(at(1), &stamps(&[0, 0, 0]), 30);
        recorder.begin(Window {
            traffic: at(1000),
            start: at(2000),
            end: at(3000),
        });
        // Meant to be sent in the warm-up, acknowledged in the window.
        recorder.published(at(2010), &stamps(&[1990, 1990]), 20);
        // Meant for the window, acknowledged long after it: late, and not forgotten.
        recorder.published(at(9000), &stamps(&[2990, 2995]), 20);
        recorder.delays(at(2992)).add(at(2990));
        recorder.gave_up(at(9999), at(2999), 1);
        recorder.committed(at(1999), Duration::from_millis(7));
        recorder.committed(at(2500), Duration::from_millis(8));
        recorder.retried(at(2500));
        recorder.failed(at(2500), "NOT_ENOUGH_REPLICAS", 4);
        recorder.consumed(at(2500), &stamps(&[0, 2400]), 20);
        let (measured, seconds) = recorder.finish();
        assert_eq!(measured.backlog_built, 3);
        assert_eq!(measured.totals.published, 2);
        assert_eq!((measured.commits.count(), measured.totals.retries), (1, 1));
        assert_eq!(measured.publish.count(), 3);
        assert!(measured.publish.summary().max_ms > 6_999.0);
        assert!(measured.publish.summary().p50_ms > 6_000.0);
        assert_eq!(measured.delay.count(), 1);
        assert_eq!(measured.totals.consumed, 2);
        assert_eq!(
            measured.end_to_end.count(),
            1,
            "the backlog's age is not a latency"
        );
        assert_eq!(measured.backlog_read.messages, 1);
        assert_eq!(measured.backlog_read.bytes, 10);
        assert_eq!(measured.backlog_read.elapsed, Duration::from_millis(1500));
        assert_eq!(measured.errors["NOT_ENOUGH_REPLICAS"], 4);
        let rows = Seconds::merge(vec![seconds.unwrap()], 1, measured.backlog_built);
        assert_eq!(rows[1].published, 2);
        assert_eq!(rows[8].published, 2);
    }

    #[test]
    fn equal_times_are_counted_together() {
        let stamps = stamps(&[1, 1, 2, 2, 2]);
        let runs: Vec<_> = stamps.iter().collect();
        assert_eq!(runs, [(at(1), 2), (at(2), 3)]);
        assert_eq!(stamps.count(), 5);
        assert_eq!(stamps.first(), Some(at(1)));
    }
}
