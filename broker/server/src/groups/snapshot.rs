//! Keeps a partition of `__consumer_offsets` short enough to load: when it has grown, the live state is appended to it
//! as records, and the log then begins at the first of them.
//!
//! The state is taken while no append is under way and further ones are held, so it is what a replay of the log gives;
//! behind it, and before anything newer, it changes nothing. A crash before the log's start has moved leaves the old
//! records and some of the new, which replay to the same state.

use std::cell::Cell;
use std::rc::Rc;

use corelog_groups::Record;
use corelog_model::Offset;
use corelog_records::BuildError;
use corelog_runtime::WorkClass;
use corelog_storage::{AppendError, DeleteRecordsError};

use super::append::{OPTIONS, batch_of, size_of};
use super::shell::GroupShell;

/// A log that has grown by less is left alone.
const GROWTH_MIN: usize = 32 << 20;
/// How many times the state the log grows by between snapshots; bounds what snapshots add to the writes to a quarter.
const GROWTH_FACTOR: usize = 4;
/// Records of a snapshot go into batches of about this size.
const BATCH_BYTES: usize = 512 << 10;

/// How much a replay would read, about.
#[derive(Default)]
pub(super) struct LogGrowth {
    grown: Cell<usize>,
    snapshot: Cell<usize>,
    is_running: Cell<bool>,
}

impl LogGrowth {
    /// Notes an append.
    pub(super) fn add(&self, bytes: usize) {
        self.grown.set(self.grown.get().saturating_add(bytes));
    }

    /// Notes a replay; the live state is measured if it may matter.
    pub(super) fn loaded(&self, bytes: usize, live: impl FnOnce() -> usize) {
        self.grown.set(bytes);
        if bytes > GROWTH_MIN {
            self.snapshot.set(live());
        }
    }

    fn is_due(&self) -> bool {
        !self.is_running.get() && is_due(self.grown.get(), self.snapshot.get())
    }
}

fn is_due(grown: usize, snapshot: usize) -> bool {
    grown > GROWTH_MIN.max(snapshot.saturating_mul(GROWTH_FACTOR))
}

/// Why there is no new snapshot; the old records still say it all.
#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error("the former records cannot be removed: {0}")]
    Delete(#[from] DeleteRecordsError),
}

/// Begins a snapshot if the log has grown enough.
pub(super) fn begin_if_due(shell: &Rc<GroupShell>) {
    if shell.is_unloaded() || !shell.growth.is_due() {
        return;
    }
    shell.growth.is_running.set(true);
    let task = Rc::clone(shell);
    // Not in the background: commits are held until it is written.
    shell
        .handle
        .spawn(WorkClass::Normal, "snapshot groups", async move {
            let result = rewrite(&task).await;
            task.growth.is_running.set(false);
            if let Err(error) = result {
                tracing::warn!(partition = task.log.directory(), %error, "the groups' log is not shortened");
            }
        });
}

/// Writes a snapshot and removes what came before it.
pub(super) async fn rewrite(shell: &Rc<GroupShell>) -> Result<(), SnapshotError> {
    shell.hold_appends();
    let written = write(shell).await;
    // The next attempt, if this one failed, is due when the log has grown as much again.
    shell.growth.grown.set(0);
    shell.release_appends();
    if let Some(first) = written? {
        let start = shell.log.delete_records(Some(first)).await?;
        tracing::debug!(partition = shell.log.directory(), %start, "the groups' log is shortened");
    }
    Ok(())
}

/// Writes the live state durably; returns where it begins, or `None` when the coordinator was unloaded meanwhile.
pub(super) async fn write(shell: &Rc<GroupShell>) -> Result<Option<Offset>, SnapshotError> {
    while !shell.is_quiet() && !shell.is_unloaded() {
        let done = shell.appends_done.notified();
        done.await;
    }
    if shell.is_unloaded() {
        return Ok(None);
    }
    let records = shell.with_machine(|machine| machine.snapshot_records());
    let first = shell.log.offsets().log_end;
    shell.growth.snapshot.set(records.iter().map(size_of).sum());
    for chunk in chunks(&records) {
        let batch = batch_of(chunk, shell.handle.clock.wall())?;
        shell.log.append(vec![batch], OPTIONS).await?;
        if shell.is_unloaded() {
            return Ok(None);
        }
    }
    Ok(Some(first))
}

fn chunks(records: &[Record]) -> Vec<&[Record]> {
    let mut chunks = Vec::new();
    let mut from = 0;
    let mut size = 0;
    for (index, record) in records.iter().enumerate() {
        let record_size = size_of(record);
        if index > from && size + record_size > BATCH_BYTES {
            chunks.push(&records[from..index]);
            from = index;
            size = 0;
        }
        size += record_size;
    }
    if from < records.len() {
        chunks.push(&records[from..]);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_log_is_rewritten_when_it_has_grown_by_four_times_its_state() {
        assert!(!is_due(GROWTH_MIN, 0));
        assert!(is_due(GROWTH_MIN + 1, 0));
        assert!(!is_due(GROWTH_MIN + 1, GROWTH_MIN));
        assert!(is_due(4 * GROWTH_MIN + 1, GROWTH_MIN));
    }

    #[test]
    fn chunks_keep_all_records_in_order() {
        let record = |size: usize| Record {
            key: Bytes::from(vec![0; size]),
            value: None,
        };
        let records: Vec<Record> = [1, BATCH_BYTES, 7, 2 * BATCH_BYTES, 3, 4].map(record).into();
        let chunks = chunks(&records);
        assert_eq!(chunks.concat(), records);
        assert_eq!(
            chunks.iter().map(|chunk| chunk.len()).collect::<Vec<_>>(),
            [1, 1, 1, 1, 2]
        );
        assert!(super::chunks(&[]).is_empty());
    }
}
