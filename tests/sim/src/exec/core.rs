//! The executor: tasks, a ready queue popped at random, events over virtual nanoseconds.
//!
//! Invariants:
//! - Nothing here depends on addresses, hash order or real time: the seed decides every choice.
//! - A task of a dead process is never polled again and its future is dropped before `kill` returns (or, if the task
//!   killed itself, as soon as its poll returns).
//! - Virtual time never goes back; each poll costs a fixed amount of it, so that a task that spins makes time pass.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use corelog_runtime::LocalFuture;
use slab::Slab;

use crate::exec::Process;
use crate::rng::SimRng;
use crate::simulation::Options;
use crate::trace::{Trace, TraceEvent, TraceKind};

/// Why a run ended without the result that it was waiting for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RunError {
    /// The limit of virtual time was reached.
    #[error("the limit of virtual time was reached at {0:?}")]
    TimedOut(Duration),
    /// No task is ready and no timer, operation or message is under way: nothing can ever happen again.
    #[error("nothing is left that could happen, at {0:?}")]
    Idle(Duration),
    /// [`Options::polls_max`] was reached: tasks wake one another, or themselves, without end.
    #[error("tasks spin, at {at:?}; the last one polled is {task:?}")]
    Spinning {
        /// Virtual time.
        at: Duration,
        /// A task that is likely to be one of them.
        task: &'static str,
    },
}

/// A key into the slab that knows a slot's later tenants from the one it means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct TaskKey {
    slot: usize,
    serial: u64,
}

/// The future given to `run_until`; it lives on the caller's stack and not in the slab.
const ROOT: TaskKey = TaskKey {
    slot: usize::MAX,
    serial: 0,
};

struct TaskWaker {
    key: TaskKey,
    queued: AtomicBool,
    // A Waker must be `Send + Sync`; the lock is never contended because there is one thread.
    woken: Arc<Mutex<Vec<TaskKey>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
            woken.push(self.key);
        }
    }
}

struct Task {
    serial: u64,
    name: &'static str,
    process: Rc<Process>,
    future: Option<LocalFuture<()>>,
    state: Arc<TaskWaker>,
    waker: Waker,
}

enum Event {
    Wake(Waker),
    Call(Box<dyn FnOnce()>),
}

/// The place of an event in virtual time.
pub(crate) type EventKey = (u64, u64);

/// What all parts of a simulation share.
pub(crate) struct Core {
    now: Cell<u64>,
    poll_cost: u64,
    polls_max: u64,
    last_task: Cell<&'static str>,
    random: RefCell<SimRng>,
    tasks: RefCell<Slab<Task>>,
    next_task: Cell<u64>,
    ready: RefCell<Vec<TaskKey>>,
    woken: Arc<Mutex<Vec<TaskKey>>>,
    events: RefCell<BTreeMap<EventKey, Event>>,
    next_event: Cell<u64>,
    trace: RefCell<Trace>,
    polls: Cell<u64>,
}

impl Core {
    pub(crate) fn new(seed: u64, options: &Options) -> Rc<Core> {
        Rc::new(Core {
            now: Cell::new(0),
            poll_cost: nanos(options.poll_cost),
            polls_max: options.polls_max,
            last_task: Cell::new(""),
            random: RefCell::new(SimRng::stream(seed, 1)),
            tasks: RefCell::new(Slab::new()),
            next_task: Cell::new(1),
            ready: RefCell::new(Vec::new()),
            woken: Arc::new(Mutex::new(Vec::new())),
            events: RefCell::new(BTreeMap::new()),
            next_event: Cell::new(0),
            trace: RefCell::new(Trace::new(options.keep_log)),
            polls: Cell::new(0),
        })
    }

    pub(crate) fn now(&self) -> u64 {
        self.now.get()
    }

    pub(crate) fn polls(&self) -> u64 {
        self.polls.get()
    }

    pub(crate) fn with_trace<T>(&self, look: impl FnOnce(&Trace) -> T) -> T {
        look(&self.trace.borrow())
    }

    pub(crate) fn trace(
        &self,
        kind: TraceKind,
        machine: u16,
        subject: u64,
        detail: u64,
        label: &'static str,
    ) {
        self.trace_with(kind, machine, subject, detail, label, String::new);
    }

