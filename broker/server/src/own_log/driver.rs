//! A state machine above a log of the broker's own, driven: it gets its events and the time, and its actions are performed.
//!
//! Invariants:
//! 1. Appends reach the log in the order in which the machine gave them; while a snapshot is written they are held.
//! 2. No borrow of the machine lives across an await, or while actions are performed.
//! 3. When the log is fenced it is not known what it holds, so the machine is unloaded rather than told of a failure.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_model::batch::BatchProducer;
use corelog_model::{Offset, TimestampMs};
use corelog_records::EndMarker;
use corelog_runtime::local::{Notify, oneshot};
use corelog_runtime::{Handle, LocalFuture, Monotonic, WorkClass};
use corelog_storage::{AppendError, PartitionLog};
use futures_util::future::{Either, select};
use slab::Slab;

use super::append::{LogAppendError, OwnRecord};
use super::growth::GrowthMax;
use super::load::Taken;
use super::shell::{OwnLog, SnapshotError};
use super::unknown::Unknown;

/// The time of an event: monotonic since an arbitrary start, and the wall clock.
#[derive(Clone, Copy)]
pub(crate) struct DriverNow {
    pub(crate) monotonic: Duration,
    pub(crate) wall: TimestampMs,
}

/// What a machine has appended.
pub(crate) enum Append {
    /// Records of one batch, of the open transaction of a producer or of none.
    Records(Vec<OwnRecord>, Option<BatchProducer>),
    /// The marker that ends a producer's transaction.
    Marker {
        /// Whose.
        producer: BatchProducer,
        /// What it says.
        marker: EndMarker,
        /// See `AppendOrigin::Marker`.
        raises_epoch: bool,
    },
}

/// What a machine wants done.
pub(crate) enum Step<M: Machine> {
    /// A request is answered.
    Reply { token: u64, response: M::Response },
    /// Something is appended, and its outcome reported under the token.
    Append { append: Append, token: u64 },
    /// Anything else: see [`Machine::perform`].
    Wish(M::Wish),
}

/// A state machine that a [`Driver`] drives.
pub(crate) trait Machine: Sized + 'static {
    /// What is asked of it.
    type Request;
    /// Its answer.
    type Response;
    /// What happens to it.
    type Event;
    /// What it wants done.
    type Action;
    /// What it wants done beside answers and appends.
    type Wish;
    /// Whoever performs wishes.
    type Services;

    /// What its tasks are called.
    const TASKS: Tasks;
    /// When its log is due for a snapshot.
    const GROWTH_MAX: GrowthMax;

    /// A request as an event.
    fn requested(token: u64, request: Self::Request) -> Self::Event;
    /// The outcome of an append as an event.
    fn persisted(token: u64, result: Result<(), &LogAppendError>) -> Self::Event;
    /// An action as a step.
    fn step(action: Self::Action) -> Step<Self>;
    /// Performs a wish.
    fn perform(driver: &Rc<Driver<Self>>, wish: Self::Wish);

    /// Forgets what was replayed: the log is read from its beginning.
    fn restart_load(&mut self);
    /// Replays one record of a batch that is a part of `transaction`, in the order of the log.
    ///
    /// # Errors
    /// If the record is malformed, or of a newer version; it is then as if it were not there.
    fn load(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        transaction: Option<BatchProducer>,
    ) -> Result<Taken, Box<dyn Error>>;
    /// Replays the marker that ends a producer's transaction, in the order of the log.
    fn load_end(&mut self, producer: BatchProducer, marker: EndMarker);
    /// How much it has.
    fn count(&self) -> usize;

    /// Takes one event.
    fn handle(&mut self, event: Self::Event, now: DriverNow) -> Vec<Self::Action>;
    /// Does what has fallen due.
    fn handle_timeout(&mut self, now: DriverNow) -> Vec<Self::Action>;
    /// When to call `handle_timeout`.
    fn next_timeout(&self) -> Option<Duration>;
    /// Begins to serve.
    fn finish_load(&mut self, now: DriverNow) -> Vec<Self::Action>;
    /// Stops serving.
    fn unload(&mut self) -> Vec<Self::Action>;
    /// The durable state.
    fn snapshot(&self) -> Vec<(Option<BatchProducer>, Vec<OwnRecord>)>;
}

/// The names of a machine's tasks.
pub(crate) struct Tasks {
    /// What it has, in the plural.
    pub(crate) what: &'static str,
    pub(crate) load: &'static str,
    pub(crate) store: &'static str,
    pub(crate) snapshot: &'static str,
}

/// An append that waits for the snapshot's end.
type Held = (Append, u64);

