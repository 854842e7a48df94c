//! From the durable decision to the end of a transaction: markers into its partitions, then the record that all are written
//! (Kafka's `TransactionMarkerChannelManager`).

use std::collections::BTreeSet;

use crate::coordinator::TransactionCoordinator;
use crate::decision::{Circumstances, Decision, completed};
use crate::log::{self, Change, Then};
use crate::metadata::Metadata;
use crate::state::may_follow;
use crate::timers::TimerKey;
use crate::transaction::{Asked, Busy, Markers, Purpose, Transaction};
use crate::{
    Action, MarkerOutcome, MarkersToken, Partitions, PersistError, Request, TopicPartition,
    TransactionLogValue, TransactionalId, WriteMarkers, add_partitions,
};

impl TransactionCoordinator {
    /// Begins to end a transaction whose end is decided and durable; does nothing in any other state.
    pub(crate) fn begin_completion(&mut self, transactional_id: &TransactionalId) {
        let Some(transaction) = self.transactions.get_mut(transactional_id) else {
            return;
        };
        let Some(metadata) = &transaction.durable else {
            return;
        };
        if metadata.state().decided().is_none() {
            return;
        }
        let unwritten: BTreeSet<TopicPartition> = metadata.partitions().as_slice().iter().cloned().collect();
        if unwritten.is_empty() {
            return self.complete(transactional_id);
        }
        let token = MarkersToken::new(self.cx.next_token());
        let partitions = unwritten.iter().cloned().collect();
        self.markers_pending += unwritten.len();
        transaction.begin(Busy::Markers(Markers {
            token,
            since: self.cx.now.monotonic,
            unwritten,
            retry: BTreeSet::new(),
        }));
        self.marking.insert(token, transactional_id.clone());
        self.write_markers(transactional_id, token, partitions);
    }

    /// Takes a report of markers.
    pub(crate) fn note_markers(
        &mut self,
        token: MarkersToken,
        outcomes: Vec<(TopicPartition, MarkerOutcome)>,
    ) {
        let Some(transactional_id) = self.marking.get(&token).cloned() else {
            return;
        };
        let Some(markers) = self
            .transactions
            .get_mut(&transactional_id)
            .and_then(|transaction| transaction.markers_mut())
        else {
            return;
        };
        let had_retries = !markers.retry.is_empty();
        for (partition, outcome) in outcomes {
            match outcome {
                MarkerOutcome::Written | MarkerOutcome::Gone | MarkerOutcome::ProducerFenced => {
                    self.markers_pending -= usize::from(markers.unwritten.remove(&partition));
                    markers.retry.remove(&partition);
                }
                MarkerOutcome::Retry => {
                    if markers.unwritten.contains(&partition) {
                        markers.retry.insert(partition);
                    }
                }
                // A later coordinator ends the transaction, and this one is about to be unloaded.
                MarkerOutcome::CoordinatorFenced => {}
            }
        }
        let has_retries = !markers.retry.is_empty();
        if markers.unwritten.is_empty() {
            let delay = self.cx.now.monotonic.saturating_sub(markers.since);
            self.counts.marker_delays.record(delay);
            self.marking.remove(&token);
            if let Some(transaction) = self.transactions.get_mut(&transactional_id) {
                transaction.end();
            }
            self.complete(&transactional_id);
        } else if has_retries && !had_retries {
            let after = self.cx.config.retry_backoff;
            self.cx.schedule(TimerKey::Retry(transactional_id), after);
        }
    }

    /// The completion failed, and is written again after a pause.
    pub(crate) fn complete_later(&mut self, transactional_id: &TransactionalId) {
        if let Some(transaction) = self.transactions.get_mut(transactional_id) {
            transaction.begin(Busy::Completion);
            let after = self.cx.config.retry_backoff;
            self.cx.schedule(TimerKey::Retry(transactional_id.clone()), after);
        }
    }

    /// Tries again what failed.
    pub(crate) fn retry_completion(&mut self, transactional_id: &TransactionalId) {
        let Some(transaction) = self.transactions.get_mut(transactional_id) else {
            return;
        };
        match transaction.busy() {
            Some(Busy::Completion) => {
                transaction.end();
                self.complete(transactional_id);
            }
            Some(Busy::Markers(_)) => {
                if let Some(markers) = transaction.markers_mut() {
                    let token = markers.token;
                    let partitions: Vec<TopicPartition> =
                        std::mem::take(&mut markers.retry).into_iter().collect();
                    if !partitions.is_empty() {
                        self.write_markers(transactional_id, token, partitions);
                    }
                }
            }
            Some(Busy::ProducerId(_) | Busy::Append) | None => {}
        }
    }

