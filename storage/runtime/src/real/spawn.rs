//! Tasks on glommio's queues, known by name to the watchdog and all of them dropped at the shard's end.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use glommio::{Latency, Shares, TaskQueueHandle};
use slab::Slab;

use super::runnable::{Mark, Runnable, counting};
use crate::local::Notify;
use crate::seams::{LocalFuture, Spawn, WorkClass};
use crate::shards::{Activity, Heartbeat, Slices, now};

/// The three queues of a shard.
#[derive(Clone, Copy)]
pub(crate) struct Queues {
    pub(crate) latency: TaskQueueHandle,
    normal: TaskQueueHandle,
    background: TaskQueueHandle,
}

impl Queues {
    /// Makes them on this thread's executor. Shares are relative to one another when all have work.
    pub(crate) fn new() -> Queues {
        let executor = glommio::executor();
        Queues {
            latency: executor.create_task_queue(Shares::Static(1000), Latency::NotImportant, "latency"),
            normal: executor.create_task_queue(Shares::Static(400), Latency::NotImportant, "normal"),
            background: executor.create_task_queue(Shares::Static(100), Latency::NotImportant, "background"),
        }
    }

    fn of(&self, class: WorkClass) -> TaskQueueHandle {
        match class {
            WorkClass::Latency => self.latency,
            WorkClass::Normal => self.normal,
            WorkClass::Background => self.background,
        }
    }
}

/// See [`Spawn`].
pub(crate) struct RealSpawn {
    queues: Queues,
    heartbeat: Rc<Heartbeat>,
    slices: Rc<Slices>,
    activity: Rc<Activity>,
    tasks: RefCell<Slab<Option<Waker>>>,
    runnable: Runnable,
    stopping: Cell<bool>,
    /// Told when the last task has ended.
    ended: Notify,
}

impl RealSpawn {
    pub(crate) fn new(
        queues: Queues,
        heartbeat: Rc<Heartbeat>,
        slices: Rc<Slices>,
        activity: Rc<Activity>,
    ) -> Rc<RealSpawn> {
        Rc::new(RealSpawn {
            queues,
            heartbeat,
            slices,
            activity,
            tasks: RefCell::new(Slab::new()),
            runnable: Runnable::default(),
            stopping: Cell::new(false),
            ended: Notify::new(),
        })
    }

    /// The count of the tasks that are to be polled.
    pub(crate) fn runnable(&self) -> Runnable {
        self.runnable.clone()
    }

    /// Drops the futures of all tasks, each in its own task, and waits until that is done. Later ones never begin.
    pub(crate) async fn stop(&self) {
        self.stopping.set(true);
        let wakers: Vec<Waker> = self
            .tasks
            .borrow_mut()
            .iter_mut()
            .filter_map(|(_, waker)| waker.take())
            .collect();
        for waker in wakers {
            waker.wake();
        }
        loop {
            let notified = self.ended.notified();
            if self.tasks.borrow().is_empty() {
                return;
            }
            notified.await;
        }
    }

    fn tracked(self: &Rc<Self>, class: WorkClass, name: &'static str, future: LocalFuture<()>) -> Tracked {
        let index = self.heartbeat.name_of(name);
        self.activity.name(index, name);
        Tracked {
            future: Some(future),
            class,
            name: index,
            key: self.tasks.borrow_mut().insert(None),
            mark: Mark::begun(&self.runnable),
            waker: None,
            spawn: Rc::clone(self),
        }
    }

    /// Runs `future` on this task as the others run: watched, and dropped when the shard stops.
    pub(crate) fn begin(self: &Rc<Self>, class: WorkClass, name: &'static str, future: LocalFuture<()>) {
        if self.stopping.get() {
            return;
        }
        let task = self.tracked(class, name, future);
        let spawned = glommio::spawn_local_into(task, self.queues.of(class));
        drop(
            spawned
                .expect("the queues live as long as their executor")
                .detach(),
        );
    }
}

/// The spawner as the shard's tasks hold it.
pub(crate) struct Spawner(pub(crate) Rc<RealSpawn>);

impl Spawn for Spawner {
    fn spawn(&self, class: WorkClass, name: &'static str, future: LocalFuture<()>) {
        self.0.begin(class, name, future);
    }
}

struct Tracked {
    future: Option<LocalFuture<()>>,
    class: WorkClass,
    name: u32,
    key: usize,
    mark: Arc<Mark>,
    /// What wakes it, made at its first poll.
    waker: Option<Waker>,
    spawn: Rc<RealSpawn>,
}

impl Future for Tracked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.mark.polled();
        if this.spawn.stopping.get() {
            this.future = None;
            return Poll::Ready(());
        }
        let Some(future) = &mut this.future else {
            return Poll::Ready(());
        };
        let from = this.spawn.slices.enter(this.class);
        this.spawn.heartbeat.enter(this.name);
        let waker = this.waker.get_or_insert_with(|| counting(&this.mark, cx.waker()));
        let polled = future.as_mut().poll(&mut Context::from_waker(waker));
        if polled.is_ready() {
            this.future = None;
        }
        this.spawn.heartbeat.leave();
        this.spawn.activity.polled(this.name, from, now());
        if polled.is_pending() {
            let mut tasks = this.spawn.tasks.borrow_mut();
            let kept = &mut tasks[this.key];
            if kept.is_none() {
                *kept = Some(waker.clone());
            }
        }
        polled
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.future = None;
        self.mark.over();
        let (waker, empty) = {
            let mut tasks = self.spawn.tasks.borrow_mut();
            (tasks.remove(self.key), tasks.is_empty())
        };
        drop(waker);
        if empty {
            self.spawn.ended.notify_all();
        }
    }
}