/// One machine, its log, and who waits for its answers.
pub(crate) struct Driver<M: Machine> {
    pub(crate) handle: Handle,
    pub(crate) log: OwnLog,
    /// Records of the log that are not the machine's.
    pub(crate) unknown: Unknown,
    pub(crate) services: M::Services,
    machine: RefCell<M>,
    waiting: RefCell<Slab<oneshot::Sender<M::Response>>>,
    /// What the timer's task sleeps for.
    armed: Cell<Option<Duration>>,
    rearm: Notify,
    is_unloaded: Cell<bool>,
    appends_in_flight: Cell<usize>,
    appends_done: Notify,
    /// `Some` while a snapshot is under way.
    held: RefCell<Option<VecDeque<Held>>>,
    /// A snapshot is under way, or waits to begin.
    pub(crate) is_rewriting: Cell<bool>,
}

impl<M: Machine> Driver<M> {
    /// A machine that has yet to load, above `log`.
    pub(crate) fn new(
        handle: Handle,
        log: Rc<PartitionLog>,
        machine: M,
        services: M::Services,
    ) -> Rc<Driver<M>> {
        Rc::new(Driver {
            log: OwnLog::new(log, handle.clone(), M::GROWTH_MAX),
            handle,
            unknown: Unknown::default(),
            services,
            machine: RefCell::new(machine),
            waiting: RefCell::default(),
            armed: Cell::new(None),
            rearm: Notify::new(),
            is_unloaded: Cell::new(false),
            appends_in_flight: Cell::new(0),
            appends_done: Notify::new(),
            held: RefCell::new(None),
            is_rewriting: Cell::new(false),
        })
    }

    /// Hands a request to the machine; the future gives its answer.
    pub(crate) fn submit(self: &Rc<Self>, request: M::Request) -> LocalFuture<M::Response> {
        let (sender, receiver) = oneshot::channel();
        let key = self.waiting.borrow_mut().insert(sender);
        let token = u64::try_from(key).expect("a key fits 64 bits");
        self.handle(M::requested(token, request));
        let driver = Rc::clone(self);
        Box::pin(async move {
            let response = receiver.await;
            drop(driver);
            response.expect("the machine answers every request")
        })
    }

    /// Gives the machine an event and does what it wants.
    pub(crate) fn handle(self: &Rc<Self>, event: M::Event) {
        let now = self.now();
        self.step(|machine| machine.handle(event, now));
    }

    /// Looks at, or loads into, the machine.
    pub(crate) fn with_machine<R>(&self, operation: impl FnOnce(&mut M) -> R) -> R {
        operation(&mut self.machine.borrow_mut())
    }

    /// Begins to serve.
    pub(crate) fn finish_load(self: &Rc<Self>) {
        let now = self.now();
        self.step(|machine| machine.finish_load(now));
    }

    /// Stops serving; everybody who waits is told so.
    pub(crate) fn unload(self: &Rc<Self>) {
        if !self.is_unloaded.replace(true) {
            *self.held.borrow_mut() = None;
            self.step(M::unload);
            self.rearm.notify_all();
            self.appends_done.notify_all();
        }
    }

    /// Whether it serves no more.
    pub(crate) fn is_unloaded(&self) -> bool {
        self.is_unloaded.get()
    }

    /// Lets the machine do what falls due, until it is unloaded. Costs nothing while nothing does.
    pub(crate) async fn keep_time(self: Rc<Self>) {
        while !self.is_unloaded() {
            let earlier = self.rearm.notified();
            let next = self.machine.borrow().next_timeout();
            self.armed.set(next);
            let Some(deadline) = next else {
                earlier.await;
                continue;
            };
            let nanoseconds = u64::try_from(deadline.as_nanos()).unwrap_or(u64::MAX);
            let sleep = self.handle.clock.sleep_until(Monotonic::from_nanos(nanoseconds));
            match select(sleep, earlier).await {
                Either::Left(((), _)) => {
                    let now = self.now();
                    self.step(|machine| machine.handle_timeout(now));
                }
                Either::Right(((), _)) => {}
            }
        }
    }

    fn step(self: &Rc<Self>, operation: impl FnOnce(&mut M) -> Vec<M::Action>) {
        let actions = operation(&mut self.machine.borrow_mut());
        for action in actions {
            match M::step(action) {
                Step::Reply { token, response } => self.reply(token, response),
                Step::Append { append, token } => self.append(append, token),
                Step::Wish(wish) => M::perform(self, wish),
            }
        }
        let next = self.machine.borrow().next_timeout();
        let is_earlier = match (next, self.armed.get()) {
            (Some(next), Some(armed)) => next < armed,
            (Some(_), None) => true,
            // Waking too early does no harm, so the task sleeps on.
            (None, Some(_) | None) => false,
        };
        if is_earlier {
            self.armed.set(next);
            self.rearm.notify_all();
        }
    }

