//! The mailbox's real form: an N×N mesh of lock-free rings (`rtrb`) and one wake-up a shard.
//!
//! Invariants:
//! - Messages of one pair keep the order of the `send` calls: while any waits here for room, later ones queue behind.
//! - A sender that found a queue full has raised that queue's `starved` flag and looked once more; the receiver lowers
//!   it and wakes the sender when the queue is half empty, and when it is gone.
//! - What waits for room is bounded by the callers that wait: a message is queued here only by a `send` call.
//! - A receiver that is gone swallows what is sent to it, so that nobody waits for it at a shutdown.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, Waker};

use corelog_model::ShardId;
use rtrb::{Consumer, Producer, PushError, RingBuffer};

use super::Mailbox;
use super::parking::{Parking, lower_if_raised, raise};
use crate::LocalFuture;
use crate::local::oneshot;
use crate::shards::Pollable;

/// One shard's ends of all queues, made before the shards start and then moved to the shard's thread.
pub(crate) struct MeshSeat<M> {
    shard: ShardId,
    outgoing: Vec<Option<Channel<M>>>,
    incoming: Vec<Option<Incoming<M>>>,
}

/// The sending end of one pair's queue.
struct Channel<M> {
    producer: Producer<M>,
    starved: Arc<AtomicBool>,
    receiver: Arc<Parking>,
}

struct Outgoing<M> {
    channel: Channel<M>,
    /// Messages that wait for room, in order, and whom to tell.
    waiting: VecDeque<(M, oneshot::Sender<()>)>,
}

struct Incoming<M> {
    consumer: Consumer<M>,
    starved: Arc<AtomicBool>,
    sender: Arc<Parking>,
}

impl<M> MeshSeat<M> {
    /// Seats for as many shards as there are parkings, with `capacity` messages from each to each.
    pub(crate) fn all(parkings: &[Arc<Parking>], capacity: usize) -> Vec<MeshSeat<M>> {
        assert!(capacity > 0, "a queue of nothing moves nothing");
        let shard_id = |index: usize| ShardId::new(u16::try_from(index).expect("at most 65,535 shards"));
        let mut seats: Vec<MeshSeat<M>> = (0..parkings.len())
            .map(|index| MeshSeat {
                shard: shard_id(index),
                outgoing: Vec::new(),
                incoming: Vec::new(),
            })
            .collect();
        for from in 0..parkings.len() {
            for to in 0..parkings.len() {
                let (outgoing, incoming) = if from == to {
                    (None, None)
                } else {
                    // INV-2, INV-10: two shards share this queue and its flag, and the queue has a capacity.
                    let (producer, consumer) = RingBuffer::new(capacity);
                    let starved = Arc::new(AtomicBool::new(false));
                    let outgoing = Channel {
                        producer,
                        starved: Arc::clone(&starved),
                        receiver: Arc::clone(&parkings[to]),
                    };
                    let sender = Arc::clone(&parkings[from]);
                    (
                        Some(outgoing),
                        Some(Incoming {
                            consumer,
                            starved,
                            sender,
                        }),
                    )
                };
                seats[from].outgoing.push(outgoing);
                seats[to].incoming.push(incoming);
            }
        }
        seats
    }
}

impl<M> Channel<M> {
    /// Tries to put `message` into the queue; gives it back if it must wait, with `starved` raised.
    fn try_send(&mut self, message: M) -> Result<(), M> {
        if self.producer.is_abandoned() {
            return Ok(());
        }
        let Err(PushError::Full(message)) = self.producer.push(message) else {
            self.receiver.wake();
            return Ok(());
        };
        raise(&*self.starved);
        if self.producer.is_abandoned() {
            return Ok(());
        }
        match self.producer.push(message) {
            Ok(()) => {
                self.receiver.wake();
                Ok(())
            }
            Err(PushError::Full(message)) => Err(message),
        }
    }
}

impl<M> Outgoing<M> {
    /// Moves what waits as far as there is room; whether anything moved.
    fn flush(&mut self, told: &mut Vec<oneshot::Sender<()>>) -> bool {
        let before = told.len();
        // INV-3: the oldest first, and what finds no room goes back to the front.
        while let Some((message, sender)) = self.waiting.pop_front() {
            match self.channel.try_send(message) {
                Ok(()) => told.push(sender),
                Err(message) => {
                    self.waiting.push_front((message, sender));
                    break;
                }
            }
        }
        told.len() > before
    }

