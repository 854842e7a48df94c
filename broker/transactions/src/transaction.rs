//! One transactional id: what is durable of it, and what is under way.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use corelog_model::ProducerEpoch;

use crate::metadata::Metadata;
use crate::{MarkersToken, Request, RequestToken, TopicPartition};

/// A transactional id. One of which nothing is under way takes no more than its durable state.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    /// What the log says; `None` until the first record is durable.
    pub(crate) durable: Option<Metadata>,
    live: Option<Box<Live>>,
}

/// What is under way.
#[derive(Debug, Default)]
struct Live {
    busy: Option<Busy>,
    /// The epoch that a fence under the first protocol has raised in memory, whether its record is durable or failed: the
    /// former producer is fenced from then on, and the next fence does not raise it again (KAFKA-9666).
    fenced_epoch: Option<ProducerEpoch>,
    /// Who waits for the end of what is under way, in the order of their arrival.
    parked: VecDeque<Asked>,
}

/// The one change that is under way. Nothing else changes the id meanwhile (Kafka's pending state).
#[derive(Debug)]
pub(crate) enum Busy {
    /// A fresh producer id is on its way; then this is decided again.
    ProducerId(Purpose),
    /// A record of its next state is on its way to the log.
    Append,
    /// Markers are being written, after the decision is durable.
    Markers(Markers),
    /// All markers are written, and the record that says so failed: it is written again soon.
    Completion,
}

/// The markers of a transaction's end.
#[derive(Debug)]
pub(crate) struct Markers {
    pub(crate) token: MarkersToken,
    /// When their decision was durable, or when the coordinator was loaded with it, as `Now::monotonic`.
    pub(crate) since: Duration,
    /// The partitions that have none yet.
    pub(crate) unwritten: BTreeSet<TopicPartition>,
    /// Those of them that are tried again soon.
    pub(crate) retry: BTreeSet<TopicPartition>,
}

/// Why a transactional id is to change.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// A client asked.
    Asked(Box<Asked>),
    /// Its transaction takes too long.
    TimedOut,
}

/// A request that is not answered yet.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) token: RequestToken,
    pub(crate) request: Request,
    /// Until when it may wait for others, as `Now::monotonic`.
    pub(crate) deadline: Duration,
}

impl From<Metadata> for Transaction {
    /// One that is durable, and of which nothing is under way.
    fn from(durable: Metadata) -> Transaction {
        Transaction {
            durable: Some(durable),
            live: None,
        }
    }
}

impl Transaction {
    pub(crate) fn busy(&self) -> Option<&Busy> {
        self.live.as_ref()?.busy.as_ref()
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.busy().is_some()
    }

    /// The markers that are being written.
    pub(crate) fn markers_mut(&mut self) -> Option<&mut Markers> {
        match self.live.as_mut()?.busy.as_mut()? {
            Busy::Markers(markers) => Some(markers),
            Busy::ProducerId(_) | Busy::Append | Busy::Completion => None,
        }
    }

    /// Begins a change.
    ///
    /// # Panics
    /// If one is under way.
    pub(crate) fn begin(&mut self, busy: Busy) {
        let live = self.live.get_or_insert_default();
        assert!(live.busy.is_none(), "one change at a time");
        live.busy = Some(busy);
    }

    /// Ends the change that is under way, if there is one.
    pub(crate) fn end(&mut self) -> Option<Busy> {
        self.live.as_mut()?.busy.take()
    }

    /// The epoch that a request has to have: in memory it may be above the durable one, never below.
    pub(crate) fn effective_epoch(&self, metadata: &Metadata) -> ProducerEpoch {
        self.fenced_epoch().unwrap_or(metadata.producer().epoch)
    }

    pub(crate) fn fenced_epoch(&self) -> Option<ProducerEpoch> {
        self.live.as_ref()?.fenced_epoch
    }

    pub(crate) fn set_fenced_epoch(&mut self, epoch: ProducerEpoch) {
        self.live.get_or_insert_default().fenced_epoch = Some(epoch);
    }

    pub(crate) fn clear_fenced_epoch(&mut self) {
        if let Some(live) = &mut self.live {
            live.fenced_epoch = None;
        }
    }

    pub(crate) fn parked_count(&self) -> usize {
        self.live.as_ref().map_or(0, |live| live.parked.len())
    }

    /// Until when the first of those who wait may wait.
    pub(crate) fn parked_deadline(&self) -> Option<Duration> {
        self.first_parked().map(|asked| asked.deadline)
    }

    pub(crate) fn park_first(&mut self, asked: Asked) {
        self.live.get_or_insert_default().parked.push_front(asked);
    }

    pub(crate) fn park_last(&mut self, asked: Asked) {
        self.live.get_or_insert_default().parked.push_back(asked);
    }

    pub(crate) fn first_parked(&self) -> Option<&Asked> {
        self.live.as_ref()?.parked.front()
    }

    pub(crate) fn take_parked(&mut self) -> Option<Asked> {
        self.live.as_mut()?.parked.pop_front()
    }

    /// Frees what is not needed while nothing is under way. Returns whether the id is of no further interest.
    pub(crate) fn tidy(&mut self) -> bool {
        if self
            .live
            .as_ref()
            .is_some_and(|live| live.busy.is_none() && live.fenced_epoch.is_none() && live.parked.is_empty())
        {
            self.live = None;
        }
        self.durable.is_none() && self.live.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_transactional_id_is_small() {
        // `tests/memory.rs` measures what a million of them take with their names and the map.
        assert_eq!(size_of::<Transaction>(), 80);
    }
}
