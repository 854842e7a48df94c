//! How news from outside of the shards reaches them: a count for all, and each one's wake-up.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Pollable;
use crate::local::Notify;
use crate::mailbox::Parking;

/// Tells all shards that there is something new; may be used from any thread. What it is lies where they agreed.
#[derive(Clone)]
pub struct Herald(Arc<HeraldInner>);

struct HeraldInner {
    count: AtomicU64,
    shards: Vec<Arc<Parking>>,
}

impl Herald {
    pub(crate) fn new(shards: Vec<Arc<Parking>>) -> Herald {
        Herald(Arc::new(HeraldInner {
            count: AtomicU64::new(0),
            shards,
        }))
    }

    /// Tells every shard. What the caller wrote before, a shard that hears of it reads.
    pub fn tell(&self) {
        self.0.count.fetch_add(1, Ordering::Release);
        for shard in &self.0.shards {
            shard.wake();
        }
    }

    fn count(&self) -> u64 {
        self.0.count.load(Ordering::Acquire)
    }
}

/// One shard's view of the news.
#[derive(Clone)]
pub struct News(Rc<NewsInner>);

struct NewsInner {
    herald: Herald,
    told: Cell<u64>,
    heard: Cell<u64>,
    notify: Notify,
}

impl News {
    pub(crate) fn new(herald: Herald) -> News {
        News(Rc::new(NewsInner {
            herald,
            told: Cell::new(0),
            heard: Cell::new(0),
            notify: Notify::new(),
        }))
    }

    /// Resolves when there is something that this did not resolve for before, at once if there is. Several at a time
    /// may be one.
    pub async fn next(&self) {
        loop {
            let notified = self.0.notify.notified();
            let count = self.0.herald.count();
            if self.0.heard.replace(count) != count {
                return;
            }
            notified.await;
        }
    }
}

impl Pollable for News {
    fn turn(&self) -> bool {
        let count = self.0.herald.count();
        if self.0.told.replace(count) == count {
            return false;
        }
        self.0.notify.notify_all();
        true
    }

    fn is_ready(&self) -> bool {
        self.0.told.get() != self.0.herald.count()
    }
}
