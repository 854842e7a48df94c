//! The transactions' coordinators: one a partition of `__transaction_state`, on the shard that owns the partition.
//!
//! `shell` says how the state machine of `corelog-transactions` is driven, `append` what it is to its log, `markers` how the
//! end of a transaction comes to its partitions.

mod append;
mod coordinators;
pub(crate) mod markers;
mod refuse;
mod shell;

pub(crate) use coordinators::TransactionCoordinators;
pub(crate) use refuse::refuse;
pub(crate) use shell::TransactionServices;
