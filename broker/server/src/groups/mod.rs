//! The groups' coordinators: one a partition of `__consumer_offsets`, on the shard that owns the partition.
//!
//! `shell` says how the state machine of `corelog-groups` is driven, `append` what it is to its log.

mod append;
mod coordinators;
mod load;
mod refuse;
mod settings;
mod shell;
#[cfg(test)]
mod tests;

pub(crate) use coordinators::{CommittedOffsets, Coordinators, GroupOffsets};
pub(crate) use refuse::refuse;
