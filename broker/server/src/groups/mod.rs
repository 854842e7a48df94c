//! The groups' coordinators: one a partition of `__consumer_offsets`, on the shard that owns the partition.
//!
//! `shell` drives the state machine of `corelog-groups`: it keeps the waiting requests and the timer. `load` replays a
//! partition, `append` writes to it, `snapshot` keeps it short.

mod append;
mod coordinators;
mod load;
mod refuse;
mod settings;
mod shell;
mod snapshot;
#[cfg(test)]
mod tests;

pub(crate) use coordinators::{Coordinators, GroupOffsets};
pub(crate) use refuse::refuse;
