//! The wall clock of this machine.

use std::time::{SystemTime, UNIX_EPOCH};

use corelog_model::TimestampMs;

#[expect(
    clippy::disallowed_methods,
    reason = "a tool of its own process stamps its records and tells ages"
)]
pub(crate) fn now() -> TimestampMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimestampMs::new(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// How long ago that was, in milliseconds; zero if another machine's clock is ahead.
pub(crate) fn age_ms(time: TimestampMs, now: TimestampMs) -> i64 {
    now.get().saturating_sub(time.get()).max(0)
}
