//! The queues between the shards of one process, bounded as the real ones.
//!
//! A message takes virtual time: in reality it waits until the receiving shard's thread comes to look.
//!
//! Invariants:
//! - Messages from one shard to another arrive in the order of the calls of `send`, whatever time each is to take; which
//!   sender is served next is drawn from the seed.
//! - No queue holds more than its capacity, messages on their way included; a sender beyond it waits its turn.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use corelog_model::ShardId;
use corelog_runtime::local::oneshot;
use corelog_runtime::{LocalFuture, Mailbox};

use crate::exec::{Core, Process};
use crate::rng::SimRng;
use crate::trace::TraceKind;

/// Most messages are there within so many virtual nanoseconds: a shard that is awake looks between two tasks.
const SOON_NS: u64 = 5_000;
/// A few take up to this: the shard is asleep or at long work, or the kernel has taken its processor away.
const LATE_NS: u64 = 4_000_000;
/// How many of a shard's messages come late, in parts per million; each shard of each mesh draws one of these.
const LATE_CHANCES: [u32; 4] = [0, 1_000, 20_000, 200_000];

/// From one shard to one other.
struct Lane<M> {
    /// Each with the virtual time at which it is there; none before those ahead of it.
    queue: VecDeque<(u64, M)>,
    /// When the last message that was put into the queue is there.
    last_due: u64,
    /// Messages that wait for room.
    waiting: VecDeque<(M, oneshot::Sender<()>)>,
}

struct Mesh<M> {
    core: Rc<Core>,
    process: Rc<Process>,
    count: usize,
    capacity: usize,
    /// The lane from shard `f` to shard `t` is number `t * count + f`.
    lanes: RefCell<Vec<Lane<M>>>,
    receivers: RefCell<Vec<Option<Waker>>>,
    /// How many of the messages to each shard come late, in parts per million.
    late_chances: Vec<u32>,
    random: RefCell<SimRng>,
}

/// One shard's end of the mesh.
pub struct SimMailbox<M> {
    mesh: Rc<Mesh<M>>,
    shard: ShardId,
}

/// A mesh of `count` shards whose lanes hold `capacity` messages each.
pub(crate) fn mesh<M: 'static>(
    core: &Rc<Core>,
    process: &Rc<Process>,
    count: u16,
    capacity: usize,
    mut random: SimRng,
) -> Vec<Rc<dyn Mailbox<M>>> {
    assert!(
        count > 0 && capacity > 0,
        "a mesh has shards and its lanes have room"
    );
    let shards = usize::from(count);
    let lane = || Lane {
        queue: VecDeque::new(),
        last_due: 0,
        waiting: VecDeque::new(),
    };
    let late_chances = (0..shards).map(|_| LATE_CHANCES[random.index(LATE_CHANCES.len())]);
    let mesh = Rc::new(Mesh {
        late_chances: late_chances.collect(),
        core: Rc::clone(core),
        process: Rc::clone(process),
        count: shards,
        capacity,
        lanes: RefCell::new((0..shards * shards).map(|_| lane()).collect()),
        receivers: RefCell::new(vec![None; shards]),
        random: RefCell::new(random),
    });
    (0..count)
        .map(|shard| {
            Rc::new(SimMailbox {
                mesh: Rc::clone(&mesh),
                shard: ShardId::new(shard),
            }) as Rc<dyn Mailbox<M>>
        })
        .collect()
}

