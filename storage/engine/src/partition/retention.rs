//! Retention. It removes whole segments, from the oldest on, below the high watermark; the active one too, which it
//! closes first (Kafka's `UnifiedLog.deleteOldSegments`).

use std::rc::Rc;

use corelog_model::TimestampMs;

use super::{PartitionLog, Status};
use crate::log::segment::Segment;
use crate::options::LogConfig;
use crate::types::LogOffsets;

/// How many of the oldest segments go, of those that have records: first by size, then by time.
fn expired(segments: &[Segment], config: &LogConfig, offsets: LogOffsets, now: TimestampMs) -> usize {
    if !config.delete {
        return 0;
    }
    let ends = segments[1..].iter().map(|next| next.base);
    let deletable = segments
        .iter()
        .zip(ends.chain([offsets.log_end]))
        .take_while(|(segment, end)| segment.size > 0 && *end <= offsets.high_watermark)
        .count();
    let by_size = config.retention_bytes.map_or(0, |bytes| {
        let total: u64 = segments.iter().map(|segment| segment.size).sum();
        let mut excess = total.saturating_sub(bytes);
        segments[..deletable]
            .iter()
            .take_while(|segment| {
                let goes = excess >= segment.size;
                excess = excess.saturating_sub(segment.size);
                goes
            })
            .count()
    });
    let by_time = config.retention_ms.map_or(0, |ms| {
        segments[by_size..deletable]
            .iter()
            .take_while(|segment| now.get().saturating_sub(segment.largest_time().get()) > ms)
            .count()
    });
    by_size + by_time
}

impl PartitionLog {
    /// Closes the active segment if `segment.ms` says so, and removes what time and size let go.
    pub(crate) async fn apply_retention(self: &Rc<Self>, now: TimestampMs) {
        if self.services.fence.fenced().is_some() || !matches!(self.state.borrow().status, Status::Open) {
            return;
        }
        self.expire_producers(now);
        let is_due = self.state.borrow().core.is_roll_due(now);
        // An active segment that goes is closed before, so that there is one that stays.
        let is_whole = || self.expired(now) == self.segment_count();
        if is_due || is_whole() {
            self.roll_now().await;
        }
        let new_start = {
            let state = self.state.borrow();
            let segments = state.core.segments();
            let count = self.expired(now).min(segments.len() - 1);
            (count > 0).then(|| segments[count].base)
        };
        let Some(offset) = new_start.filter(|offset| !self.is_cut_before(*offset)) else {
            return;
        };
        if offset <= self.offsets().log_start {
            // DeleteRecords came before, and the segment was the active one then.
            self.drop_old_segments();
        } else if let Err(fenced) = self.move_log_start(offset).await {
            tracing::debug!(%fenced, "retention is not applied");
        }
    }

    fn expired(&self, now: TimestampMs) -> usize {
        let core = &self.state.borrow().core;
        expired(core.segments(), &core.config, core.offsets(), now)
    }

    /// Closes the active segment, unless an append is doing so. The next one has no room until something is appended: a
    /// full disk does not keep a log from letting go.
    async fn roll_now(self: &Rc<Self>) {
        {
            // Appends stand back while the segment changes, as they do when one of them rolls it.
            let mut state = self.state.borrow_mut();
            if state.is_admitting || state.core.active().size == 0 {
                return;
            }
            state.is_admitting = true;
        }
        if let Err(error) = self.roll_for(0).await {
            tracing::warn!(%error, "an old segment is not closed");
        }
        self.spawn_admission();
    }
}

#[cfg(test)]
mod tests {
    use corelog_model::Offset;

    use super::*;

    fn offset(value: i64) -> Offset {
        Offset::new(value).unwrap()
    }

    fn segment(base: i64, size: u64, max_timestamp: i64) -> Segment {
        Segment {
            size,
            max_timestamp: TimestampMs::new(max_timestamp),
            changed: TimestampMs::new(5000),
            ..Segment::new(offset(base))
        }
    }

    fn check(
        segments: &[Segment],
        limits: (Option<i64>, Option<u64>),
        high_watermark: i64,
        now: i64,
        expected: usize,
    ) {
        let config = LogConfig {
            retention_ms: limits.0,
            retention_bytes: limits.1,
            ..LogConfig::default()
        };
        let offsets = LogOffsets {
            log_start: Offset::ZERO,
            last_stable: offset(high_watermark),
            high_watermark: offset(high_watermark),
            durable_end: offset(high_watermark),
            log_end: offset(40),
        };
        let found = expired(segments, &config, offsets, TimestampMs::new(now));
        assert_eq!(found, expected, "{limits:?} {high_watermark} {now}");
        let kept = LogConfig {
            delete: false,
            ..config
        };
        assert_eq!(expired(segments, &kept, offsets, TimestampMs::new(now)), 0);
    }

    #[test]
    fn time_and_size_let_the_oldest_go() {
        let segments = [
            segment(0, 100, 1000),
            segment(10, 100, 2000),
            segment(20, 100, 3000),
            segment(30, 50, 4000),
        ];
        let check = |ms, bytes, high_watermark, now, expected| {
            check(&segments, (ms, bytes), high_watermark, now, expected);
        };
        check(None, None, 40, 99_999, 0);
        check(Some(500), None, 40, 1500, 0);
        check(Some(500), None, 40, 1501, 1);
        // The active one as well, if all of it is acknowledged.
        check(Some(500), None, 40, 99_999, 4);
        check(Some(500), None, 39, 99_999, 3);
        check(Some(500), None, 20, 99_999, 2);
        check(Some(500), None, 9, 99_999, 0);
        check(Some(0), None, 40, 4000, 3);
        check(Some(0), None, 40, 4001, 4);
        check(None, Some(350), 40, 0, 0);
        check(None, Some(251), 40, 0, 0);
        check(None, Some(250), 40, 0, 1);
        check(None, Some(50), 40, 0, 3);
        check(None, Some(49), 40, 0, 3);
        check(None, Some(0), 40, 0, 4);
        // What remains by size is looked at by time.
        check(Some(1500), Some(150), 40, 2600, 2);
        check(Some(1500), Some(150), 40, 4501, 3);
    }

    #[test]
    fn the_last_append_stands_in_where_no_record_has_a_timestamp() {
        let segments = [segment(0, 100, -1), segment(10, 100, 2000), segment(20, 0, -1)];
        let check = |ms, now, expected| check(&segments, (Some(ms), None), 40, now, expected);
        check(500, 5500, 0);
        check(500, 5501, 2);
        // Times in the future, and before 1970 by the clock.
        check(500, 1000, 0);
        check(500, -1000, 0);
    }

    #[test]
    fn an_empty_log_has_nothing_to_let_go() {
        check(&[segment(40, 0, -1)], (Some(0), Some(0)), 40, 99_999, 0);
    }
}
