//! The states of a transactional id and which may follow which (Kafka's `TransactionState`).

use crate::TransactionResult;
use std::fmt;

/// A transactional id's state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TransactionState {
    /// There is a producer, and there has been no transaction since it began.
    Empty,
    /// A transaction has partitions.
    Ongoing,
    /// It is decided that the transaction commits.
    PrepareCommit,
    /// It is decided that the transaction aborts.
    PrepareAbort,
    /// Every partition has its commit marker.
    CompleteCommit,
    /// Every partition has its abort marker.
    CompleteAbort,
    /// The id has expired and its tombstone is on its way. Never in a record.
    Dead,
    /// The producer of an ongoing transaction is about to be fenced. Here it is one step with the decision to abort, so
    /// that no id is ever in it; clients may ask for it by name.
    PrepareEpochFence,
}

impl TransactionState {
    /// Every state, in the order of its number.
    pub const ALL: [TransactionState; 8] = [
        TransactionState::Empty,
        TransactionState::Ongoing,
        TransactionState::PrepareCommit,
        TransactionState::PrepareAbort,
        TransactionState::CompleteCommit,
        TransactionState::CompleteAbort,
        TransactionState::Dead,
        TransactionState::PrepareEpochFence,
    ];

    /// Kafka's number in records.
    pub const fn id(self) -> i8 {
        match self {
            TransactionState::Empty => 0,
            TransactionState::Ongoing => 1,
            TransactionState::PrepareCommit => 2,
            TransactionState::PrepareAbort => 3,
            TransactionState::CompleteCommit => 4,
            TransactionState::CompleteAbort => 5,
            TransactionState::Dead => 6,
            TransactionState::PrepareEpochFence => 7,
        }
    }

    /// Kafka's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            TransactionState::Empty => "Empty",
            TransactionState::Ongoing => "Ongoing",
            TransactionState::PrepareCommit => "PrepareCommit",
            TransactionState::PrepareAbort => "PrepareAbort",
            TransactionState::CompleteCommit => "CompleteCommit",
            TransactionState::CompleteAbort => "CompleteAbort",
            TransactionState::Dead => "Dead",
            TransactionState::PrepareEpochFence => "PrepareEpochFence",
        }
    }

    /// The state that a record may have of this number. Neither of the two that Kafka never writes is among them.
    pub(crate) fn recorded(id: i8) -> Option<TransactionState> {
        TransactionState::ALL
            .into_iter()
            .find(|state| state.id() == id)
            .filter(|state| {
                !matches!(
                    state,
                    TransactionState::Dead | TransactionState::PrepareEpochFence
                )
            })
    }

    /// Whether an id in this state may expire.
    pub(crate) const fn may_expire(self) -> bool {
        match self {
            TransactionState::Empty | TransactionState::CompleteCommit | TransactionState::CompleteAbort => {
                true
            }
            TransactionState::Ongoing
            | TransactionState::PrepareCommit
            | TransactionState::PrepareAbort
            | TransactionState::Dead
            | TransactionState::PrepareEpochFence => false,
        }
    }
}

impl fmt::Display for TransactionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TransactionState {
    /// The state in which a transaction's end is decided.
    pub(crate) const fn prepared(result: TransactionResult) -> TransactionState {
        match result {
            TransactionResult::Commit => TransactionState::PrepareCommit,
            TransactionResult::Abort => TransactionState::PrepareAbort,
        }
    }

    /// The state in which it is done.
    pub(crate) const fn completed(result: TransactionResult) -> TransactionState {
        match result {
            TransactionResult::Commit => TransactionState::CompleteCommit,
            TransactionResult::Abort => TransactionState::CompleteAbort,
        }
    }

    /// What is decided in this state, if anything is.
    pub(crate) fn decided(self) -> Option<TransactionResult> {
        [TransactionResult::Commit, TransactionResult::Abort]
            .into_iter()
            .find(|result| TransactionState::prepared(*result) == self)
    }
}

/// Which state may follow which (Kafka's `TransactionState.VALID_PREVIOUS_STATES`). A new id begins with `Empty`.
pub(crate) fn may_follow(from: Option<TransactionState>, to: TransactionState) -> bool {
    use TransactionState::{
        CompleteAbort, CompleteCommit, Dead, Empty, Ongoing, PrepareAbort, PrepareCommit, PrepareEpochFence,
    };
    let Some(from) = from else {
        return to == Empty;
    };
    match to {
        Empty | Dead => matches!(from, Empty | CompleteCommit | CompleteAbort),
        Ongoing | PrepareAbort => matches!(from, Ongoing | Empty | CompleteCommit | CompleteAbort),
        PrepareCommit | PrepareEpochFence => from == Ongoing,
        CompleteCommit => from == PrepareCommit,
        CompleteAbort => from == PrepareAbort,
    }
}
