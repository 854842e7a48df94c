//! Cleaning: of a log with keys, the last record of each key stays (Kafka's `Cleaner`). What is decided is decided here, without
//! I/O; [`crate::partition`] does it to one log, and [`run`] finds the logs that it is done to.

pub(crate) mod batches;
pub(crate) mod choice;
pub(crate) mod groups;
pub(crate) mod key_map;
pub(crate) mod run;
pub(crate) mod transactions;
