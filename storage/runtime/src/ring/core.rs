//! The ring itself: slots, queues, submission and completion.
//!
//! Invariants:
//! - A slot that was submitted leaves the slab only when its completion has been reaped; until then it owns the
//!   memory and the descriptor that its entry names.
//! - The completion queue has room for every operation in flight, so it cannot overflow: operations beyond the bound
//!   of their class wait in a queue.
//! - No waker is called and nothing of a caller's is dropped while the core is borrowed.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs::File;
use std::future::Future;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{Ordering, fence};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use io_uring::{IoUring, cqueue, opcode, types};
use slab::Slab;

use super::operation::{Class, Held, OnDrop, Operation, Yields};
use super::provided::ProvidedBuffers;
use super::{setup, sys};

/// Bounds of a ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RingLimits {
    /// File operations in flight; more wait.
    pub(crate) disk_max: u32,
    /// Socket operations in flight; more wait. A connection has at most a receive and a send.
    pub(crate) network_max: u32,
    /// Buffers that received bytes pass through, a power of two.
    pub(crate) receive_buffers: u16,
}

/// Cancellations in flight; more wait.
const CANCELS_MAX: u32 = 512;
/// The user data of cancellations, which no slot has: slab keys stay below 2^32 − 1.
const CANCEL: u64 = u64::MAX;
/// The user data of the look at the eventfd, which no slot has either.
const SIGNAL: u64 = u64::MAX - 1;

/// What came of an operation, and its memory.
pub(crate) struct Outcome {
    /// The kernel's answer.
    pub(crate) result: io::Result<Product>,
    /// What the operation held.
    pub(crate) held: Held,
}

/// What an operation made.
#[derive(Debug)]
pub(crate) enum Product {
    /// Bytes moved.
    Count(usize),
    /// A new descriptor.
    Descriptor(OwnedFd),
    /// Bytes received, and whether more were there already.
    Received(Bytes, bool),
}

enum State {
    Queued,
    Submitted,
    Done(io::Result<Product>),
}

struct Slot {
    generation: u32,
    operation: Operation,
    state: State,
    waker: Option<Waker>,
    /// The future is gone: free the slot at completion.
    orphaned: bool,
}

struct Core {
    slots: Slab<Slot>,
    generation: u32,
    queued: [VecDeque<usize>; 2],
    in_flight: [u32; 2],
    in_flight_max: [u32; 2],
    cancels: VecDeque<u64>,
    cancels_in_flight: u32,
    /// The eventfd that other threads signal; the ring polls it while this thread waits in the ring.
    eventfd: RawFd,
    is_eventfd_watched: bool,
    /// The eventfd was signalled, and nobody has asked since.
    is_signalled: bool,
    /// Before `provided`, which must outlive it.
    uring: Option<IoUring>,
    provided: ProvidedBuffers,
}

/// One shard's io_uring. Does nothing by itself: [`Ring::turn`] submits and reaps.
pub(crate) struct Ring {
    core: RefCell<Core>,
    /// Called when there is something to submit.
    driver: RefCell<Option<Waker>>,
    closed: Cell<bool>,
    has_truncate: bool,
    /// Scratch space of `turn`.
    finished: RefCell<Vec<(Option<Waker>, Option<Slot>)>>,
}

impl Ring {
    /// Makes a ring that signals `eventfd` when it has completions and nobody looks.
    ///
    /// `held` stays open until the ring's last operation has ended, also when the process was killed meanwhile: the
    /// kernel tears a ring down after the process is gone, and until then a write of it may still land.
    pub(crate) fn new(limits: RingLimits, eventfd: &File, held: Option<&File>) -> io::Result<Rc<Ring>> {
        // Each operation may have one cancellation beside it.
        let completions = limits.disk_max + limits.network_max + CANCELS_MAX + 1;
        let uring = setup::build(completions.next_power_of_two())?;
        let has_truncate = setup::has_truncate(&uring)?;
        uring.submitter().register_eventfd(eventfd.as_raw_fd())?;
        if let Some(held) = held {
            uring.submitter().register_files(&[held.as_raw_fd()])?;
        }
        let provided = ProvidedBuffers::register(&uring, limits.receive_buffers)?;
        let mut core = Core {
            slots: Slab::new(),
            generation: 0,
            queued: [VecDeque::new(), VecDeque::new()],
            in_flight: [0; 2],
            in_flight_max: [limits.disk_max, limits.network_max],
            cancels: VecDeque::new(),
            cancels_in_flight: 0,
            eventfd: eventfd.as_raw_fd(),
            is_eventfd_watched: false,
            is_signalled: false,
            uring: Some(uring),
            provided,
        };
        core.set_signalling(false);
        Ok(Rc::new(Ring {
            core: RefCell::new(core),
            driver: RefCell::new(None),
            closed: Cell::new(false),
            has_truncate,
            finished: RefCell::new(Vec::new()),
        }))
    }

