//! One io_uring a shard, which carries its files and sockets, and the task that drives it.
//!
//! All unsafe code of the real seams is in this module. Its one idea: an operation owns everything that the kernel
//! may touch (`operation`), and the ring keeps the operation until the kernel has said that it is done (`core`),
//! whatever becomes of the future that waits for it.

#![expect(
    unsafe_code,
    reason = "wraps io_uring and the system calls beside it; each use has its proof"
)]

mod core;
mod descriptor;
mod offload;
mod operation;
mod provided;
mod setup;
mod sys;

pub(crate) use self::core::{InFlight, Outcome, Product, Ring, RingLimits};
pub(crate) use descriptor::Descriptor;
pub(crate) use offload::Offload;
pub(crate) use operation::{Held, Operation, advance};
pub(crate) use setup::build;
pub(crate) use sys::{
    ResourceLimit, eventfd, is_readable, keep_alive, raise_open_files, random_bytes, resource_limit,
    set_sizes, shut_down, sync_filesystem, tcp_socket, thread_id,
};
