//! Whether a log is to be cleaned, and how far (Kafka's `LogCleanerManager`).

use corelog_model::{Offset, TimestampMs};

use crate::log::segment::Segment;
use crate::options::LogConfig;
use crate::types::LogOffsets;

/// Millionths.
const WHOLE_PPM: u64 = 1_000_000;

/// How much of a log is to be cleaned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Choice {
    /// Where what was not cleaned begins.
    pub(crate) first_dirty: Offset,
    /// Where what may be cleaned ends: a segment begins there.
    pub(crate) end: Offset,
    /// The bytes of the segments in between.
    pub(crate) dirty_bytes: u64,
    /// The bytes of the segments before.
    pub(crate) clean_bytes: u64,
    /// Some of it has waited for as long as it may.
    is_overdue: bool,
    dirty_ppm_min: u32,
}

impl Choice {
    /// The share of the bytes that are dirty, in millionths.
    pub(crate) fn dirty_ppm(&self) -> u64 {
        let all = u128::from(self.dirty_bytes) + u128::from(self.clean_bytes);
        let share = u128::from(self.dirty_bytes) * u128::from(WHOLE_PPM) / all.max(1);
        u64::try_from(share).unwrap_or(WHOLE_PPM)
    }

    /// Whether the log is to be cleaned now.
    pub(crate) fn is_due(&self) -> bool {
        let has_any = self.dirty_bytes > 0 && self.end > self.first_dirty;
        has_any && (self.is_overdue || self.dirty_ppm() > u64::from(self.dirty_ppm_min))
    }

    /// Those that have waited too long come first, then those with the largest share.
    pub(crate) fn urgency(&self) -> (bool, u64) {
        (self.is_overdue, self.dirty_ppm())
    }
}

