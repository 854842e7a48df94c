//! A log of the broker's own: its records, its appends, its snapshots.

use std::rc::Rc;
use std::sync::Arc;

use corelog_model::batch::BatchProducer;
use corelog_model::{Offset, ValidatedBatch};
use corelog_records::{EndMarker, marker_batch};
use corelog_runtime::{Handle, LocalFuture};
use corelog_storage::{
    AppendOptions, AppendOrigin, DeleteRecordsError, LogConfig, PartitionLog, ReadIsolation,
};

use super::append::{Chunks, LogAppendError, OPTIONS, OwnRecord, batch_of};
use super::growth::{Growth, GrowthMax};
use super::reader::{LogReadError, OwnEntry, for_each_record};

/// There is no new snapshot; the records before it still say it all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    /// It could not be made durable.
    #[error(transparent)]
    Append(#[from] LogAppendError),
    /// What came before it stays.
    #[error("the former records cannot be removed: {0}")]
    Delete(#[from] DeleteRecordsError),
}

/// A log of the broker's own; see [`super`].
pub(crate) struct OwnLog {
    log: Rc<PartitionLog>,
    handle: Handle,
    growth: Growth,
}

impl OwnLog {
    /// The log above `log`, which is due for a snapshot when it has grown beyond `growth_max`.
    pub(crate) fn new(log: Rc<PartitionLog>, handle: Handle, growth_max: GrowthMax) -> OwnLog {
        OwnLog {
            log,
            handle,
            growth: Growth::new(growth_max),
        }
    }

    /// The log of a partition that this broker alone has and that no image names.
    pub(crate) fn alone(
        log: Rc<PartitionLog>,
        handle: Handle,
        config: LogConfig,
        growth_max: GrowthMax,
    ) -> OwnLog {
        log.set_config(config);
        log.commit_alone();
        OwnLog::new(log, handle, growth_max)
    }

    /// Its directory's name.
    pub(crate) fn directory(&self) -> &str {
        self.log.directory()
    }

    /// Where the next record will be.
    pub(crate) fn next_offset(&self) -> Offset {
        self.log.offsets().log_end
    }

    /// Gives `each` every record that the log holds now and every end of a transaction, in order. Nothing is appended
    /// meanwhile.
    ///
    /// # Errors
    /// `LogReadError`, or the first error of `each`.
    pub(crate) async fn load<E: From<LogReadError>>(
        &self,
        each: impl FnMut(OwnEntry<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let end = self.next_offset();
        for_each_record(&self.log, end, ReadIsolation::LogEnd, each).await
    }

    /// Notes what a load found, in bytes: what is behind the last snapshot, and how long that one is.
    pub(crate) fn loaded(&self, grown: usize, snapshot: usize) {
        self.growth.set(grown, snapshot);
    }

    /// Appends records as one batch, of the open transaction of a producer or of none, and ends when they are durable. The
    /// batch has its place in the log before this returns.
    pub(crate) fn append(
        &self,
        records: &[OwnRecord],
        transaction: Option<BatchProducer>,
    ) -> LocalFuture<Result<(), LogAppendError>> {
        let batch = batch_of(records, transaction, self.handle.clock.wall());
        self.growth.add(records.iter().map(OwnRecord::size).sum());
        self.append_batch(batch, OPTIONS)
    }

    /// Appends the marker that ends the transaction of a producer, as [`OwnLog::append`] does records.
    pub(crate) fn append_marker(
        &self,
        producer: BatchProducer,
        marker: EndMarker,
        raises_epoch: bool,
    ) -> LocalFuture<Result<(), LogAppendError>> {
        let batch = marker_batch(producer.id, producer.epoch, marker, self.handle.clock.wall());
        let options = AppendOptions {
            origin: AppendOrigin::Marker { raises_epoch },
        };
        self.append_batch(
            batch.map_err(|error| LogAppendError::Build(Arc::new(error))),
            options,
        )
    }

    fn append_batch(
        &self,
        batch: Result<ValidatedBatch, LogAppendError>,
        options: AppendOptions,
    ) -> LocalFuture<Result<(), LogAppendError>> {
        match batch {
            Ok(batch) => {
                let appended = self.log.append([batch], options);
                Box::pin(async move { Ok(appended.await.map(drop)?) })
            }
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// Whether the log has grown enough for a snapshot: bounds what a start replays, and what snapshots add to the writes.
    pub(crate) fn is_snapshot_due(&self) -> bool {
        self.growth.is_due()
    }

    /// Appends the whole state durably, records of transactions and of none, and returns where it begins; `None` if
    /// `is_wanted` said no meanwhile. Nothing else is appended meanwhile. Whether it succeeds or not, the next one is due when
    /// the log has grown as much again.
    ///
    /// # Errors
    /// See [`LogAppendError`]; some of the records may be in the log.
    pub(crate) async fn append_snapshot<R: IntoIterator<Item = OwnRecord>>(
        &self,
        parts: impl IntoIterator<Item = (Option<BatchProducer>, R)>,
        is_wanted: impl Fn() -> bool,
    ) -> Result<Option<Offset>, LogAppendError> {
        let first = self.next_offset();
        self.growth.begin_snapshot();
        for (transaction, records) in parts {
            for chunk in Chunks::new(records) {
                self.growth.add_snapshot(chunk.iter().map(OwnRecord::size).sum());
                let batch = batch_of(&chunk, transaction, self.handle.clock.wall())?;
                self.log.append([batch], OPTIONS).await?;
                if !is_wanted() {
                    return Ok(None);
                }
            }
        }
        Ok(Some(first))
    }

    /// Has the log begin at `first`, where a snapshot begins.
    ///
    /// # Errors
    /// When what came before it cannot be removed.
    pub(crate) async fn begin_at(&self, first: Offset) -> Result<(), DeleteRecordsError> {
        let start = self.log.delete_records(Some(first)).await?;
        tracing::debug!(partition = self.directory(), %start, "the log is shortened");
        Ok(())
    }
}