    fn can_flush(&self) -> bool {
        !self.waiting.is_empty() && (!self.channel.producer.is_full() || self.channel.producer.is_abandoned())
    }
}

impl<M> Incoming<M> {
    fn pop(&mut self) -> Option<M> {
        let message = self.consumer.pop().ok()?;
        let left = self.consumer.slots();
        // At these two points alone, so that the fence is paid seldom: a full queue passes the first on its way down.
        if (left == self.consumer.buffer().capacity() / 2 || left == 0) && lower_if_raised(&*self.starved) {
            self.sender.wake();
        }
        Some(message)
    }
}

/// One shard's mailbox.
pub(crate) struct Mesh<M> {
    shard: ShardId,
    shard_count: u16,
    outgoing: RefCell<Vec<Option<Outgoing<M>>>>,
    incoming: RefCell<Vec<Option<Incoming<M>>>>,
    /// The shard to ask first, so that none is starved.
    next: Cell<usize>,
    receiver: RefCell<Option<Waker>>,
    /// Grows with each message in or out: recent traffic keeps the shard from parking at once.
    moved: Cell<u64>,
}

impl<M: 'static> Mesh<M> {
    /// Takes the seat on the shard's own thread.
    pub(crate) fn new(seat: MeshSeat<M>) -> Rc<Mesh<M>> {
        let shard_count = u16::try_from(seat.outgoing.len()).expect("shards are numbered by u16");
        let outgoing = seat.outgoing.into_iter().map(|channel| {
            channel.map(|channel| Outgoing {
                channel,
                waiting: VecDeque::new(),
            })
        });
        Rc::new(Mesh {
            shard: seat.shard,
            shard_count,
            outgoing: RefCell::new(outgoing.collect()),
            incoming: RefCell::new(seat.incoming),
            next: Cell::new(0),
            receiver: RefCell::new(None),
            moved: Cell::new(0),
        })
    }

    fn count_moved(&self) {
        self.moved.set(self.moved.get().wrapping_add(1));
    }

    fn try_receive(&self) -> Option<(ShardId, M)> {
        let mut incoming = self.incoming.borrow_mut();
        let count = incoming.len();
        for step in 0..count {
            let index = (self.next.get() + step) % count;
            if let Some(message) = incoming[index].as_mut().and_then(Incoming::pop) {
                self.next.set(index + 1);
                self.count_moved();
                let from = ShardId::new(u16::try_from(index).expect("shards are numbered by u16"));
                return Some((from, message));
            }
        }
        None
    }

    fn has_messages(&self) -> bool {
        let incoming = self.incoming.borrow();
        incoming.iter().flatten().any(|queue| !queue.consumer.is_empty())
    }

    /// Closes this shard's ends. What others send here from now on is dropped, and senders that wait for room are
    /// released.
    pub(crate) fn close(&self) {
        let incoming = std::mem::take(&mut *self.incoming.borrow_mut());
        for queue in incoming.into_iter().flatten() {
            drop(queue.consumer);
            if lower_if_raised(&*queue.starved) {
                queue.sender.wake();
            }
        }
        // Dropping the senders' other halves would panic nobody: their futures are gone with the shard's tasks.
        drop(std::mem::take(&mut *self.outgoing.borrow_mut()));
    }
}

impl<M: 'static> Pollable for Mesh<M> {
    fn turn(&self) -> bool {
        let mut told = Vec::new();
        let mut moved = false;
        for queue in self.outgoing.borrow_mut().iter_mut().flatten() {
            if !queue.waiting.is_empty() {
                moved |= queue.flush(&mut told);
            }
        }
        for sender in told {
            self.count_moved();
            // The caller may have stopped waiting.
            let _gone = sender.send(());
        }
        if self.receiver.borrow().is_some() && self.has_messages() {
            let waker = self.receiver.borrow_mut().take();
            if let Some(waker) = waker {
                waker.wake();
            }
            moved = true;
        }
        moved
    }

    fn is_ready(&self) -> bool {
        let can_flush = || self.outgoing.borrow().iter().flatten().any(Outgoing::can_flush);
        (self.receiver.borrow().is_some() && self.has_messages()) || can_flush()
    }

    fn traffic(&self) -> u64 {
        self.moved.get()
    }
}

/// What was sent without waiting. It has no size, so that its box takes no memory.
struct Sent;

impl Future for Sent {
    type Output = ();
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// The mailbox as the shard's tasks hold it.
pub(crate) struct MeshMailbox<M>(pub(crate) Rc<Mesh<M>>);

impl<M: 'static> Mailbox<M> for MeshMailbox<M> {
    fn shard(&self) -> ShardId {
        self.0.shard
    }

