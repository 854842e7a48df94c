//! Time: a monotonic clock for durations and timeouts, a wall clock for record timestamps. They never mix.

use std::ops::{Add, Sub};
use std::time::Duration;

use corelog_model::TimestampMs;

use super::LocalFuture;

/// A point in monotonic time, in nanoseconds from an arbitrary start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Monotonic(u64);

impl Monotonic {
    /// The point `nanoseconds` after the start.
    pub const fn from_nanos(nanoseconds: u64) -> Monotonic {
        Monotonic(nanoseconds)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to here; zero if `earlier` is later.
    pub const fn since(self, earlier: Monotonic) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Monotonic {
    type Output = Monotonic;
    fn add(self, duration: Duration) -> Monotonic {
        Monotonic(
            self.0
                .saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

impl Sub for Monotonic {
    type Output = Duration;
    fn sub(self, earlier: Monotonic) -> Duration {
        self.since(earlier)
    }
}

/// Time as one shard sees it.
pub trait Clock {
    /// The monotonic clock.
    fn now(&self) -> Monotonic;
    /// The wall clock; may jump.
    fn wall(&self) -> TimestampMs;
    /// Resolves at or after `deadline`, at once if it has passed. Dropping the future cancels the timer.
    fn sleep_until(&self, deadline: Monotonic) -> LocalFuture<()>;
}
