//! Synchronization between the tasks of one shard: a oneshot channel, a notification, a semaphore and a queue. They
//! consist of cells and wakers; one thread needs no atomics and no locks.

mod race;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use slab::Slab;

pub use race::{Either, Elapsed, YieldEvery, select, timeout, yield_now};

/// A value that is sent once.
pub mod oneshot {
    use super::*;

    struct Slot<T> {
        value: Option<T>,
        waker: Option<Waker>,
        sender_gone: bool,
        receiver_gone: bool,
    }

    /// The end that sends.
    pub struct Sender<T>(Rc<RefCell<Slot<T>>>);
    /// The end that waits.
    pub struct Receiver<T>(Rc<RefCell<Slot<T>>>);

    /// The sender was dropped without a value.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
    #[error("the sender is gone")]
    pub struct Canceled;

    /// A pair.
    pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
        let slot = Rc::new(RefCell::new(Slot {
            value: None,
            waker: None,
            sender_gone: false,
            receiver_gone: false,
        }));
        (Sender(Rc::clone(&slot)), Receiver(slot))
    }

    impl<T> Sender<T> {
        /// Hands `value` to the receiver, or back if there is none any more.
        ///
        /// # Errors
        /// The value, if the receiver is gone.
        pub fn send(self, value: T) -> Result<(), T> {
            let mut slot = self.0.borrow_mut();
            if slot.receiver_gone {
                return Err(value);
            }
            slot.value = Some(value);
            Ok(()) // The drop of `self` wakes the receiver.
        }
    }

    impl<T> Drop for Sender<T> {
        fn drop(&mut self) {
            let waker = {
                let mut slot = self.0.borrow_mut();
                slot.sender_gone = true;
                slot.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    impl<T> Drop for Receiver<T> {
        fn drop(&mut self) {
            self.0.borrow_mut().receiver_gone = true;
        }
    }

    impl<T> Future for Receiver<T> {
        type Output = Result<T, Canceled>;
        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            let mut slot = self.0.borrow_mut();
            if let Some(value) = slot.value.take() {
                return Poll::Ready(Ok(value));
            }
            if slot.sender_gone {
                return Poll::Ready(Err(Canceled));
            }
            slot.waker = Some(cx.waker().clone());
            Poll::Pending
        }
    }
}

/// A notification that wakes every task that waits for it. To miss no change, a task calls `notified()` first, then
/// looks at the state, then awaits.
#[derive(Clone, Default)]
pub struct Notify(Rc<NotifyInner>);

#[derive(Default)]
struct NotifyInner {
    generation: Cell<u64>,
    /// Of this generation alone: `notify_all` takes them all and begins the next.
    wakers: RefCell<Slab<Waker>>,
}

impl Notify {
    /// A new one, with nobody waiting.
    pub fn new() -> Notify {
        Notify::default()
    }

    /// Wakes all who wait now.
    pub fn notify_all(&self) {
        self.0.generation.set(self.0.generation.get() + 1);
        // Taken out first: a waker may drop a task, and with it a `Notified` that looks into the slab.
        let mut wakers = std::mem::take(&mut *self.0.wakers.borrow_mut());
        for waker in wakers.drain() {
            waker.wake();
        }
        // Put back for its memory, unless somebody waits already.
        let mut new = self.0.wakers.borrow_mut();
        if new.capacity() == 0 {
            *new = wakers;
        }
    }

    /// Resolves at the first `notify_all` after this call.
    pub fn notified(&self) -> Notified {
        Notified {
            generation: self.0.generation.get(),
            inner: Rc::clone(&self.0),
            key: None,
        }
    }

    /// The futures of [`Notify::notified`] that have been polled and wait.
    pub fn waiting(&self) -> usize {
        self.0.wakers.borrow().len()
    }
}

/// See [`Notify::notified`]. One that is dropped leaves nothing behind, so that what seldom changes does not collect
/// the wakers of those who gave up; polling and dropping cost the same however many wait.
pub struct Notified {
    generation: u64,
    inner: Rc<NotifyInner>,
    /// The place of the waker, while the generation is still this one's.
    key: Option<usize>,
}

impl Future for Notified {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.inner.generation.get() != this.generation {
            return Poll::Ready(());
        }
        let mut wakers = this.inner.wakers.borrow_mut();
        match this.key {
            Some(key) => wakers[key].clone_from(cx.waker()),
            None => this.key = Some(wakers.insert(cx.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for Notified {
    fn drop(&mut self) {
        if let Some(key) = self.key
            && self.inner.generation.get() == self.generation
        {
            let waker = self.inner.wakers.borrow_mut().remove(key);
            drop(waker);
        }
    }
}

/// A fair semaphore, first come first served, that counts units: bytes of memory, requests in flight. With a single
/// unit it is a mutex that may be held across an await.
#[derive(Clone)]
pub struct Semaphore(Rc<RefCell<SemaphoreInner>>);

struct SemaphoreInner {
    total: usize,
    free: usize,
    next_ticket: u64,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    ticket: u64,
    amount: usize,
    waker: Option<Waker>,
}

impl Semaphore {
    /// With `total` units, all of them free.
    pub fn new(total: usize) -> Semaphore {
        Semaphore(Rc::new(RefCell::new(SemaphoreInner {
            total,
            free: total,
            next_ticket: 0,
            waiting: VecDeque::new(),
        })))
    }

    /// Units that nobody holds.
    pub fn free(&self) -> usize {
        self.0.borrow().free
    }

    /// All units.
    pub fn total(&self) -> usize {
        self.0.borrow().total
    }

    /// Waits for `amount` units; one who asks for more than the total gets the total. First come, first served.
    pub fn acquire(&self, amount: usize) -> Acquire {
        let amount = amount.min(self.total());
        Acquire {
            semaphore: self.clone(),
            amount,
            ticket: None,
            done: false,
        }
    }

    /// Takes `amount` units if they are free and nobody waits.
    pub fn try_acquire(&self, amount: usize) -> Option<Permit> {
        let mut inner = self.0.borrow_mut();
        let amount = amount.min(inner.total);
        if inner.waiting.is_empty() && inner.free >= amount {
            inner.free -= amount;
            drop(inner);
            Some(Permit {
                semaphore: self.clone(),
                amount,
            })
        } else {
            None
        }
    }

    fn wake_first(&self) {
        let waker = {
            let mut inner = self.0.borrow_mut();
            let free = inner.free;
            match inner.waiting.front_mut() {
                Some(first) if first.amount <= free => first.waker.take(),
                _ => None,
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// See [`Semaphore::acquire`].
pub struct Acquire {
    semaphore: Semaphore,
    amount: usize,
    ticket: Option<u64>,
    done: bool,
}

impl Future for Acquire {
    type Output = Permit;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit> {
        let semaphore = self.semaphore.clone();
        let amount = self.amount;
        {
            let mut inner = semaphore.0.borrow_mut();
            let first = match self.ticket {
                None => inner.waiting.is_empty(),
                Some(ticket) => inner.waiting.front().is_some_and(|w| w.ticket == ticket),
            };
            if !(first && inner.free >= amount) {
                let waker = Some(cx.waker().clone());
                match self.ticket {
                    Some(ticket) => {
                        let waiting = inner.waiting.iter_mut().find(|w| w.ticket == ticket);
                        waiting
                            .expect("a ticket stays in the queue until it is served")
                            .waker = waker;
                    }
                    None => {
                        let ticket = inner.next_ticket;
                        inner.next_ticket += 1;
                        inner.waiting.push_back(Waiting {
                            ticket,
                            amount,
                            waker,
                        });
                        self.ticket = Some(ticket);
                    }
                }
                return Poll::Pending;
            }
            inner.free -= amount;
            if self.ticket.is_some() {
                inner.waiting.pop_front();
            }
            self.done = true;
        }
        semaphore.wake_first();
        Poll::Ready(Permit {
            semaphore: self.semaphore.clone(),
            amount,
        })
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        if let (Some(ticket), false) = (self.ticket, self.done) {
            self.semaphore
                .0
                .borrow_mut()
                .waiting
                .retain(|w| w.ticket != ticket);
            self.semaphore.wake_first();
        }
    }
}

/// Units held; given back when dropped.
pub struct Permit {
    semaphore: Semaphore,
    amount: usize,
}

impl Permit {
    /// The units held.
    pub fn amount(&self) -> usize {
        self.amount
    }

    /// Takes over what `other` holds of the same semaphore.
    ///
    /// # Panics
    /// If it is of another semaphore.
    pub fn merge(&mut self, mut other: Permit) {
        assert!(
            Rc::ptr_eq(&self.semaphore.0, &other.semaphore.0),
            "permits of one semaphore"
        );
        self.amount += std::mem::take(&mut other.amount);
    }

    /// Gives back what exceeds `amount` units.
    pub fn shrink_to(&mut self, amount: usize) {
        let Some(excess) = self.amount.checked_sub(amount).filter(|excess| *excess > 0) else {
            return;
        };
        self.amount = amount;
        self.semaphore.0.borrow_mut().free += excess;
        self.semaphore.wake_first();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.semaphore.0.borrow_mut().free += self.amount;
        self.semaphore.wake_first();
    }
}

/// A queue from many tasks to one. It has no bound of its own: whoever pushes holds a [`Permit`] or is bounded in
/// another way.
pub struct Queue<T>(Rc<RefCell<QueueInner<T>>>);

struct QueueInner<T> {
    items: VecDeque<T>,
    waker: Option<Waker>,
    closed: bool,
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Queue(Rc::clone(&self.0))
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue(Rc::new(RefCell::new(QueueInner {
            items: VecDeque::new(),
            waker: None,
            closed: false,
        })))
    }
}

impl<T> Queue<T> {
    /// An empty queue.
    pub fn new() -> Queue<T> {
        Queue::default()
    }

    /// Appends an item; it is dropped if the queue is closed.
    pub fn push(&self, item: T) {
        let waker = {
            let mut inner = self.0.borrow_mut();
            if inner.closed {
                return;
            }
            inner.items.push_back(item);
            inner.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// No more items: `pop` returns `None` once the queue has run dry.
    pub fn close(&self) {
        let waker = {
            let mut inner = self.0.borrow_mut();
            inner.closed = true;
            inner.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The items waiting.
    pub fn len(&self) -> usize {
        self.0.borrow().items.len()
    }

    /// Whether no item waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The oldest item, if there is one now.
    pub fn try_pop(&self) -> Option<T> {
        self.0.borrow_mut().items.pop_front()
    }

    /// Waits for the oldest item; `None` when the queue is closed and empty. For one task at a time.
    pub fn pop(&self) -> Pop<T> {
        Pop(self.clone())
    }
}

/// See [`Queue::pop`].
pub struct Pop<T>(Queue<T>);

impl<T> Future for Pop<T> {
    type Output = Option<T>;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut inner = self.0.0.borrow_mut();
        if let Some(item) = inner.items.pop_front() {
            return Poll::Ready(Some(item));
        }
        if inner.closed {
            return Poll::Ready(None);
        }
        inner.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
