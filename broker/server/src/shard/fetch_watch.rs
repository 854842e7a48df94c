//! How a fetch hears of partitions that move, on whichever shard they are.
//!
//! ```text
//! asker   Watch::expect(partition, as it was seen) ───────────▶ owner   the log tells its watcher once, at its next
//!         Watch::moved ◀─────────────────────────────────────           change; what changes together goes together
//!         Watch::ask ────────────────────────────────────────▶          whatever has moved by then is there when it
//!              ◀─────────────────────────────────────────────           returns
//! ```
//!
//! A fetch that names ten thousand partitions costs what has moved of them, not ten thousand looks.
//!
//! Invariants: of each expectation comes one message at most, so what waits to be taken is bounded by what was expected;
//! a partition that has moved since it was seen is told at once, so nothing is missed in between (but a leader epoch,
//! which grows before the listeners open); when a watch is dropped its owners forget it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::{Rc, Weak};

use corelog_model::{Offset, PartitionId, ShardId};
use corelog_runtime::local::{self, Notify};
use corelog_runtime::{Handle, Monotonic, WorkClass};
use corelog_storage::{LogOffsets, LogWatcher};
use futures_util::future::join_all;

use super::shards::Shards;
use crate::clients::fetch_session::FetchSessions;
use crate::partitions::Partitions;

/// What a reader saw of a log; when it is so no longer, there is something to tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Records before it can be read.
    pub high_watermark: Offset,
    /// Of whoever reads committed records alone.
    pub last_stable: Offset,
    /// Records before it are gone.
    pub log_start: Offset,
}

impl From<LogOffsets> for Seen {
    fn from(offsets: LogOffsets) -> Seen {
        Seen {
            high_watermark: offsets.high_watermark,
            last_stable: offsets.last_stable,
            log_start: offsets.log_start,
        }
    }
}

/// What the fetches of one shard share: the sessions of its connections, its watches, and what others watch here.
pub struct Fetches {
    /// The fetch sessions of this shard's connections.
    pub sessions: RefCell<FetchSessions<Watch>>,
    handle: Handle,
    shards: Rc<Shards>,
    partitions: Rc<Partitions>,
    number_next: Cell<u64>,
    inboxes: RefCell<HashMap<u64, Rc<Inbox>, foldhash::fast::RandomState>>,
    posts: RefCell<BTreeMap<(ShardId, u64), Rc<Post>>>,
}

/// Where news of one watch arrive.
#[derive(Default)]
struct Inbox {
    moved: RefCell<Vec<PartitionId>>,
    arrived: Notify,
}

impl Fetches {
    /// None yet, and at most so many sessions.
    pub(super) fn new(
        handle: Handle,
        shards: Rc<Shards>,
        partitions: Rc<Partitions>,
        sessions_max: usize,
    ) -> Fetches {
        Fetches {
            sessions: RefCell::new(FetchSessions::new(sessions_max)),
            handle,
            shards,
            partitions,
            number_next: Cell::new(0),
            inboxes: RefCell::default(),
            posts: RefCell::default(),
        }
    }

    /// The watches of this shard's fetches and sessions.
    pub fn watches(&self) -> usize {
        self.inboxes.borrow().len()
    }

    /// Whether a watch of this shard is still there.
    pub fn has_watch(&self, number: u64) -> bool {
        self.inboxes.borrow().contains_key(&number)
    }

    /// Whose watches have something to expect of this shard: the shard that asked, and its number of the watch.
    pub fn posts(&self) -> Vec<(ShardId, u64)> {
        self.posts.borrow().keys().copied().collect()
    }

    /// On an owner: tells watch `number` of shard `asker` when one of these is no longer as it was seen.
    fn expect(self: &Rc<Self>, asker: ShardId, number: u64, seen: Vec<(PartitionId, Seen)>) {
        let post = Rc::clone(self.posts.borrow_mut().entry((asker, number)).or_insert_with(|| {
            Rc::new(Post {
                fetches: Rc::downgrade(self),
                asker,
                number,
                moved: RefCell::default(),
                is_sending: Cell::new(false),
            })
        }));
        let watcher: Rc<dyn LogWatcher> = Rc::clone(&post) as Rc<dyn LogWatcher>;
        for (id, seen) in seen {
            // A log stays in its place with its end marked until its deletion is durable.
            match self
                .partitions
                .storage()
                .partition(&id)
                .filter(|log| !log.is_deleted())
            {
                Some(log) if Seen::from(log.offsets()) == seen => log.watch(&watcher),
                Some(_) | None => Rc::clone(&post).changed(id),
            }
        }
    }

    /// On an owner: what has moved for watch `number` of shard `asker` and is not on its way yet.
    fn take_unsent(&self, asker: ShardId, number: u64) -> Vec<PartitionId> {
        let posts = self.posts.borrow();
        let post = posts.get(&(asker, number));
        post.map_or_else(Vec::new, |post| std::mem::take(&mut *post.moved.borrow_mut()))
    }