    /// As [`Core::trace`], with words for the log.
    pub(crate) fn trace_with(
        &self,
        kind: TraceKind,
        machine: u16,
        subject: u64,
        detail: u64,
        label: &'static str,
        words: impl FnOnce() -> String,
    ) {
        let event = TraceEvent {
            at: self.now.get(),
            kind,
            machine,
            subject,
            detail,
            label,
        };
        self.trace.borrow_mut().record(event, words);
    }

    /// Adds words to the log, which change no hash.
    pub(crate) fn remark(&self, words: impl FnOnce() -> String) {
        self.trace.borrow_mut().remark(self.now.get(), words);
    }

    /// Starts a task; one of a dead process is dropped at once.
    pub(crate) fn spawn(&self, process: &Rc<Process>, name: &'static str, future: LocalFuture<()>) {
        if !process.is_alive() {
            return;
        }
        let serial = self.next_task.get();
        self.next_task.set(serial + 1);
        let key = {
            let mut tasks = self.tasks.borrow_mut();
            let entry = tasks.vacant_entry();
            let key = TaskKey {
                slot: entry.key(),
                serial,
            };
            let state = Arc::new(TaskWaker {
                key,
                queued: AtomicBool::new(true),
                woken: Arc::clone(&self.woken),
            });
            entry.insert(Task {
                serial,
                name,
                process: Rc::clone(process),
                future: Some(future),
                waker: Waker::from(Arc::clone(&state)),
                state,
            });
            key
        };
        self.ready.borrow_mut().push(key);
        self.trace(TraceKind::Spawn, process.machine(), serial, 0, name);
    }

    /// Drops all tasks of dead processes. Their destructors run, but everything they could reach is dead already.
    pub(crate) fn reap(&self) {
        let dead: Vec<Task> = {
            let mut tasks = self.tasks.borrow_mut();
            let slots: Vec<usize> = tasks
                .iter()
                .filter(|(_, task)| !task.process.is_alive())
                .map(|(slot, _)| slot)
                .collect();
            slots.into_iter().map(|slot| tasks.remove(slot)).collect()
        };
        drop(dead);
    }

    /// Drops everything, for the end of a simulation: tasks hold the core, and the core holds the tasks.
    pub(crate) fn clear(&self) {
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
        let events = std::mem::take(&mut *self.events.borrow_mut());
        drop(events);
    }

    /// Tasks of living processes.
    pub(crate) fn task_count(&self) -> usize {
        self.tasks.borrow().len()
    }

    /// Runs `call` at virtual time `at`, at once if that has passed, when the executor comes round.
    pub(crate) fn schedule(&self, at: u64, call: impl FnOnce() + 'static) -> EventKey {
        self.insert(at, Event::Call(Box::new(call)))
    }

    fn insert(&self, at: u64, event: Event) -> EventKey {
        let number = self.next_event.get();
        self.next_event.set(number + 1);
        let key = (at, number);
        self.events.borrow_mut().insert(key, event);
        key
    }

    fn cancel(&self, key: EventKey) {
        let event = self.events.borrow_mut().remove(&key);
        drop(event);
    }

