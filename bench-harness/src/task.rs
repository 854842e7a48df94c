//! What a shard's tasks use to end together: a count of those that run, and the first error.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use corelog_runtime::local::Notify;
use corelog_runtime::{Handle, WorkClass};

use crate::client::ClientError;

/// Tasks that are awaited together. The first error is kept, and tells all who ask.
#[derive(Clone, Default)]
pub struct TaskGroup(Rc<Inner>);

#[derive(Default)]
struct Inner {
    running: Cell<usize>,
    error: RefCell<Option<ClientError>>,
    changed: Notify,
}

impl TaskGroup {
    /// No tasks.
    pub fn new() -> TaskGroup {
        TaskGroup::default()
    }

    /// Starts a task of the group.
    pub fn spawn(
        &self,
        handle: &Handle,
        name: &'static str,
        task: impl Future<Output = Result<(), ClientError>> + 'static,
    ) {
        let inner = Rc::clone(&self.0);
        inner.running.set(inner.running.get() + 1);
        handle.spawn(WorkClass::Latency, name, async move {
            let result = task.await;
            inner.running.set(inner.running.get() - 1);
            if let Err(error) = result {
                inner.error.borrow_mut().get_or_insert(error);
            }
            inner.changed.notify_all();
        });
    }

    /// Waits until all tasks have ended.
    ///
    /// # Errors
    /// The first task's error, as soon as there is one; the others run on.
    pub async fn join(&self) -> Result<(), ClientError> {
        loop {
            let changed = self.0.changed.notified();
            let error = self.0.error.borrow_mut().take();
            if let Some(error) = error {
                return Err(error);
            }
            if self.0.running.get() == 0 {
                return Ok(());
            }
            changed.await;
        }
    }

    /// Waits for an error, for ever if there is none.
    pub async fn failed(&self) -> ClientError {
        loop {
            let changed = self.0.changed.notified();
            let error = self.0.error.borrow_mut().take();
            if let Some(error) = error {
                return error;
            }
            changed.await;
        }
    }
}

/// Lets the shard's other tasks run.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
