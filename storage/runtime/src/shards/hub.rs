//! The driver of a shard: the task that, once a scheduler round, submits and reaps the ring, fires timers, and
//! delivers messages of other shards and the shutdown. It sleeps when none of them has anything to do.
//!
//! With no runnable task it sleeps in the shard's own ring, in one system call. At the shard's end, and on a kernel
//! without timed waits, it awaits the shard's eventfd like any task, and glommio's executor sleeps.
//!
//! Invariant: before it sleeps it lets the others signal it and then looks at everything once more, so no wake-up is
//! lost; while it is awake nobody signals, and an idle shard takes no turns at all.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use glommio::io::PollableFd;

use crate::mailbox::Parking;
use crate::real::{Runnable, Timers};
use crate::ring::Ring;
use crate::shards::{Activity, Heartbeat, Slices, now};

/// Something that the driver moves.
pub(crate) trait Pollable {
    /// Moves what can be moved now; whether anything moved.
    fn turn(&self) -> bool;
    /// Whether a turn would move something.
    fn is_ready(&self) -> bool;
    /// A number that changes with traffic that is likely to be answered soon.
    fn traffic(&self) -> u64 {
        0
    }
}

/// How long the driver looks for more before it sleeps; zero never looks.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Spin {
    /// After traffic between shards.
    pub(crate) mailbox: Duration,
    /// After a completion of the ring.
    pub(crate) io: Duration,
}

/// Observers of what the shard does.
pub(crate) struct Followers {
    /// When to give way.
    pub(crate) slices: Rc<Slices>,
    /// For the watchdog.
    pub(crate) heartbeat: Rc<Heartbeat>,
    /// Where the time goes.
    pub(crate) activity: Rc<Activity>,
    /// What is to be polled.
    pub(crate) runnable: Runnable,
}

/// What one shard's driver drives.
pub(crate) struct Hub {
    ring: Rc<Ring>,
    timers: Rc<Timers>,
    others: Vec<Rc<dyn Pollable>>,
    parking: Arc<Parking>,
    spin: Spin,
    slices: Rc<Slices>,
    heartbeat: Rc<Heartbeat>,
    activity: Rc<Activity>,
    runnable: Runnable,
    /// Whether the tasks that [`Runnable`] counts are all that there is to run.
    counts_all: Cell<bool>,
    driver: RefCell<Option<Waker>>,
    finished: Cell<bool>,
}

impl Hub {
    /// Of this thread.
    pub(crate) fn new(
        ring: Rc<Ring>,
        timers: Rc<Timers>,
        others: Vec<Rc<dyn Pollable>>,
        parking: Arc<Parking>,
        spin: Spin,
        followers: Followers,
    ) -> Rc<Hub> {
        let Followers {
            slices,
            heartbeat,
            activity,
            runnable,
        } = followers;
        Rc::new(Hub {
            ring,
            timers,
            others,
            parking,
            spin,
            slices,
            heartbeat,
            activity,
            runnable,
            counts_all: Cell::new(true),
            driver: RefCell::new(None),
            finished: Cell::new(false),
        })
    }

    /// From now on others than the shard's tasks are to be polled, too: those that take it down.
    pub(crate) fn ends(&self) {
        self.counts_all.set(false);
        self.kick();
        self.parking.signal();
    }

    /// Ends [`Self::drive`] and [`Self::watch`].
    pub(crate) fn finish(&self) {
        self.finished.set(true);
        self.kick();
        self.parking.signal();
    }

    fn kick(&self) {
        let driver = self.driver.borrow_mut().take();
        if let Some(waker) = driver {
            waker.wake();
        }
    }

    /// Wakes the driver whenever the eventfd is signalled.
    pub(crate) async fn watch(self: Rc<Self>) {
        let eventfd = PollableFd::new(EventFd(Arc::clone(&self.parking))).expect("on an executor");
        while !self.finished.get() {
            eventfd.readable().await.expect("an eventfd can be polled");
            self.parking.drain();
            self.kick();
        }
    }

    /// Drives the shard until [`Self::finish`].
    ///
    /// # Panics
    /// If the kernel refuses the ring's submissions: nothing of this shard could go on.
    pub(crate) async fn drive(self: Rc<Self>) {
        let mut traffic = 0;
        // When the driver may sleep, if it finds nothing before.
        let mut spin_end: Option<Instant> = None;
        let name = self.heartbeat.name_of("driver");
        while !self.finished.get() {
            let began = self.slices.turned();
            let has_completions = !self.spin.io.is_zero() && self.ring.has_work();
            // The kernel may hold the thread in a submission, which is a stall like another.
            self.heartbeat.enter(name);
            let moved = self.turn();
            self.heartbeat.leave();
            let turned = now();
            self.activity.turned(began, turned);
            if !self.spin.mailbox.is_zero() {
                let now_traffic = self.others.iter().map(|other| other.traffic()).sum();
                if now_traffic != traffic {
                    traffic = now_traffic;
                    spin_end = spin_end.max(Some(turned + self.spin.mailbox));
                }
            }
            if has_completions {
                spin_end = spin_end.max(Some(turned + self.spin.io));
            }
            let spinning = spin_end.is_some_and(|end| turned < end);
            if moved {
                // What was woken runs before the next turn, which then submits all that it asked for at once.
                glommio::executor().yield_now().await;
                continue;
            }
            if spinning {
                glommio::executor().yield_task_queue_now().await;
                continue;
            }
            if self.may_block() {
                self.parking.park();
                // Exact but for the ring, in which nothing can be missed: it does not wait if it has something.
                if !self.has_work() {
                    let (began, worked) = (now(), self.activity.worked());
                    let waited = self.ring.wait(self.timers.next_due());
                    waited.expect("the kernel lets the ring wait");
                    self.activity.slept(began, now(), worked);
                }
                self.parking.unpark();
                continue;
            }
            self.ring.set_signalling(true);
            self.parking.park();
            if !self.has_work() {
                let (began, worked) = (now(), self.activity.worked());
                self.sleep().await;
                self.activity.slept(began, now(), worked);
            }
            self.parking.unpark();
            self.ring.set_signalling(false);
        }
    }

    fn turn(&self) -> bool {
        let mut moved = self.ring.turn().expect("the kernel takes the ring's submissions");
        if self.ring.take_signal() {
            self.parking.drain();
        }
        moved |= self.timers.turn();
        for other in &self.others {
            moved |= other.turn();
        }
        moved
    }

    /// Whether nothing would run on this thread but the driver.
    fn may_block(&self) -> bool {
        self.counts_all.get() && self.runnable.is_none()
    }

    fn has_work(&self) -> bool {
        self.ring.has_work() || self.timers.is_ready() || self.others.iter().any(|other| other.is_ready())
    }

    /// Resolves when something has woken this task.
    async fn sleep(&self) {
        let mut slept = false;
        poll_fn(|cx: &mut Context<'_>| {
            if std::mem::replace(&mut slept, true) {
                return Poll::Ready(());
            }
            *self.driver.borrow_mut() = Some(cx.waker().clone());
            self.ring.set_driver(cx.waker());
            self.slices.set_driver(cx.waker());
            self.timers.arm(cx);
            Poll::Pending
        })
        .await;
    }
}

/// The parking's descriptor, kept open by the one who polls it.
struct EventFd(Arc<Parking>);

impl AsRawFd for EventFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.eventfd().as_raw_fd()
    }
}
