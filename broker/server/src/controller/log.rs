//! The metadata's own log: records of KIP-631, and now and then a snapshot of what they have led to.
//!
//! A change of many records is a transaction of several batches (KIP-868), and so is a snapshot: a crash amid one leaves a
//! transaction without an end, which the next append gives up first.
//!
//! When the log has grown, the image is appended to it as a snapshot, and the log then begins there. The image is what a
//! replay gives, since no change is under way meanwhile; behind it, the snapshot changes nothing. A log that an earlier
//! release wrote gets a snapshot at once, and nothing of the earlier form is left.

use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;
use corelog_metadata::{
    METADATA_VERSION, METADATA_VERSION_LEVEL, MetadataImage, MetadataRecord, Replay, Replayed,
    abort_transaction, begin_transaction, encode, end_transaction, feature_level, names, snapshot_records,
};
use corelog_model::{LeaderEpoch, Offset, PartitionId, PartitionIndex, TopicId};
use corelog_protocol::EncodeError;
use corelog_runtime::Handle;
use corelog_storage::{LogConfig, PartitionLog, PartitionSpec};

use super::error::{ChangeError, LoadError, SnapshotError};
use crate::own_log::{Chunks, GrowthMax, OwnEntry, OwnLog, OwnRecord};

/// Kafka's `Uuid.METADATA_TOPIC_ID`.
const METADATA_TOPIC: TopicId = TopicId::new([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/// The partition of the metadata's own log.
pub const METADATA_PARTITION: PartitionId = PartitionId {
    topic: METADATA_TOPIC,
    index: PartitionIndex::new(0),
};

/// How far the log grows. Each start adds a record for each partition, so it would soon be most of what a start reads.
const GROWTH_MAX: GrowthMax = GrowthMax {
    bytes: 1 << 20,
    snapshots: 1,
};
/// What is before the log's start is freed by the segment.
const SEGMENT_BYTES: u64 = 16 << 20;
/// The name of a transaction that is a change of more than one batch.
const CHANGE: &str = "change";

/// Whether this is the metadata's own log, which no image names.
pub fn is_metadata_partition(id: PartitionId) -> bool {
    id == METADATA_PARTITION
}

/// The log.
pub struct MetadataLog {
    log: OwnLog,
    /// The log ends within a transaction that nobody goes on with.
    is_transaction_open: Cell<bool>,
}

impl MetadataLog {
    /// Replays the log of [`METADATA_PARTITION`] into the image of the cluster. A new one begins with the level of
    /// metadata.version; one of an earlier release becomes one of this.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub(crate) async fn replay(
        log: Rc<PartitionLog>,
        handle: Handle,
        cluster_id: &str,
    ) -> Result<(MetadataLog, MetadataImage), LoadError> {
        let log = OwnLog::alone(log, handle, spec().config, GROWTH_MAX);
        let mut replay = Replay::new(cluster_id);
        let mut records = 0;
        log.load(|entry| {
            let OwnEntry::Record { offset, value, .. } = entry else {
                return Ok(());
            };
            records += 1;
            // The value's own copy: fields of records keep hold of it.
            let value = Bytes::copy_from_slice(value.unwrap_or_default());
            replay.next(offset, value).map_err(LoadError::Replay)
        })
        .await?;
        let Replayed {
            mut image,
            is_old_form,
            is_transaction_open,
            size,
        } = replay.finish();
        log.loaded(size.grown, size.snapshot);
        let log = MetadataLog {
            log,
            is_transaction_open: Cell::new(is_transaction_open),
        };
        if image.feature(METADATA_VERSION).is_none() {
            let level = feature_level(METADATA_VERSION_LEVEL);
            image = image
                .apply(std::slice::from_ref(&level))
                .expect("this release works with its own level");
            if !is_old_form {
                log.append(&[level]).await?;
            }
        }
        if is_old_form {
            log.shorten(&image).await.map_err(LoadError::Migrate)?;
            tracing::info!(
                records,
                "the metadata log of an earlier release is now one of this release"
            );
        }
        Ok((log, image))
    }

    /// Where the record behind `count` others that are appended next will be.
    pub(crate) fn offset_of(&self, count: usize) -> Offset {
        let next = self.log.next_offset();
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        Offset::new(next.get().saturating_add(count)).unwrap_or(next)
    }

    /// Appends records durably: all of them, or none.
    ///
    /// # Errors
    /// `ChangeError::{Encode, Append}`. Unless the log is fenced, none of the records is in force then, nor will be.
    pub(crate) async fn append(&self, records: &[MetadataRecord]) -> Result<(), ChangeError> {
        let records: Vec<OwnRecord> = records.iter().map(own_record).collect::<Result<_, _>>()?;
        let mut chunks: Vec<Vec<OwnRecord>> = Chunks::new(records).collect();
        if let [chunk] = chunks.as_slice() {
            self.give_up_transaction().await?;
            return Ok(self.log.append(chunk, None).await?);
        }
        if let Some(first) = chunks.first_mut() {
            first.insert(0, own_record(&begin_transaction(CHANGE))?);
        }
        if let Some(last) = chunks.last_mut() {
            last.push(own_record(&end_transaction())?);
        }
        self.give_up_transaction().await?;
        for chunk in &chunks {
            // Each waits for the one before: none may be in the log behind one that was refused.
            self.log.append(chunk, None).await?;
            self.is_transaction_open.set(true);
        }
        self.is_transaction_open.set(false);
        Ok(())
    }

    /// Ends a transaction that a crash or a refused append has cut short.
    async fn give_up_transaction(&self) -> Result<(), ChangeError> {
        if self.is_transaction_open.get() {
            let abort = own_record(&abort_transaction("it was cut short"))?;
            self.log.append(&[abort], None).await?;
            self.is_transaction_open.set(false);
        }
        Ok(())
    }

    /// Whether the log has grown enough to be shortened.
    pub(crate) fn is_snapshot_due(&self) -> bool {
        self.log.is_snapshot_due()
    }

    /// Appends a snapshot of `image`, the metadata in force, and has the log begin there. No change may be under way.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn shorten(&self, image: &MetadataImage) -> Result<(), SnapshotError> {
        let first = self.append_snapshot(image).await?;
        self.log.begin_at(first).await?;
        Ok(())
    }

    /// Appends a snapshot of `image`, the metadata in force, durably and returns where it is. No change may be under way.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn append_snapshot(&self, image: &MetadataImage) -> Result<Offset, SnapshotError> {
        self.give_up_transaction().await?;
        // Encoded piece by piece: the image may be large.
        let mut failed = None;
        let records = snapshot_records(image).map_while(|record| {
            let encoded = own_record(&record);
            encoded.map_err(|error| failed = Some(error)).ok()
        });
        self.is_transaction_open.set(true);
        let first = self.log.append_snapshot([(None, records)], || true).await;
        if let Some(error) = failed {
            return Err(ChangeError::from(error).into());
        }
        let first = first.map_err(ChangeError::from)?;
        self.is_transaction_open.set(false);
        Ok(first.expect("the snapshot is wanted until its end"))
    }
}

fn own_record(record: &MetadataRecord) -> Result<OwnRecord, EncodeError> {
    Ok(OwnRecord {
        key: None,
        value: Some(encode(record)?),
    })
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
