//! What retention lets go: whole closed segments, from the oldest on, below the high watermark (Kafka's
//! `UnifiedLog.deleteOldSegments`).

use std::rc::Rc;

use corelog_model::{Offset, TimestampMs};

use super::{PartitionLog, Status};
use crate::log::segment::{NO_TIMESTAMP, Segment};
use crate::options::LogConfig;

/// How many of the oldest segments go. The last one, which is active, never does.
fn expired(segments: &[Segment], config: &LogConfig, high_watermark: Offset, now: TimestampMs) -> usize {
    if !config.delete {
        return 0;
    }
    let closed = segments.len() - 1;
    let deletable = (0..closed)
        .take_while(|&nth| segments[nth + 1].base <= high_watermark)
        .count();
    let by_time = config.retention_ms.map_or(0, |ms| {
        segments[..deletable]
            .iter()
            .take_while(|segment| {
                segment.max_timestamp != NO_TIMESTAMP
                    && now.get().saturating_sub(segment.max_timestamp.get()) > ms
            })
            .count()
    });
    let by_size = config.retention_bytes.map_or(0, |bytes| {
        let total: u64 = segments.iter().map(|segment| segment.size).sum();
        let mut excess = total.saturating_sub(bytes);
        segments[..deletable]
            .iter()
            .take_while(|segment| {
                let goes = excess >= segment.size;
                excess = excess.saturating_sub(segment.size);
                goes && segment.size > 0
            })
            .count()
    });
    by_time.max(by_size)
}

impl PartitionLog {
    /// Closes the active segment if `segment.ms` says so, and removes what time and size let go.
    pub(crate) async fn apply_retention(self: &Rc<Self>, now: TimestampMs) {
        if self.shared.fenced().is_some() || !matches!(self.state.borrow().status, Status::Open) {
            return;
        }
        self.expire_producers(now);
        self.roll_if_due(now).await;
        let new_start = {
            let state = self.state.borrow();
            let segments = state.core.segments();
            let count = expired(
                segments,
                &state.core.config,
                state.core.offsets().high_watermark,
                now,
            );
            (count > 0).then(|| segments[count].base)
        };
        if let Some(offset) = new_start
            && offset > self.offsets().log_start
            && let Err(fenced) = self.move_log_start(offset).await
        {
            tracing::debug!(%fenced, "retention is not applied");
        }
    }

    async fn roll_if_due(self: &Rc<Self>, now: TimestampMs) {
        {
            // Appends stand back while the segment changes, as they do when one of them rolls it.
            let mut state = self.state.borrow_mut();
            if state.is_admitting || !state.core.is_roll_due(now) {
                return;
            }
            state.is_admitting = true;
        }
        if let Err(error) = self.roll_for(1).await {
            tracing::warn!(%error, "an old segment is not closed");
        }
        self.spawn_admission();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(base: i64, size: u64, max_timestamp: i64) -> Segment {
        Segment {
            size,
            max_timestamp: TimestampMs::new(max_timestamp),
            ..Segment::new(Offset::new(base).unwrap())
        }
    }

    #[test]
    fn time_and_size_let_the_oldest_go() {
        let segments = [
            segment(0, 100, 1000),
            segment(10, 100, 2000),
            segment(20, 100, 3000),
            segment(30, 50, 4000),
        ];
        let check = |ms: Option<i64>, bytes: Option<u64>, high_watermark: i64, now: i64, expected: usize| {
            let config = LogConfig {
                retention_ms: ms,
                retention_bytes: bytes,
                ..LogConfig::default()
            };
            let high_watermark = Offset::new(high_watermark).unwrap();
            let found = expired(&segments, &config, high_watermark, TimestampMs::new(now));
            assert_eq!(found, expected, "{ms:?} {bytes:?} {high_watermark} {now}");
        };
        check(None, None, 40, 99_999, 0);
        check(Some(500), None, 40, 1500, 0);
        check(Some(500), None, 40, 1501, 1);
        check(Some(500), None, 40, 99_999, 3);
        check(Some(500), None, 20, 99_999, 2);
        check(Some(500), None, 9, 99_999, 0);
        check(None, Some(350), 40, 0, 0);
        check(None, Some(251), 40, 0, 0);
        check(None, Some(250), 40, 0, 1);
        check(None, Some(0), 40, 0, 3);
        check(Some(1500), Some(150), 40, 2600, 2);
    }
}
