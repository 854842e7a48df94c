//! The memory of answers that tell of much that their request does not name: Metadata of all topics, the settings of
//! thousands, the offsets of a group.
//!
//! What a request names is covered by the request's own memory until its answer is sent. A long answer is not, so:
//! ```text
//! begin    before it is put together: one at a time on a shard
//! finish   once it is encoded: its bytes are counted with fetched records; waits while there is no room for them
//! release  while it is sent, portion by portion (connection.rs)
//! ```
//! Invariant: beside what the permits say, a shard holds one long answer.

use std::mem::size_of;

use bytes::Bytes;
use corelog_protocol::ErrorCode;

use crate::connection::Client;
use crate::dispatch::Answer;
use crate::error_codes::Failure;
use crate::fetch_memory;
use crate::request::RequestContext;
use crate::shard::Shard;

/// An answer that may have more bytes is a long one.
const SHORT_BYTES_MAX: usize = 16 << 10;
/// What an answer may take before it is encoded: one in so many of the bytes that there are for fetched records.
const ALLOWANCE_SHARE: usize = 2;

/// Waits until an answer of about `bytes` may be put together. Nothing that takes long may be awaited from here to the
/// answer: others wait for it.
pub async fn begin(shard: &Shard, context: &RequestContext, bytes: usize) {
    if bytes > SHORT_BYTES_MAX {
        let turn = shard.long_answers.acquire(1).await;
        *context.client.long_answer.borrow_mut() = Some(turn);
    }
}

/// Sets memory aside for an answer that [`begin`] was called for; any other is returned as it is.
pub async fn finish(shard: &Shard, client: &Client, answer: Answer) -> Answer {
    let Some(_turn) = client.long_answer.take() else {
        return answer;
    };
    match answer {
        Answer::Send(pieces) => {
            let bytes = pieces.iter().map(Bytes::len).sum();
            let (memory, clock) = (&shard.fetch_memory, &*shard.handle.clock);
            let held = fetch_memory::acquire(memory, bytes, clock, &shard.connections).await;
            Answer::Records(pieces, held)
        }
        other @ (Answer::Records(..) | Answer::Silence | Answer::Close(_)) => other,
    }
}

/// How much an answer may still take, in bytes of memory, before it is encoded. For answers of which a part may be
/// refused.
pub struct Allowance {
    left: usize,
    total: usize,
}

impl Allowance {
    /// Of a new answer.
    pub fn new(shard: &Shard) -> Allowance {
        let total = shard.fetch_memory.total() / ALLOWANCE_SHARE;
        Allowance { left: total, total }
    }

    /// Counts `count` elements of type `T` with `strings_bytes` besides.
    ///
    /// # Errors
    /// `PolicyViolation` when there is no room for them; they are to be left out.
    pub fn take<T>(&mut self, count: usize, strings_bytes: usize) -> Result<(), Failure> {
        let bytes = count.saturating_mul(size_of::<T>()).saturating_add(strings_bytes);
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let text = format!(
                    "the answer would take more than {} MiB of memory; ask for fewer at a time, or raise memory.bytes",
                    self.total >> 20
                );
                Err(Failure::new(ErrorCode::PolicyViolation, text))
            }
        }
    }
}
