//! Work that one shard has another do: [`Shard::submit_to`], and [`Shard::call`] beneath it.
//!
//! A call moves a work item to the other shard's thread, where it is run, and which sends it back with its result in it.
//! Calls from one shard to another begin in the order they were made; a work item's synchronous part (before the future
//! that [`Work::run`] returns is first polled) runs in that order too, and Produce relies on it.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use corelog_model::ShardId;
use corelog_runtime::local::oneshot;
use corelog_runtime::{LocalFuture, WorkClass};
use slab::Slab;

use super::Shard;

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
#[derive(Default)]
pub(crate) struct Calls(RefCell<Slab<oneshot::Sender<Box<dyn Work>>>>);

impl Calls {
    /// The calls that wait for a reply.
    pub(crate) fn waiting(&self) -> usize {
        self.0.borrow().len()
    }
}

/// A closure that another shard runs, and what came of it.
struct Closure<W, R> {
    work: Option<W>,
    result: Option<R>,
}

impl<W, F, R> Work for Closure<W, R>
where
    W: FnOnce(Rc<Shard>) -> F + Send + 'static,
    F: Future<Output = R> + 'static,
    R: Send + 'static,
{
    fn run(mut self: Box<Self>, shard: Rc<Shard>) -> LocalFuture<Box<dyn Work>> {
        let work = self.work.take().expect("a call is run once");
        let future = work(shard);
        Box::pin(async move {
            self.result = Some(future.await);
            self as Box<dyn Work>
        })
    }
}

impl Shard {
    /// Runs `work` on shard `to` and resolves to its result; on this shard itself it runs at once, without a queue.
    ///
    /// The work begins whether or not the returned future is polled.
    pub(crate) fn submit_to<R, F, W>(self: &Rc<Self>, to: ShardId, work: W) -> LocalFuture<R>
    where
        R: Send + 'static,
        F: Future<Output = R> + 'static,
        W: FnOnce(Rc<Shard>) -> F + Send + 'static,
    {
        if to == self.id {
            return Box::pin(work(Rc::clone(self)));
        }
        let called = self.call(
            to,
            Box::new(Closure {
                work: Some(work),
                result: None,
            }),
        );
        Box::pin(async move { called.await.result.expect("a call that was run has a result") })
    }

    /// Sends `work` to shard `to`, which is another one, and resolves when it is back.
    ///
    /// It is done whether or not the returned future is polled.
    pub(super) fn call<T: Work>(&self, to: ShardId, work: Box<T>) -> impl Future<Output = Box<T>> + use<T> {
        let (sender, receiver) = oneshot::channel();
        let call = self.calls.0.borrow_mut().insert(sender);
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

    /// Takes messages from the other shards until the process ends.
    pub(crate) async fn serve_mailbox(self: Rc<Self>) {
        loop {
            let (from, message) = self.mailbox.receive().await;
            match message {
                ShardMessage::Call { call, work } => {
                    let future = work.run(Rc::clone(&self));
                    let shard = Rc::clone(&self);
                    self.handle.spawn(WorkClass::Latency, "call", async move {
                        let work = future.await;
                        shard.mailbox.send(from, ShardMessage::Reply { call, work }).await;
                    });
                }
                ShardMessage::Reply { call, work } => {
                    let waiting = self.calls.0.borrow_mut().try_remove(call);
                    let sender = waiting.expect("a reply comes once for a call that waits");
                    // A caller that has gone away no longer wants the result.
                    let _ = sender.send(work);
                }
            }
        }
    }
}
