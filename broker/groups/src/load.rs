//! Loading and unloading a coordinator: replay of its partition's records, a snapshot of its state as records, and the
//! end.

use crate::coordinator::{GroupCoordinator, Phase};
use corelog_model::{ProducerId, TransactionResult};

use crate::log::{self, Change};
use crate::records::RecordError;
use crate::{Action, GroupError, Now, PersistError, Record, TransactionalProducer, rebalance};

/// What a record was to the coordinator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loaded {
    /// It has taken it in.
    Known,
    /// It is of a kind that this coordinator does not know: whoever rewrites the log is to keep it.
    Unknown,
}

/// Adds a record to the last batch, or to another one if that is of another transaction.
fn push(batches: &mut Vec<SnapshotBatch>, transaction: Option<TransactionalProducer>, record: Record) {
    match batches.last_mut() {
        Some(batch) if batch.transaction == transaction => batch.records.push(record),
        _ => batches.push(SnapshotBatch {
            transaction,
            records: vec![record],
        }),
    }
}

/// Records of a snapshot that are of one transaction, or of none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnapshotBatch {
    /// The transaction.
    pub transaction: Option<TransactionalProducer>,
    /// At least one.
    pub records: Vec<Record>,
}

impl GroupCoordinator {
    /// Replays one record of a batch that is a part of `transaction`, in the order of the log.
    ///
    /// # Errors
    /// If the record is malformed, or its value of a newer version; it is then as if it were not there, and loading may go
    /// on.
    ///
    /// # Panics
    /// If `finish_load` was called already.
    pub fn load(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        transaction: Option<TransactionalProducer>,
    ) -> Result<Loaded, RecordError> {
        assert!(
            self.phase == Phase::Loading,
            "records are replayed before requests are served"
        );
        match Change::decode(key, value, transaction)? {
            Some(change) => {
                self.note_transaction(&change);
                log::replay(&mut self.groups, change).map(|()| Loaded::Known)
            }
            None => Ok(Loaded::Unknown),
        }
    }

    /// Forgets what was replayed: the log is read from its beginning again. A transaction that a first reading has seen open
    /// is not to be ended by the marker of an earlier one.
    ///
    /// # Panics
    /// If `finish_load` was called already.
    pub fn restart_load(&mut self) {
        assert!(self.phase == Phase::Loading, "only what loads is loaded again");
        self.groups.clear();
        self.forget_transactions();
    }

    /// Replays the marker that ends a producer's transaction, in the order of the log.
    ///
    /// # Panics
    /// If `finish_load` was called already.
    pub fn load_end(&mut self, producer: ProducerId, result: TransactionResult) {
        assert!(
            self.phase == Phase::Loading,
            "records are replayed before requests are served"
        );
        self.end_transaction(producer, result);
    }

    /// Begins to serve: the sessions of the members that were restored begin now.
    ///
    /// # Panics
    /// If it was called already.
    pub fn finish_load(&mut self, now: Now) -> Vec<Action> {
        assert!(self.phase == Phase::Loading, "loading ends once");
        self.phase = Phase::Active;
        // A group that only stored offsets has no tombstone of its own.
        self.groups.retain(|_, group| !group.is_void());
        let cx = &mut self.cx;
        cx.now = now;
        for group in self.groups.values_mut() {
            for member in group.members.values() {
                cx.schedule_session(&group.id, &member.id, member.session_timeout);
            }
            if group.members.len() > cx.config.group_size_max {
                // The bound was lowered: a rebalance gives everybody the time to commit.
                rebalance::prepare(group, cx);
            }
        }
        self.schedule_expiry();
        std::mem::take(&mut self.cx.actions)
    }

    /// Stops serving, because the partition is led elsewhere or its log is fenced: everybody who waits is told
    /// `NotCoordinator`, and so is everybody who asks afterwards. Reports of appends in flight are ignored from now on.
    pub fn unload(&mut self) -> Vec<Action> {
        self.phase = Phase::Unloaded;
        self.forget_transactions();
        self.cx.timers.clear();
        for (_, mut group) in std::mem::take(&mut self.groups) {
            for member in group.members.values_mut() {
                self.cx
                    .fail_waiting(member, GroupError::NotCoordinator, GroupError::NotCoordinator);
            }
        }
        for append in self.cx.log.drain() {
            self.complete_append(append, Err(PersistError::NotLeader));
        }
        std::mem::take(&mut self.cx.actions)
    }

    /// The durable state as batches, for a log that is compacted by rewriting: replayed in their order, they give the same
    /// state as the log up to the last append that was reported durable. Those of transactions are as their producers'
    /// own: what is superseded comes before the commit that supersedes it, the rest behind all.
    pub fn snapshot(&self) -> Vec<SnapshotBatch> {
        let (mut before, mut behind) = (Vec::new(), Vec::new());
        for group in self.groups.values() {
            for (topic, partition, pending) in group.offsets.pending() {
                let change = Change::PendingOffset {
                    group_id: group.id.clone(),
                    topic: topic.clone(),
                    partition,
                    producer: pending.producer,
                    committed: pending.committed.clone(),
                };
                let part = if pending.is_superseded {
                    &mut before
                } else {
                    &mut behind
                };
                push(part, Some(pending.producer), change.encode());
            }
        }
        before.push(SnapshotBatch {
            transaction: None,
            records: self.snapshot_records(),
        });
        before.extend(behind);
        before.retain(|batch| !batch.records.is_empty());
        before
    }

    /// The durable state without what waits for the ends of transactions, as records.
    pub fn snapshot_records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for group in self.groups.values() {
            if let Some(value) = &group.durable_metadata {
                let change = Change::Metadata {
                    group_id: group.id.clone(),
                    value: Some(value.clone()),
                };
                records.push(change.encode());
            }
            for (topic, partition, committed) in group.offsets.iter() {
                let change = Change::Offset {
                    group_id: group.id.clone(),
                    topic: topic.clone(),
                    partition,
                    committed: Some(committed.clone()),
                };
                records.push(change.encode());
            }
        }
        records
    }
}
