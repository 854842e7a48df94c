//! Loading and unloading a coordinator: replay of its partition's records, a snapshot of its state as records, and the
//! end.

use crate::coordinator::{Phase, TransactionCoordinator, refusal};
use crate::log::{self, Change, Then};
use crate::records::RecordError;
use crate::transaction::{Asked, Busy, Purpose};
use crate::{Action, Now, Record, TransactionError, TransactionState, TransactionalId};

/// What a record was to the coordinator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loaded {
    /// It has taken it in.
    Known,
    /// It is of a kind that this coordinator does not know: whoever rewrites the log is to keep it.
    Unknown,
}

impl TransactionCoordinator {
    /// Replays one record, in the order of the log.
    ///
    /// # Errors
    /// If the record is malformed, or its value of a newer version; it is then as if it were not there, and loading may go
    /// on.
    ///
    /// # Panics
    /// If `finish_load` was called already.
    pub fn load(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<Loaded, RecordError> {
        assert!(
            self.phase == Phase::Loading,
            "records are replayed before requests are served"
        );
        match Change::decode(key, value)? {
            Some(change) => {
                log::apply(&mut self.transactions, &mut self.open, change);
                Ok(Loaded::Known)
            }
            None => Ok(Loaded::Unknown),
        }
    }

    /// Begins to serve. What was decided and is not complete is completed: its markers are written, again perhaps; what is
    /// ongoing has its timeout from when it began.
    ///
    /// # Panics
    /// If it was called already.
    pub fn finish_load(&mut self, now: Now) -> Vec<Action> {
        assert!(self.phase == Phase::Loading, "loading ends once");
        self.phase = Phase::Active;
        self.cx.now = now;
        let open: Vec<(TransactionalId, TransactionState)> = self
            .transactions
            .iter()
            .filter_map(|(transactional_id, transaction)| {
                let state = transaction.durable.as_ref()?.state();
                (!state.may_expire()).then(|| (transactional_id.clone(), state))
            })
            .collect();
        for (transactional_id, state) in open {
            if state == TransactionState::Ongoing {
                self.schedule_timeout(&transactional_id);
            } else {
                self.begin_completion(&transactional_id);
            }
        }
        self.schedule_expiry();
        std::mem::take(&mut self.cx.actions)
    }

    /// Stops serving, because the partition is led elsewhere or its log is fenced: everybody who waits is told
    /// `NotCoordinator`, and so is everybody who asks afterwards. Reports of what is in flight are ignored from now on.
    pub fn unload(&mut self) -> Vec<Action> {
        self.phase = Phase::Unloaded;
        self.cx.timers.clear();
        self.awaited.clear();
        self.marking.clear();
        self.markers_pending = 0;
        self.open.clear();
        for append in self.cx.log.drain() {
            match append.then {
                Then::Step(Purpose::Asked(asked)) | Then::CompleteAndBegin(asked) => {
                    self.refuse_unloaded(&asked);
                }
                Then::Step(Purpose::TimedOut) | Then::Complete | Then::Expire => {}
            }
        }
        for (_, mut transaction) in std::mem::take(&mut self.transactions) {
            if let Some(Busy::ProducerId(Purpose::Asked(asked))) = transaction.end() {
                self.refuse_unloaded(&asked);
            }
            while let Some(asked) = transaction.take_parked() {
                self.refuse_unloaded(&asked);
            }
        }
        std::mem::take(&mut self.cx.actions)
    }

    fn refuse_unloaded(&mut self, asked: &Asked) {
        let response = refusal(&asked.request, TransactionError::NotCoordinator);
        self.cx.reply(asked.token, response);
    }

    /// The durable state as records, for a log that is compacted by rewriting: replayed, they give the same state as
    /// the log up to the last append that was reported durable. They are made one by one, since there may be a million.
    pub fn snapshot_records(&self) -> impl Iterator<Item = Record> + '_ {
        let level = self.cx.config.transaction_version;
        self.transactions
            .iter()
            .filter_map(move |(transactional_id, transaction)| {
                let change = Change {
                    transactional_id: transactional_id.clone(),
                    value: Some(transaction.durable.as_ref()?.value()),
                };
                Some(change.encode(level))
            })
    }
}
