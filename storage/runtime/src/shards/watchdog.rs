//! The watchdog: a thread that reports stalled shards. A shard stalls when it stays inside one task for too long, or
//! does not run although something woke it. The watchdog only reads and wakes no idle shard.

#![expect(
    clippy::disallowed_methods,
    reason = "the real form of the seams is where time comes from"
)]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Pulse;
use crate::mailbox::Parking;

/// The running thread; ends when dropped.
pub(crate) struct Watchdog {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    stalls: Arc<AtomicU64>,
}

impl Watchdog {
    /// Watches `shards`, in order, for those that should make a step and make none for longer than `limit`.
    pub(crate) fn start(
        shards: Vec<(Arc<Pulse>, Arc<Parking>)>,
        limit: Duration,
    ) -> std::io::Result<Watchdog> {
        let (stop, stopped) = channel::<()>();
        let stalls = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&stalls);
        let thread = thread::Builder::new().name("watchdog".into()).spawn(move || {
            let mut watched: Vec<Watched> = shards.into_iter().map(Watched::new).collect();
            while stopped.recv_timeout(limit / 2) == Err(RecvTimeoutError::Timeout) {
                for (shard, watched) in watched.iter_mut().enumerate() {
                    if watched.look(shard, limit) {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        })?;
        Ok(Watchdog {
            stop: Some(stop),
            thread: Some(thread),
            stalls,
        })
    }

    /// Stalls reported so far.
    pub(crate) fn stalls(&self) -> u64 {
        self.stalls.load(Ordering::Relaxed)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It panics only where logging panics, and there is nothing to undo.
            let _panicked = thread.join();
        }
    }
}

/// Whether a shard should make a step soon, by what it shows.
fn is_due(there: bool, beat: u64, parked: bool, signalled: bool) -> bool {
    let (inside_a_task, has_begun) = (!beat.is_multiple_of(2), beat > 0);
    // Awake it makes steps until it parks; a signal is drained by the step that it causes.
    there && (inside_a_task || (has_begun && (!parked || signalled)))
}

struct Watched {
    pulse: Arc<Pulse>,
    parking: Arc<Parking>,
    /// The beat at which a step was due, and when that was first seen.
    since: Option<(u64, Instant)>,
    reported: bool,
}

impl Watched {
    fn new((pulse, parking): (Arc<Pulse>, Arc<Parking>)) -> Watched {
        Watched {
            pulse,
            parking,
            since: None,
            reported: false,
        }
    }

    /// Looks once; whether a new stall was reported.
    fn look(&mut self, shard: usize, limit: Duration) -> bool {
        let beat = self.due_beat();
        if let (Some(beat), Some((seen, at))) = (beat, self.since)
            && beat == seen
        {
            if self.reported || at.elapsed() < limit {
                return false;
            }
            self.report(shard, at.elapsed());
            self.reported = true;
            return true;
        }
        if let (true, Some((_, at))) = (self.reported, self.since) {
            let seconds = at.elapsed().as_secs_f64();
            tracing::warn!(shard, seconds, "the stalled shard goes on");
        }
        self.reported = false;
        self.since = beat.map(|beat| (beat, Instant::now()));
        false
    }

    /// The shard's beat, if a step is due.
    fn due_beat(&self) -> Option<u64> {
        let (parked, signalled) = (self.parking.is_parked(), self.parking.is_signalled());
        // Last, so that a step that took the signal has made another beat of it when that is looked for again.
        let beat = self.pulse.beat();
        is_due(self.pulse.is_there(), beat, parked, signalled).then_some(beat)
    }

    fn report(&self, shard: usize, stalled: Duration) {
        let inside = !self.pulse.beat().is_multiple_of(2);
        let task = if inside { self.pulse.task_name() } else { "none" };
        let thread = self.pulse.thread_id();
        let read = |file: &str| {
            fs::read_to_string(format!("/proc/self/task/{thread}/{file}"))
                .map(|text| text.trim().to_owned())
                .unwrap_or_default()
        };
        // Where the kernel has it: "running" in `syscall` means that it computes, else what it waits in. The stack
        // is readable by root alone.
        let (syscall, wait, stack) = (read("syscall"), read("wchan"), read("stack"));
        tracing::error!(
            shard,
            task,
            seconds = stalled.as_secs_f64(),
            thread,
            syscall,
            wait,
            stack,
            "the shard makes no step: if a task holds it, no other work of the shard goes on"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::is_due;

    #[test]
    fn a_step_is_due_inside_a_task_and_while_something_has_woken_the_shard() {
        for (there, parked, signalled) in (0..8).map(|bits| (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0)) {
            let check = |beat, want| {
                let got = is_due(there, beat, parked, signalled);
                assert_eq!(
                    got, want,
                    "there {there}, beat {beat}, parked {parked}, signalled {signalled}"
                );
            };
            check(0, false);
            check(7, there);
            check(8, there && (signalled || !parked));
        }
    }
}