    fn write_markers(
        &mut self,
        transactional_id: &TransactionalId,
        token: MarkersToken,
        partitions: Vec<TopicPartition>,
    ) {
        let Some(metadata) = self
            .transactions
            .get(transactional_id)
            .and_then(|transaction| transaction.durable.as_ref())
        else {
            return;
        };
        let Some(result) = metadata.state().decided() else {
            return;
        };
        let markers = WriteMarkers {
            then: token,
            transactional_id: transactional_id.clone(),
            producer: metadata.producer(),
            coordinator_epoch: self.cx.coordinator_epoch,
            result,
            version: metadata.client_version(),
            partitions,
        };
        self.cx.actions.push(Action::WriteMarkers(Box::new(markers)));
    }

    /// All markers are written: says so in the log. If the client waits to begin its next transaction, that is decided now and
    /// begins with the same append: it would have to wait for the disk twice.
    fn complete(&mut self, transactional_id: &TransactionalId) {
        let now = self.cx.now.wall;
        let Some(transaction) = self.transactions.get_mut(transactional_id) else {
            return;
        };
        let Some(value) = transaction
            .durable
            .as_ref()
            .and_then(|metadata| completed(&metadata.value_with(Partitions::default()), now))
        else {
            return;
        };
        let from = transaction.durable.as_ref().map(|metadata| metadata.state());
        assert!(may_follow(from, value.state), "{from:?} to {}", value.state);
        let next = self.take_next(transactional_id, &value);
        let change_to = |value| Change {
            transactional_id: transactional_id.clone(),
            value: Some(value),
        };
        if let Some(transaction) = self.transactions.get_mut(transactional_id) {
            transaction.begin(Busy::Append);
        }
        match next {
            Some((asked, begun)) => {
                let changes = vec![change_to(value), change_to(begun)];
                self.cx.append(changes, Then::CompleteAndBegin(Box::new(asked)));
            }
            None => self.cx.append(vec![change_to(value)], Then::Complete),
        }
    }

    /// The first of the requests that wait for a completion, and the state that it leads to, if it begins a transaction.
    fn take_next(
        &mut self,
        transactional_id: &TransactionalId,
        complete: &TransactionLogValue,
    ) -> Option<(Asked, TransactionLogValue)> {
        let transaction = self.transactions.get_mut(transactional_id)?;
        if transaction.fenced_epoch().is_some() {
            // Whether the fence holds is known when the append is durable.
            return None;
        }
        let Request::AddPartitions(request) = &transaction.first_parked()?.request else {
            return None;
        };
        let then = Transaction::from(Metadata::from(complete.clone()));
        let around = Circumstances {
            config: &self.cx.config,
            now: self.cx.now.wall,
            fresh: None,
        };
        match add_partitions::decide_add(request, Some(&then), around) {
            Decision::Append(value) => Some((transaction.take_parked()?, value)),
            Decision::Answer(_) | Decision::Refuse(_) | Decision::NeedProducerId => None,
        }
    }

    /// What becomes of a completion that began the next transaction, too.
    pub(crate) fn finish_complete_and_begin(
        &mut self,
        changes: Vec<Change>,
        asked: Asked,
        outcome: Result<(), PersistError>,
    ) {
        let transactional_id = changes[0].transactional_id.clone();
        if let Some(transaction) = self.transactions.get_mut(&transactional_id) {
            transaction.end();
        }
        let mut changes = changes.into_iter();
        match (outcome, changes.next(), changes.next()) {
            (Ok(()), Some(complete), Some(begun)) => {
                log::apply(&mut self.transactions, &mut self.open, complete);
                self.finish_step(begun, Purpose::Asked(Box::new(asked)));
            }
            (Ok(()) | Err(_), _, _) => {
                self.complete_later(&transactional_id);
                self.park_in_front(&transactional_id, asked);
            }
        }
        self.settle(&transactional_id);
    }
}
