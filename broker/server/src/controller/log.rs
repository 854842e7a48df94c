//! The metadata's own log: commands, and now and then a snapshot of what they have led to.
//!
//! When the log has grown, the image is appended to it as a snapshot, and the log then begins there. The image is what a
//! replay gives, since no change is under way meanwhile; behind it, the snapshot changes nothing. A crash before the
//! log's start has moved leaves commands, the snapshot, and the commands behind it, which replay to the same image.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use corelog_metadata::{Command, MetadataImage, names};
use corelog_model::batch::ValidatedBatch;
use corelog_model::{LeaderEpoch, Offset, PartitionId, PartitionIndex, TopicId};
use corelog_records::{BatchOptions, BuildError, NewRecord, RecordBatchBuilder};
use corelog_runtime::Handle;
use corelog_storage::{AppendOptions, AppendOrigin, LogConfig, PartitionLog, PartitionSpec, ReadIsolation};

use super::error::{ChangeError, LoadError, SnapshotError};
use crate::own_log;

/// Kafka's `Uuid.METADATA_TOPIC_ID`.
const METADATA_TOPIC: TopicId = TopicId::new([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/// The partition of the metadata's own log.
pub const METADATA_PARTITION: PartitionId = PartitionId {
    topic: METADATA_TOPIC,
    index: PartitionIndex::new(0),
};

/// How this broker appends to its own log.
const OPTIONS: AppendOptions = AppendOptions {
    origin: AppendOrigin::Internal,
};
/// A log that has grown by less since its last snapshot is left alone, in bytes.
const GROWTH_MIN: usize = 1 << 20;
/// How many times the snapshot the log grows by until the next one.
const GROWTH_FACTOR: usize = 4;
/// What a command takes in the log beside itself, about.
const BATCH_BYTES: usize = 80;
/// What is before the log's start is freed by the segment.
const SEGMENT_BYTES: u64 = 16 << 20;
/// Whether this is the metadata's own log, which no image names.
pub fn is_metadata_partition(id: PartitionId) -> bool {
    id == METADATA_PARTITION
}

/// The log, and how much of it is behind its last snapshot.
pub struct MetadataLog {
    log: Rc<PartitionLog>,
    handle: Handle,
    /// Bytes in the log behind the last snapshot, about.
    grown: Cell<usize>,
    /// The length of the last snapshot.
    snapshot_bytes: Cell<usize>,
}

impl MetadataLog {
    /// Replays the log of [`METADATA_PARTITION`] into the image of the cluster.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub(crate) async fn replay(
        log: Rc<PartitionLog>,
        handle: Handle,
        cluster_id: &str,
    ) -> Result<(MetadataLog, MetadataImage), LoadError> {
        log.set_config(spec().config);
        // Nobody else has it.
        log.commit_alone();
        let mut image = MetadataImage::new(cluster_id);
        let end = log.offsets().log_end;
        let (mut grown, mut snapshot_bytes) = (0, 0);
        own_log::for_each_record(&log, end, ReadIsolation::LogEnd, |offset, _, value| {
            let value = value.unwrap_or_default();
            let decode = |source| LoadError::Decode { offset, source };
            if corelog_metadata::is_snapshot(value) {
                image = corelog_metadata::decode_snapshot(value, cluster_id).map_err(decode)?;
                (grown, snapshot_bytes) = (0, value.len());
                return Ok(());
            }
            let command = corelog_metadata::decode(value).map_err(decode)?;
            grown += BATCH_BYTES + value.len();
            image
                .apply_in_place(&command)
                .map_err(|source| LoadError::Apply { offset, source })
        })
        .await?;
        let log = MetadataLog {
            log,
            handle,
            grown: Cell::new(grown),
            snapshot_bytes: Cell::new(snapshot_bytes),
        };
        Ok((log, image))
    }

    /// Appends commands durably, as one batch.
    ///
    /// # Errors
    /// `ChangeError::{Build, Append}`.
    pub(crate) async fn append(&self, commands: &[Command]) -> Result<(), ChangeError> {
        let values: Vec<_> = commands.iter().map(corelog_metadata::encode).collect();
        let batch = self.batch_of(values.iter().map(Vec::as_slice));
        let batch = batch.map_err(|error| ChangeError::Build(Arc::new(error)))?;
        let size = batch.header().size;
        self.log.append(vec![batch], OPTIONS).await?;
        self.grown.set(self.grown.get().saturating_add(size));
        Ok(())
    }

    /// Shortens the log to a snapshot of `image`, the metadata in force, if it has grown enough. No change may be under
    /// way.
    pub(crate) async fn shorten_if_due(&self, image: &MetadataImage) {
        if is_snapshot_due(self.grown.get(), self.snapshot_bytes.get())
            && let Err(error) = self.shorten(image).await
        {
            // The next attempt is due when the log has grown as much again.
            self.grown.set(0);
            tracing::warn!(%error, "the metadata log is not shortened");
        }
    }

    /// Appends a snapshot of `image`, the metadata in force, and has the log begin there. No change may be under way.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn shorten(&self, image: &MetadataImage) -> Result<(), SnapshotError> {
        let first = self.append_snapshot(image).await?;
        let start = self.log.delete_records(Some(first)).await?;
        tracing::debug!(%start, "the metadata log is shortened");
        Ok(())
    }

    /// Appends a snapshot of `image`, the metadata in force, durably and returns where it is. No change may be under way.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn append_snapshot(&self, image: &MetadataImage) -> Result<Offset, SnapshotError> {
        let value = corelog_metadata::encode_snapshot(image);
        let first = self.log.offsets().log_end;
        let batch = self.batch_of([&value[..]])?;
        self.log.append(vec![batch], OPTIONS).await?;
        self.grown.set(0);
        self.snapshot_bytes.set(value.len());
        Ok(first)
    }

    fn batch_of<'a>(&self, values: impl IntoIterator<Item = &'a [u8]>) -> Result<ValidatedBatch, BuildError> {
        let mut builder = RecordBatchBuilder::new(BatchOptions::default());
        let timestamp = self.handle.clock.wall();
        for value in values {
            builder.append(&NewRecord {
                timestamp,
                key: None,
                value: Some(value),
                headers: &[],
            })?;
        }
        builder.build()
    }
}

/// Whether the log is to be shortened: bounds what a start replays, and what snapshots add to the writes.
fn is_snapshot_due(grown: usize, snapshot_bytes: usize) -> bool {
    grown > GROWTH_MIN.max(snapshot_bytes.saturating_mul(GROWTH_FACTOR))
}

/// How the log is made.
pub(crate) fn spec() -> PartitionSpec {
    PartitionSpec {
        id: METADATA_PARTITION,
        directory: format!("{}-0", names::CLUSTER_METADATA),
        leader_epoch: LeaderEpoch::new(0),
        // What is behind the log's start is needed for a replay: nothing is ever deleted by age or size.
        config: LogConfig {
            segment_bytes: SEGMENT_BYTES,
            retention_ms: None,
            retention_bytes: None,
            ..LogConfig::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_shortened_when_it_has_grown_by_four_times_its_snapshot() {
        assert!(!is_snapshot_due(GROWTH_MIN, 0));
        assert!(is_snapshot_due(GROWTH_MIN + 1, 0));
        assert!(!is_snapshot_due(GROWTH_MIN + 1, GROWTH_MIN));
        assert!(is_snapshot_due(4 * GROWTH_MIN + 1, GROWTH_MIN));
    }
}
