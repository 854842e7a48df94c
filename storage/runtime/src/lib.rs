//! The seams between Corelog's logic and the machine, and their one real form.
//!
//! Everything above this crate reaches time, disks, sockets, randomness, other tasks and other shards through the
//! traits of [`seams`] alone, so that a simulator can take the machine's place.

pub mod buffer;
pub mod descriptors;
mod huge_pages;
pub mod local;
pub mod mailbox;
mod pool;
pub mod preflight;
mod real;
mod ring;
pub mod seams;
mod shards;

pub use mailbox::Mailbox;
pub use real::DirectIoRefused;
pub use seams::{
    Accepted, AcceptedSocket, Clock, Connection, Disk, DiskError, File, Handle, IoCause, IoOperation,
    ListenOptions, Listener, LocalFuture, Monotonic, Net, OpenOptions, Remedy, Rng, Spawn, Volume, WorkClass,
    remedy,
};
pub use shards::{
    Activity, ActivityReport, Herald, Liveness, LongPoll, News, Shard, ShardsHandle, ShardsOptions,
    ShutdownSignal, StartError, Stopper, TaskTime, TimeSpent, run_shard_here, start_shards,
};
