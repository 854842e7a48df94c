//! The first of two futures, and a future with a deadline.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::seams::{Clock, Monotonic};

/// Which of two came first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Either<A, B> {
    /// The first argument.
    Left(A),
    /// The second argument.
    Right(B),
}

/// The deadline passed first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the deadline has passed")]
pub struct Elapsed;

/// Waits for the first of two futures and drops the other. The left one is asked first, so it wins a tie.
pub async fn select<A, B>(left: impl Future<Output = A>, right: impl Future<Output = B>) -> Either<A, B> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|cx| {
        if let Poll::Ready(value) = left.as_mut().poll(cx) {
            return Poll::Ready(Either::Left(value));
        }
        right.as_mut().poll(cx).map(Either::Right)
    })
    .await
}

/// Awaits `future` until `deadline`, and drops it then. A future that is ready gives its result even after the
/// deadline.
///
/// # Errors
/// When the deadline came first.
pub async fn timeout<T>(
    clock: &dyn Clock,
    deadline: Monotonic,
    future: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    let mut future = pin!(future);
    // Most often there is nothing to wait for, and no timer is set.
    if let Poll::Ready(value) = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
        return Ok(value);
    }
    match select(future, clock.sleep_until(deadline)).await {
        Either::Left(value) => Ok(value),
        Either::Right(()) => Err(Elapsed),
    }
}

/// Lets the other tasks of this shard run once; long computations call it between their parts.
pub async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Lets the other tasks run once every so many steps of a long computation.
pub struct YieldEvery {
    steps: usize,
    left: usize,
}

impl YieldEvery {
    /// Yields after each `steps` steps.
    pub fn new(steps: usize) -> YieldEvery {
        YieldEvery { steps, left: steps }
    }

    /// Counts `steps` steps that have been done.
    pub async fn count(&mut self, steps: usize) {
        match self.left.checked_sub(steps) {
            Some(left) if left > 0 => self.left = left,
            _ => {
                self.left = self.steps;
                yield_now().await;
            }
        }
    }
}