    fn reply(&self, token: u64, response: M::Response) {
        let key = usize::try_from(token).expect("tokens are the keys of this slab");
        let waiting = self.waiting.borrow_mut().try_remove(key);
        let sender = waiting.expect("the machine answers a request once");
        // A client that has gone away needs no answer.
        let _ = sender.send(response);
    }

    fn append(self: &Rc<Self>, append: Append, token: u64) {
        if let Some(held) = self.held.borrow_mut().as_mut() {
            held.push_back((append, token));
            return;
        }
        // Admitted to the log before this returns, which keeps the order.
        let (keys, appended) = match append {
            Append::Records(records, transaction) => {
                let appended = self.log.append(&records, transaction);
                let keys: Vec<Bytes> = records.into_iter().filter_map(|record| record.key).collect();
                (keys, appended)
            }
            Append::Marker {
                producer,
                marker,
                raises_epoch,
            } => (Vec::new(), self.log.append_marker(producer, marker, raises_epoch)),
        };
        self.appends_in_flight.set(self.appends_in_flight.get() + 1);
        let driver = Rc::clone(self);
        self.handle.spawn(WorkClass::Latency, M::TASKS.store, async move {
            let appended = appended.await;
            match &appended {
                Ok(()) => keys.iter().for_each(|key| driver.unknown.forget(key)),
                Err(error) => driver.note_failure(error),
            }
            driver.appends_in_flight.set(driver.appends_in_flight.get() - 1);
            driver.handle(M::persisted(token, appended.as_ref().copied()));
            if driver.is_quiet() {
                driver.appends_done.notify_all();
            }
            driver.begin_snapshot_if_due();
        });
    }

    fn note_failure(self: &Rc<Self>, error: &LogAppendError) {
        tracing::warn!(partition = self.log.directory(), %error, "a coordinator's records cannot be stored");
        if let LogAppendError::Append(AppendError::Fenced(_)) = error {
            self.unload();
        }
    }

    /// No append is under way.
    fn is_quiet(&self) -> bool {
        self.appends_in_flight.get() == 0
    }

    fn now(&self) -> DriverNow {
        DriverNow {
            monotonic: Duration::from_nanos(self.handle.clock.now().as_nanos()),
            wall: self.handle.clock.wall(),
        }
    }

    /// Begins a snapshot if the log has grown enough: the live state is appended to it as records, and the log then begins at
    /// the first of them. What this release does not know of the log goes along.
    pub(crate) fn begin_snapshot_if_due(self: &Rc<Self>) {
        if self.is_unloaded() || self.is_rewriting.get() || !self.log.is_snapshot_due() {
            return;
        }
        self.is_rewriting.set(true);
        let driver = Rc::clone(self);
        // Not in the background: appends are held until it is written.
        self.handle.spawn(WorkClass::Normal, M::TASKS.snapshot, async move {
            let result = driver.rewrite().await;
            driver.is_rewriting.set(false);
            if let Err(error) = result {
                tracing::warn!(partition = driver.log.directory(), %error, "a coordinator's log is not shortened");
            }
        });
    }

    /// Writes a snapshot and removes what came before it.
    pub(crate) async fn rewrite(self: &Rc<Self>) -> Result<(), SnapshotError> {
        self.held.borrow_mut().get_or_insert_with(VecDeque::new);
        let written = self.write_snapshot().await;
        let held = self.held.borrow_mut().take();
        for (append, token) in held.unwrap_or_default() {
            self.append(append, token);
        }
        if let Some(first) = written? {
            self.log.begin_at(first).await?;
        }
        Ok(())
    }

    /// Writes the live state durably; returns where it begins, or `None` when the machine was unloaded meanwhile. The state is
    /// taken while no append is under way and further ones are held, so it is what a replay of the log gives.
    pub(crate) async fn write_snapshot(self: &Rc<Self>) -> Result<Option<Offset>, SnapshotError> {
        while !self.is_quiet() && !self.is_unloaded() {
            let done = self.appends_done.notified();
            done.await;
        }
        if self.is_unloaded() {
            return Ok(None);
        }
        let live = self.with_machine(|machine| machine.snapshot());
        // Those first: the last record of a key counts.
        let parts = std::iter::once((None, self.unknown.records())).chain(live);
        let is_wanted = || !self.is_unloaded();
        Ok(self.log.append_snapshot(parts, is_wanted).await?)
    }
}
