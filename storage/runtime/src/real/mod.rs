//! The real form of the seams, one set a shard.

mod clock;
mod disk;
mod file;
mod net;
mod rng;
mod runnable;
mod spawn;

pub use disk::DirectIoRefused;

pub(crate) use clock::{RealClock, Timers};
pub(crate) use disk::{FilesystemSyncs, RealDisk};
pub(crate) use net::RealNet;
pub(crate) use rng::RealRng;
pub(crate) use runnable::Runnable;
pub(crate) use spawn::{Queues, RealSpawn, Spawner};
