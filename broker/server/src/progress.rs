//! Progress of long work at the start, in the log: nothing in the first second, then a line a second.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How often to say something.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reports how far some work is.
pub struct Progress {
    what: &'static str,
    said_last: Cell<Instant>,
}

impl Progress {
    /// Begins to count the time.
    #[expect(
        clippy::disallowed_methods,
        reason = "for people's eyes alone, and used before a shard serves"
    )]
    pub fn new(what: &'static str) -> Progress {
        Progress {
            what,
            said_last: Cell::new(Instant::now()),
        }
    }

    /// The work is done to this fraction, 0 to 1.
    #[expect(
        clippy::disallowed_methods,
        reason = "for people's eyes alone, and used before a shard serves"
    )]
    pub fn report(&self, done: f64) {
        let now = Instant::now();
        if now.duration_since(self.said_last.get()) >= INTERVAL {
            self.said_last.set(now);
            tracing::info!("{}: {:.0} %", self.what, done * 100.0);
        }
    }
}
