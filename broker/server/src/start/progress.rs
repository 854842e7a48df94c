//! Progress of long work at the start, in the log: nothing in the first second, then a line a second.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use corelog_runtime::{Clock, Monotonic};

use super::service::ServiceManager;

/// How often to say something.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reports how far some work is.
pub struct Progress {
    clock: Rc<dyn Clock>,
    said_last: Cell<Monotonic>,
    say: Box<dyn Fn(f64)>,
}

impl Progress {
    /// Begins to count the time; lines go to the log and to the service manager, and begin with `what`.
    pub(crate) fn new(clock: Rc<dyn Clock>, what: String, service: ServiceManager) -> Progress {
        Progress::told_to(clock, move |done| {
            let line = format!("{what}: {:.0} %", done * 100.0);
            tracing::info!("{line}");
            service.progress(&line);
        })
    }

    /// Begins to count the time; `say` is told, at most once a second.
    pub fn told_to(clock: Rc<dyn Clock>, say: impl Fn(f64) + 'static) -> Progress {
        Progress {
            said_last: Cell::new(clock.now()),
            clock,
            say: Box::new(say),
        }
    }

    /// The work is done to this fraction, 0 to 1.
    pub fn report(&self, done: f64) {
        let now = self.clock.now();
        if now.since(self.said_last.get()) >= INTERVAL {
            self.said_last.set(now);
            (self.say)(done);
        }
    }
}
