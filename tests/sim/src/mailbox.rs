//! The queues between the shards of one process, bounded as the real ones.
//!
//! Invariants:
//! - Messages from one shard to another arrive in the order of the calls of `send`; which sender is served next is
//!   drawn from the seed.
//! - No queue holds more than its capacity; a sender beyond it waits its turn.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use corelog_model::ShardId;
use corelog_runtime::local::oneshot;
use corelog_runtime::{LocalFuture, Mailbox};

use crate::exec::{Core, Process};
use crate::rng::SimRng;
use crate::trace::TraceKind;

/// From one shard to one other.
struct Lane<M> {
    queue: VecDeque<M>,
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
    random: SimRng,
) -> Vec<Rc<dyn Mailbox<M>>> {
    assert!(
        count > 0 && capacity > 0,
        "a mesh has shards and its lanes have room"
    );
    let shards = usize::from(count);
    let lane = || Lane {
        queue: VecDeque::new(),
        waiting: VecDeque::new(),
    };
    let mesh = Rc::new(Mesh {
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

impl<M> Mesh<M> {
    fn lane(&self, from: ShardId, to: ShardId) -> usize {
        usize::from(to.get()) * self.count + usize::from(from.get())
    }

    fn wake(&self, to: ShardId) {
        let waker = self.receivers.borrow_mut()[usize::from(to.get())].take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn take(&self, to: ShardId) -> Option<(ShardId, M)> {
        let (from, message, room) = {
            let mut lanes = self.lanes.borrow_mut();
            let base = usize::from(to.get()) * self.count;
            let full: Vec<usize> = (0..self.count)
                .filter(|from| !lanes[base + from].queue.is_empty())
                .collect();
            if full.is_empty() {
                return None;
            }
            let from = full[self.random.borrow_mut().index(full.len())];
            let lane = &mut lanes[base + from];
            let message = lane.queue.pop_front().expect("it is one that has messages");
            let room = lane.waiting.pop_front().map(|(next, sender)| {
                lane.queue.push_back(next);
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
                lane.queue.push_back(message);
                None
            } else {
                let (sender, receiver) = oneshot::channel();
                lane.waiting.push_back((message, sender));
                Some(receiver)
            }
        };
        match waiting {
            None => {
                mesh.wake(to);
                Box::pin(std::future::ready(()))
            }
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

impl<M> Future for Receive<M> {
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
