//! The memory of answers that tell of much that their request does not name: Metadata of all topics, the settings of
//! thousands, the offsets of a group.
//!
//! What a request names is covered by the request's own memory until its answer is sent. A long answer is not, so:
//! ```text
//! begin    the handler, before it puts the answer together: one at a time on a shard
//! answer   once it is encoded: takes memory for its bytes; where there is none, lets go of the answer, waits for
//!          memory, and has it put together again
//! release  while it is sent, portion by portion (`connection/serve.rs`)
//! ```
//! Invariants: beside what the permits say, a shard holds one long answer; who waits for memory holds none, and keeps
//! nobody from a short answer.

use std::future::Future;
use std::mem::size_of;

use bytes::Bytes;
use corelog_protocol::{ErrorCode, Message};
use corelog_runtime::Clock;
use corelog_runtime::local::{Permit, Semaphore};

use super::fetch_memory;
use crate::clients::connections::Connections;
use crate::clients::{Answer, RequestContext};
use crate::error_codes::Failure;

/// An answer that may have more bytes is a long one.
const SHORT_BYTES_MAX: usize = 16 << 10;

/// What a shard's long answers share.
pub struct LongAnswers {
    /// For those that are sent, in bytes.
    pub memory: Semaphore,
    /// Taken while one is put together.
    turn: Semaphore,
}

impl LongAnswers {
    /// With `bytes` of memory.
    pub(crate) fn new(bytes: usize) -> LongAnswers {
        LongAnswers {
            memory: Semaphore::new(bytes),
            turn: Semaphore::new(1),
        }
    }

    /// Waits until an answer of about `bytes` may be put together. Nothing that takes long may be awaited from here to the
    /// answer: others wait for it.
    pub(crate) async fn begin(&self, context: &RequestContext, bytes: usize) {
        if bytes > SHORT_BYTES_MAX {
            let turn = self.turn.acquire(1).await;
            *context.client.long_answer.borrow_mut() = Some(turn);
        }
    }

    /// Answers a request whose handler may [`LongAnswers::begin`] a long answer. `respond` may be called more than once,
    /// so it is to ask and not to change. While memory is waited for, `connections` that hold some and are slow are closed.
    pub(crate) async fn answer<F, R>(
        &self,
        context: &RequestContext,
        clock: &dyn Clock,
        connections: &Connections,
        respond: impl Fn() -> F,
    ) -> Answer
    where
        F: Future<Output = R>,
        R: Message,
    {
        let mut held: Option<Permit> = None;
        loop {
            let response = respond().await;
            let answer = context.answer(|writer| response.encode(writer, context.version));
            drop(response);
            let turn = context.client.long_answer.take();
            let pieces = match answer {
                Answer::Send(pieces) => pieces,
                other @ (Answer::Records(..) | Answer::Silence | Answer::Close(_)) => return other,
            };
            let bytes: usize = pieces.iter().map(Bytes::len).sum();
            let memory = &self.memory;
            if turn.is_none() || bytes <= SHORT_BYTES_MAX {
                return Answer::Send(pieces);
            }
            // One that exceeds the whole budget has it alone.
            let needed = bytes.min(memory.total());
            match held.take().filter(|held| held.amount() >= needed) {
                Some(mut held) => {
                    held.shrink_to(needed);
                    return Answer::Records(pieces, held);
                }
                None => {
                    if let Some(held) = memory.try_acquire(needed) {
                        return Answer::Records(pieces, held);
                    }
                }
            }
            drop((pieces, turn));
            held = Some(fetch_memory::acquire(memory, needed, clock, connections).await);
        }
    }

    /// How much a new answer may take before it is encoded: as much as there is for long answers.
    pub(crate) fn allowance(&self) -> Allowance {
        let total = self.memory.total();
        Allowance { left: total, total }
    }
}

/// How much an answer may still take, in bytes of memory, before it is encoded. For answers of which a part may be
/// refused.
pub(crate) struct Allowance {
    left: usize,
    total: usize,
}

impl Allowance {
    /// Counts `count` elements of type `T` with `strings_bytes` besides.
    ///
    /// # Errors
    /// `PolicyViolation` when there is no room for them; they are to be left out.
    pub(crate) fn take<T>(&mut self, count: usize, strings_bytes: usize) -> Result<(), Failure> {
        let bytes = count.saturating_mul(size_of::<T>()).saturating_add(strings_bytes);
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let text = format!(
                    "the answer would take more than {} KiB of memory; ask for fewer at a time, or raise memory.bytes",
                    self.total >> 10
                );
                Err(Failure::new(ErrorCode::PolicyViolation, text))
            }
        }
    }
}
