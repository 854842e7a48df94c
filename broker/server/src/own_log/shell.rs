//! A log of the broker's own: its records, its appends, its snapshots.

use std::rc::Rc;

use corelog_model::Offset;
use corelog_runtime::{Handle, LocalFuture};
use corelog_storage::{DeleteRecordsError, LogConfig, PartitionLog, ReadIsolation};

use super::append::{Chunks, LogAppendError, OPTIONS, OwnRecord, batch_of};
use super::growth::{Growth, GrowthMax};
use super::reader::{LogReadError, for_each_record};

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

    /// Gives `each` the offset, key and value of every record that the log holds now, in order. Nothing is appended
    /// meanwhile.
    ///
    /// # Errors
    /// `LogReadError`, or the first error of `each`.
    pub(crate) async fn load<E: From<LogReadError>>(
        &self,
        each: impl FnMut(Offset, Option<&[u8]>, Option<&[u8]>) -> Result<(), E>,
    ) -> Result<(), E> {
        let end = self.next_offset();
        for_each_record(&self.log, end, ReadIsolation::LogEnd, each).await
    }

    /// Notes what a load found, in bytes: what is behind the last snapshot, and how long that one is.
    pub(crate) fn loaded(&self, grown: usize, snapshot: usize) {
        self.growth.set(grown, snapshot);
    }

    /// Appends records as one batch, and ends when they are durable. The batch has its place in the log before this
    /// returns.
    pub(crate) fn append(&self, records: &[OwnRecord]) -> LocalFuture<Result<(), LogAppendError>> {
        let batch = match batch_of(records, self.handle.clock.wall()) {
            Ok(batch) => batch,
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        self.growth.add(records.iter().map(OwnRecord::size).sum());
        let appended = self.log.append(vec![batch], OPTIONS);
        Box::pin(async move { Ok(appended.await.map(drop)?) })
    }

    /// Whether the log has grown enough for a snapshot: bounds what a start replays, and what snapshots add to the writes.
    pub(crate) fn is_snapshot_due(&self) -> bool {
        self.growth.is_due()
    }

    /// Appends `records`, the whole state, durably, and returns where they begin; `None` if `is_wanted` said no meanwhile.
    /// Nothing else is appended meanwhile. Whether it succeeds or not, the next one is due when the log has grown as much
    /// again.
    ///
    /// # Errors
    /// See [`LogAppendError`]; some of the records may be in the log.
    pub(crate) async fn append_snapshot(
        &self,
        records: impl IntoIterator<Item = OwnRecord>,
        is_wanted: impl Fn() -> bool,
    ) -> Result<Option<Offset>, LogAppendError> {
        let first = self.next_offset();
        self.growth.begin_snapshot();
        for chunk in Chunks::new(records) {
            self.growth.add_snapshot(chunk.iter().map(OwnRecord::size).sum());
            let batch = batch_of(&chunk, self.handle.clock.wall())?;
            self.log.append(vec![batch], OPTIONS).await?;
            if !is_wanted() {
                return Ok(None);
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