/// Looks at a log, of which everything before `cleaned_end` was cleaned. `None` if it is none that is cleaned.
///
/// Cleaning ends before the last stable offset, before the active segment, and before the first segment with records that are
/// younger than `min.compaction.lag.ms`.
pub(crate) fn choose(
    segments: &[Segment],
    offsets: LogOffsets,
    cleaned_end: Offset,
    config: &LogConfig,
    now: TimestampMs,
) -> Option<Choice> {
    if !config.compact {
        return None;
    }
    let first_dirty = cleaned_end.max(offsets.log_start);
    let (_, closed) = segments.split_last()?;
    let first = closed.partition_point(|segment| segment.base <= first_dirty);
    // The one that it lies in; behind all of the closed ones there is nothing to clean.
    let active_base = segments.last().map(|active| active.base)?;
    let first = if first_dirty >= active_base {
        closed.len()
    } else {
        first.saturating_sub(1)
    };
    let ends = segments.iter().skip(1).map(|next| next.base);
    let age = |segment: &Segment| now.get().saturating_sub(segment.largest_time().get());
    let cleanable: Vec<(&Segment, Offset)> = closed
        .iter()
        .zip(ends)
        .skip(first)
        .take_while(|(segment, end)| {
            let is_young = config.compaction_lag_min_ms > 0 && age(segment) < config.compaction_lag_min_ms;
            *end <= offsets.last_stable && !is_young
        })
        .collect();
    let begun = |segment: &Segment| {
        let first = segment.first_timestamp;
        if first.get() >= 0 { first } else { segment.created }
    };
    let oldest = cleanable.iter().map(|(segment, _)| begun(segment)).min();
    let is_overdue = match (oldest, config.compaction_lag_max_ms) {
        (Some(oldest), Some(lag)) => now.get().saturating_sub(oldest.get()) > lag,
        _ => false,
    };
    Some(Choice {
        first_dirty,
        end: cleanable.last().map_or(first_dirty, |(_, end)| *end),
        dirty_bytes: cleanable.iter().map(|(segment, _)| segment.size).sum(),
        clean_bytes: closed[..first].iter().map(|segment| segment.size).sum(),
        is_overdue,
        dirty_ppm_min: config.dirty_ppm_min,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(value: i64) -> Offset {
        Offset::new(value).unwrap()
    }

    fn segment(base: i64, size: u64, first: i64, max: i64) -> Segment {
        Segment {
            size,
            first_timestamp: TimestampMs::new(first),
            max_timestamp: TimestampMs::new(max),
            created: TimestampMs::new(7),
            changed: TimestampMs::new(8),
            ..Segment::new(offset(base))
        }
    }

    fn config() -> LogConfig {
        LogConfig {
            compact: true,
            ..LogConfig::default()
        }
    }

    fn offsets(log_start: i64, last_stable: i64) -> LogOffsets {
        LogOffsets {
            log_start: offset(log_start),
            last_stable: offset(last_stable),
            high_watermark: offset(last_stable),
            durable_end: offset(40),
            log_end: offset(40),
        }
    }

    /// Of a log that goes from 0 to 40, the last ten of them in the active segment.
    fn check(
        config: &LogConfig,
        offsets: LogOffsets,
        cleaned_end: i64,
        now: i64,
        expected: Option<(i64, i64, u64, u64, bool)>,
    ) {
        let segments = [
            segment(0, 100, 1000, 1900),
            segment(10, 200, 2000, 2900),
            segment(20, 300, 3000, 3900),
            segment(30, 50, 4000, 4900),
        ];
        let found = choose(
            &segments,
            offsets,
            offset(cleaned_end),
            config,
            TimestampMs::new(now),
        );
        let found = found.map(|choice| {
            let (begin, end) = (choice.first_dirty.get(), choice.end.get());
            (
                begin,
                end,
                choice.dirty_bytes,
                choice.clean_bytes,
                choice.is_due(),
            )
        });
        assert_eq!(found, expected, "{offsets:?} cleaned to {cleaned_end} at {now}");
    }

    #[test]
    fn the_closed_segments_before_the_last_stable_offset_are_cleaned() {
        let config = config();
        check(&config, offsets(0, 40), 0, 5000, Some((0, 30, 600, 0, true)));
        check(&config, offsets(0, 30), 0, 5000, Some((0, 30, 600, 0, true)));
        check(&config, offsets(0, 29), 0, 5000, Some((0, 20, 300, 0, true)));
        check(&config, offsets(0, 9), 0, 5000, Some((0, 0, 0, 0, false)));
        check(&config, offsets(0, 40), 10, 5000, Some((10, 30, 500, 100, true)));
        // A map that was full has ended the last one amid a segment.
        check(&config, offsets(0, 40), 15, 5000, Some((15, 30, 500, 100, true)));
        check(&config, offsets(0, 40), 20, 5000, Some((20, 30, 300, 300, false)));
        check(&config, offsets(0, 40), 30, 5000, Some((30, 30, 0, 600, false)));
        check(&config, offsets(0, 40), 40, 5000, Some((40, 40, 0, 600, false)));
        check(&config, offsets(12, 40), 0, 5000, Some((12, 30, 500, 100, true)));
        let other = LogConfig {
            compact: false,
            ..config
        };
        check(&other, offsets(0, 40), 0, 5000, None);
    }

    #[test]
    fn young_segments_wait_and_old_ones_do_not() {
        let young = LogConfig {
            compaction_lag_min_ms: 1000,
            ..config()
        };
        check(&young, offsets(0, 40), 0, 4899, Some((0, 20, 300, 0, true)));
        check(&young, offsets(0, 40), 0, 4900, Some((0, 30, 600, 0, true)));
        check(&young, offsets(0, 40), 0, 2800, Some((0, 0, 0, 0, false)));
        let old = LogConfig {
            compaction_lag_max_ms: Some(1000),
            ..config()
        };
        check(&old, offsets(0, 40), 20, 4000, Some((20, 30, 300, 300, false)));
        check(&old, offsets(0, 40), 20, 4001, Some((20, 30, 300, 300, true)));
        check(&old, offsets(0, 40), 30, 9999, Some((30, 30, 0, 600, false)));
    }

    #[test]
    fn the_dirty_share_decides() {
        for (ppm, expected) in [(0, true), (499_999, true), (500_000, false), (1_000_000, false)] {
            let config = LogConfig {
                dirty_ppm_min: ppm,
                ..config()
            };
            check(
                &config,
                offsets(0, 40),
                20,
                5000,
                Some((20, 30, 300, 300, expected)),
            );
        }
    }
}
