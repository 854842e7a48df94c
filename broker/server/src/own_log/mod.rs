//! The logs that the broker keeps for itself, each with a state machine above it: the metadata's, and those of the groups.
//!
//! ```text
//! load      every record to the log's end, for the state machine to take in
//! append    what the state machine decides, one durable batch
//! snapshot  when the log has grown: the state as records, then the log begins at the first of them
//! ```
//! Invariants:
//! 1. Appends reach the log in the order of the calls.
//! 2. A snapshot is the state that a replay of the log gives, taken while nothing is appended: behind the log it changes
//!    nothing, so a crash before the log's start has moved leaves a log that replays to the same state.
//! 3. Nothing is dropped because this release does not know it: see [`Unknown`].

mod append;
mod driver;
mod drivers;
mod growth;
mod load;
mod reader;
mod shell;
mod unknown;

pub(crate) use append::{Chunks, LogAppendError, OwnRecord};
pub(crate) use driver::{Append, Driver, DriverNow, Machine, Step, Tasks};
pub(crate) use drivers::Drivers;
pub(crate) use growth::GrowthMax;
pub(crate) use load::Taken;
pub(crate) use reader::{LogReadError, OwnEntry};
pub(crate) use shell::OwnLog;
