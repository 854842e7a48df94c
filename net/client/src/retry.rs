//! When to try again: pauses that double, within a bounded time.

use std::time::Duration;

/// The first pause (Java's `retry.backoff.ms`).
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// The longest pause (Java's `retry.backoff.max.ms`).
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The pauses of one operation.
#[derive(Clone, Debug)]
pub(crate) struct Retry {
    pause: Duration,
    time_max: Duration,
}

impl Retry {
    /// An operation that may take `time_max`, pauses included.
    pub(crate) fn new(time_max: Duration) -> Retry {
        Retry {
            pause: PAUSE_FIRST,
            time_max,
        }
    }

    /// The pause before the next try, `elapsed` after the operation began; `None` if the time is up.
    pub(crate) fn next_pause(&mut self, elapsed: Duration) -> Option<Duration> {
        let pause = self.pause;
        if elapsed + pause > self.time_max {
            return None;
        }
        self.pause = (pause * 2).min(PAUSE_MAX);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end() {
        let mut retry = Retry::new(Duration::from_secs(5));
        let mut elapsed = Duration::ZERO;
        let mut pauses = Vec::new();
        while let Some(pause) = retry.next_pause(elapsed) {
            pauses.push(pause.as_millis());
            elapsed += pause;
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000, 1000]);
    }
}
