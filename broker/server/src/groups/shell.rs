//! One coordinator's shell: it gives the machine its events and the time, and performs its actions.
//!
//! Invariants:
//! 1. Appends reach the log in the order in which the machine gave them; while a snapshot is written they are held.
//! 2. No borrow of the machine lives across an await, or while actions are performed.
//! 3. When the log is fenced it is not known what it holds, so the machine is unloaded rather than told of a failure.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use corelog_groups::{
    Action, AppendToken, Event, GroupConfig, GroupCoordinator, Now, PersistError, Record, Request,
    RequestToken, Response, TransactionEnd, TransactionalProducer,
};
use corelog_records::EndMarker;
use corelog_runtime::local::{Notify, oneshot};
use corelog_runtime::{Handle, LocalFuture, Monotonic, WorkClass};
use corelog_storage::{AppendError, PartitionLog};
use futures_util::future::{Either, select};
use slab::Slab;

use super::append::{batch_producer, own_record, persist_error};
use super::snapshot::GROWTH_MAX;
use crate::own_log::{LogAppendError, OwnLog, OwnRecord, Unknown};

/// An append that the machine wants.
enum Append {
    Records(Vec<Record>, Option<TransactionalProducer>),
    Marker(TransactionEnd),
}

/// An append that waits for the snapshot's end.
type Held = (Append, AppendToken);

/// The coordinator of one partition.
pub(super) struct GroupShell {
    pub handle: Handle,
    pub log: OwnLog,
    /// Records of the log that are not the machine's.
    pub unknown: Unknown,
    machine: RefCell<GroupCoordinator>,
    waiting: RefCell<Slab<oneshot::Sender<Response>>>,
    /// What the timer's task sleeps for.
    armed: Cell<Option<Duration>>,
    rearm: Notify,
    is_unloaded: Cell<bool>,
    appends_in_flight: Cell<usize>,
    pub appends_done: Notify,
    /// `Some` while a snapshot is under way.
    held: RefCell<Option<VecDeque<Held>>>,
    /// A snapshot is under way, or waits to begin.
    pub is_rewriting: Cell<bool>,
}

impl GroupShell {
    /// A coordinator that has yet to load.
    pub(super) fn new(handle: Handle, log: Rc<PartitionLog>, config: GroupConfig) -> Rc<GroupShell> {
        Rc::new(GroupShell {
            log: OwnLog::new(log, handle.clone(), GROWTH_MAX),
            handle,
            unknown: Unknown::default(),
            machine: RefCell::new(GroupCoordinator::new(config)),
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
    pub(super) fn submit(self: &Rc<Self>, request: Request) -> LocalFuture<Response> {
        let (sender, receiver) = oneshot::channel();
        let key = self.waiting.borrow_mut().insert(sender);
        let token = RequestToken::new(u64::try_from(key).expect("a key fits 64 bits"));
        self.handle(Event::Request { token, request });
        let shell = Rc::clone(self);
        Box::pin(async move {
            let response = receiver.await;
            drop(shell);
            response.expect("the machine answers every request")
        })
    }

    /// Gives the machine an event and does what it wants.
    pub(super) fn handle(self: &Rc<Self>, event: Event) {
        let now = self.now();
        self.step(|machine| machine.handle(event, now));
    }

    /// Looks at, or loads into, the machine.
    pub(super) fn with_machine<R>(&self, operation: impl FnOnce(&mut GroupCoordinator) -> R) -> R {
        operation(&mut self.machine.borrow_mut())
    }

    /// Begins to serve.
    pub(super) fn finish_load(self: &Rc<Self>) {
        let now = self.now();
        self.step(|machine| machine.finish_load(now));
    }

    /// Stops serving; everybody who waits is told so.
    pub(super) fn unload(self: &Rc<Self>) {
        if !self.is_unloaded.replace(true) {
            *self.held.borrow_mut() = None;
            self.step(GroupCoordinator::unload);
            self.rearm.notify_all();
            self.appends_done.notify_all();
        }
    }

    /// Whether it serves no more.
    pub(super) fn is_unloaded(&self) -> bool {
        self.is_unloaded.get()
    }

    /// Lets the machine do what falls due, until it is unloaded. Costs nothing while nothing does.
    pub(super) async fn keep_time(self: Rc<Self>) {
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

    /// No append is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.appends_in_flight.get() == 0
    }

    /// Keeps further appends back.
    pub(super) fn hold_appends(&self) {
        self.held.borrow_mut().get_or_insert_with(VecDeque::new);
    }

    /// Writes what was kept back.
    pub(super) fn release_appends(self: &Rc<Self>) {
        let held = self.held.borrow_mut().take();
        for (append, token) in held.unwrap_or_default() {
            self.append(append, token);
        }
    }

    fn step(self: &Rc<Self>, operation: impl FnOnce(&mut GroupCoordinator) -> Vec<Action>) {
        let actions = operation(&mut self.machine.borrow_mut());
        for action in actions {
            match action {
                Action::Reply { token, response } => self.reply(token, response),
                Action::Append {
                    records,
                    transaction,
                    then,
                } => self.append(Append::Records(records, transaction), then),
                Action::AppendMarker { end, then } => self.append(Append::Marker(end), then),
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

    fn reply(&self, token: RequestToken, response: Response) {
        let key = usize::try_from(token.get()).expect("tokens are the keys of this slab");
        let waiting = self.waiting.borrow_mut().try_remove(key);
        let sender = waiting.expect("the machine answers a request once");
        // A client that has gone away needs no answer.
        let _ = sender.send(response);
    }

    fn append(self: &Rc<Self>, append: Append, token: AppendToken) {
        if let Some(held) = self.held.borrow_mut().as_mut() {
            held.push_back((append, token));
            return;
        }
        // Admitted to the log before this returns, which keeps the order.
        let (records, appended) = match append {
            Append::Records(records, transaction) => {
                let records: Vec<OwnRecord> = records.into_iter().map(own_record).collect();
                let appended = self.log.append(&records, transaction.map(batch_producer));
                (records, appended)
            }
            Append::Marker(end) => {
                let marker = EndMarker {
                    result: end.result,
                    coordinator_epoch: end.coordinator_epoch,
                };
                let producer = batch_producer(end.producer);
                let appended = self.log.append_marker(producer, marker, end.raises_epoch);
                (Vec::new(), appended)
            }
        };
        self.appends_in_flight.set(self.appends_in_flight.get() + 1);
        let shell = Rc::clone(self);
        self.handle.spawn(WorkClass::Latency, "store groups", async move {
            let appended = appended.await;
            if appended.is_ok() {
                let keys = records.iter().filter_map(|record| record.key.as_ref());
                keys.for_each(|key| shell.unknown.forget(key));
            }
            let result = appended.map_err(|error| shell.note_failure(&error));
            shell.appends_in_flight.set(shell.appends_in_flight.get() - 1);
            shell.handle(Event::Persisted { token, result });
            if shell.is_quiet() {
                shell.appends_done.notify_all();
            }
            super::snapshot::begin_if_due(&shell);
        });
    }

    fn note_failure(self: &Rc<Self>, error: &LogAppendError) -> PersistError {
        tracing::warn!(partition = self.log.directory(), %error, "a group's records cannot be stored");
        if let LogAppendError::Append(AppendError::Fenced(_)) = error {
            self.unload();
        }
        persist_error(error)
    }

    fn now(&self) -> Now {
        Now {
            monotonic: Duration::from_nanos(self.handle.clock.now().as_nanos()),
            wall: self.handle.clock.wall(),
        }
    }
}
