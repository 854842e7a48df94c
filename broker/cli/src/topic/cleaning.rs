//! What is dirty of compacted topics, and when they were last cleaned: the broker's metrics tell.

use std::collections::BTreeMap;

use corelog_model::{PartitionIndex, TimestampMs};

use crate::admin::{Admin, samples};

const DIRTY: &str = "corelog_log_dirty_bytes";
const CLEANED: &str = "corelog_log_last_cleaned_timestamp_seconds";

/// How a compacted log is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Cleaning {
    /// Bytes that may be cleaned and were not.
    pub(super) dirty_bytes: u64,
    /// When it was last cleaned; `None` if never.
    pub(super) cleaned_at: Option<TimestampMs>,
}

/// Of one topic, by partition.
pub(super) type Cleanings = BTreeMap<PartitionIndex, Cleaning>;

/// What the admin port tells, by topic; why it does not, if so.
pub(super) fn ask(admin: &Admin) -> Result<BTreeMap<String, Cleanings>, String> {
    let page = admin.get("/metrics").map_err(|error| error.to_string())?;
    Ok(read(&page))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from a sample, which is a float by its format; a cast saturates"
)]
fn read(page: &str) -> BTreeMap<String, Cleanings> {
    let mut topics: BTreeMap<String, Cleanings> = BTreeMap::new();
    for sample in samples(page).filter(|sample| matches!(sample.name, DIRTY | CLEANED)) {
        let index = sample.label("partition").and_then(|index| index.parse().ok());
        let (Some(topic), Some(index)) = (sample.label("topic"), index) else {
            continue;
        };
        let cleanings = topics.entry(topic.to_owned()).or_default();
        let cleaning = cleanings.entry(PartitionIndex::new(index)).or_default();
        if sample.name == DIRTY {
            cleaning.dirty_bytes = sample.value as u64;
        } else if sample.value > 0.0 {
            cleaning.cleaned_at = Some(TimestampMs::new((sample.value * 1000.0).round() as i64));
        }
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metrics_of_compacted_logs_are_read() {
        let page = "\
            corelog_log_dirty_bytes{topic=\"t\",partition=\"1\"} 70\n\
            corelog_log_last_cleaned_timestamp_seconds{topic=\"t\",partition=\"1\"} 1.5\n\
            corelog_log_dirty_bytes{topic=\"t\",partition=\"2\"} 0\n\
            corelog_log_last_cleaned_timestamp_seconds{topic=\"t\",partition=\"2\"} 0\n\
            corelog_dirty_bytes{shard=\"0\"} 9\n";
        let cleaning = |dirty_bytes, cleaned_at: Option<i64>| Cleaning {
            dirty_bytes,
            cleaned_at: cleaned_at.map(TimestampMs::new),
        };
        let expected = Cleanings::from([
            (PartitionIndex::new(1), cleaning(70, Some(1500))),
            (PartitionIndex::new(2), cleaning(0, None)),
        ]);
        assert_eq!(read(page), BTreeMap::from([("t".to_owned(), expected)]));
    }
}
