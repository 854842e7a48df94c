//! A thread beside the shards that ends a run whose target falls ever further behind the schedule.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use corelog_runtime::Stopper;

use super::behind::{BehindWatch, Pace};
use super::monitor::{Event, now};
use crate::measure::{Live, LiveTotals};

/// Between two looks at the distance.
const INTERVAL: Duration = Duration::from_millis(500);

/// What the watch knows.
pub(super) struct Watch {
    pub(super) live: Vec<Arc<Live>>,
    /// Stop the run when the target falls behind this.
    pub(super) pace: Pace,
    pub(super) stopper: Stopper,
}

/// Where the run was stopped.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Behind {
    /// Seconds since the traffic began.
    pub(super) after_s: f64,
    /// Seconds of the schedule that the target was behind.
    pub(super) lag_s: f64,
}

impl Watch {
    /// Starts the thread; it ends when the run does, or ends it.
    pub(super) fn start(self, events: Receiver<Event>) -> std::io::Result<JoinHandle<Option<Behind>>> {
        thread::Builder::new()
            .name(String::from("watch"))
            .spawn(move || self.watch(&events))
    }

    fn watch(&self, events: &Receiver<Event>) -> Option<Behind> {
        while let Ok(event) = events.recv() {
            if event == Event::Traffic {
                return self.look_on(events);
            }
        }
        None
    }

    fn look_on(&self, events: &Receiver<Event>) -> Option<Behind> {
        let begun = now();
        let before = LiveTotals::peek(&self.live);
        let mut behind: Option<BehindWatch> = None;
        let mut looks = 0u32;
        loop {
            // Against the start, so that no delay adds up.
            let due = begun + INTERVAL * (looks + 1);
            match events.recv_timeout(due.saturating_duration_since(now())) {
                // The warm-up may be as slow as it likes.
                Ok(Event::Measuring) => behind = Some(BehindWatch::new(self.pace)),
                Ok(Event::Draining) => behind = None,
                Ok(Event::Traffic) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    looks += 1;
                    let totals = LiveTotals::peek(&self.live);
                    let after_s = now().duration_since(begun).as_secs_f64();
                    let lag_s = behind.as_mut().and_then(|watch| {
                        let published = totals.published - before.published;
                        watch.look(after_s, published, totals.consumed - before.consumed)
                    });
                    if let Some(lag_s) = lag_s {
                        self.stopper.stop();
                        return Some(Behind { after_s, lag_s });
                    }
                }
            }
        }
    }
}
