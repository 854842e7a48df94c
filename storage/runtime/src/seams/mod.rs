//! The interfaces between Corelog's logic and the machine: [`Spawn`], [`Clock`], [`Disk`], [`Net`], [`Rng`], and the
//! mailbox between shards ([`crate::mailbox`]).
//!
//! All of them are used from one shard's thread and are not `Send`. Futures own what they need (`'static`). A dropped
//! future leaves its operation running, and the implementation keeps the buffers alive until the operation ends.

mod clock;
mod disk;
mod failure;
mod net;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

pub use clock::{Clock, Monotonic};
pub use disk::{Disk, DiskError, File, OpenOptions, Volume};
pub use failure::{IoCause, IoOperation, Remedy, remedy};
pub use net::{Accepted, AcceptedSocket, Connection, ListenOptions, Listener, Net};

/// A boxed future of one shard's thread.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T> + 'static>>;

/// How urgent a task is. Each shard runs one queue a class.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WorkClass {
    /// A client or a commit waits for it.
    Latency,
    /// The default.
    Normal,
    /// Checkpoints, retention, recovery of what nobody waits for.
    Background,
}

/// Starts tasks on this shard.
pub trait Spawn {
    /// Runs `future` to its end on this shard's thread. `name` is for the watchdog and the logs.
    fn spawn(&self, class: WorkClass, name: &'static str, future: LocalFuture<()>);
}

/// Randomness; seeded under the simulator.
pub trait Rng {
    /// Sixty-four random bits. Not for secrets.
    fn next_u64(&self) -> u64;
}

/// All of one shard's seams, cheap to clone: whatever it reaches of the machine, it reaches through one (INV-9).
#[derive(Clone)]
pub struct Handle {
    /// Starts tasks.
    pub spawner: Rc<dyn Spawn>,
    /// Time.
    pub clock: Rc<dyn Clock>,
    /// Files.
    pub disk: Rc<dyn Disk>,
    /// Sockets.
    pub net: Rc<dyn Net>,
    /// Randomness.
    pub rng: Rc<dyn Rng>,
}

impl Handle {
    /// Starts a task that nobody awaits.
    pub fn spawn(&self, class: WorkClass, name: &'static str, future: impl Future<Output = ()> + 'static) {
        self.spawner.spawn(class, name, Box::pin(future));
    }
}
