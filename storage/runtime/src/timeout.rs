//! A future with a deadline.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};

use crate::{Clock, Monotonic};

/// The deadline came first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the deadline passed")]
pub struct Elapsed;

/// Awaits `future` until `deadline`; drops it then.
///
/// # Errors
/// `Elapsed` when the deadline came first.
pub async fn timeout<T>(
    clock: &Rc<dyn Clock>,
    deadline: Monotonic,
    future: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    match select(pin!(future), clock.sleep_until(deadline)).await {
        Either::Left((value, _)) => Ok(value),
        Either::Right(((), _)) => Err(Elapsed),
    }
}
