//! The appends to `__transaction_state`, and what is done when one is durable. The one place where durable state changes.

use std::collections::{BTreeMap, VecDeque};

use crate::figures::OpenTransactions;
use crate::metadata::Metadata;
use crate::records::{LogValueVersion, Record, RecordError, RecordKey, TransactionLogValue, key};
use crate::transaction::{Asked, Purpose, Transaction};
use crate::{Action, AppendToken, PersistError, TransactionVersion, TransactionalId};

/// The transactional ids of a coordinator, by name. Boxed, since the nodes of the map are never full.
pub(crate) type Transactions = BTreeMap<TransactionalId, Box<Transaction>>;

/// One change of durable state, which is one record.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) transactional_id: TransactionalId,
    /// The id's new state; `None` removes it.
    pub(crate) value: Option<TransactionLogValue>,
}

impl Change {
    /// The record of the change. `level` is the cluster's: below 1 its tools may not know flexible records.
    pub(crate) fn encode(&self, level: TransactionVersion) -> Record {
        Record {
            key: key::encode_key(&self.transactional_id),
            value: self
                .value
                .as_ref()
                .map(|value| value.encode(version_for(value, level))),
        }
    }

    /// Reads a record; `None` if it is of a kind that is not known.
    pub(crate) fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Change>, RecordError> {
        match RecordKey::decode(key)? {
            RecordKey::TransactionLog { transactional_id } => Ok(Some(Change {
                transactional_id,
                value: value.map(TransactionLogValue::decode).transpose()?,
            })),
            RecordKey::Unknown { .. } => Ok(None),
        }
    }
}

/// The old version has no place for what V2 needs to end a transaction in the same way after a restart.
fn version_for(value: &TransactionLogValue, level: TransactionVersion) -> LogValueVersion {
    if level == TransactionVersion::V0 && !value.client_version.raises_epoch() {
        LogValueVersion::V0
    } else {
        LogValueVersion::V1
    }
}

/// What to do when an append is durable or failed.
#[derive(Debug)]
pub(crate) enum Then {
    /// Go on with what the change was for.
    Step(Purpose),
    /// The transaction is complete, or has to be tried again.
    Complete,
    /// The same, and the one that follows it has begun: two changes of one id.
    CompleteAndBegin(Box<Asked>),
    /// Ids are gone, or not.
    Expire,
}

/// An append that the shell has been given.
#[derive(Debug)]
pub(crate) struct PendingAppend {
    token: AppendToken,
    outcome: Option<Result<(), PersistError>>,
    /// At least one, each of another id if not said otherwise.
    pub(crate) changes: Vec<Change>,
    pub(crate) then: Then,
}

/// The appends in flight, in log order. They take effect in that order, whatever the order of the reports.
#[derive(Debug, Default)]
pub(crate) struct PendingLog {
    next: u64,
    pending: VecDeque<PendingAppend>,
}

impl PendingLog {
    pub(crate) fn append(&mut self, changes: Vec<Change>, then: Then, level: TransactionVersion) -> Action {
        assert!(!changes.is_empty(), "an append has records");
        let token = AppendToken::new(self.next);
        self.next += 1;
        let records = changes.iter().map(|change| change.encode(level)).collect();
        self.pending.push_back(PendingAppend {
            token,
            outcome: None,
            changes,
            then,
        });
        Action::Append { records, then: token }
    }

    /// Notes the shell's report. One of an append from before an `unload` is of no interest any more.
    pub(crate) fn report(&mut self, token: AppendToken, result: Result<(), PersistError>) {
        if let Ok(index) = self.pending.binary_search_by_key(&token, |append| append.token) {
            // The first report counts.
            self.pending[index].outcome.get_or_insert(result);
        }
    }

    /// Takes the next append whose outcome, and that of all before it, is known.
    pub(crate) fn pop_known(&mut self) -> Option<(PendingAppend, Result<(), PersistError>)> {
        let outcome = self.pending.front()?.outcome?;
        self.pending.pop_front().map(|append| (append, outcome))
    }

    pub(crate) fn drain(&mut self) -> Vec<PendingAppend> {
        self.pending.drain(..).collect()
    }
}

/// Makes a durable change visible, or replays one.
pub(crate) fn apply(transactions: &mut Transactions, open: &mut OpenTransactions, change: Change) {
    let Change {
        transactional_id,
        value,
    } = change;
    match value {
        Some(value) => {
            let metadata = Metadata::from(value);
            let transaction = transactions.entry(transactional_id.clone()).or_default();
            open.change(&transactional_id, transaction.durable.as_ref(), Some(&metadata));
            transaction.durable = Some(metadata);
        }
        None => {
            if let Some(transaction) = transactions.get_mut(&transactional_id) {
                open.change(&transactional_id, transaction.durable.as_ref(), None);
                transaction.durable = None;
                if transaction.tidy() {
                    transactions.remove(&transactional_id);
                }
            }
        }
    }
}