    /// Whether [`Operation::truncate`] can be used.
    pub(crate) fn has_truncate(&self) -> bool {
        self.has_truncate
    }

    /// Queues `operation`; it is submitted in the driver's next turn, together with all others of this round.
    pub(crate) fn start(self: &Rc<Self>, operation: Operation) -> InFlight {
        let key = {
            let mut core = self.core.borrow_mut();
            let class = operation.class;
            core.generation = core.generation.wrapping_add(1);
            let slot = Slot {
                generation: core.generation,
                operation,
                state: if self.closed.get() {
                    State::Done(Err(io::Error::from_raw_os_error(libc::ECANCELED)))
                } else {
                    State::Queued
                },
                waker: None,
                orphaned: false,
            };
            let key = core.slots.insert(slot);
            if !self.closed.get() {
                core.queued[class as usize].push_back(key);
            }
            key
        };
        self.kick();
        InFlight {
            ring: Rc::clone(self),
            key: Some(key),
        }
    }

    /// Names the task to wake when there is something to submit.
    pub(crate) fn set_driver(&self, waker: &Waker) {
        let mut driver = self.driver.borrow_mut();
        if !driver.as_ref().is_some_and(|old| old.will_wake(waker)) {
            *driver = Some(waker.clone());
        }
    }

    fn kick(&self) {
        let driver = self.driver.borrow_mut().take();
        if let Some(waker) = driver {
            waker.wake();
        }
    }

    /// Submits what is queued and delivers what is done. Says whether anything moved.
    pub(crate) fn turn(&self) -> io::Result<bool> {
        let mut finished = self.finished.take();
        let moved = self.core.borrow_mut().turn(&mut finished);
        for (waker, slot) in finished.drain(..) {
            drop(slot);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        self.finished.replace(finished);
        moved
    }

    /// Lets the kernel signal the eventfd, or keeps it from that while the driver looks by itself.
    pub(crate) fn set_signalling(&self, on: bool) {
        self.core.borrow_mut().set_signalling(on);
    }

    /// Whether a turn would do something. Exact when signalling was switched on before.
    pub(crate) fn has_work(&self) -> bool {
        self.core.borrow_mut().has_work()
    }

    /// Blocks the thread until an operation has completed, the eventfd is signalled, or `timeout` has passed; the next
    /// turn delivers what there is. May return early.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.core.borrow_mut().wait(timeout)
    }

    /// Whether the eventfd was seen signalled since the last call. It has to be drained then.
    pub(crate) fn take_signal(&self) -> bool {
        std::mem::take(&mut self.core.borrow_mut().is_signalled)
    }

    /// Cancels everything, refuses what comes later and waits, blocking, until the kernel has let go of all memory.
    pub(crate) fn close(&self) {
        if self.closed.replace(true) {
            return;
        }
        let mut finished = Vec::new();
        self.core.borrow_mut().close(&mut finished);
        for (waker, slot) in finished {
            drop(slot);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.close();
    }
}

impl Core {
    fn set_signalling(&mut self, on: bool) {
        let Some(uring) = &mut self.uring else { return };
        let completion = uring.completion();
        if on {
            completion.enable_eventfd();
            // Pairs with the kernel's order "post, then look at the flag": either it sees the flag, or `has_work`,
            // called after this, sees what it posted.
            fence(Ordering::SeqCst);
        } else {
            completion.disable_eventfd();
        }
    }