    /// Runs until `root` is done. It is polled when it is woken, or, if `watching`, after every event besides.
    pub(crate) fn run<T>(
        &self,
        root: Pin<&mut dyn Future<Output = T>>,
        limit: Option<Duration>,
        watching: bool,
    ) -> Result<T, RunError> {
        let mut root = root;
        let end = limit.map_or(u64::MAX, |limit| self.now.get().saturating_add(nanos(limit)));
        let state = Arc::new(TaskWaker {
            key: ROOT,
            queued: AtomicBool::new(true),
            woken: Arc::clone(&self.woken),
        });
        let waker = Waker::from(Arc::clone(&state));
        self.ready.borrow_mut().push(ROOT);
        let polls_end = self.polls.get().saturating_add(self.polls_max);
        let result = loop {
            self.fire_due();
            if watching && let Poll::Ready(output) = root.as_mut().poll(&mut Context::from_waker(&waker)) {
                break Ok(output);
            }
            let Some(key) = self.pop_ready() else {
                let next = self.events.borrow().first_key_value().map(|(key, _)| key.0);
                match next {
                    None => break Err(RunError::Idle(Duration::from_nanos(self.now.get()))),
                    Some(at) if at > end => {
                        self.now.set(end);
                        break Err(RunError::TimedOut(Duration::from_nanos(end)));
                    }
                    Some(at) => self.now.set(at.max(self.now.get())),
                }
                continue;
            };
            if self.now.get() > end {
                self.ready.borrow_mut().push(key);
                break Err(RunError::TimedOut(Duration::from_nanos(self.now.get())));
            }
            self.now.set(self.now.get() + self.poll_cost);
            self.polls.set(self.polls.get() + 1);
            if self.polls.get() > polls_end {
                self.ready.borrow_mut().push(key);
                break Err(RunError::Spinning {
                    at: Duration::from_nanos(self.now.get()),
                    task: self.last_task.get(),
                });
            }
            if key == ROOT {
                state.queued.store(false, Ordering::Relaxed);
                if let Poll::Ready(output) = root.as_mut().poll(&mut Context::from_waker(&waker)) {
                    break Ok(output);
                }
            } else {
                self.poll_task(key);
            }
        };
        // Whoever still holds the root's waker must not wake the root of a later run.
        state.queued.store(true, Ordering::Relaxed);
        self.take_woken();
        self.ready.borrow_mut().retain(|key| *key != ROOT);
        result
    }

    fn poll_task(&self, key: TaskKey) {
        let (mut future, waker, machine) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(key.slot).filter(|task| task.serial == key.serial) else {
                return;
            };
            task.state.queued.store(false, Ordering::Relaxed);
            let Some(future) = task.future.take() else { return };
            self.last_task.set(task.name);
            (future, task.waker.clone(), task.process.machine())
        };
        self.trace(TraceKind::Poll, machine, key.serial, 0, "");
        let done = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        let finished = {
            let mut tasks = self.tasks.borrow_mut();
            match tasks.get_mut(key.slot).filter(|task| task.serial == key.serial) {
                // Killed while it ran: `future` is dropped below.
                None => None,
                Some(_) if done => Some(tasks.remove(key.slot)),
                Some(task) => {
                    task.future = Some(future);
                    return;
                }
            }
        };
        if finished.is_some() {
            self.trace(TraceKind::End, machine, key.serial, 0, "");
        }
        drop(finished);
        drop(future);
    }

    /// A random one of the tasks that are ready.
    fn pop_ready(&self) -> Option<TaskKey> {
        self.take_woken();
        let mut ready = self.ready.borrow_mut();
        if ready.is_empty() {
            return None;
        }
        let chosen = self.random.borrow_mut().index(ready.len());
        Some(ready.swap_remove(chosen))
    }

    fn take_woken(&self) {
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        self.ready.borrow_mut().append(&mut woken);
    }

    fn fire_due(&self) {
        loop {
            let event = {
                let mut events = self.events.borrow_mut();
                match events.first_entry() {
                    Some(entry) if entry.key().0 <= self.now.get() => entry.remove(),
                    Some(_) | None => return,
                }
            };
            match event {
                Event::Wake(waker) => {
                    self.trace(TraceKind::Timer, u16::MAX, 0, 0, "");
                    waker.wake();
                }
                Event::Call(call) => call(),
            }
        }
    }
}

/// A duration as virtual nanoseconds.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A timer; dropping it cancels it.
pub(crate) struct Sleep {
    core: Rc<Core>,
    deadline: u64,
    key: Option<EventKey>,
}

impl Sleep {
    pub(crate) fn new(core: Rc<Core>, deadline: u64) -> Sleep {
        Sleep {
            core,
            deadline,
            key: None,
        }
    }
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(key) = self.key.take() {
            self.core.cancel(key);
        }
        if self.core.now() >= self.deadline {
            return Poll::Ready(());
        }
        let key = self.core.insert(self.deadline, Event::Wake(cx.waker().clone()));
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.core.cancel(key);
        }
    }
}
