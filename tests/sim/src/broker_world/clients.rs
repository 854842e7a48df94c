//! What all clients of a world share.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use corelog_model::{PartitionId, PartitionIndex, TopicId};
use corelog_runtime::{Handle, WorkClass};

use super::commits::Commits;
use super::ledger::Ledger;
use super::oracle::Oracle;
use super::scenario::Habits;
use super::wire::Wire;
use crate::rng::SimRng;

/// What is kept of what clients complain about.
const TROUBLES_MAX: usize = 5;

/// A topic that lasts for the whole run.
#[derive(Clone, Debug)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) id: TopicId,
    /// As many as were answered for.
    pub(super) partitions: i32,
    /// As many as were asked for.
    pub(super) partitions_max: i32,
}

impl Topic {
    pub(super) fn partition(&self, index: i32) -> PartitionId {
        PartitionId {
            topic: self.id,
            index: PartitionIndex::new(index),
        }
    }
}

/// What all clients of a world share.
pub(super) struct Clients {
    pub(super) handle: Handle,
    pub(super) address: SocketAddr,
    pub(super) oracle: Rc<Oracle>,
    pub(super) commits: Commits,
    pub(super) ledger: Ledger,
    /// The setting that an administrator changes.
    pub(super) configs: Commits,
    /// The names of topics that came, and may have gone.
    pub(super) names: RefCell<BTreeSet<String>>,
    pub(super) habits: Habits,
    /// The storage refuses batches at times, and whoever sent one may not hear of it.
    pub(super) storage_refuses: bool,
    writer_next: Cell<u64>,
    pub(super) topics: RefCell<Vec<Topic>>,
    random: RefCell<SimRng>,
    /// Clients finish what they have begun, and end.
    pub(super) is_closing: Cell<bool>,
    running: Cell<u64>,
    /// What each client that is still there waits for, for messages.
    pub(super) troubles: RefCell<Vec<String>>,
}

impl Clients {
    pub(super) fn new(
        handle: Handle,
        address: SocketAddr,
        random: SimRng,
        habits: Habits,
        storage_refuses: bool,
    ) -> Rc<Clients> {
        Rc::new(Clients {
            handle,
            address,
            oracle: Rc::default(),
            commits: Commits::default(),
            ledger: Ledger::default(),
            configs: Commits::default(),
            names: RefCell::default(),
            habits,
            storage_refuses,
            writer_next: Cell::new(0),
            topics: RefCell::default(),
            random: RefCell::new(random),
            is_closing: Cell::new(false),
            running: Cell::new(0),
            troubles: RefCell::default(),
        })
    }

    pub(super) fn wire(&self) -> Wire {
        Wire::new(self.handle.clone(), self.address, Rc::clone(&self.oracle))
    }

    /// A stream of random numbers for one client.
    pub(super) fn random(&self) -> SimRng {
        SimRng::new(self.random.borrow_mut().next_u64())
    }

    /// A number for someone whose batches have an order.
    pub(super) fn writer(&self) -> u64 {
        self.writer_next.set(self.writer_next.get() + 1);
        self.writer_next.get()
    }

    /// A random partition of a lasting topic.
    pub(super) fn some_partition(&self, random: &mut SimRng) -> (Topic, PartitionId) {
        let topics = self.topics.borrow();
        let topic = &topics[random.index(topics.len())];
        let index = random.below(u64::try_from(topic.partitions).expect("positive"));
        let id = topic.partition(i32::try_from(index).expect("small"));
        (topic.clone(), id)
    }

    /// A partition of a topic that came and may go.
    pub(super) fn passing_partition(&self, random: &mut SimRng) -> Option<PartitionId> {
        let passing = self.oracle.passing.borrow();
        let known: Vec<TopicId> = passing.values().copied().flatten().collect();
        (!known.is_empty()).then(|| PartitionId {
            topic: known[random.index(known.len())],
            index: PartitionIndex::new(0),
        })
    }

    /// How long a produce request may take, in milliseconds.
    pub(super) fn patience_ms(&self, number: u64) -> i32 {
        match (self.habits.is_impatient, number % 3) {
            (true, 0) => 1,
            (true, 1) => 30,
            (true, _) | (false, _) => 10_000,
        }
    }

    pub(super) fn topics(&self) -> Vec<Topic> {
        self.topics.borrow().clone()
    }

    /// Starts a client and counts it until it ends.
    pub(super) fn spawn(self: &Rc<Self>, name: &'static str, client: impl Future<Output = ()> + 'static) {
        self.running.set(self.running.get() + 1);
        let clients = Rc::clone(self);
        self.handle.spawn(WorkClass::Normal, name, async move {
            client.await;
            clients.running.set(clients.running.get() - 1);
        });
    }

    /// Clients that have not ended.
    pub(super) fn running(&self) -> u64 {
        self.running.get()
    }

    pub(super) async fn sleep(&self, duration: Duration) {
        let clock = &self.handle.clock;
        clock.sleep_until(clock.now() + duration).await;
    }

    /// Waits for a random time below `max`.
    pub(super) async fn pause(&self, random: &mut SimRng, max: Duration) {
        let micros = u64::try_from(max.as_micros()).expect("a pause is short");
        self.sleep(Duration::from_micros(random.below(micros.max(1))))
            .await;
    }

    /// Notes what keeps a client from ending, once it ought to.
    pub(super) fn complain(&self, text: impl FnOnce() -> String) {
        if self.is_closing.get() {
            self.note(text());
        }
    }

    /// Notes what may tell why something does not come to an end.
    pub(super) fn note(&self, text: String) {
        let mut troubles = self.troubles.borrow_mut();
        if troubles.len() >= TROUBLES_MAX {
            troubles.remove(0);
        }
        troubles.push(text);
    }
}