    fn has_work(&mut self) -> bool {
        let can_submit = self.can_submit();
        let Some(uring) = &mut self.uring else {
            return false;
        };
        if can_submit || !uring.completion().is_empty() {
            return true;
        }
        let submission = uring.submission();
        submission.taskrun() || submission.cq_overflow() || !submission.is_empty()
    }

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let Some(uring) = &mut self.uring else {
            return Ok(());
        };
        if !self.is_eventfd_watched {
            let events = u32::try_from(libc::POLLIN).expect("a flag");
            let entry = opcode::PollAdd::new(types::Fd(self.eventfd), events)
                .build()
                .user_data(SIGNAL);
            // SAFETY: the entry points to no memory. A full queue is of what the next turn submits.
            self.is_eventfd_watched = unsafe { uring.submission().push(&entry) }.is_ok();
            if !self.is_eventfd_watched {
                return Ok(());
            }
        }
        let waited = match timeout {
            Some(timeout) => {
                let timeout = types::Timespec::from(timeout);
                let arguments = types::SubmitArgs::new().timespec(&timeout);
                uring.submitter().submit_with_args(1, &arguments)
            }
            None => uring.submit_and_wait(1),
        };
        match waited {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(
                    error.raw_os_error(),
                    Some(libc::ETIME | libc::EBUSY | libc::EAGAIN | libc::EINTR)
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn can_submit(&self) -> bool {
        let room = |class: usize| {
            !self.queued[class].is_empty() && self.in_flight[class] < self.in_flight_max[class]
        };
        room(0) || room(1) || (!self.cancels.is_empty() && self.cancels_in_flight < CANCELS_MAX)
    }

    fn turn(&mut self, finished: &mut Vec<(Option<Waker>, Option<Slot>)>) -> io::Result<bool> {
        let mut moved = false;
        // Each pass submits a queue's worth; the bound keeps one turn short under a flood.
        for _ in 0..4 {
            if !self.has_work() {
                break;
            }
            moved = true;
            self.fill(finished);
            self.enter()?;
            self.reap(finished);
        }
        Ok(moved)
    }

    /// Moves queued operations into the submission queue, as far as there is room and the bounds allow.
    fn fill(&mut self, finished: &mut Vec<(Option<Waker>, Option<Slot>)>) {
        let Some(uring) = &mut self.uring else { return };
        let mut submission = uring.submission();
        while self.cancels_in_flight < CANCELS_MAX && !submission.is_full() {
            let Some(target) = self.cancels.pop_front() else {
                break;
            };
            let entry = opcode::AsyncCancel::new(target).build().user_data(CANCEL);
            // SAFETY: a cancellation points to no memory.
            unsafe { submission.push(&entry) }.expect("there is room, asked above");
            self.cancels_in_flight += 1;
        }
        for class in [Class::Disk as usize, Class::Network as usize] {
            while self.in_flight[class] < self.in_flight_max[class] && !submission.is_full() {
                let Some(key) = self.queued[class].pop_front() else {
                    break;
                };
                let slot = &mut self.slots[key];
                if slot.orphaned && slot.operation.on_drop == OnDrop::Cancel {
                    finished.push((None, Some(self.slots.remove(key))));
                    continue;
                }
                let user_data = user_data(slot.generation, key);
                let entry = slot.operation.entry.clone().user_data(user_data);
                // SAFETY: by `Operation`'s invariant the entry points only into heap memory that the slot's `held`
                // owns, and the descriptor is open as long as the slot's. The slot is `Submitted` from here on, and
                // such a slot is removed by `reap` alone, at its completion; `close` leaks what has not completed.
                unsafe { submission.push(&entry) }.expect("there is room, asked above");
                slot.state = State::Submitted;
                self.in_flight[class] += 1;
            }
        }
    }

    fn enter(&mut self) -> io::Result<()> {
        let Some(uring) = &self.uring else { return Ok(()) };
        match uring.submit() {
            Ok(_) => Ok(()),
            // Completions wait to be reaped, memory is short, or a signal came: the next turn submits the rest.
            Err(error)
                if matches!(
                    error.raw_os_error(),
                    Some(libc::EBUSY | libc::EAGAIN | libc::EINTR)
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn reap(&mut self, finished: &mut Vec<(Option<Waker>, Option<Slot>)>) {
        let Some(uring) = &mut self.uring else { return };
        for completion in uring.completion() {
            if completion.user_data() == CANCEL {
                self.cancels_in_flight -= 1;
                continue;
            }
            if completion.user_data() == SIGNAL {
                (self.is_eventfd_watched, self.is_signalled) = (false, true);
                continue;
            }
            let key = completion.user_data() & u64::from(u32::MAX);
            let key = usize::try_from(key).expect("64-bit");
            let slot = &mut self.slots[key];
            assert_eq!(
                user_data(slot.generation, key),
                completion.user_data(),
                "a completion of no operation"
            );
            self.in_flight[slot.operation.class as usize] -= 1;
            slot.state = State::Done(product(slot.operation.yields, &completion, &mut self.provided));
            if slot.orphaned {
                finished.push((None, Some(self.slots.remove(key))));
            } else {
                finished.push((slot.waker.take(), None));
            }
        }
    }

    fn close(&mut self, finished: &mut Vec<(Option<Waker>, Option<Slot>)>) {
        self.set_signalling(false);
        for class in 0..2 {
            while let Some(key) = self.queued[class].pop_front() {
                let slot = &mut self.slots[key];
                if slot.orphaned {
                    finished.push((None, Some(self.slots.remove(key))));
                } else {
                    slot.state = State::Done(Err(io::Error::from_raw_os_error(libc::ECANCELED)));
                    finished.push((slot.waker.take(), None));
                }
            }
        }
        let targets: Vec<u64> = self
            .slots
            .iter()
            .filter(|(_, slot)| {
                matches!(slot.state, State::Submitted) && slot.operation.class == Class::Network
            })
            .map(|(key, slot)| user_data(slot.generation, key))
            .collect();
        self.cancels.extend(targets);
        while self.in_flight != [0; 2] || self.cancels_in_flight > 0 || !self.cancels.is_empty() {
            self.fill(finished);
            let Some(uring) = &self.uring else { return };
            match uring.submit_and_wait(1) {
                Ok(_) => {}
                Err(error) if matches!(error.raw_os_error(), Some(libc::EBUSY | libc::EINTR)) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot wait for the ring's last operations; leaking their memory");
                    std::mem::forget(std::mem::take(&mut self.slots));
                    return;
                }
            }
            self.reap(finished);
        }
        if let Some(uring) = self.uring.take() {
            // Nothing is under way any more: what was held need not wait for the kernel to tear the ring down. A ring
            // that holds nothing says so, which is no error here.
            let _ = uring.submitter().unregister_files();
        }
    }
}

fn user_data(generation: u32, key: usize) -> u64 {
    let key = u32::try_from(key).expect("slots are bounded by memory long before 2^32");
    u64::from(generation) << 32 | u64::from(key)
}

/// Turns a completion into what its operation yields, so that neither a descriptor nor a buffer can be lost.
fn product(
    yields: Yields,
    completion: &cqueue::Entry,
    provided: &mut ProvidedBuffers,
) -> io::Result<Product> {
    let buffer = cqueue::buffer_select(completion.flags());
    let Ok(count) = usize::try_from(completion.result()) else {
        if let Some(id) = buffer {
            provided.give_back(id);
        }
        return Err(io::Error::from_raw_os_error(-completion.result()));
    };
    Ok(match (yields, buffer) {
        (Yields::Count, _) => Product::Count(count),
        // SAFETY: the operation makes a descriptor and has succeeded; its one completion is taken here, once.
        (Yields::Descriptor, _) => Product::Descriptor(unsafe { sys::own_descriptor(completion.result()) }),
        (Yields::Provided, Some(id)) => Product::Received(
            provided.take(id, count),
            cqueue::sock_nonempty(completion.flags()),
        ),
        // The end of a stream takes no buffer.
        (Yields::Provided, None) => Product::Received(Bytes::new(), false),
    })
}

/// An operation under way. Dropping it leaves the operation to the ring.
pub(crate) struct InFlight {
    ring: Rc<Ring>,
    key: Option<usize>,
}

impl Future for InFlight {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let key = self.key.expect("not polled after it is ready");
        let ring = Rc::clone(&self.ring);
        let mut core = ring.core.borrow_mut();
        let slot = &mut core.slots[key];
        if !matches!(slot.state, State::Done(_)) {
            if !slot.waker.as_ref().is_some_and(|old| old.will_wake(cx.waker())) {
                slot.waker = Some(cx.waker().clone());
            }
            return Poll::Pending;
        }
        let slot = core.slots.remove(key);
        self.key = None;
        drop(core);
        let State::Done(result) = slot.state else {
            unreachable!("asked above, and nothing ran in between")
        };
        let mut held = slot.operation.held;
        if let (Held::Growing(buffer), Ok(Product::Count(count))) = (&mut held, &result) {
            // The only operation that holds a growing buffer is `receive_into`, which fills it from its spare's start.
            buffer.advance(*count);
        }
        Poll::Ready(Outcome { result, held })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else { return };
        let mut core = self.ring.core.borrow_mut();
        let slot = &mut core.slots[key];
        slot.orphaned = true;
        // The waker is the caller's: dropped after the borrow.
        let waker = slot.waker.take();
        let cancel = slot.operation.on_drop == OnDrop::Cancel;
        let generation = slot.generation;
        let removed = match slot.state {
            State::Done(_) => Some(core.slots.remove(key)),
            State::Submitted if cancel => {
                core.cancels.push_back(user_data(generation, key));
                None
            }
            State::Submitted | State::Queued => None,
        };
        drop(core);
        if cancel && removed.is_none() {
            self.ring.kick();
        }
        drop(removed);
        drop(waker);
    }
}
