//! The kernel's clocks, and the timers of a shard: one ordered map, and one glommio timer, for the earliest deadline
//! in it.
//!
//! A glommio `Timer` that is polled twice registers itself twice and forgets the first, so each one here is polled
//! only once.

#![expect(
    clippy::disallowed_methods,
    reason = "the real form of the seams is where time comes from"
)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use corelog_model::TimestampMs;
use glommio::timer::Timer;

use crate::seams::{Clock, LocalFuture, Monotonic};
use crate::shards::Pollable;

/// The start of [`Monotonic`], the same for all shards.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// CLOCK_MONOTONIC since the process's first use of it.
pub(crate) fn now() -> Monotonic {
    let elapsed = START.elapsed();
    Monotonic::from_nanos(u64::try_from(elapsed.as_nanos()).expect("less than 584 years"))
}

/// A deadline and a number that tells equal deadlines apart.
type Key = (Monotonic, u64);

/// The timers of one shard.
#[derive(Default)]
pub(crate) struct Timers {
    waiting: RefCell<BTreeMap<Key, Waker>>,
    next_number: Cell<u64>,
    /// Glommio's timer for the earliest deadline when it was last armed.
    armed: RefCell<Option<(Monotonic, Timer)>>,
    driver: RefCell<Option<Waker>>,
}

impl Timers {
    /// Arms glommio's timer for the earliest deadline, to wake `cx`.
    pub(crate) fn arm(&self, cx: &mut Context<'_>) {
        *self.driver.borrow_mut() = Some(cx.waker().clone());
        let earliest = self.waiting.borrow().keys().next().map(|key| key.0);
        let mut armed = self.armed.borrow_mut();
        if armed.as_ref().map(|(deadline, _)| *deadline) == earliest {
            return;
        }
        *armed = None;
        let Some(deadline) = earliest else { return };
        let mut timer = Timer::new(deadline.since(now()));
        if Pin::new(&mut timer).poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        } else {
            *armed = Some((deadline, timer));
        }
    }

    /// How long until the earliest deadline; none without timers.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let earliest = self.waiting.borrow().keys().next().map(|key| key.0);
        earliest.map(|deadline| deadline.since(now()))
    }

    /// Forgets all timers.
    pub(crate) fn close(&self) {
        let armed = self.armed.borrow_mut().take();
        drop(armed);
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        drop(waiting);
    }

    fn earliest_has_passed(&self) -> bool {
        let earliest = self.waiting.borrow().keys().next().map(|key| key.0);
        earliest.is_some_and(|deadline| deadline <= now())
    }

    fn insert(&self, key: Key, waker: Waker) {
        let is_earliest = {
            let mut waiting = self.waiting.borrow_mut();
            waiting.insert(key, waker);
            waiting.keys().next() == Some(&key)
        };
        if is_earliest {
            let driver = self.driver.borrow_mut().take();
            if let Some(driver) = driver {
                driver.wake();
            }
        }
    }
}

impl Pollable for Timers {
    fn turn(&self) -> bool {
        if self.waiting.borrow().is_empty() {
            return false;
        }
        let now = now();
        let mut moved = false;
        loop {
            let due = {
                let mut waiting = self.waiting.borrow_mut();
                match waiting.first_entry() {
                    Some(first) if first.key().0 <= now => first.remove(),
                    _ => break,
                }
            };
            moved = true;
            due.wake();
        }
        if moved {
            // The one that was armed has served, or will be armed anew.
            self.armed.borrow_mut().take();
        }
        moved
    }

    fn is_ready(&self) -> bool {
        self.earliest_has_passed()
    }
}

/// See [`Clock`].
pub(crate) struct RealClock(pub(crate) Rc<Timers>);

impl Clock for RealClock {
    fn now(&self) -> Monotonic {
        now()
    }

    fn wall(&self) -> TimestampMs {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        TimestampMs::new(i64::try_from(since_epoch.as_millis()).expect("before the year 292,000,000"))
    }

    fn sleep_until(&self, deadline: Monotonic) -> LocalFuture<()> {
        Box::pin(Sleep {
            timers: Rc::clone(&self.0),
            deadline,
            key: None,
        })
    }
}

struct Sleep {
    timers: Rc<Timers>,
    deadline: Monotonic,
    key: Option<Key>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if now() >= self.deadline {
            return Poll::Ready(());
        }
        let key = match self.key {
            Some(key) => key,
            None => {
                let number = self.timers.next_number.get();
                self.timers.next_number.set(number + 1);
                (self.deadline, number)
            }
        };
        self.key = Some(key);
        self.timers.insert(key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let waker = self.timers.waiting.borrow_mut().remove(&key);
            drop(waker);
        }
    }
}
