//! Work that one shard has another do: [`Shard::submit_to`].
//!
//! A call moves a closure to the other shard's thread, runs it there, and moves its result back. Calls from one shard
//! to another begin in the order they were made; a closure's synchronous part (before the future it returns is first
//! polled) runs in that order too, and Produce relies on it.

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
    /// Run this, then answer under the number.
    Call {
        /// The caller's number of it.
        call: usize,
        /// The work.
        work: Work,
    },
    /// The result of a call.
    Reply {
        /// The number that the call had.
        call: usize,
        /// The result, of the type that the caller expects.
        value: Box<dyn Any + Send>,
    },
}

/// A closure that runs on another shard's thread and gives the future of its result.
pub type Work = Box<dyn FnOnce(Rc<Shard>) -> LocalFuture<Box<dyn Any + Send>> + Send>;

/// The calls of one shard that wait for their replies.
#[derive(Default)]
pub(crate) struct Calls(RefCell<Slab<oneshot::Sender<Box<dyn Any + Send>>>>);

impl Calls {
    /// The calls that wait for a reply.
    pub(crate) fn waiting(&self) -> usize {
        self.0.borrow().len()
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
        let (sender, receiver) = oneshot::channel();
        let call = self.calls.0.borrow_mut().insert(sender);
        let boxed: Work = Box::new(move |shard| {
            let future = work(shard);
            Box::pin(async move {
                let result: Box<dyn Any + Send> = Box::new(future.await);
                result
            })
        });
        // INV-3: sent within the call, so the calls to one shard begin there in their order.
        let sent = self.mailbox.send(to, ShardMessage::Call { call, work: boxed });
        Box::pin(async move {
            sent.await;
            let value = receiver
                .await
                .expect("a shard answers every call for as long as the process lives");
            *value.downcast::<R>().expect("a reply has the type of its call")
        })
    }

    /// Takes messages from the other shards until the process ends.
    pub(crate) async fn serve_mailbox(self: Rc<Self>) {
        loop {
            let (from, message) = self.mailbox.receive().await;
            match message {
                ShardMessage::Call { call, work } => {
                    let future = work(Rc::clone(&self));
                    let shard = Rc::clone(&self);
                    self.handle.spawn(WorkClass::Latency, "call", async move {
                        let value = future.await;
                        shard
                            .mailbox
                            .send(from, ShardMessage::Reply { call, value })
                            .await;
                    });
                }
                ShardMessage::Reply { call, value } => {
                    let waiting = self.calls.0.borrow_mut().try_remove(call);
                    let sender = waiting.expect("a reply comes once for a call that waits");
                    // A caller that has gone away no longer wants the result.
                    let _ = sender.send(value);
                }
            }
        }
    }
}