    fn arrived(&self, number: u64, moved: Vec<PartitionId>) {
        let inbox = self.inboxes.borrow().get(&number).map(Rc::clone);
        if let Some(inbox) = inbox {
            inbox.moved.borrow_mut().extend(moved);
            inbox.arrived.notify_all();
        }
    }
}

/// On an owner: gathers what has moved for one watch.
struct Post {
    fetches: Weak<Fetches>,
    asker: ShardId,
    number: u64,
    moved: RefCell<Vec<PartitionId>>,
    is_sending: Cell<bool>,
}

impl LogWatcher for Post {
    fn changed(self: Rc<Self>, partition: PartitionId) {
        let Some(fetches) = self.fetches.upgrade() else {
            return;
        };
        self.moved.borrow_mut().push(partition);
        if self.is_sending.replace(true) {
            return;
        }
        // A commit moves many logs in one go: the task runs after it, and takes them all; and what moves while they are
        // on their way goes together next.
        let handle = fetches.handle.clone();
        handle.spawn(WorkClass::Latency, "fetch news", async move {
            loop {
                let moved = std::mem::take(&mut *self.moved.borrow_mut());
                if moved.is_empty() {
                    self.is_sending.set(false);
                    return;
                }
                let number = self.number;
                let told = fetches.shards.submit_to(self.asker, move |asker: Rc<Fetches>| {
                    asker.arrived(number, moved);
                    std::future::ready(())
                });
                told.await;
            }
        });
    }
}

/// What one fetch, or one session, is to hear of.
pub struct Watch {
    fetches: Weak<Fetches>,
    number: u64,
    inbox: Rc<Inbox>,
    owners: RefCell<BTreeSet<ShardId>>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl Watch {
    /// A watch that expects nothing yet.
    pub fn new(fetches: &Rc<Fetches>) -> Watch {
        let number = fetches.number_next.get();
        fetches.number_next.set(number + 1);
        let inbox = Rc::<Inbox>::default();
        fetches.inboxes.borrow_mut().insert(number, Rc::clone(&inbox));
        Watch {
            fetches: Rc::downgrade(fetches),
            number,
            inbox,
            owners: RefCell::default(),
        }
    }

    /// Each of these is told of once, when it is no longer as it was seen.
    pub fn expect(&self, seen: Vec<(PartitionId, Seen)>) {
        let Some(fetches) = self.fetches.upgrade() else {
            return;
        };
        let mut shares: BTreeMap<ShardId, Vec<_>> = BTreeMap::new();
        for (id, seen) in seen {
            shares
                .entry(fetches.shards.owner_of(id))
                .or_default()
                .push((id, seen));
        }
        let (here, number) = (fetches.shards.here, self.number);
        for (owner, seen) in shares {
            self.owners.borrow_mut().insert(owner);
            drop(fetches.shards.submit_to(owner, move |owner: Rc<Fetches>| {
                owner.expect(here, number, seen);
                std::future::ready(())
            }));
        }
    }

    /// Asks the owners what has moved: news that were on their way come before the answer (INV-3). Whether there is
    /// something to take now.
    pub async fn ask(&self) -> bool {
        let Some(fetches) = self.fetches.upgrade() else {
            return false;
        };
        let (here, number) = (fetches.shards.here, self.number);
        let owners: Vec<ShardId> = self.owners.borrow().iter().copied().collect();
        let asked = owners.into_iter().map(|owner| {
            fetches.shards.submit_to(owner, move |owner: Rc<Fetches>| {
                std::future::ready(owner.take_unsent(here, number))
            })
        });
        for moved in join_all(asked).await {
            self.inbox.moved.borrow_mut().extend(moved);
        }
        !self.inbox.moved.borrow().is_empty()
    }

    /// What has moved and was not taken yet.
    pub fn take_moved(&self) -> Vec<PartitionId> {
        std::mem::take(&mut self.inbox.moved.borrow_mut())
    }

    /// Resolves when something has moved that was not taken yet, and at `deadline`.
    pub async fn moved(&self, deadline: Monotonic) {
        let Some(fetches) = self.fetches.upgrade() else {
            return;
        };
        let arrived = self.inbox.arrived.notified();
        if self.inbox.moved.borrow().is_empty() {
            // Whatever ended it, the asker looks for itself.
            let _ = local::timeout(&*fetches.handle.clock, deadline, arrived).await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(fetches) = self.fetches.upgrade() else {
            return;
        };
        fetches.inboxes.borrow_mut().remove(&self.number);
        let (here, number) = (fetches.shards.here, self.number);
        for owner in self.owners.take() {
            drop(fetches.shards.submit_to(owner, move |owner: Rc<Fetches>| {
                owner.posts.borrow_mut().remove(&(here, number));
                std::future::ready(())
            }));
        }
    }
}
