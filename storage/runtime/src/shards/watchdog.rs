//! A thread that reports shards which stay inside one task for too long. It only reads: an idle shard is not woken.

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

/// The running thread; ends when dropped.
pub(crate) struct Watchdog {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    stalls: Arc<AtomicU64>,
}

impl Watchdog {
    /// Watches `pulses`, one a shard, for tasks that run longer than `limit` without a break.
    pub(crate) fn start(pulses: Vec<Arc<Pulse>>, limit: Duration) -> std::io::Result<Watchdog> {
        let (stop, stopped) = channel::<()>();
        let stalls = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&stalls);
        let thread = thread::Builder::new().name("watchdog".into()).spawn(move || {
            let mut watched: Vec<Watched> = pulses.into_iter().map(Watched::new).collect();
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

struct Watched {
    pulse: Arc<Pulse>,
    /// The beat inside a task and when it was first seen.
    since: Option<(u64, Instant)>,
    reported: bool,
}

impl Watched {
    fn new(pulse: Arc<Pulse>) -> Watched {
        Watched {
            pulse,
            since: None,
            reported: false,
        }
    }

    /// Looks once; whether a new stall was reported.
    fn look(&mut self, shard: usize, limit: Duration) -> bool {
        let beat = self.pulse.busy_beat();
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

    fn report(&self, shard: usize, stalled: Duration) {
        let task = self.pulse.task_name();
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
            "a task holds its shard: no other work of the shard goes on"
        );
    }
}
