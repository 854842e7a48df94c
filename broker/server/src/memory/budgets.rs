//! What a shard sets aside for requests and their answers.

use std::future::Future;
use std::rc::Rc;

use corelog_protocol::Message;
use corelog_runtime::Clock;
use corelog_runtime::local::{Permit, Semaphore};

use super::fetch_memory;
use super::long_answer::LongAnswers;
use crate::clients::connections::Connections;
use crate::clients::{Answer, RequestContext};

/// How much there is of each, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct MemoryBudgets {
    /// For requests under way.
    pub requests: usize,
    /// For what fetches answer with.
    pub fetches: usize,
    /// For long answers of other requests.
    pub answers: usize,
}

/// The memory of one shard. While somebody waits for some, connections that hold some and are slow are closed.
pub struct Memory {
    /// For requests under way.
    pub requests: Semaphore,
    /// For what fetches answer with.
    pub fetches: Semaphore,
    /// For long answers of other requests.
    pub answers: LongAnswers,
    clock: Rc<dyn Clock>,
    connections: Rc<Connections>,
}

impl Memory {
    /// All of it free.
    pub(crate) fn new(budgets: MemoryBudgets, clock: Rc<dyn Clock>, connections: Rc<Connections>) -> Memory {
        Memory {
            requests: Semaphore::new(budgets.requests),
            fetches: Semaphore::new(budgets.fetches),
            answers: LongAnswers::new(budgets.answers),
            clock,
            connections,
        }
    }

    /// As [`fetch_memory::reserve`].
    pub(crate) async fn reserve_for_fetch(&self, wanted: usize, least: usize) -> Permit {
        fetch_memory::reserve(&self.fetches, wanted, least, &*self.clock, &self.connections).await
    }

    /// As [`LongAnswers::answer`].
    pub(crate) async fn long_answer<F, R>(&self, context: &RequestContext, respond: impl Fn() -> F) -> Answer
    where
        F: Future<Output = R>,
        R: Message,
    {
        let answers = &self.answers;
        answers
            .answer(context, &*self.clock, &self.connections, respond)
            .await
    }
}
