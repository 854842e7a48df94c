//! The memory that answers of Fetch hold, from the read to the socket.
//!
//! ```text
//! reserve   before a read: as much as it may bring, a fair part of what is free; waits while there is nothing
//! settle    after it: what the records really hold; a view of a log's tail holds the whole chunk it was cut from
//! release   while they are sent, portion by portion (`connection/serve.rs`)
//! ```
//! Invariant: what the permits say is at least what the answers hold beyond the logs' cache.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use corelog_runtime::Clock;
use corelog_runtime::local::{Permit, Semaphore, timeout};

use crate::clients::connections::Connections;

/// The least that a fetch is begun with.
const RESERVED_BYTES_MIN: usize = 64 << 10;
/// One fetch takes at most one in so many of the bytes that are free, so that no few clients who do not read take all.
const FREE_SHARE: usize = 8;
/// After this time of waiting for memory, those who hold it and are slow are looked for.
const RELIEF_INTERVAL: Duration = Duration::from_secs(1);

/// Waits for `amount` bytes; while it waits, clients that hold some and are slow are closed.
pub(crate) async fn acquire(
    memory: &Semaphore,
    amount: usize,
    clock: &dyn Clock,
    connections: &Connections,
) -> Permit {
    if let Some(permit) = memory.try_acquire(amount) {
        return permit;
    }
    let mut permit = pin!(memory.acquire(amount));
    loop {
        let deadline = clock.now() + RELIEF_INTERVAL;
        match timeout(clock, deadline, permit.as_mut()).await {
            Ok(permit) => return permit,
            Err(_elapsed) => connections.relieve(clock.now()),
        }
    }
}

/// Memory for a read of up to `wanted` bytes: less if little is free, `least` at the least (bounded by all there is).
pub(crate) async fn reserve(
    memory: &Semaphore,
    wanted: usize,
    least: usize,
    clock: &dyn Clock,
    connections: &Connections,
) -> Permit {
    let least = least.max(RESERVED_BYTES_MIN);
    let mut permit = acquire(memory, least, clock, connections).await;
    let fair = (memory.free() + permit.amount()) / FREE_SHARE;
    let more = wanted.min(fair).saturating_sub(permit.amount());
    if let Some(rest) = memory.try_acquire(more) {
        permit.merge(rest);
    }
    permit
}

/// Records that were read: what they hold, and where.
pub(crate) struct Held<'a> {
    /// Their pieces.
    pub pieces: &'a mut Vec<Bytes>,
    /// The length of the pieces.
    pub bytes: usize,
    /// The memory that they keep from being freed.
    pub held_bytes: &'a mut usize,
}

/// Fits `permit` to what a read brought: the records, and `fields_bytes` of an answer beside them. When there is no memory for all that the records hold on to, they are copied
/// out of it.
///
/// # Errors
/// The records' bytes, when not even they fit: the first batch is larger than what was reserved.
pub(crate) fn settle(
    memory: &Semaphore,
    permit: &mut Permit,
    fields_bytes: usize,
    mut records: Vec<Held<'_>>,
) -> Result<(), usize> {
    let held: usize = records.iter().map(|records| *records.held_bytes).sum();
    let held = held.saturating_add(fields_bytes);
    if let Some(more) = held.checked_sub(permit.amount())
        && let Some(rest) = memory.try_acquire(more)
        // A budget gives no more than its total.
        && rest.amount() == more
    {
        permit.merge(rest);
    }
    if held <= permit.amount() {
        permit.shrink_to(held);
        return Ok(());
    }
    let bytes: usize = records.iter().map(|records| records.bytes).sum();
    let least = bytes.saturating_add(fields_bytes);
    if least > permit.amount() && permit.amount() < memory.total() {
        return Err(bytes);
    }
    for records in &mut records {
        if *records.held_bytes > records.bytes {
            *records.pieces = vec![Bytes::from(records.pieces.concat())];
            *records.held_bytes = records.bytes;
        }
    }
    permit.shrink_to(least);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of records of `bytes` that hold `held_bytes` after `reserved` were set aside of a budget of 1000, of
    /// which others hold `others`: what is held then and by the permit, or what is needed.
    fn check(
        reserved: usize,
        others: usize,
        (bytes, held): (usize, usize),
        expected: Result<(usize, usize), usize>,
    ) {
        let memory = Semaphore::new(1000);
        let _others = memory.try_acquire(others).unwrap();
        let mut permit = memory.try_acquire(reserved).unwrap();
        let chunk = Bytes::from(vec![7; bytes]);
        let mut pieces = vec![chunk.slice(..bytes / 2), chunk.slice(bytes / 2..)];
        let mut held_bytes = held;
        let records = Held {
            pieces: &mut pieces,
            bytes,
            held_bytes: &mut held_bytes,
        };
        let settled = settle(&memory, &mut permit, 10, vec![records]);
        let found = settled.map(|()| (held_bytes, permit.amount()));
        assert_eq!(found, expected);
        assert_eq!(pieces.concat(), chunk);
        assert_eq!(memory.free() + permit.amount() + others, 1000);
    }

    #[test]
    fn what_records_hold_is_counted_or_copied_out_of() {
        check(500, 0, (100, 100), Ok((100, 110)));
        check(500, 0, (100, 400), Ok((400, 410)));
        check(110, 0, (100, 690), Ok((690, 700)));
        check(110, 300, (100, 690), Ok((690, 700)));
        check(110, 300, (100, 691), Ok((100, 110)));
        check(110, 300, (50, 691), Ok((50, 60)));
        check(10, 0, (0, 0), Ok((0, 10)));
    }

    #[test]
    fn a_batch_beyond_what_was_reserved_is_waited_for() {
        check(100, 600, (391, 391), Err(391));
        check(100, 600, (390, 390), Ok((390, 400)));
        // One that exceeds the whole budget has it alone.
        check(1000, 0, (2000, 2000), Ok((2000, 1000)));
        check(999, 0, (2000, 2000), Err(2000));
    }
}
