//! The storage engine under simulation: random appends, reads and administration of many partitions, crashes, faults,
//! and an oracle that knows what was acknowledged.

mod actors;
mod batches;
mod epochs;
mod keyed;
mod mishap;
mod oracle;
mod replica;
mod run;
mod scenario;

pub use run::{Outcome, check_plan, run, run_plan, simpler};
