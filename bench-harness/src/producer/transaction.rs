//! A producer's transaction under way: when it is to be committed, and what becomes published then. No clock and no I/O
//! inside: `now` is given.

use std::time::Duration;

use corelog_protocol::ErrorCode;
use corelog_runtime::Monotonic;

use super::accumulator::SealedBatch;
use crate::measure::Stamps;
use crate::workload::Workload;

/// The first wait before a request is sent again: Java's `retry.backoff.ms`.
const RETRY_WAIT: Duration = Duration::from_millis(100);
/// The longest: Java's `retry.backoff.max.ms`.
const RETRY_WAIT_MAX: Duration = Duration::from_secs(1);

/// A batch that was answered and is not yet committed.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    /// The partition.
    pub partition: usize,
    /// The sequence of its first message.
    pub first_sequence: u64,
    /// Its messages' intended times.
    pub stamps: Stamps,
    /// Bytes of its messages' values.
    pub message_bytes: u64,
}

impl From<&SealedBatch> for Answered {
    fn from(batch: &SealedBatch) -> Answered {
        Answered {
            partition: batch.partition,
            first_sequence: batch.first_sequence,
            stamps: batch.stamps.clone(),
            message_bytes: batch.message_bytes,
        }
    }
}

/// The transactions of a producer, of which one is under way at most. It begins with its first message.
#[derive(Debug)]
pub(super) struct Transaction {
    /// Committed so long after its first message; none: not by time.
    interval: Option<Duration>,
    /// Committed with so many messages; none: not by number.
    messages_max: Option<u64>,
    /// When the first message was taken on.
    begun: Option<Monotonic>,
    messages: u64,
    is_ending: bool,
    answered: Vec<Answered>,
}

impl Transaction {
    /// As the workload wants them; none if it wants none.
    pub(super) fn new(workload: &Workload) -> Option<Transaction> {
        let messages = workload.transaction_messages;
        workload.is_transactional().then(|| Transaction {
            interval: (workload.transaction_ms > 0.0)
                .then(|| Duration::from_secs_f64(workload.transaction_ms / 1e3)),
            messages_max: (messages > 0).then_some(u64::from(messages)),
            begun: None,
            messages: 0,
            is_ending: false,
            answered: Vec::new(),
        })
    }

    /// How many more messages it takes at `now`.
    pub(super) fn room(&self, now: Monotonic) -> u64 {
        if self.is_ending || self.is_due(now) {
            return 0;
        }
        self.messages_max.map_or(u64::MAX, |most| most - self.messages)
    }

    /// Messages were taken on at `now`, no more than there is room for.
    pub(super) fn take(&mut self, now: Monotonic, messages: u64) {
        if messages > 0 {
            self.begun.get_or_insert(now);
            self.messages += messages;
        }
    }

    /// When it is to be committed, however few messages it has by then; none before the first.
    pub(super) fn due(&self) -> Option<Monotonic> {
        Some(self.begun? + self.interval?)
    }

    /// Whether it is to be committed now.
    pub(super) fn is_due(&self, now: Monotonic) -> bool {
        self.messages_max.is_some_and(|most| self.messages >= most)
            || self.due().is_some_and(|due| due <= now)
    }

    /// Takes no more messages until it is committed. False if there is nothing to commit: as with Java, the target never
    /// hears of a transaction without messages.
    pub(super) fn end(&mut self) -> bool {
        self.is_ending = self.begun.is_some();
        self.is_ending
    }

    /// A batch of it was answered.
    pub(super) fn answered(&mut self, batch: &SealedBatch) {
        self.answered.push(Answered::from(batch));
    }

    /// It was committed, or was given up: gives what it had, and the next message begins another.
    pub(super) fn finish(&mut self) -> Vec<Answered> {
        self.begun = None;
        self.messages = 0;
        self.is_ending = false;
        std::mem::take(&mut self.answered)
    }
}

/// What to do with the answer to a request of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reaction {
    /// It is done.
    Done,
    /// Send it again, after a wait.
    Again,
    /// The run is over: the transaction is not what it is meant to be.
    Fail,
}

