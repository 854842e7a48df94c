//! Keeps a partition of `__consumer_offsets` short enough to load: when it has grown, the live state is appended to it
//! as records, and the log then begins at the first of them. What this release does not know of the log goes along.
//!
//! The state is taken while no append is under way and further ones are held, so it is what a replay of the log gives.

use std::rc::Rc;

use corelog_model::Offset;
use corelog_runtime::WorkClass;

use super::append::{batch_producer, own_record};
use super::shell::GroupShell;
use crate::own_log::{GrowthMax, OwnRecord, SnapshotError};

/// How far the log grows.
pub(super) const GROWTH_MAX: GrowthMax = GrowthMax {
    bytes: 32 << 20,
    snapshots: 4,
};

/// Begins a snapshot if the log has grown enough.
pub(super) fn begin_if_due(shell: &Rc<GroupShell>) {
    if shell.is_unloaded() || shell.is_rewriting.get() || !shell.log.is_snapshot_due() {
        return;
    }
    shell.is_rewriting.set(true);
    let task = Rc::clone(shell);
    // Not in the background: commits are held until it is written.
    shell
        .handle
        .spawn(WorkClass::Normal, "snapshot groups", async move {
            let result = rewrite(&task).await;
            task.is_rewriting.set(false);
            if let Err(error) = result {
                tracing::warn!(partition = task.log.directory(), %error, "the groups' log is not shortened");
            }
        });
}

/// Writes a snapshot and removes what came before it.
pub(super) async fn rewrite(shell: &Rc<GroupShell>) -> Result<(), SnapshotError> {
    shell.hold_appends();
    let written = write(shell).await;
    shell.release_appends();
    if let Some(first) = written? {
        shell.log.begin_at(first).await?;
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
    let live = shell.with_machine(|machine| machine.snapshot());
    let live = live.into_iter().map(|batch| {
        let records: Vec<OwnRecord> = batch.records.into_iter().map(own_record).collect();
        (batch.transaction.map(batch_producer), records)
    });
    // Those first: the last record of a key counts.
    let parts = std::iter::once((None, shell.unknown.records())).chain(live);
    let is_wanted = || !shell.is_unloaded();
    Ok(shell.log.append_snapshot(parts, is_wanted).await?)
}