    fn shard_count(&self) -> u16 {
        self.0.shard_count
    }

    fn send(&self, to: ShardId, message: M) -> LocalFuture<()> {
        let mesh = &self.0;
        assert_ne!(to, mesh.shard, "a shard does not send to itself");
        assert!(to.get() < mesh.shard_count, "there is no shard {to}");
        let mut outgoing = mesh.outgoing.borrow_mut();
        let queue = outgoing.get_mut(usize::from(to.get()));
        let Some(queue) = queue.and_then(Option::as_mut) else {
            // The shard is closing; so are all others.
            return Box::pin(Sent);
        };
        let message = if queue.waiting.is_empty() {
            match queue.channel.try_send(message) {
                Ok(()) => {
                    mesh.count_moved();
                    return Box::pin(Sent);
                }
                Err(message) => message,
            }
        } else {
            message
        };
        let (sender, receiver) = oneshot::channel();
        queue.waiting.push_back((message, sender));
        Box::pin(async move {
            // Canceled when the mesh is closed: the message goes nowhere, and nobody is left to care.
            let _closed = receiver.await;
        })
    }

    fn receive(&self) -> LocalFuture<(ShardId, M)> {
        let mesh = Rc::clone(&self.0);
        Box::pin(poll_fn(move |cx| match mesh.try_receive() {
            Some(message) => Poll::Ready(message),
            None => {
                // Looked at by the driver in each turn, and once more before it parks.
                *mesh.receiver.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Miri takes a thousand times as long.
    const MESSAGES: u64 = if cfg!(miri) { 40 } else { 20_000 };

    /// One shard's thread without an executor: sends all, receives all, and takes the driver's turns between.
    fn exchange(seat: MeshSeat<Box<u64>>) {
        let mesh = Mesh::new(seat);
        let mailbox = MeshMailbox(Rc::clone(&mesh));
        let other = ShardId::new(1 - mesh.shard.get());
        let mut cx = Context::from_waker(Waker::noop());
        let (mut sent, mut received) = (0, 0);
        let mut sending: Option<LocalFuture<()>> = None;
        while sent < MESSAGES || received < MESSAGES || sending.is_some() {
            let mut moved = mesh.turn();
            if sending.is_none() && sent < MESSAGES {
                sending = Some(mailbox.send(other, Box::new(sent)));
                sent += 1;
            }
            if sending
                .as_mut()
                .is_some_and(|send| send.as_mut().poll(&mut cx).is_ready())
            {
                sending = None;
                moved = true;
            }
            if received < MESSAGES
                && let Poll::Ready((from, message)) = mailbox.receive().as_mut().poll(&mut cx)
            {
                assert_eq!((from, *message), (other, received));
                received += 1;
                moved = true;
            }
            if !moved {
                std::thread::yield_now();
            }
        }
    }

    /// Small queues, so that both find them full and empty all the time. Run by Miri and ThreadSanitizer too.
    #[test]
    fn two_shards_flood_each_other_in_order() {
        let parkings = [0, 1].map(|_| Arc::new(Parking::new().unwrap()));
        let seats = MeshSeat::all(&parkings, 2);
        let threads: Vec<_> = seats
            .into_iter()
            .map(|seat| std::thread::spawn(move || exchange(seat)))
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    }

    #[test]
    fn what_is_sent_to_a_shard_that_left_is_dropped() {
        let parkings = [0, 1].map(|_| Arc::new(Parking::new().unwrap()));
        let mut seats = MeshSeat::all(&parkings, 1);
        let (gone, stays) = (Mesh::new(seats.remove(1)), Mesh::new(seats.remove(0)));
        let mailbox = MeshMailbox(Rc::clone(&stays));
        let message = Arc::new(());
        let mut cx = Context::from_waker(Waker::noop());
        let mut sends: Vec<_> = (0..2)
            .map(|_| mailbox.send(ShardId::new(1), Arc::clone(&message)))
            .collect();
        assert!(sends[0].as_mut().poll(&mut cx).is_ready());
        assert!(
            sends[1].as_mut().poll(&mut cx).is_pending(),
            "a queue of one is full"
        );
        gone.close();
        stays.turn();
        assert!(sends[1].as_mut().poll(&mut cx).is_ready());
        drop((sends, mailbox, stays));
        assert_eq!(Arc::strong_count(&message), 1);
    }
}