/// As Java reacts, except that whatever it would abort the transaction for, or look for another coordinator for, ends the
/// run. `is_behind` tells of a batch that one before it is to be sent again.
pub(super) fn reaction(error_code: i16, is_behind: bool) -> Reaction {
    match ErrorCode::from_code(error_code) {
        Some(ErrorCode::None) => Reaction::Done,
        Some(
            ErrorCode::ConcurrentTransactions
            | ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::CoordinatorNotAvailable,
        ) => Reaction::Again,
        Some(ErrorCode::OutOfOrderSequenceNumber) if is_behind => Reaction::Again,
        Some(_) | None => Reaction::Fail,
    }
}

/// The wait before a request is sent again for the `retries`-th time, from zero.
pub(super) fn retry_wait(retries: u32) -> Duration {
    RETRY_WAIT.saturating_mul(1 << retries.min(8)).min(RETRY_WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::parse;

    fn at(millis: u64) -> Monotonic {
        Monotonic::from_nanos(millis * 1_000_000)
    }

    fn transaction(workload: &str) -> Transaction {
        Transaction::new(&parse(workload, &[]).unwrap()).expect("it is transactional")
    }

    #[test]
    fn without_the_keys_there_is_none() {
        assert!(Transaction::new(&parse("", &[]).unwrap()).is_none());
    }

    #[test]
    fn it_is_due_by_time_from_its_first_message() {
        let mut transaction = transaction("transaction_ms = 100");
        assert_eq!((transaction.due(), transaction.room(at(5000))), (None, u64::MAX));
        assert!(!transaction.end(), "there is nothing to commit");
        transaction.take(at(5000), 0);
        assert_eq!(transaction.due(), None);
        transaction.take(at(5010), 3);
        transaction.take(at(5050), 3);
        assert_eq!(transaction.due(), Some(at(5110)));
        assert!(!transaction.is_due(at(5109)));
        assert_eq!(transaction.room(at(5109)), u64::MAX);
        assert!(transaction.is_due(at(5110)));
        assert_eq!(transaction.room(at(5110)), 0);
    }

    #[test]
    fn it_is_due_by_its_messages() {
        let mut transaction = transaction("transaction_messages = 3");
        assert_eq!(transaction.room(at(1)), 3);
        transaction.take(at(1), 2);
        assert_eq!(
            (transaction.room(at(9999)), transaction.is_due(at(9999))),
            (1, false)
        );
        transaction.take(at(9999), 1);
        assert_eq!(
            (transaction.room(at(9999)), transaction.is_due(at(9999))),
            (0, true)
        );
    }

    #[test]
    fn whichever_comes_first() {
        let mut transaction = transaction("transaction_messages = 3\ntransaction_ms = 10");
        transaction.take(at(1), 1);
        assert!(transaction.is_due(at(11)));
        transaction.take(at(2), 2);
        assert!(transaction.is_due(at(2)));
    }

    #[test]
    fn nothing_is_taken_while_it_ends() {
        let mut transaction = transaction("transaction_ms = 100");
        transaction.take(at(1), 1);
        assert!(transaction.end());
        assert_eq!(transaction.room(at(2)), 0);
        assert!(transaction.finish().is_empty());
        assert_eq!((transaction.room(at(2)), transaction.due()), (u64::MAX, None));
        assert!(!transaction.end());
    }

    #[test]
    fn errors_are_reacted_to_as_java_does() {
        let check = |error: ErrorCode, is_behind, expected| {
            assert_eq!(reaction(error.code(), is_behind), expected, "{error:?}");
        };
        check(ErrorCode::None, false, Reaction::Done);
        check(ErrorCode::ConcurrentTransactions, false, Reaction::Again);
        check(ErrorCode::CoordinatorLoadInProgress, false, Reaction::Again);
        check(ErrorCode::OutOfOrderSequenceNumber, true, Reaction::Again);
        check(ErrorCode::OutOfOrderSequenceNumber, false, Reaction::Fail);
        check(ErrorCode::ProducerFenced, false, Reaction::Fail);
        check(ErrorCode::InvalidTxnState, true, Reaction::Fail);
        assert_eq!(reaction(12_345, false), Reaction::Fail);
    }

    #[test]
    fn waits_double_to_a_second() {
        let waits = [0, 1, 3, 4, 99].map(|retries| retry_wait(retries).as_millis());
        assert_eq!(waits, [100, 200, 800, 1000, 1000]);
    }
}