impl<M: 'static> Mesh<M> {
    fn lane(&self, from: ShardId, to: ShardId) -> usize {
        usize::from(to.get()) * self.count + usize::from(from.get())
    }

    fn wake(&self, to: ShardId) {
        let waker = self.receivers.borrow_mut()[usize::from(to.get())].take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Draws how long a message to shard `to` takes, in virtual nanoseconds.
    fn delay(&self, to: ShardId) -> u64 {
        let mut random = self.random.borrow_mut();
        if random.chance(self.late_chances[usize::from(to.get())]) {
            random.below(LATE_NS)
        } else if random.below(4) == 0 {
            0
        } else {
            random.below(SOON_NS)
        }
    }

    /// Puts a message into the queue of a lane that has room, and has its receiver woken when it is there.
    fn push(self: &Rc<Self>, lane: &mut Lane<M>, to: ShardId, message: M) {
        let now = self.core.now();
        let due = lane.last_due.max(now + self.delay(to));
        lane.last_due = due;
        lane.queue.push_back((due, message));
        if due <= now {
            self.wake(to);
            return;
        }
        // Weak: what is under way when a process dies holds nothing.
        let mesh: Weak<Mesh<M>> = Rc::downgrade(self);
        self.core.schedule(due, move || {
            if let Some(mesh) = mesh.upgrade() {
                mesh.wake(to);
            }
        });
    }

    fn take(self: &Rc<Self>, to: ShardId) -> Option<(ShardId, M)> {
        let now = self.core.now();
        let (from, message, room) = {
            let mut lanes = self.lanes.borrow_mut();
            let base = usize::from(to.get()) * self.count;
            let is_there = |lane: &Lane<M>| lane.queue.front().is_some_and(|(due, _)| *due <= now);
            let full: Vec<usize> = (0..self.count)
                .filter(|from| is_there(&lanes[base + from]))
                .collect();
            if full.is_empty() {
                return None;
            }
            let from = full[self.random.borrow_mut().index(full.len())];
            let lane = &mut lanes[base + from];
            let (_, message) = lane.queue.pop_front().expect("it is one that has messages");
            let room = lane.waiting.pop_front().map(|(next, sender)| {
                self.push(lane, to, next);
                sender
            });
            (from, message, room)
        };
        if let Some(sender) = room {
            // If its future was dropped, the message is on its way all the same.
            let _ = sender.send(());
        }
        let from = ShardId::new(u16::try_from(from).expect("a shard's number"));
        Some((from, message))
    }
}

impl<M: 'static> Mailbox<M> for SimMailbox<M> {
    fn shard(&self) -> ShardId {
        self.shard
    }

    fn shard_count(&self) -> u16 {
        u16::try_from(self.mesh.count).expect("made from a u16")
    }

    fn send(&self, to: ShardId, message: M) -> LocalFuture<()> {
        assert!(to != self.shard, "a shard sends itself nothing");
        let mesh = &self.mesh;
        assert!(usize::from(to.get()) < mesh.count, "there is no shard {to}");
        if !mesh.process.is_alive() {
            return Box::pin(std::future::pending());
        }
        let detail = u64::from(to.get());
        mesh.core.trace(
            TraceKind::Message,
            mesh.process.machine(),
            u64::from(self.shard.get()),
            detail,
            "",
        );
        let waiting = {
            let mut lanes = mesh.lanes.borrow_mut();
            let lane = &mut lanes[mesh.lane(self.shard, to)];
            if lane.queue.len() < mesh.capacity {
                mesh.push(lane, to, message);
                None
            } else {
                let (sender, receiver) = oneshot::channel();
                lane.waiting.push_back((message, sender));
                Some(receiver)
            }
        };
        match waiting {
            None => Box::pin(std::future::ready(())),
            Some(receiver) => Box::pin(async move {
                // Canceled only with the mesh, and then nobody is left to ask.
                if receiver.await.is_err() {
                    std::future::pending::<()>().await;
                }
            }),
        }
    }

    fn receive(&self) -> LocalFuture<(ShardId, M)> {
        Box::pin(Receive {
            mesh: Rc::clone(&self.mesh),
            shard: self.shard,
        })
    }
}

struct Receive<M> {
    mesh: Rc<Mesh<M>>,
    shard: ShardId,
}

impl<M: 'static> Future for Receive<M> {
    type Output = (ShardId, M);
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(ShardId, M)> {
        let mesh = &self.mesh;
        match mesh.take(self.shard) {
            Some((from, message)) => {
                mesh.core.trace(
                    TraceKind::Receive,
                    mesh.process.machine(),
                    u64::from(from.get()),
                    u64::from(self.shard.get()),
                    "",
                );
                Poll::Ready((from, message))
            }
            None => {
                mesh.receivers.borrow_mut()[usize::from(self.shard.get())] = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
