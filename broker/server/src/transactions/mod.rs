//! The transactions' coordinators: one a partition of `__transaction_state`, on the shard that owns the partition.
//!
//! `shell` says how the state machine of `corelog-transactions` is driven, `append` what it is to its log, `outside` what it needs
//! of the broker around it, `report` what metrics are told.

mod append;
mod coordinators;
mod outside;
mod refuse;
mod report;
mod shell;

pub(crate) use coordinators::TransactionCoordinators;
pub(crate) use outside::Outside;
pub(crate) use refuse::refuse;
pub(crate) use report::TransactionReport;
