//! The shards of this broker, and the work that one has another do: [`Shards::submit_to`], and [`Shards::call`] beneath it.
//!
//! A call moves a work item to the other shard's thread, where it is run, and which sends it back with its result in it.
//! Calls from one shard to another begin in the order they were made; a work item's synchronous part (before the future
//! that [`Work::run`] returns is first polled) runs in that order too, and Produce relies on it.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::marker::PhantomData;
use std::rc::{Rc, Weak};

use corelog_model::{PartitionId, ShardId};
use corelog_runtime::local::oneshot;
use corelog_runtime::{LocalFuture, Mailbox, WorkClass};
use slab::Slab;

use super::services::{Service, Shard};
use crate::cluster::owner_of;

/// The way from one shard to all of them: [`Shards::submit_to`] one, [`Shards::on_owners`] of partitions.
pub struct Shards {
    /// The shard whose this is.
    pub here: ShardId,
    /// How many shards there are.
    pub(crate) count: u16,
    mailbox: Rc<dyn Mailbox<ShardMessage>>,
    calls: Calls,
    shard: Weak<Shard>,
}

impl Shards {
    /// The way from shard `here` of `count`, which is `shard`.
    pub(super) fn new(
        here: ShardId,
        count: u16,
        mailbox: Rc<dyn Mailbox<ShardMessage>>,
        shard: Weak<Shard>,
    ) -> Shards {
        Shards {
            here,
            count,
            mailbox,
            calls: Calls::default(),
            shard,
        }
    }

    /// All shards of this broker.
    pub(crate) fn all(&self) -> impl Iterator<Item = ShardId> + use<> {
        (0..self.count).map(ShardId::new)
    }

    /// The shard that owns a partition, whether or not there is one.
    pub(crate) fn owner_of(&self, partition: PartitionId) -> ShardId {
        owner_of(partition, self.count)
    }

    /// Whether this shard owns a partition, whether or not there is one.
    pub(crate) fn owns(&self, partition: PartitionId) -> bool {
        self.owner_of(partition) == self.here
    }

    /// Calls to other shards that wait for their replies. Each connection that another shard serves for this one is
    /// such a call for as long as it lasts.
    pub fn calls_waiting(&self) -> usize {
        self.calls.borrow().len()
    }

    /// A service of this shard; `None` when the shard is gone.
    pub(super) fn local<S: Service>(&self) -> Option<Rc<S>> {
        self.shard.upgrade().map(|shard| S::of(&shard))
    }

    /// Runs `work` on shard `to`, with the service of that shard which it takes, and resolves to its result; on this shard
    /// itself it runs at once, without a queue.
    ///
    /// The work begins whether or not the returned future is polled.
    pub(crate) fn submit_to<S, R, F, W>(&self, to: ShardId, work: W) -> LocalFuture<R>
    where
        S: Service + 'static,
        R: Send + 'static,
        F: Future<Output = R> + 'static,
        W: FnOnce(Rc<S>) -> F + Send + 'static,
    {
        let Some(service) = self.local() else {
            // The process ends, and nobody is answered any more.
            return Box::pin(std::future::pending());
        };
        if to == self.here {
            return Box::pin(work(service));
        }
        let called = self.call(
            to,
            Box::new(Closure {
                work: Some(work),
                result: None,
                service: PhantomData,
            }),
        );
        Box::pin(async move { called.await.result.expect("a call that was run has a result") })
    }

    /// Sends `work` to shard `to`, which is another one, and resolves when it is back.
    ///
    /// It is done whether or not the returned future is polled.
    pub(super) fn call<T: Work>(&self, to: ShardId, work: Box<T>) -> impl Future<Output = Box<T>> + use<T> {
        let (sender, receiver) = oneshot::channel();
        let call = self.calls.borrow_mut().insert(sender);
        // INV-3: sent within the call, so the calls to one shard begin there in their order.
        let sent = self.mailbox.send(to, ShardMessage::Call { call, work });
        async move {
            sent.await;
            let work: Box<dyn Any> = receiver
                .await
                .expect("a shard answers every call for as long as the process lives");
            work.downcast()
                .expect("the work that comes back is the one that was sent")
        }
    }
}

/// What goes through the mailbox between two shards of a broker.
pub enum ShardMessage {
    /// Do this, then reply under the number.
    Call {
        /// The caller's number of it.
        call: usize,
        /// The work.
        work: Box<dyn Work>,
    },
    /// The end of a call.
    Reply {
        /// The number that the call had.
        call: usize,
        /// The work, done.
        work: Box<dyn Work>,
    },
}

/// What one shard has another do. It travels there and comes back as the same box, with its result in it.
pub trait Work: Any + Send {
    /// Does it on `shard`, and resolves to itself.
    fn run(self: Box<Self>, shard: Rc<Shard>) -> LocalFuture<Box<dyn Work>>;
}

/// The calls of one shard that wait for their replies.
type Calls = RefCell<Slab<oneshot::Sender<Box<dyn Work>>>>;

/// A closure that another shard runs with a service of its own, and what came of it.
struct Closure<S, W, R> {
    work: Option<W>,
    result: Option<R>,
    service: PhantomData<fn(S)>,
}

impl<S, W, F, R> Work for Closure<S, W, R>
where
    S: Service + 'static,
    W: FnOnce(Rc<S>) -> F + Send + 'static,
    F: Future<Output = R> + 'static,
    R: Send + 'static,
{
    fn run(mut self: Box<Self>, shard: Rc<Shard>) -> LocalFuture<Box<dyn Work>> {
        let work = self.work.take().expect("a call is run once");
        let future = work(S::of(&shard));
        Box::pin(async move {
            self.result = Some(future.await);
            self as Box<dyn Work>
        })
    }
}

impl Shard {
    /// Takes messages from the other shards until the process ends.
    pub(crate) async fn serve_mailbox(self: Rc<Self>) {
        loop {
            let (from, message) = self.shards.mailbox.receive().await;
            match message {
                ShardMessage::Call { call, work } => {
                    let future = work.run(Rc::clone(&self));
                    let shards = Rc::clone(&self.shards);
                    self.handle.spawn(WorkClass::Latency, "call", async move {
                        let work = future.await;
                        shards
                            .mailbox
                            .send(from, ShardMessage::Reply { call, work })
                            .await;
                    });
                }
                ShardMessage::Reply { call, work } => {
                    let waiting = self.shards.calls.borrow_mut().try_remove(call);
                    let sender = waiting.expect("a reply comes once for a call that waits");
                    // A caller that has gone away no longer wants the result.
                    let _ = sender.send(work);
                }
            }
        }
    }
}
